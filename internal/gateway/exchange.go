package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/eventstream"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/route"
)

// connectionError is the type of errors for calls that got no answer at all.
const connectionError = "connection_error"

// An exchange is one HTTP request to a provider, with the timers that bound it.
type exchange struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	resp   *http.Response

	began                  time.Time
	head, firstToken, idle time.Duration
	asked                  bool // head comes from the config's request_timeout

	watch watchdog
}

func (g *Gateway) newExchange(ctx context.Context, c *Call, t *route.Target) *exchange {
	asked := orDefault(c.requestTimeout(), t.RequestTimeout)
	x := &exchange{
		began: time.Now(), head: orDefault(asked, g.Limits.HeadTimeout), asked: asked > 0,
		firstToken: t.FirstTokenTimeout, idle: orDefault(t.StreamIdleTimeout, g.Limits.IdleTimeout),
	}
	x.ctx, x.cancel = context.WithCancelCause(ctx)
	x.watch.bark = x.expire
	return x
}

// finish gives up what the exchange holds.
func (x *exchange) finish() {
	x.watch.stop()
	x.cancel(nil)
}

// expire cancels the exchange because a phase took too long.
func (x *exchange) expire(p phase) {
	message := ""
	switch p {
	case awaitingJob:
		message = "The provider had not done what was asked within " + x.head.String()
		if x.asked {
			message = "Request exceeded the timeout sent in the request: " + millis(x.head) + "ms"
		}
	case readingBody:
		message = "The provider stopped in the middle of its reply"
	case awaitingToken:
		message = "The stream's first token did not come within first_token_timeout: " + millis(x.firstToken) + "ms"
	case readingStream:
		message = "The provider's stream stalled for " + x.idle.String()
	default:
		message = "The provider did not answer within " + x.head.String()
		if x.asked {
			message = "Request exceeded the timeout sent in the request: " + millis(x.head) + "ms"
		}
	}
	x.cancel(&ai.Error{Kind: ai.Timeout, Type: "timeout_error", Message: message})
}

// send dials the provider and waits for the response head.
func (x *exchange) send(g *Gateway, c *Call, a *answer) error {
	x.watch.enter(awaitingHead, x.head) // some signatures ask for a token first
	call := a.call(c, c.Rest)
	req, err := x.encode(a, call)
	if err != nil {
		return x.explain(err)
	}
	if err := x.do(g, a, req); err != nil {
		return err
	}
	return x.follow(g, a, call)
}

// follow makes the requests that follow on the first, where an operation takes
// several. The last reply is the call's; all of it has the time of one.
func (x *exchange) follow(g *Gateway, a *answer, call *provider.Call) error {
	stepper, ok := a.destination.provider.Adapter.(provider.Stepper)
	for step := 0; ok && x.resp.StatusCode < 300; step++ {
		x.watch.enter(awaitingHead, x.head-time.Since(x.began))
		req, err := stepper.Next(x.ctx, a.destination.provider, call, step, x.resp)
		if req == nil && err == nil {
			x.watch.leave()
			break
		}
		_ = x.resp.Body.Close()
		if err != nil {
			return x.explain(err)
		}
		x.resp = nil
		if err := x.do(g, a, req); err != nil {
			return err
		}
	}
	return nil
}

// do sends a request within the phase that was entered for it.
func (x *exchange) do(g *Gateway, a *answer, req *http.Request) error {
	resp, err := g.HTTP.Do(req)
	x.watch.leave()
	if err != nil {
		return x.explain(err)
	}
	x.resp = resp
	a.destination.maskHeader(resp.Header)
	err = decode(resp)
	if isRedirect(resp.StatusCode) && !(resp.StatusCode == http.StatusNotModified && a.destination.op == ai.Proxy) {
		err = redirected(resp.StatusCode)
	}
	if err != nil {
		_ = resp.Body.Close()
	}
	return err
}

// mayHaveCost reports whether a call that ended in err may have been paid for: the
// provider had it, or nobody can tell.
func (x *exchange) mayHaveCost(err error) bool {
	if x.resp != nil {
		return x.resp.StatusCode < 300
	}
	kind := ai.AsError(err).Kind
	return kind == ai.Timeout || kind == ai.BadGateway || kind == ai.Canceled
}

func isRedirect(status int) bool { return status >= 300 && status < 400 }

func redirected(status int) error {
	return ai.Errorf(ai.BadGateway, "The provider answered with a redirect (%d), which is not followed; set its base URL to where it leads", status)
}

// encode makes the HTTP request of an attempt.
func (x *exchange) encode(a *answer, call *provider.Call) (*http.Request, error) {
	req, err := a.destination.provider.Encode(x.ctx, call)
	if err == nil {
		a.attempt.URL = req.URL.Scheme + "://" + req.URL.Host + req.URL.EscapedPath()
	}
	return req, err
}

// cut is explain for a body, which an end of the connection cuts short.
func (x *exchange) cut(err error) *ai.Error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &ai.Error{Kind: ai.BadGateway, Type: "incomplete_reply", Err: err, Message: "The provider's reply was cut short"}
	}
	return x.explain(err)
}

// explain turns a transport error into what a client may be told.
func (x *exchange) explain(err error) *ai.Error {
	if e, ok := errors.AsType[*ai.Error](context.Cause(x.ctx)); ok {
		return e
	}
	if e, ok := errors.AsType[*ai.Error](err); ok {
		return e
	}
	if errors.Is(err, context.Canceled) {
		return &ai.Error{Kind: ai.Canceled, Message: "The client closed the request", Err: err}
	}
	e, _ := errors.AsType[*egress.Error](err)
	switch {
	case e == nil || e.Reason == egress.Broken:
		return &ai.Error{Kind: ai.BadGateway, Type: connectionError, Message: "The connection to the provider broke", Err: err}
	case e.Reason == egress.BadResponse:
		return &ai.Error{Kind: ai.BadGateway, Type: "invalid_reply", Message: "The provider's answer is not valid HTTP", Err: err}
	case e.Reason == egress.DeniedURL:
		return &ai.Error{Kind: ai.Invalid, Param: "custom_host", Message: e.Error(), Err: err}
	case e.Reason == egress.BadRequest:
		return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Message: e.Error(), Err: err}
	}
	// Refused, filtered, unresolved and denied look the same to the caller, so
	// that the gateway cannot be used to look around the network.
	return &ai.Error{Kind: ai.Unavailable, Type: connectionError, Message: "Could not connect to the provider", Err: err}
}

// events is the body of a response as server-sent events, nil if it is no stream
// of events. Its content type says in which framing it is. What is relayed stays
// in its framing, which the client asked for by the provider's own path.
func (g *Gateway) events(c *Call, resp *http.Response) io.Reader {
	switch kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) {
	case "text/event-stream":
		return resp.Body
	case eventstream.ContentType:
		if !c.Op.Relayed() {
			return eventstream.NewReader(resp.Body, g.Limits.EventBytes)
		}
	}
	return nil
}
