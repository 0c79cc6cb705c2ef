package openai

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// An eventWatcher follows streams that are not chats: images, speech and
// transcripts as they are made, runs of assistants. Each kind ends in an event of
// its own; a kind that is not known here is complete when HTTP says so.
type eventWatcher struct {
	events     sse.Decoder
	seen, done bool
	midway     bool // within something whose end will be told
	err        *ai.Error
	usage      reported
	model      string
	images     int64
}

// Observe implements dialect.Watcher.
func (w *eventWatcher) Observe(chunk []byte) {
	for e := range w.events.Events(chunk) {
		w.event(e)
	}
}

func (w *eventWatcher) event(e sse.Event) {
	w.seen = true
	if IsDone(e.Data) {
		w.done = true
		return
	}
	kind := string(e.Name)
	for key, value := range jsonedit.Members(e.Data) {
		switch string(key) {
		case "type":
			kind = jsonedit.Text(value)
		case "model":
			w.model = jsonedit.Text(value)
		case "usage":
			if jsonedit.Kind(value) == '{' {
				w.usage.raw = append(w.usage.raw[:0], value...)
			}
		}
	}
	switch {
	case kind == "error":
		w.err = ParseError(0, e.Data)
	case kind == "transcript.text.done" || kind == "speech.audio.done":
		w.done = true
	case strings.HasPrefix(kind, "image_"): // a stream may hold several images
		w.midway = !strings.HasSuffix(kind, ".completed")
		if !w.midway {
			w.images++
		}
	case strings.HasPrefix(kind, "transcript.") || strings.HasPrefix(kind, "speech."):
		w.midway = true
	}
}

// Meaningful implements dialect.Watcher.
func (w *eventWatcher) Meaningful() bool { return w.seen && w.err == nil }

// Done implements dialect.Watcher.
func (w *eventWatcher) Done() bool { return w.done }

// Finished implements dialect.Watcher.
func (w *eventWatcher) Finished() bool { return w.seen && !w.midway }

// Err implements dialect.Watcher.
func (w *eventWatcher) Err() *ai.Error { return w.err }

// Usage implements dialect.Watcher.
func (w *eventWatcher) Usage() ai.Usage {
	u := w.usage.usage()
	u.Images = w.images
	return u
}

// Model implements dialect.Watcher.
func (w *eventWatcher) Model() string { return w.model }

// OutputBytes implements dialect.Watcher.
func (w *eventWatcher) OutputBytes() int64 { return 0 }
