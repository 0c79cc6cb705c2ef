package responses

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// streamFromHub writes Responses events for hub chunks.
type streamFromHub struct {
	output
	usage  ai.Usage
	finish string
	calls  []*streamedCall
}

// A streamedCall is a call of a tool that is arriving. It is written once its
// name is known.
type streamedCall struct {
	index int64 // in the hub
	kind  string
	id    string
	name  []byte
	held  []byte // argument that came before the name
	item  *item
}

func (s *streamFromHub) event(data []byte) error {
	if openai.IsDone(data) {
		s.done()
		return nil
	}
	var choices []byte
	usage := false
	for key, value := range jsonedit.Members(data) {
		switch string(key) {
		case "id":
			if id := jsonedit.Text(value); id != "" && !s.started {
				s.base = newEnvelope(s.c, id).base
			}
		case "model":
			if model := jsonedit.Text(value); model != "" && !s.started {
				s.model = model
			}
		case "created":
			if made := jsonedit.Int(value); made > 0 && !s.started {
				s.made = made
			}
		case "choices":
			choices = value
		case "usage", "x_groq", "service_tier":
			usage = true
		case "error":
			if !isEmpty(value) {
				return openai.ParseError(0, data)
			}
		}
	}
	if usage {
		s.readUsage(data)
	}
	for choice := range jsonedit.Elements(choices) {
		s.start() // not before: Azure's first chunk has no choices and no model yet
		if jsonedit.Int(jsonedit.Get(choice, "index")) == 0 {
			s.choice(choice)
		}
	}
	return s.tooLong()
}

// readUsage keeps the latest counts; the tier may come in a chunk without any.
func (s *streamFromHub) readUsage(chunk []byte) {
	u := openai.Format{}.Usage(ai.Chat, chunk)
	s.tier = orElse(u.ServiceTier, s.tier)
	if u.Known {
		s.usage = u
	}
}

func (s *streamFromHub) choice(choice []byte) {
	delta := jsonedit.Get(choice, "delta")
	own := !jsonedit.IsNull(jsonedit.Get(delta, "content_blocks"))
	thought := false
	for key, value := range jsonedit.Members(delta) {
		if isEmpty(value) {
			continue
		}
		switch string(key) {
		case "content":
			for _, text := range partTexts(value) {
				s.text(text, jsonedit.Get(choice, "logprobs", "content"))
			}
		case "refusal":
			s.refusal(value)
		case "annotations":
			for annotation := range jsonedit.Elements(value) {
				s.annotate(annotationFromHub(annotation))
			}
		case "reasoning_content", "reasoning": // some servers send both, with the same text
			if !own && !thought && isString(value) {
				thought = true
				s.think(anyThought, value)
			}
		case "content_blocks":
			for block := range jsonedit.Elements(value) {
				s.ownDelta(jsonedit.Int(jsonedit.Get(block, "index")), jsonedit.Get(block, "delta"))
			}
		case "tool_calls":
			for call := range jsonedit.Elements(value) {
				s.tool(call)
			}
		case "function_call":
			if isEmpty(jsonedit.Get(value, "name")) && isEmpty(jsonedit.Get(value, "arguments")) {
				continue // as some servers write where there is none
			}
			s.older(value)
		}
	}
	if reason := jsonedit.Text(jsonedit.Get(choice, "finish_reason")); reason != "" {
		s.finish = reason
	}
}

// ownDelta takes a delta of the hub's extension blocks: a block's beginning, or
// a piece of one.
func (s *streamFromHub) ownDelta(index int64, delta []byte) {
	switch kind := typeOf(delta); {
	case kind == "thinking_delta" || kind == "" && jsonedit.Get(delta, "thinking") != nil:
		if text := jsonedit.Get(delta, "thinking"); isString(text) && !isEmpty(text) {
			s.think(index, text)
		}
	case kind == "signature_delta" || kind == "" && jsonedit.Get(delta, "signature") != nil:
		it := s.thought(index)
		it.sealed = sealThinking(jsonedit.Text(jsonedit.Get(delta, "signature")))
	case kind == "citations_delta":
		s.cite(index, jsonedit.Get(delta, "citation"), s.said())
	case kind == "input_json_delta":
		if it := s.open; it != nil && it.kind == "web_search_call" && it.source == index {
			s.hold(&it.text, inside(jsonedit.Get(delta, "partial_json")))
		}
	case kind == "text_delta" || kind == "text": // in content, too
	default:
		s.block(index, delta)
	}
}

// tool takes a piece of a call.
func (s *streamFromHub) tool(call []byte) {
	t := s.find(call)
	kind, name, argument := readCall(call)
	s.take(t, kind, name, argument)
}

// older takes a piece of a call in the older form, which has one and no id.
func (s *streamFromHub) older(call []byte) {
	t := s.find(nil)
	name := jsonedit.Get(call, "name")
	if t.id == "" {
		t.id = "call_" + jsonedit.Text(name)
	}
	s.take(t, "function_call", name, jsonedit.Get(call, "arguments"))
}

func (s *streamFromHub) take(t *streamedCall, kind string, name, argument []byte) {
	piece := inside(argument)
	if t.item != nil {
		if len(piece) > 0 {
			s.argue(t.item, piece)
		}
		return
	}
	s.hold(&t.held, piece)
	if isEmpty(name) {
		return
	}
	t.name = append([]byte(nil), name...)
	t.item = s.call(kind, t.id, t.name)
	if len(t.held) > 0 {
		s.argue(t.item, t.held)
	}
}

// find returns the call that a delta belongs to. Servers that give all calls
// the same index are told by the id, those that give none by their order.
func (s *streamFromHub) find(call []byte) *streamedCall {
	id := jsonedit.Text(jsonedit.Get(call, "id"))
	at := jsonedit.Get(call, "index")
	for i := len(s.calls) - 1; i >= 0; i-- {
		t := s.calls[i]
		if !jsonedit.IsNull(at) && t.index != jsonedit.Int(at) {
			continue
		}
		if t.id == "" && t.item == nil {
			t.id = id
		}
		if id == "" || id == t.id {
			return t
		}
	}
	t := &streamedCall{index: jsonedit.Int(at), id: id}
	s.calls = append(s.calls, t)
	return t
}

func (s *streamFromHub) done() {
	s.output.finish(endingOf(s.finish), s.usage)
}
