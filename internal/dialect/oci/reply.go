package oci

import (
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// reply writes an answer; it may have several choices.
func reply(c *dialect.Conversion, body []byte) ([]byte, error) {
	r := jsonedit.Get(body, "chatResponse")
	choices := jsonedit.Get(r, "choices")
	if jsonedit.Kind(choices) != '[' {
		return nil, oneway.BadReply("it has no choices")
	}
	created := c.Now
	if t, err := time.Parse(time.RFC3339, jsonedit.Text(jsonedit.Get(r, "timeCreated"))); err == nil {
		created = t.Unix()
	}
	var w jsonedit.Writer
	w.Grow(len(body))
	w.Object()
	w.StringMember("id", c.ID)
	w.StringMember("object", "chat.completion")
	w.IntMember("created", created)
	w.StringMember("model", c.Model)
	w.Key("choices")
	w.Array()
	for choice := range jsonedit.Elements(choices) {
		w.Object()
		w.IntMember("index", jsonedit.Int(jsonedit.Get(choice, "index")))
		w.Key("message")
		calls := hubMessage(&w, jsonedit.Get(choice, "message"))
		w.RawMember("logprobs", nil)
		reason := finish(jsonedit.Text(jsonedit.Get(choice, "finishReason")))
		if calls && reason == "stop" {
			reason = "tool_calls"
		}
		w.StringMember("finish_reason", reason)
		w.EndObject()
	}
	w.EndArray()
	if u := usage(jsonedit.Get(r, "usage")); u.Known {
		w.Key("usage")
		openai.WriteUsage(&w, u)
	}
	w.EndObject()
	return w.Bytes(), nil
}

// hubMessage writes a message and reports whether it has calls.
func hubMessage(w *jsonedit.Writer, message []byte) bool {
	calls := jsonedit.Get(message, "toolCalls")
	called := jsonedit.Length(calls) > 0
	w.Object()
	w.StringMember("role", "assistant")
	w.Key("content")
	if text := joined(message); len(text) > len(`""`) || !called {
		w.Raw(text)
	} else {
		w.Raw(nil)
	}
	if called {
		w.Key("tool_calls")
		w.Array()
		for call := range jsonedit.Elements(calls) {
			w.Object()
			w.RawMember("id", jsonedit.Get(call, "id"))
			w.StringMember("type", "function")
			w.Key("function")
			w.Object()
			w.RawMember("name", jsonedit.Get(call, "name"))
			arguments := jsonedit.Get(call, "arguments")
			if jsonedit.TextLen(arguments) == 0 {
				arguments = []byte(`"{}"`)
			}
			w.RawMember("arguments", arguments)
			w.EndObject()
			w.EndObject()
		}
		w.EndArray()
	}
	w.EndObject()
	return called
}

// joined is the text of a message's parts, a JSON string.
func joined(message []byte) []byte {
	text := []byte{'"'}
	for part := range jsonedit.Elements(jsonedit.Get(message, "content")) {
		if t := jsonedit.Get(part, "text"); jsonedit.Kind(t) == '"' {
			text = append(text, t[1:len(t)-1]...)
		}
	}
	return append(text, '"')
}

// stream writes hub chunks. The answer ends with its finish reason, after which
// only the usage comes; the end mark is supplied where there is none.
func stream(c *dialect.Conversion) func(out, data []byte) ([]byte, error) {
	s := streamed{k: oneway.Chunks{C: c}}
	return s.event
}

type streamed struct {
	k        oneway.Chunks
	finished bool
	usage    ai.Usage
	call     string // id of the open call
}

func (s *streamed) event(out, data []byte) ([]byte, error) {
	if string(data) == "[DONE]" {
		return s.k.End(out, ai.Usage{}), nil
	}
	message := jsonedit.Get(data, "message")
	if message == nil && jsonedit.Get(data, "code") != nil && jsonedit.Get(data, "finishReason") == nil {
		return out, openai.ParseError(0, data)
	}
	out = s.k.Text(out, joined(message))
	for call := range jsonedit.Elements(jsonedit.Get(message, "toolCalls")) {
		if id := jsonedit.Text(jsonedit.Get(call, "id")); id != "" && id != s.call {
			s.call = id
			out = s.k.OpenCall(out, id, jsonedit.Get(call, "name"))
		}
		out = s.k.Arguments(out, jsonedit.Get(call, "arguments"))
	}
	if u := usage(jsonedit.Get(data, "usage")); u.Known {
		s.usage = u
	}
	reason := jsonedit.Text(jsonedit.Get(data, "finishReason"))
	if reason != "" && !s.finished {
		s.finished = true
		if reason = finish(reason); reason == "stop" && s.k.Calls() > 0 {
			reason = "tool_calls"
		}
		out = s.k.Finish(out, reason)
	}
	if s.finished && s.usage.Known {
		out = s.k.Usage(out, s.usage)
		s.usage.Known = false
	}
	return out, nil
}
