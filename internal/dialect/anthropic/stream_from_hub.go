package anthropic

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// streamFromHub writes messages events for hub chunks.
type streamFromHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	out []byte

	id, model string
	started   bool
	usage     ai.Usage
	finish    string
	stopText  []byte // the stop sequence, where it is told

	open   string // type of the block that is open, "" if none is
	source int64  // the open block's index in the hub's content_blocks
	index  int64  // of the open block, or of the next
	tools  toolStreams
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
			s.id = orElse(s.id, jsonedit.Text(value))
		case "model":
			s.model = orElse(s.model, jsonedit.Text(value))
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
			if err := s.choice(choice); err != nil {
				return err
			}
		}
	}
	return nil
}

// readUsage keeps the latest counts; the tier may come in a chunk without any.
func (s *streamFromHub) readUsage(chunk []byte) {
	u := openai.Format{}.Usage(s.c.Op, chunk)
	u.ServiceTier = orElse(u.ServiceTier, s.usage.ServiceTier)
	if u.Known {
		s.usage = u
	}
	s.usage.ServiceTier = u.ServiceTier
}

func (s *streamFromHub) choice(choice []byte) error {
	delta := jsonedit.Get(choice, "delta")
	own := !jsonedit.IsNull(jsonedit.Get(delta, "content_blocks"))
	for key, value := range jsonedit.Members(delta) {
		if isEmpty(value) {
			continue
		}
		switch string(key) {
		case "content", "refusal":
			s.content(value)
		case "reasoning_content", "reasoning":
			if !own && jsonedit.Kind(value) == '"' {
				s.thinking(value)
			}
		case "content_blocks":
			for block := range jsonedit.Elements(value) {
				s.ownDelta(jsonedit.Int(jsonedit.Get(block, "index")), jsonedit.Get(block, "delta"))
			}
		case "tool_calls":
			for call := range jsonedit.Elements(value) {
				if err := s.tool(call, jsonedit.Get(call, "function")); err != nil {
					return err
				}
			}
		case "function_call":
			if isEmpty(jsonedit.Get(value, "name")) && isEmpty(jsonedit.Get(value, "arguments")) {
				continue // as some servers write where there is none
			}
			if err := s.tool(nil, value); err != nil {
				return err
			}
		}
	}
	if reason := jsonedit.Text(jsonedit.Get(choice, "finish_reason")); reason != "" {
		s.finish = reason
		s.stopText = append(s.stopText[:0], jsonedit.Get(choice, "stop_sequence")...)
	}
	return nil
}

// begin begins an event's data.
func (s *streamFromHub) begin(kind string) *jsonedit.Writer {
	s.w.Reset()
	s.w.Object()
	s.w.StringMember("type", kind)
	return &s.w
}

func (s *streamFromHub) end(kind string) {
	s.w.EndObject()
	s.out = appendJSON(s.out, kind, &s.w)
}

func (s *streamFromHub) start() {
	if s.started {
		return
	}
	s.started = true
	w := s.begin("message_start")
	w.Key("message")
	w.Object()
	w.StringMember("id", orElse(s.id, s.c.ID))
	w.StringMember("type", "message")
	w.StringMember("role", "assistant")
	w.StringMember("model", orElse(s.model, s.c.Model))
	w.RawMember("content", []byte("[]"))
	w.RawMember("stop_reason", nil)
	w.RawMember("stop_sequence", nil)
	w.Key("usage")
	writeUsage(w, s.usage)
	w.EndObject()
	s.end("message_start")
}

func (s *streamFromHub) done() {
	s.start()
	s.flushTools()
	s.closeBlock()
	w := s.begin("message_delta")
	w.Key("delta")
	w.Object()
	w.StringMember("stop_reason", stopFromHub(s.finish, len(s.tools.list) > 0))
	w.RawMember("stop_sequence", s.stopText)
	w.EndObject()
	w.Key("usage")
	writeUsage(w, s.usage)
	s.end("message_delta")
	s.begin("message_stop")
	s.end("message_stop")
}
