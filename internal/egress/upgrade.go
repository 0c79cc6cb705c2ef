package egress

import "net/http"

// Upgrades is a client for requests that ask to switch protocols (WebSockets):
// the same policy and transport, with the headers of the connection left in. A
// response of 101 has a Body that is the connection.
func (c *Client) Upgrades() *http.Client {
	h := c.HTTP()
	h.Transport = upgrader{c}
	return h
}

type upgrader struct{ c *Client }

// RoundTrip implements http.RoundTripper.
func (u upgrader) RoundTrip(req *http.Request) (*http.Response, error) {
	if h, ok := u.c.handlers[req.URL.Host]; ok {
		return serveInProcess(h, req) // has no connection to switch; it will say so
	}
	if err := u.c.checkRequest(req); err != nil {
		return nil, err
	}
	resp, err := u.c.transport.RoundTrip(req)
	if err != nil {
		return nil, asError(req.Context(), req.URL.Host, err)
	}
	return resp, nil
}
