package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/route"
)

// neverForwarded are request headers that no forward_headers list can pass on:
// they belong to one connection, to the gateway, or would open a cloud's
// metadata service.
var neverForwarded = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true, "Host": true, "Content-Length": true, "Content-Encoding": true, "Content-Type": true,
	"Expect": true, "Accept-Encoding": true, "Cookie": true, "Metadata-Flavor": true, "Metadata": true, "X-Aws-Ec2-Metadata-Token": true,
}

const forwardHeaders = "X-Portkey-Forward-Headers"

// checkHeaders refuses gateway headers that ask for what may not be.
func (g *Gateway) checkHeaders(c *Call) error {
	if host := c.header("X-Portkey-Custom-Host"); host != "" && g.CheckHost != nil {
		if err := g.CheckHost(host); err != nil {
			return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "custom_host", Code: "invalid_custom_host",
				Message: "Invalid custom host: x-portkey-custom-host must be a base URL that may be called: " + err.Error()}
		}
	}
	for name := range strings.SplitSeq(c.header(forwardHeaders), ",") {
		if strings.EqualFold(strings.TrimSpace(name), forwardHeaders) {
			return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "forward_headers",
				Message: "forward_headers must not contain the 'x-portkey-forward-headers' header"}
		}
	}
	return nil
}

// requestTimeout is the caller's own, in milliseconds, which beats the config's;
// 0 if there is none or it is no number.
func (c *Call) requestTimeout() time.Duration {
	value := c.header("X-Portkey-Request-Timeout")
	if value == "" {
		return 0
	}
	ms, err := strconv.ParseInt(value, 10, 64)
	if err != nil || ms <= 0 || ms > maxRequestTimeout.Milliseconds() {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// maxRequestTimeout is as long as a config may set it.
const maxRequestTimeout = 24 * time.Hour

// carriesKey reports whether a header repeats the caller's Portico key.
func (c *Call) carriesKey(values []string) bool {
	own := bare(c.Headers.Get(c.Carrier))
	return own != "" && slices.ContainsFunc(values, func(v string) bool { return bare(v) == own })
}

// bare is a credential without its scheme.
func bare(v string) string {
	if len(v) > 7 && strings.EqualFold(v[:7], "bearer ") {
		v = v[7:]
	}
	return strings.TrimSpace(v)
}

// forwarded builds the headers of an attempt: a stored credential's own custom
// headers and those that the request or its config asks to forward.
func forwarded(c *Call, t *route.Target, stored *directory.Integration) http.Header {
	names := t.ForwardHeaders
	if list := c.header(forwardHeaders); list != "" {
		names = strings.Split(list, ",")
	}
	if c.Op == ai.Proxy {
		names = clientHeaders(c.Headers)
	}
	out := make(http.Header, len(names)+2)
	out["User-Agent"] = []string{"portico"}
	for _, name := range names {
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		if !mayForward(name) || name == c.Carrier {
			continue
		}
		if v, ok := c.Headers[name]; ok && !c.carriesKey(v) {
			out[name] = v
		}
	}
	if stored != nil {
		for name, value := range stored.CustomHeaders {
			if name = http.CanonicalHeaderKey(name); mayForward(name) {
				out[name] = []string{value}
			}
		}
	}
	return out
}

// clientHeaders are the names of the headers that a proxied call passes on: all
// but credentials, which are the provider's own, what others wrote on the way, and
// what the client says is of its connection.
func clientHeaders(h http.Header) []string {
	var names []string
	ofConnection := strings.Split(h.Get("Connection"), ",")
	for name := range h {
		if slices.ContainsFunc(ofConnection, func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), name) }) {
			continue
		}
		switch name {
		case "Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key", "Forwarded", "Via", "X-Real-Ip":
		default:
			if !strings.HasPrefix(name, "X-Forwarded-") {
				names = append(names, name)
			}
		}
	}
	return names
}

func mayForward(canonical string) bool {
	return !neverForwarded[canonical] && !strings.HasPrefix(canonical, "X-Portkey-")
}

// replyHeaders leaves in h what a provider's reply may tell the client, and
// returns it. A provider cannot set cookies, redirect, open cross-origin access
// or speak for the gateway.
func replyHeaders(h http.Header) http.Header {
	for name := range h {
		if droppedReplyHeader(name) {
			delete(h, name)
		}
	}
	if h == nil {
		h = make(http.Header, 8)
	}
	return h
}

func droppedReplyHeader(name string) bool {
	switch name {
	case "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection", "Keep-Alive", "Trailer", "Upgrade", "Te",
		"Proxy-Authenticate", "Proxy-Authorization", "Set-Cookie", "Location", "Alt-Svc", "Strict-Transport-Security",
		"Www-Authenticate", "Date", "Server", "Vary", "Link", "Refresh", "Clear-Site-Data", "Content-Disposition", "Content-Location",
		"X-Frame-Options", "Permissions-Policy", "Referrer-Policy", "Service-Worker-Allowed", "Sourcemap", "X-Sourcemap",
		"Nel", "Report-To", "Reporting-Endpoints", "Timing-Allow-Origin":
		return true
	}
	for _, prefix := range []string{"X-Portkey-", "Access-Control-", "Content-Security-", "Cross-Origin-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
