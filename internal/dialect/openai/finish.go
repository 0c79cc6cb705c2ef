package openai

import (
	"bytes"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// RenameFinish returns a reply, or a chunk of a stream, whose finish reasons are
// named by words. One that needs no other word is returned as it is.
func RenameFinish(reply []byte, words map[string]string) []byte {
	var w jsonedit.Writer
	w.Array()
	changed := false
	for choice := range jsonedit.Elements(jsonedit.Get(reply, "choices")) {
		if word, ok := words[jsonedit.Text(jsonedit.Get(choice, "finish_reason"))]; ok {
			if renamed, err := jsonedit.Set(choice, "finish_reason", jsonedit.AppendString(nil, word)); err == nil {
				choice, changed = renamed, true
			}
		}
		w.Raw(choice)
	}
	if !changed {
		return reply
	}
	w.EndArray()
	renamed, err := jsonedit.Set(reply, "choices", w.Bytes())
	if err != nil {
		return reply
	}
	return renamed
}

// RenameFinishStream is RenameFinish for a stream. Events that need no other
// word keep their bytes. Closing the result closes src.
func RenameFinishStream(src ai.Stream, words map[string]string) ai.Stream {
	return &finishRenamer{src: src, words: words}
}

type finishRenamer struct {
	src    ai.Stream
	words  map[string]string
	events sse.Decoder
	out    []byte
}

func (r *finishRenamer) Close() error { return r.src.Close() }

func (r *finishRenamer) Next() ([]byte, error) {
	chunk, err := r.src.Next()
	if err != nil || !r.concerned(chunk) {
		return chunk, err
	}
	r.out = r.out[:0]
	rest := chunk
	for e := range r.events.Events(chunk) {
		renamed := RenameFinish(e.Data, r.words)
		i := bytes.Index(rest, e.Raw)
		r.out = append(r.out, rest[:i]...)
		rest = rest[i+len(e.Raw):]
		if bytes.Equal(renamed, e.Data) {
			r.out = append(r.out, e.Raw...)
		} else {
			r.out = sse.AppendEvent(r.out, string(e.Name), renamed)
		}
	}
	return append(r.out, rest...), nil
}

// concerned reports whether any of the words may be in a chunk.
func (r *finishRenamer) concerned(chunk []byte) bool {
	for word := range r.words {
		if bytes.Contains(chunk, []byte(word)) {
			return true
		}
	}
	return false
}
