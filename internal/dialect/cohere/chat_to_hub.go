package cohere

import (
	"fmt"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// chatToHub writes a chat request of Cohere's for the hub. A strict conversion
// writes only what OpenAI's API takes.
func chatToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	t := toHub{c: c, top: jsonedit.Split(body)}
	t.w.Grow(len(body) + len(body)/8)
	t.request()
	if t.err != nil {
		return nil, t.err
	}
	return t.w.Bytes(), nil
}

// toHub translates one chat request to the hub.
type toHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	err *ai.Error // the first fault
	top jsonedit.Object
	at  int // index of the message at hand
}

const notInHub = "OpenAI's chat completions have nothing like it"

func (t *toHub) fail(path, format string, args ...any) {
	if t.err == nil {
		t.err = invalid(path, format, args...)
	}
}

// drop records what of the message at hand could not be carried.
func (t *toHub) drop(path, reason string) {
	t.c.Drop("messages["+strconv.Itoa(t.at)+"]."+path, reason)
}

func (t *toHub) request() {
	w := &t.w
	w.Object()
	writeModel(w, t.c, t.top)
	t.messages(t.top.Take("messages"))
	t.tools()
	t.format()
	t.thinking()
	t.top.MoveAs(w, "max_tokens", "max_completion_tokens")
	if stop := t.top.Take("stop_sequences"); jsonedit.Length(stop) > 0 {
		w.RawMember("stop", stop)
	}
	t.top.MoveAs(w, "p", "top_p")
	for _, key := range []string{"temperature", "seed", "frequency_penalty", "presence_penalty", "logprobs"} {
		t.top.Move(w, key)
	}
	if stream := t.top.Take("stream"); stream != nil {
		w.RawMember("stream", stream)
		if string(stream) == "true" {
			w.RawMember("stream_options", []byte(`{"include_usage":true}`))
		}
	}
	if k := t.top.Take("k"); k != nil && string(k) != "0" {
		t.extension("k", "top_k", k)
	}
	for key, value := range t.top.Left {
		t.extension(key, key, value)
	}
	w.EndObject()
}

// extension writes what the hub lacks, or says that it is lost.
func (t *toHub) extension(key, as string, value []byte) {
	if t.c.Strict {
		t.c.Drop(key, notInHub)
		return
	}
	t.w.RawMember(as, value)
}

func (t *toHub) tools() {
	tools, strict, choice := t.top.Take("tools"), t.top.Take("strict_tools"), t.top.Text("tool_choice")
	if jsonedit.Length(tools) == 0 {
		return
	}
	w := &t.w
	w.Key("tools")
	w.Array()
	i := 0
	for tool := range jsonedit.Elements(tools) {
		function := jsonedit.Get(tool, "function")
		if jsonedit.Kind(jsonedit.Get(function, "name")) != '"' {
			t.fail(fmt.Sprintf("tools[%d].function.name", i), "must be a string")
			return
		}
		w.Object()
		w.StringMember("type", "function")
		w.Key("function")
		w.Object()
		for key, value := range jsonedit.Members(function) {
			w.RawMember(string(key), value)
		}
		if string(strict) == "true" {
			w.Key("strict")
			w.Bool(true)
		}
		w.EndObject()
		w.EndObject()
		i++
	}
	w.EndArray()
	switch choice {
	case "":
	case "REQUIRED", "required":
		w.StringMember("tool_choice", "required")
	case "NONE", "none":
		w.StringMember("tool_choice", "none")
	default:
		t.fail("tool_choice", "%q is neither REQUIRED nor NONE", choice)
	}
}

func (t *toHub) format() {
	format := t.top.Take("response_format")
	schema := jsonedit.Get(format, "json_schema")
	if schema == nil { // version 1 called it so, and is still understood
		schema = jsonedit.Get(format, "schema")
	}
	switch {
	case format == nil || typeOf(format) == "text":
	case jsonedit.Kind(schema) == '{':
		t.w.Key("response_format")
		t.w.Object()
		t.w.StringMember("type", "json_schema")
		t.w.Key("json_schema")
		t.w.Object()
		t.w.StringMember("name", "response")
		t.w.RawMember("schema", schema)
		t.w.EndObject()
		t.w.EndObject()
	case typeOf(format) == "json_object":
		t.w.RawMember("response_format", []byte(`{"type":"json_object"}`))
	default:
		t.c.Drop("response_format", fmt.Sprintf("there is no response format of type %q", typeOf(format)))
	}
}

// thinking is what happens anyway where it is enabled without a budget.
func (t *toHub) thinking() {
	thinking := t.top.Take("thinking")
	if thinking == nil {
		return
	}
	kind, budget := typeOf(thinking), jsonedit.Get(thinking, "token_budget")
	if t.c.Strict {
		if kind == "disabled" || budget != nil {
			t.c.Drop("thinking", notInHub)
		}
		return
	}
	t.w.Key("thinking")
	t.w.Object()
	t.w.StringMember("type", kind)
	if budget != nil {
		t.w.RawMember("budget_tokens", budget)
	}
	t.w.EndObject()
}

func (t *toHub) messages(list []byte) {
	if jsonedit.Kind(list) != '[' {
		t.fail("messages", "must be an array of messages")
		return
	}
	t.w.Key("messages")
	t.w.Array()
	for message := range jsonedit.Elements(list) {
		m := jsonedit.Split(message)
		switch role := m.Text("role"); role {
		case "system", "user":
			t.w.Object()
			t.w.StringMember("role", role)
			t.w.RawMember("content", m.Take("content"))
			t.w.EndObject()
		case "assistant":
			writeHubMessage(&t.w, t.c, m, t.drop)
		case "tool":
			t.toolMessage(m)
		default:
			t.fail(fmt.Sprintf("messages[%d].role", t.at), "%q is none of system, user, assistant, tool", role)
		}
		for key := range m.Left {
			t.drop(key, notInHub)
		}
		t.at++
	}
	t.w.EndArray()
}

// toolMessage writes a tool's result. A document in it is the text of its data,
// with the document beside it where extensions are wanted.
func (t *toHub) toolMessage(m jsonedit.Object) {
	w := &t.w
	w.Object()
	w.StringMember("role", "tool")
	w.RawMember("tool_call_id", m.Take("tool_call_id"))
	w.Key("content")
	content := m.Take("content")
	if jsonedit.Kind(content) != '[' {
		w.Raw(content)
		w.EndObject()
		return
	}
	w.Array()
	i := 0
	for part := range jsonedit.Elements(content) {
		if document := jsonedit.Get(part, "document"); document != nil {
			t.document(document, fmt.Sprintf("content[%d].document", i))
		} else {
			w.Raw(part)
		}
		i++
	}
	w.EndArray()
	w.EndObject()
}

func (t *toHub) document(document []byte, path string) {
	w := &t.w
	data := jsonedit.Get(document, "data")
	w.Object()
	w.StringMember("type", "text")
	w.Key("text")
	if jsonedit.Kind(data) == '"' {
		w.Raw(data)
	} else {
		w.Quoted(data)
	}
	switch {
	case !t.c.Strict:
		w.RawMember("document", document)
	case jsonedit.Get(document, "id") != nil:
		t.drop(path+".id", notInHub)
	}
	w.EndObject()
}
