package anthropic

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// A watcher follows a stream of messages events.
type watcher struct {
	events                     sse.Decoder
	meaningful, finished, done bool
	err                        *ai.Error
	counts                     counts
	model                      string
	out                        int64
}

// Observe implements dialect.Watcher.
func (w *watcher) Observe(chunk []byte) {
	for e := range w.events.Events(chunk) {
		w.event(e)
	}
}

func (w *watcher) event(e sse.Event) {
	var kind, body []byte
	for key, value := range jsonedit.Members(e.Data) {
		switch string(key) {
		case "type":
			kind = value
		case "delta", "content_block", "message":
			body = value
		case "usage":
			w.counts.update(value)
		}
	}
	switch string(kind) {
	case `"content_block_delta"`:
		w.delta(body)
	case `"content_block_start"`:
		w.block(body)
	case `"message_start"`:
		w.model = jsonedit.Text(jsonedit.Get(body, "model"))
		w.counts.read(jsonedit.Get(body, "usage"))
	case `"message_delta"`:
		if !jsonedit.IsNull(jsonedit.Get(body, "stop_reason")) {
			w.finished, w.meaningful = true, true
		}
	case `"message_stop"`:
		w.done = true
	case `"error"`:
		w.err = openai.ParseError(0, e.Data)
	default:
		if string(e.Name) == "error" {
			w.err = openai.ParseError(0, e.Data)
		}
	}
}

// delta counts what was generated; a signature was not.
func (w *watcher) delta(delta []byte) {
	for key, value := range jsonedit.Members(delta) {
		switch string(key) {
		case "type":
			continue
		case "text", "thinking", "partial_json":
			w.out += int64(jsonedit.TextLen(value))
		}
		w.meaningful = w.meaningful || !isEmpty(value)
	}
}

// block looks at a block as it begins. Text and thinking begin empty; any other
// block is something by itself.
func (w *watcher) block(block []byte) {
	switch typeOf(block) {
	case "text", "thinking":
		w.delta(block)
	default:
		w.meaningful = true
		w.out += int64(jsonedit.TextLen(jsonedit.Get(block, "name")))
	}
}

// Meaningful implements dialect.Watcher.
func (w *watcher) Meaningful() bool { return w.meaningful }

// Done implements dialect.Watcher.
func (w *watcher) Done() bool { return w.done }

// Finished implements dialect.Watcher.
func (w *watcher) Finished() bool { return w.finished }

// Err implements dialect.Watcher.
func (w *watcher) Err() *ai.Error { return w.err }

// Usage implements dialect.Watcher.
func (w *watcher) Usage() ai.Usage { return w.counts.usage() }

// Model implements dialect.Watcher.
func (w *watcher) Model() string { return w.model }

// OutputBytes implements dialect.Watcher.
func (w *watcher) OutputBytes() int64 { return w.out }
