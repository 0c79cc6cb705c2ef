package anthropic

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// Which kinds of parts may stand where.
type partSet uint8

const (
	textOnly partSet = iota
	userParts
	assistantParts
)

// blocks writes content blocks into an open array.
type blocks struct {
	f     *fromHub
	w     *jsonedit.Writer
	cache []byte // cache_control of the whole message; goes to its last part
	n     int    // blocks written
}

// content writes a message's content, which is a string or an array of parts.
func (b *blocks) content(content []byte, allowed partSet) {
	switch jsonedit.Kind(content) {
	case 0:
	case '"':
		b.text(content, b.cache)
	case '[':
		i, last := 0, length(content)-1
		for part := range jsonedit.Elements(content) {
			cache := jsonedit.Get(part, "cache_control")
			if cache == nil && i == last {
				cache = b.cache
			}
			b.part(part, cache, allowed, i)
			i++
		}
	default:
		b.f.fail(fmt.Sprintf("messages[%d].content", b.f.at), "must be a string or an array of parts")
	}
}

// text writes a text block. Anthropic refuses empty ones, which are left out.
func (b *blocks) text(text, cache []byte) {
	if isEmpty(text) {
		return
	}
	b.open("text")
	b.w.RawMember("text", text)
	b.close(cache)
}

func (b *blocks) open(kind string) {
	b.n++
	b.w.Object()
	b.w.StringMember("type", kind)
}

func (b *blocks) close(cache []byte) {
	if !jsonedit.IsNull(cache) {
		b.w.RawMember("cache_control", cache)
	}
	b.w.EndObject()
}

func (b *blocks) raw(block []byte) {
	b.n++
	b.w.Raw(block)
}

func (b *blocks) part(part, cache []byte, allowed partSet, i int) {
	if jsonedit.Kind(part) == '"' {
		b.text(part, cache)
		return
	}
	kind := typeOf(part)
	path := fmt.Sprintf("content[%d]", i)
	switch {
	case kind == "text":
		b.textPart(part, cache, path)
	case kind == "refusal":
		b.text(jsonedit.Get(part, "refusal"), cache)
	case allowed == textOnly:
		b.f.drop(path, "Anthropic's system prompt can only be text")
	case kind == "image_url":
		b.imageURL(part, cache, path)
	case kind == "file":
		b.file(part, cache, path)
	case kind == "tool_use":
		b.f.drop(path, "calls of tools belong in tool_calls")
	case isOwnBlock(kind, allowed):
		b.raw(part)
	default:
		b.f.drop(path, fmt.Sprintf("Anthropic takes no content of type %q", kind))
	}
}

// textPart writes a text part; members besides the text, such as citations, are
// Anthropic's own.
func (b *blocks) textPart(part, cache []byte, path string) {
	text := jsonedit.Get(part, "text")
	if jsonedit.Kind(text) != '"' {
		b.f.fail(fmt.Sprintf("messages[%d].%s.text", b.f.at, path), "must be a string")
		return
	}
	if citations := jsonedit.Get(part, "citations"); citations != nil && !isEmpty(text) {
		b.open("text")
		b.w.RawMember("text", text)
		b.w.RawMember("citations", citations)
		b.close(cache)
		return
	}
	b.text(text, cache)
}

// isOwnBlock reports whether a part is a block of Anthropic's own that passes as
// it is.
func isOwnBlock(kind string, allowed partSet) bool {
	switch kind {
	case "image", "document", "search_result", "container_upload", "tool_reference":
		return true
	case "":
		return false
	}
	return allowed == assistantParts
}

// own writes the blocks that an earlier reply of Anthropic's carried. It reports
// whether they hold the message's text.
func (b *blocks) own(list []byte) (text bool) {
	i := 0
	for block := range openai.Blocks(list) {
		switch kind := typeOf(block); kind {
		case "tool_use": // in tool_calls, too
		case "thinking":
			if isEmpty(jsonedit.Get(block, "signature")) {
				b.f.drop(fmt.Sprintf("content_blocks[%d]", i), "Anthropic refuses thinking without its signature")
			} else {
				b.raw(block)
			}
		case "text":
			text = true
			if !isEmpty(jsonedit.Get(block, "text")) {
				b.raw(block)
			}
		default:
			b.raw(block)
		}
		i++
	}
	return text
}

func (b *blocks) toolCalls(calls []byte) {
	i := 0
	for call := range jsonedit.Elements(calls) {
		path := fmt.Sprintf("tool_calls[%d]", i)
		if kind := typeOf(call); kind != "" && kind != "function" {
			b.f.drop(path, fmt.Sprintf("Anthropic has no tool calls of type %q", kind))
		} else {
			b.toolUse(path+".function", jsonedit.Text(jsonedit.Get(call, "id")), jsonedit.Get(call, "function"), jsonedit.Get(call, "cache_control"))
		}
		i++
	}
}

func (b *blocks) toolUse(path, id string, function, cache []byte) {
	path = fmt.Sprintf("messages[%d].%s", b.f.at, path)
	input := jsonedit.Get(function, "arguments")
	if jsonedit.Kind(input) != '{' {
		doc, ok := jsonedit.AsObject(jsonedit.Text(input))
		if !ok {
			b.f.fail(path+".arguments", "must be the text of a JSON object")
			return
		}
		input = doc
	}
	if id == "" {
		b.f.fail(path, "the call needs an id")
		return
	}
	b.open("tool_use")
	b.w.StringMember("id", cleanID(id))
	b.w.RawMember("name", jsonedit.Get(function, "name"))
	b.w.RawMember("input", input)
	b.close(cache)
}
