package cohere

import (
	"strconv"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// writeLogprob writes one chunk of text with the probability of all its tokens
// together.
func writeLogprob(w *jsonedit.Writer, item []byte) {
	text := jsonedit.Get(item, "text")
	sum := 0.0
	for p := range jsonedit.Elements(jsonedit.Get(item, "logprobs")) {
		if n, err := strconv.ParseFloat(string(p), 64); err == nil {
			sum += n
		}
	}
	w.Object()
	w.RawMember("token", text)
	w.RawMember("logprob", strconv.AppendFloat(nil, sum, 'g', -1, 64))
	w.Key("bytes")
	w.Array()
	for _, b := range []byte(jsonedit.Text(text)) {
		w.Int(int64(b))
	}
	w.EndArray()
	w.RawMember("top_logprobs", []byte("[]"))
	w.EndObject()
}

// writeLogprobsFromHub writes OpenAI's log probabilities in Cohere's form, which
// has token ids that OpenAI does not tell.
func writeLogprobsFromHub(w *jsonedit.Writer, logprobs []byte) {
	w.Array()
	for token := range jsonedit.Elements(jsonedit.Get(logprobs, "content")) {
		writeLogprobFromHub(w, token)
	}
	w.EndArray()
}

func writeLogprobFromHub(w *jsonedit.Writer, token []byte) {
	w.Object()
	w.RawMember("text", jsonedit.Get(token, "token"))
	w.RawMember("token_ids", []byte("[]"))
	w.Key("logprobs")
	w.Array()
	w.Raw(jsonedit.Get(token, "logprob"))
	w.EndArray()
	w.EndObject()
}
