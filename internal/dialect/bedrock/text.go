package bedrock

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
)

// Text is the format of completions through InvokeModel: models of Meta, Mistral,
// Amazon (Titan) and Cohere (Command) that continue a text, each with names of its
// own for the same things. Source: Amazon's pages on their inference parameters.
const Text ai.Dialect = "bedrock-text"

// NewText returns the format Text.
func NewText() dialect.Format {
	return oneway.Format{
		ID:       Text,
		Requests: map[ai.Op]oneway.Translation{ai.Complete: textFromHub},
		Replies:  map[ai.Op]oneway.Translation{ai.Complete: textToHub},
		Stream:   textStream,
	}
}

// A textFamily is how models of a name are asked: what they call the parameters,
// "" for what they do not have, and the member that holds all but the prompt.
type textFamily struct {
	start, prompt, inner                         string
	limit, temperature, topP, topK, stop, stream string
}

var textFamilies = []textFamily{
	{start: "meta.llama", prompt: "prompt", limit: "max_gen_len", temperature: "temperature", topP: "top_p"},
	{start: "mistral.", prompt: "prompt", limit: "max_tokens", temperature: "temperature", topP: "top_p", topK: "top_k", stop: "stop"},
	{start: "amazon.titan-text", prompt: "inputText", inner: "textGenerationConfig", limit: "maxTokenCount", temperature: "temperature", topP: "topP", stop: "stopSequences"},
	{start: "cohere.command-text", prompt: "prompt", limit: "max_tokens", temperature: "temperature", topP: "p", topK: "k", stop: "stop_sequences", stream: "stream"},
	{start: "cohere.command-light-text", prompt: "prompt", limit: "max_tokens", temperature: "temperature", topP: "p", topK: "k", stop: "stop_sequences", stream: "stream"},
}

func textFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	name := foundation(orElse(c.Model, top.Text("model")))
	for _, f := range textFamilies {
		if strings.HasPrefix(name, f.start) {
			return f.request(c, top)
		}
	}
	return nil, oneway.Invalid("model", "Bedrock's completions are known of models of Meta, Mistral, Titan Text and Command Text; use chat completions for %s", name)
}

func (f *textFamily) request(c *dialect.Conversion, top jsonedit.Object) ([]byte, error) {
	prompt := top.Take("prompt")
	if jsonedit.Kind(prompt) != '"' {
		return nil, oneway.Invalid("prompt", "must be a text")
	}
	var w jsonedit.Writer
	w.Object()
	w.RawMember(f.prompt, prompt)
	if f.inner != "" {
		w.Key(f.inner)
		w.Object()
	}
	for _, p := range [][2]string{{"max_tokens", f.limit}, {"temperature", f.temperature}, {"top_p", f.topP}, {"top_k", f.topK}} {
		if p[1] != "" {
			top.MoveAs(&w, p[0], p[1])
		}
	}
	if f.stop != "" {
		writeStops(&w, f.stop, top.Take("stop"))
	}
	if f.inner != "" {
		w.EndObject()
	}
	if stream := top.Take("stream"); f.stream != "" && string(stream) == "true" {
		w.RawMember(f.stream, stream)
	}
	w.EndObject()
	for _, key := range []string{"model", "stream_options"} {
		top.Take(key)
	}
	if string(top.Look("n")) == "1" {
		top.Take("n")
	}
	oneway.Left(c, "the model", top)
	return w.Bytes(), nil
}

// writeStops writes the texts that end an answer, which may be one, as a list.
func writeStops(w *jsonedit.Writer, key string, stop []byte) {
	switch jsonedit.Kind(stop) {
	case '[':
		w.RawMember(key, stop)
	case '"':
		w.Key(key)
		w.Array()
		w.Raw(stop)
		w.EndArray()
	}
}

// textEnds are the models' own words for why a text ended.
var textEnds = map[string]string{
	"stop": "stop", "FINISH": "stop", "FINISHED": "stop", "COMPLETE": "stop", "STOP_CRITERIA_MET": "stop",
	"length": "length", "LENGTH": "length", "MAX_TOKENS": "length",
	"CONTENT_FILTERED": "content_filter", "ERROR_TOXIC": "content_filter",
}

// A part is what a reply, or an event of a stream, says.
type part struct {
	text  []byte // a JSON string, nil if there is none
	end   string // in the hub's words, "" if it is not the end
	usage ai.Usage
}

func readPart(body []byte) (p part) {
	one := body
	for _, list := range []string{"outputs", "results", "generations"} {
		for item := range jsonedit.Elements(jsonedit.Get(body, list)) {
			one = item
			break
		}
	}
	for _, key := range []string{"generation", "outputText", "text"} {
		if text := jsonedit.Get(one, key); jsonedit.Kind(text) == '"' {
			p.text = text
		}
	}
	for _, key := range []string{"stop_reason", "completionReason", "finish_reason"} {
		if reason := jsonedit.Text(jsonedit.Get(one, key)); reason != "" {
			p.end = orElse(textEnds[reason], "stop")
		}
	}
	for _, pair := range [][2][]byte{
		{jsonedit.Get(body, "prompt_token_count"), jsonedit.Get(body, "generation_token_count")},
		{jsonedit.Get(body, "inputTextTokenCount"), jsonedit.Get(one, "tokenCount")},
		{jsonedit.Get(body, Metrics, "inputTokenCount"), jsonedit.Get(body, Metrics, "outputTokenCount")},
	} {
		if !jsonedit.IsNull(pair[0]) && !jsonedit.IsNull(pair[1]) {
			p.usage = ai.Usage{Known: true, InputTokens: count(pair[0]), OutputTokens: count(pair[1])}
		}
	}
	return p
}

// Metrics is the member that tells, in the last event of a stream, what it cost.
const Metrics = "amazon-bedrock-invocationMetrics"

func textToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	p := readPart(body)
	if p.text == nil {
		return nil, oneway.BadReply("it has no text")
	}
	r := oneway.Reply{ID: jsonedit.Text(jsonedit.Get(body, "id")), Text: p.text, Finish: orElse(p.end, "stop"), Usage: p.usage}
	return r.Write(c), nil
}

// textStream reads a stream, which ends with the event that has the metrics.
func textStream(c *dialect.Conversion) func(out, data []byte) ([]byte, error) {
	chunks := oneway.Chunks{C: c}
	return func(out, data []byte) ([]byte, error) {
		if jsonedit.Get(data, "message") != nil { // an exception
			return out, Format{}.ParseError(0, data)
		}
		p := readPart(data)
		if p.text != nil {
			out = chunks.Text(out, p.text)
		}
		if p.end != "" {
			out = chunks.Finish(out, p.end)
		}
		if jsonedit.Get(data, Metrics) != nil {
			out = chunks.End(out, p.usage)
		}
		return out, nil
	}
}
