package gemini

import (
	"io"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// asArray makes a reply what Google answers to a client that asks for a stream
// without alt=sse: one JSON array, of which the elements come as they are made.
func asArray(reply *ai.Reply) {
	if reply.Stream == nil {
		reply.Body = append(append([]byte{'['}, reply.Body...), ']')
		return
	}
	reply.Header["Content-Type"] = []string{"application/json; charset=UTF-8"}
	reply.Stream = &array{src: reply.Stream}
}

// array writes a stream's events as the elements of an array. The array ends only
// where the stream does; an error that ended it is the last element.
type array struct {
	src    ai.Stream
	events sse.Decoder
	out    []byte
	n      int
	ended  bool
}

// Close implements ai.Stream.
func (a *array) Close() error { return a.src.Close() }

// Next implements ai.Stream.
func (a *array) Next() ([]byte, error) {
	if a.ended {
		return nil, io.EOF
	}
	a.out = a.out[:0]
	chunk, err := a.src.Next()
	if err != nil && err != io.EOF {
		return nil, err
	}
	for e := range a.events.Events(chunk) {
		if a.n++; a.n == 1 {
			a.out = append(a.out, '[')
		} else {
			a.out = append(a.out, ",\r\n"...)
		}
		a.out = append(a.out, e.Data...)
	}
	if err == io.EOF {
		a.ended = true
		if a.n == 0 {
			a.out = append(a.out, '[')
		}
		a.out = append(a.out, ']')
	}
	return a.out, nil
}
