package gemini

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// streamFromHub writes generateContent replies for hub chunks.
type streamFromHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	out []byte

	id, model string
	usage     ai.Usage
	choices   []*hubChoice
}

// hubChoice is a choice that is arriving. Its calls are collected: Gemini's are
// whole.
type hubChoice struct {
	index       int64
	finish      string
	tools       []*hubCall
	thinking    map[int64]bool // blocks that are thoughts
	text        []byte
	annotations jsonedit.Writer
	logprobs    jsonedit.Writer
}

type hubCall struct {
	index          int64
	id, signature  string
	name           []byte // a JSON string
	args           []byte // the inside of a JSON string, as it came
	call, function []byte // as they came first, for what else they carry
}

func (s *streamFromHub) event(data []byte) error {
	if openai.IsDone(data) {
		return s.done()
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
			if !jsonedit.IsEmpty(value) {
				return openai.ParseError(0, data)
			}
		}
	}
	if usage {
		s.readUsage(data)
	}
	for choice := range jsonedit.Elements(choices) {
		s.delta(s.choice(jsonedit.Int(jsonedit.Get(choice, "index"))), choice)
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

func (s *streamFromHub) choice(index int64) *hubChoice {
	for _, ch := range s.choices {
		if ch.index == index {
			return ch
		}
	}
	ch := &hubChoice{index: index, thinking: map[int64]bool{}}
	ch.annotations.Array()
	ch.logprobs.Array()
	s.choices = append(s.choices, ch)
	return ch
}

func (s *streamFromHub) delta(ch *hubChoice, choice []byte) {
	delta := jsonedit.Get(choice, "delta")
	own := !jsonedit.IsNull(jsonedit.Get(delta, "content_blocks"))
	for key, value := range jsonedit.Members(delta) {
		if jsonedit.IsEmpty(value) {
			continue
		}
		switch string(key) {
		case "content", "refusal":
			s.content(ch, value)
		case "reasoning_content", "reasoning":
			if !own && jsonedit.Kind(value) == '"' {
				s.part(ch, value, true, "")
			}
		case "content_blocks":
			for block := range jsonedit.Elements(value) {
				s.block(ch, jsonedit.Int(jsonedit.Get(block, "index")), jsonedit.Get(block, "delta"))
			}
		case "tool_calls":
			for call := range jsonedit.Elements(value) {
				ch.tool(call, jsonedit.Get(call, "function"))
			}
		case "function_call":
			ch.tool(nil, value)
		case "annotations":
			for a := range jsonedit.Elements(value) {
				ch.annotations.Raw(a)
			}
		}
	}
	for token := range jsonedit.Elements(jsonedit.Get(choice, "logprobs", "content")) {
		ch.logprobs.Raw(token)
	}
	if reason := jsonedit.Text(jsonedit.Get(choice, "finish_reason")); reason != "" {
		ch.finish = reason
	}
}

// content writes a delta's text, which some providers send as parts.
func (s *streamFromHub) content(ch *hubChoice, content []byte) {
	if jsonedit.Kind(content) == '"' {
		ch.text = append(ch.text, jsonedit.Text(content)...)
		s.part(ch, content, false, "")
	}
	for part := range jsonedit.Elements(content) {
		if text := jsonedit.Get(part, "text"); typeOf(part) == "text" && !jsonedit.IsEmpty(text) {
			s.content(ch, text)
		}
	}
}

// block writes a delta of a content block; see blocks.go. A block that is whole at
// once has the type of a block, not of a delta.
func (s *streamFromHub) block(ch *hubChoice, index int64, delta []byte) {
	thought, signature := jsonedit.Get(delta, "thinking"), jsonedit.Text(jsonedit.Get(delta, "signature"))
	switch kind := typeOf(delta); kind {
	case "thinking_delta", "thinking":
		if jsonedit.IsEmpty(thought) && signature == "" {
			return
		}
		ch.thinking[index] = true
		s.part(ch, thought, true, signature)
	case "signature_delta":
		if signature != "" {
			s.part(ch, nil, ch.thinking[index], signature)
		}
	case "text_delta", "text", "input_json_delta", "citations_delta":
	default:
		var pw jsonedit.Writer
		pw.Array()
		parts := modelParts{w: func() *jsonedit.Writer { return &pw }, drop: s.c.Drop}
		parts.block(delta, "content_blocks")
		parts.flush()
		pw.EndArray()
		for part := range jsonedit.Elements(pw.Bytes()) {
			s.send(ch, part)
		}
	}
}

// part writes a chunk with one part of text.
func (s *streamFromHub) part(ch *hubChoice, text []byte, thought bool, signature string) {
	if text == nil {
		text = []byte(`""`)
	}
	var w jsonedit.Writer
	w.Object()
	w.RawMember("text", text)
	if thought {
		w.RawMember("thought", []byte("true"))
	}
	if signature != "" {
		w.StringMember("thoughtSignature", signature)
	}
	w.EndObject()
	s.send(ch, w.Bytes())
}

// send writes a chunk with one part.
func (s *streamFromHub) send(ch *hubChoice, part []byte) {
	w := s.begin()
	w.Object()
	w.Key("content")
	w.Object()
	w.Key("parts")
	w.Array()
	w.Raw(part)
	w.EndArray()
	w.StringMember("role", "model")
	w.EndObject()
	w.IntMember("index", ch.index)
	w.EndObject()
	s.end(false)
}

func (s *streamFromHub) begin() *jsonedit.Writer {
	s.w.Reset()
	s.w.Object()
	s.w.Key("candidates")
	s.w.Array()
	return &s.w
}

func (s *streamFromHub) end(usage bool) {
	w := &s.w
	w.EndArray()
	if usage && s.usage.Known {
		w.Key("usageMetadata")
		writeUsage(w, s.usage)
	}
	w.StringMember("modelVersion", orElse(s.model, s.c.Model))
	w.StringMember("responseId", orElse(s.id, s.c.ID))
	w.EndObject()
	s.out = sse.AppendData(s.out, oneLine(w.Bytes()))
}

// oneLine takes the line ends out of a document, which are there only where a
// model set the arguments of a call in lines: Google's libraries read no event of
// several.
func oneLine(doc []byte) []byte {
	for i, c := range doc {
		if c == '\n' || c == '\r' {
			doc[i] = ' '
		}
	}
	return doc
}

// tool takes a part of a call. call is nil for the older form, which has one call
// and no id. Servers that give all calls the same index are told by the id, those
// that give none by their order.
func (ch *hubChoice) tool(call, function []byte) {
	t := ch.find(call)
	if t.function == nil {
		t.call, t.function = append([]byte(nil), call...), append([]byte(nil), function...)
	}
	for key, value := range jsonedit.Members(function) {
		switch string(key) {
		case "name":
			if len(t.name) == 0 && !jsonedit.IsEmpty(value) {
				t.name = append(t.name, value...)
			}
		case "arguments":
			if jsonedit.Kind(value) == '"' {
				t.args = append(t.args, value[1:len(value)-1]...)
			} else if jsonedit.Kind(value) == '{' {
				quoted := jsonedit.AppendQuoted(nil, value)
				t.args = append(t.args, quoted[1:len(quoted)-1]...)
			}
		}
	}
}

func (ch *hubChoice) find(call []byte) *hubCall {
	id, signature := splitID(jsonedit.Text(jsonedit.Get(call, "id")))
	at := jsonedit.Get(call, "index")
	for i := len(ch.tools) - 1; i >= 0; i-- {
		t := ch.tools[i]
		if !jsonedit.IsNull(at) && t.index != jsonedit.Int(at) {
			continue
		}
		if t.id == "" {
			t.id, t.signature = id, signature
		}
		if id == "" || id == t.id {
			return t
		}
	}
	t := &hubCall{index: jsonedit.Int(at), id: id, signature: signature}
	ch.tools = append(ch.tools, t)
	return t
}

// done writes the last chunk: the calls, the finish reasons and the usage.
func (s *streamFromHub) done() error {
	if len(s.choices) == 0 {
		s.choice(0)
	}
	w := s.begin()
	for _, ch := range s.choices {
		if err := s.last(w, ch); err != nil {
			return err
		}
	}
	s.end(true)
	return nil
}

func (s *streamFromHub) last(w *jsonedit.Writer, ch *hubChoice) error {
	var pw jsonedit.Writer
	pw.Array()
	parts := modelParts{w: func() *jsonedit.Writer { return &pw }, drop: s.c.Drop}
	for _, t := range ch.tools {
		args, ok := jsonedit.AsObject(jsonedit.Text(append(append([]byte{'"'}, t.args...), '"')))
		switch {
		case !ok && finishFromHub(ch.finish) == "MAX_TOKENS":
			s.c.Drop("tool_calls.function.arguments", "they were cut by the token limit and are no JSON object")
			args = []byte("{}")
		case !ok:
			return notAnObject(t.name)
		}
		parts.call(t.id, t.name, args, signatureOf(t.call, t.function, t.signature))
	}
	if parts.n == 0 {
		pw.Raw([]byte(`{"text":""}`)) // as Gemini's own last chunks do
	}
	pw.EndArray()
	w.Object()
	w.Key("content")
	w.Object()
	w.RawMember("parts", pw.Bytes())
	w.StringMember("role", "model")
	w.EndObject()
	w.StringMember("finishReason", finishFromHub(ch.finish))
	w.IntMember("index", ch.index)
	ch.annotations.EndArray()
	writeGrounding(w, ch.annotations.Bytes(), string(ch.text))
	ch.logprobs.EndArray()
	writeLogprobsResult(w, ch.logprobs.Bytes())
	w.EndObject()
	return nil
}
