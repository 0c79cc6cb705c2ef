package dialect

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// TranslateEvents returns a stream of which each event of src becomes any number
// of others: translate appends them to out. An error of translate ends the
// stream after what was appended before. Closing the result closes src.
func TranslateEvents(src ai.Stream, translate func(out, data []byte) ([]byte, error)) ai.Stream {
	return &translated{src: src, translate: translate}
}

type translated struct {
	src       ai.Stream
	translate func(out, data []byte) ([]byte, error)
	out       []byte
	events    sse.Decoder
	err       error
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
		t.out = t.out[:0]
		for e := range t.events.Events(chunk) {
			if t.out, t.err = t.translate(t.out, e.Data); t.err != nil {
				break
			}
		}
		if len(t.out) > 0 {
			return t.out, nil
		}
	}
	return nil, t.err
}
