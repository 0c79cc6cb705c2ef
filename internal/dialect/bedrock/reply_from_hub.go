package bedrock

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
	if jsonedit.Kind(jsonedit.Get(body, "error")) == '{' {
		return nil, openai.ParseError(0, body)
	}
	var choice []byte
	n := 0
	for other := range jsonedit.Elements(jsonedit.Get(body, "choices")) {
		if n++; n == 1 {
			choice = other
			continue
		}
		c.Drop(fmt.Sprintf("choices[%d]", n-1), "Converse has one answer")
	}
	message := split(jsonedit.Get(choice, "message"))
	if len(message) == 0 {
		return nil, badReply("a chat completion", "it has no message")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.Key("output")
	w.Object()
	w.Key("message")
	w.Object()
	w.StringMember("role", "assistant")
	w.Key("content")
	reason := jsonedit.Text(jsonedit.Get(choice, "finish_reason"))
	a := answer{w: &w, c: c, cut: stopFromHub(reason, false) == "max_tokens"}
	if err := a.write(message); err != nil {
		return nil, err
	}
	w.EndObject()
	w.EndObject()
	w.StringMember("stopReason", stopFromHub(reason, a.tools > 0))
	usage := openai.Format{}.Usage(c.Op, body)
	w.Key("usage")
	writeUsage(&w, usage)
	w.RawMember("metrics", []byte(`{"latencyMs":0}`))
	if !writeTier(&w, usage.ServiceTier) {
		c.Drop("service_tier", "Bedrock has no such service tier")
	}
	w.EndObject()
	return w.Bytes(), nil
}

// answer writes an assistant message of the hub as Converse's blocks.
type answer struct {
	w     *jsonedit.Writer
	c     *dialect.Conversion
	cut   bool // the token limit ended the answer
	tools int  // calls written
}

func (a *answer) write(message members) error {
	a.w.Array()
	text := false
	for block := range jsonedit.Elements(message.take("content_blocks")) {
		text = a.own(block) || text
	}
	if !text {
		a.texts(message.take("content"))
		a.texts(message.take("refusal"))
	}
	for call := range jsonedit.Elements(message.take("tool_calls")) {
		if err := a.toolUse(jsonedit.Text(jsonedit.Get(call, "id")), jsonedit.Get(call, "function")); err != nil {
			return err
		}
	}
	// Some servers write an empty one where there is none.
	if call := message.take("function_call"); !isEmpty(jsonedit.Get(call, "name")) && a.tools == 0 {
		if err := a.toolUse(functionID(jsonedit.Text(jsonedit.Get(call, "name"))), call); err != nil {
			return err
		}
	}
	a.w.EndArray()
	return nil
}

// own writes a block in Anthropic's form; it reports whether that is text.
func (a *answer) own(block []byte) bool {
	f := fromHub{c: a.c}
	switch kind := typeOf(block); kind {
	case "tool_use": // in tool_calls, too
	case "text":
		writeText(a.w, jsonedit.Get(block, "text"))
		return true
	case "thinking":
		f.reasoning("text", jsonedit.Get(block, "thinking"), orEmpty(jsonedit.Get(block, "signature")))
	case "redacted_thinking":
		f.redacted(jsonedit.Get(block, "data"))
	case "server_tool_use":
		f.serverToolUse(block)
	case foreign:
		a.w.Raw(jsonedit.Get(block, foreign))
	default:
		a.c.Drop("choices[0].message.content_blocks", fmt.Sprintf("Converse has no block of type %q", kind))
	}
	if f.turns.Len() > 0 {
		a.w.Raw(f.turns.Bytes())
	}
	return false
}

// texts writes a hub content, a string or parts.
func (a *answer) texts(content []byte) {
	if jsonedit.Kind(content) == '"' && !isEmpty(content) {
		writeText(a.w, content)
	}
	for part := range jsonedit.Elements(content) {
		if text := jsonedit.Get(part, "text"); typeOf(part) == "text" && !isEmpty(text) {
			writeText(a.w, text)
		}
	}
}

// toolUse writes a call. Arguments that the token limit cut are left out, with a
// receipt; otherwise they must be an object.
func (a *answer) toolUse(id string, function []byte) error {
	input := jsonedit.Get(function, "arguments")
	if jsonedit.Kind(input) != '{' {
		doc, ok := jsonedit.AsObject(jsonedit.Text(input))
		switch {
		case !ok && a.cut:
			a.c.Drop(fmt.Sprintf("choices[0].message.tool_calls[%d].function.arguments", a.tools), "they were cut by the token limit and are no JSON object")
			doc = []byte("{}")
		case !ok:
			return ai.Errorf(ai.BadGateway, "the model called %s with arguments that are not a JSON object",
				jsonedit.Text(jsonedit.Get(function, "name")))
		}
		input = doc
	}
	a.tools++
	w := a.w
	w.Object()
	w.Key("toolUse")
	w.Object()
	w.StringMember("toolUseId", id)
	w.RawMember("name", jsonedit.Get(function, "name"))
	w.RawMember("input", input)
	w.EndObject()
	w.EndObject()
	return nil
}
