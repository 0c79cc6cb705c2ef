package cohere

import (
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// Completions are Cohere's generate, of version 1, which it no longer maintains.
// Its streams are lines of JSON, not events, and are not offered.
// Source: https://docs.cohere.com/v1/reference/generate

func generateFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	f := fromHub{c: c, top: jsonedit.Split(body)}
	if string(f.top.Take("stream")) == "true" {
		return nil, invalid("stream", "Cohere's completions are not streamed; use chat completions")
	}
	prompt := f.top.Take("prompt")
	if jsonedit.Kind(prompt) != '"' {
		return nil, invalid("prompt", "must be a text")
	}
	w := &f.w
	w.Object()
	writeModel(w, c, f.top)
	w.RawMember("prompt", prompt)
	f.limit()
	f.stop()
	f.number("frequency_penalty", "frequency_penalty", 0, 1)
	f.number("presence_penalty", "presence_penalty", 0, 1)
	for _, r := range [][2]string{{"n", "num_generations"}, {"temperature", "temperature"}, {"top_p", "p"}, {"top_k", "k"}, {"seed", "seed"}, {"truncate", "truncate"}} {
		f.top.MoveAs(w, r[0], r[1])
	}
	w.EndObject()
	for key, value := range f.top.Left {
		if !isDefault(key, value) {
			c.Drop(key, "Cohere's generate has no such parameter")
		}
	}
	if f.err != nil {
		return nil, f.err
	}
	return w.Bytes(), nil
}

func generationsToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	reply := jsonedit.Split(body)
	generations := reply.Take("generations")
	if jsonedit.Kind(generations) != '[' {
		return nil, badReply("a generation of Cohere's", "it has no generations")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("id", orElse(reply.Text("id"), c.ID))
	w.StringMember("object", "text_completion")
	w.IntMember("created", c.Now)
	w.StringMember("model", c.Model)
	w.Key("choices")
	w.Array()
	i := int64(0)
	for g := range jsonedit.Elements(generations) {
		reason := jsonedit.Text(jsonedit.Get(g, "finish_reason"))
		if e := failure(reason, ""); e != nil {
			return nil, e
		}
		w.Object()
		w.IntMember("index", i)
		w.RawMember("text", jsonedit.Get(g, "text"))
		w.RawMember("logprobs", nil)
		w.StringMember("finish_reason", finishToHub(c, reason))
		w.EndObject()
		i++
	}
	w.EndArray()
	if u := parseUsage(reply.Take("meta")); u.Known {
		w.Key("usage")
		openai.WriteUsage(&w, u)
	}
	w.EndObject()
	return w.Bytes(), nil
}
