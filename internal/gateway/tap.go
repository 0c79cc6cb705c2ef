package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/ledger"
)

// A tap is the last stage of a stream before the client. It keeps what the
// client received for the log, settles the entry before the end is released,
// and turns a break into an error event of the client's dialect.
type tap struct {
	ctx context.Context
	rec *record
	a   *answer
	src ai.Stream
	max int

	kept      *[]byte // what the client received; nil while that is nothing
	truncated bool    // kept is not all
	started   bool
	settled   bool
	halfLine  bool // what was given out ends in "\r", of a line ending that may have been cut
}

// Next implements ai.Stream. It never returns an error other than io.EOF: a
// break is told to the client as an event.
func (t *tap) Next() ([]byte, error) {
	if t.settled {
		return nil, io.EOF
	}
	chunk, err := t.src.Next()
	if err != nil {
		return t.end(nil, err)
	}
	if !t.started {
		t.started = true
		t.rec.entry.FirstTokenMicros = time.Since(t.rec.call.Started).Microseconds()
	}
	if !t.a.stream.complete() {
		t.keep(chunk)
		t.halfLine = len(chunk) > 0 && chunk[len(chunk)-1] == '\r'
		return chunk, nil
	}
	return t.last(chunk)
}

// last is reached when the provider has finished: whatever translation still has
// to say is collected, the entry settled, and all of it released at once.
func (t *tap) last(chunk []byte) ([]byte, error) {
	tail := append([]byte(nil), chunk...)
	for {
		chunk, err := t.src.Next()
		if err != nil {
			return t.end(tail, err)
		}
		tail = append(tail, chunk...)
	}
}

// end settles the entry and returns what is still to be given out.
func (t *tap) end(tail []byte, err error) ([]byte, error) {
	t.settled = true
	if errors.Is(err, io.EOF) {
		t.keep(tail)
		if e := t.rec.settleStream(t, ledger.OK, nil); e == nil {
			if len(tail) == 0 {
				return nil, io.EOF
			}
			return tail, nil
		} else {
			err = e // what cannot be accounted is not given out as complete
		}
		tail = nil
	}
	if stopped, ok := errors.AsType[*ai.Error](context.Cause(t.ctx)); ok {
		err = stopped // the server itself ends the request
	} else if t.ctx.Err() != nil {
		_ = t.rec.settleStream(t, ledger.ClientGone, nil)
		return nil, io.EOF
	}
	e := ai.AsError(err)
	event := t.failure(e)
	if t.halfLine {
		event = append([]byte{'\n'}, event...)
	}
	t.keep(event)
	_ = t.rec.settleStream(t, ledger.Truncated, e)
	return append(tail, event...), nil
}

// failure is the event that ends a broken stream, in the words of whoever wrote
// the stream, if it has any of its own.
func (t *tap) failure(e *ai.Error) []byte {
	var writer any = t.src
	if u, ok := writer.(*upstream); ok {
		writer = u.watch
	}
	if f, ok := writer.(dialect.Failer); ok {
		return f.Fail(e)
	}
	return t.rec.g.Formats[t.rec.call.Dialect].ErrorEvent(e)
}

// Close implements ai.Stream. A stream closed before its end was left by the client.
func (t *tap) Close() error {
	if !t.settled {
		t.settled = true
		_ = t.rec.settleStream(t, ledger.ClientGone, nil)
	}
	return t.src.Close()
}

// keep notes what goes to the client.
func (t *tap) keep(chunk []byte) {
	if !t.rec.call.KeepBodies || t.truncated {
		return
	}
	if t.kept == nil {
		t.kept = keptBuffers.Get().(*[]byte)
	}
	if t.truncated = len(*t.kept)+len(chunk) > t.max; !t.truncated {
		*t.kept = append(*t.kept, chunk...)
	}
}

// takeKept returns a copy of what was kept and gives up the buffer.
func (t *tap) takeKept() []byte {
	if t.kept == nil {
		return nil
	}
	kept := bytes.Clone(*t.kept)
	if cap(*t.kept) <= maxPooled {
		*t.kept = (*t.kept)[:0]
		keptBuffers.Put(t.kept)
	}
	t.kept = nil
	return kept
}

// keptBuffers saves streams from growing a buffer each, chunk by chunk. Larger
// ones than maxPooled are rare and left to the collector.
var keptBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 8<<10); return &b }}

const maxPooled = 256 << 10
