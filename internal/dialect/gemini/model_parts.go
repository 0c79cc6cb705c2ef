package gemini

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// modelParts writes the parts of what a model said. A part is held until it is
// known whether a signature belongs to it.
type modelParts struct {
	w     func() *jsonedit.Writer // where the next part goes
	drop  func(path, reason string)
	model string // to which they go, "" if to a client

	held   []byte // text of a part that is not written yet
	called bool
	n      int // parts written
}

// content writes blocks, and the content if they do not hold the text: after
// them, or, if the last is a signature of its own, before that.
func (p *modelParts) content(own, content []byte) {
	blocks := slices.Collect(openai.Blocks(own))
	plain := !slices.ContainsFunc(blocks, func(b []byte) bool { return typeOf(b) == "text" })
	for i, block := range blocks {
		if plain && i == len(blocks)-1 && typeOf(block) == "thinking" && jsonedit.IsEmpty(jsonedit.Get(block, "thinking")) {
			p.plain(content)
			plain = false
		}
		p.block(block, fmt.Sprintf("content_blocks[%d]", i))
	}
	if plain {
		p.plain(content)
	}
}

// plain writes a message's content, which is a string or parts.
func (p *modelParts) plain(content []byte) {
	p.text(content)
	i := 0
	for part := range jsonedit.Elements(content) {
		p.contentPart(part, fmt.Sprintf("content[%d]", i))
		i++
	}
}

func (p *modelParts) contentPart(part []byte, path string) {
	switch kind := typeOf(part); kind {
	case "text":
		p.text(jsonedit.Get(part, "text"))
	case "refusal":
		p.text(jsonedit.Get(part, "refusal"))
	default:
		p.drop(path, fmt.Sprintf("Gemini takes no content of type %q from a model", kind))
	}
}

// block writes a content block; see blocks.go.
func (p *modelParts) block(block []byte, path string) {
	switch kind := typeOf(block); kind {
	case "tool_use": // in tool_calls, too
	case "text":
		p.text(jsonedit.Get(block, "text"))
	case "thinking":
		p.thinking(jsonedit.Get(block, "thinking"), jsonedit.Text(jsonedit.Get(block, "signature")))
	case "redacted_thinking":
		if p.model != "" {
			p.drop(path, "Gemini takes no hidden thoughts of other models")
			return
		}
		p.redacted(jsonedit.Get(block, "data"))
	case "image_url":
		p.flush()
		url := jsonedit.Text(jsonedit.Get(block, "image_url", "url"))
		if mime, data, ok := dataURI(url); ok {
			writeInline(p.next(), mime, data)
		} else {
			p.drop(path, "Gemini takes only images with their data from a model")
		}
	case ownBlock:
		p.flush()
		p.next().Raw(jsonedit.Get(block, "part"))
	default:
		p.drop(path, fmt.Sprintf("Gemini has nothing like a block of type %q", kind))
	}
}

func (p *modelParts) next() *jsonedit.Writer {
	p.n++
	return p.w()
}

// text holds a text until what follows is known.
func (p *modelParts) text(text []byte) {
	if jsonedit.Kind(text) != '"' || jsonedit.IsEmpty(text) {
		return
	}
	p.flush()
	p.held = text
}

func (p *modelParts) flush() { p.signedText("") }

// signedText writes the text that is held, if there is one, with its signature.
func (p *modelParts) signedText(signature string) {
	text := p.held
	p.held = nil
	if text == nil && signature == "" {
		return
	}
	if text == nil {
		text = []byte(`""`)
	}
	w := p.next()
	w.Object()
	w.RawMember("text", text)
	if signature != "" {
		w.StringMember("thoughtSignature", signature)
	}
	w.EndObject()
}

// thinking writes a thought, or the signature of the text before.
func (p *modelParts) thinking(thought []byte, signature string) {
	if jsonedit.IsEmpty(thought) {
		p.signedText(signature)
		return
	}
	p.flush()
	w := p.next()
	w.Object()
	w.RawMember("text", thought)
	w.RawMember("thought", []byte("true"))
	if signature != "" {
		w.StringMember("thoughtSignature", signature)
	}
	w.EndObject()
}

func (p *modelParts) redacted(data []byte) {
	p.flush()
	w := p.next()
	w.Object()
	w.StringMember("text", "")
	w.RawMember("thought", []byte("true"))
	w.Key("partMetadata")
	writeOne(w, "redactedThinking", data)
	w.EndObject()
}

// call writes a function call. A model that refuses calls without a signature is
// told that the first of a turn is not its own.
func (p *modelParts) call(id string, name, args []byte, signature string) {
	p.flush()
	if signature == "" && !p.called && wantsSignatures(p.model) {
		signature = noSignature
	}
	p.called = true
	w := p.next()
	w.Object()
	w.Key("functionCall")
	w.Object()
	if id != "" {
		w.StringMember("id", id)
	}
	w.RawMember("name", name)
	w.RawMember("args", args)
	w.EndObject()
	if signature != "" {
		w.StringMember("thoughtSignature", signature)
	}
	w.EndObject()
}

// writeInline writes a part that holds data.
func writeInline(w *jsonedit.Writer, mime, data string) {
	w.Object()
	w.Key("inlineData")
	w.Object()
	w.StringMember("mimeType", mime)
	w.StringMember("data", data)
	w.EndObject()
	w.EndObject()
}

// dataURI takes a data URI apart.
func dataURI(uri string) (mime, data string, ok bool) {
	rest, ok := strings.CutPrefix(uri, "data:")
	if !ok {
		return "", "", false
	}
	head, data, ok := strings.Cut(rest, ",")
	mime, encoded := strings.CutSuffix(head, ";base64")
	mime = strings.ToLower(mime)
	if kind, parameters, _ := strings.Cut(mime, ";"); !strings.HasPrefix(parameters, "codec") && !strings.HasPrefix(parameters, "rate") {
		mime = kind
	}
	return mime, data, ok && encoded
}
