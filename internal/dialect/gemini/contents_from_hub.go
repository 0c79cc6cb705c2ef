package gemini

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// turnWriter writes contents. What the same side says in a row is one content: the
// results of functions, and what the user says to them, must stand together.
type turnWriter struct {
	w    jsonedit.Writer
	role string // of the open content, "" if none is
	n    int    // parts of it
}

// part begins a part of the role's content.
func (t *turnWriter) part(role string) *jsonedit.Writer {
	if t.role != role {
		t.close()
		t.role = role
		t.w.Object()
		t.w.StringMember("role", role)
		t.w.Key("parts")
		t.w.Array()
	}
	t.n++
	return &t.w
}

func (t *turnWriter) close() {
	if t.role == "" {
		return
	}
	t.w.EndArray()
	t.w.EndObject()
	t.role, t.n = "", 0
}

// messages writes systemInstruction and contents. Instructions, wherever they
// stand in the conversation, are collected.
func (f *fromHub) messages(list []byte) {
	if jsonedit.Kind(list) != '[' {
		f.fail("messages", "must be an array of messages")
		return
	}
	f.names = map[string]string{}
	var system jsonedit.Writer
	system.Array()
	empty := system.Len()
	f.turns.w.Array()
	for message := range jsonedit.Elements(list) {
		m := split(message)
		switch role := m.text("role"); role {
		case "system", "developer":
			f.instructions(&system, m.take("content"))
		case "user":
			f.userTurn(m)
		case "assistant":
			f.assistant(m)
		case "tool", "function":
			f.result(m)
		default:
			f.fail(fmt.Sprintf("messages[%d].role", f.at), "%q is none of system, developer, user, assistant, tool", role)
		}
		for key := range m.left {
			f.drop(key, "Gemini's contents have no such member")
		}
		f.at++
	}
	f.turns.close()
	f.turns.w.EndArray()
	system.EndArray()
	if system.Len() > empty+1 {
		f.w.Key("systemInstruction")
		f.w.Object()
		f.w.RawMember("parts", system.Bytes())
		f.w.EndObject()
	}
	f.w.RawMember("contents", f.turns.w.Bytes())
}

func (f *fromHub) instructions(w *jsonedit.Writer, content []byte) {
	if jsonedit.Kind(content) == '"' {
		writeText(w, content)
		return
	}
	i := 0
	for part := range jsonedit.Elements(content) {
		if text := jsonedit.Get(part, "text"); jsonedit.Kind(text) == '"' {
			writeText(w, text)
			f.extras(part, fmt.Sprintf("content[%d]", i), "type", "text")
		} else {
			f.drop(fmt.Sprintf("content[%d]", i), "instructions can only be text")
		}
		i++
	}
}

func writeText(w *jsonedit.Writer, text []byte) {
	if jsonedit.IsEmpty(text) {
		return
	}
	w.Object()
	w.RawMember("text", text)
	w.EndObject()
}

// extras says which members of a part are lost.
func (f *fromHub) extras(part []byte, path string, known ...string) {
next:
	for key, value := range jsonedit.Members(part) {
		for _, k := range known {
			if string(key) == k {
				continue next
			}
		}
		if !jsonedit.IsEmpty(value) {
			f.drop(path+"."+string(key), "Gemini's parts have no such member")
		}
	}
}

func (f *fromHub) userTurn(m members) {
	content := m.take("content")
	switch jsonedit.Kind(content) {
	case '"':
		w := f.turns.part("user") // an empty text keeps the turn's place
		w.Object()
		w.RawMember("text", content)
		w.EndObject()
	case '[':
		i := 0
		for part := range jsonedit.Elements(content) {
			f.userPart(part, fmt.Sprintf("content[%d]", i))
			i++
		}
	case 0:
	default:
		f.fail(fmt.Sprintf("messages[%d].content", f.at), "must be a string or an array of parts")
	}
}

// userPart writes a part that is no call and no result.
func (f *fromHub) userPart(part []byte, path string) {
	if jsonedit.Kind(part) == '"' {
		w := f.turns.part("user")
		w.Object()
		w.RawMember("text", part)
		w.EndObject()
		return
	}
	m := media{f: f, part: part, path: path}
	switch kind := typeOf(part); kind {
	case "text":
		text := jsonedit.Get(part, "text")
		if jsonedit.Kind(text) != '"' {
			f.fail(fmt.Sprintf("messages[%d].%s.text", f.at, path), "must be a string")
			return
		}
		w := f.turns.part("user")
		w.Object()
		w.RawMember("text", text)
		m.end(w, "text")
	case "image_url", "video_url":
		m.url(kind)
	case "input_audio":
		m.audio()
	case "file":
		m.file()
	case ownBlock:
		f.turns.part("user").Raw(jsonedit.Get(part, "part"))
	default:
		f.drop(path, fmt.Sprintf("Gemini takes no content of type %q", kind))
	}
}

// assistant writes a model's turn: its own blocks if it has any, else its text,
// then its calls.
func (f *fromHub) assistant(m members) {
	content, own, calls := m.take("content"), m.take("content_blocks"), m.take("tool_calls")
	call, refusal := m.take("function_call"), m.take("refusal")
	thought := m.take("reasoning_content", "reasoning")
	parts := modelParts{w: func() *jsonedit.Writer { return f.turns.part("model") }, drop: f.drop, model: f.model}
	if own == nil && jsonedit.Kind(thought) == '"' {
		f.drop("reasoning_content", "Gemini takes no thoughts of other models")
	}
	parts.content(own, content)
	parts.text(refusal)
	i := 0
	for c := range jsonedit.Elements(calls) {
		path := fmt.Sprintf("tool_calls[%d]", i)
		if kind := typeOf(c); kind != "" && kind != "function" {
			f.drop(path, fmt.Sprintf("Gemini has no calls of type %q", kind))
		} else {
			f.call(&parts, c, jsonedit.Get(c, "function"), path)
		}
		i++
	}
	if call != nil {
		f.call(&parts, nil, call, "function_call")
	}
	parts.flush()
}

func (f *fromHub) call(parts *modelParts, call, function []byte, path string) {
	name, input := jsonedit.Get(function, "name"), jsonedit.Get(function, "arguments")
	if jsonedit.Kind(input) != '{' {
		doc, ok := jsonedit.AsObject(jsonedit.Text(input))
		if !ok {
			f.fail(fmt.Sprintf("messages[%d].%s.function.arguments", f.at, path), "must be the text of a JSON object")
			return
		}
		input = doc
	}
	id, inID := splitID(jsonedit.Text(jsonedit.Get(call, "id")))
	f.names[orElse(id, jsonedit.Text(name))] = jsonedit.Text(name)
	parts.call(id, name, input, signatureOf(call, function, inID))
}

// result writes a function's response. Gemini wants an object: a text that is the
// document of one is taken for it, any other is the output.
func (f *fromHub) result(m members) {
	id, _ := splitID(m.text("tool_call_id"))
	name := m.text("name")
	if known := f.names[orElse(id, name)]; known != "" {
		name = known
	}
	if name == "" {
		f.drop("tool_call_id", "it answers no call of an earlier message; Gemini wants the function's name and was sent "+unnamed)
		name = unnamed
	}
	failed := string(m.take("is_error")) == "true"
	text, media := f.resultContent(m.take("content"))
	w := f.turns.part("user")
	w.Object()
	w.Key("functionResponse")
	w.Object()
	if id != "" {
		w.StringMember("id", id)
	}
	w.StringMember("name", name)
	w.Key("response")
	doc, isObject := jsonedit.AsObject(jsonedit.Text(text))
	switch {
	case failed:
		writeOne(w, "error", text)
	case isObject && strings.HasPrefix(strings.TrimSpace(jsonedit.Text(text)), "{"):
		w.Raw(doc)
	default:
		writeOne(w, "output", text)
	}
	w.EndObject()
	w.EndObject()
	for i, part := range media {
		f.userPart(part, fmt.Sprintf("content[%d]", i))
	}
}

// unnamed stands for the name of a function that nobody tells; it is Portkey's.
const unnamed = "gateway-tool-filler-name"

func writeOne(w *jsonedit.Writer, key string, value []byte) {
	w.Object()
	w.RawMember(key, value)
	w.EndObject()
}

// resultContent is the text of a tool's message and what else there is in it,
// which follows the response as parts of its own.
func (f *fromHub) resultContent(content []byte) (text []byte, media [][]byte) {
	switch jsonedit.Kind(content) {
	case '"':
		return content, nil
	case 0:
		return []byte(`""`), nil
	case '{':
		return jsonedit.AppendQuoted(nil, content), nil
	}
	var texts [][]byte
	for part := range jsonedit.Elements(content) {
		if t := jsonedit.Get(part, "text"); typeOf(part) == "text" && jsonedit.Kind(t) == '"' {
			texts = append(texts, t)
		} else {
			media = append(media, part)
		}
	}
	return jsonedit.JoinTexts(texts, "\\n"), media
}
