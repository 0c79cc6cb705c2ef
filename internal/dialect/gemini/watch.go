package gemini

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// A watcher follows a stream of generateContent replies. The format has no
// terminal event: a stream is over when every candidate has its finish reason, or
// the prompt was refused, and HTTP marks the end.
type watcher struct {
	events     sse.Decoder
	seen       uint64 // bit i: candidate i has appeared
	finished   uint64 // bit i: candidate i has its finish reason
	blocked    bool   // the prompt was refused
	meaningful bool
	err        *ai.Error
	counts     counts
	model      string
	out        int64
}

// Observe implements dialect.Watcher.
func (w *watcher) Observe(chunk []byte) {
	for e := range w.events.Events(chunk) {
		w.event(e.Data)
	}
}

func (w *watcher) event(data []byte) {
	for key, value := range jsonedit.Members(data) {
		name := camel(key)
		switch name {
		case "candidates":
			for candidate := range jsonedit.Elements(value) {
				w.candidate(candidate)
			}
		case "promptFeedback":
			if isBlocked(value) {
				w.blocked, w.meaningful = true, true
			}
		case "modelVersion":
			if w.model == "" {
				w.model = jsonedit.Text(value)
			}
		case "error":
			if !jsonedit.IsEmpty(value) {
				w.err = Format{}.ParseError(0, data)
			}
		}
		w.counts.member(name, value)
	}
}

// isBlocked reports whether promptFeedback says that the prompt was refused.
func isBlocked(feedback []byte) bool {
	reason := get(feedback, "blockReason")
	return !jsonedit.IsEmpty(reason) && string(reason) != "0" && string(reason) != `"BLOCK_REASON_UNSPECIFIED"`
}

func (w *watcher) candidate(candidate []byte) {
	var index int64
	finished := false
	for key, value := range jsonedit.Members(candidate) {
		switch camel(key) {
		case "index":
			index = jsonedit.Int(value)
		case "content":
			for part := range jsonedit.Elements(get(value, "parts")) {
				w.part(part)
			}
		case "finishReason":
			finished = finishName(value) != ""
		}
	}
	bit := uint64(1) << (uint64(index) & 63)
	w.seen |= bit
	if finished {
		w.finished |= bit
		w.meaningful = true
	}
}

// part looks at a part; a signature alone is nothing a client would act on.
func (w *watcher) part(part []byte) {
	for key, value := range jsonedit.Members(part) {
		switch camel(key) {
		case "thought", "thoughtSignature", "partMetadata":
			continue
		case "text":
			n := jsonedit.TextLen(value)
			w.out += int64(n)
			w.meaningful = w.meaningful || n > 0
			continue
		case "functionCall":
			w.out += int64(jsonedit.TextLen(get(value, "name")) + len(get(value, "args")))
		}
		w.meaningful = w.meaningful || !jsonedit.IsNull(value)
	}
}

// Meaningful implements dialect.Watcher.
func (w *watcher) Meaningful() bool { return w.meaningful }

// Done implements dialect.Watcher.
func (w *watcher) Done() bool { return false }

// Finished implements dialect.Watcher.
func (w *watcher) Finished() bool { return w.blocked || w.seen != 0 && w.seen&^w.finished == 0 }

// Err implements dialect.Watcher.
func (w *watcher) Err() *ai.Error { return w.err }

// Usage implements dialect.Watcher.
func (w *watcher) Usage() ai.Usage { return w.counts.usage() }

// Model implements dialect.Watcher.
func (w *watcher) Model() string { return w.model }

// OutputBytes implements dialect.Watcher.
func (w *watcher) OutputBytes() int64 { return w.out }
