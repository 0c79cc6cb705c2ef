package anthropic

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// ReplyToHub implements dialect.Translator. A reply that is an error object is
// returned as the error it tells.
func (Format) ReplyToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if e := asError(body); e != nil {
		return nil, e
	}
	if c.Op == ai.GetModel {
		return modelToHub(c, body)
	}
	if c.Op == ai.Models {
		return modelsToHub(c, body)
	}
	reply := split(body)
	content := reply.take("content")
	if jsonedit.Kind(content) != '[' {
		return nil, badReply("an Anthropic message", "it has no content")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("id", orElse(reply.text("id"), c.ID))
	w.StringMember("object", "chat.completion")
	w.IntMember("created", c.Now)
	w.StringMember("model", orElse(reply.text("model"), c.Model))
	w.Key("choices")
	w.Array()
	w.Object()
	w.IntMember("index", 0)
	w.Key("message")
	writeHubMessage(&w, c, content)
	w.RawMember("logprobs", nil)
	w.StringMember("finish_reason", stopToHub(reply.text("stop_reason"), c.Strict || c.Onward))
	if stop := reply.take("stop_sequence"); stop != nil && !c.Strict {
		w.RawMember("stop_sequence", stop)
	}
	w.EndObject()
	w.EndArray()
	usage := parseUsage(reply.take("usage"))
	if usage.Known {
		w.Key("usage")
		openai.WriteUsage(&w, usage)
	}
	if usage.ServiceTier != "" {
		w.StringMember("service_tier", tierToHub(usage.ServiceTier))
	}
	w.EndObject()
	return w.Bytes(), nil
}

// writeHubMessage writes an assistant message of the content blocks.
func writeHubMessage(w *jsonedit.Writer, c *dialect.Conversion, content []byte) {
	var texts [][]byte
	var calls, own jsonedit.Writer
	calls.Array()
	own.Array()
	called, kept, i := 0, 0, 0
	t := toHub{c: c}
	for block := range jsonedit.Elements(content) {
		switch kind := typeOf(block); kind {
		case "tool_use":
			called++
			t.toolCall(&calls, block, i)
		case "text":
			if text := jsonedit.Get(block, "text"); jsonedit.Kind(text) == '"' {
				texts = append(texts, text)
			}
			if c.Strict && !isEmpty(jsonedit.Get(block, "citations")) {
				c.Drop(fmt.Sprintf("content[%d].citations", i), notInHub)
			}
			kept++
			own.Raw(block)
		default:
			if c.Strict {
				c.Drop(fmt.Sprintf("content[%d]", i), fmt.Sprintf("OpenAI's messages have nothing like a block of type %q", kind))
			}
			kept++
			own.Raw(block)
		}
		i++
	}
	calls.EndArray()
	own.EndArray()
	w.Object()
	w.StringMember("role", "assistant")
	switch {
	case len(texts) > 0:
		w.RawMember("content", jsonedit.JoinTexts(texts, ""))
	case called > 0:
		w.RawMember("content", nil)
	default:
		w.StringMember("content", "")
	}
	w.RawMember("refusal", nil)
	if called > 0 {
		w.RawMember("tool_calls", calls.Bytes())
	}
	if kept > 0 && !c.Strict {
		w.RawMember("content_blocks", own.Bytes())
	}
	w.EndObject()
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
