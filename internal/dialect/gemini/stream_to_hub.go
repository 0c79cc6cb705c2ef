package gemini

import (
	"fmt"
	"io"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
)

// streamToHub writes hub chunks for generateContent replies.
type streamToHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	out []byte

	id, model string
	made      int64
	blocked   bool // the prompt's feedback names a reason
	refused   bool // there is no answer because of it
	counts    counts
	choices   []*streamedChoice
	dropped   map[string]bool // reasons that a receipt has been given for
}

// streamedChoice is a candidate that is arriving.
type streamedChoice struct {
	index    int64
	partial  *partialCall // a call that is arriving in pieces
	tools    int
	finish   string
	text     []byte          // so far; sources count in it
	sources  map[source]bool // that have been written
	thinking bool            // the last block was a thought that may go on
	block    int64           // index of the last content block
}

func (s *streamToHub) event(data []byte) error {
	if e := asError(data); e != nil {
		return e
	}
	var candidates []byte
	for key, value := range jsonedit.Members(data) {
		name := camel(key)
		switch name {
		case "candidates":
			candidates = value
		case "responseId":
			s.id = orElse(s.id, jsonedit.Text(value))
		case "modelVersion":
			s.model = orElse(s.model, jsonedit.Text(value))
		case "createTime":
			s.made = created(s.c, jsonedit.Text(value))
		case "promptFeedback":
			s.blocked = s.blocked || isBlocked(value)
		}
		s.counts.member(name, value)
	}
	i := int64(0)
	for candidate := range jsonedit.Elements(candidates) {
		if err := s.candidate(splitOwn(candidate), i); err != nil {
			return err
		}
		i++
	}
	return nil
}

// unseen leaves the sources that have not been written: chunks may repeat them.
func (ch *streamedChoice) unseen(list []source) (fresh []source) {
	for _, one := range list {
		if !ch.sources[one] {
			if ch.sources == nil {
				ch.sources = map[source]bool{}
			}
			ch.sources[one] = true
			fresh = append(fresh, one)
		}
	}
	return fresh
}

// end writes what ends the hub's stream, if the answer is whole.
func (s *streamToHub) end() error {
	if s.blocked && len(s.choices) == 0 {
		s.choice(0).finish, s.refused = "SAFETY", true
	}
	for _, ch := range s.choices {
		if ch.finish == "" {
			return io.ErrUnexpectedEOF
		}
	}
	if len(s.choices) == 0 {
		return io.ErrUnexpectedEOF
	}
	for _, ch := range s.choices {
		s.endPartial(ch)
		reason := finishToHub(s.c, ch.finish, ch.tools > 0)
		if s.refused {
			reason = "content_filter"
		}
		s.begin(ch)
		s.finish(reason)
	}
	s.usage()
	s.out = sse.AppendData(s.out, []byte("[DONE]"))
	return nil
}

// choice finds a candidate's state. When it appears first, the chunk with the role
// is written.
func (s *streamToHub) choice(index int64) *streamedChoice {
	for _, ch := range s.choices {
		if ch.index == index {
			return ch
		}
	}
	ch := &streamedChoice{index: index, block: -1}
	s.choices = append(s.choices, ch)
	s.begin(ch)
	s.w.StringMember("role", "assistant")
	s.w.StringMember("content", "")
	s.finish("")
	return ch
}

func (s *streamToHub) candidate(m members, i int64) error {
	if told := m.take("index"); told != nil {
		i = jsonedit.Int(told)
	}
	ch := s.choice(i)
	n := 0
	for part := range jsonedit.Elements(get(m.take("content"), "parts")) {
		if err := s.part(ch, part, fmt.Sprintf("candidates[%d].content.parts[%d]", i, n)); err != nil {
			return err
		}
		n++
	}
	if reason := finishName(m.take("finishReason")); reason != "" {
		ch.finish = reason
	}
	found := sources{text: string(ch.text)}
	found.read(m)
	if found.list = ch.unseen(found.list); len(found.list) > 0 {
		s.begin(ch)
		found.write(&s.w)
		s.finish("")
	}
	if logprobs := m.take("logprobsResult"); logprobs != nil {
		s.begin(ch)
		s.w.EndObject()
		s.w.Key("logprobs")
		writeLogprobs(&s.w, logprobs)
		s.close("")
	}
	return nil
}

func (s *streamToHub) part(ch *streamedChoice, part []byte, path string) error {
	m := splitOwn(part)
	thought, signature := string(m.take("thought")) == "true", m.text("thoughtSignature")
	text, call := m.take("text"), m.take("functionCall")
	switch {
	case thought && jsonedit.Kind(text) == '"':
		s.thought(ch, text, signature, path)
		return nil
	case call != nil:
		ch.thinking = false
		return s.call(ch, call, signature)
	case jsonedit.Kind(text) == '"':
		if !jsonedit.IsEmpty(text) {
			ch.thinking = false
			ch.text = append(ch.text, jsonedit.Text(text)...)
			s.begin(ch)
			s.w.RawMember("content", text)
			s.finish("")
		}
	default:
		ch.thinking = false
		s.other(ch, part, path)
	}
	if signature != "" {
		s.signature(ch, signature, path)
	}
	return nil
}

// drop records a loss once, however many chunks it goes on for.
func (s *streamToHub) drop(path, reason string) {
	if s.dropped[reason] {
		return
	}
	if s.dropped == nil {
		s.dropped = map[string]bool{}
	}
	s.dropped[reason] = true
	s.c.Drop(path, reason)
}

// thought writes a piece of a thought; pieces in a row are one block.
func (s *streamToHub) thought(ch *streamedChoice, text []byte, signature, path string) {
	if s.c.Strict {
		s.drop(path, "OpenAI's messages have nothing like a thought")
		return
	}
	if !ch.thinking {
		ch.block++
		ch.thinking = true
	}
	if !jsonedit.IsEmpty(text) {
		s.block(ch, "thinking_delta", "thinking", text)
	}
	if signature != "" {
		s.block(ch, "signature_delta", "signature", jsonedit.AppendString(nil, signature))
		ch.thinking = false
	}
}

// signature writes the signature of a text as a block of its own.
func (s *streamToHub) signature(ch *streamedChoice, signature, path string) {
	if s.c.Strict {
		s.drop(path+".thoughtSignature", notInHub)
		return
	}
	ch.block++
	ch.thinking = false
	s.block(ch, "signature_delta", "signature", jsonedit.AppendString(nil, signature))
}

// other writes a part that is neither text nor a call as a block that is whole at
// once.
func (s *streamToHub) other(ch *streamedChoice, part []byte, path string) {
	t := turn{c: s.c}
	t.blocks.Array()
	t.other(part, path)
	t.blocks.EndArray()
	if t.audio != "" {
		s.begin(ch)
		writeAudio(&s.w, s.c, t.audio)
		s.finish("")
	}
	for block := range jsonedit.Elements(t.blocks.Bytes()) {
		ch.block++
		s.begin(ch)
		s.blocks(ch.block, block)
		s.finish("")
	}
}

func (s *streamToHub) block(ch *streamedChoice, kind, key string, value []byte) {
	var delta jsonedit.Writer
	delta.Object()
	delta.StringMember("type", kind)
	delta.RawMember(key, value)
	delta.EndObject()
	s.begin(ch)
	s.blocks(ch.block, delta.Bytes())
	s.finish("")
}

func (s *streamToHub) blocks(index int64, delta []byte) {
	w := &s.w
	w.Key("content_blocks")
	w.Array()
	w.Object()
	w.IntMember("index", index)
	w.RawMember("delta", delta)
	w.EndObject()
	w.EndArray()
}

// call takes a function call, which is whole at once unless pieces were asked for.
func (s *streamToHub) call(ch *streamedChoice, call []byte, signature string) error {
	m := splitOwn(call)
	name, pieces, more := m.take("name"), m.take("partialArgs"), string(m.take("willContinue")) == "true"
	if !jsonedit.IsEmpty(name) {
		s.endPartial(ch)
		if !more && pieces == nil {
			s.writeCall(ch, m.text("id"), name, m.take("args"), signature)
			return nil
		}
		ch.partial = &partialCall{id: m.text("id"), signature: signature, name: append([]byte(nil), name...), args: []byte("{}")}
	}
	if ch.partial == nil {
		return nil // the end of a call that has ended
	}
	if err := ch.partial.add(pieces); err != nil {
		return err
	}
	if !more {
		s.endPartial(ch)
	}
	return nil
}

// endPartial writes the call that arrived in pieces, if there is one.
func (s *streamToHub) endPartial(ch *streamedChoice) {
	if p := ch.partial; p != nil {
		ch.partial = nil
		s.writeCall(ch, p.id, p.name, p.args, p.signature)
	}
}

func (s *streamToHub) writeCall(ch *streamedChoice, id string, name, args []byte, signature string) {
	if id == "" {
		id = callID(s.c.ID, int(ch.index)*100+ch.tools)
	}
	if jsonedit.Kind(args) != '{' {
		args = []byte("{}")
	}
	s.begin(ch)
	s.w.Key("tool_calls")
	s.w.Array()
	writeCall(s.c, &s.w, ch.tools, id, name, args, signature, true)
	s.w.EndArray()
	s.finish("")
	ch.tools++
}
