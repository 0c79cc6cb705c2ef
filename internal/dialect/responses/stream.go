package responses

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
)

// StreamToHub implements dialect.Translator. The hub's stream ends with [DONE]
// when the response was completed or cut by a limit; a failure is returned by
// Next as the *ai.Error it tells.
func (Format) StreamToHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	s := &streamToHub{c: c}
	return translated(src, s.event, &s.out)
}

// StreamFromHub implements dialect.Translator. response.completed, or
// incomplete, is written when the hub's [DONE] has been read and never
// otherwise; an error chunk is returned by Next as the *ai.Error it tells.
func (Format) StreamFromHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	s := &streamFromHub{output: output{envelope: newEnvelope(c, "")}}
	return &failing{translated(src, s.event, &s.out), s}
}

// failing is a translated stream that knows how it ends when it is broken.
type failing struct {
	ai.Stream
	dialect.Failer
}

// translated is a stream of which each event is translated by event, which
// appends to out.
func translated(src ai.Stream, event func(data []byte) error, out *[]byte) ai.Stream {
	return dialect.TranslateEvents(src, func(before, data []byte) ([]byte, error) {
		*out = before
		err := event(data)
		return *out, err
	})
}
