// Package triton is the generate extension of NVIDIA's Triton Inference Server:
// completions of a text. Beside the text, parameters stand at the top level,
// where the server gives each to the model's input of that name, or else to the
// backend. Its streams have neither an end mark nor, with most backends, a reason to
// end, so that a cut one looks like a whole one: they are not offered.
// Source: https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_generate.md
package triton

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
)

const whose = "Triton's generate"

// New returns the format.
func New() dialect.Format {
	return oneway.Format{
		ID:       ai.Triton,
		Requests: map[ai.Op]oneway.Translation{ai.Complete: complete},
		Replies:  map[ai.Op]oneway.Translation{ai.Complete: reply},
	}
}

func complete(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	prompt := top.Take("prompt")
	if jsonedit.Kind(prompt) != '"' {
		return nil, oneway.Invalid("prompt", "must be a text")
	}
	if string(top.Take("stream")) == "true" {
		return nil, oneway.Invalid("stream", "the streams of Triton's generate do not tell when the text is whole; ask for it without stream")
	}
	var w jsonedit.Writer
	w.Object()
	w.RawMember("text_input", prompt)
	switch stop := top.Take("stop"); jsonedit.Kind(stop) {
	case '"':
		w.Key("stop_words")
		w.Array()
		w.Raw(stop)
		w.EndArray()
	case '[':
		w.RawMember("stop_words", stop)
	}
	for _, key := range []string{"max_tokens", "temperature", "top_p", "top_k", "bad_words", "stop_words"} {
		top.Move(&w, key)
	}
	top.MoveAs(&w, "seed", "random_seed")
	w.EndObject()
	top.Take("model") // the address names it
	top.Take("stream_options")
	oneway.Left(c, whose, top)
	return w.Bytes(), nil
}

func reply(c *dialect.Conversion, body []byte) ([]byte, error) {
	text := jsonedit.Get(body, "text_output")
	if jsonedit.Kind(text) != '"' {
		return nil, oneway.BadReply("it has no text_output")
	}
	r := oneway.Reply{Text: text, Model: jsonedit.Text(jsonedit.Get(body, "model_name")), Finish: finish(body)}
	if r.Finish == "" {
		r.Finish = "stop"
	}
	return r.Write(c), nil
}

// finish is why the text ended, "" where the model does not tell.
func finish(body []byte) string {
	switch jsonedit.Text(jsonedit.Get(body, "details", "finish_reason")) {
	case "length":
		return "length"
	case "eos_token", "stop_sequence":
		return "stop"
	}
	return ""
}
