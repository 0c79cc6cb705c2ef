package ai

import "net/http"

// A Reply is a whole Body or a Stream, never both.
type Reply struct {
	Status int
	Header http.Header // upstream headers that may be passed on
	Body   []byte
	Stream Stream // instead of Body
	Size   int64  // of a Stream that is not one of events, in bytes; 0 or -1 if not known
	Usage  Usage  // of a whole Body; a stream's usage is known at its end
}

// A Stream yields server-sent events until io.EOF, which it returns only after
// the provider's own terminal event; a cut is an error (io.ErrUnexpectedEOF or
// an *Error). Close may be called at any time, from any goroutine, more than
// once; it cancels upstream. A Stream is otherwise used by one goroutine.
type Stream interface {
	// Next returns the bytes of one or more whole events, ready to be written
	// to a client of the stream's dialect. They are valid until the next call.
	Next() ([]byte, error)
	Close() error
}
