// Package gemini is Google's generateContent format and its translation to and
// from the hub. It is the same at the Gemini API and at Vertex AI: nothing here
// knows a host. Source: the protos of google.ai.generativelanguage.v1beta, of
// which the wire format is the JSON mapping: a member may be spelt in camelCase or
// in snake_case, an enum by its name or its number.
//
// What OpenAI's schema has no place for travels in extension members of the hub,
// unless the conversion is strict: content_blocks on assistant messages and
// stream deltas (see blocks.go), thought_signature in a called function,
// safety_settings, cached_content, tool_config and generation_config with what is
// left of theirs. A function call's thought signature, without which newer models
// refuse the next turn, is carried in the call's id as well: every client sends
// that back.
package gemini

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// Format implements dialect.Format, dialect.Translator and dialect.Addressed. It
// has no state.
type Format struct{}

var (
	_ dialect.Format     = Format{}
	_ dialect.Translator = Format{}
	_ dialect.Addressed  = Format{}
)

// New returns the format.
func New() Format { return Format{} }

// Dialect implements dialect.Format.
func (Format) Dialect() ai.Dialect { return ai.Gemini }

// Model implements dialect.Format.
func (Format) Model(_ ai.Op, reply []byte) string {
	return jsonedit.Text(get(reply, "modelVersion"))
}

// Usage implements dialect.Format.
func (Format) Usage(_ ai.Op, reply []byte) ai.Usage {
	var c counts
	for key, value := range jsonedit.Members(reply) {
		c.member(camel(key), value)
	}
	return c.usage()
}

// Watch implements dialect.Format.
func (Format) Watch(ai.Op) dialect.Watcher { return &watcher{} }

// unsupported refuses an operation that the format has no words for.
func unsupported(op ai.Op) error {
	return ai.Errorf(ai.Unsupported, "%s cannot be translated to or from Gemini's API", op)
}
