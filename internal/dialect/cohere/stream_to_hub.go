package cohere

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
)

// StreamToHub implements dialect.Translator. The hub's stream begins with a
// chunk that has the role, ends with the finish reason, the usage (always) and
// [DONE], all at Cohere's message-end. An end that tells of an error is returned
// by Next as that error.
func (Format) StreamToHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	s := &streamToHub{c: c, block: -1}
	return dialect.TranslateEvents(src, s.event)
}

// streamToHub writes hub chunks for chat events.
type streamToHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	out []byte

	id      string
	started bool
	ended   bool
	block   int64          // index of the content block that is open; Cohere's own stays 0
	tools   []streamedTool // their index in the hub is their place
	cited   bool           // a receipt tells that citations were lost
	thought bool           // a receipt tells that thinking was lost
}

// streamedTool is a tool call whose arguments are arriving.
type streamedTool struct {
	index int64  // Cohere's
	held  []byte // the inside of a JSON string, while it may still become null
	some  bool   // a part of the arguments has been written
}

func (s *streamToHub) event(out, data []byte) ([]byte, error) {
	s.out = out
	var kind string
	var delta, logprobs []byte
	var index int64
	for key, value := range jsonedit.Members(data) {
		switch string(key) {
		case "type":
			kind = jsonedit.Text(value)
		case "index":
			index = jsonedit.Int(value)
		case "id":
			s.id = orElse(s.id, jsonedit.Text(value))
		case "delta":
			delta = value
		case "logprobs":
			logprobs = value
		}
	}
	message := jsonedit.Get(delta, "message")
	switch kind {
	case "message-start":
		s.start()
	case "content-start":
		s.block++
		s.content(jsonedit.Get(message, "content"), nil)
	case "content-delta":
		s.content(jsonedit.Get(message, "content"), logprobs)
	case "tool-plan-delta":
		s.text(jsonedit.Get(message, "tool_plan"), nil)
	case "tool-call-start":
		s.toolStart(index, jsonedit.Get(message, "tool_calls"))
	case "tool-call-delta":
		s.toolDelta(index, jsonedit.Get(message, "tool_calls", "function", "arguments"))
	case "tool-call-end":
		s.toolEnd(index)
	case "citation-start":
		s.citation(jsonedit.Get(message, "citations"))
	case "message-end":
		return s.end(delta)
	}
	return s.out, nil
}

// end writes the finish reason, the usage and the hub's end.
func (s *streamToHub) end(delta []byte) ([]byte, error) {
	if e := failureOf(delta); e != nil {
		return s.out, e
	}
	if s.ended {
		return s.out, nil
	}
	s.ended = true
	s.begin()
	s.close(finishToHub(s.c, jsonedit.Text(jsonedit.Get(delta, "finish_reason"))), nil)
	raw := jsonedit.Get(delta, "usage")
	if u := parseUsage(raw); u.Known {
		s.head()
		s.w.EndArray()
		s.w.Key("usage")
		writeUsageToHub(&s.w, s.c, u, raw)
		s.w.EndObject()
		s.out = sse.AppendData(s.out, s.w.Bytes())
	}
	return sse.AppendData(s.out, []byte("[DONE]")), nil
}

// start writes the chunk that has the role.
func (s *streamToHub) start() {
	if s.started {
		return
	}
	s.started = true
	s.begin()
	s.w.StringMember("role", "assistant")
	s.w.StringMember("content", "")
	s.close("", nil)
}

// begin begins a chunk up to the members of its delta.
func (s *streamToHub) begin() {
	s.start()
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
	w.StringMember("id", orElse(s.id, s.c.ID))
	w.StringMember("object", "chat.completion.chunk")
	w.IntMember("created", s.c.Now)
	w.StringMember("model", s.c.Model)
	w.Key("choices")
	w.Array()
}

// close ends a chunk that begin began; an empty finish reason is null.
func (s *streamToHub) close(finish string, logprob []byte) {
	w := &s.w
	w.EndObject()
	w.Key("logprobs")
	if logprob == nil {
		w.Raw(nil)
	} else {
		w.Object()
		w.Key("content")
		w.Array()
		writeLogprob(w, logprob)
		w.EndArray()
		w.RawMember("refusal", nil)
		w.EndObject()
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

func (s *streamToHub) content(content, logprob []byte) {
	s.text(jsonedit.Get(content, "text"), logprob)
	thought := jsonedit.Get(content, "thinking")
	if !isText(thought) {
		return
	}
	if s.c.Strict {
		if !s.thought {
			s.c.Drop("content.thinking", notInHub)
		}
		s.thought = true
		return
	}
	s.own(func(w *jsonedit.Writer) {
		w.StringMember("type", "thinking_delta")
		w.RawMember("thinking", thought)
	})
}

func (s *streamToHub) text(text, logprob []byte) {
	if !isText(text) {
		return
	}
	s.begin()
	s.w.RawMember("content", text)
	s.close("", logprob)
}

// own writes a delta that the hub has not, as an extension.
func (s *streamToHub) own(members func(w *jsonedit.Writer)) {
	s.begin()
	w := &s.w
	w.Key("content_blocks")
	w.Array()
	w.Object()
	w.IntMember("index", max(0, s.block))
	w.Key("delta")
	w.Object()
	members(w)
	w.EndObject()
	w.EndObject()
	w.EndArray()
	s.close("", nil)
}

func (s *streamToHub) citation(citation []byte) {
	if citation == nil {
		return
	}
	if s.c.Strict {
		if !s.cited {
			s.c.Drop("citations", "OpenAI's messages have nothing like citations of documents")
		}
		s.cited = true
		return
	}
	s.own(func(w *jsonedit.Writer) {
		w.StringMember("type", "citations_delta")
		w.Key("citation")
		writeCitation(w, citation)
	})
}

// tool finds a call that is arriving, -1 if there is none.
func (s *streamToHub) tool(index int64) int {
	for i := len(s.tools) - 1; i >= 0; i-- {
		if s.tools[i].index == index {
			return i
		}
	}
	return -1
}

func (s *streamToHub) toolStart(index int64, call []byte) {
	s.tools = append(s.tools, streamedTool{index: index})
	i := len(s.tools) - 1
	s.call(i, func(w *jsonedit.Writer) {
		w.RawMember("id", jsonedit.Get(call, "id"))
		w.StringMember("type", "function")
		w.Key("function")
		w.Object()
		w.RawMember("name", jsonedit.Get(call, "function", "name"))
		w.StringMember("arguments", "")
		w.EndObject()
	})
	s.arguments(i, jsonedit.Get(call, "function", "arguments"))
}

func (s *streamToHub) toolDelta(index int64, arguments []byte) {
	if i := s.tool(index); i >= 0 {
		s.arguments(i, arguments)
	}
}

const null = "null"

// arguments writes a part of a call's arguments. What may become null, as Cohere
// writes the arguments of a call without any, waits until it is something else.
func (s *streamToHub) arguments(i int, text []byte) {
	if !isText(text) {
		return
	}
	t := &s.tools[i]
	if !t.some {
		t.held = append(t.held, text[1:len(text)-1]...)
		if len(t.held) <= len(null) && string(t.held) == null[:len(t.held)] {
			return
		}
		text = append(append([]byte{'"'}, t.held...), '"')
	}
	t.some = true
	s.call(i, func(w *jsonedit.Writer) {
		w.Key("function")
		w.Object()
		w.RawMember("arguments", text)
		w.EndObject()
	})
}

// toolEnd completes a call without arguments.
func (s *streamToHub) toolEnd(index int64) {
	i := s.tool(index)
	if i < 0 || s.tools[i].some {
		return
	}
	s.tools[i].some = true
	s.call(i, func(w *jsonedit.Writer) {
		w.Key("function")
		w.Object()
		w.StringMember("arguments", "{}")
		w.EndObject()
	})
}

func (s *streamToHub) call(i int, members func(*jsonedit.Writer)) {
	s.begin()
	w := &s.w
	w.Key("tool_calls")
	w.Array()
	w.Object()
	w.IntMember("index", int64(i))
	members(w)
	w.EndObject()
	w.EndArray()
	s.close("", nil)
}
