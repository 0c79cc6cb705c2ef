package openai

import (
	"iter"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// Blocks yields the content_blocks of an assistant's message. Beside blocks as
// whole replies have them it takes what a client makes of a stream that adds up
// whatever is in its deltas, as OpenAI's Python library does:
// {"index":0,"delta":{"type":"signature_delta","thinking":…,"signature":…}}.
// Of one index that may be several, because a text, which is not among them,
// leaves a gap in their numbers.
func Blocks(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var open *foldedBlock
		for element := range jsonedit.Elements(list) {
			index, delta := jsonedit.Get(element, "index"), jsonedit.Get(element, "delta")
			whole := index == nil || jsonedit.Kind(delta) != '{'
			if open != nil && (whole || string(open.index) != string(index)) {
				if !open.end(yield) {
					return
				}
				open = nil
			}
			if whole {
				if !yield(element) {
					return
				}
				continue
			}
			if open == nil {
				open = &foldedBlock{index: index}
			}
			open.add(delta)
		}
		if open != nil {
			open.end(yield)
		}
	}
}

// A foldedBlock is a block whose deltas were added up.
type foldedBlock struct {
	index, last               []byte
	kind                      string // of the last delta
	thinking, signature, text string
	isThought, isText         bool
}

func (b *foldedBlock) add(delta []byte) {
	b.last = delta
	for key, value := range jsonedit.Members(delta) {
		switch string(key) {
		case "type":
			b.kind = jsonedit.Text(value)
		case "thinking":
			b.isThought, b.thinking = true, b.thinking+jsonedit.Text(value)
		case "signature":
			b.isThought, b.signature = true, b.signature+jsonedit.Text(value)
		case "text":
			b.isText, b.text = true, b.text+jsonedit.Text(value)
		}
	}
}

// end yields the block. Of what is neither thought nor text, a block that was
// whole at once is as it was, and pieces of others make none.
func (b *foldedBlock) end(yield func([]byte) bool) bool {
	var w jsonedit.Writer
	switch {
	case b.isThought:
		w.Object()
		w.StringMember("type", "thinking")
		w.StringMember("thinking", b.thinking)
		w.StringMember("signature", b.signature)
		w.EndObject()
	case strings.HasSuffix(b.kind, "_delta") && !b.isText:
		return true
	case b.isText:
		w.Object()
		w.StringMember("type", "text")
		w.StringMember("text", b.text)
		w.EndObject()
	default:
		w.Raw(b.last)
	}
	return yield(w.Bytes())
}
