package oneway

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// Chunks writes a hub stream of one choice, for formats whose streams have less
// to say. The first chunk has the role, the last before [DONE] the usage.
type Chunks struct {
	C       *dialect.Conversion
	ID      string // "" means the conversion's
	Model   string // "" means the conversion's
	started bool
	ended   bool
	calls   int
	w       jsonedit.Writer
}

// Text appends a chunk with a text, a JSON string; an empty one says nothing.
func (k *Chunks) Text(out, text []byte) []byte {
	out = k.Start(out)
	if jsonedit.TextLen(text) == 0 {
		return out
	}
	if k.C.Op == ai.Complete {
		return k.chunk(out, "", func(w *jsonedit.Writer) { w.RawMember("text", text) })
	}
	return k.delta(out, func(w *jsonedit.Writer) { w.RawMember("content", text) })
}

// Call appends a chunk with a whole tool call: name is a JSON string, arguments
// the text of a JSON object.
func (k *Chunks) Call(out []byte, id string, name, arguments []byte) []byte {
	out = k.Start(out)
	k.calls++
	return k.delta(out, func(w *jsonedit.Writer) {
		w.Key("tool_calls")
		w.Array()
		w.Object()
		w.IntMember("index", int64(k.calls-1))
		WriteCall(w, id, name, arguments)
		w.EndObject()
		w.EndArray()
	})
}

// OpenCall appends the beginning of a tool call, whose arguments follow.
func (k *Chunks) OpenCall(out []byte, id string, name []byte) []byte {
	return k.Call(out, id, name, nil)
}

// Arguments appends a part of the arguments, a JSON string, of the last call.
func (k *Chunks) Arguments(out, text []byte) []byte {
	if k.calls == 0 || jsonedit.TextLen(text) == 0 {
		return out
	}
	return k.delta(out, func(w *jsonedit.Writer) {
		w.Key("tool_calls")
		w.Array()
		w.Object()
		w.IntMember("index", int64(k.calls-1))
		w.Key("function")
		w.Object()
		w.RawMember("arguments", text)
		w.EndObject()
		w.EndObject()
		w.EndArray()
	})
}

// Calls is how many calls were written.
func (k *Chunks) Calls() int { return k.calls }

// WriteCall writes the members of a tool call.
func WriteCall(w *jsonedit.Writer, id string, name, arguments []byte) {
	w.StringMember("id", id)
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", name)
	w.Key("arguments")
	w.Quoted(arguments)
	w.EndObject()
}

// Start appends the chunk that has the role, once.
func (k *Chunks) Start(out []byte) []byte {
	if k.started || k.C.Op == ai.Complete {
		return out
	}
	k.started = true
	return k.delta(out, func(w *jsonedit.Writer) {
		w.StringMember("role", "assistant")
		w.StringMember("content", "")
	})
}

// Finish appends the finish reason.
func (k *Chunks) Finish(out []byte, reason string) []byte {
	out = k.Start(out)
	return k.chunk(out, reason, func(w *jsonedit.Writer) {
		if k.C.Op == ai.Complete {
			w.StringMember("text", "")
			return
		}
		w.Key("delta")
		w.Object()
		w.EndObject()
	})
}

// End appends the usage, if it is known, and the hub's end, once.
func (k *Chunks) End(out []byte, u ai.Usage) []byte {
	if k.ended {
		return out
	}
	k.ended = true
	if u.Known {
		out = k.Usage(out, u)
	}
	return sse.AppendData(out, []byte("[DONE]"))
}

// Usage appends a chunk with nothing but the usage.
func (k *Chunks) Usage(out []byte, u ai.Usage) []byte {
	k.head()
	k.w.EndArray()
	k.w.Key("usage")
	openai.WriteUsage(&k.w, u)
	k.w.EndObject()
	return sse.AppendData(out, k.w.Bytes())
}

func (k *Chunks) delta(out []byte, members func(*jsonedit.Writer)) []byte {
	return k.chunk(out, "", func(w *jsonedit.Writer) {
		w.Key("delta")
		w.Object()
		members(w)
		w.EndObject()
	})
}

func (k *Chunks) head() {
	w := &k.w
	w.Reset()
	w.Object()
	w.StringMember("id", orElse(k.ID, k.C.ID))
	object := "chat.completion.chunk"
	if k.C.Op == ai.Complete {
		object = "text_completion"
	}
	w.StringMember("object", object)
	w.IntMember("created", k.C.Now)
	w.StringMember("model", orElse(k.Model, k.C.Model))
	w.Key("choices")
	w.Array()
}

func (k *Chunks) chunk(out []byte, finish string, members func(*jsonedit.Writer)) []byte {
	k.head()
	w := &k.w
	w.Object()
	w.IntMember("index", 0)
	members(w)
	w.RawMember("logprobs", nil)
	if finish == "" {
		w.RawMember("finish_reason", nil)
	} else {
		w.StringMember("finish_reason", finish)
	}
	w.EndObject()
	w.EndArray()
	w.EndObject()
	return sse.AppendData(out, w.Bytes())
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
