// Package responses is OpenAI's Responses format and its translation to and
// from the hub. Translators work on raw JSON: text, tool schemas, arguments and
// whatever else only passes through keep the bytes they came in.
//
// Reasoning has no place in the hub's schema; it travels in content_blocks, the
// extension members that Anthropic's translation uses, as thinking with its
// signature. What one format calls encrypted_content the other calls signature:
// see [seal]. A provider that is translated to keeps no responses, so whatever
// asks for a stored one is refused by name.
//
// Source: OpenAI's API description, /responses.
package responses

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// Format implements dialect.Format and dialect.Translator. It has no state.
type Format struct{}

var (
	_ dialect.Format     = Format{}
	_ dialect.Translator = Format{}
	_ dialect.Passer     = Format{}
)

// New returns the format.
func New() Format { return Format{} }

// Dialect implements dialect.Format.
func (Format) Dialect() ai.Dialect { return ai.Responses }

// Model implements dialect.Format.
func (Format) Model(_ ai.Op, reply []byte) string {
	return jsonedit.Text(jsonedit.Get(reply, "model"))
}

// Usage implements dialect.Format. Only the calls that make a response or compact
// a conversation are charged: reading, cancelling or deleting one repeats what was
// counted then.
func (Format) Usage(op ai.Op, reply []byte) ai.Usage {
	if !makes(op) && op != ai.CompactResponse {
		return ai.Usage{}
	}
	return usageOf(reply)
}

// Watch implements dialect.Format.
func (Format) Watch(op ai.Op) dialect.Watcher { return &watcher{free: !makes(op)} }

// makes reports whether an operation has a response made.
func makes(op ai.Op) bool { return op == "" || op == ai.Chat || op == ai.CreateResponse }

// makesOnly refuses operations that make no response: they have no counterpart.
func makesOnly(c *dialect.Conversion) error {
	if !makes(c.Op) {
		return ai.Errorf(ai.Unsupported, "%s cannot be translated to or from the Responses format", c.Op)
	}
	return nil
}
