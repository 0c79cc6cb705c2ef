package responses

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// ReplyToHub implements dialect.Translator. A reply that is an error object, or
// a response that failed, is returned as the error it tells.
func (Format) ReplyToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if err := makesOnly(c); err != nil {
		return nil, err
	}
	if e := asError(body); e != nil {
		return nil, e
	}
	output := jsonedit.Get(body, "output")
	if jsonedit.Kind(output) != '[' {
		return nil, badReply("a response", "it has no output")
	}
	r := replyToHub{c: c}
	i := 0
	for item := range jsonedit.Elements(output) {
		r.item(item, fmt.Sprintf("output[%d]", i))
		i++
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("id", orElse(jsonedit.Text(jsonedit.Get(body, "id")), c.ID))
	w.StringMember("object", "chat.completion")
	made := jsonedit.Int(jsonedit.Get(body, "created_at"))
	if made == 0 {
		made = c.Now
	}
	w.IntMember("created", made)
	w.StringMember("model", orElse(jsonedit.Text(jsonedit.Get(body, "model")), c.Model))
	w.Key("choices")
	w.Array()
	w.Object()
	w.IntMember("index", 0)
	w.Key("message")
	r.message(&w)
	w.Key("logprobs")
	writeLogprobs(&w, r.logprobs)
	w.StringMember("finish_reason", finishOf(body, r.called > 0))
	w.EndObject()
	w.EndArray()
	usage := usageOf(body)
	if usage.Known {
		w.Key("usage")
		openai.WriteUsage(&w, usage)
	}
	if usage.ServiceTier != "" {
		w.StringMember("service_tier", usage.ServiceTier)
	}
	w.EndObject()
	return w.Bytes(), nil
}

// finishOf is a response's end in the hub's words.
func finishOf(response []byte, called bool) string {
	switch reason := jsonedit.Text(jsonedit.Get(response, "incomplete_details", "reason")); {
	case reason == "content_filter":
		return "content_filter"
	case reason != "":
		return "length"
	case called:
		return "tool_calls"
	}
	return "stop"
}

// replyToHub collects a response's items as one message.
type replyToHub struct {
	c                          *dialect.Conversion
	texts, refusals            [][]byte
	calls, annotations, blocks jsonedit.Writer
	called, noted, thought     int
	logprobs                   [][]byte // lists of them
}

func (r *replyToHub) item(item []byte, path string) {
	switch kind := typeOf(item); kind {
	case "message":
		i := 0
		for part := range jsonedit.Elements(jsonedit.Get(item, "content")) {
			r.part(part, fmt.Sprintf("%s.content[%d]", path, i))
			i++
		}
	case "function_call", "custom_tool_call":
		r.call(item, kind)
	case "reasoning":
		r.reasoning(item, path)
	default:
		r.c.Drop(path, fmt.Sprintf("chat completions have nothing like a %s", kind))
	}
}

func (r *replyToHub) part(part []byte, path string) {
	switch kind := typeOf(part); kind {
	case "output_text":
		if text := jsonedit.Get(part, "text"); isString(text) {
			r.texts = append(r.texts, text)
		}
		for annotation := range jsonedit.Elements(jsonedit.Get(part, "annotations")) {
			if r.noted++; r.noted == 1 {
				r.annotations.Array()
			}
			annotationToHub(&r.annotations, annotation)
		}
		if list := jsonedit.Get(part, "logprobs"); length(list) > 0 {
			r.logprobs = append(r.logprobs, list)
		}
	case "refusal":
		r.refusals = append(r.refusals, jsonedit.Get(part, "refusal"))
	default:
		r.c.Drop(path, fmt.Sprintf("a chat completion has no content of type %q", kind))
	}
}

// annotationToHub writes an annotation, whose members the hub has one level
// deeper.
func annotationToHub(w *jsonedit.Writer, annotation []byte) {
	kind := typeOf(annotation)
	w.Object()
	w.StringMember("type", kind)
	w.Key(kind)
	w.Object()
	for key, value := range jsonedit.Members(annotation) {
		if string(key) != "type" {
			w.RawMember(string(key), value)
		}
	}
	w.EndObject()
	w.EndObject()
}

func (r *replyToHub) call(item []byte, kind string) {
	if r.called++; r.called == 1 {
		r.calls.Array()
	}
	writeHubCall(&r.calls, kind, item)
}

// writeHubCall writes a call as the hub has it.
func writeHubCall(w *jsonedit.Writer, kind string, item []byte) {
	w.Object()
	w.RawMember("id", jsonedit.Get(item, "call_id"))
	hubCall(w, kind, jsonedit.Get(item, "name"), jsonedit.Get(item, argumentOf(kind)))
	w.EndObject()
}

func hubCall(w *jsonedit.Writer, kind string, name, argument []byte) {
	what, key := "function", "arguments"
	if kind == "custom_tool_call" {
		what, key = "custom", "input"
	}
	w.StringMember("type", what)
	w.Key(what)
	w.Object()
	w.RawMember("name", name)
	w.RawMember(key, quote(inside(argument)))
	w.EndObject()
}

func argumentOf(kind string) string {
	if kind == "custom_tool_call" {
		return "input"
	}
	return "arguments"
}

func (r *replyToHub) reasoning(item []byte, path string) {
	texts := reasoningTexts(item)
	signature := sealItem(jsonedit.Text(jsonedit.Get(item, "id")), jsonedit.Text(jsonedit.Get(item, "encrypted_content")))
	if len(texts) == 0 && signature == "" {
		return
	}
	if r.c.Strict {
		r.c.Drop(path, "OpenAI's chat completions tell no reasoning")
		return
	}
	if r.thought++; r.thought == 1 {
		r.blocks.Array()
	}
	w := &r.blocks
	w.Object()
	w.StringMember("type", "thinking")
	w.RawMember("thinking", orEmpty(texts))
	w.StringMember("signature", signature)
	w.EndObject()
}

// reasoningTexts are the thoughts that a reasoning item shows: the summary, or
// else the thoughts themselves.
func reasoningTexts(item []byte) (texts [][]byte) {
	for _, key := range []string{"summary", "content"} {
		for part := range jsonedit.Elements(jsonedit.Get(item, key)) {
			if text := jsonedit.Get(part, "text"); isString(text) {
				texts = append(texts, text)
			}
		}
		if len(texts) > 0 {
			break
		}
	}
	return texts
}

func (r *replyToHub) message(w *jsonedit.Writer) {
	w.Object()
	w.StringMember("role", "assistant")
	switch {
	case len(r.texts) > 0:
		w.RawMember("content", joinTexts(r.texts, ""))
	case r.called > 0 || len(r.refusals) > 0:
		w.RawMember("content", nil)
	default:
		w.StringMember("content", "")
	}
	if len(r.refusals) > 0 {
		w.RawMember("refusal", joinTexts(r.refusals, ""))
	} else {
		w.RawMember("refusal", nil)
	}
	if r.noted > 0 {
		r.annotations.EndArray()
		w.RawMember("annotations", r.annotations.Bytes())
	}
	if r.called > 0 {
		r.calls.EndArray()
		w.RawMember("tool_calls", r.calls.Bytes())
	}
	if r.thought > 0 {
		if len(r.texts) > 0 { // so that they are all of the message's blocks
			r.blocks.Object()
			r.blocks.StringMember("type", "text")
			r.blocks.RawMember("text", joinTexts(r.texts, ""))
			r.blocks.EndObject()
		}
		r.blocks.EndArray()
		w.RawMember("content_blocks", r.blocks.Bytes())
	}
	w.EndObject()
}

func writeLogprobs(w *jsonedit.Writer, lists [][]byte) {
	if len(lists) == 0 {
		w.Raw(nil)
		return
	}
	w.Object()
	w.Key("content")
	w.Array()
	for _, list := range lists {
		for entry := range jsonedit.Elements(list) {
			w.Raw(entry)
		}
	}
	w.EndArray()
	w.RawMember("refusal", nil)
	w.EndObject()
}
