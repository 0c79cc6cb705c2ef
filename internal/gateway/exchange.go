package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
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

	head, firstToken, idle time.Duration
	asked                  bool // head comes from the config's request_timeout
}

func (g *Gateway) newExchange(ctx context.Context, c *Call, t *route.Target) *exchange {
	asked := orDefault(c.requestTimeout(), t.RequestTimeout)
	x := &exchange{
		head: orDefault(asked, g.Limits.HeadTimeout), asked: asked > 0,
		firstToken: t.FirstTokenTimeout, idle: orDefault(t.StreamIdleTimeout, g.Limits.IdleTimeout),
	}
	x.ctx, x.cancel = context.WithCancelCause(ctx)
	return x
}

// limit cancels the exchange with err when d passes before stop is called.
func (x *exchange) limit(d time.Duration, err *ai.Error) (stop func() bool) {
	return time.AfterFunc(d, func() { x.cancel(err) }).Stop
}

// send dials the provider and waits for the response head.
func (x *exchange) send(g *Gateway, c *Call, a *answer) error {
	d := a.destination
	req, err := d.provider.Encode(x.ctx, &provider.Call{
		Op: c.Op, Model: d.model, Stream: c.Stream, Body: a.sent, Base: d.base, Key: d.key, Fields: d.fields, Header: d.header,
	})
	if err != nil {
		return err
	}
	a.attempt.URL = req.URL.Scheme + "://" + req.URL.Host + req.URL.EscapedPath()
	stop := x.limit(x.head, headTimeout(x.head, x.asked))
	x.resp, err = g.HTTP.Do(req)
	stop()
	if err != nil {
		return x.explain(err)
	}
	d.maskHeader(x.resp.Header)
	if x.resp.StatusCode >= 300 && x.resp.StatusCode < 400 {
		_ = x.resp.Body.Close()
		return ai.Errorf(ai.BadGateway, "The provider answered with a redirect (%d), which is not followed; set its base URL to where it leads", x.resp.StatusCode)
	}
	return nil
}

func headTimeout(d time.Duration, asked bool) *ai.Error {
	if asked {
		return &ai.Error{Kind: ai.Timeout, Type: "timeout_error",
			Message: "Request exceeded the timeout sent in the request: " + millis(d) + "ms"}
	}
	return &ai.Error{Kind: ai.Timeout, Type: "timeout_error", Message: "The provider did not answer within " + d.String()}
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
	case e.Reason == egress.BadRequest || e.Reason == egress.DeniedURL:
		return &ai.Error{Kind: ai.Invalid, Param: "custom_host", Message: e.Error(), Err: err}
	}
	// Refused, filtered, unresolved and denied look the same to the caller, so
	// that the gateway cannot be used to look around the network.
	return &ai.Error{Kind: ai.Unavailable, Type: connectionError, Message: "Could not connect to the provider", Err: err}
}

func isEventStream(resp *http.Response) bool {
	return strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream")
}
