// Package media translates OpenAI's calls for pictures, speech and transcripts to
// the formats of providers that have one of their own. Each format is spoken by
// one provider, has a file that names its source, and goes one way only: no
// client of the gateway speaks it.
//
// A member of a request that OpenAI does not know is the provider's own and
// passes through under its name; one of OpenAI's that a provider has nothing like
// becomes a receipt.
package media

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// A translation is how a format says one operation. reply may be nil for
// replies that need none, such as sound.
type translation struct {
	request func(c *dialect.Conversion, hub []byte) ([]byte, error)
	reply   func(c *dialect.Conversion, body []byte) ([]byte, error)
}

// A Format implements dialect.Format and dialect.Translator. Errors are read in
// the many shapes that OpenAI's format is tolerant of.
type Format struct {
	openai.Format
	name       ai.Dialect
	ops        map[ai.Op]translation
	parseError func(status int, body []byte) *ai.Error // nil means as OpenAI's
	usage      func(op ai.Op, body []byte) ai.Usage    // nil means that the hub's reply tells it
}

var (
	_ dialect.Format     = Format{}
	_ dialect.Translator = Format{}
)

// Formats are all formats of the package.
func Formats() map[ai.Dialect]dialect.Format {
	all := map[ai.Dialect]dialect.Format{}
	for _, f := range []Format{
		stability(), segmind(), recraft(), together(), nebius(), hyperbolic(), xai(), fireworks(), workersAI(), fal(), replicate(), siliconflow(), flux(),
		deepgram(), elevenLabs(),
	} {
		all[f.name] = f
	}
	return all
}

// drawing is a format that has pictures made from a text, and nothing else.
func drawing(name ai.Dialect, t translation) Format {
	return Format{name: name, ops: map[ai.Op]translation{ai.ImageGenerate: t}}
}

// Dialect implements dialect.Format.
func (f Format) Dialect() ai.Dialect { return f.name }

// Usage implements dialect.Format.
func (f Format) Usage(op ai.Op, reply []byte) ai.Usage {
	if f.usage == nil {
		return ai.Usage{}
	}
	return f.usage(op, reply)
}

// ParseError implements dialect.Format.
func (f Format) ParseError(status int, body []byte) *ai.Error {
	if f.parseError == nil {
		return openai.ParseError(status, body)
	}
	return f.parseError(status, body)
}

// RequestFromHub implements dialect.Translator.
func (f Format) RequestFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	t, ok := f.ops[c.Op]
	if !ok {
		return nil, f.oneWay()
	}
	return t.request(c, body)
}

// ReplyToHub implements dialect.Translator.
func (f Format) ReplyToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	t := f.ops[c.Op]
	if t.reply == nil {
		return nil, f.oneWay()
	}
	return t.reply(c, body)
}

// RequestToHub implements dialect.Translator.
func (f Format) RequestToHub(*dialect.Conversion, []byte) ([]byte, error) { return nil, f.oneWay() }

// ReplyFromHub implements dialect.Translator.
func (f Format) ReplyFromHub(*dialect.Conversion, []byte) ([]byte, error) { return nil, f.oneWay() }

// StreamToHub implements dialect.Translator. No stream is ever asked for.
func (f Format) StreamToHub(_ *dialect.Conversion, src ai.Stream) ai.Stream {
	return refused{src, f.oneWay()}
}

// StreamFromHub implements dialect.Translator.
func (f Format) StreamFromHub(_ *dialect.Conversion, src ai.Stream) ai.Stream {
	return refused{src, f.oneWay()}
}

func (f Format) oneWay() error {
	return ai.Errorf(ai.Unsupported, "The format %s has no translation for this", f.name)
}

// refused is a stream that nobody can read.
type refused struct {
	ai.Stream
	err error
}

// Next implements ai.Stream.
func (r refused) Next() ([]byte, error) { return nil, r.err }
