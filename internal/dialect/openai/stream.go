package openai

import (
	"bytes"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// EnsureUsage returns the body of a streaming request with
// stream_options.include_usage set, and whether it had to be changed for that.
// The rest of the body keeps its bytes.
func EnsureUsage(body []byte) ([]byte, bool) {
	const asked = `{"include_usage":true}`
	options := jsonedit.Get(body, "stream_options")
	if string(jsonedit.Get(options, "include_usage")) == "true" {
		return body, false
	}
	changed, err := jsonedit.Set(options, "include_usage", []byte("true"))
	if err != nil {
		changed = []byte(asked)
	}
	out, err := jsonedit.Set(body, "stream_options", changed)
	if err != nil {
		return body, false
	}
	return out, true
}

// HideUsage returns src without the chunks that carry usage and nothing else,
// for a client that did not ask for them. Everything else keeps its bytes.
// Closing the result closes src.
func HideUsage(src ai.Stream) ai.Stream { return &usageHider{src: src} }

type usageHider struct {
	src    ai.Stream
	events sse.Decoder
	out    []byte
}

func (h *usageHider) Close() error { return h.src.Close() }

func (h *usageHider) Next() ([]byte, error) {
	for {
		chunk, err := h.src.Next()
		if err != nil || !bytes.Contains(chunk, []byte(`"usage"`)) {
			return chunk, err
		}
		if chunk = h.without(chunk); len(chunk) > 0 {
			return chunk, nil
		}
	}
}

// without returns chunk without its usage-only events.
func (h *usageHider) without(chunk []byte) []byte {
	h.out = h.out[:0]
	rest := chunk
	for e := range h.events.Events(chunk) {
		if !usageOnly(e.Data) {
			continue
		}
		i := bytes.Index(rest, e.Raw)
		h.out = append(h.out, rest[:i]...)
		rest = rest[i+len(e.Raw):]
	}
	if len(rest) == len(chunk) {
		return chunk
	}
	h.out = append(h.out, rest...)
	return h.out
}

// usageOnly reports whether a chunk has usage and no choice.
func usageOnly(data []byte) bool {
	usage := false
	for key, value := range jsonedit.Members(data) {
		switch string(key) {
		case "usage":
			usage = jsonedit.Kind(value) == '{'
		case "choices":
			for range jsonedit.Elements(value) {
				return false
			}
		case "error":
			return false
		}
	}
	return usage
}
