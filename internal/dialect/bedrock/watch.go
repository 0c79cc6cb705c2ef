package bedrock

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// A watcher follows a stream of Converse. Its terminal event is metadata, which
// tells the usage after the message has stopped.
type watcher struct {
	events                     sse.Decoder
	meaningful, finished, done bool
	err                        *ai.Error
	usage                      ai.Usage
	out                        int64
}

// Observe implements dialect.Watcher.
func (w *watcher) Observe(chunk []byte) {
	for e := range w.events.Events(chunk) {
		switch string(e.Name) {
		case "contentBlockDelta":
			w.delta(jsonedit.Get(e.Data, "delta"))
		case "contentBlockStart":
			w.meaningful = true
			w.out += int64(jsonedit.TextLen(jsonedit.Get(e.Data, "start", "toolUse", "name")))
		case "messageStop":
			w.finished, w.meaningful = true, true
		case "metadata":
			w.usage = parseUsage(jsonedit.Get(e.Data, "usage"), jsonedit.Get(e.Data, "serviceTier"))
			w.done = true
		case "error":
			w.err = Format{}.ParseError(0, e.Data)
		}
	}
}

// delta counts what was generated; a signature was not.
func (w *watcher) delta(delta []byte) {
	for key, value := range jsonedit.Members(delta) {
		switch string(key) {
		case "text":
			w.out += int64(jsonedit.TextLen(value))
		case "toolUse":
			w.out += int64(jsonedit.TextLen(jsonedit.Get(value, "input")))
		case "reasoningContent":
			w.out += int64(jsonedit.TextLen(jsonedit.Get(value, "text")))
		}
		w.meaningful = w.meaningful || !isEmpty(value)
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
func (w *watcher) Usage() ai.Usage { return w.usage }

// Model implements dialect.Watcher.
func (w *watcher) Model() string { return "" }

// OutputBytes implements dialect.Watcher.
func (w *watcher) OutputBytes() int64 { return w.out }
