package bedrock

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// streamFromHub writes events of Converse for hub chunks. Blocks may be open at
// the same time, each under an index of its own, so that nothing has to wait.
type streamFromHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	out []byte

	started bool
	usage   ai.Usage
	finish  string
	open    []openBlock   // its index is the place in the list
	prose   int           // 1 + the index of the open block of text or thoughts, 0 if none is
	tools   map[int64]int // blocks of calls by their index in the hub
}

// An openBlock is a block of the stream. Text and thoughts are told apart by
// where they come from: the hub's text, or a content block.
type openBlock struct {
	source int64
	id     string // of a tool call
	closed bool
}

// theText is the source of the hub's text.
const theText = -1

func (s *streamFromHub) event(e sse.Event) error {
	if openai.IsDone(e.Data) {
		s.done()
		return nil
	}
	usage := false
	var choices []byte
	for key, value := range jsonedit.Members(e.Data) {
		switch string(key) {
		case "choices":
			choices = value
		case "usage", "x_groq", "service_tier":
			usage = true
		case "error":
			if !isEmpty(value) {
				return openai.ParseError(0, e.Data)
			}
		}
	}
	if usage {
		s.readUsage(e.Data)
	}
	for choice := range jsonedit.Elements(choices) {
		s.start()
		if jsonedit.Int(jsonedit.Get(choice, "index")) == 0 {
			s.choice(choice)
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

func (s *streamFromHub) choice(choice []byte) {
	for key, value := range jsonedit.Members(jsonedit.Get(choice, "delta")) {
		if isEmpty(value) {
			continue
		}
		switch string(key) {
		case "content", "refusal":
			s.text(value)
		case "content_blocks":
			for block := range jsonedit.Elements(value) {
				s.own(jsonedit.Int(jsonedit.Get(block, "index")), jsonedit.Get(block, "delta"))
			}
		case "tool_calls":
			for call := range jsonedit.Elements(value) {
				s.tool(jsonedit.Int(jsonedit.Get(call, "index")), jsonedit.Text(jsonedit.Get(call, "id")), jsonedit.Get(call, "function"))
			}
		case "function_call":
			if isEmpty(jsonedit.Get(value, "name")) && isEmpty(jsonedit.Get(value, "arguments")) {
				continue // as some servers write where there is none
			}
			s.tool(-1, functionID(jsonedit.Text(jsonedit.Get(value, "name"))), value)
		}
	}
	if reason := jsonedit.Text(jsonedit.Get(choice, "finish_reason")); reason != "" {
		s.finish = reason
	}
}

func (s *streamFromHub) emit(event string, members func(w *jsonedit.Writer)) {
	s.w.Reset()
	s.w.Object()
	members(&s.w)
	s.w.EndObject()
	s.out = sse.AppendEvent(s.out, event, s.w.Bytes())
}

func (s *streamFromHub) start() {
	if !s.started {
		s.started = true
		s.emit("messageStart", func(w *jsonedit.Writer) { w.StringMember("role", "assistant") })
	}
}

// proseBlock is the block for text or thoughts, which ends where something else
// begins.
func (s *streamFromHub) proseBlock(source int64) int {
	if s.prose == 0 || s.open[s.prose-1].source != source {
		s.prose = 1 + s.begin(source)
	}
	return s.prose - 1
}

func (s *streamFromHub) begin(source int64) int {
	if s.prose > 0 {
		s.end(s.prose - 1)
	}
	s.prose = 0
	s.open = append(s.open, openBlock{source: source})
	return len(s.open) - 1
}

func (s *streamFromHub) end(i int) {
	if !s.open[i].closed {
		s.open[i].closed = true
		s.emit("contentBlockStop", func(w *jsonedit.Writer) { w.IntMember("contentBlockIndex", int64(i)) })
	}
}

func (s *streamFromHub) delta(i int, member string, value func(w *jsonedit.Writer)) {
	s.emit("contentBlockDelta", func(w *jsonedit.Writer) {
		w.IntMember("contentBlockIndex", int64(i))
		w.Key("delta")
		w.Object()
		w.Key(member)
		value(w)
		w.EndObject()
	})
}

func (s *streamFromHub) text(content []byte) {
	if jsonedit.Kind(content) != '"' {
		for part := range jsonedit.Elements(content) {
			if text := jsonedit.Get(part, "text"); typeOf(part) == "text" && !isEmpty(text) {
				s.text(text)
			}
		}
		return
	}
	s.delta(s.proseBlock(theText), "text", func(w *jsonedit.Writer) { w.Raw(content) })
}

// own writes a delta of thinking. Others, such as citations, have no place
// before the text that they are about.
func (s *streamFromHub) own(source int64, delta []byte) {
	var member, key string
	switch typeOf(delta) {
	case "thinking_delta", "thinking":
		member, key = "text", "thinking"
	case "signature_delta":
		member, key = "signature", "signature"
	case "redacted_thinking":
		member, key = "redactedContent", "data"
	case "text_delta": // in content, too
		return
	default:
		s.c.Drop("choices[0].delta.content_blocks", "Converse's stream has no delta of type "+typeOf(delta))
		return
	}
	s.delta(s.proseBlock(source), "reasoningContent", func(w *jsonedit.Writer) {
		w.Object()
		w.RawMember(member, orEmpty(jsonedit.Get(delta, key)))
		w.EndObject()
	})
}

// tool writes a part of a call. Servers that give all calls the same index are
// told by the id.
func (s *streamFromHub) tool(index int64, id string, function []byte) {
	i, known := s.tools[index]
	if !known || id != "" && s.open[i].id != id {
		i = s.begin(index)
		s.open[i].id = id
		if s.tools == nil {
			s.tools = map[int64]int{}
		}
		s.tools[index] = i
		s.emit("contentBlockStart", func(w *jsonedit.Writer) {
			w.IntMember("contentBlockIndex", int64(i))
			w.Key("start")
			w.Object()
			w.Key("toolUse")
			w.Object()
			w.StringMember("toolUseId", id)
			w.StringMember("name", jsonedit.Text(jsonedit.Get(function, "name")))
			w.EndObject()
			w.EndObject()
		})
	}
	args := jsonedit.Get(function, "arguments")
	if isEmpty(args) {
		return
	}
	s.delta(i, "toolUse", func(w *jsonedit.Writer) {
		w.Object()
		w.Key("input")
		if jsonedit.Kind(args) == '"' {
			w.Raw(args)
		} else {
			w.Quoted(args)
		}
		w.EndObject()
	})
}

func (s *streamFromHub) done() {
	s.start()
	for i := range s.open {
		s.end(i)
	}
	s.emit("messageStop", func(w *jsonedit.Writer) { w.StringMember("stopReason", stopFromHub(s.finish, len(s.tools) > 0)) })
	s.emit("metadata", func(w *jsonedit.Writer) {
		w.Key("usage")
		writeUsage(w, s.usage)
		w.RawMember("metrics", []byte(`{"latencyMs":0}`))
		if !writeTier(w, s.usage.ServiceTier) {
			s.c.Drop("service_tier", "Bedrock has no such service tier")
		}
	})
}
