// Package openai is the hub that every other format translates to and from:
// OpenAI's chat completions, completions and embeddings. Its members are read
// tolerantly, because many providers speak it with small differences. Replies and
// streams pass as they are, but for the few edits that have their own functions.
package openai

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// Format implements dialect.Format. It has no state.
type Format struct{}

var (
	_ dialect.Format = Format{}
	_ dialect.Mender = Format{}
)

// New returns the format.
func New() Format { return Format{} }

// Dialect implements dialect.Format.
func (Format) Dialect() ai.Dialect { return ai.OpenAI }

// MendStream implements dialect.Mender.
func (Format) MendStream(op ai.Op, src ai.Stream) ai.Stream {
	if op != ai.Chat {
		return src
	}
	return NumberCalls(src)
}

// Usage implements dialect.Format.
func (Format) Usage(op ai.Op, reply []byte) ai.Usage {
	var u reported
	for key, value := range jsonedit.Members(reply) {
		u.member(key, value)
	}
	if op == ai.Rerank {
		return rerankUsage(u.raw, jsonedit.Get(reply, "meta"))
	}
	return u.usage()
}

// Model implements dialect.Format.
func (Format) Model(_ ai.Op, reply []byte) string {
	return jsonedit.Text(jsonedit.Get(reply, "model"))
}

// Watch implements dialect.Format.
func (Format) Watch(op ai.Op) dialect.Watcher {
	if op.Relayed() {
		return &eventWatcher{}
	}
	return &watcher{}
}
