package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/internal/route"
)

// readWhole reads a reply that is not a stream and turns it into the client's dialect.
func (g *Gateway) readWhole(c *Call, a *answer, x *exchange) {
	defer x.finish()
	format := g.Formats[a.destination.endpoint.Dialect]
	body, err := g.readBody(x)
	if err != nil {
		a.fail(err)
		return
	}
	body = a.destination.maskBody(body)
	if x.resp.StatusCode < 300 {
		if body, err = g.await(c, a, x, body); err != nil {
			a.fail(err)
			return
		}
	}
	a.raw = body
	a.status, a.header = x.resp.StatusCode, x.resp.Header
	a.attempt.Upstream = upstreamID(x.resp.Header)
	if a.status >= 300 {
		g.providerError(c, a, format.ParseError(a.status, body))
		return
	}
	if !jsonedit.Whole(body) {
		if !c.Op.Relayed() || a.passes(c) || isJSONReply(x.resp) {
			a.fail(notJSON(a, body))
			return
		}
		a.raw, a.conversion.UpstreamType = nil, typeOf(x.resp, body) // only the translation knows what to make of it
	}
	if op := a.destination.op; firstByte(body) == '{' && !c.Op.Free() && c.Method != http.MethodGet {
		a.usage = format.Usage(op, body)
		a.model = format.Model(op, body)
	}
	if words := a.finishWords(c.Dialect); words != nil {
		body = openai.RenameFinish(body, words)
	}
	a.body, err = g.forClient(c, a, body)
	if err != nil {
		a.fail(err)
		return
	}
	switch {
	case c.Op.Relayed():
		g.readMedia(c, a)
	case c.Op == ai.Rerank && !a.usage.Known: // counted by the request, where the provider does not tell
		a.usage = g.Formats[c.Dialect].Usage(c.Op, a.body)
		a.usage.Estimated = a.usage.Known
	}
	a.outcome = route.Outcome{Status: a.status}
}

// forClient turns a whole reply into the client's format, and a list into the one
// model of it that was asked for.
func (g *Gateway) forClient(c *Call, a *answer, body []byte) ([]byte, error) {
	from := a.destination.endpoint.Dialect
	if c.Op != ai.GetModel || a.destination.op != ai.Models {
		return g.pair(c.Dialect, from).Reply(a.conversion, body)
	}
	list, err := g.pair(ai.OpenAI, from).Reply(a.conversion, body)
	if err != nil {
		return nil, err
	}
	return g.pickModel(c, a, list)
}

// readMedia counts what the reply of an operation on pictures or sound costs
// beside tokens. A translated one is whole, whatever the provider calls it.
func (g *Gateway) readMedia(c *Call, a *answer) {
	var hub []byte
	if firstByte(a.body) == '{' {
		hub = a.body
	}
	a.usage = c.heard(openai.CountMedia(c.Op, a.usage, a.conversion.Request, hub))
	if a.destination.endpoint.Dialect != c.Dialect {
		a.status = http.StatusOK
	}
}

// readBody reads a bounded body; what it waits for is bounded by the idle timer. A body cut short is an
// error even where the status was 200.
func (g *Gateway) readBody(x *exchange) ([]byte, error) {
	defer x.resp.Body.Close()
	if x.resp.ContentLength > g.Limits.ReplyBytes {
		return nil, tooLargeReply(g.Limits.ReplyBytes)
	}
	body := make([]byte, 0, max(512, x.resp.ContentLength+1))
	for int64(len(body)) <= g.Limits.ReplyBytes {
		x.watch.enter(readingBody, x.idle)
		n, err := x.resp.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			return body, nil
		case err != nil:
			return nil, x.cut(err)
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
	return nil, tooLargeReply(g.Limits.ReplyBytes)
}

func tooLargeReply(limit int64) error {
	return ai.Errorf(ai.BadGateway, "The provider's reply is larger than %d bytes", limit)
}

// providerError makes the answer of a provider's own error.
func (g *Gateway) providerError(c *Call, a *answer, e *ai.Error) {
	e.Provider = a.destination.provider.ID
	e.Status = a.status
	if e.Type == "" {
		e.Type = errorType(a.header)
	}
	wait, told := route.ParseRetryAfter(a.header, time.Now())
	if told {
		e.RetryAfter = wait // else what the error itself says
	}
	a.fail(e)
	a.outcome.RetryAfter, a.outcome.HasRetryAfter, a.outcome.Fatal = wait, told, false
}

func notJSON(a *answer, body []byte) *ai.Error {
	return &ai.Error{Kind: ai.BadGateway, Type: "invalid_reply",
		Message: "Invalid response received from " + a.destination.provider.ID + ": " + firstOf(excerpt(body), "the body is empty")}
}

// excerpt is the first 500 characters of a text that nobody vouches for.
func excerpt(body []byte) string {
	text := strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(body[:min(len(body), 2048)]), "�"))
	if runes := []rune(text); len(runes) > 500 {
		text = string(runes[:500])
	}
	return text
}

func firstByte(b []byte) byte {
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func upstreamID(h http.Header) string {
	return firstOf(h.Get("X-Request-Id"), h.Get("Request-Id"), h.Get("Apim-Request-Id"), h.Get("X-Amzn-Requestid"))
}

// errorType is the type of an error where the provider tells it in a header, as
// Amazon does: "ThrottlingException:http://…".
func errorType(h http.Header) string {
	kind, _, _ := strings.Cut(h.Get("X-Amzn-Errortype"), ":")
	return kind
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
