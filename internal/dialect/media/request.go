package media

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// openAIs are the members of OpenAI's requests. Source: OpenAI's API description,
// CreateImageRequest, CreateImageEditRequest, CreateImageVariationRequest,
// CreateSpeechRequest and CreateTranscriptionRequest.
var openAIs = map[ai.Op][]string{
	ai.ImageGenerate: {"prompt", "model", "n", "size", "quality", "style", "response_format", "background", "output_format", "output_compression",
		"moderation", "user", "stream", "partial_images"},
	ai.ImageEdit: {"image", "image[]", "images", "mask", "prompt", "model", "n", "size", "quality", "response_format", "background", "output_format",
		"output_compression", "input_fidelity", "moderation", "user", "stream", "partial_images"},
	ai.ImageVary: {"image", "model", "n", "size", "response_format", "user"},
	ai.Speech:    {"input", "model", "voice", "instructions", "response_format", "speed", "stream_format"},
	ai.Transcribe: {"file", "model", "language", "prompt", "response_format", "temperature", "timestamp_granularities[]", "stream",
		"chunking_strategy", "include[]", "known_speaker_names[]", "known_speaker_references[]"},
}

// A request is one in the making, from the members of OpenAI's.
type request struct {
	c    *dialect.Conversion
	hub  []byte
	name string // of the member that is being translated
	w    jsonedit.Writer
	err  error

	brought []openai.Picture // see pictures
}

// A rule writes what stands for one member of OpenAI's request.
type rule func(r *request, value []byte)

// rules are a format's, by the names of OpenAI's members.
type rules map[string]rule

// plain is translate where the members say it all.
func (rs rules) plain(c *dialect.Conversion, hub []byte) ([]byte, error) {
	return rs.translate(c, hub, nil)
}

// translate writes a provider's request: what the rules make of the members, then
// what more adds. Nulls say nothing and are left out.
func (rs rules) translate(c *dialect.Conversion, hub []byte, more func(r *request)) ([]byte, error) {
	if jsonedit.Kind(bytes.TrimSpace(hub)) != '{' {
		return nil, &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Message: "The request body must be a JSON object or a form"}
	}
	r := &request{c: c, hub: hub}
	if err := openai.NoStream(hub); err != nil {
		return nil, err
	}
	if jsonedit.Text(jsonedit.Get(hub, "stream_format")) == "sse" {
		return nil, openai.Unstreamed("stream_format")
	}
	r.w.Object()
	for key, value := range jsonedit.Members(hub) {
		r.name = string(key)
		if edits(c.Op) {
			r.name, value = picturesName(r.name), openai.FormValue(c, r.name, value)
		}
		do, has := rs[r.name]
		switch {
		case jsonedit.IsNull(value):
		case has:
			do(r, value)
		case r.own(r.name):
			keep(r, value)
		case !saysNothing(r.name, value):
			r.drop("the provider has nothing like it")
		}
	}
	r.name = ""
	if more != nil {
		more(r)
	}
	r.w.EndObject()
	return r.w.Bytes(), r.err
}

// saysNothing reports whether a value is what happens without it.
func saysNothing(name string, value []byte) bool {
	switch text := jsonedit.Text(value); name {
	case "n":
		return string(value) == "1" || text == "1"
	case "stream":
		return true
	case "size", "quality", "background", "moderation":
		return text == "auto"
	case "speed":
		return jsonedit.Int(value) == 1 && !strings.Contains(string(value), ".")
	case "temperature":
		return string(value) == "0" || text == "0"
	}
	return false
}

func (r *request) drop(reason string) { r.c.Drop(r.name, reason) }

// set writes a member, unless the client itself set the provider's own.
func (r *request) set(name string, raw []byte) {
	if name != r.name && r.own(name) {
		return
	}
	r.w.Key(name)
	r.w.Raw(raw)
}

func (r *request) setText(name, text string) { r.set(name, jsonedit.AppendString(nil, text)) }

// own reports whether the client set a member that is not one of OpenAI's.
func (r *request) own(name string) bool {
	return !slices.Contains(openAIs[r.c.Op], name) && !jsonedit.IsNull(jsonedit.Get(r.hub, name))
}

// keep passes a member on as it is.
func keep(r *request, value []byte) { r.set(r.name, value) }

// gone is for a member that stands elsewhere, as in the URL.
func gone(*request, []byte) {}

// as passes a member on under another name.
func as(name string) rule { return func(r *request, value []byte) { r.set(name, value) } }

// choice passes a value on in the provider's words, as the member name; what is
// not listed is dropped.
func choice(name string, words map[string]string) rule {
	return func(r *request, value []byte) {
		if word, ok := words[jsonedit.Text(value)]; ok {
			r.setText(name, word)
		} else if !saysNothing(r.name, value) {
			r.drop("the provider does not offer " + excerpt(value))
		}
	}
}

// same makes the words of a choice that both sides call the same.
func same(words ...string) map[string]string {
	m := map[string]string{}
	for _, w := range words {
		m[w] = w
	}
	return m
}

// always is for a response_format that a provider does not let one choose.
func always(format string) rule {
	return func(r *request, value []byte) {
		if jsonedit.Text(value) != format {
			r.drop("the provider always answers in " + format)
		}
	}
}

func excerpt(value []byte) string { return string(value[:min(len(value), 40)]) }

// sides writes a size as two members.
func sides(widthName, heightName string) rule {
	return func(r *request, value []byte) {
		width, height, ok := openai.Pixels(jsonedit.Text(value))
		if !ok {
			r.dropSize(value)
			return
		}
		r.set(widthName, strconv.AppendInt(nil, int64(width), 10))
		r.set(heightName, strconv.AppendInt(nil, int64(height), 10))
	}
}

func (r *request) dropSize(value []byte) {
	if !saysNothing("size", value) {
		r.drop("the provider takes a size in pixels, not " + excerpt(value))
	}
}

// ratio writes a size as the nearest of the aspect ratios that the provider
// knows, and a receipt for the size.
func ratio(name string, known ...string) rule {
	return func(r *request, value []byte) {
		best, ok := openai.NearestRatio(jsonedit.Text(value), known)
		switch {
		case !ok:
			r.dropSize(value)
			return
		case r.own(name):
			r.drop(name + ", the provider's own, was used instead")
			return
		}
		r.setText(name, best)
		r.drop("the provider takes an aspect ratio instead of a size: " + best + " was asked for")
	}
}
