package gateway

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/internal/ledger"
)

// release turns the last answer into the client's reply.
func (r *record) release(ctx context.Context, a *answer) *ai.Reply {
	r.routed()
	r.sent = a
	if a.err != nil {
		return r.failed(a)
	}
	if a.rawBody != nil {
		return r.releaseRaw(ctx, a)
	}
	header := replyHeaders(a.header)
	if a.stream != nil {
		header["Content-Type"] = []string{"text/event-stream; charset=utf-8"}
		header["Cache-Control"] = []string{"no-cache"}
		r.entry.Status = a.status
		return &ai.Reply{Status: a.status, Header: r.headers(header), Stream: &tap{
			ctx: ctx, rec: r, a: a, src: r.g.clientStream(r.call, a), max: r.g.Limits.LogBytes}}
	}
	header["Content-Type"] = []string{firstOf(a.conversion.ReplyType, "application/json")}
	r.entry.State, r.entry.Status = ledger.OK, a.status
	r.entry.Usage, r.entry.Model = a.usage, firstOf(a.model, a.destination.model)
	if !a.usage.Known && estimated(r.call.Op) {
		r.entry.Usage = estimate(a.usage, a.sent, outputBytes(r.call.Op, a.raw))
	}
	r.keepReply(a)
	if err := r.settle(); err != nil {
		return r.errorReply(err, nil)
	}
	return &ai.Reply{Status: a.status, Header: r.headers(header), Body: a.body, Usage: a.usage}
}

// keepReply keeps a whole reply for the log. Vectors are not kept: they are the
// bulk of all bytes and nobody reads them (Portkey's log leaves them out too).
func (r *record) keepReply(a *answer) {
	if r.call.Op == ai.Embed {
		return
	}
	r.entry.Reply = r.put(ledger.BodyReply, a.body)
	if a.destination.endpoint.Dialect != r.call.Dialect {
		r.entry.UpstreamRaw = r.put(ledger.BodyUpstreamRaw, a.raw)
	}
}

// clientStream composes what a stream passes through on its way to the client.
func (g *Gateway) clientStream(c *Call, a *answer) ai.Stream {
	var s ai.Stream = a.stream
	if words := a.finishWords(c.Dialect); words != nil {
		s = openai.RenameFinishStream(s, words)
	}
	s = g.pair(c.Dialect, a.destination.endpoint.Dialect).Stream(a.conversion, s)
	if c.Dialect == ai.OpenAI && !c.WantsUsage && !c.Op.Relayed() {
		s = openai.HideUsage(s)
	}
	return s
}

// failed answers with the error of the last attempt.
func (r *record) failed(a *answer) *ai.Reply {
	if a.err.Kind == ai.Canceled {
		return r.gone(a)
	}
	r.entry.State = ledger.Failed
	if a.outcome.Fatal {
		r.entry.State = ledger.Refused
	}
	if a.usage.Known { // a reply that could not be made the client's was paid for all the same
		r.entry.Usage, r.entry.Model = a.usage, firstOf(a.model, a.destination.model)
	}
	if r.call.Op == ai.Proxy && a.raw != nil {
		return r.answerRaw(a)
	}
	return r.answerError(a.err, replyHeaders(a.header))
}

// answerRaw answers with the provider's own error, as it came.
func (r *record) answerRaw(a *answer) *ai.Reply {
	r.entry.Status, r.entry.Error = a.status, errorInfo(a.err)
	r.entry.Reply = r.put(ledger.BodyReply, a.raw)
	if err := r.settle(); err != nil {
		return r.errorReply(err, nil)
	}
	return &ai.Reply{Status: a.status, Header: r.headers(replyHeaders(a.header)), Body: a.raw}
}

// refuse answers a call that no provider was asked about.
func (r *record) refuse(err error) *ai.Reply {
	r.entry.State = ledger.Refused
	r.entry.CostKnown = true // nothing was spent
	return r.answerError(ai.AsError(err), nil)
}

// gone records a client that left before there was a reply; the reply is never
// read. What a provider had taken may have cost. The last attempt may be nil.
func (r *record) gone(last *answer) *ai.Reply {
	r.routed()
	r.sent = last
	r.entry.CostKnown = last == nil // nobody was called
	r.entry.State, r.entry.Status = ledger.ClientGone, 499
	_ = r.settle()
	return &ai.Reply{Status: 499, Header: r.headers(make(http.Header))}
}

func (r *record) answerError(e *ai.Error, header http.Header) *ai.Reply {
	if e.Kind == ai.Internal {
		r.g.Log.Error("request failed", "request_id", r.entry.ID, "err", e)
	}
	r.entry.Status, r.entry.Error = e.HTTPStatus(), errorInfo(e)
	reply := r.errorReply(e, header)
	r.entry.Reply = r.put(ledger.BodyReply, reply.Body)
	if err := r.settle(); err != nil {
		return r.errorReply(err, nil)
	}
	return reply
}

func (r *record) errorReply(err error, header http.Header) *ai.Reply {
	e := ai.AsError(err)
	if header == nil {
		header = make(http.Header)
	}
	header["Content-Type"] = []string{"application/json"}
	if e.RetryAfter > 0 && header.Get("Retry-After") == "" {
		header.Set("Retry-After", strconv.Itoa(max(1, int(e.RetryAfter.Seconds()))))
	}
	return &ai.Reply{Status: e.HTTPStatus(), Header: r.headers(header), Body: r.g.Formats[r.call.Dialect].ErrorBody(e)}
}

// routed notes how routing went.
func (r *record) routed() {
	if r.plan == nil {
		return
	}
	r.entry.Mode, r.entry.Retries, r.entry.Fallback = r.plan.Mode(), r.plan.Retries(), r.plan.FellBack()
	for _, d := range r.plan.Decisions() {
		r.entry.Decisions = append(r.entry.Decisions, ledger.Decision{Path: d.Path, Mode: d.Mode, Chosen: d.Chosen, Reason: d.Reason})
	}
}

// settleStream closes the entry of a stream that has ended one way or another.
func (r *record) settleStream(t *tap, state ledger.State, e *ai.Error) error {
	w := t.a.stream.watch
	r.entry.State = state
	if !r.call.Op.Free() {
		r.entry.Usage = w.Usage()
	}
	switch {
	case r.call.Op.Relayed():
		r.entry.Usage = r.call.heard(openai.CountMedia(r.call.Op, r.entry.Usage, t.a.conversion.Request, nil))
	case !r.entry.Usage.Known || state != ledger.OK && !w.Finished():
		r.entry.Usage = estimate(r.entry.Usage, t.a.sent, w.OutputBytes())
	}
	r.entry.Model = firstOf(w.Model(), t.a.destination.model)
	if state == ledger.ClientGone {
		r.entry.Status = 499
	}
	if e != nil {
		r.entry.Error = errorInfo(e)
	}
	r.entry.Reply = r.put(ledger.BodyReply, t.takeKept())
	r.entry.BodiesLost = r.entry.BodiesLost || t.truncated
	return r.settle()
}

// settle completes the entry and appends it to the journal. It runs whether or
// not the client is still there.
func (r *record) settle() error {
	e := r.entry
	if a := r.sent; a != nil {
		e.LastStep, e.URL = a.attempt.Step, a.attempt.URL
		e.Receipts = slices.Concat(r.call.Receipts, a.conversion.Receipts)
		if d := a.destination; d != nil {
			e.Provider, e.Virtual = d.provider.ID, d.virtual
			if len(a.sent) > 0 && !sameBytes(a.sent, r.call.Body) {
				e.Upstream = r.put(ledger.BodyUpstream, a.sent)
			}
			e.PriceModel = d.priceModel
			r.price(a)
		} else {
			e.CostKnown = true // nobody was called
		}
	}
	e.Request = r.put(ledger.BodyRequest, r.call.Body)
	e.TotalMicros = microsSince(r.call.Started)
	return r.g.Journal.Settle(e)
}

func sameBytes(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// headers adds the gateway's own response headers.
func (r *record) headers(h http.Header) http.Header {
	e := r.entry
	values := make([]string, 0, 6) // one array behind all of them
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	set("X-Portkey-Trace-Id", e.TraceID)
	set("X-Portkey-Request-Id", e.ID)
	if r.plan != nil {
		set("X-Portkey-Retry-Attempt-Count", strconv.Itoa(r.plan.Retries()))
		set("X-Portkey-Cache-Status", e.Cache)
	}
	if a := r.sent; a != nil {
		set("X-Portkey-Last-Used-Option-Index", a.attempt.Step)
		if a.destination != nil {
			set("X-Portkey-Provider", a.destination.provider.ID)
		}
	}
	return h
}
