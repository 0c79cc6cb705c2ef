package sse

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/portico-ai/portico/internal/ai"
)

// A Reader's buffer begins small, because most streams bring little at a time
// and there are many of them. It grows to fastRead for a source that fills it,
// and further only for an event that needs it.
const (
	firstRead = 4 << 10
	fastRead  = 32 << 10
)

// maxEmptyReads is how often a source may return neither bytes nor an error.
const maxEmptyReads = 100

// A Reader cuts a byte stream into chunks of whole events. The bytes it gives
// out are those it read, in order and complete. It is not safe for concurrent
// use.
type Reader struct {
	src io.Reader
	max int
	err error // what ended src; reported once the chunks before it are out

	buf   []byte
	start int  // of what has not been given out
	end   int  // of what has been read
	full  bool // the last read filled the buffer
	last  byte // the last byte given out; an event may end in "\r" before its "\n" arrives
}

// NewReader returns a Reader of src. An event of more than max bytes is an
// error, so that a stream which never ends a line cannot take all memory.
func NewReader(src io.Reader, max int) *Reader {
	return &Reader{src: src, max: max, last: '\n'}
}

// Next returns every whole event that one read of the source completed, as one
// chunk. The bytes are valid until the next call.
//
// When the source ends cleanly (io.EOF) in the middle of an event, as servers
// do that leave out the last blank line, the event is made whole and returned
// before io.EOF; if it holds no data yet, it is left out; if it holds the
// beginning of a JSON document it was cut, and the error is
// io.ErrUnexpectedEOF. After any other error of the source an unfinished event
// is discarded. An event that is too large is an *ai.Error of kind BadGateway.
func (r *Reader) Next() ([]byte, error) {
	for empty := 0; ; {
		if r.err != nil {
			return r.finish()
		}
		from := r.makeRoom()
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		r.full = r.end == len(r.buf)
		r.err = err
		if n == 0 && err == nil {
			if empty++; empty >= maxEmptyReads {
				r.err = io.ErrNoProgress
			}
			continue
		}
		if cut := lastBlankLine(r.buf[r.start:r.end], from, r.last); cut > 0 {
			return r.take(cut), nil
		}
		if r.end-r.start > r.max {
			r.err = ai.Errorf(ai.BadGateway, "the provider sent a stream event of more than %d bytes", r.max)
			r.end = r.start
		}
	}
}

// take gives out the next n buffered bytes.
func (r *Reader) take(n int) []byte {
	chunk := r.buf[r.start : r.start+n : r.start+n]
	r.start += n
	r.last = chunk[n-1]
	return chunk
}

// makeRoom moves the unfinished tail to the front and makes sure that there is
// room to read into. It returns where the search for an event's end goes on.
func (r *Reader) makeRoom() int {
	if r.start > 0 {
		copy(r.buf, r.buf[r.start:r.end])
		r.end -= r.start
		r.start = 0
	}
	if len(r.buf)-r.end < firstRead/2 || r.full && len(r.buf) < fastRead {
		bigger := make([]byte, max(firstRead, 2*len(r.buf)))
		copy(bigger, r.buf[:r.end])
		r.buf = bigger
	}
	return r.end
}

// finish returns what is left over when the source has ended, then the error.
func (r *Reader) finish() ([]byte, error) {
	tail := r.buf[r.start:r.end]
	r.start = r.end
	if len(tail) == 0 || !errors.Is(r.err, io.EOF) {
		return nil, r.err
	}
	if len(bytes.Trim(tail, "\r\n")) == 0 {
		return tail, nil
	}
	whole := bytes.Clone(tail)
	if whole[len(whole)-1] != '\n' {
		whole = append(whole, '\n')
	}
	whole = append(whole, '\n')
	switch data := dataOf(whole); {
	case len(data) == 0 && !isComment(whole):
		return nil, r.err // the beginning of an event that says nothing
	case len(data) > 0 && isCut(data):
		r.err = io.ErrUnexpectedEOF
		return nil, r.err
	}
	return whole, nil
}

// dataOf returns the data of one event.
func dataOf(event []byte) []byte {
	var d Decoder
	for e := range d.Events(event) {
		return bytes.TrimSpace(e.Data)
	}
	return nil
}

func isComment(event []byte) bool { return event[0] == ':' }

// isCut reports whether data begins like JSON, or like the [DONE] that ends some
// streams, but is not whole.
func isCut(data []byte) bool {
	return (data[0] == '{' || data[0] == '[') && string(data) != "[DONE]" && !json.Valid(data)
}

// lastBlankLine returns the offset after the last blank line of b, 0 if there
// is none. A line ends in LF, CR or CRLF. The bytes before from are known to
// hold none; before is the byte that preceded b.
func lastBlankLine(b []byte, from int, before byte) int {
	if bytes.IndexByte(b[from:], '\n') < 0 && bytes.IndexByte(b[from:], '\r') < 0 {
		return 0
	}
	for i := len(b) - 1; i >= from; i-- {
		if b[i] != '\n' && b[i] != '\r' {
			continue
		}
		prev := before
		if i > 0 {
			prev = b[i-1]
		}
		switch {
		case prev != '\n' && prev != '\r', prev == '\r' && b[i] == '\n':
			continue // the end of a line that has text, or the second half of CRLF
		case b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n':
			return i + 2
		default:
			return i + 1
		}
	}
	return 0
}
