package bedrock

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// A conversation is the messages as they are written. Converse takes turns that
// alternate, so that messages of one side in a row are one turn.
type conversation struct {
	at     int // index of the hub's message at hand
	system jsonedit.Writer
	turns  jsonedit.Writer

	speaker         string // role of the message at hand
	role            string // of the open turn, "" if none is
	blocks          int    // of the open turn
	text, documents bool   // the open turn has some

	called []string       // names of the tools that earlier turns call
	names  map[string]int // of documents, which must differ
}

// messages writes system and messages. Instructions, wherever they stand in the
// conversation, are collected in system.
func (f *fromHub) messages(list, cache []byte) {
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
	if f.blocks > 0 {
		f.cachePoint(&f.turns, cache)
	}
	f.closeTurn()
	f.system.EndArray()
	f.turns.EndArray()
	f.w.RawMember("messages", f.turns.Bytes())
	if f.system.Len() > none+1 {
		f.w.RawMember("system", f.system.Bytes())
	}
}

func (f *fromHub) message(message []byte) {
	m := split(message)
	content, cache := m.take("content"), m.take("cache_control")
	switch role := m.text("role"); role {
	case "system", "developer":
		f.instructions(content, cache)
	case "user":
		f.speaker = "user"
		f.content(content, cache)
		f.turn() // a user who says nothing has a turn as well
	case "assistant":
		f.speaker = "assistant"
		f.assistant(m, content, cache)
	case "tool", "function":
		f.speaker = "user"
		f.toolResult(m, role, content, cache)
	default:
		f.fail(fmt.Sprintf("messages[%d].role", f.at), "%q is none of system, developer, user, assistant, tool", role)
	}
	for key := range m.left {
		f.drop(key, "Converse's messages have no such member")
	}
}

// instructions writes system blocks, which are text.
func (f *fromHub) instructions(content, cache []byte) {
	w := &f.system
	if jsonedit.Kind(content) == '"' {
		if !isEmpty(content) {
			writeText(w, content)
			f.cachePoint(w, cache)
		}
		return
	}
	i, last := 0, length(content)-1
	for part := range jsonedit.Elements(content) {
		mark := jsonedit.Get(part, "cache_control")
		if mark == nil && i == last {
			mark = cache
		}
		switch text := jsonedit.Get(part, "text"); {
		case typeOf(part) == foreign:
			w.Raw(jsonedit.Get(part, foreign))
		case jsonedit.Kind(text) != '"':
			f.drop(fmt.Sprintf("content[%d]", i), "Converse's system prompt can only be text")
		case !isEmpty(text):
			writeText(w, text)
			f.cachePoint(w, mark)
		}
		i++
	}
}

// turn makes sure that the open turn is the speaker's.
func (f *fromHub) turn() {
	if f.role == f.speaker {
		return
	}
	f.closeTurn()
	f.role = f.speaker
	f.turns.Object()
	f.turns.StringMember("role", f.role)
	f.turns.Key("content")
	f.turns.Array()
}

// closeTurn ends the open turn. Bedrock refuses a turn that is empty, and
// documents without any text beside them.
func (f *fromHub) closeTurn() {
	if f.role == "" {
		return
	}
	if f.blocks == 0 || f.documents && !f.text {
		writeText(&f.turns, []byte(`"."`))
	}
	f.turns.EndArray()
	f.turns.EndObject()
	f.role, f.blocks, f.text, f.documents = "", 0, false, false
}

// block counts what is written next as a block of the speaker's turn.
func (f *fromHub) block() *jsonedit.Writer {
	f.turn()
	f.blocks++
	return &f.turns
}

// content writes a message's content, which is a string or an array of parts.
func (f *fromHub) content(content, cache []byte) {
	switch jsonedit.Kind(content) {
	case 0:
	case '"':
		f.textBlock(content, cache)
	case '[':
		i, last := 0, length(content)-1
		for part := range jsonedit.Elements(content) {
			mark := jsonedit.Get(part, "cache_control")
			if mark == nil && i == last {
				mark = cache
			}
			f.part(part, mark, i)
			i++
		}
	default:
		f.fail(fmt.Sprintf("messages[%d].content", f.at), "must be a string or an array of parts")
	}
}

func (f *fromHub) part(part, cache []byte, i int) {
	path := fmt.Sprintf("content[%d]", i)
	kind := typeOf(part)
	switch {
	case jsonedit.Kind(part) == '"':
		f.textBlock(part, cache)
		return
	case kind == "text" || kind == "refusal":
		text := jsonedit.Get(part, kind)
		if jsonedit.Kind(text) != '"' {
			f.fail(fmt.Sprintf("messages[%d].%s.%s", f.at, path, kind), "must be a string")
			return
		}
		f.textBlock(text, cache)
		return
	case kind == foreign:
		f.block().Raw(jsonedit.Get(part, foreign))
	case kind == "tool_use":
		f.drop(path, "calls of tools belong in tool_calls")
		return
	default:
		m := media{f: f, path: fmt.Sprintf("messages[%d].%s", f.at, path)}
		block := m.block(part)
		if block == nil {
			f.drop(path, orElse(m.lost, fmt.Sprintf("Converse takes no content of type %q", kind)))
			return
		}
		f.block().Raw(block)
		f.documents = f.documents || m.document
	}
	f.cachePoint(&f.turns, cache)
}

// textBlock writes a text. Bedrock refuses empty ones, which are left out.
func (f *fromHub) textBlock(text, cache []byte) {
	if !isEmpty(text) {
		writeText(f.block(), text)
		f.text = true
	}
	if f.blocks > 0 && f.role == f.speaker {
		f.cachePoint(&f.turns, cache)
	}
}

func writeText(w *jsonedit.Writer, text []byte) {
	w.Object()
	w.RawMember("text", text)
	w.EndObject()
}

// cachePoint writes the mark that what stands before is to be cached.
func (f *fromHub) cachePoint(w *jsonedit.Writer, cache []byte) {
	if jsonedit.Kind(cache) != '{' {
		return
	}
	w.Object()
	w.Key("cachePoint")
	w.Object()
	w.StringMember("type", "default")
	if ttl := jsonedit.Get(cache, "ttl"); !isEmpty(ttl) {
		w.RawMember("ttl", ttl)
	}
	w.EndObject()
	w.EndObject()
}

// assistant writes the model's thoughts, its text and its tool calls, in the
// order in which Claude wants them back.
func (f *fromHub) assistant(m members, content, cache []byte) {
	calls, call := m.take("tool_calls"), m.take("function_call")
	text := f.ownBlocks(m.take("content_blocks"))
	if !text {
		mark := cache
		if calls != nil {
			mark = nil
		}
		f.content(content, mark)
	}
	if refusal := m.take("refusal"); refusal != nil {
		f.textBlock(refusal, nil)
	}
	i, last := 0, length(calls)-1
	for tool := range jsonedit.Elements(calls) {
		path := fmt.Sprintf("tool_calls[%d]", i)
		mark := jsonedit.Get(tool, "cache_control")
		if mark == nil && i == last {
			mark = cache
		}
		if kind := typeOf(tool); kind != "" && kind != "function" {
			f.drop(path, fmt.Sprintf("Converse has no tool calls of type %q", kind))
		} else {
			f.toolUse(path+".function", jsonedit.Text(jsonedit.Get(tool, "id")), jsonedit.Get(tool, "function"), mark)
		}
		i++
	}
	if call != nil {
		f.toolUse("function_call", functionID(jsonedit.Text(jsonedit.Get(call, "name"))), call, nil)
	}
	m.take("audio")
	for _, key := range []string{"reasoning_content", "reasoning"} {
		if v := m.take(key); !isEmpty(v) {
			f.drop(key, "Bedrock refuses reasoning without its signature; content_blocks carry it")
		}
	}
}

// ownBlocks writes the blocks that an earlier reply carried. It reports whether
// they hold the message's text.
func (f *fromHub) ownBlocks(list []byte) (text bool) {
	i := 0
	for block := range openai.Blocks(list) {
		path := fmt.Sprintf("content_blocks[%d]", i)
		switch kind := typeOf(block); kind {
		case "tool_use": // in tool_calls, too
		case "text":
			text = true
			if !isEmpty(jsonedit.Get(block, "citations")) {
				f.drop(path+".citations", "Converse takes no citations back")
			}
			f.textBlock(jsonedit.Get(block, "text"), jsonedit.Get(block, "cache_control"))
		case "thinking":
			if isEmpty(jsonedit.Get(block, "signature")) {
				f.drop(path, "Bedrock refuses thinking without its signature")
				break
			}
			f.reasoning("text", jsonedit.Get(block, "thinking"), jsonedit.Get(block, "signature"))
		case "redacted_thinking":
			f.redacted(jsonedit.Get(block, "data"))
		case foreign:
			f.block().Raw(jsonedit.Get(block, foreign))
		case "server_tool_use":
			f.serverToolUse(block)
		default:
			f.drop(path, fmt.Sprintf("Converse takes no block of type %q", kind))
		}
		i++
	}
	return text
}

func (f *fromHub) reasoning(key string, value, signature []byte) {
	w := f.block()
	w.Object()
	w.Key("reasoningContent")
	w.Object()
	w.Key("reasoningText")
	w.Object()
	w.RawMember(key, value)
	w.RawMember("signature", signature)
	w.EndObject()
	w.EndObject()
	w.EndObject()
}

func (f *fromHub) redacted(data []byte) {
	w := f.block()
	w.Object()
	w.Key("reasoningContent")
	w.Object()
	w.RawMember("redactedContent", data)
	w.EndObject()
	w.EndObject()
}

func (f *fromHub) serverToolUse(block []byte) {
	w := f.block()
	w.Object()
	w.Key("toolUse")
	w.Object()
	w.RawMember("toolUseId", jsonedit.Get(block, "id"))
	w.RawMember("name", jsonedit.Get(block, "name"))
	w.RawMember("input", jsonedit.Get(block, "input"))
	w.StringMember("type", "server_tool_use")
	w.EndObject()
	w.EndObject()
}

func (f *fromHub) toolUse(path, id string, function, cache []byte) {
	path = fmt.Sprintf("messages[%d].%s", f.at, path)
	input := jsonedit.Get(function, "arguments")
	if jsonedit.Kind(input) != '{' {
		doc, ok := jsonedit.AsObject(jsonedit.Text(input))
		if !ok {
			f.fail(path+".arguments", "must be the text of a JSON object")
			return
		}
		input = doc
	}
	if id == "" {
		f.fail(path, "the call needs an id")
		return
	}
	name := jsonedit.Text(jsonedit.Get(function, "name"))
	if !slices.Contains(f.called, name) {
		f.called = append(f.called, name)
	}
	w := f.block()
	w.Object()
	w.Key("toolUse")
	w.Object()
	w.StringMember("toolUseId", cleanID(id))
	w.StringMember("name", name)
	w.RawMember("input", input)
	w.EndObject()
	w.EndObject()
	f.cachePoint(w, cache)
}

func (f *fromHub) toolResult(m members, role string, content, cache []byte) {
	id := m.text("tool_call_id")
	if name := m.text("name"); role == "function" {
		id = functionID(name)
	}
	if id == "" {
		f.fail(fmt.Sprintf("messages[%d].tool_call_id", f.at), "a tool message must name the call it answers")
		return
	}
	w := f.block()
	w.Object()
	w.Key("toolResult")
	w.Object()
	w.StringMember("toolUseId", cleanID(id))
	w.Key("content")
	w.Array()
	if inner := f.resultContent(w, content); cache == nil {
		cache = inner
	}
	w.EndArray()
	if bad := m.take("is_error"); string(bad) == "true" {
		w.StringMember("status", "error")
	}
	w.EndObject()
	w.EndObject()
	f.cachePoint(w, cache)
}

// resultContent writes what a tool answered. A mark to cache it, which cannot
// stand inside a result, is returned.
func (f *fromHub) resultContent(w *jsonedit.Writer, content []byte) (cache []byte) {
	if jsonedit.Kind(content) == '"' {
		if !isEmpty(content) {
			writeText(w, content)
		}
		return nil
	}
	i := 0
	for part := range jsonedit.Elements(content) {
		if mark := jsonedit.Get(part, "cache_control"); mark != nil {
			cache = mark
		}
		path := fmt.Sprintf("content[%d]", i)
		switch kind := typeOf(part); kind {
		case "text":
			if text := jsonedit.Get(part, "text"); !isEmpty(text) {
				writeText(w, text)
			}
		case foreign:
			w.Raw(jsonedit.Get(part, foreign))
		default:
			m := media{f: f, path: fmt.Sprintf("messages[%d].%s", f.at, path)}
			if block := m.block(part); block != nil && !m.audio {
				w.Raw(block)
			} else {
				f.drop(path, orElse(m.lost, fmt.Sprintf("Converse takes no content of type %q from a tool", kind)))
			}
		}
		i++
	}
	return cache
}

// maxID is the longest id of a tool call that Bedrock takes.
const maxID = 64

// cleanID replaces what Bedrock does not allow in the id of a tool call. It does
// the same to a call and to its result.
func cleanID(id string) string {
	id = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.:-", r) {
			return r
		}
		return '_'
	}, id)
	if len(id) > maxID {
		id = id[len(id)-maxID:] // what tells ids apart is rather at their end
	}
	return id
}

// functionID is the id of a call in the older form, which has none.
func functionID(name string) string {
	if name == "" {
		return ""
	}
	return "call_" + name
}
