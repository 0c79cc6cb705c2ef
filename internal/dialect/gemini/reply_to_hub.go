package gemini

import (
	"fmt"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// ReplyToHub implements dialect.Translator. A reply that is an error object is
// returned as the error it tells.
func (f Format) ReplyToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if e := asError(body); e != nil {
		return nil, e
	}
	switch c.Op {
	case ai.Models:
		return modelsToHub(c, body)
	case ai.GetModel:
		return modelToHub(c, body)
	case ai.Embed:
		return vectorsToHub(c, body)
	case ai.ImageGenerate, ai.ImageEdit:
		return pictureToHub(c, body)
	}
	reply := splitOwn(body)
	candidates, feedback := reply.take("candidates"), reply.take("promptFeedback")
	if jsonedit.Length(candidates) == 0 && !isBlocked(feedback) {
		return nil, badReply("one of Gemini's", "it has neither candidates nor a reason for that")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("id", orElse(reply.text("responseId"), c.ID))
	w.StringMember("object", "chat.completion")
	w.IntMember("created", created(c, reply.text("createTime")))
	w.StringMember("model", orElse(reply.text("modelVersion"), c.Model))
	w.Key("choices")
	w.Array()
	i := 0
	for candidate := range jsonedit.Elements(candidates) {
		writeChoice(&w, c, splitOwn(candidate), i)
		i++
	}
	if i == 0 {
		writeBlocked(&w)
	}
	w.EndArray()
	usage := f.Usage(c.Op, body)
	if usage.Known {
		w.Key("usage")
		openai.WriteUsage(&w, usage)
	}
	if usage.ServiceTier != "" {
		w.StringMember("service_tier", tierToHub(usage.ServiceTier))
	}
	if feedback != nil && extended(c) {
		w.RawMember("promptFeedback", feedback)
	}
	w.EndObject()
	return w.Bytes(), nil
}

// extended reports whether the client reads extension members of Gemini's own.
func extended(c *dialect.Conversion) bool { return !c.Strict && !c.Onward }

func created(c *dialect.Conversion, told string) int64 {
	if t, err := time.Parse(time.RFC3339Nano, told); err == nil {
		return t.Unix()
	}
	return c.Now
}

// writeBlocked writes the choice of a prompt that was refused.
func writeBlocked(w *jsonedit.Writer) {
	w.Raw([]byte(`{"index":0,"message":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":"content_filter"}`))
}

func writeChoice(w *jsonedit.Writer, c *dialect.Conversion, candidate members, i int) {
	content := candidate.take("content")
	index := int64(i)
	if told := candidate.take("index"); told != nil {
		index = jsonedit.Int(told)
	}
	t := turn{c: c, reply: true, path: fmt.Sprintf("candidates[%d].content", i)}
	t.begin()
	t.read(get(content, "parts"), func(n int) string { return callID(c.ID, 100*i+n) })
	t.end()
	w.Object()
	w.IntMember("index", index)
	w.Key("message")
	w.Object()
	w.StringMember("role", "assistant")
	t.write(w, true)
	w.RawMember("refusal", nil)
	if t.audio != "" {
		writeAudio(w, c, t.audio)
	}
	found := sources{text: t.joined()}
	found.read(candidate)
	found.write(w)
	w.EndObject()
	w.Key("logprobs")
	writeLogprobs(w, candidate.take("logprobsResult"))
	w.StringMember("finish_reason", finishToHub(c, finishName(candidate.take("finishReason")), t.called > 0))
	if extended(c) {
		for key, value := range candidate.left {
			w.RawMember(key, value)
		}
	}
	w.EndObject()
}

// writeAudio writes what was spoken as the member audio of a message or delta.
func writeAudio(w *jsonedit.Writer, c *dialect.Conversion, data string) {
	w.Key("audio")
	w.Object()
	w.StringMember("id", "audio_"+c.ID)
	w.StringMember("data", data)
	w.IntMember("expires_at", c.Now)
	w.StringMember("transcript", "")
	w.EndObject()
}

// joined is the turn's text.
func (t *turn) joined() string {
	if len(t.texts) == 0 {
		return ""
	}
	return jsonedit.Text(jsonedit.JoinTexts(t.texts, ""))
}

// writeLogprobs writes a candidate's logprobsResult as the hub's logprobs.
func writeLogprobs(w *jsonedit.Writer, result []byte) {
	chosen, top := get(result, "chosenCandidates"), get(result, "topCandidates")
	if chosen == nil {
		w.Raw(nil)
		return
	}
	var alternatives [][]byte
	for one := range jsonedit.Elements(top) {
		alternatives = append(alternatives, get(one, "candidates"))
	}
	w.Object()
	w.Key("content")
	w.Array()
	i := 0
	for token := range jsonedit.Elements(chosen) {
		w.Object()
		writeToken(w, token)
		w.Key("top_logprobs")
		w.Array()
		if i < len(alternatives) {
			for other := range jsonedit.Elements(alternatives[i]) {
				w.Object()
				writeToken(w, other)
				w.EndObject()
			}
		}
		w.EndArray()
		w.EndObject()
		i++
	}
	w.EndArray()
	w.RawMember("refusal", nil)
	w.EndObject()
}

func writeToken(w *jsonedit.Writer, token []byte) {
	text := jsonedit.Text(get(token, "token"))
	w.StringMember("token", text)
	p := get(token, "logProbability")
	if p == nil {
		p = []byte("0") // proto JSON leaves out a probability of one
	}
	w.RawMember("logprob", p)
	w.Key("bytes")
	w.Array()
	for _, b := range []byte(text) {
		w.Int(int64(b))
	}
	w.EndArray()
}
