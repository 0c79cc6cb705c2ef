package gemini

import (
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// RequestFromHub implements dialect.Translator.
func (Format) RequestFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	switch c.Op {
	case ai.Embed:
		return embedFromHub(c, body)
	case ai.ImageGenerate, ai.ImageEdit:
		return pictureFromHub(c, body)
	case ai.Chat, "":
	default:
		return nil, unsupported(c.Op)
	}
	f := fromHub{c: c, top: split(body), model: c.Model}
	f.w.Grow(len(body) + len(body)/8)
	f.request()
	if f.err != nil {
		return nil, f.err
	}
	return f.w.Bytes(), nil
}

// fromHub translates one request from the hub.
type fromHub struct {
	c     *dialect.Conversion
	w     jsonedit.Writer
	err   *ai.Error // the first fault
	top   members
	model string

	at    int // index of the message at hand
	names map[string]string
	turns turnWriter
}

func (f *fromHub) fail(path, format string, args ...any) {
	if f.err == nil {
		f.err = invalid(path, format, args...)
	}
}

// drop records what of the message at hand could not be carried.
func (f *fromHub) drop(path, reason string) {
	f.c.Drop("messages["+strconv.Itoa(f.at)+"]."+path, reason)
}

// carried are parameters of Gemini's own, by their names in the hub.
var carried = [...]string{"safety_settings", "cached_content", "labels", "model_armor_config"}

func (f *fromHub) request() {
	f.model = orElse(f.top.text("model"), f.model)
	f.top.take("stream") // the path says so
	f.w.Object()
	f.messages(f.top.take("messages"))
	functions := f.tools()
	f.toolConfig(functions)
	f.generation()
	f.serviceTier()
	for _, key := range carried {
		if v := f.top.take(key, camel([]byte(key))); v != nil {
			f.w.RawMember(camel([]byte(key)), v)
		}
	}
	f.w.EndObject()
	for key, value := range f.top.left {
		if !isDefault(key, value) {
			f.c.Drop(key, "Gemini's API has no such parameter")
		}
	}
}

// isDefault reports whether a parameter that Gemini lacks asks for nothing else
// than what happens anyway.
func isDefault(key string, value []byte) bool {
	switch key {
	case "stream_options": // usage is always told
		return true
	case "store":
		return string(value) == "false"
	case "parallel_tool_calls":
		return string(value) == "true"
	case "verbosity":
		return string(value) == `"medium"`
	}
	return false
}

func (f *fromHub) serviceTier() {
	switch tier := f.top.text("service_tier"); tier {
	case "", "auto":
	default:
		if own := tierFromHub(tier); own != "" {
			f.w.StringMember("serviceTier", own)
		} else {
			f.c.Drop("service_tier", "Gemini has no service tier "+strconv.Quote(tier))
		}
	}
}
