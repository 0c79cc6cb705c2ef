package cohere

import (
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// StreamFromHub implements dialect.Translator. message-end is written when the
// hub's [DONE] has been read and never otherwise; an error chunk is returned by
// Next as the *ai.Error it tells.
func (Format) StreamFromHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	s := &streamFromHub{c: c}
	return dialect.TranslateEvents(src, s.event)
}

// streamFromHub writes chat events for hub chunks.
type streamFromHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	out []byte

	id      string
	started bool
	ended   bool
	usage   ai.Usage
	finish  string

	open  string  // "text", "thinking" or "tool": what is open; "" if nothing is
	index int64   // of the open content block, or of the next
	calls []begun // tool calls; their place is Cohere's index
	shown int     // calls that have ended
	cites int64
}

// begun is a tool call as the hub knows it.
type begun struct {
	index int64
	id    string
}

func (s *streamFromHub) event(out, data []byte) ([]byte, error) {
	s.out = out
	if openai.IsDone(data) {
		s.done()
		return s.out, nil
	}
	if value := jsonedit.Get(data, "error"); !jsonedit.IsEmpty(value) {
		return s.out, openai.ParseError(0, data)
	}
	s.id = orElse(s.id, jsonedit.Text(jsonedit.Get(data, "id")))
	if u := (openai.Format{}).Usage(s.c.Op, data); u.Known {
		s.usage = u
	}
	for choice := range jsonedit.Elements(jsonedit.Get(data, "choices")) {
		s.start()
		if jsonedit.Int(jsonedit.Get(choice, "index")) == 0 {
			s.choice(choice)
		}
	}
	return s.out, nil
}

func (s *streamFromHub) choice(choice []byte) {
	delta := jsonedit.Get(choice, "delta")
	logprobs := jsonedit.Get(choice, "logprobs", "content")
	for key, value := range jsonedit.Members(delta) {
		switch string(key) {
		case "content", "refusal":
			s.content("text", value, logprobs)
		case "reasoning_content", "reasoning":
			if jsonedit.Get(delta, "content_blocks") == nil {
				s.content("thinking", value, nil)
			}
		case "content_blocks":
			for block := range jsonedit.Elements(value) {
				s.own(jsonedit.Get(block, "delta"))
			}
		case "tool_calls":
			for call := range jsonedit.Elements(value) {
				s.call(jsonedit.Int(jsonedit.Get(call, "index")), jsonedit.Text(jsonedit.Get(call, "id")), jsonedit.Get(call, "function"))
			}
		case "function_call":
			if !jsonedit.IsEmpty(jsonedit.Get(value, "name")) || !jsonedit.IsEmpty(jsonedit.Get(value, "arguments")) {
				s.call(-1, "", value)
			}
		}
	}
	if reason := jsonedit.Text(jsonedit.Get(choice, "finish_reason")); reason != "" {
		s.finish = reason
	}
}

// begin begins an event up to the members of its delta's message.
func (s *streamFromHub) begin(kind string, index int64) *jsonedit.Writer {
	s.w.Reset()
	w := &s.w
	w.Object()
	w.StringMember("type", kind)
	if index >= 0 {
		w.IntMember("index", index)
	}
	w.Key("delta")
	w.Object()
	w.Key("message")
	w.Object()
	return w
}

func (s *streamFromHub) end(kind string) {
	s.w.EndObject()
	s.w.EndObject()
	s.w.EndObject()
	s.out = sse.AppendEvent(s.out, kind, s.w.Bytes())
}

// bare writes an event that says only where it stands.
func (s *streamFromHub) bare(kind string, index int64) {
	s.w.Reset()
	s.w.Object()
	s.w.StringMember("type", kind)
	s.w.IntMember("index", index)
	s.w.EndObject()
	s.out = sse.AppendEvent(s.out, kind, s.w.Bytes())
}

func (s *streamFromHub) start() {
	if s.started {
		return
	}
	s.started = true
	s.w.Reset()
	w := &s.w
	w.Object()
	w.StringMember("type", "message-start")
	w.StringMember("id", orElse(s.id, s.c.ID))
	w.RawMember("delta", []byte(`{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}`))
	w.EndObject()
	s.out = sse.AppendEvent(s.out, "message-start", w.Bytes())
}

// shut ends what is open.
func (s *streamFromHub) shut() {
	switch s.open {
	case "text", "thinking":
		s.bare("content-end", s.index)
		s.index++
	case "tool":
		for ; s.shown < len(s.calls); s.shown++ {
			s.bare("tool-call-end", int64(s.shown))
		}
	}
	s.open = ""
}

func (s *streamFromHub) content(kind string, text, logprobs []byte) {
	if !isText(text) {
		return
	}
	if s.open != kind {
		s.shut()
		s.open = kind
		w := s.begin("content-start", s.index)
		w.Key("content")
		w.Object()
		w.StringMember("type", kind)
		w.StringMember(kind, "")
		w.EndObject()
		s.end("content-start")
	}
	w := s.begin("content-delta", s.index)
	w.Key("content")
	w.Object()
	w.RawMember(kind, text)
	w.EndObject()
	w.EndObject()
	w.EndObject()
	if token := firstElement(logprobs); token != nil {
		w.Key("logprobs")
		writeLogprobFromHub(w, token)
	}
	w.EndObject()
	s.out = sse.AppendEvent(s.out, "content-delta", w.Bytes())
}

func (s *streamFromHub) own(delta []byte) {
	if thought := jsonedit.Get(delta, "thinking"); thought != nil {
		s.content("thinking", thought, nil)
		return
	}
	if citation := jsonedit.Get(delta, "citation", "cohere"); citation != nil {
		w := s.begin("citation-start", s.cites)
		w.RawMember("citations", citation)
		s.end("citation-start")
		s.bare("citation-end", s.cites)
		s.cites++
	}
}

// call writes a part of a tool call. Calls may arrive interleaved: all are open
// until something else comes. Servers that give all calls the same index are told
// by the id.
func (s *streamFromHub) call(index int64, id string, function []byte) {
	at := len(s.calls) - 1
	for at >= s.shown && (s.calls[at].index != index || id != "" && id != s.calls[at].id) {
		at--
	}
	if at < s.shown {
		if s.open != "tool" {
			s.shut()
		}
		at = len(s.calls)
		s.open, s.calls = "tool", append(s.calls, begun{index, id})
		s.callStart(int64(at), id, jsonedit.Get(function, "name"))
	}
	if arguments := jsonedit.Get(function, "arguments"); isText(arguments) {
		w := s.begin("tool-call-delta", int64(at))
		w.Key("tool_calls")
		w.Object()
		w.Key("function")
		w.Object()
		w.RawMember("arguments", arguments)
		w.EndObject()
		w.EndObject()
		s.end("tool-call-delta")
	}
}

func (s *streamFromHub) callStart(at int64, id string, name []byte) {
	w := s.begin("tool-call-start", at)
	w.Key("tool_calls")
	w.Object()
	w.StringMember("id", orElse(id, "call_"+strconv.FormatInt(at, 10)))
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", name)
	w.StringMember("arguments", "")
	w.EndObject()
	w.EndObject()
	s.end("tool-call-start")
}

func (s *streamFromHub) done() {
	if s.ended {
		return
	}
	s.ended = true
	s.start()
	s.shut()
	s.w.Reset()
	w := &s.w
	w.Object()
	w.StringMember("type", "message-end")
	w.Key("delta")
	w.Object()
	w.StringMember("finish_reason", finishFromHub(s.finish))
	w.Key("usage")
	w.Object()
	if s.usage.Known {
		writeUsage(w, s.usage)
	}
	w.EndObject()
	w.EndObject()
	w.EndObject()
	s.out = sse.AppendEvent(s.out, "message-end", w.Bytes())
	s.out = sse.AppendData(s.out, []byte("[DONE]"))
}
