package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/route"
)

// rawBlock is how much of a raw reply is passed on at once.
const rawBlock = 32 << 10

// A rawReply is a provider's reply of any media type and size (audio, a file's
// content, an empty one) on its way to the client. Its last byte is held back
// until the entry is settled.
type rawReply struct {
	ctx context.Context
	rec *record
	x   *exchange
	src io.Reader // the body, its secrets hidden

	buf     [rawBlock + 1]byte
	held    int // bytes at the front of buf that are not given out yet
	settled bool
}

// openRaw takes a reply as it is, once its first bytes are there: one that breaks
// before them can still be retried or fall back.
func (g *Gateway) openRaw(a *answer, x *exchange) {
	first := make([]byte, 512)
	x.watch.enter(readingBody, x.idle)
	n, err := x.resp.Body.Read(first)
	x.watch.leave()
	if n == 0 && err != nil && (!errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		a.fail(x.cut(err))
		x.finish()
		_ = x.resp.Body.Close()
		return
	}
	x.resp.Body = &begun{x.resp.Body, first[:n], err}
	a.status, a.header = x.resp.StatusCode, x.resp.Header
	a.attempt.Upstream = upstreamID(x.resp.Header)
	a.raw, a.rawBody = nil, &rawReply{x: x, src: a.destination.masked(x.resp.Body)}
	a.outcome = route.Outcome{Status: a.status}
}

// begun is a body whose first read has been made.
type begun struct {
	io.ReadCloser
	first []byte
	err   error // what came with them
}

// Read implements io.Reader.
func (b *begun) Read(p []byte) (int, error) {
	switch {
	case len(b.first) > 0:
		n := copy(p, b.first)
		b.first = b.first[n:]
		return n, nil
	case b.err != nil:
		return 0, b.err
	}
	return b.ReadCloser.Read(p)
}

// passes reports whether a reply that is not JSON is one for the client as it
// is: its provider speaks the client's format, or it is sound, which is the same
// in all.
func (a *answer) passes(c *Call) bool {
	return a.destination.endpoint.Dialect == c.Dialect || c.Op == ai.Speech
}

// bodiless reports whether a reply has no body, whatever its headers say.
func bodiless(method string, status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified || method == http.MethodHead && status < 300
}

// isJSONReply reports whether a reply says that it is JSON.
func isJSONReply(resp *http.Response) bool {
	t := mediaType(resp)
	return t == "application/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json")
}

// mediaType is a reply's, without parameters.
func mediaType(resp *http.Response) string {
	t, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// typeOf is a reply's media type, that of its bytes where the provider names none.
func typeOf(resp *http.Response, body []byte) string {
	if t := mediaType(resp); t != "" && !strings.HasSuffix(t, "/octet-stream") {
		return t
	}
	t, _, _ := strings.Cut(http.DetectContentType(body), ";")
	return t
}

// Next implements ai.Stream. After an error other than io.EOF the client must
// not be left to think that it has everything.
func (r *rawReply) Next() ([]byte, error) {
	if r.settled {
		return nil, io.EOF
	}
	if r.held > 0 { // the byte after those that were given out last
		r.buf[0] = r.buf[r.held-1]
		r.held = 1
	}
	for {
		r.x.watch.enter(readingBody, r.x.idle)
		n, err := r.src.Read(r.buf[r.held:])
		r.x.watch.leave()
		r.held += n
		switch {
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return r.end()
		case err != nil:
			return nil, r.broken(err)
		case r.held > 1:
			return r.buf[:r.held-1], nil
		}
	}
}

func (r *rawReply) end() ([]byte, error) {
	r.settled = true
	r.rec.entry.State = ledger.OK
	if err := r.rec.settle(); err != nil {
		return nil, err // what cannot be accounted is not given out whole
	}
	if r.held == 0 {
		return nil, io.EOF
	}
	return r.buf[:r.held], nil
}

func (r *rawReply) broken(err error) error {
	r.settled = true
	e := r.x.explain(err)
	r.rec.entry.State, r.rec.entry.Error = ledger.Truncated, errorInfo(e)
	if clientLeft(r.ctx) {
		r.left()
	}
	_ = r.rec.settle()
	return e
}

func (r *rawReply) left() {
	r.rec.entry.State, r.rec.entry.Status = ledger.ClientGone, 499
}

// Close implements ai.Stream.
func (r *rawReply) Close() error {
	if !r.settled && r.rec != nil {
		r.settled = true
		r.left()
		_ = r.rec.settle()
	}
	r.x.finish()
	return r.x.resp.Body.Close()
}

// releaseRaw answers with a provider's reply as it is.
func (r *record) releaseRaw(ctx context.Context, a *answer) *ai.Reply {
	resp := a.rawBody.x.resp
	header := replyHeaders(a.header)
	a.rawBody.ctx, a.rawBody.rec = ctx, r
	r.entry.Status, r.entry.Model = a.status, a.destination.model
	r.entry.Usage = r.call.heard(openai.CountMedia(r.call.Op, ai.Usage{}, a.conversion.Request, nil))
	return &ai.Reply{Status: a.status, Header: r.headers(header), Stream: a.rawBody, Size: resp.ContentLength}
}
