package anthropic

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
	tools, err := writeContent(&w, message)
	if err != nil {
		return nil, err
	}
	w.StringMember("stop_reason", stopFromHub(jsonedit.Text(jsonedit.Get(choice, "finish_reason")), tools))
	w.RawMember("stop_sequence", jsonedit.Get(choice, "stop_sequence"))
	w.Key("usage")
	writeUsage(&w, usage)
	w.EndObject()
	return w.Bytes(), nil
}

// writeContent writes an assistant message's content blocks and reports whether
// a tool is called.
func writeContent(w *jsonedit.Writer, message members) (tools bool, err error) {
	w.Array()
	text := false
	own := message.take("content_blocks")
	for block := range jsonedit.Elements(own) {
		if kind := typeOf(block); kind != "tool_use" {
			text = text || kind == "text"
			w.Raw(block)
		}
	}
	if thought := reasoning(message); thought != nil && own == nil {
		w.Object()
		w.StringMember("type", "thinking")
		w.RawMember("thinking", thought)
		w.StringMember("signature", "")
		w.EndObject()
	}
	if !text {
		writeTexts(w, message.take("content"))
		writeTexts(w, message.take("refusal"))
	}
	calls := message.take("tool_calls")
	for call := range jsonedit.Elements(calls) {
		tools = true
		if err := writeToolUse(w, jsonedit.Text(jsonedit.Get(call, "id")), jsonedit.Get(call, "function")); err != nil {
			return tools, err
		}
	}
	if call := message.take("function_call"); call != nil && !tools {
		tools = true
		if err := writeToolUse(w, functionID(jsonedit.Text(jsonedit.Get(call, "name"))), call); err != nil {
			return tools, err
		}
	}
	w.EndArray()
	return tools, nil
}

// reasoning is what a provider told of the model's thoughts, in the spellings
// that are known; nil if nothing.
func reasoning(message members) []byte {
	for _, key := range []string{"reasoning_content", "reasoning"} {
		if v := message.take(key); jsonedit.Kind(v) == '"' && !isEmpty(v) {
			return v
		}
	}
	return nil
}

// writeTexts writes a hub content as text blocks.
func writeTexts(w *jsonedit.Writer, content []byte) {
	if jsonedit.Kind(content) == '"' && !isEmpty(content) {
		w.Object()
		w.StringMember("type", "text")
		w.RawMember("text", content)
		w.EndObject()
	}
	for part := range jsonedit.Elements(content) {
		if typeOf(part) == "text" {
			writeTexts(w, jsonedit.Get(part, "text"))
		}
	}
}

func writeToolUse(w *jsonedit.Writer, id string, function []byte) error {
	input := jsonedit.Get(function, "arguments")
	if jsonedit.Kind(input) != '{' {
		doc, ok := asObject(jsonedit.Text(input))
		if !ok {
			return ai.Errorf(ai.BadGateway, "the model called %s with arguments that are not a JSON object",
				jsonedit.Text(jsonedit.Get(function, "name")))
		}
		input = doc
	}
	w.Object()
	w.StringMember("type", "tool_use")
	w.StringMember("id", id)
	w.RawMember("name", jsonedit.Get(function, "name"))
	w.RawMember("input", input)
	w.EndObject()
	return nil
}
