package gemini

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// ReplyFromHub implements dialect.Translator. A reply that is an error object is
// returned as the error it tells.
func (Format) ReplyFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if e := asError(body); e != nil {
		return nil, e
	}
	switch c.Op {
	case ai.Models:
		return modelsFromHub(c, body)
	case ai.GetModel:
		return modelFromHub(body)
	case ai.Embed:
		return vectorsFromHub(c, body)
	}
	choices := jsonedit.Get(body, "choices")
	if jsonedit.Length(choices) == 0 {
		return nil, badReply("a chat completion", "it has no choices")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.Key("candidates")
	w.Array()
	i := 0
	for choice := range jsonedit.Elements(choices) {
		if err := writeCandidate(&w, c, choice, i); err != nil {
			return nil, err
		}
		i++
	}
	w.EndArray()
	if usage := (openai.Format{}).Usage(c.Op, body); usage.Known {
		w.Key("usageMetadata")
		writeUsage(&w, usage)
	}
	w.StringMember("modelVersion", orElse(jsonedit.Text(jsonedit.Get(body, "model")), c.Model))
	w.StringMember("responseId", orElse(jsonedit.Text(jsonedit.Get(body, "id")), c.ID))
	w.EndObject()
	return w.Bytes(), nil
}

func writeCandidate(w *jsonedit.Writer, c *dialect.Conversion, choice []byte, i int) error {
	message := split(jsonedit.Get(choice, "message"))
	reason := jsonedit.Text(jsonedit.Get(choice, "finish_reason"))
	var pw jsonedit.Writer
	pw.Array()
	parts := modelParts{w: func() *jsonedit.Writer { return &pw }, drop: func(path, why string) {
		c.Drop(fmt.Sprintf("choices[%d].message.%s", i, path), why)
	}}
	content, own := message.take("content"), message.take("content_blocks")
	if thought := reasoning(message); thought != nil && own == nil {
		parts.thinking(thought, "")
	}
	parts.content(own, content)
	parts.text(message.take("refusal"))
	n := 0
	for call := range jsonedit.Elements(message.take("tool_calls")) {
		path := fmt.Sprintf("tool_calls[%d].function", n)
		if err := replyCall(&parts, call, jsonedit.Get(call, "function"), path, reason); err != nil {
			return err
		}
		n++
	}
	if call := message.take("function_call"); call != nil && n == 0 {
		if err := replyCall(&parts, nil, call, "function_call", reason); err != nil {
			return err
		}
	}
	parts.flush()
	if audio := split(message.take("audio")); audio.take("data") != nil {
		parts.drop("audio", "Gemini's answers hold audio only as PCM")
		parts.text(audio.take("transcript"))
		parts.flush()
	}
	pw.EndArray()
	w.Object()
	w.Key("content")
	w.Object()
	w.RawMember("parts", pw.Bytes())
	w.StringMember("role", "model")
	w.EndObject()
	w.StringMember("finishReason", finishFromHub(reason))
	index := jsonedit.Int(jsonedit.Get(choice, "index"))
	w.IntMember("index", index)
	writeGrounding(w, message.take("annotations"), hubText(content))
	writeLogprobsResult(w, jsonedit.Get(choice, "logprobs", "content"))
	w.EndObject()
	return nil
}

// hubText is the text of a message's content.
func hubText(content []byte) string {
	text := jsonedit.Text(content)
	for part := range jsonedit.Elements(content) {
		text += jsonedit.Text(jsonedit.Get(part, "text"))
	}
	return text
}

// reasoning is what a provider told of the model's thoughts, in the spellings
// that are known; nil if nothing.
func reasoning(message members) []byte {
	for _, key := range []string{"reasoning_content", "reasoning"} {
		if v := message.take(key); jsonedit.Kind(v) == '"' && !jsonedit.IsEmpty(v) {
			return v
		}
	}
	return nil
}

// replyCall writes a call. Arguments that the token limit cut are left out, with a
// receipt; otherwise they must be an object.
func replyCall(parts *modelParts, call, function []byte, path, reason string) error {
	args := jsonedit.Get(function, "arguments")
	if jsonedit.Kind(args) != '{' {
		doc, ok := jsonedit.AsObject(jsonedit.Text(args))
		switch {
		case !ok && finishFromHub(reason) == "MAX_TOKENS":
			parts.drop(path+".arguments", "they were cut by the token limit and are no JSON object")
			doc = []byte("{}")
		case !ok:
			return notAnObject(jsonedit.Get(function, "name"))
		}
		args = doc
	}
	id, inID := splitID(jsonedit.Text(jsonedit.Get(call, "id")))
	parts.call(id, jsonedit.Get(function, "name"), args, signatureOf(call, function, inID))
	return nil
}

func notAnObject(name []byte) *ai.Error {
	return ai.Errorf(ai.BadGateway, "the model called %s with arguments that are not a JSON object", jsonedit.Text(name))
}

// writeLogprobsResult writes the hub's logprobs as a candidate's, if there are
// any.
func writeLogprobsResult(w *jsonedit.Writer, tokens []byte) {
	if jsonedit.Length(tokens) == 0 {
		return
	}
	token := func(doc []byte) {
		w.Object()
		w.RawMember("token", jsonedit.Get(doc, "token"))
		w.RawMember("logProbability", jsonedit.Get(doc, "logprob"))
		w.EndObject()
	}
	w.Key("logprobsResult")
	w.Object()
	w.Key("chosenCandidates")
	w.Array()
	for t := range jsonedit.Elements(tokens) {
		token(t)
	}
	w.EndArray()
	w.Key("topCandidates")
	w.Array()
	for t := range jsonedit.Elements(tokens) {
		w.Object()
		w.Key("candidates")
		w.Array()
		for other := range jsonedit.Elements(jsonedit.Get(t, "top_logprobs")) {
			token(other)
		}
		w.EndArray()
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
}
