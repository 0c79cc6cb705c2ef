package responses

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// RequestToHub implements dialect.Translator. A strict conversion writes only
// what OpenAI's chat completions take.
func (Format) RequestToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if err := makesOnly(c); err != nil {
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

	turn   turn   // the assistant's turn that is being collected
	images *parts // of tool results, which may not stand there
}

func (t *toHub) fail(path, format string, args ...any) {
	if t.err == nil {
		t.err = invalid(path, format, args...)
	}
}

const notInHub = "OpenAI's chat completions have nothing like it"

// needsStore are members whose meaning is in what a provider has stored. Without
// that the call would mean something else.
var needsStore = [...]struct{ name, fix string }{
	{"previous_response_id", "this provider keeps no responses; send the conversation's items in input instead, or use a provider that offers the Responses API"},
	{"conversation", "this provider keeps no conversations; send the conversation's items in input instead, or use a provider that offers the Responses API"},
	{"prompt", "this provider keeps no prompts; send instructions and input instead, or use a provider that offers the Responses API"},
}

// carried are parameters that both have, with what they mean in each.
var carried = [...]string{
	"temperature", "top_p", "stream", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "service_tier",
}

func (t *toHub) request() {
	for _, m := range needsStore {
		if v := t.top.take(m.name); v != nil {
			t.fail(m.name, "%s", m.fix)
		}
	}
	t.w.Object()
	if model := t.top.take("model"); model != nil {
		t.w.RawMember("model", model)
	} else {
		t.w.StringMember("model", t.c.Model)
	}
	t.w.Key("messages")
	t.w.Array()
	t.instructions(t.top.take("instructions"))
	t.input(t.top.take("input"))
	t.w.EndArray()
	t.top.move(&t.w, "max_output_tokens", "max_completion_tokens")
	for _, key := range carried {
		t.top.move(&t.w, key, key)
	}
	t.tools()
	t.reasoning()
	t.text()
	t.included()
	t.metadata()
	t.extensions()
	t.w.EndObject()
}

func (t *toHub) instructions(text []byte) {
	if text == nil || isEmpty(text) {
		return
	}
	if !isString(text) {
		t.fail("instructions", "must be a string")
		return
	}
	t.w.Object()
	t.w.StringMember("role", "system")
	t.w.RawMember("content", text)
	t.w.EndObject()
}

// reasoning writes the effort. A summary of the thoughts is not the hub's to
// ask for; a provider that shows them does so unasked.
func (t *toHub) reasoning() {
	r := split(t.top.take("reasoning"))
	if effort := r.take("effort"); effort != nil {
		t.w.RawMember("reasoning_effort", effort)
	}
	for key := range r.left {
		if t.c.Strict || key != "summary" && key != "generate_summary" {
			t.c.Drop("reasoning."+key, notInHub)
		}
	}
}

// text writes the form of the answer.
func (t *toHub) text() {
	text := split(t.top.take("text"))
	format := split(text.take("format"))
	switch kind := format.text("type"); kind {
	case "", "text":
	case "json_object":
		t.w.RawMember("response_format", []byte(`{"type":"json_object"}`))
	case "json_schema":
		t.w.Key("response_format")
		t.w.Object()
		t.w.StringMember("type", kind)
		t.w.Key("json_schema")
		t.w.Object()
		for _, key := range []string{"name", "description", "schema", "strict"} {
			format.move(&t.w, key, key)
		}
		t.w.EndObject()
		t.w.EndObject()
	default:
		t.c.Drop("text.format", fmt.Sprintf("there is no format of type %q in chat completions", kind))
	}
	text.move(&t.w, "verbosity", "verbosity")
	for key := range text.left {
		t.c.Drop("text."+key, notInHub)
	}
}

// included writes what the client wants to be told beside the answer.
func (t *toHub) included() {
	top := t.top.take("top_logprobs")
	logprobs := jsonedit.Int(top) > 0
	i := 0
	for name := range jsonedit.Elements(t.top.take("include")) {
		switch jsonedit.Text(name) {
		case "message.output_text.logprobs":
			logprobs = true
		case "reasoning.encrypted_content": // always told, where there is any
		default:
			t.c.Drop(fmt.Sprintf("include[%d]", i), "a translated reply has no "+jsonedit.Text(name))
		}
		i++
	}
	if logprobs {
		t.w.Key("logprobs")
		t.w.Bool(true)
		if top != nil {
			t.w.RawMember("top_logprobs", top)
		}
	}
}

// metadata is the client's own, and a reply repeats it. Chat completions keep it
// only of those that they store.
func (t *toHub) metadata() {
	switch metadata := t.top.take("metadata"); {
	case isEmpty(metadata):
	case t.c.Strict:
		t.c.Drop("metadata", "the reply repeats it; the provider was not told")
	default:
		t.w.RawMember("metadata", metadata)
	}
}

// extensions looks at what is left: it asks for what happens anyway, or is
// carried as it is, or lost.
func (t *toHub) extensions() {
	for key, value := range t.top.left {
		switch {
		case isDefault(key, value):
		case own[key] != "":
			t.c.Drop(key, own[key])
		case t.c.Strict:
			t.c.Drop(key, notInHub)
		default:
			t.w.RawMember(key, value)
		}
	}
}

// own are parameters that only a provider of the Responses API can act on.
var own = map[string]string{
	"store":                "this provider keeps no responses; the reply cannot be asked for again",
	"background":           "this provider has no background mode; the reply was waited for",
	"truncation":           "this provider does not shorten a conversation",
	"max_tool_calls":       "a chat provider runs no tools whose calls it could count",
	"context_management":   "this provider does not compact a conversation",
	"prompt_cache_options": notInHub,
	"moderation":           notInHub,
	"stream_options":       notInHub,
}

// isDefault reports whether a parameter asks for nothing else than what happens
// anyway.
func isDefault(key string, value []byte) bool {
	switch key {
	case "store", "background":
		return string(value) == "false"
	case "truncation":
		return string(value) == `"disabled"`
	case "stream_options": // there is nothing to obfuscate
		return string(jsonedit.Get(value, "include_obfuscation")) != "true"
	}
	return false
}
