package responses

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// An envelope is what a response says beside its output. Much of it repeats the
// request, as OpenAI's responses do.
type envelope struct {
	c     *dialect.Conversion
	base  string // what the ids of the response and its items are made of
	model string
	tier  string
	made  int64 // unix seconds
}

// maxBase keeps ids within the 64 characters that OpenAI's API takes.
const maxBase = 55

func newEnvelope(c *dialect.Conversion, id string) envelope {
	base := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return -1
	}, orElse(strings.TrimPrefix(id, "resp_"), c.ID))
	return envelope{c: c, base: base[:min(len(base), maxBase)], model: c.Model, made: c.Now}
}

// An ending is how a response stands or ended.
type ending struct {
	status string // "in_progress", "completed", "incomplete"
	reason string // why it is incomplete
}

// endings are the hub's finish reasons, and the words of providers that a
// conversion which is not strict keeps.
func endingOf(finish string) ending {
	switch strings.ToLower(finish) {
	case "length", "max_tokens", "model_context_window_exceeded":
		return ending{"incomplete", "max_output_tokens"}
	case "content_filter", "refusal", "safety":
		return ending{"incomplete", "content_filter"}
	}
	return ending{status: "completed"}
}

// write writes the response object.
func (e *envelope) write(w *jsonedit.Writer, end ending, output []byte, usage ai.Usage) {
	asked := split(e.c.Request)
	repeat := func(key, otherwise string) {
		value := asked.take(key)
		if value == nil {
			value = []byte(otherwise)
		}
		w.RawMember(key, value)
	}
	w.Object()
	w.StringMember("id", "resp_"+e.base)
	w.StringMember("object", "response")
	w.IntMember("created_at", e.made)
	w.StringMember("status", end.status)
	w.RawMember("background", []byte("false"))
	w.RawMember("error", nil)
	w.Key("incomplete_details")
	if end.reason == "" {
		w.Raw(nil)
	} else {
		w.Object()
		w.StringMember("reason", end.reason)
		w.EndObject()
	}
	repeat("instructions", "null")
	repeat("max_output_tokens", "null")
	repeat("metadata", "{}")
	w.StringMember("model", e.model)
	w.RawMember("output", output)
	repeat("parallel_tool_calls", "true")
	w.RawMember("previous_response_id", nil)
	repeat("reasoning", `{"effort":null,"summary":null}`)
	if tier := e.tier; tier != "" {
		w.StringMember("service_tier", tier)
	}
	w.RawMember("store", []byte("false"))
	for _, key := range []string{"temperature", "top_p"} {
		repeat(key, "null")
	}
	repeat("text", `{"format":{"type":"text"}}`)
	repeat("tool_choice", `"auto"`)
	repeat("tools", "[]")
	w.RawMember("truncation", []byte(`"disabled"`))
	writeUsage(w, usage)
	w.EndObject()
}
