package responses

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
	if err := makesOnly(c); err != nil {
		return nil, err
	}
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
		c.Drop(fmt.Sprintf("choices[%d]", n-1), "a response is one answer")
	}
	message := split(jsonedit.Get(choice, "message"))
	if len(message) == 0 {
		return nil, badReply("a chat completion", "it has no message")
	}
	o := output{envelope: newEnvelope(c, jsonedit.Text(jsonedit.Get(body, "id"))), quiet: true}
	o.model = orElse(jsonedit.Text(jsonedit.Get(body, "model")), c.Model)
	if made := jsonedit.Int(jsonedit.Get(body, "created")); made > 0 {
		o.made = made
	}
	usage := openai.Format{}.Usage(ai.Chat, body)
	o.tier = usage.ServiceTier
	o.answer(message, jsonedit.Get(choice, "logprobs", "content"))
	end := endingOf(jsonedit.Text(jsonedit.Get(choice, "finish_reason")))
	o.finish(end, usage)
	var w jsonedit.Writer
	w.Grow(len(body) + len(c.Request) + 512)
	o.whole(&w, end, usage)
	return w.Bytes(), nil
}

// answer builds the items of a message.
func (o *output) answer(message members, logprobs []byte) {
	blocks := message.take("content_blocks")
	if !o.blocks(blocks) {
		thought := reasoning(message)
		if blocks == nil && thought != nil {
			o.think(anyThought, thought)
		}
		for i, text := range partTexts(message.take("content")) {
			if i > 0 {
				logprobs = nil
			}
			o.text(text, logprobs)
		}
	}
	for annotation := range jsonedit.Elements(message.take("annotations")) {
		o.annotate(annotationFromHub(annotation))
	}
	if refusal := message.take("refusal"); isString(refusal) && !isEmpty(refusal) {
		o.refusal(refusal)
	}
	for call := range jsonedit.Elements(message.take("tool_calls")) {
		kind, name, argument := readCall(call)
		o.argue(o.call(kind, jsonedit.Text(jsonedit.Get(call, "id")), name), inside(argument))
	}
	// Some servers write an empty one where there is none.
	if call := message.take("function_call"); !isEmpty(jsonedit.Get(call, "name")) {
		name := jsonedit.Get(call, "name")
		o.argue(o.call("function_call", "call_"+jsonedit.Text(name), name), inside(jsonedit.Get(call, "arguments")))
	}
	if audio := message.take("audio"); audio != nil {
		o.c.Drop("choices[0].message.audio", "a response has no audio")
	}
}

// readCall reads a call of a tool, whole or in part. Some servers write both
// kinds, one of them empty.
func readCall(call []byte) (kind string, name, argument []byte) {
	function := jsonedit.Get(call, "function")
	name, argument = jsonedit.Get(function, "name"), jsonedit.Get(function, "arguments")
	if custom := jsonedit.Get(call, "custom"); jsonedit.Kind(custom) == '{' && isEmpty(name) && isEmpty(argument) {
		return "custom_tool_call", jsonedit.Get(custom, "name"), jsonedit.Get(custom, "input")
	}
	return "function_call", name, argument
}

// reasoning is what a provider told of the model's thoughts, in the spellings
// that are known; nil if nothing.
func reasoning(message members) []byte {
	for _, key := range []string{"reasoning_content", "reasoning"} {
		if v := message.take(key); isString(v) && !isEmpty(v) {
			return v
		}
	}
	return nil
}

// annotationFromHub writes an annotation without the level that the hub has
// around its members.
func annotationFromHub(annotation []byte) []byte {
	kind := typeOf(annotation)
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", kind)
	for key, value := range jsonedit.Members(jsonedit.Get(annotation, kind)) {
		w.RawMember(string(key), value)
	}
	w.EndObject()
	return w.Bytes()
}

// blocks builds the items of a message's extension blocks. It reports whether
// they hold the message's text.
func (o *output) blocks(list []byte) (text bool) {
	i := int64(0)
	for block := range jsonedit.Elements(list) {
		if typeOf(block) == "text" {
			text = true
			o.textBlock(block, i)
		} else {
			o.block(i, block)
		}
		i++
	}
	return text
}

func (o *output) textBlock(block []byte, i int64) {
	body := jsonedit.Get(block, "text")
	if !isString(body) || isEmpty(body) {
		return
	}
	citations := jsonedit.Get(block, "citations")
	start := 0
	if length(citations) > 0 {
		start = o.said()
	}
	o.text(body, nil)
	for citation := range jsonedit.Elements(citations) {
		o.cite(i, citation, start)
	}
}

// cite tells where a text is from, if that is an address.
func (o *output) cite(i int64, citation []byte, start int) {
	url := jsonedit.Get(citation, "url")
	if !isString(url) {
		o.c.Drop(fmt.Sprintf("content_blocks[%d].citations", i), fmt.Sprintf("a response has no citation of type %q", typeOf(citation)))
		return
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", "url_citation")
	w.RawMember("url", url)
	w.StringMember("title", jsonedit.Text(jsonedit.Get(citation, "title")))
	w.IntMember("start_index", int64(start))
	w.IntMember("end_index", int64(o.said()))
	w.EndObject()
	o.annotate(w.Bytes())
}

// block builds what one extension block tells, whole or as it begins. The
// index is its place among the hub's blocks.
func (o *output) block(index int64, block []byte) {
	switch kind := typeOf(block); kind {
	case "thinking":
		if text := jsonedit.Get(block, "thinking"); isString(text) && !isEmpty(text) {
			o.think(index, text)
		}
		if signature := jsonedit.Text(jsonedit.Get(block, "signature")); signature != "" {
			o.thought(index).sealed = sealThinking(signature)
		}
	case "redacted_thinking":
		o.thought(index).sealed = sealRedacted(jsonedit.Text(jsonedit.Get(block, "data")))
	case "server_tool_use":
		if jsonedit.Text(jsonedit.Get(block, "name")) != "web_search" {
			o.c.Drop(fmt.Sprintf("content_blocks[%d]", index), "a response has no call of a tool like this one of the provider's")
			return
		}
		o.search(index, jsonedit.Get(block, "input"))
	case "web_search_tool_result":
		o.c.Drop(fmt.Sprintf("content_blocks[%d]", index), "a response does not hold what a search found: the next turn has what the answer says of it")
	case "tool_use": // in tool_calls, too
	default:
		o.c.Drop(fmt.Sprintf("content_blocks[%d]", index), fmt.Sprintf("a response has nothing like a block of type %q", kind))
	}
}
