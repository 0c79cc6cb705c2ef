package egress

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// oneWay is a connection on which a recorded answer is read.
type oneWay struct {
	net.Conn
	r io.Reader
}

func (c *oneWay) Read(p []byte) (int, error)      { return c.r.Read(p) }
func (c *oneWay) Write(p []byte) (int, error)     { return len(p), nil }
func (c *oneWay) Close() error                    { return nil }
func (c *oneWay) SetDeadline(time.Time) error     { return nil }
func (c *oneWay) SetReadDeadline(time.Time) error { return nil }

// readLean reads raw as our client does, from reads of any size.
func readLean(t *testing.T, r io.Reader) (*http.Response, string, error, error) {
	t.Helper()
	l := newLean(&Dialer{}, Options{}.withDefaults())
	defer l.pool.close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &leanConn{Conn: &oneWay{r: r}, lean: l}
	resp, _, err := c.do(req, nil)
	if err != nil {
		return nil, "", err, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), nil, err
}

// What our parser takes for a whole response, net/http must take for the same;
// and how the bytes are cut on their way must not matter.
func FuzzLeanResponse(f *testing.F) {
	for _, r := range responses {
		if len(r.raw) < 2000 && r.method == http.MethodGet {
			f.Add([]byte(r.raw))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		resp, body, headErr, bodyErr := readLean(t, bytes.NewReader(raw))
		_, slowBody, slowHead, slowErr := readLean(t, iotest.OneByteReader(bytes.NewReader(raw)))
		if (headErr == nil) != (slowHead == nil) || (bodyErr == nil) != (slowErr == nil) || body != slowBody {
			t.Fatalf("read at once: %q %v %v; byte by byte: %q %v %v", body, headErr, bodyErr, slowBody, slowHead, slowErr)
		}
		if headErr != nil || bodyErr != nil {
			return
		}
		want, wantBody, err := readNetHTTP(raw)
		if err != nil {
			t.Fatalf("ours reads %q, net/http fails: %v", body, err)
		}
		if want.StatusCode != resp.StatusCode || wantBody != body {
			t.Fatalf("ours %d %q, net/http %d %q", resp.StatusCode, body, want.StatusCode, wantBody)
		}
		for name := range resp.Header {
			if a, b := strings.Join(resp.Header[name], "|"), strings.Join(want.Header[name], "|"); a != b {
				t.Fatalf("header %s: ours %q, net/http %q", name, a, b)
			}
		}
	})
}

func readNetHTTP(raw []byte) (*http.Response, string, error) {
	r := bufio.NewReader(bytes.NewReader(raw))
	for {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return nil, "", err
		}
		if resp.StatusCode < 200 {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}
}
