// Package bedrock is the format of Amazon Bedrock's Converse and its translation
// to and from the hub, and what its embedding models take through InvokeModel.
// Source: the service's own model, bedrock-runtime 2023-09-30.
//
// Converse has no place for the model, which is part of the path, and none for
// an id or a time. Its stream is server-sent events here: codec/eventstream
// makes them of Amazon's framing.
//
// What OpenAI's schema has no place for travels in the hub's extension members
// as it does for Anthropic's format: content_blocks (thinking with its signature,
// redacted thinking, citations), cache_control (a cachePoint after the block),
// is_error. A block that only Converse has is a part of type "converse_block",
// whose member of that name is the block.
package bedrock

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
)

// Format implements dialect.Format and dialect.Translator. It has no state.
type Format struct{}

var (
	_ dialect.Format     = Format{}
	_ dialect.Translator = Format{}
)

// New returns the format.
func New() Format { return Format{} }

// Dialect implements dialect.Format.
func (Format) Dialect() ai.Dialect { return ai.Bedrock }

// Model implements dialect.Format. Replies do not say which model made them.
func (Format) Model(ai.Op, []byte) string { return "" }

// Watch implements dialect.Format.
func (Format) Watch(ai.Op) dialect.Watcher { return &watcher{} }

// foreign is the type of parts and blocks that only Converse has.
const foreign = "converse_block"

func unsupported(op ai.Op) error {
	return ai.Errorf(ai.Unsupported, "%s is not supported by Bedrock", op)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
