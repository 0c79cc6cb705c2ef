package responses

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// A watcher follows a stream of Responses events.
type watcher struct {
	free             bool // a response that was made before is only told again
	events           sse.Decoder
	meaningful, done bool
	err              *ai.Error
	usage            ai.Usage
	model            string
	out              int64
	sequence         int64  // of the next event
	response         []byte // as it was last told
}

// Observe implements dialect.Watcher.
func (w *watcher) Observe(chunk []byte) {
	for e := range w.events.Events(chunk) {
		w.event(e)
	}
}

func (w *watcher) event(e sse.Event) {
	var kind, response, item, text []byte
	for key, value := range jsonedit.Members(e.Data) {
		switch string(key) {
		case "type":
			kind = value
		case "response":
			response = value
		case "item":
			item = value
		case "delta":
			text = value
		case "sequence_number":
			w.sequence = jsonedit.Int(value)
		}
	}
	name := jsonedit.Text(kind)
	if name != "error" && name != "response.failed" { // Fail tells those anew
		w.sequence++
	}
	switch name {
	case "response.created", "response.in_progress", "response.queued":
		w.told(response)
	case "response.completed", "response.incomplete":
		w.told(response)
		w.done, w.meaningful = true, true
	case "response.failed":
		w.told(response)
		if w.err == nil { // an error event has told it already
			w.err = toldError(response)
		}
	case "error":
		w.err = toldError(e.Data)
	case "response.output_item.added":
		w.item(item)
	default:
		if string(e.Name) == "error" || kind == nil && !jsonedit.IsNull(jsonedit.Get(e.Data, "error")) {
			w.err = toldError(e.Data)
			return
		}
		if strings.HasSuffix(name, ".delta") {
			w.out += int64(jsonedit.TextLen(text))
			w.meaningful = w.meaningful || !isEmpty(text)
		}
	}
}

// told keeps a response for what it says of itself.
func (w *watcher) told(response []byte) {
	if jsonedit.Kind(response) != '{' {
		return
	}
	w.response = append(w.response[:0], response...)
	w.model = orElse(jsonedit.Text(jsonedit.Get(response, "model")), w.model)
	if u := usageOf(response); u.Known {
		w.usage = u
	}
}

// item looks at an item as it begins. A message or reasoning begins empty; any
// other is something by itself.
func (w *watcher) item(item []byte) {
	switch typeOf(item) {
	case "message", "reasoning":
	default:
		w.meaningful = true
		w.out += int64(jsonedit.TextLen(jsonedit.Get(item, "name")))
	}
}

// Meaningful implements dialect.Watcher.
func (w *watcher) Meaningful() bool { return w.meaningful }

// Done implements dialect.Watcher.
func (w *watcher) Done() bool { return w.done }

// Finished implements dialect.Watcher. Only the terminal event says that there
// will be no other item.
func (w *watcher) Finished() bool { return w.done }

// Err implements dialect.Watcher.
func (w *watcher) Err() *ai.Error { return w.err }

// Usage implements dialect.Watcher.
func (w *watcher) Usage() ai.Usage {
	if w.free {
		return ai.Usage{}
	}
	return w.usage
}

// Model implements dialect.Watcher.
func (w *watcher) Model() string { return w.model }

// OutputBytes implements dialect.Watcher.
func (w *watcher) OutputBytes() int64 { return w.out }

// Fail implements dialect.Failer.
func (w *watcher) Fail(e *ai.Error) []byte { return failure(w.response, e, w.sequence) }
