package anthropic

import (
	"fmt"
	"strings"

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
		return modelsFromHub(body)
	case ai.GetModel:
		return modelFromHub(body)
	}
	var choice []byte
	n := 0
	for other := range jsonedit.Elements(jsonedit.Get(body, "choices")) {
		if n++; n == 1 {
			choice = other
			continue
		}
		c.Drop(fmt.Sprintf("choices[%d]", n-1), "Anthropic's messages have one answer")
	}
	message := split(jsonedit.Get(choice, "message"))
	if len(message) == 0 {
		return nil, badReply("a chat completion", "it has no message")
	}
	usage := openai.Format{}.Usage(c.Op, body)

	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("id", orElse(jsonedit.Text(jsonedit.Get(body, "id")), c.ID))
	w.StringMember("type", "message")
	w.StringMember("role", "assistant")
	w.StringMember("model", orElse(jsonedit.Text(jsonedit.Get(body, "model")), c.Model))
	w.Key("content")
	reason := jsonedit.Text(jsonedit.Get(choice, "finish_reason"))
	content := contentWriter{c: c, w: &w, cut: stopFromHub(reason, false) == "max_tokens"}
	if err := content.write(message); err != nil {
		return nil, err
	}
	w.StringMember("stop_reason", stopFromHub(reason, content.tools > 0))
	w.RawMember("stop_sequence", jsonedit.Get(choice, "stop_sequence"))
	w.Key("usage")
	writeUsage(&w, usage)
	w.EndObject()
	return w.Bytes(), nil
}

// contentWriter writes an assistant message's content blocks.
type contentWriter struct {
	c     *dialect.Conversion
	w     *jsonedit.Writer
	cut   bool // the token limit ended the answer
	tools int  // calls written
}

func (cw *contentWriter) write(message members) error {
	w := cw.w
	w.Array()
	text := false
	own := message.take("content_blocks")
	for block := range jsonedit.Elements(own) {
		if kind := typeOf(block); kind != "tool_use" {
			text = text || kind == "text"
			w.Raw(block)
		}
	}
	content := message.take("content")
	if thought := reasoning(message, content); thought != nil && own == nil {
		w.Object()
		w.StringMember("type", "thinking")
		w.RawMember("thinking", thought)
		w.StringMember("signature", "")
		w.EndObject()
	}
	if !text {
		writeTexts(w, content)
		writeTexts(w, message.take("refusal"))
	}
	for call := range jsonedit.Elements(message.take("tool_calls")) {
		if err := cw.toolUse(jsonedit.Text(jsonedit.Get(call, "id")), jsonedit.Get(call, "function")); err != nil {
			return err
		}
	}
	// Some servers write an empty one where there is none.
	if call := message.take("function_call"); !isEmpty(jsonedit.Get(call, "name")) && cw.tools == 0 {
		if err := cw.toolUse(functionID(jsonedit.Text(jsonedit.Get(call, "name"))), call); err != nil {
			return err
		}
	}
	w.EndArray()
	return nil
}

// reasoning is what a provider told of the model's thoughts, in the spellings
// that are known; nil if nothing.
func reasoning(message members, content []byte) []byte {
	for _, key := range []string{"reasoning_content", "reasoning"} {
		if v := message.take(key); jsonedit.Kind(v) == '"' && !isEmpty(v) {
			return v
		}
	}
	var all strings.Builder
	for part := range jsonedit.Elements(content) {
		for thought := range thoughts(part) {
			all.WriteString(jsonedit.Text(thought))
		}
	}
	if all.Len() == 0 {
		return nil
	}
	return jsonedit.AppendString(nil, all.String())
}

// thoughts yields what a part of a content tells of the model's thoughts, as JSON
// strings. Mistral has them there, as texts inside the part. Source: its API
// description, ThinkChunk.
func thoughts(part []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		if typeOf(part) != "thinking" {
			return
		}
		for text := range jsonedit.Elements(jsonedit.Get(part, "thinking")) {
			if v := jsonedit.Get(text, "text"); jsonedit.Kind(v) == '"' && !isEmpty(v) && !yield(v) {
				return
			}
		}
	}
}

// writeTexts writes a hub content, a string or parts, as text blocks.
func writeTexts(w *jsonedit.Writer, content []byte) {
	writeText(w, content)
	for part := range jsonedit.Elements(content) {
		if typeOf(part) == "text" {
			writeText(w, jsonedit.Get(part, "text"))
		}
	}
}

func writeText(w *jsonedit.Writer, text []byte) {
	if jsonedit.Kind(text) != '"' || isEmpty(text) {
		return
	}
	w.Object()
	w.StringMember("type", "text")
	w.RawMember("text", text)
	w.EndObject()
}

// toolUse writes a call. Arguments that the token limit cut are left out, with a
// receipt; otherwise they must be an object.
func (cw *contentWriter) toolUse(id string, function []byte) error {
	input := jsonedit.Get(function, "arguments")
	if jsonedit.Kind(input) != '{' {
		doc, ok := jsonedit.AsObject(jsonedit.Text(input))
		switch {
		case !ok && cw.cut:
			cw.c.Drop(fmt.Sprintf("choices[0].message.tool_calls[%d].function.arguments", cw.tools), "they were cut by the token limit and are no JSON object")
			doc = []byte("{}")
		case !ok:
			return ai.Errorf(ai.BadGateway, "the model called %s with arguments that are not a JSON object",
				jsonedit.Text(jsonedit.Get(function, "name")))
		}
		input = doc
	}
	cw.tools++
	w := cw.w
	w.Object()
	w.StringMember("type", "tool_use")
	w.StringMember("id", id)
	w.RawMember("name", jsonedit.Get(function, "name"))
	w.RawMember("input", input)
	w.EndObject()
	return nil
}
