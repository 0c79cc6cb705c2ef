package anthropic

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
)

// StreamToHub implements dialect.Translator. The hub's stream begins with a
// chunk that has the role, ends with the finish reason, the usage (always) and
// [DONE]. An error event of the provider's is returned by Next as the *ai.Error
// it tells, so that nothing after it looks like an end.
func (Format) StreamToHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	s := &streamToHub{c: c}
	return translated(src, s.event, &s.out)
}

// StreamFromHub implements dialect.Translator. message_stop is written when the
// hub's [DONE] has been read and never otherwise; an error chunk is returned by
// Next as the *ai.Error it tells.
func (Format) StreamFromHub(c *dialect.Conversion, src ai.Stream) ai.Stream {
	s := &streamFromHub{c: c}
	return translated(src, s.event, &s.out)
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

// appendJSON appends the event that w holds the data of.
func appendJSON(out []byte, name string, w *jsonedit.Writer) []byte {
	return sse.AppendEvent(out, name, w.Bytes())
}
