package anthropic

import (
	"fmt"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/jsonschema"
	"github.com/portico-ai/portico/internal/dialect"
)

// RequestFromHub implements dialect.Translator.
func (Format) RequestFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if err := chatOnly(c); err != nil {
		return nil, err
	}
	f := fromHub{c: c, top: split(body)}
	f.w.Grow(len(body) + len(body)/8)
	f.request()
	if f.err != nil {
		return nil, f.err
	}
	return f.w.Bytes(), nil
}

// fromHub translates one request from the hub.
type fromHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	err *ai.Error // the first fault
	top members

	at      int             // index of the message at hand
	system  jsonedit.Writer // text blocks
	turns   jsonedit.Writer // messages
	results bool            // the last turn is one of tool results and still open
	forced  bool            // a tool must be called
}

func (f *fromHub) fail(path, format string, args ...any) {
	if f.err == nil {
		f.err = invalid(path, format, args...)
	}
}

// drop records what of the message at hand could not be carried.
func (f *fromHub) drop(path, reason string) {
	f.c.Drop("messages["+strconv.Itoa(f.at)+"]."+path, reason)
}

// carried are parameters that both have or that are Anthropic's own.
var carried = [...]string{
	"top_p", "top_k", "stream", "cache_control", "container", "mcp_servers", "context_management",
	"inference_geo", "speed", "diagnostics", "fallbacks", "user_profile_id",
}

func (f *fromHub) request() {
	f.w.Object()
	f.model()
	f.maxTokens()
	f.messages(f.top.take("messages"))
	f.tools()
	f.thinking()
	f.temperature()
	f.stop()
	f.user()
	f.serviceTier()
	for _, key := range carried {
		f.top.move(&f.w, key)
	}
	f.w.EndObject()
	for key, value := range f.top.left {
		if !isDefault(key, value) {
			f.c.Drop(key, "Anthropic's messages API has no such parameter")
		}
	}
}

// isDefault reports whether a parameter that Anthropic lacks asks for nothing
// else than what happens anyway.
func isDefault(key string, value []byte) bool {
	switch key {
	case "stream_options": // usage is always told
		return true
	case "n":
		return string(value) == "1"
	case "store", "logprobs":
		return string(value) == "false"
	case "frequency_penalty", "presence_penalty", "top_logprobs":
		f, err := strconv.ParseFloat(string(value), 64)
		return err == nil && f == 0
	case "modalities":
		return string(value) == `["text"]`
	case "parallel_tool_calls":
		return string(value) == "true"
	}
	return false
}

func (f *fromHub) model() {
	if model := f.top.take("model"); model != nil {
		f.w.RawMember("model", model)
		return
	}
	f.w.StringMember("model", f.c.Model)
}

func (f *fromHub) maxTokens() {
	limit := f.top.take("max_tokens")
	if newer := f.top.take("max_completion_tokens"); newer != nil {
		limit = newer
	}
	if limit == nil {
		f.w.IntMember("max_tokens", DefaultMaxTokens)
		return
	}
	f.w.RawMember("max_tokens", limit)
}

// temperature is clamped: the hub's scale goes to 2, Anthropic's to 1.
func (f *fromHub) temperature() {
	raw := f.top.take("temperature")
	if raw == nil {
		return
	}
	t, err := strconv.ParseFloat(string(raw), 64)
	switch {
	case err != nil:
		f.fail("temperature", "must be a number")
		return
	case t > 1:
		raw = []byte("1")
	case t < 0:
		raw = []byte("0")
	}
	if t < 0 || t > 1 {
		f.c.Drop("temperature", fmt.Sprintf("Anthropic's temperature is between 0 and 1; %v became %s", t, raw))
	}
	f.w.RawMember("temperature", raw)
}

func (f *fromHub) stop() {
	stop := f.top.take("stop")
	switch jsonedit.Kind(stop) {
	case 0:
	case '"':
		f.w.Key("stop_sequences")
		f.w.Array()
		f.w.Raw(stop)
		f.w.EndArray()
	case '[':
		if length(stop) > 0 {
			f.w.RawMember("stop_sequences", stop)
		}
	default:
		f.fail("stop", "must be a string or an array of strings")
	}
}

// user becomes Anthropic's only metadata.
func (f *fromHub) user() {
	user := f.top.take("user")
	if safety := f.top.take("safety_identifier"); user == nil {
		user = safety
	}
	for key, value := range jsonedit.Members(f.top.take("metadata")) {
		if string(key) == "user_id" {
			if user == nil {
				user = value
			}
			continue
		}
		f.c.Drop("metadata."+string(key), "Anthropic's metadata has only user_id")
	}
	if user != nil {
		f.w.Key("metadata")
		f.w.Object()
		f.w.RawMember("user_id", user)
		f.w.EndObject()
	}
}

func (f *fromHub) serviceTier() {
	switch tier := f.top.text("service_tier"); tier {
	case "":
	case "auto", "priority":
		f.w.StringMember("service_tier", "auto")
	case "default", "standard_only":
		f.w.StringMember("service_tier", "standard_only")
	default:
		f.c.Drop("service_tier", "Anthropic has no service tier "+strconv.Quote(tier))
	}
}

// thinking writes how much to think and in which form to answer.
func (f *fromHub) thinking() {
	thinking := f.top.take("thinking")
	effort := f.top.text("reasoning_effort")
	config := split(f.top.take("output_config"))
	schema := f.responseSchema()
	if schema == nil {
		schema = f.top.take("output_format")
	}

	switch {
	case thinking != nil:
		f.w.RawMember("thinking", thinking)
	case effort == "none":
		f.w.RawMember("thinking", []byte(`{"type":"disabled"}`))
	case effort != "" && f.forced:
		f.c.Drop("reasoning_effort", "Anthropic does not think when a tool must be called; only the effort was sent")
	case effort != "":
		f.w.RawMember("thinking", []byte(`{"type":"adaptive"}`))
	}
	if effort == "minimal" {
		effort = "low"
	}
	if effort == "none" {
		effort = ""
	}
	if effort == "" && schema == nil && len(config) == 0 {
		return
	}
	f.w.Key("output_config")
	f.w.Object()
	if own := config.take("effort"); own != nil {
		f.w.RawMember("effort", own)
	} else if effort != "" {
		f.w.StringMember("effort", effort)
	}
	if own := config.take("format"); own != nil {
		schema = own
	}
	if schema != nil {
		f.w.RawMember("format", schema)
	}
	for key, value := range config.left {
		f.w.RawMember(key, value)
	}
	f.w.EndObject()
}

// responseSchema is Anthropic's output format for a response_format, nil if
// there is none.
func (f *fromHub) responseSchema() []byte {
	format := f.top.take("response_format")
	switch kind := typeOf(format); kind {
	case "", "text":
		return nil
	case "json_schema":
		schema := jsonedit.Get(format, "json_schema", "schema")
		if jsonedit.Kind(schema) != '{' {
			f.fail("response_format.json_schema.schema", "must be an object")
			return nil
		}
		if jsonedit.Get(format, "json_schema", "description") != nil {
			f.c.Drop("response_format.json_schema.description", "Anthropic's output format has no description")
		}
		var w jsonedit.Writer
		w.Object()
		w.StringMember("type", "json_schema")
		w.Key("schema")
		if !jsonschema.Close(&w, schema) {
			f.fail("response_format.json_schema.schema", "is nested more than %d levels deep", jsonschema.MaxDepth)
		}
		w.EndObject()
		return w.Bytes()
	default:
		f.c.Drop("response_format", "Anthropic has no "+kind+" mode; use json_schema, or ask for JSON in the prompt")
		return nil
	}
}
