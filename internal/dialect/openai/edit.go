package openai

import (
	"bytes"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// An editor is src with the data of some events changed. Chunks that are none of
// its concern pass unread, and events that edit returns as they are keep their
// bytes; one for which it returns nil is left out.
type editor struct {
	src       ai.Stream
	concerned func(chunk []byte) bool
	edit      func(data []byte) []byte
	events    sse.Decoder
	out       []byte
}

func (e *editor) Close() error { return e.src.Close() }

func (e *editor) Next() ([]byte, error) {
	for {
		chunk, err := e.src.Next()
		if err != nil || !e.concerned(chunk) {
			return chunk, err
		}
		if chunk = e.edited(chunk); len(chunk) > 0 {
			return chunk, nil
		}
	}
}

func (e *editor) edited(chunk []byte) []byte {
	e.out = e.out[:0]
	rest, changed := chunk, false
	for event := range e.events.Events(chunk) {
		data := e.edit(event.Data)
		if bytes.Equal(data, event.Data) {
			continue
		}
		changed = true
		i := bytes.Index(rest, event.Raw)
		e.out = append(e.out, rest[:i]...)
		rest = rest[i+len(event.Raw):]
		if data != nil {
			e.out = sse.AppendEvent(e.out, string(event.Name), data)
		}
	}
	if !changed {
		return chunk
	}
	e.out = append(e.out, rest...)
	return e.out
}
