package egress

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options tune a Client; the zero value is ready for use.
type Options struct {
	ConnectTimeout time.Duration // name and connection; 0: 10 s
	TLSTimeout     time.Duration // handshake; 0: 10 s
	IdleTimeout    time.Duration // of a pooled connection; 0: 55 s, under the 60 s that load balancers keep
	MaxIdlePerHost int           // pooled connections; 0: 1,024
	MaxHeaderBytes int64         // of a response's head, interim (1xx) heads included; 0: 256 KiB

	HTTP2 bool                                  // offer HTTP/2 to TLS hosts: cheaper for many streams, dearer for plain calls
	Proxy func(*http.Request) (*url.URL, error) // nil: none; the environment is never read. The proxy's host must be allowed
	TLS   *tls.Config                           // roots and client certificates; nil: the system's

	// Lean sends HTTP/1.1 by a client of our own at about half the CPU. Calls
	// through a proxy, over HTTP/2 or with request trailers use net/http's all the same.
	Lean bool

	Resolver Resolver                // nil: net.DefaultResolver
	Handlers map[string]http.Handler // by host: served in this process instead of being dialled
}

// A Client sends single HTTP requests. It follows no redirect, keeps no cookie,
// adds no header of its own but Host and framing, and leaves a compressed
// response as it is. It is safe for concurrent use.
type Client struct {
	handlers  map[string]http.Handler
	policy    *Policy
	proxied   bool
	transport *http.Transport
	lean      *lean // nil: transport alone
	http2     bool
}

// New makes a Client under the policy, which is not to be changed afterwards.
func New(policy *Policy, opt Options) *Client {
	opt = opt.withDefaults()
	dialer := &Dialer{Policy: policy, Resolver: opt.Resolver, Timeout: opt.ConnectTimeout}
	c := &Client{
		handlers:  opt.Handlers,
		policy:    policy,
		proxied:   opt.Proxy != nil,
		transport: newTransport(dialer, opt),
		http2:     opt.HTTP2,
	}
	if opt.Lean && opt.Proxy == nil {
		c.lean = newLean(dialer, opt)
	}
	return c
}

func (o Options) withDefaults() Options {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 10 * time.Second
	}
	if o.TLSTimeout == 0 {
		o.TLSTimeout = 10 * time.Second
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 55 * time.Second
	}
	if o.MaxIdlePerHost == 0 {
		o.MaxIdlePerHost = 1024
	}
	if o.MaxHeaderBytes == 0 {
		o.MaxHeaderBytes = 256 << 10
	}
	return o
}

func newTransport(dialer *Dialer, opt Options) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(opt.HTTP2)
	return &http.Transport{
		Proxy:                  opt.Proxy,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        tlsConfig(opt.TLS),
		TLSHandshakeTimeout:    opt.TLSTimeout,
		IdleConnTimeout:        opt.IdleTimeout,
		MaxIdleConnsPerHost:    opt.MaxIdlePerHost,
		MaxResponseHeaderBytes: opt.MaxHeaderBytes,
		DisableCompression:     true,
		Protocols:              &protocols,
		WriteBufferSize:        16 << 10,
		ReadBufferSize:         16 << 10,
	}
}

func tlsConfig(base *tls.Config) *tls.Config {
	c := &tls.Config{}
	if base != nil {
		c = base.Clone()
	}
	if c.MinVersion == 0 {
		c.MinVersion = tls.VersionTLS12
	}
	if c.ClientSessionCache == nil {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(1024)
	}
	return c
}

// Do sends req and returns the response once its head is there; the body must
// be closed. Statuses of every kind, redirects included, are responses. Errors
// are *Error. The deadline of req's context covers the head and the body.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if h, ok := c.handlers[req.URL.Host]; ok {
		return serveInProcess(h, req)
	}
	if err := c.checkRequest(req); err != nil {
		closeBody(req)
		return nil, err
	}
	if c.lean != nil && c.lean.speaks(req) && (!c.http2 || req.URL.Scheme == "http") {
		return c.lean.roundTrip(req)
	}
	resp, err := c.transport.RoundTrip(cleaned(req))
	if err != nil {
		return nil, asError(req.Context(), req.URL.Host, err)
	}
	resp.Request = req
	return resp, nil
}

// RoundTrip implements http.RoundTripper.
func (c *Client) RoundTrip(req *http.Request) (*http.Response, error) { return c.Do(req) }

// HTTP wraps the client for libraries that want an *http.Client; it hands
// redirects back instead of following them.
func (c *Client) HTTP() *http.Client {
	return &http.Client{
		Transport:     c,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// CloseIdleConnections closes the pooled connections that are not in use.
func (c *Client) CloseIdleConnections() {
	c.transport.CloseIdleConnections()
	if c.lean != nil {
		c.lean.pool.close()
	}
}

// checkRequest refuses what no dialer could judge: through a proxy the target's
// name is resolved elsewhere, so its spelling has to do.
func (c *Client) checkRequest(req *http.Request) error {
	if s := req.URL.Scheme; s != "http" && s != "https" {
		return &Error{Reason: BadRequest, Detail: "scheme " + s, message: "the URL must start with https:// or http://"}
	}
	if !c.proxied {
		return nil
	}
	_, err := c.policy.CheckURL(req.URL.Scheme + "://" + req.URL.Host + "/")
	return err
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// cleaned returns req, or a copy without the headers that belong to one
// connection. Names listed in Connection are not followed: they come from the
// client, and would let it delete a header that we add. An absent User-Agent
// stays absent.
func cleaned(req *http.Request) *http.Request {
	clean := *req
	clean.Header = make(http.Header, len(req.Header)+1)
	for name, values := range req.Header {
		if !ofConnection(name) {
			clean.Header[name] = values
		}
	}
	if _, ok := clean.Header["User-Agent"]; !ok {
		clean.Header["User-Agent"] = []string{""}
	}
	return &clean
}

// IsDenied reports whether err is the policy's refusal rather than a failing host.
func IsDenied(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && strings.HasPrefix(string(e.Reason), "denied_")
}

var _ http.RoundTripper = (*Client)(nil)
