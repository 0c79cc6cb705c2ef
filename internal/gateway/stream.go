package gateway

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/route"
)

// maxHeld bounds what is held of a stream before its first meaningful event.
const maxHeld = 1 << 20

// terminals are the events that end a dialect's streams; one is supplied where
// only that is missing.
var terminals = map[ai.Dialect]string{
	ai.OpenAI:    "data: [DONE]\n\n",
	ai.OCI:       "data: [DONE]\n\n", // which its translation takes for the end
	ai.Anthropic: "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
	ai.Bedrock:   "event: metadata\ndata: {}\n\n",
}

// An upstream is a provider's stream: whole events, watched as they pass. It
// ends with io.EOF only when the provider ended the answer; a cut or an error
// event is an error.
type upstream struct {
	x       *exchange
	frames  *sse.Reader
	watch   dialect.Watcher
	fresh   func() dialect.Watcher
	from    *destination
	noDone  bool
	dialect ai.Dialect

	held    [][]byte // read before the first meaningful event
	failed  error    // to be returned once held is given out
	ended   bool
	relayed bool // of an operation whose streams have no end that all share
	peeking bool // before the first meaningful event, under first_token_timeout
}

func (g *Gateway) openStream(c *Call, a *answer, x *exchange, events io.Reader) {
	d := a.destination
	fresh := func() dialect.Watcher { return g.Formats[d.endpoint.Dialect].Watch(d.op) }
	u := &upstream{
		x: x, frames: sse.NewReader(events, g.Limits.EventBytes), watch: fresh(), fresh: fresh,
		from: d, noDone: d.provider.Quirks.NoDone, dialect: d.endpoint.Dialect, relayed: c.Op.Relayed(),
	}
	a.status, a.header = x.resp.StatusCode, x.resp.Header
	a.attempt.Upstream = upstreamID(x.resp.Header)
	if err := u.peek(); err != nil {
		_ = u.Close()
		a.failStream(err)
		return
	}
	a.stream = u
	a.outcome = route.Outcome{Status: a.status}
}

// failStream ends an attempt whose stream broke before anything meaningful came.
// An error event without a status of its own counts as a bad gateway.
func (a *answer) failStream(err *ai.Error) {
	if err.Status == 0 && err.Kind == ai.Upstream {
		err.Status = 502
	}
	a.status = err.HTTPStatus()
	a.fail(err)
	a.outcome.Fatal = false
}

// peek reads until the first meaningful event, so that a stream that is broken
// from the start can still be retried or fall back.
func (u *upstream) peek() *ai.Error {
	if u.x.firstToken > 0 {
		u.x.watch.enter(awaitingToken, u.x.firstToken)
		u.peeking = true
		defer func() { u.peeking = false }()
	}
	size := 0
	for u.failed == nil && !u.watch.Meaningful() && !u.watch.Done() && size < maxHeld {
		chunk, err := u.read()
		if err == io.EOF {
			u.failed = io.EOF
			break
		}
		if err != nil {
			return ai.AsError(err)
		}
		u.held = append(u.held, slices.Clone(chunk))
		size += len(chunk)
	}
	if u.failed != nil && u.failed != io.EOF && !u.watch.Meaningful() {
		return ai.AsError(u.failed)
	}
	return nil
}

// beforeError returns what a chunk holds before its error event; the error comes
// with the next read.
func (u *upstream) beforeError(chunk []byte, e *ai.Error) ([]byte, error) {
	var good []byte
	var events sse.Decoder
	for event := range events.Events(chunk) {
		one := sse.AppendEvent(nil, string(event.Name), event.Data)
		w := u.fresh()
		if w.Observe(one); w.Err() != nil {
			break
		}
		good = append(good, one...)
	}
	if good == nil {
		return nil, e
	}
	u.failed = e
	return good, nil
}

// upToEnd returns a chunk without the events that follow the terminal one in it:
// to a client they would be of an answer that is over.
func (u *upstream) upToEnd(chunk []byte) []byte {
	w, end := u.fresh(), 0
	var events sse.Decoder
	for event := range events.Events(chunk) {
		if w.Done() {
			return chunk[:end]
		}
		w.Observe(event.Raw)
		end += bytes.Index(chunk[end:], event.Raw) + len(event.Raw)
	}
	return chunk
}

// Next implements ai.Stream.
func (u *upstream) Next() ([]byte, error) {
	if len(u.held) > 0 {
		chunk := u.held[0]
		u.held = u.held[1:]
		return chunk, nil
	}
	if u.failed != nil {
		return nil, u.failed
	}
	if u.watch.Done() || u.ended {
		return nil, io.EOF
	}
	return u.read()
}

// complete reports whether nothing that matters is still to come.
func (u *upstream) complete() bool { return (u.watch.Done() || u.ended) && len(u.held) == 0 }

func (u *upstream) read() ([]byte, error) {
	if !u.peeking { // while it is, one limit spans all reads up to the first token
		u.x.watch.enter(readingStream, u.x.idle)
	}
	chunk, err := u.frames.Next()
	if !u.peeking {
		u.x.watch.leave()
	}
	if len(chunk) > 0 {
		u.watch.Observe(chunk)
		if e := u.watch.Err(); e != nil {
			return u.beforeError(chunk, u.fromProvider(e))
		}
		if u.watch.Done() {
			chunk = u.upToEnd(chunk)
		}
		if u.relayed {
			chunk = u.from.maskBody(chunk)
		}
		return chunk, nil
	}
	switch {
	case err == nil:
		return nil, nil
	case !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, u.broken(err)
	case u.watch.Done():
		return nil, io.EOF
	case u.watch.Finished() && (u.noDone || u.framed()):
		u.ended = true
		if end := terminals[u.dialect]; end != "" && !u.relayed {
			return []byte(end), nil
		}
		return nil, io.EOF
	}
	return nil, u.broken(io.ErrUnexpectedEOF)
}

// framed reports whether HTTP itself marks the end of the body, so that an end
// is not just a closed connection. HTTP/2 always does.
func (u *upstream) framed() bool {
	_, zipped := u.x.resp.Body.(*unzipped) // says itself where it ends
	return zipped || u.x.resp.ProtoMajor >= 2 || u.x.resp.ContentLength >= 0 || slices.Contains(u.x.resp.TransferEncoding, "chunked")
}

func (u *upstream) fromProvider(e *ai.Error) *ai.Error {
	e.Provider, e.Message = u.from.provider.ID, u.from.mask(e.Message)
	if e.Kind == ai.Internal {
		e.Kind = ai.Upstream
	}
	return e
}

func (u *upstream) broken(err error) *ai.Error {
	e := u.x.explain(err)
	if e.Kind == ai.BadGateway {
		e.Type, e.Message = "incomplete_stream", "The provider's stream ended before it was complete"
	}
	return e
}

// Close implements ai.Stream.
func (u *upstream) Close() error {
	u.x.watch.stop()
	if u.watch.Done() && u.x.ctx.Err() == nil {
		u.drain()
	}
	u.x.finish()
	return u.x.resp.Body.Close()
}

// drain reads the end of the body that follows the terminal event, so that the
// connection can be used again; it does not wait long for it.
func (u *upstream) drain() {
	defer time.AfterFunc(50*time.Millisecond, func() { u.x.cancel(nil) }).Stop()
	_, _ = io.CopyN(io.Discard, u.x.resp.Body, 4096)
}
