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

	like    jsonedit.Template // the last event, if it said nothing but text
	texts   [][]byte          // what has been counted of the current event
	padding []byte            // the current event's obfuscation
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
	if e.Name == nil && w.same(e.Data) {
		return
	}
	w.texts, w.padding = w.texts[:0], nil
	w.read(e)
	w.like.Forget()
	if w.meaningful && w.err == nil && len(w.texts) > 0 {
		w.learn(e.Data)
	}
}

// same reports whether an event is like the last one, and counts its text.
func (w *watcher) same(data []byte) bool {
	texts, ok := w.like.Match(data)
	if ok {
		for i := range w.texts {
			w.out += int64(jsonedit.TextLen(texts[i]))
		}
	}
	return ok
}

// learn makes the current event the one that others are like. OpenAI pads each
// with a text of its own.
func (w *watcher) learn(data []byte) {
	varying := w.texts
	if w.padding != nil {
		varying = append(varying, w.padding)
	}
	w.like.Learn(data, varying)
}

func (w *watcher) read(e sse.Event) {
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
		case "obfuscation":
			w.padding = value
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
			w.count(value)
			w.meaningful = w.meaningful || jsonedit.TextLen(value) > 0
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
			w.count(value)
		case "tool_calls":
			for call := range jsonedit.Elements(value) {
				w.call(jsonedit.Get(call, "function"))
			}
		case "function_call":
			w.call(value)
		case "audio":
			w.count(jsonedit.Get(value, "transcript"))
		}
		w.meaningful = w.meaningful || !isEmpty(value)
	}
}

func (w *watcher) call(function []byte) {
	for key, value := range jsonedit.Members(function) {
		if string(key) == "arguments" || string(key) == "name" {
			w.count(value)
		}
	}
}

// count adds a generated text.
func (w *watcher) count(text []byte) {
	if jsonedit.Kind(text) == '"' {
		w.out += int64(jsonedit.TextLen(text))
		w.texts = append(w.texts, text)
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
