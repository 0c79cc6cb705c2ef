package cohere

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// A watcher follows a stream of chat events. Its end is message-end; the [DONE]
// that Cohere sends after it says no more.
type watcher struct {
	events           sse.Decoder
	meaningful, done bool
	err              *ai.Error
	usage            ai.Usage
	out              int64
}

// Observe implements dialect.Watcher.
func (w *watcher) Observe(chunk []byte) {
	for e := range w.events.Events(chunk) {
		w.event(e.Data)
	}
}

func (w *watcher) event(data []byte) {
	var kind string
	var delta []byte
	for key, value := range jsonedit.Members(data) {
		switch string(key) {
		case "type":
			kind = jsonedit.Text(value)
		case "delta":
			delta = value
		}
	}
	message := jsonedit.Get(delta, "message")
	switch kind {
	case "content-start", "content-delta":
		content := jsonedit.Get(message, "content")
		w.text(jsonedit.Get(content, "text"))
		w.text(jsonedit.Get(content, "thinking"))
	case "tool-plan-delta":
		w.text(jsonedit.Get(message, "tool_plan"))
	case "tool-call-start", "tool-call-delta":
		w.meaningful = w.meaningful || kind == "tool-call-start"
		w.text(jsonedit.Get(message, "tool_calls", "function", "name"))
		w.text(jsonedit.Get(message, "tool_calls", "function", "arguments"))
	case "message-end":
		w.usage = parseUsage(jsonedit.Get(delta, "usage"))
		if w.err = failureOf(delta); w.err == nil {
			w.done, w.meaningful = true, true
		}
	}
}

// failureOf is the error that the delta of a stream's end tells of, nil if none.
func failureOf(delta []byte) *ai.Error {
	message := jsonedit.Text(jsonedit.Get(delta, "error"))
	reason := jsonedit.Text(jsonedit.Get(delta, "finish_reason"))
	if message != "" && reason != "TIMEOUT" {
		reason = "ERROR"
	}
	return failure(reason, message)
}

func (w *watcher) text(text []byte) {
	n := jsonedit.TextLen(text)
	w.out += int64(n)
	w.meaningful = w.meaningful || n > 0
}

// Meaningful implements dialect.Watcher.
func (w *watcher) Meaningful() bool { return w.meaningful }

// Done implements dialect.Watcher.
func (w *watcher) Done() bool { return w.done }

// Finished implements dialect.Watcher. The finish reason and the end come in one.
func (w *watcher) Finished() bool { return w.done }

// Err implements dialect.Watcher.
func (w *watcher) Err() *ai.Error { return w.err }

// Usage implements dialect.Watcher.
func (w *watcher) Usage() ai.Usage { return w.usage }

// Model implements dialect.Watcher. Cohere's streams do not name one.
func (w *watcher) Model() string { return "" }

// OutputBytes implements dialect.Watcher.
func (w *watcher) OutputBytes() int64 { return w.out }
