package bedrock

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
)

// StreamToHub implements dialect.Translator. The hub's stream begins with a
// chunk that has the role, ends with the finish reason, the usage and [DONE]. An
// error event is returned by Next as the *ai.Error it tells, so that nothing
// after it looks like an end.
func (Format) StreamToHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	s := &streamToHub{c: c}
	return &translated{src: src, event: s.event, out: &s.out}
}

// StreamFromHub implements dialect.Translator. metadata is written when the hub's
// [DONE] has been read and never otherwise; an error chunk is returned by Next as
// the *ai.Error it tells.
func (Format) StreamFromHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	s := &streamFromHub{c: c}
	return &translated{src: src, event: s.event, out: &s.out}
}

// translated is a stream of which each event is translated into any number of
// others.
type translated struct {
	src    ai.Stream
	event  func(e sse.Event) error // appends to out
	out    *[]byte
	events sse.Decoder
	err    error
}

// Close implements ai.Stream.
func (t *translated) Close() error { return t.src.Close() }

// Next implements ai.Stream.
func (t *translated) Next() ([]byte, error) {
	for t.err == nil {
		var chunk []byte
		if chunk, t.err = t.src.Next(); t.err != nil {
			break
		}
		*t.out = (*t.out)[:0]
		for e := range t.events.Events(chunk) {
			if t.err = t.event(e); t.err != nil {
				break
			}
		}
		if len(*t.out) > 0 {
			return *t.out, nil
		}
	}
	return nil, t.err
}
