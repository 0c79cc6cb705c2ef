package gemini

import (
	"io"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
)

// StreamToHub implements dialect.Translator. Gemini's streams end without a
// terminal event: the hub's finish reasons, usage and [DONE] are written when the
// source has ended and every candidate has its finish reason. An error event is
// returned by Next as the *ai.Error it tells.
func (Format) StreamToHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	s := &streamToHub{c: c}
	return &translated{src: src, event: s.event, end: s.end, out: &s.out}
}

// StreamFromHub implements dialect.Translator. The finish reasons are held back
// until the hub's [DONE] has been read: they are what tells a client that the
// answer is whole. An error chunk is returned by Next as the *ai.Error it tells.
func (Format) StreamFromHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	s := &streamFromHub{c: c}
	return &translated{src: src, event: s.event, end: func() error { return nil }, out: &s.out}
}

// translated is a stream of which each event is translated into any number of
// others.
type translated struct {
	src    ai.Stream
	event  func(data []byte) error // appends to out
	end    func() error            // appends what is to be said when src has ended
	out    *[]byte
	events sse.Decoder
	err    error
}

// Close implements ai.Stream.
func (t *translated) Close() error { return t.src.Close() }

// Next implements ai.Stream.
func (t *translated) Next() ([]byte, error) {
	for t.err == nil {
		*t.out = (*t.out)[:0]
		var chunk []byte
		chunk, t.err = t.src.Next()
		if t.err == io.EOF {
			if err := t.end(); err != nil {
				t.err = err
			}
		}
		if t.err == nil {
			for e := range t.events.Events(chunk) {
				if t.err = t.event(e.Data); t.err != nil {
					break
				}
			}
		}
		if len(*t.out) > 0 {
			return *t.out, nil
		}
	}
	return nil, t.err
}
