// Package oneway is for wire formats that providers alone speak: no client of
// Portico's writes them, so requests are translated from the hub and answers to
// it, and nothing else is needed. A format says how; what is told of an answer
// is read from what it becomes in the hub.
package oneway

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// A Translation turns one document into another.
type Translation func(c *dialect.Conversion, body []byte) ([]byte, error)

// Format implements dialect.Format and dialect.Translator by what it is told of
// a wire format. The errors of openai.Format serve all.
type Format struct {
	openai.Format
	ID       ai.Dialect
	Requests map[ai.Op]Translation // from the hub
	Replies  map[ai.Op]Translation // to the hub

	// Told is set where replies have the hub's members usage and model, so that they
	// need not be translated to be read.
	Told bool

	// Stream begins a stream and returns what appends the hub's events for each
	// event of it, the hub's [DONE] at its end included; nil if there are none.
	Stream func(c *dialect.Conversion) func(out, data []byte) ([]byte, error)
}

var (
	_ dialect.Format     = Format{}
	_ dialect.Translator = Format{}
)

// Dialect implements dialect.Format.
func (f Format) Dialect() ai.Dialect { return f.ID }

// Usage implements dialect.Format.
func (f Format) Usage(op ai.Op, reply []byte) ai.Usage { return f.Format.Usage(op, f.hub(op, reply)) }

// Model implements dialect.Format.
func (f Format) Model(op ai.Op, reply []byte) string { return f.Format.Model(op, f.hub(op, reply)) }

// hub is a reply as far as its usage and model are told in the hub's way, nil if
// it is none.
func (f Format) hub(op ai.Op, reply []byte) []byte {
	if f.Told {
		return reply
	}
	body, err := f.ReplyToHub(&dialect.Conversion{Op: op}, reply)
	if err != nil {
		return nil
	}
	return body
}

// RequestFromHub implements dialect.Translator.
func (f Format) RequestFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	return f.translate(f.Requests, c, body)
}

// ReplyToHub implements dialect.Translator.
func (f Format) ReplyToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	return f.translate(f.Replies, c, body)
}

func (f Format) translate(by map[ai.Op]Translation, c *dialect.Conversion, body []byte) ([]byte, error) {
	if t := by[c.Op]; t != nil {
		return t(c, body)
	}
	return nil, ai.Errorf(ai.Unsupported, "%s is not supported in the format %s", c.Op, f.ID)
}

// StreamToHub implements dialect.Translator.
func (f Format) StreamToHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	return dialect.TranslateEvents(src, f.begin(c))
}

func (f Format) begin(c *dialect.Conversion) func(out, data []byte) ([]byte, error) {
	if f.Stream == nil {
		return func(out, _ []byte) ([]byte, error) {
			return out, ai.Errorf(ai.BadGateway, "the provider streams an answer that was asked for whole")
		}
	}
	return f.Stream(c)
}

// RequestToHub implements dialect.Translator. There is no such request.
func (f Format) RequestToHub(*dialect.Conversion, []byte) ([]byte, error) { return nil, f.noClient() }

// ReplyFromHub implements dialect.Translator. Nobody asks for such a reply.
func (f Format) ReplyFromHub(*dialect.Conversion, []byte) ([]byte, error) { return nil, f.noClient() }

// StreamFromHub implements dialect.Translator. Nobody asks for such a stream.
func (f Format) StreamFromHub(_ *dialect.Conversion, src ai.Stream) ai.Stream {
	return dialect.TranslateEvents(src, func(out, _ []byte) ([]byte, error) { return out, f.noClient() })
}

func (f Format) noClient() error {
	return ai.Errorf(ai.Unsupported, "%s is not a format that clients speak", f.ID)
}

// Watch implements dialect.Format: the hub's watcher looks at what the stream
// becomes.
func (f Format) Watch(op ai.Op) dialect.Watcher {
	return &watcher{Watcher: f.Format.Watch(op), translate: f.begin(&dialect.Conversion{Op: op, Onward: true})}
}

type watcher struct {
	dialect.Watcher
	translate func(out, data []byte) ([]byte, error)
	events    sse.Decoder
	out       []byte
	err       *ai.Error
}

// Observe implements dialect.Watcher.
func (w *watcher) Observe(chunk []byte) {
	for e := range w.events.Events(chunk) {
		if w.err != nil {
			return
		}
		out, err := w.translate(w.out[:0], e.Data)
		w.out = out
		if w.Watcher.Observe(out); err != nil {
			w.err = ai.AsError(err)
		}
	}
}

// Err implements dialect.Watcher.
func (w *watcher) Err() *ai.Error {
	if w.err != nil {
		return w.err
	}
	return w.Watcher.Err()
}
