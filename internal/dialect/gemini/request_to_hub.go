package gemini

import (
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// RequestToHub implements dialect.Translator. A strict conversion writes only
// what OpenAI's API takes.
func (Format) RequestToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	switch c.Op {
	case ai.Embed:
		return embedToHub(c, body)
	case ai.Chat, "":
	default:
		return nil, unsupported(c.Op)
	}
	t := toHub{c: c, top: splitOwn(body)}
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

	at      int           // index of the content at hand
	calls   int           // ids that were made up
	pending []pendingCall // calls without a result
	turn    *turn         // the model's that is not written yet
}

func (t *toHub) fail(path, format string, args ...any) {
	if t.err == nil {
		t.err = invalid(path, format, args...)
	}
}

func (t *toHub) request() {
	t.top.take("model") // the path names it
	t.w.Object()
	t.w.StringMember("model", t.c.Model)
	t.w.Key("messages")
	t.w.Array()
	t.system(t.top.take("systemInstruction"))
	t.contents(t.top.take("contents"))
	t.w.EndArray()
	if t.c.Stream {
		t.w.RawMember("stream", []byte("true"))
		t.w.RawMember("stream_options", []byte(`{"include_usage":true}`))
	}
	t.generation(splitOwn(t.top.take("generationConfig")))
	if t.tools(t.top.take("tools")) {
		t.toolConfig(splitOwn(t.top.take("toolConfig")))
	} else {
		t.top.take("toolConfig")
	}
	switch tier := t.top.text("serviceTier"); tier {
	case "", "unspecified":
	default:
		t.w.StringMember("service_tier", tierToHub(tier))
	}
	t.extensions(t.top, "")
	t.w.EndObject()
}

// extensions carries what is left as it is, or says that it is lost.
func (t *toHub) extensions(m members, path string) {
	for key, value := range m.left {
		if t.c.Strict || t.c.Onward {
			t.c.Drop(path+key, notInHub)
			continue
		}
		t.w.RawMember(snake(key), value)
	}
}

// sameInHub are parameters that the hub has under another name.
var sameInHub = [...]struct{ own, hub string }{
	{"temperature", "temperature"}, {"topP", "top_p"}, {"maxOutputTokens", "max_completion_tokens"}, {"seed", "seed"},
	{"presencePenalty", "presence_penalty"}, {"frequencyPenalty", "frequency_penalty"},
	{"responseLogprobs", "logprobs"}, {"logprobs", "top_logprobs"},
}

func (t *toHub) generation(m members) {
	for _, p := range sameInHub {
		if v := m.take(p.own); v != nil {
			t.w.RawMember(p.hub, v)
		}
	}
	if n := m.take("candidateCount"); n != nil && string(n) != "1" {
		t.w.RawMember("n", n)
	}
	if stop := m.take("stopSequences"); jsonedit.Length(stop) > 0 {
		t.w.RawMember("stop", stop)
	}
	if k := m.take("topK"); k != nil && !t.c.Strict {
		t.w.RawMember("top_k", k)
	} else if k != nil {
		t.c.Drop("generationConfig.topK", notInHub)
	}
	t.modalities(m.take("responseModalities"))
	t.responseFormat(m)
	t.thinking(splitOwn(m.take("thinkingConfig")))
	var rest jsonedit.Writer
	rest.Object()
	n := rest.Len()
	for key, value := range m.left {
		if t.c.Strict || t.c.Onward {
			t.c.Drop("generationConfig."+key, notInHub)
			continue
		}
		rest.RawMember(key, value)
	}
	if rest.Len() > n {
		rest.EndObject()
		t.w.RawMember("generation_config", rest.Bytes())
	}
}

// modalities writes what the answer may be made of, if that is not text alone.
func (t *toHub) modalities(list []byte) {
	var names []string
	for m := range jsonedit.Elements(list) {
		names = append(names, strings.ToLower(jsonedit.Text(m)))
	}
	if len(names) == 0 || len(names) == 1 && names[0] == "text" {
		return
	}
	if t.c.Strict && strings.Join(names, "") != "audio" {
		t.c.Drop("generationConfig.responseModalities", "OpenAI's chat completions answer in text or audio alone")
		return
	}
	t.w.Key("modalities")
	t.w.Array()
	for _, name := range names {
		t.w.String(name)
	}
	t.w.EndArray()
}

func (t *toHub) responseFormat(m members) {
	mime, schema, own := m.text("responseMimeType"), m.take("responseJsonSchema"), m.take("responseSchema")
	switch mime {
	case "", "text/plain":
		if schema != nil || own != nil {
			t.c.Drop("generationConfig.responseSchema", "it counts only with responseMimeType application/json")
		}
		return
	case "application/json":
	default:
		t.c.Drop("generationConfig.responseMimeType", "OpenAI's chat completions answer in text or JSON alone")
		return
	}
	t.w.Key("response_format")
	t.w.Object()
	if schema == nil && own == nil {
		t.w.StringMember("type", "json_object")
		t.w.EndObject()
		return
	}
	if schema == nil {
		schema = t.plainSchema(own, "generationConfig.responseSchema")
	}
	t.w.StringMember("type", "json_schema")
	t.w.Key("json_schema")
	t.w.Object()
	t.w.StringMember("name", "response")
	t.w.RawMember("schema", schema)
	t.w.EndObject()
	t.w.EndObject()
}

// Budgets of thinking that the hub's efforts stand for. Source: Portkey's and
// Google's own OpenAI endpoint use the same figures.
const (
	lowBudget    = 1024
	mediumBudget = 8192
	highBudget   = 24576
)

// thinking writes how much to think. A budget is one in tokens for formats that
// have such, and the effort next to it for OpenAI.
func (t *toHub) thinking(m members) {
	level, budget := strings.ToLower(m.text("thinkingLevel")), m.take("thinkingBudget")
	m.take("includeThoughts")
	n := jsonedit.Int(budget)
	switch {
	case level != "" && level != "thinking_level_unspecified":
		t.w.StringMember("reasoning_effort", level)
	case budget == nil || n < 0: // the model decides
	case n == 0:
		if !t.c.Strict { // a model of OpenAI's that cannot think would refuse to be told not to
			t.w.RawMember("thinking", []byte(`{"type":"disabled"}`))
		}
	case t.c.Strict:
		t.w.StringMember("reasoning_effort", effortOf(n))
	default:
		if n < lowBudget && t.c.Onward {
			t.c.Drop("generationConfig.thinkingConfig.thinkingBudget", "the smallest budget elsewhere is 1024; it was sent instead of "+strconv.FormatInt(n, 10))
			n = lowBudget
		}
		t.w.Key("thinking")
		t.w.Object()
		t.w.StringMember("type", "enabled")
		t.w.IntMember("budget_tokens", n)
		t.w.EndObject()
	}
}

func effortOf(budget int64) string {
	switch {
	case budget <= lowBudget:
		return "low"
	case budget <= mediumBudget:
		return "medium"
	}
	return "high"
}
