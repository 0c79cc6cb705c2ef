package anthropic

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// messages writes system and messages. Instructions, wherever they stand in the
// conversation, are collected in system; tool messages in a row, and the user's
// message after them, are one turn.
func (f *fromHub) messages(list []byte) {
	if jsonedit.Kind(list) != '[' {
		f.fail("messages", "must be an array of messages")
		return
	}
	f.system.Array()
	f.turns.Array()
	none := f.system.Len()
	for message := range jsonedit.Elements(list) {
		f.message(message)
		f.at++
	}
	f.closeResults()
	f.system.EndArray()
	f.turns.EndArray()
	if f.system.Len() > none+1 {
		f.w.RawMember("system", f.system.Bytes())
	}
	f.w.RawMember("messages", f.turns.Bytes())
}

func (f *fromHub) message(message []byte) {
	m := split(message)
	switch role := m.text("role"); role {
	case "system", "developer":
		f.instructions(m)
	case "user":
		f.userTurn(m)
	case "assistant":
		f.assistant(m)
	case "tool", "function":
		f.toolMessage(m, role)
	default:
		f.fail(fmt.Sprintf("messages[%d].role", f.at), "%q is none of system, developer, user, assistant, tool", role)
	}
	for key := range m.left {
		f.drop(key, "Anthropic's messages have no such member")
	}
}

func (f *fromHub) instructions(m members) {
	b := blocks{f: f, w: &f.system, cache: m.take("cache_control")}
	b.content(m.take("content"), textOnly)
}

func (f *fromHub) userTurn(m members) {
	content, cache := m.take("content"), m.take("cache_control")
	if f.results {
		b := blocks{f: f, w: &f.turns, cache: cache}
		b.content(content, userParts)
		f.closeResults()
		return
	}
	f.turn("user", content, cache)
}

// turn writes a turn whose content is only text or parts.
func (f *fromHub) turn(role string, content, cache []byte) {
	f.turns.Object()
	f.turns.StringMember("role", role)
	f.turns.Key("content")
	if jsonedit.Kind(content) == '"' && cache == nil {
		f.turns.Raw(content)
	} else {
		f.turns.Array()
		b := blocks{f: f, w: &f.turns, cache: cache}
		b.content(content, userParts)
		f.turns.EndArray()
	}
	f.turns.EndObject()
}

// assistant writes an assistant's turn: its own blocks of Anthropic's if it has
// any, else its text, then its tool calls. One that says nothing is left out.
func (f *fromHub) assistant(m members) {
	f.closeResults()
	content, own, calls, cache := m.take("content"), m.take("content_blocks"), m.take("tool_calls"), m.take("cache_control")
	call, refusal := m.take("function_call"), m.take("refusal")
	if own == nil && calls == nil && call == nil && refusal == nil && cache == nil && jsonedit.Kind(content) == '"' {
		if !isEmpty(content) {
			f.turn("assistant", content, nil)
		}
		return
	}
	var w jsonedit.Writer
	w.Array()
	b := blocks{f: f, w: &w, cache: cache}
	if !b.own(own) {
		b.content(content, assistantParts)
	}
	b.text(refusal, nil)
	b.toolCalls(calls)
	if call != nil {
		b.toolUse("function_call", functionID(jsonedit.Text(jsonedit.Get(call, "name"))), call, nil)
	}
	w.EndArray()
	if b.n > 0 {
		f.turns.Object()
		f.turns.StringMember("role", "assistant")
		f.turns.RawMember("content", w.Bytes())
		f.turns.EndObject()
	}
}

// toolMessage writes a tool's result into the open turn of results.
func (f *fromHub) toolMessage(m members, role string) {
	id := m.text("tool_call_id")
	if name := m.text("name"); role == "function" {
		id = functionID(name)
	}
	if id == "" {
		f.fail(fmt.Sprintf("messages[%d].tool_call_id", f.at), "a tool message must name the call it answers")
		return
	}
	if !f.results {
		f.results = true
		f.turns.Object()
		f.turns.StringMember("role", "user")
		f.turns.Key("content")
		f.turns.Array()
	}
	w := &f.turns
	w.Object()
	w.StringMember("type", "tool_result")
	w.StringMember("tool_use_id", cleanID(id))
	switch content := m.take("content"); jsonedit.Kind(content) {
	case 0:
	case '"':
		w.RawMember("content", content)
	default:
		w.Key("content")
		w.Array()
		b := blocks{f: f, w: w}
		b.content(content, userParts)
		w.EndArray()
	}
	m.move(w, "is_error")
	m.move(w, "cache_control")
	w.EndObject()
}

func (f *fromHub) closeResults() {
	if f.results {
		f.results = false
		f.turns.EndArray()
		f.turns.EndObject()
	}
}

// cleanID replaces what Anthropic does not allow in the id of a tool call. It
// does the same to a call and to its result.
func cleanID(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, id)
}

// functionID is the id of a call in the older form, which has none.
func functionID(name string) string {
	if name == "" {
		return ""
	}
	return "call_" + name
}
