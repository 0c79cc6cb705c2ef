package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// lean is an HTTP/1.1 client that works on the connection from the caller's own
// goroutine. http.Transport hands every request to two goroutines a connection
// and back; BenchmarkCPU measures what sparing those wake-ups is worth.
//
// It is stricter than http.Transport: a response whose framing could be read in
// two ways is an error.
type lean struct {
	dialer *Dialer
	tls    *tls.Config
	opt    Options
	pool   pool
}

func newLean(dialer *Dialer, opt Options) *lean {
	config := tlsConfig(opt.TLS)
	config.NextProtos = []string{"http/1.1"}
	l := &lean{dialer: dialer, tls: config, opt: opt}
	l.pool.maxIdle = opt.MaxIdlePerHost
	l.pool.timeout = opt.IdleTimeout
	return l
}

// speaks reports whether the request is one for this client; upgrades and
// request trailers are left to http.Transport.
func (l *lean) speaks(req *http.Request) bool {
	return len(req.Trailer) == 0 && req.Method != http.MethodConnect
}

// roundTrip sends req and reads the response's head. A pooled connection that
// turns out to be dead before a byte of the response came is replaced once, if
// the request's body can be had again.
func (l *lean) roundTrip(req *http.Request) (*http.Response, error) {
	head, err := newHead(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	c, err := l.connection(req, true)
	if err != nil {
		return nil, err
	}
	resp, stale, err := c.do(req, head)
	if !stale || !c.reused || !idempotent(req.Method) {
		return resp, err
	}
	again, ok := rewound(req)
	if !ok {
		return nil, err
	}
	if c, err = l.connection(again, false); err != nil {
		return nil, err
	}
	if resp, _, err = c.do(again, head); err == nil {
		resp.Request = req
	}
	return resp, err
}

// idempotent reports whether a request may be sent twice. A POST that went out on
// a connection the peer then closed may have been read, and paid for
// (RFC 9110 §9.2.2); whether it is tried again is the caller's decision.
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// rewound returns a copy of req whose body is at its start again.
func rewound(req *http.Request) (*http.Request, bool) {
	if req.Context().Err() != nil {
		return nil, false
	}
	if req.Body == nil || req.Body == http.NoBody {
		return req, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, false
	}
	again := *req
	again.Body = body
	return &again, true
}

// A target is what connections are pooled by.
type target struct {
	secure bool
	addr   string // host:port
}

func targetOf(req *http.Request) target {
	u := req.URL
	t := target{secure: u.Scheme == "https", addr: u.Host}
	if u.Port() == "" {
		port := "80"
		if t.secure {
			port = "443"
		}
		t.addr = net.JoinHostPort(u.Hostname(), port)
	}
	return t
}

// connection takes a connection from the pool, if it may be a used one, or
// opens one. On an error req's body is closed.
func (l *lean) connection(req *http.Request, used bool) (*leanConn, error) {
	t := targetOf(req)
	if used {
		if c := l.pool.take(t); c != nil {
			return c, nil
		}
	}
	c, err := l.dial(req.Context(), t)
	if err != nil {
		closeBody(req)
		return nil, asError(req.Context(), t.addr, err)
	}
	return &leanConn{Conn: c, lean: l, target: t}, nil
}

// dial opens a connection to the target, with TLS if it is secure.
func (l *lean) dial(ctx context.Context, t target) (net.Conn, error) {
	raw, err := l.dialer.DialContext(ctx, "tcp", t.addr)
	if err != nil || !t.secure {
		return raw, err
	}
	config := l.tls
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(t.addr)
	}
	ctx, cancel := context.WithTimeout(ctx, l.opt.TLSTimeout)
	defer cancel()
	secure := tls.Client(raw, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, dialError(TLSFailed, t.addr, err)
	}
	return secure, nil
}

// ended reports whether err is how a connection ends that the peer has closed.
func ended(err error) bool {
	if _, ours := errors.AsType[*bodyError](err); ours {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// grace is how long an answer may take after the peer has stopped reading the
// request: it may have answered early, as with 413.
const grace = time.Second
