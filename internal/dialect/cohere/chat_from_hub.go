package cohere

import (
	"fmt"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// chatFromHub writes a chat request.
// Source: https://docs.cohere.com/v2/reference/chat
func chatFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	f := fromHub{c: c, top: jsonedit.Split(body)}
	f.w.Grow(len(body) + len(body)/8)
	f.request()
	if f.err != nil {
		return nil, f.err
	}
	return f.w.Bytes(), nil
}

// fromHub translates one chat request from the hub.
type fromHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	err *ai.Error // the first fault
	top jsonedit.Object
	at  int // index of the message at hand
}

func (f *fromHub) fail(path, format string, args ...any) {
	if f.err == nil {
		f.err = invalid(path, format, args...)
	}
}

// here is the path of something in the message at hand.
func (f *fromHub) here(path string) string {
	return "messages[" + strconv.Itoa(f.at) + "]." + path
}

// drop records what of the message at hand could not be carried.
func (f *fromHub) drop(path, reason string) { f.c.Drop(f.here(path), reason) }

// carried are parameters that both have or that are Cohere's own.
var carried = [...]string{
	"stream", "seed", "logprobs", "k", "p", "safety_mode", "documents", "citation_options", "strict_tools", "priority",
}

func (f *fromHub) request() {
	w := &f.w
	w.Object()
	writeModel(w, f.c, f.top)
	f.messages(f.top.Take("messages"))
	f.tools()
	f.format()
	f.thinking()
	f.limit()
	f.stop()
	f.number("temperature", "temperature", 0, 1)
	f.number("top_p", "p", 0.01, 0.99)
	f.number("frequency_penalty", "frequency_penalty", 0, 1)
	f.number("presence_penalty", "presence_penalty", 0, 1)
	f.top.MoveAs(w, "top_k", "k")
	for _, key := range carried {
		f.top.Move(w, key)
	}
	w.EndObject()
	for key, value := range f.top.Left {
		if !isDefault(key, value) {
			f.c.Drop(key, "Cohere's chat has no such parameter")
		}
	}
}

// isDefault reports whether a parameter that Cohere lacks asks for nothing else
// than what happens anyway.
func isDefault(key string, value []byte) bool {
	switch key {
	case "stream_options": // usage is always told
		return true
	case "n":
		return string(value) == "1"
	case "store":
		return string(value) == "false"
	case "modalities":
		return string(value) == `["text"]`
	case "parallel_tool_calls":
		return string(value) == "true"
	case "top_logprobs":
		return string(value) == "0"
	}
	return false
}

func (f *fromHub) limit() {
	limit := f.top.Take("max_tokens")
	if newer := f.top.Take("max_completion_tokens"); newer != nil {
		limit = newer
	}
	if limit != nil {
		f.w.RawMember("max_tokens", limit)
	}
}

// number writes a parameter whose scale is narrower than the hub's.
func (f *fromHub) number(key, as string, low, high float64) {
	raw := f.top.Take(key)
	if raw == nil {
		return
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		f.fail(key, "must be a number")
		return
	}
	if clamped := min(max(n, low), high); clamped != n {
		raw = strconv.AppendFloat(nil, clamped, 'g', -1, 64)
		if key != "top_p" || n != 1 { // which is the hub's way to say nothing
			f.c.Drop(key, fmt.Sprintf("Cohere's %s is between %v and %v; %v became %s", as, low, high, n, raw))
		}
	}
	f.w.RawMember(as, raw)
}

func (f *fromHub) stop() {
	stop := f.top.Take("stop")
	switch jsonedit.Kind(stop) {
	case 0:
	case '"':
		f.w.Key("stop_sequences")
		f.w.Array()
		f.w.Raw(stop)
		f.w.EndArray()
	case '[':
		if jsonedit.Length(stop) > 0 {
			f.w.RawMember("stop_sequences", stop)
		}
	default:
		f.fail("stop", "must be a string or an array of strings")
	}
}

// format writes the form of the answer. A JSON schema is cut down to what Cohere
// knows of schemas.
func (f *fromHub) format() {
	format := f.top.Take("response_format")
	if own := jsonedit.Get(format, "json_schema", "schema"); own == nil && typeOf(format) == "json_object" {
		f.w.RawMember("response_format", format)
		return
	}
	switch kind := typeOf(format); kind {
	case "", "text":
	case "json_schema":
		schema := jsonedit.Get(format, "json_schema", "schema")
		if jsonedit.Kind(schema) != '{' {
			f.fail("response_format.json_schema.schema", "must be an object")
			return
		}
		if jsonedit.Get(format, "json_schema", "description") != nil {
			f.c.Drop("response_format.json_schema.description", "Cohere's response format has no description")
		}
		f.w.Key("response_format")
		f.w.Object()
		f.w.StringMember("type", "json_object")
		f.w.Key("json_schema")
		s := schemaWriter{w: &f.w, c: f.c}
		s.schema(schema, "response_format.json_schema.schema")
		f.w.EndObject()
		if s.tooDeep {
			f.fail("response_format.json_schema.schema", "is nested more than %d levels deep", maxSchemaDepth)
		}
	default:
		f.c.Drop("response_format", "Cohere has no response format of type "+kind)
	}
}

// budgets are the tokens to think with that stand for an effort; more effort is
// no limit at all.
var budgets = map[string]int64{"minimal": 1024, "low": 1024, "medium": 8192}

// thinking writes whether and how much to think.
func (f *fromHub) thinking() {
	thinking, effort := jsonedit.Split(f.top.Take("thinking")), f.top.Text("reasoning_effort")
	if len(thinking) == 0 && effort == "" {
		return
	}
	w := &f.w
	w.Key("thinking")
	w.Object()
	kind, budget := thinking.Text("type"), thinking.Take("token_budget")
	if theirs := thinking.Take("budget_tokens"); budget == nil {
		budget = theirs
	}
	switch {
	case kind == "disabled" || kind == "" && effort == "none":
		w.StringMember("type", "disabled")
	default:
		w.StringMember("type", "enabled")
		if budget != nil {
			w.RawMember("token_budget", budget)
		} else if n := budgets[effort]; n > 0 {
			w.IntMember("token_budget", n)
		}
	}
	w.EndObject()
	for key := range thinking.Left {
		f.c.Drop("thinking."+key, "Cohere's thinking has no such member")
	}
}
