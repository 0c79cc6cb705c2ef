// Package anthropic is Anthropic's messages format and its translation to and
// from the hub. Translators work on raw JSON: text, tool schemas, tool inputs
// and whatever else only passes through keep the bytes they came in.
//
// What OpenAI's schema has no place for travels in extension members of the hub,
// unless the conversion is strict: cache_control where Anthropic allows it,
// content_blocks on assistant messages and stream deltas (thinking with its
// signature, citations, server tools), is_error on tool messages, and
// Anthropic's own parameters. A request that goes to an OpenAI endpoint as it is
// should be converted strictly; one that is translated again need not be.
package anthropic

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// DefaultMaxTokens is sent for a request without a limit, which Anthropic
// demands.
const DefaultMaxTokens = 64000

// Format implements dialect.Format and dialect.Translator. It has no state.
type Format struct{}

var (
	_ dialect.Format     = Format{}
	_ dialect.Translator = Format{}
)

// New returns the format.
func New() Format { return Format{} }

// Dialect implements dialect.Format.
func (Format) Dialect() ai.Dialect { return ai.Anthropic }

// Model implements dialect.Format.
func (Format) Model(_ ai.Op, reply []byte) string {
	return jsonedit.Text(jsonedit.Get(reply, "model"))
}

// Usage implements dialect.Format.
func (Format) Usage(_ ai.Op, reply []byte) ai.Usage {
	return parseUsage(jsonedit.Get(reply, "usage"))
}

// Watch implements dialect.Format.
func (Format) Watch(ai.Op) dialect.Watcher { return &watcher{} }

// chatOnly refuses operations that are not messages.
func chatOnly(c *dialect.Conversion) error {
	if c.Op != "" && c.Op != ai.Chat {
		return ai.Errorf(ai.Unsupported, "%s is not supported by Anthropic's messages API", c.Op)
	}
	return nil
}
