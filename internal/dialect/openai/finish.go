package openai

import (
	"bytes"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
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
	return &editor{
		src: src,
		concerned: func(chunk []byte) bool {
			for word := range words {
				if bytes.Contains(chunk, []byte(word)) {
					return true
				}
			}
			return false
		},
		edit: func(data []byte) []byte { return RenameFinish(data, words) },
	}
}
