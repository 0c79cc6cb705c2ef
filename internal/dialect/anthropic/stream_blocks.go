package anthropic

import "github.com/portico-ai/portico/internal/codec/jsonedit"

// openBlock makes sure that a block of the kind is open; source tells blocks of
// the same kind apart. The block is written as body, without its end.
func (s *streamFromHub) openBlock(kind string, source int64, body func(w *jsonedit.Writer)) {
	if s.open == kind && s.source == source {
		return
	}
	s.closeBlock()
	w := s.begin("content_block_start")
	w.IntMember("index", s.index)
	w.Key("content_block")
	body(w)
	s.end("content_block_start")
	s.open, s.source = kind, source
}

func (s *streamFromHub) closeBlock() {
	if s.open == "" {
		return
	}
	w := s.begin("content_block_stop")
	w.IntMember("index", s.index)
	s.end("content_block_stop")
	s.open = ""
	s.index++
}

// delta writes a delta of the open block, whose only member besides its type is
// key.
func (s *streamFromHub) delta(kind, key string, value []byte) {
	w := s.begin("content_block_delta")
	w.IntMember("index", s.index)
	w.Key("delta")
	w.Object()
	w.StringMember("type", kind)
	w.RawMember(key, value)
	w.EndObject()
	s.end("content_block_delta")
}

func (s *streamFromHub) rawDelta(delta []byte) {
	w := s.begin("content_block_delta")
	w.IntMember("index", s.index)
	w.RawMember("delta", delta)
	s.end("content_block_delta")
}

// content writes a delta's text, which some providers send as parts.
func (s *streamFromHub) content(content []byte) {
	if jsonedit.Kind(content) == '"' {
		s.openText()
		s.delta("text_delta", "text", content)
	}
	for part := range jsonedit.Elements(content) {
		for thought := range thoughts(part) {
			s.thinking(thought)
		}
		if text := jsonedit.Get(part, "text"); typeOf(part) == "text" && !isEmpty(text) {
			s.openText()
			s.delta("text_delta", "text", text)
		}
	}
}

// anySource is the source of blocks that are told apart by their kind alone.
const anySource = -1

func (s *streamFromHub) openText() {
	s.flushTools()
	s.openBlock("text", anySource, func(w *jsonedit.Writer) {
		w.Raw([]byte(`{"type":"text","text":""}`))
	})
}

func (s *streamFromHub) thinking(text []byte) {
	s.openThinking(anySource)
	s.delta("thinking_delta", "thinking", text)
}

func (s *streamFromHub) openThinking(source int64) {
	s.flushTools()
	s.openBlock("thinking", source, func(w *jsonedit.Writer) {
		w.Raw([]byte(`{"type":"thinking","thinking":"","signature":""}`))
	})
}

// ownDelta writes a delta of Anthropic's own: of thinking, of citations, of a
// block that began in an earlier one, or a block's beginning.
func (s *streamFromHub) ownDelta(source int64, delta []byte) {
	if len(delta) == 0 {
		return
	}
	switch deltaType(delta) {
	case "thinking_delta":
		s.openThinking(source)
		s.delta("thinking_delta", "thinking", jsonedit.Get(delta, "thinking"))
	case "signature_delta":
		s.openThinking(source)
		s.delta("signature_delta", "signature", jsonedit.Get(delta, "signature"))
	case "citations_delta":
		s.openText()
		s.rawDelta(delta)
	case "input_json_delta":
		if s.open == "own" && s.source == source {
			s.rawDelta(delta)
		}
	case "text_delta": // in content, too
	default:
		s.flushTools()
		s.closeBlock()
		s.openBlock("own", source, func(w *jsonedit.Writer) { w.Raw(delta) })
	}
}

// deltaType is a delta's type; some senders leave it to be seen from the member.
func deltaType(delta []byte) string {
	kind := typeOf(delta)
	if kind != "" {
		return kind
	}
	for key := range jsonedit.Members(delta) {
		switch string(key) {
		case "thinking":
			return "thinking_delta"
		case "signature":
			return "signature_delta"
		case "citation":
			return "citations_delta"
		case "partial_json":
			return "input_json_delta"
		}
	}
	return "text_delta"
}
