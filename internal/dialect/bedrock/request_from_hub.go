package bedrock

import (
	"encoding/json"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/jsonschema"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/objects"
)

// RequestFromHub implements dialect.Translator.
func (Format) RequestFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	switch c.Op {
	case "", ai.Chat:
	case ai.Embed:
		return embeddingFromHub(c, body)
	case ai.ImageGenerate, ai.ImageEdit, ai.ImageVary:
		return pictureFromHub(c, body)
	case ai.Rerank:
		return rerankFromHub(c, body)
	case ai.CreateBatch:
		return jobFromHub(c, body)
	case ai.CreateFinetune:
		return customizationFromHub(c, body)
	case ai.CancelBatch, ai.CancelFinetune:
		return nil, nil
	case ai.UploadFile:
		return body, objects.Uploadable(body)
	default:
		return nil, unsupported(c.Op)
	}
	f := fromHub{c: c, top: split(body)}
	f.model = f.top.text("model")
	if c.Model != "" {
		f.model = c.Model
	}
	f.family = familyOf(f.model)
	f.w.Grow(len(body) + len(body)/8)
	f.request()
	if f.err != nil {
		return nil, f.err
	}
	return f.w.Bytes(), nil
}

// fromHub translates one request from the hub.
type fromHub struct {
	c      *dialect.Conversion
	w      jsonedit.Writer
	err    *ai.Error // the first fault
	top    members
	model  string
	family family

	conversation
	extra map[string]json.RawMessage // additionalModelRequestFields

	maxTokens int64 // 0 if no limit is asked for
	forced    bool  // a tool must be called
	thinks    bool  // Claude is asked to think

	outputEffort string
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

// ask sets a field that Converse passes on to the model as it is.
func (f *fromHub) ask(key string, value []byte) {
	if f.extra == nil {
		f.extra = map[string]json.RawMessage{}
	}
	f.extra[key] = json.RawMessage(value)
}

func (f *fromHub) request() {
	f.w.Object()
	f.messages(f.top.take("messages"), f.top.take("cache_control"))
	f.tools()
	f.effort()
	f.inference()
	f.sampling()
	f.output()
	f.who()
	f.own()
	f.additional()
	f.w.EndObject()
	for key, value := range f.top.left {
		if !isDefault(key, value) {
			f.c.Drop(key, "Bedrock's Converse has no such parameter")
		}
	}
}

// isDefault reports whether a parameter that Converse lacks asks for nothing
// else than what happens anyway.
func isDefault(key string, value []byte) bool {
	switch key {
	case "stream", "stream_options": // the path says it; usage is always told
		return true
	case "n":
		return string(value) == "1"
	case "store", "logprobs":
		return string(value) == "false"
	case "frequency_penalty", "presence_penalty", "top_logprobs":
		n, err := strconv.ParseFloat(string(value), 64)
		return err == nil && n == 0
	case "modalities":
		return string(value) == `["text"]`
	case "parallel_tool_calls":
		return string(value) == "true"
	}
	return false
}

// inference writes what every model understands.
func (f *fromHub) inference() {
	w := jsonedit.Writer{}
	w.Object()
	none := w.Len()
	if f.maxTokens > 0 {
		w.IntMember("maxTokens", f.maxTokens)
	}
	f.temperature(&w)
	if p := f.top.take("top_p"); p != nil {
		w.RawMember("topP", p)
	}
	f.stop(&w)
	if w.Len() > none {
		w.EndObject()
		f.w.RawMember("inferenceConfig", w.Bytes())
	}
}

// temperature is clamped: the hub's scale goes to 2, Converse's to 1.
func (f *fromHub) temperature(w *jsonedit.Writer) {
	raw := f.top.take("temperature")
	if raw == nil {
		return
	}
	t, err := strconv.ParseFloat(string(raw), 64)
	switch {
	case err != nil:
		f.fail("temperature", "must be a number")
		return
	case f.thinks && t != 1:
		f.c.Drop("temperature", "Claude thinks at temperature 1 only")
		return
	case t > 1:
		raw = []byte("1")
	case t < 0:
		raw = []byte("0")
	}
	if t < 0 || t > 1 {
		f.c.Drop("temperature", "Converse's temperature is between 0 and 1; "+strconv.FormatFloat(t, 'g', -1, 64)+" became "+string(raw))
	}
	w.RawMember("temperature", raw)
}

func (f *fromHub) stop(w *jsonedit.Writer) {
	switch stop := f.top.take("stop"); jsonedit.Kind(stop) {
	case 0:
	case '"':
		w.Key("stopSequences")
		w.Array()
		w.Raw(stop)
		w.EndArray()
	case '[':
		if length(stop) > 0 {
			w.RawMember("stopSequences", stop)
		}
	default:
		f.fail("stop", "must be a string or an array of strings")
	}
}

// sampling asks for what some models take under names of their own.
func (f *fromHub) sampling() {
	k := f.top.take("top_k")
	if k == nil {
		return
	}
	switch f.family {
	case amazon:
		f.ask("inferenceConfig", append(append([]byte(`{"topK":`), k...), '}'))
	case cohere:
		f.ask("k", k)
	case openAI:
		f.c.Drop("top_k", "OpenAI's models have no top_k")
	default:
		f.ask("top_k", k)
	}
}

// output writes the form of the answer.
func (f *fromHub) output() {
	format := f.top.take("response_format")
	effort := f.outputEffort
	config := split(f.top.take("output_config"))
	if own := config.text("effort"); own != "" {
		effort = own
	}
	var schema []byte
	switch kind := typeOf(format); kind {
	case "", "text":
	case "json_schema":
		schema = jsonedit.Get(format, "json_schema")
		if jsonedit.Kind(jsonedit.Get(schema, "schema")) != '{' {
			f.fail("response_format.json_schema.schema", "must be an object")
			return
		}
	default:
		f.c.Drop("response_format", "Converse has no "+kind+" mode; use json_schema, or ask for JSON in the prompt")
	}
	for key := range config.left {
		f.c.Drop("output_config."+key, "Bedrock's Converse has no such parameter")
	}
	if schema == nil && effort == "" {
		return
	}
	f.w.Key("outputConfig")
	f.w.Object()
	if schema != nil {
		f.textFormat(schema)
	}
	if effort != "" {
		f.w.StringMember("effort", effort)
	}
	f.w.EndObject()
}

// textFormat writes a schema, which Converse takes as text.
func (f *fromHub) textFormat(schema []byte) {
	var closed jsonedit.Writer
	if !jsonschema.Close(&closed, jsonedit.Get(schema, "schema")) {
		f.fail("response_format.json_schema.schema", "is nested more than %d levels deep", jsonschema.MaxDepth)
	}
	w := &f.w
	w.Key("textFormat")
	w.Object()
	w.StringMember("type", "json_schema")
	w.Key("structure")
	w.Object()
	w.Key("jsonSchema")
	w.Object()
	w.Key("schema")
	w.Quoted(closed.Bytes())
	for _, key := range []string{"name", "description"} {
		if v := jsonedit.Get(schema, key); !isEmpty(v) {
			w.RawMember(key, v)
		}
	}
	w.EndObject()
	w.EndObject()
	w.EndObject()
}

// who writes on whose behalf the call is: the user, for Claude alone, and
// metadata, which Bedrock keeps with its own log of the invocation.
func (f *fromHub) who() {
	user := f.top.take("user")
	if safety := f.top.take("safety_identifier"); user == nil {
		user = safety
	}
	metadata := f.top.take("requestMetadata")
	for _, key := range []string{"request_metadata", "metadata"} {
		if older := f.top.take(key); metadata == nil {
			metadata = older
		}
	}
	if user == nil {
		user = jsonedit.Get(metadata, "user_id")
	}
	switch {
	case jsonedit.IsNull(user):
	case f.family == claude:
		f.ask("metadata", append(append([]byte(`{"user_id":`), user...), '}'))
	default:
		f.c.Drop("user", "only Anthropic's models take a user on Bedrock")
	}
	var w jsonedit.Writer
	w.Object()
	n := 0
	for key, value := range jsonedit.Members(metadata) {
		switch {
		case string(key) == "user_id":
		case n == 16 || !fitsMetadata(string(key)) || jsonedit.Kind(value) != '"' || !fitsMetadata(jsonedit.Text(value)) || len(key) == 0:
			f.c.Drop("metadata."+string(key), "Bedrock's request metadata is at most 16 short texts of letters, digits, spaces and :_@$#=/+,-.")
		default:
			n++
			w.RawMember(string(key), value)
		}
	}
	if n > 0 {
		w.EndObject()
		f.w.RawMember("requestMetadata", w.Bytes())
	}
}

// fitsMetadata reports whether Bedrock allows a text in request metadata.
func fitsMetadata(s string) bool {
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == ' ':
		case r >= '+' && r <= '.' || r == ':' || r == '_' || r == '@' || r == '$' || r == '#' || r == '=' || r == '/':
		default:
			return false
		}
	}
	return len(s) <= 256
}

// ours are Converse's own parameters, which the hub takes under the names that
// Portkey's clients use as well.
var ours = [...][2]string{
	{"guardrailConfig", "guardrail_config"}, {"performanceConfig", "performance_config"}, {"promptVariables", "prompt_variables"},
	{"additionalModelResponseFieldPaths", "additional_model_response_field_paths"},
}

// own writes Converse's own parameters.
func (f *fromHub) own() {
	for _, names := range ours {
		value := f.top.take(names[0])
		if other := f.top.take(names[1]); value == nil {
			value = other
		}
		if value != nil {
			f.w.RawMember(names[0], value)
		}
	}
	switch tier := f.top.text("service_tier"); tier {
	case "", "auto":
	case "standard", "standard_only":
		writeTier(&f.w, "default")
	default:
		if !writeTier(&f.w, tier) {
			f.c.Drop("service_tier", "Bedrock has no service tier "+strconv.Quote(tier))
		}
	}
}

// additional writes what Converse passes on to the model: what the client itself
// wrote there, then what became of its other parameters.
func (f *fromHub) additional() {
	given := f.top.take("additionalModelRequestFields")
	if other := f.top.take("additional_model_request_fields"); given == nil {
		given = other
	}
	for _, key := range []string{"anthropic_beta", "anthropic_version"} {
		if v := f.top.take(key); v != nil {
			f.ask(key, v)
		}
	}
	if given != nil && jsonedit.Kind(given) != '{' {
		f.fail("additional_model_request_fields", "must be an object")
		return
	}
	for key := range jsonedit.Members(given) {
		delete(f.extra, string(key))
	}
	if given == nil && len(f.extra) == 0 {
		return
	}
	if given == nil {
		given = []byte("{}")
	}
	all, err := jsonedit.Merge(given, f.extra)
	if err != nil {
		f.fail("additional_model_request_fields", "must be an object")
		return
	}
	f.w.RawMember("additionalModelRequestFields", all)
}
