package openai

import (
	"bytes"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
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
func HideUsage(src ai.Stream) ai.Stream {
	return &editor{
		src:       src,
		concerned: func(chunk []byte) bool { return bytes.Contains(chunk, []byte(`"usage"`)) },
		edit: func(data []byte) []byte {
			if usageOnly(data) {
				return nil
			}
			return data
		},
	}
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
