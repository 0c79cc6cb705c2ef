package bedrock

import (
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// streamToHub writes hub chunks for events of Converse.
type streamToHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	out []byte

	started, stopped bool
	tools            map[int64]*streamedTool // by their content blocks
	calls            int                     // of tools that are the client's
	lost             bool                    // a receipt says that reasoning is not carried
}

// streamedTool is a tool call whose input is arriving.
type streamedTool struct {
	call   int  // index of the call in the hub
	server bool // the provider runs it; it is no call of the client's
	some   bool // a part of the arguments has been written
}

func (s *streamToHub) event(e sse.Event) error {
	index := jsonedit.Int(jsonedit.Get(e.Data, "contentBlockIndex"))
	switch string(e.Name) {
	case "messageStart":
		s.start()
	case "contentBlockStart":
		s.blockStart(index, jsonedit.Get(e.Data, "start"))
	case "contentBlockDelta":
		s.blockDelta(index, jsonedit.Get(e.Data, "delta"))
	case "contentBlockStop":
		s.blockStop(index)
	case "messageStop":
		s.stop(e.Data)
	case "metadata":
		s.metadata(e.Data)
	case "error":
		return Format{}.ParseError(0, e.Data)
	}
	return nil
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
	s.end("")
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
	w.StringMember("id", s.c.ID)
	w.StringMember("object", "chat.completion.chunk")
	w.IntMember("created", s.c.Now)
	w.StringMember("model", s.c.Model)
	w.Key("choices")
	w.Array()
}

// end ends a chunk that begin began; an empty finish reason is null.
func (s *streamToHub) end(finish string) {
	w := &s.w
	w.EndObject()
	w.RawMember("logprobs", nil)
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

func (s *streamToHub) blockStart(index int64, start []byte) {
	use := jsonedit.Get(start, "toolUse")
	if use == nil {
		if !isEmpty(start) {
			s.own(index, func(w *jsonedit.Writer) {
				w.StringMember("type", foreign)
				w.RawMember(foreign, start)
			})
		}
		return
	}
	tool := &streamedTool{call: s.calls, server: jsonedit.Text(jsonedit.Get(use, "type")) == "server_tool_use"}
	if s.tools == nil {
		s.tools = map[int64]*streamedTool{}
	}
	s.tools[index] = tool
	if tool.server {
		s.own(index, func(w *jsonedit.Writer) { writeServerTool(w, use) })
		return
	}
	s.calls++
	s.toolDelta(tool, func(w *jsonedit.Writer) {
		w.RawMember("id", jsonedit.Get(use, "toolUseId"))
		w.StringMember("type", "function")
		w.Key("function")
		w.Object()
		w.RawMember("name", jsonedit.Get(use, "name"))
		w.StringMember("arguments", "")
		w.EndObject()
	})
}

func (s *streamToHub) blockDelta(index int64, delta []byte) {
	for key, value := range jsonedit.Members(delta) {
		switch string(key) {
		case "text":
			s.text(value)
		case "toolUse":
			s.input(index, jsonedit.Get(value, "input"))
		case "reasoningContent":
			s.reasoning(index, value)
		case "citation":
			s.own(index, func(w *jsonedit.Writer) {
				w.StringMember("type", "citations_delta")
				w.Key("citation")
				writeCitation(w, value)
			})
		default:
			s.own(index, func(w *jsonedit.Writer) {
				w.StringMember("type", foreign)
				w.RawMember(foreign, delta)
			})
		}
	}
}

func (s *streamToHub) text(text []byte) {
	if isEmpty(text) {
		return
	}
	s.begin()
	s.w.RawMember("content", text)
	s.end("")
}

func (s *streamToHub) reasoning(index int64, delta []byte) {
	for key, value := range jsonedit.Members(delta) {
		if isEmpty(value) {
			continue
		}
		s.own(index, func(w *jsonedit.Writer) {
			switch string(key) {
			case "text":
				w.StringMember("type", "thinking_delta")
				w.RawMember("thinking", value)
			case "signature":
				w.StringMember("type", "signature_delta")
				w.RawMember("signature", value)
			default:
				w.StringMember("type", "redacted_thinking")
				w.RawMember("data", value)
			}
		})
	}
}

// own writes what the hub has no delta for as an extension.
func (s *streamToHub) own(index int64, members func(*jsonedit.Writer)) {
	if s.c.Strict {
		if !s.lost {
			s.lost = true
			s.c.Drop("contentBlockDelta", "OpenAI's streams have nothing like reasoning, citations and tools that the provider ran")
		}
		return
	}
	s.begin()
	s.w.Key("content_blocks")
	s.w.Array()
	s.w.Object()
	s.w.IntMember("index", index)
	s.w.Key("delta")
	s.w.Object()
	members(&s.w)
	s.w.EndObject()
	s.w.EndObject()
	s.w.EndArray()
	s.end("")
}

func (s *streamToHub) input(index int64, text []byte) {
	tool := s.tools[index]
	if tool == nil || isEmpty(text) {
		return
	}
	if tool.server {
		s.own(index, func(w *jsonedit.Writer) {
			w.StringMember("type", "input_json_delta")
			w.RawMember("partial_json", text)
		})
		return
	}
	tool.some = true
	s.toolDelta(tool, func(w *jsonedit.Writer) {
		w.Key("function")
		w.Object()
		w.RawMember("arguments", text)
		w.EndObject()
	})
}

// blockStop completes a call for which no input came.
func (s *streamToHub) blockStop(index int64) {
	if tool := s.tools[index]; tool != nil && !tool.some && !tool.server {
		s.input(index, []byte(`"{}"`))
	}
}

func (s *streamToHub) toolDelta(tool *streamedTool, members func(*jsonedit.Writer)) {
	s.begin()
	s.w.Key("tool_calls")
	s.w.Array()
	s.w.Object()
	s.w.IntMember("index", int64(tool.call))
	members(&s.w)
	s.w.EndObject()
	s.w.EndArray()
	s.end("")
}

func (s *streamToHub) stop(data []byte) {
	if s.stopped {
		return
	}
	s.stopped = true
	reason := jsonedit.Text(jsonedit.Get(data, "stopReason"))
	s.begin()
	s.end(stopToHub(reason, s.calls > 0, s.c))
}

// metadata ends the stream: with the usage, where it tells one.
func (s *streamToHub) metadata(data []byte) {
	m := split(data)
	u := parseUsage(m.take("usage"), m.take("serviceTier"))
	m.take("metrics")
	m.take("p") // padding
	if u.Known {
		s.head()
		s.w.EndArray()
		s.w.Key("usage")
		openai.WriteUsage(&s.w, u)
		if u.ServiceTier != "" {
			s.w.StringMember("service_tier", u.ServiceTier)
		}
		writeExtensions(&s.w, s.c, m)
		s.w.EndObject()
		s.out = sse.AppendData(s.out, s.w.Bytes())
	}
	s.out = sse.AppendData(s.out, []byte("[DONE]"))
}
