package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/route"
)

// maxMessage is the largest message of a realtime session, in bytes.
const maxMessage = 16 << 20

// closeTime is how long the two sides may take to answer that a session ends
// before it is settled without the rest of what they say: less than the server
// gives its sessions when it stops.
const closeTime = time.Second

// A Session is a realtime conversation with a provider that has begun. Relay
// must be called, or Close.
type Session struct {
	rec      *record
	a        *answer
	upstream *websocket.Conn

	mu       sync.Mutex
	usage    ai.Usage
	sent     []byte // the client's events for the log, a line each
	received []byte
	lost     bool // not all are kept
}

// Realtime begins a session, or answers why there is none.
func (g *Gateway) Realtime(ctx context.Context, c *Call) (*Session, *ai.Reply) {
	rec := g.open(c)
	last, reply := g.walk(ctx, c, rec)
	switch {
	case reply != nil:
		return nil, reply
	case last.socket == nil:
		return nil, rec.release(ctx, last)
	}
	rec.routed()
	rec.sent = last
	return &Session{rec: rec, a: last, upstream: last.socket}, nil
}

// connect opens the provider's side of a session. The query's model is a member
// of the call's body, so that configs can replace it.
func (g *Gateway) connect(c *Call, a *answer, x *exchange) {
	path, rawQuery, _ := strings.Cut(c.Rest, "?")
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		a.fail(&ai.Error{Kind: ai.Invalid, Message: "The query of the URL is not valid", Err: err})
		return
	}
	if model := jsonedit.Text(jsonedit.Get(a.sent, "model")); model != "" {
		query.Set("model", model)
	}
	rest := path
	if len(query) > 0 {
		rest += "?" + query.Encode()
	}
	req, err := x.encode(a, a.call(c, rest))
	if err != nil {
		a.fail(x.explain(err))
		return
	}
	x.watch.enter(awaitingHead, x.head)
	conn, resp, err := websocket.Dial(x.ctx, req.URL.String(), &websocket.DialOptions{
		HTTPClient: g.Upgrades, HTTPHeader: req.Header, Subprotocols: []string{"realtime"},
	})
	x.watch.leave()
	switch {
	case err == nil:
		conn.SetReadLimit(maxMessage)
		a.accepted = true
		a.socket, a.status, a.header = conn, http.StatusSwitchingProtocols, resp.Header
		a.outcome = route.Outcome{Status: a.status}
	case resp != nil && isRedirect(resp.StatusCode):
		a.fail(redirected(resp.StatusCode))
	case resp != nil && resp.StatusCode >= 300:
		g.refusedUpgrade(c, a, resp)
	case resp != nil:
		a.fail(&ai.Error{Kind: ai.BadGateway, Type: "invalid_reply", Message: "The provider did not open a WebSocket", Err: err})
	default:
		a.fail(x.explain(err))
	}
}

// refusedUpgrade reads the provider's error; the library keeps its first kilobyte.
func (g *Gateway) refusedUpgrade(c *Call, a *answer, resp *http.Response) {
	body, _ := io.ReadAll(resp.Body)
	body = a.destination.maskBody(body)
	a.raw, a.status, a.header = body, resp.StatusCode, resp.Header
	g.providerError(c, a, g.Formats[a.destination.endpoint.Dialect].ParseError(resp.StatusCode, body))
}

// Header is what the answer to the client's handshake carries.
func (s *Session) Header() http.Header { return s.rec.headers(make(http.Header)) }

// Protocol is the subprotocol that the provider chose, "" if none.
func (s *Session) Protocol() string { return s.upstream.Subprotocol() }

// Relay passes messages on in both directions until one side ends, tells the
// other how, and settles the entry. It closes both.
func (s *Session) Relay(ctx context.Context, client *websocket.Conn) {
	client.SetReadLimit(maxMessage)
	ended := make(chan error, 2)
	go func() { ended <- s.pump(client, s.upstream, s.fromClient) }()
	go func() { ended <- s.pump(s.upstream, client, s.fromProvider) }()
	var end error
	select {
	case end = <-ended:
		ended <- nil // it will not say so again
	case <-ctx.Done():
		end = context.Canceled
	}
	code, reason := closing(end)
	closed := make(chan struct{})
	go func() {
		var both sync.WaitGroup
		both.Go(func() { _ = s.upstream.Close(code, reason) })
		both.Go(func() { _ = client.Close(code, reason) })
		both.Wait()
		<-ended
		<-ended
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(closeTime):
	}
	s.settle(end, code)
	<-closed
	s.a.exchange.finish()
}

// Close gives up a session that was not relayed.
func (s *Session) Close() {
	_ = s.upstream.CloseNow()
	s.settle(context.Canceled, websocket.StatusGoingAway)
	s.a.exchange.finish()
}

// pump passes messages on, as note returns them, until one of the two is closed. It has no context:
// with one that ends, the library would break off without a word.
func (s *Session) pump(from, to *websocket.Conn, note func([]byte) []byte) error {
	ctx := context.Background()
	for {
		kind, message, err := from.Read(ctx)
		if err != nil {
			return err
		}
		if err := to.Write(ctx, kind, note(message)); err != nil {
			return err
		}
	}
}

// closing is what the other side is told about an end.
func closing(err error) (websocket.StatusCode, string) {
	closed, ok := errors.AsType[websocket.CloseError](err)
	switch {
	case !ok && errors.Is(err, context.Canceled):
		return websocket.StatusGoingAway, "the gateway is shutting down"
	case !ok:
		return websocket.StatusInternalError, "the other side broke off"
	case closed.Code == websocket.StatusNoStatusRcvd:
		return websocket.StatusNormalClosure, ""
	}
	return closed.Code, closed.Reason
}

func (s *Session) fromClient(message []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = s.keep(s.sent, message)
	return message
}

// fromProvider notes a message of the provider's, and hides the key in it.
func (s *Session) fromProvider(message []byte) []byte {
	message = s.a.destination.maskBody(message)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = s.keep(s.received, message)
	switch eventType(message) {
	case "response.done":
		s.usage = s.usage.Plus(openai.ParseUsage(jsonedit.Get(message, "response", "usage")))
	case "session.created", "session.updated":
		if model := jsonedit.Text(jsonedit.Get(message, "session", "model")); model != "" {
			s.rec.entry.Model = model
		}
	}
	return message
}

func eventType(message []byte) string { return jsonedit.Text(jsonedit.Get(message, "type")) }

// keep notes an event for the log; sound is left out.
func (s *Session) keep(log, message []byte) []byte {
	kind := eventType(message)
	if !s.rec.call.KeepBodies || kind == "" || kind == "input_audio_buffer.append" || strings.HasSuffix(kind, "audio.delta") {
		return log
	}
	if len(log)+len(message) > s.rec.g.Limits.LogBytes {
		s.lost = true
		return log
	}
	return append(append(log, message...), '\n')
}

func (s *Session) settle(end error, code websocket.StatusCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.rec.entry
	e.State, e.Status, e.Usage = ledger.OK, http.StatusSwitchingProtocols, s.usage
	e.Model = firstOf(e.Model, s.a.destination.model)
	if code != websocket.StatusNormalClosure && code != websocket.StatusGoingAway {
		e.State, e.Error = ledger.Truncated, &ledger.ErrorInfo{Message: "The session ended with an error: " + end.Error(), Type: "realtime_error"}
	}
	s.rec.call.Body = s.sent
	e.Reply = s.rec.put(ledger.BodyReply, s.received)
	e.BodiesLost = e.BodiesLost || s.lost
	if err := s.rec.settle(); err != nil {
		s.rec.g.Log.Error("a realtime session could not be accounted", "request_id", e.ID, "err", err)
	}
}
