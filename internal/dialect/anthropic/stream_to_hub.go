package anthropic

import (
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// streamToHub writes hub chunks for messages events.
type streamToHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	out []byte

	id, model string
	started   bool
	lost      bool // a receipt says that something has no place in the hub
	counts    counts
	tools     []streamedTool
}

// streamedTool is a tool call whose input is arriving. Its index in the hub is
// its place in the list.
type streamedTool struct {
	block int64  // index of its content block
	input []byte // input given with the block itself
	some  bool   // a part of the arguments has been written
}

func (s *streamToHub) event(data []byte) error {
	var kind, body []byte
	var index int64
	for key, value := range jsonedit.Members(data) {
		switch string(key) {
		case "type":
			kind = value
		case "index":
			index = jsonedit.Int(value)
		case "delta", "content_block", "message":
			body = value
		case "usage":
			s.counts.update(value)
		}
	}
	switch string(kind) {
	case `"message_start"`:
		s.id, s.model = jsonedit.Text(jsonedit.Get(body, "id")), jsonedit.Text(jsonedit.Get(body, "model"))
		s.counts.read(jsonedit.Get(body, "usage"))
		s.start()
	case `"content_block_start"`:
		s.blockStart(index, body)
	case `"content_block_delta"`:
		s.blockDelta(index, body)
	case `"content_block_stop"`:
		s.blockStop(index)
	case `"message_delta"`:
		if reason := jsonedit.Get(body, "stop_reason"); !jsonedit.IsNull(reason) {
			s.begin()
			s.end(stopToHub(jsonedit.Text(reason), s.c.Strict || s.c.Onward))
		}
	case `"message_stop"`:
		s.usage()
		s.out = sse.AppendData(s.out, []byte("[DONE]"))
	case `"error"`:
		return openai.ParseError(0, data)
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
	w.StringMember("id", orElse(s.id, s.c.ID))
	w.StringMember("object", "chat.completion.chunk")
	w.IntMember("created", s.c.Now)
	w.StringMember("model", orElse(s.model, s.c.Model))
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
	s.out = appendJSON(s.out, "", w)
}

func (s *streamToHub) usage() {
	u := s.counts.usage()
	if !u.Known {
		return
	}
	s.head()
	s.w.EndArray()
	s.w.Key("usage")
	openai.WriteUsage(&s.w, u)
	if u.ServiceTier != "" {
		s.w.StringMember("service_tier", tierToHub(u.ServiceTier))
	}
	s.w.EndObject()
	s.out = appendJSON(s.out, "", &s.w)
}

func (s *streamToHub) blockStart(index int64, block []byte) {
	switch typeOf(block) {
	case "tool_use":
		s.toolStart(index, block)
	case "text":
		s.text(jsonedit.Get(block, "text"))
	case "thinking":
		if !isEmpty(jsonedit.Get(block, "thinking")) || !isEmpty(jsonedit.Get(block, "signature")) {
			s.own(index, block)
		}
	default:
		s.own(index, block)
	}
}

func (s *streamToHub) blockDelta(index int64, delta []byte) {
	switch typeOf(delta) {
	case "text_delta":
		s.text(jsonedit.Get(delta, "text"))
	case "input_json_delta":
		if i := s.tool(index); i >= 0 {
			s.arguments(i, jsonedit.Get(delta, "partial_json"))
			return
		}
		s.own(index, delta)
	default:
		s.own(index, delta)
	}
}

// blockStop completes a tool call whose input did not arrive in parts.
func (s *streamToHub) blockStop(index int64) {
	i := s.tool(index)
	if i < 0 || s.tools[i].some {
		return
	}
	input := s.tools[i].input
	if len(input) == 0 {
		input = []byte("{}")
	}
	s.arguments(i, jsonedit.AppendQuoted(nil, input))
}

func (s *streamToHub) text(text []byte) {
	if isEmpty(text) {
		return
	}
	s.begin()
	s.w.RawMember("content", text)
	s.end("")
}

// own writes what the hub has no delta for as an extension.
func (s *streamToHub) own(index int64, delta []byte) {
	if len(delta) == 0 {
		return
	}
	if s.c.Strict {
		if !s.lost {
			s.lost = true
			s.c.Drop("content_block_delta", "OpenAI's streams have nothing like thinking, citations and tools that the provider ran")
		}
		return
	}
	s.begin()
	s.w.Key("content_blocks")
	s.w.Array()
	s.w.Object()
	s.w.IntMember("index", index)
	s.w.RawMember("delta", delta)
	s.w.EndObject()
	s.w.EndArray()
	s.end("")
}

// tool finds the tool call of a content block, -1 if it is none.
func (s *streamToHub) tool(block int64) int {
	for i := len(s.tools) - 1; i >= 0; i-- {
		if s.tools[i].block == block {
			return i
		}
	}
	return -1
}

func (s *streamToHub) toolStart(index int64, block []byte) {
	input := jsonedit.Get(block, "input")
	s.tools = append(s.tools, streamedTool{block: index, input: append([]byte(nil), input...)})
	s.toolDelta(len(s.tools)-1, func(w *jsonedit.Writer) {
		w.RawMember("id", jsonedit.Get(block, "id"))
		w.StringMember("type", "function")
		w.Key("function")
		w.Object()
		w.RawMember("name", jsonedit.Get(block, "name"))
		w.StringMember("arguments", "")
		w.EndObject()
	})
}

func (s *streamToHub) arguments(i int, text []byte) {
	if isEmpty(text) {
		return
	}
	s.tools[i].some = true
	s.toolDelta(i, func(w *jsonedit.Writer) {
		w.Key("function")
		w.Object()
		w.RawMember("arguments", text)
		w.EndObject()
	})
}

func (s *streamToHub) toolDelta(i int, members func(*jsonedit.Writer)) {
	s.begin()
	s.w.Key("tool_calls")
	s.w.Array()
	s.w.Object()
	s.w.IntMember("index", int64(i))
	members(&s.w)
	s.w.EndObject()
	s.w.EndArray()
	s.end("")
}
