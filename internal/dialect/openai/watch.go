package openai

import (
	"bytes"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// A watcher follows a stream of chat completion or completion chunks. It steps
// over each event's members once; usage is kept as written and read on demand,
// because some providers repeat it in every chunk.
type watcher struct {
	events     sse.Decoder
	seen       uint64 // bit i: choice i has appeared
	finished   uint64 // bit i: choice i has its finish reason
	meaningful bool
	done       bool
	err        *ai.Error
	usage      []byte
	tier       []byte
	model      string
	out        int64
}

// Observe implements dialect.Watcher.
func (w *watcher) Observe(chunk []byte) {
	for e := range w.events.Events(chunk) {
		w.event(e)
	}
}

func (w *watcher) event(e sse.Event) {
	if IsDone(e.Data) {
		w.done = true
		return
	}
	var r reported
	for key, value := range jsonedit.Members(e.Data) {
		switch string(key) {
		case "choices":
			for choice := range jsonedit.Elements(value) {
				w.choice(choice)
			}
		case "error":
			if !jsonedit.IsNull(value) && string(value) != "{}" {
				w.err = ParseError(0, e.Data)
			}
		case "model":
			if w.model == "" {
				w.model = jsonedit.Text(value)
			}
		default:
			r.member(key, value)
		}
	}
	if r.raw != nil {
		w.usage = append(w.usage[:0], r.raw...)
	}
	if !jsonedit.IsNull(r.tier) {
		w.tier = append(w.tier[:0], r.tier...)
	}
	if w.err == nil && string(e.Name) == "error" {
		w.err = ParseError(0, e.Data)
	}
}

// IsDone reports whether an event's data is the end mark. What follows it on its
// line means nothing; OpenAI's own clients look no further either.
func IsDone(data []byte) bool { return bytes.HasPrefix(data, []byte("[DONE]")) }

func (w *watcher) choice(choice []byte) {
	var index int64
	finished := false
	for key, value := range jsonedit.Members(choice) {
		switch string(key) {
		case "index":
			index = jsonedit.Int(value)
		case "delta":
			w.delta(value)
		case "text":
			n := jsonedit.TextLen(value)
			w.out += int64(n)
			w.meaningful = w.meaningful || n > 0
		case "finish_reason":
			finished = jsonedit.TextLen(value) > 0
		}
	}
	bit := uint64(1) << (uint64(index) & 63)
	w.seen |= bit
	if finished {
		w.finished |= bit
		w.meaningful = true
	}
}

// delta looks at a chat delta. Whatever it holds besides the role is something
// that a client would act on, also members that are not OpenAI's.
func (w *watcher) delta(delta []byte) {
	for key, value := range jsonedit.Members(delta) {
		switch string(key) {
		case "role":
			continue
		case "content", "reasoning_content", "reasoning", "refusal":
			w.out += int64(jsonedit.TextLen(value))
		case "tool_calls":
			for call := range jsonedit.Elements(value) {
				w.call(jsonedit.Get(call, "function"))
			}
		case "function_call":
			w.call(value)
		case "audio":
			w.out += int64(jsonedit.TextLen(jsonedit.Get(value, "transcript")))
		}
		w.meaningful = w.meaningful || !isEmpty(value)
	}
}

func (w *watcher) call(function []byte) {
	for key, value := range jsonedit.Members(function) {
		if string(key) == "arguments" || string(key) == "name" {
			w.out += int64(jsonedit.TextLen(value))
		}
	}
}

// isEmpty reports whether a value is null or empty of its kind.
func isEmpty(value []byte) bool {
	switch string(value) {
	case "", "null", `""`, "[]", "{}", "false":
		return true
	}
	return false
}

// Meaningful implements dialect.Watcher.
func (w *watcher) Meaningful() bool { return w.meaningful }

// Done implements dialect.Watcher.
func (w *watcher) Done() bool { return w.done }

// Finished implements dialect.Watcher.
func (w *watcher) Finished() bool { return w.seen != 0 && w.seen&^w.finished == 0 }

// Err implements dialect.Watcher.
func (w *watcher) Err() *ai.Error { return w.err }

// Usage implements dialect.Watcher.
func (w *watcher) Usage() ai.Usage {
	r := reported{raw: w.usage, tier: w.tier}
	return r.usage()
}

// Model implements dialect.Watcher.
func (w *watcher) Model() string { return w.model }

// OutputBytes implements dialect.Watcher.
func (w *watcher) OutputBytes() int64 { return w.out }
