package cohere

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// said is what an assistant's message in the hub says, apart from its calls.
type said struct {
	thoughts  [][]byte // JSON strings
	texts     [][]byte // JSON strings
	citations [][]byte // Cohere's own
}

// assistant writes an assistant's turn. Its text beside tool calls is their
// plan. One that says nothing is left out.
func (f *fromHub) assistant(m jsonedit.Object) {
	calls := f.calls(m)
	s := f.said(m)
	if calls == nil && len(s.thoughts)+len(s.texts) == 0 {
		return
	}
	w := &f.w
	f.open("assistant")
	if calls != nil {
		if len(s.texts) > 0 {
			w.RawMember("tool_plan", jsonedit.JoinTexts(s.texts, ""))
		}
		w.RawMember("tool_calls", calls)
		s.texts = nil
	}
	switch {
	case len(s.thoughts) > 0:
		w.Key("content")
		w.Array()
		for _, thought := range s.thoughts {
			w.Object()
			w.StringMember("type", "thinking")
			w.RawMember("thinking", thought)
			w.EndObject()
		}
		if len(s.texts) > 0 {
			f.text(jsonedit.JoinTexts(s.texts, ""))
		}
		w.EndArray()
	case len(s.texts) > 0:
		w.RawMember("content", jsonedit.JoinTexts(s.texts, ""))
	}
	if len(s.citations) > 0 {
		w.Key("citations")
		w.Array()
		for _, citation := range s.citations {
			w.Raw(citation)
		}
		w.EndArray()
	}
	w.EndObject()
}

// said reads what the message says: from its own blocks if it has any, else from
// its content and what a provider told of the model's thoughts.
func (f *fromHub) said(m jsonedit.Object) (s said) {
	content, own, refusal := m.Take("content"), m.Take("content_blocks"), m.Take("refusal")
	for _, key := range []string{"reasoning_content", "reasoning"} {
		if thought := m.Take(key); own == nil && isText(thought) && s.thoughts == nil {
			s.thoughts = append(s.thoughts, thought)
		}
	}
	i := 0
	for block := range openai.Blocks(own) {
		f.ownBlock(&s, block, fmt.Sprintf("content_blocks[%d]", i))
		i++
	}
	if len(s.texts) == 0 {
		f.content(&s, content)
	}
	if isText(refusal) {
		s.texts = append(s.texts, refusal)
	}
	return s
}

func (f *fromHub) ownBlock(s *said, block []byte, path string) {
	switch kind := typeOf(block); kind {
	case "thinking":
		if thought := jsonedit.Get(block, "thinking"); isText(thought) {
			s.thoughts = append(s.thoughts, thought)
		}
	case "text":
		if text := jsonedit.Get(block, "text"); isText(text) {
			s.texts = append(s.texts, text)
		}
		i := 0
		for citation := range jsonedit.Elements(jsonedit.Get(block, "citations")) {
			if mine := jsonedit.Get(citation, "cohere"); mine != nil {
				s.citations = append(s.citations, mine)
			} else {
				f.drop(fmt.Sprintf("%s.citations[%d]", path, i), "it is not of Cohere's")
			}
			i++
		}
	case "tool_use": // in tool_calls, too
	default:
		f.drop(path, fmt.Sprintf("Cohere's messages have nothing like a block of type %q", kind))
	}
}

func (f *fromHub) content(s *said, content []byte) {
	if isText(content) {
		s.texts = append(s.texts, content)
	}
	i := 0
	for part := range jsonedit.Elements(content) {
		switch kind := typeOf(part); kind {
		case "text", "refusal":
			if text := jsonedit.Get(part, kind); isText(text) {
				s.texts = append(s.texts, text)
			}
		case "thinking":
			if thought := jsonedit.Get(part, kind); isText(thought) {
				s.thoughts = append(s.thoughts, thought)
			}
		default:
			f.drop(fmt.Sprintf("content[%d]", i), fmt.Sprintf("Cohere's assistant messages take no content of type %q", kind))
		}
		i++
	}
}

// calls writes the tool calls of a message, nil if there are none.
func (f *fromHub) calls(m jsonedit.Object) []byte {
	calls, older := m.Take("tool_calls"), m.Take("function_call")
	var w jsonedit.Writer
	w.Array()
	none := w.Len()
	i := 0
	for call := range jsonedit.Elements(calls) {
		path := fmt.Sprintf("tool_calls[%d]", i)
		if kind := typeOf(call); kind != "" && kind != "function" {
			f.drop(path, fmt.Sprintf("Cohere has no tool calls of type %q", kind))
		} else {
			f.call(&w, path, jsonedit.Get(call, "id"), jsonedit.Get(call, "function"))
		}
		i++
	}
	if !jsonedit.IsEmpty(jsonedit.Get(older, "name")) && w.Len() == none { // some servers write an empty one
		id := functionID(jsonedit.Text(jsonedit.Get(older, "name")))
		f.call(&w, "function_call", jsonedit.AppendString(nil, id), older)
	}
	if w.Len() == none {
		return nil
	}
	w.EndArray()
	return w.Bytes()
}

func (f *fromHub) call(w *jsonedit.Writer, path string, id, function []byte) {
	if jsonedit.Kind(id) != '"' {
		f.fail(f.here(path), "the call needs an id")
		return
	}
	w.Object()
	w.RawMember("id", id)
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", jsonedit.Get(function, "name"))
	w.RawMember("arguments", arguments(jsonedit.Get(function, "arguments")))
	w.EndObject()
	w.EndObject()
}

// arguments are a call's arguments as a text; none are the empty object.
func arguments(raw []byte) []byte {
	switch jsonedit.Kind(raw) {
	case '"':
		if text := jsonedit.Text(raw); text != "" && text != "null" {
			return raw
		}
	case '{':
		return jsonedit.AppendQuoted(nil, raw)
	}
	return []byte(`"{}"`)
}

func isText(raw []byte) bool { return jsonedit.Kind(raw) == '"' && len(raw) > 2 }
