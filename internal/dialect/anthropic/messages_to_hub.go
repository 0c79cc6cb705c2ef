package anthropic

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// system writes the instructions as one message: as text, or as parts where
// they carry something that text cannot.
func (t *toHub) system(system []byte) {
	if system == nil || isEmpty(system) {
		return
	}
	t.w.Object()
	t.w.StringMember("role", "system")
	t.w.Key("content")
	if jsonedit.Kind(system) == '"' {
		t.w.Raw(system)
	} else {
		p := parts{t: t, path: "system"}
		p.read(system)
		p.write(&t.w, "\\n")
	}
	t.w.EndObject()
}

func (t *toHub) messages(list []byte) {
	if jsonedit.Kind(list) != '[' {
		t.fail("messages", "must be an array of messages")
		return
	}
	for message := range jsonedit.Elements(list) {
		m := split(message)
		switch role := m.text("role"); role {
		case "user":
			t.userTurn(m.take("content"))
		case "assistant":
			t.assistantTurn(m.take("content"))
		case "system":
			t.plain("system", m.take("content"))
		default:
			t.fail(fmt.Sprintf("messages[%d].role", t.at), "%q is none of user, assistant, system", role)
		}
		for key := range m.left {
			t.drop(key, notInHub)
		}
		t.at++
	}
}

// plain writes a message whose content is text or parts.
func (t *toHub) plain(role string, content []byte) {
	t.w.Object()
	t.w.StringMember("role", role)
	t.w.Key("content")
	switch jsonedit.Kind(content) {
	case '"':
		t.w.Raw(content)
	case '[':
		p := t.parts()
		p.read(content)
		p.write(&t.w, "\\n")
	default:
		t.fail(fmt.Sprintf("messages[%d].content", t.at), "must be a string or an array of blocks")
	}
	t.w.EndObject()
}

func (t *toHub) parts() parts {
	return parts{t: t, path: fmt.Sprintf("messages[%d].content", t.at)}
}

// userTurn writes the results of tools that a turn brings as messages of their
// own, then the rest as the user's.
func (t *toHub) userTurn(content []byte) {
	if jsonedit.Kind(content) != '[' {
		t.plain("user", content)
		return
	}
	rest, results := t.parts(), false
	i := 0
	for block := range jsonedit.Elements(content) {
		if typeOf(block) == "tool_result" {
			results = true
			t.toolResult(block, i, &rest)
		} else {
			rest.block(block, i)
		}
		i++
	}
	if results && rest.n == 0 {
		return
	}
	t.w.Object()
	t.w.StringMember("role", "user")
	t.w.Key("content")
	rest.write(&t.w, "")
	t.w.EndObject()
}

// toolResult writes a tool message. OpenAI takes no images in one, so that in a
// strict conversion they go to the user's message after it.
func (t *toHub) toolResult(block []byte, i int, rest *parts) {
	m := split(block)
	m.take("type")
	t.w.Object()
	t.w.StringMember("role", "tool")
	t.w.RawMember("tool_call_id", m.take("tool_use_id"))
	t.w.Key("content")
	switch content := m.take("content"); jsonedit.Kind(content) {
	case '"':
		t.w.Raw(content)
	case '[':
		p := parts{t: t, path: fmt.Sprintf("messages[%d].content[%d].content", t.at, i)}
		if t.c.Strict {
			p.images = rest
		}
		p.read(content)
		p.write(&t.w, "\\n")
	default:
		t.w.String("")
	}
	for key, value := range m.left {
		if !t.c.Strict {
			t.w.RawMember(key, value)
		} else if string(value) != "false" {
			t.drop(fmt.Sprintf("content[%d].%s", i, key), notInHub)
		}
	}
	t.w.EndObject()
}

// assistantTurn writes text and tool calls; all that is neither, or carries
// more, goes to content_blocks.
func (t *toHub) assistantTurn(content []byte) {
	if jsonedit.Kind(content) != '[' {
		t.plain("assistant", content)
		return
	}
	var texts, thoughts [][]byte
	var calls, own jsonedit.Writer
	calls.Array()
	own.Array()
	ownNeeded, i, called := false, 0, 0
	for block := range jsonedit.Elements(content) {
		switch kind := typeOf(block); {
		case kind == "tool_use":
			called++
			t.toolCall(&calls, block, i)
		case kind == "text" && jsonedit.Kind(jsonedit.Get(block, "text")) == '"':
			texts = append(texts, jsonedit.Get(block, "text"))
			ownNeeded = ownNeeded || len(texts) > 1 || jsonedit.Get(block, "cache_control") != nil || jsonedit.Get(block, "citations") != nil
			own.Raw(block)
		case t.c.Strict && t.c.Thoughts && kind == "thinking" && !isEmpty(jsonedit.Get(block, "thinking")):
			thoughts = append(thoughts, jsonedit.Get(block, "thinking"))
		case t.c.Strict:
			t.drop(fmt.Sprintf("content[%d]", i), fmt.Sprintf("OpenAI's messages have nothing like a block of type %q", kind))
		default:
			ownNeeded = true
			own.Raw(block)
		}
		i++
	}
	calls.EndArray()
	own.EndArray()
	w := &t.w
	w.Object()
	w.StringMember("role", "assistant")
	switch {
	case len(texts) > 0:
		w.RawMember("content", jsonedit.JoinTexts(texts, ""))
	case called > 0:
		w.RawMember("content", nil)
	default:
		w.StringMember("content", "")
	}
	if ownNeeded && !t.c.Strict {
		w.RawMember("content_blocks", own.Bytes())
	}
	if len(thoughts) > 0 {
		w.RawMember("reasoning_content", jsonedit.JoinTexts(thoughts, "\\n\\n"))
	}
	if called > 0 {
		w.RawMember("tool_calls", calls.Bytes())
	}
	w.EndObject()
}

func (t *toHub) toolCall(w *jsonedit.Writer, block []byte, i int) {
	m := split(block)
	m.take("type")
	m.take("caller")
	w.Object()
	w.RawMember("id", m.take("id"))
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", m.take("name"))
	w.Key("arguments")
	input := m.take("input")
	if input == nil {
		input = []byte("{}")
	}
	w.Quoted(input)
	w.EndObject()
	for key, value := range m.left {
		if t.c.Strict {
			t.drop(fmt.Sprintf("content[%d].%s", i, key), notInHub)
			continue
		}
		w.RawMember(key, value)
	}
	w.EndObject()
}
