package gemini

import (
	"fmt"
	"strconv"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// system writes the instructions as one message. Each part is a paragraph.
func (t *toHub) system(content []byte) {
	if jsonedit.IsEmpty(content) {
		return
	}
	p := parts{c: t.c}
	if jsonedit.Kind(content) == '"' {
		t.w.Object()
		t.w.StringMember("role", "system")
		t.w.RawMember("content", content)
		t.w.EndObject()
		return
	}
	i := 0
	for part := range jsonedit.Elements(get(content, "parts")) {
		if path := fmt.Sprintf("systemInstruction.parts[%d]", i); get(part, "text") == nil {
			t.c.Drop(path, "instructions can only be text")
		} else {
			p.part(part, path)
		}
		i++
	}
	if p.n == 0 {
		return
	}
	separator := ""
	if t.c.Strict {
		separator = "\\n\\n"
	}
	t.w.Object()
	t.w.StringMember("role", "system")
	t.w.Key("content")
	p.write(&t.w, separator)
	t.w.EndObject()
}

func (t *toHub) contents(list []byte) {
	if jsonedit.Kind(list) == '{' { // one content, which Google's API takes as a list of one
		list = append(append([]byte{'['}, list...), ']')
	}
	if jsonedit.Kind(list) != '[' {
		t.fail("contents", "must be an array of contents")
		return
	}
	for content := range jsonedit.Elements(list) {
		parts := get(content, "parts")
		if jsonedit.Kind(parts) == '{' {
			parts = append(append([]byte{'['}, parts...), ']')
		}
		role := jsonedit.Text(get(content, "role"))
		if role != "model" {
			t.endTurn()
		}
		switch role {
		case "model":
			t.modelParts(parts)
		case "user", "function", "tool", "":
			t.userTurn(parts)
		case "system":
			t.system(content)
		default:
			t.fail(fmt.Sprintf("contents[%d].role", t.at), "%q is neither user nor model", role)
		}
		t.at++
	}
	t.endTurn()
}

// modelParts takes a content of the model's. Those in a row are one turn: the
// chats of Google's libraries keep a content for each chunk of a stream.
func (t *toHub) modelParts(list []byte) {
	if t.turn == nil {
		t.turn = &turn{c: t.c}
		t.turn.begin()
	}
	t.turn.path = fmt.Sprintf("contents[%d]", t.at)
	t.turn.read(list, func(int) string {
		t.calls++
		return "call_" + strconv.Itoa(t.calls)
	})
}

func (t *toHub) endTurn() {
	if t.turn == nil {
		return
	}
	t.turn.end()
	t.pending = append(t.pending, t.turn.pendingID...)
	t.w.Object()
	t.w.StringMember("role", "assistant")
	t.turn.write(&t.w, false)
	t.w.EndObject()
	t.turn = nil
}

// userTurn writes the results of functions that a turn brings as messages of their
// own, then the rest as the user's.
func (t *toHub) userTurn(list []byte) {
	rest, results, i := parts{c: t.c}, false, 0
	for part := range jsonedit.Elements(list) {
		if response := get(part, "functionResponse"); response != nil {
			results = true
			t.result(splitOwn(response), partPath(t.at, i), &rest)
		} else {
			rest.part(part, partPath(t.at, i))
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

// result writes a tool message. A function's media go to the user's message after
// it, because OpenAI takes none in a tool's.
func (t *toHub) result(m members, path string, rest *parts) {
	name, response := m.take("name"), m.take("response")
	id := t.answered(m.text("id"), jsonedit.Text(name))
	for media := range jsonedit.Elements(m.take("parts")) {
		rest.part(media, path+".functionResponse.parts")
	}
	t.w.Object()
	t.w.StringMember("role", "tool")
	t.w.StringMember("tool_call_id", id)
	if !t.c.Strict {
		t.w.RawMember("name", name)
	}
	content, failed := resultText(response)
	t.w.Key("content")
	if content != nil && (!failed || !t.c.Strict) {
		t.w.Raw(content)
	} else {
		t.w.Quoted(response)
	}
	if failed && !t.c.Strict {
		t.w.Key("is_error")
		t.w.Bool(true)
	}
	t.w.EndObject()
	for key := range m.left {
		t.c.Drop(path+".functionResponse."+key, notInHub)
	}
}

// resultText is the text of a response that says nothing but an output or an
// error, which is Google's way to write one; nil for any other.
func resultText(response []byte) (content []byte, failed bool) {
	for key, value := range jsonedit.Members(response) {
		if content != nil || jsonedit.Kind(value) != '"' {
			return nil, false
		}
		switch string(key) {
		case "output":
			content = value
		case "error":
			content, failed = value, true
		default:
			return nil, false
		}
	}
	return content, failed
}

// answered finds the call that a result answers: by id, else the earliest of its
// name.
func (t *toHub) answered(id, name string) string {
	for i, call := range t.pending {
		if id != "" && call.id != id || id == "" && call.name != name {
			continue
		}
		t.pending = append(t.pending[:i:i], t.pending[i+1:]...)
		return call.id
	}
	if id == "" {
		t.calls++
		id = "call_" + strconv.Itoa(t.calls)
	}
	return id
}
