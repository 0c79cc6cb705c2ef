package responses

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// streamToHub writes hub chunks for Responses events.
type streamToHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	out []byte

	id, model string
	made      int64
	started   bool
	calls     []toldCall
	texts     map[[2]int64]bool // parts of which something has been written
	thoughts  map[int64]bool    // reasoning of which something has been written
}

// A toldCall is a call whose argument is arriving. Its index in the hub is its
// place in the list.
type toldCall struct {
	output int64
	kind   string
	some   bool // a piece of the argument has been written
}

func (s *streamToHub) event(data []byte) error {
	var kind string
	var e toldEvent
	for key, value := range jsonedit.Members(data) {
		switch string(key) {
		case "type":
			kind = jsonedit.Text(value)
		case "output_index":
			e.output = jsonedit.Int(value)
		case "content_index":
			e.content = jsonedit.Int(value)
		case "summary_index":
			e.summary = jsonedit.Int(value)
		case "response", "item", "annotation":
			e.body = value
		case "delta", "text", "refusal":
			e.text = value
		case "arguments", "input":
			e.argument = value
		case "logprobs":
			e.logprobs = value
		}
	}
	switch kind {
	case "response.created", "response.in_progress", "response.queued":
		s.start(e.body)
	case "response.output_item.added":
		s.itemAdded(&e)
	case "response.output_item.done":
		s.itemDone(&e)
	case "response.output_text.delta", "response.refusal.delta":
		s.text(&e, kind)
	case "response.output_text.done", "response.refusal.done":
		if !s.texts[[2]int64{e.output, e.content}] {
			s.text(&e, kind)
		}
	case "response.output_text.annotation.added":
		s.begin()
		s.w.Key("annotations")
		s.w.Array()
		annotationToHub(&s.w, e.body)
		s.w.EndArray()
		s.end("", nil)
	case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
		s.thought(&e)
	case "response.reasoning_summary_part.added":
		if e.summary > 0 {
			e.text = []byte(`"\n\n"`)
			s.thought(&e)
		}
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		s.argue(e.output, e.text)
	case "response.function_call_arguments.done", "response.custom_tool_call_input.done":
		s.whole(e.output, e.argument)
	case "response.completed", "response.incomplete":
		s.done(e.body)
	case "response.failed":
		return toldError(e.body)
	case "error":
		return toldError(data)
	}
	return nil
}

// A toldEvent is what the members of an event say.
type toldEvent struct {
	output, content, summary       int64
	body, text, argument, logprobs []byte
}

func (s *streamToHub) start(response []byte) {
	if s.started {
		return
	}
	s.started = true
	s.texts, s.thoughts = map[[2]int64]bool{}, map[int64]bool{}
	s.id = orElse(jsonedit.Text(jsonedit.Get(response, "id")), s.c.ID)
	s.model = orElse(jsonedit.Text(jsonedit.Get(response, "model")), s.c.Model)
	if s.made = jsonedit.Int(jsonedit.Get(response, "created_at")); s.made == 0 {
		s.made = s.c.Now
	}
	s.begin()
	s.w.StringMember("role", "assistant")
	s.w.StringMember("content", "")
	s.end("", nil)
}

// begin begins a chunk up to the members of its delta.
func (s *streamToHub) begin() {
	s.start(nil)
	s.head()
	s.w.Object()
	s.w.IntMember("index", 0)
	s.w.Key("delta")
	s.w.Object()
}

func (s *streamToHub) head() {
	w := &s.w
	w.Reset()
	w.Object()
	w.StringMember("id", s.id)
	w.StringMember("object", "chat.completion.chunk")
	w.IntMember("created", s.made)
	w.StringMember("model", s.model)
	w.Key("choices")
	w.Array()
}

// end ends a chunk that begin began; an empty finish reason is null.
func (s *streamToHub) end(finish string, logprobs []byte) {
	w := &s.w
	w.EndObject()
	w.Key("logprobs")
	if length(logprobs) > 0 {
		writeLogprobs(w, [][]byte{logprobs})
	} else {
		w.Raw(nil)
	}
	if finish == "" {
		w.RawMember("finish_reason", nil)
	} else {
		w.StringMember("finish_reason", finish)
	}
	w.EndObject()
	w.EndArray()
	w.EndObject()
	s.out = sse.AppendData(s.out, w.Bytes())
}

func (s *streamToHub) text(e *toldEvent, kind string) {
	if !isString(e.text) || isEmpty(e.text) {
		return
	}
	key := "content"
	if kind == "response.refusal.delta" || kind == "response.refusal.done" {
		key = "refusal"
	}
	s.begin()
	s.texts[[2]int64{e.output, e.content}] = true
	s.w.RawMember(key, e.text)
	s.end("", e.logprobs)
}

// thought writes a piece of reasoning as an extension.
func (s *streamToHub) thought(e *toldEvent) {
	if s.c.Strict || !isString(e.text) || isEmpty(e.text) {
		return
	}
	s.own(e.output, "thinking_delta", "thinking", e.text)
}

func (s *streamToHub) own(index int64, kind, key string, value []byte) {
	s.begin()
	s.thoughts[index] = true
	s.w.Key("content_blocks")
	s.w.Array()
	s.w.Object()
	s.w.IntMember("index", index)
	s.w.Key("delta")
	s.w.Object()
	s.w.StringMember("type", kind)
	s.w.RawMember(key, value)
	s.w.EndObject()
	s.w.EndObject()
	s.w.EndArray()
	s.end("", nil)
}

func (s *streamToHub) itemAdded(e *toldEvent) {
	kind := typeOf(e.body)
	if kind != "function_call" && kind != "custom_tool_call" {
		return
	}
	s.calls = append(s.calls, toldCall{output: e.output, kind: kind})
	s.begin()
	s.w.Key("tool_calls")
	s.w.Array()
	s.w.Object()
	s.w.IntMember("index", int64(len(s.calls)-1))
	s.w.RawMember("id", jsonedit.Get(e.body, "call_id"))
	hubCall(&s.w, kind, jsonedit.Get(e.body, "name"), nil)
	s.w.EndObject()
	s.w.EndArray()
	s.end("", nil)
}

// itemDone tells what an item says that its events did not: servers differ in
// how much they tell before.
func (s *streamToHub) itemDone(e *toldEvent) {
	switch kind := typeOf(e.body); kind {
	case "function_call", "custom_tool_call":
		if s.find(e.output) == nil {
			s.itemAdded(e)
		}
		s.whole(e.output, jsonedit.Get(e.body, argumentOf(kind)))
	case "message":
		i := int64(0)
		for part := range jsonedit.Elements(jsonedit.Get(e.body, "content")) {
			if s.start(nil); !s.texts[[2]int64{e.output, i}] {
				name, key := "response.output_text.done", "text"
				if typeOf(part) == "refusal" {
					name, key = "response.refusal.done", "refusal"
				}
				s.text(&toldEvent{output: e.output, content: i, text: jsonedit.Get(part, key)}, name)
			}
			i++
		}
	case "reasoning":
		s.thoughtDone(e)
	default:
		s.c.Drop(fmt.Sprintf("output[%d]", e.output), "chat completions have nothing like a "+kind)
	}
}

func (s *streamToHub) thoughtDone(e *toldEvent) {
	texts := reasoningTexts(e.body)
	sealed := sealItem(jsonedit.Text(jsonedit.Get(e.body, "id")), jsonedit.Text(jsonedit.Get(e.body, "encrypted_content")))
	if s.c.Strict {
		if len(texts) > 0 || sealed != "" {
			s.c.Drop(fmt.Sprintf("output[%d]", e.output), "OpenAI's chat completions tell no reasoning")
		}
		return
	}
	s.start(nil)
	if len(texts) > 0 && !s.thoughts[e.output] {
		s.own(e.output, "thinking_delta", "thinking", joinTexts(texts, "\\n\\n"))
	}
	if sealed != "" {
		s.own(e.output, "signature_delta", "signature", jsonedit.AppendString(nil, sealed))
	}
}

func (s *streamToHub) find(output int64) *toldCall {
	for i := range s.calls {
		if s.calls[i].output == output {
			return &s.calls[i]
		}
	}
	return nil
}

// argue writes a piece of a call's argument.
func (s *streamToHub) argue(output int64, text []byte) {
	call := s.find(output)
	if call == nil || !isString(text) || isEmpty(text) {
		return
	}
	call.some = true
	index := 0
	for i := range s.calls {
		if &s.calls[i] == call {
			index = i
		}
	}
	s.begin()
	s.w.Key("tool_calls")
	s.w.Array()
	s.w.Object()
	s.w.IntMember("index", int64(index))
	what, key := "function", "arguments"
	if call.kind == "custom_tool_call" {
		what, key = "custom", "input"
	}
	s.w.Key(what)
	s.w.Object()
	s.w.RawMember(key, text)
	s.w.EndObject()
	s.w.EndObject()
	s.w.EndArray()
	s.end("", nil)
}

// whole writes a call's argument if it did not come in pieces.
func (s *streamToHub) whole(output int64, argument []byte) {
	if call := s.find(output); call != nil && !call.some {
		s.argue(output, argument)
	}
}

func (s *streamToHub) done(response []byte) {
	s.begin()
	s.end(finishOf(response, len(s.calls) > 0), nil)
	if u := usageOf(response); u.Known {
		s.usage(u)
	}
	s.out = sse.AppendData(s.out, []byte("[DONE]"))
}

func (s *streamToHub) usage(u ai.Usage) {
	s.head()
	s.w.EndArray()
	s.w.Key("usage")
	openai.WriteUsage(&s.w, u)
	if u.ServiceTier != "" {
		s.w.StringMember("service_tier", u.ServiceTier)
	}
	s.w.EndObject()
	s.out = sse.AppendData(s.out, s.w.Bytes())
}
