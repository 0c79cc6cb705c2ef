package gemini

import (
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// sameInGemini are parameters that Gemini has in generationConfig.
var sameInGemini = [...]struct{ hub, own string }{
	{"temperature", "temperature"}, {"top_p", "topP"}, {"top_k", "topK"}, {"seed", "seed"}, {"n", "candidateCount"},
	{"presence_penalty", "presencePenalty"}, {"frequency_penalty", "frequencyPenalty"}, {"top_logprobs", "logprobs"},
	{"media_resolution", "mediaResolution"}, {"image_config", "imageConfig"}, {"speech_config", "speechConfig"},
}

// generation writes generationConfig, if it says anything.
func (f *fromHub) generation() {
	var w jsonedit.Writer
	w.Object()
	empty := w.Len()
	for _, p := range sameInGemini {
		v := f.top.take(p.hub)
		if v == nil || p.hub == "n" && string(v) == "1" {
			continue
		}
		if jsonedit.Kind(v) == '{' {
			v = camelKeys(v)
		}
		w.RawMember(p.own, v)
	}
	if v := f.top.take("logprobs"); string(v) == "true" {
		w.RawMember("responseLogprobs", v)
	}
	limit := f.top.take("max_tokens")
	if newer := f.top.take("max_completion_tokens"); newer != nil {
		limit = newer
	}
	if limit != nil {
		w.RawMember("maxOutputTokens", limit)
	}
	f.stop(&w)
	f.modalities(&w)
	f.voice(&w)
	f.responseFormat(&w)
	f.thinking(&w)
	for key, value := range jsonedit.Members(f.top.take("generation_config")) {
		w.RawMember(camel(key), value)
	}
	w.EndObject()
	if w.Len() > empty+1 {
		f.w.RawMember("generationConfig", w.Bytes())
	}
}

// camelKeys writes an object's own keys in camelCase.
func camelKeys(doc []byte) []byte {
	var w jsonedit.Writer
	w.Object()
	for key, value := range jsonedit.Members(doc) {
		w.RawMember(camel(key), value)
	}
	w.EndObject()
	return w.Bytes()
}

func (f *fromHub) stop(w *jsonedit.Writer) {
	stop := f.top.take("stop")
	switch jsonedit.Kind(stop) {
	case 0:
	case '"':
		w.Key("stopSequences")
		w.Array()
		w.Raw(stop)
		w.EndArray()
	case '[':
		if jsonedit.Length(stop) > 0 {
			w.RawMember("stopSequences", stop)
		}
	default:
		f.fail("stop", "must be a string or an array of strings")
	}
}

func (f *fromHub) modalities(w *jsonedit.Writer) {
	list := f.top.take("modalities")
	if jsonedit.Length(list) == 0 || string(list) == `["text"]` {
		return
	}
	w.Key("responseModalities")
	w.Array()
	for m := range jsonedit.Elements(list) {
		w.String(strings.ToUpper(jsonedit.Text(m)))
	}
	w.EndArray()
}

// voice writes what OpenAI's audio parameter asks for.
func (f *fromHub) voice(w *jsonedit.Writer) {
	audio := split(f.top.take("audio"))
	voice := audio.take("voice")
	if format := audio.text("format"); format != "" && format != "pcm16" {
		f.c.Drop("audio.format", "Gemini's audio is always PCM")
	}
	if voice == nil {
		return
	}
	w.Key("speechConfig")
	w.Object()
	w.Key("voiceConfig")
	w.Object()
	w.Key("prebuiltVoiceConfig")
	w.Object()
	w.RawMember("voiceName", voice)
	w.EndObject()
	w.EndObject()
	w.EndObject()
}

func (f *fromHub) responseFormat(w *jsonedit.Writer) {
	format := f.top.take("response_format")
	switch kind := typeOf(format); kind {
	case "", "text":
	case "json_object":
		w.StringMember("responseMimeType", "application/json")
	case "json_schema":
		schema := jsonedit.Get(format, "json_schema", "schema")
		w.StringMember("responseMimeType", "application/json")
		if jsonedit.IsNull(schema) {
			return
		}
		const path = "response_format.json_schema.schema"
		if jsonedit.Kind(schema) != '{' {
			f.fail(path, "must be an object")
			return
		}
		key := "responseJsonSchema"
		if plainOnly(f.model) {
			key = "responseSchema"
		}
		if jsonedit.Get(schema, "description") == nil {
			if d := jsonedit.Get(format, "json_schema", "description"); jsonedit.Kind(d) == '"' {
				schema = described(schema, d)
			}
		}
		w.RawMember(key, f.level(schema, path, key == "responseSchema"))
	default:
		f.fail("response_format.type", "%q is none of text, json_object and json_schema", kind)
	}
}

func described(schema, description []byte) []byte {
	if out, err := jsonedit.Set(schema, "description", description); err == nil {
		return out
	}
	return schema
}

// thinking writes how much to think. Models from Gemini 3 on are told a level,
// those before a budget; Gemini 3 takes a budget as well, but not both.
func (f *fromHub) thinking(w *jsonedit.Writer) {
	thinking, effort := f.top.take("thinking"), f.top.text("reasoning_effort")
	budget := jsonedit.Get(thinking, "budget_tokens")
	kind := typeOf(thinking)
	var t jsonedit.Writer
	t.Object()
	switch {
	case kind == "disabled" || kind == "" && effort == "none":
		f.noThinking(&t)
	case kind == "enabled" && !jsonedit.IsNull(budget):
		t.RawMember("includeThoughts", []byte("true"))
		t.RawMember("thinkingBudget", budget)
	case effort != "" && effort != "none":
		t.RawMember("includeThoughts", []byte("true"))
		f.effort(&t, effort)
	case kind != "":
		t.RawMember("includeThoughts", []byte("true"))
	default:
		return
	}
	t.EndObject()
	w.RawMember("thinkingConfig", t.Bytes())
}

// levels reports whether a model is told a level of thinking, not a budget.
func levels(model string) bool { return strings.Contains(model, "gemini-3") }

func (f *fromHub) noThinking(t *jsonedit.Writer) {
	if !levels(f.model) {
		t.IntMember("thinkingBudget", 0)
		return
	}
	f.c.Drop("reasoning_effort", "this model always thinks; its lowest level was sent")
	if strings.Contains(f.model, "flash") {
		t.StringMember("thinkingLevel", "MINIMAL")
	} else {
		t.StringMember("thinkingLevel", "LOW")
	}
}

func (f *fromHub) effort(t *jsonedit.Writer, effort string) {
	level, budget := effort, int64(0)
	switch effort {
	case "minimal":
		budget = lowBudget
		if !strings.Contains(f.model, "flash") {
			level = "low" // only the smaller models have it
		}
	case "low":
		budget = lowBudget
	case "medium":
		budget = mediumBudget
	case "high":
		budget = highBudget
	case "xhigh", "max":
		level, budget = "high", highBudget
		f.c.Drop("reasoning_effort", "Gemini has no effort "+effort+"; high was sent")
	default:
		f.fail("reasoning_effort", "%q is none of none, minimal, low, medium, high", effort)
	}
	if levels(f.model) {
		t.StringMember("thinkingLevel", strings.ToUpper(level))
	} else {
		t.IntMember("thinkingBudget", budget)
	}
}
