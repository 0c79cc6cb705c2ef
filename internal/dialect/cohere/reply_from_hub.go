package cohere

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

func replyFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	var choice []byte
	n := 0
	for other := range jsonedit.Elements(jsonedit.Get(body, "choices")) {
		if n++; n == 1 {
			choice = other
			continue
		}
		c.Drop(fmt.Sprintf("choices[%d]", n-1), "Cohere's chats have one answer")
	}
	message := jsonedit.Get(choice, "message")
	if jsonedit.Kind(message) != '{' {
		if jsonedit.Kind(jsonedit.Get(body, "error")) == '{' {
			return nil, openai.ParseError(0, body)
		}
		return nil, badReply("a chat completion", "it has no message")
	}
	f := fromHub{c: c}
	f.w.Grow(len(body) + 256)
	w := &f.w
	w.Object()
	w.StringMember("id", orElse(jsonedit.Text(jsonedit.Get(body, "id")), c.ID))
	w.Key("message")
	f.replyMessage(jsonedit.Split(message))
	w.StringMember("finish_reason", finishFromHub(jsonedit.Text(jsonedit.Get(choice, "finish_reason"))))
	if u := (openai.Format{}).Usage(c.Op, body); u.Known {
		w.Key("usage")
		w.Object()
		writeUsage(w, u)
		w.EndObject()
	}
	if logprobs := jsonedit.Get(choice, "logprobs"); jsonedit.Length(jsonedit.Get(logprobs, "content")) > 0 {
		w.Key("logprobs")
		writeLogprobsFromHub(w, logprobs)
	}
	w.EndObject()
	if f.err != nil {
		return nil, badReply("a chat completion", f.err.Message)
	}
	return w.Bytes(), nil
}

// replyMessage writes the message of a reply: as in a request, but its content
// is always blocks.
func (f *fromHub) replyMessage(m jsonedit.Object) {
	w := &f.w
	calls := f.calls(m)
	s := f.said(m)
	w.Object()
	w.StringMember("role", "assistant")
	if calls != nil {
		if len(s.texts) > 0 {
			w.RawMember("tool_plan", jsonedit.JoinTexts(s.texts, ""))
		}
		w.RawMember("tool_calls", calls)
		s.texts = nil
	}
	if len(s.thoughts)+len(s.texts) > 0 || calls == nil {
		w.Key("content")
		w.Array()
		for _, thought := range s.thoughts {
			w.Object()
			w.StringMember("type", "thinking")
			w.RawMember("thinking", thought)
			w.EndObject()
		}
		if len(s.texts) > 0 {
			f.text(jsonedit.JoinTexts(s.texts, ""))
		}
		w.EndArray()
	}
	if len(s.citations) > 0 {
		w.Key("citations")
		w.Array()
		for _, citation := range s.citations {
			w.Raw(citation)
		}
		w.EndArray()
	}
	w.EndObject()
}
