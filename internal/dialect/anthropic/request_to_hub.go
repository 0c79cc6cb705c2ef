package anthropic

import (
	"fmt"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// RequestToHub implements dialect.Translator. A strict conversion writes only
// what OpenAI's API takes.
func (Format) RequestToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if err := chatOnly(c); err != nil {
		return nil, err
	}
	t := toHub{c: c, top: split(body)}
	t.w.Grow(len(body) + len(body)/8)
	t.request()
	if t.err != nil {
		return nil, t.err
	}
	return t.w.Bytes(), nil
}

// toHub translates one request to the hub.
type toHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	err *ai.Error // the first fault
	top members
	at  int // index of the message at hand
}

func (t *toHub) fail(path, format string, args ...any) {
	if t.err == nil {
		t.err = invalid(path, format, args...)
	}
}

// drop records what of the message at hand could not be carried.
func (t *toHub) drop(path, reason string) {
	t.c.Drop("messages["+strconv.Itoa(t.at)+"]."+path, reason)
}

const notInHub = "OpenAI's chat completions have nothing like it"

func (t *toHub) request() {
	t.w.Object()
	if model := t.top.take("model"); model != nil {
		t.w.RawMember("model", model)
	} else {
		t.w.StringMember("model", t.c.Model)
	}
	t.w.Key("messages")
	t.w.Array()
	t.system(t.top.take("system"))
	t.messages(t.top.take("messages"))
	t.w.EndArray()
	if limit := t.top.take("max_tokens"); limit != nil {
		t.w.RawMember("max_completion_tokens", limit)
	}
	t.tools()
	t.output()
	for _, key := range []string{"temperature", "top_p"} {
		t.top.move(&t.w, key)
	}
	if stop := t.top.take("stop_sequences"); length(stop) > 0 {
		t.w.RawMember("stop", stop)
	}
	t.stream()
	t.user()
	t.serviceTier()
	t.extensions()
	t.w.EndObject()
}

func (t *toHub) stream() {
	stream := t.top.take("stream")
	if stream == nil {
		return
	}
	t.w.RawMember("stream", stream)
	if string(stream) == "true" {
		t.w.RawMember("stream_options", []byte(`{"include_usage":true}`))
	}
}

func (t *toHub) user() {
	for key, value := range jsonedit.Members(t.top.take("metadata")) {
		switch {
		case jsonedit.IsNull(value):
		case string(key) == "user_id":
			t.w.RawMember("user", value)
		default:
			t.c.Drop("metadata."+string(key), notInHub)
		}
	}
}

func (t *toHub) serviceTier() {
	switch tier := t.top.text("service_tier"); tier {
	case "":
	case "standard_only":
		t.w.StringMember("service_tier", "default")
	default:
		t.w.StringMember("service_tier", tier)
	}
}

// output writes the effort and the form of the answer.
func (t *toHub) output() {
	config := split(t.top.take("output_config"))
	switch effort := config.text("effort"); effort {
	case "":
	case "max":
		t.c.Drop("output_config.effort", "OpenAI has no effort max; high was sent")
		t.w.StringMember("reasoning_effort", "high")
	default:
		t.w.StringMember("reasoning_effort", effort)
	}
	format := config.take("format")
	if older := t.top.take("output_format"); format == nil {
		format = older
	}
	if schema := jsonedit.Get(format, "schema"); schema != nil {
		t.w.Key("response_format")
		t.w.Object()
		t.w.StringMember("type", "json_schema")
		t.w.Key("json_schema")
		t.w.Object()
		t.w.StringMember("name", "response")
		t.w.RawMember("schema", schema)
		t.w.EndObject()
		t.w.EndObject()
	} else if format != nil {
		t.c.Drop("output_config.format", fmt.Sprintf("there is no output format of type %q", typeOf(format)))
	}
	for key := range config.left {
		t.c.Drop("output_config."+key, notInHub)
	}
}

// extensions carries what is left as it is, or says that it is lost.
func (t *toHub) extensions() {
	for key, value := range t.top.left {
		if !t.c.Strict {
			t.w.RawMember(key, value)
			continue
		}
		if key == "thinking" && typeOf(value) == "disabled" {
			continue
		}
		t.c.Drop(key, notInHub)
	}
}

func (t *toHub) tools() {
	tools, choice := t.top.take("tools"), t.top.take("tool_choice")
	if length(tools) == 0 {
		return
	}
	// All of them may be of a kind that is left out.
	var w jsonedit.Writer
	w.Array()
	i, n := 0, 0
	for tool := range jsonedit.Elements(tools) {
		if t.tool(&w, tool, fmt.Sprintf("tools[%d]", i)) {
			n++
		}
		i++
	}
	w.EndArray()
	if n > 0 {
		t.w.RawMember("tools", w.Bytes())
		t.toolChoice(choice)
	}
}

func (t *toHub) tool(w *jsonedit.Writer, raw []byte, path string) bool {
	tool := split(raw)
	kind, name := tool.text("type"), tool.take("name")
	if kind != "" && kind != "custom" {
		return t.serverTool(w, tool, kind, jsonedit.Text(name), path)
	}
	if jsonedit.Kind(name) != '"' {
		t.fail(path+".name", "must be a string")
		return false
	}
	w.Object()
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", name)
	tool.move(w, "description")
	if schema := tool.take("input_schema"); schema != nil {
		w.RawMember("parameters", schema)
	}
	tool.move(w, "strict")
	w.EndObject()
	for key, value := range tool.left {
		if t.c.Strict {
			t.c.Drop(path+"."+key, notInHub)
			continue
		}
		w.RawMember(key, value)
	}
	w.EndObject()
	return true
}

// serverTool writes a tool that the provider runs; see fromHub.serverTool.
func (t *toHub) serverTool(w *jsonedit.Writer, tool members, kind, name, path string) bool {
	if t.c.Strict {
		t.c.Drop(path, fmt.Sprintf("%s is a tool that only Anthropic runs", kind))
		return false
	}
	w.Object()
	w.StringMember("type", name)
	w.Key(name)
	w.Object()
	w.StringMember("name", kind)
	for key, value := range tool.left {
		w.RawMember(key, value)
	}
	w.EndObject()
	w.EndObject()
	return true
}

func (t *toHub) toolChoice(choice []byte) {
	if choice == nil {
		return
	}
	switch kind := typeOf(choice); kind {
	case "auto", "none":
		t.w.StringMember("tool_choice", kind)
	case "any":
		t.w.StringMember("tool_choice", "required")
	case "tool":
		t.w.Key("tool_choice")
		t.w.Object()
		t.w.StringMember("type", "function")
		t.w.Key("function")
		t.w.Object()
		t.w.RawMember("name", jsonedit.Get(choice, "name"))
		t.w.EndObject()
		t.w.EndObject()
	default:
		t.fail("tool_choice.type", "%q is none of auto, any, tool, none", kind)
	}
	if string(jsonedit.Get(choice, "disable_parallel_tool_use")) == "true" {
		t.w.Key("parallel_tool_calls")
		t.w.Bool(false)
	}
}
