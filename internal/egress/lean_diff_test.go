package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An outcome is all a caller sees of a response.
type outcome struct {
	Failed  bool // no response
	Status  string
	Header  http.Header
	Trailer http.Header
	Length  int64
	Body    string
	Cut     bool // the body ended in an error
}

func outcomeOf(t *testing.T, c *Client, method, url string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		if _, ok := errors.AsType[*Error](err); !ok {
			t.Errorf("%T: %v; want *Error", err, err)
		}
		return outcome{Failed: true}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return outcome{
		Status: resp.Status, Header: resp.Header, Trailer: resp.Trailer,
		Length: resp.ContentLength, Body: string(body), Cut: err != nil,
	}
}

const (
	same     = "same"     // both clients see the same
	stricter = "stricter" // ours fails or cuts where net/http goes on
)

// responses are raw answers, each followed by the closing of the connection.
var responses = []struct{ name, method, raw, want string }{
	{"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", same},
	{"empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", same},
	{"length and more", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n", same},
	{"length cut", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", same},
	{"length cut at once", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", same},
	{"length twice the same", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", same},
	{"length twice", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", same},
	{"length list", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", same},
	{"length negative", "GET", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello", same},
	{"length with sign", "GET", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", same},
	{"length not a number", "GET", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello", same},
	{"length hex", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello", same},
	{"length overflows", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello", same},
	{"length empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello", same},
	{"length padded", "GET", "HTTP/1.1 200 OK\r\nContent-Length: \t 5 \t\r\n\r\nhello", same},
	{"close-delimited", "GET", "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nhello", same},
	{"close-delimited empty", "GET", "HTTP/1.1 200 OK\r\n\r\n", same},
	{"no content", "POST", "HTTP/1.1 204 No Content\r\n\r\n", same},
	{"not modified", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", same},
	{"head", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", same},
	{"head chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", same},
	{"one dot zero", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", same},
	{"one dot zero close", "GET", "HTTP/1.0 200 OK\r\n\r\nhello", same},
	{"redirect", "GET", "HTTP/1.1 307 Temporary Redirect\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", same},
	{"no reason", "GET", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", same},
	{"no reason, space", "GET", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", same},
	{"odd status", "GET", "HTTP/1.1 599 Whatever It Is\r\nContent-Length: 2\r\n\r\nok", same},
	{"529", "POST", "HTTP/1.1 529 Overloaded\r\nContent-Length: 2\r\n\r\nno", same},
	{"status 099", "GET", "HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n", stricter},
	{"status of two digits", "GET", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok", same},
	{"status of four digits", "GET", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", same},
	{"status not a number", "GET", "HTTP/1.1 abc OK\r\n\r\n", same},
	{"status negative", "GET", "HTTP/1.1 -20 OK\r\n\r\n", same},
	{"no version", "GET", "200 OK\r\n\r\n", same},
	{"HTTP/2 in text", "GET", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", stricter},
	{"HTTP/0.9", "GET", "hello", same},
	{"lower case version", "GET", "http/1.1 200 OK\r\n\r\n", same},
	{"greeting of another protocol", "GET", "220 smtp.example.com ESMTP\r\n", same},
	{"SSH", "GET", "SSH-2.0-OpenSSH_9.9\r\n", same},
	{"nothing", "GET", "", same},
	{"half a head", "GET", "HTTP/1.1 200 OK\r\nContent-Le", same},
	{"leading empty line", "GET", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", same},
	{"two spaces", "GET", "HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", stricter},

	{"bare LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", same},
	{"repeated header", "GET", "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-A: 3\r\nContent-Length: 0\r\n\r\n", same},
	{"odd case", "GET", "HTTP/1.1 200 OK\r\ncOnTent-tYpe: a/b\r\nX-REQUEST-ID: 7\r\nContent-Length: 0\r\n\r\n", same},
	{"empty value", "GET", "HTTP/1.1 200 OK\r\nX-A:\r\nContent-Length: 0\r\n\r\n", same},
	{"colon in value", "GET", "HTTP/1.1 200 OK\r\nX-A: a:b: c\r\nContent-Length: 0\r\n\r\n", same},
	{"UTF-8 in value", "GET", "HTTP/1.1 200 OK\r\nX-A: grün\r\nContent-Length: 0\r\n\r\n", same},
	{"no colon", "GET", "HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 0\r\n\r\n", same},
	{"no name", "GET", "HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n", same},
	{"space before colon", "GET", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", stricter},
	{"space in name", "GET", "HTTP/1.1 200 OK\r\nX A: 5\r\nContent-Length: 0\r\n\r\n", stricter},
	{"folded", "GET", "HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 0\r\n\r\n", stricter},
	{"folded at once", "GET", "HTTP/1.1 200 OK\r\n X-A: a\r\nContent-Length: 0\r\n\r\n", same},
	{"NUL in value", "GET", "HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 0\r\n\r\n", same},
	{"CR in value", "GET", "HTTP/1.1 200 OK\r\nX-A: a\rb\r\nContent-Length: 0\r\n\r\n", same},
	{"escape in value", "GET", "HTTP/1.1 200 OK\r\nX-A: \x1b[31m\r\nContent-Length: 0\r\n\r\n", same},
	{"giant header", "GET", "HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("x", 300<<10) + "\r\nContent-Length: 0\r\n\r\n", same},
	{"large header", "GET", "HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("x", 100<<10) + "\r\nContent-Length: 2\r\n\r\nok", same},
	{"many headers", "GET", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: x\r\n", 1000) + "Content-Length: 2\r\n\r\nok", same},

	{"interim", "GET", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", same},
	{"continue unasked", "POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", same},
	{"only interim", "GET", "HTTP/1.1 103 Early Hints\r\n\r\n", same},
	{"interim flood", "GET", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n", 10000) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", same},
	{"interim, a hundred", "GET", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 100) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", stricter},
	{"switching unasked", "GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", stricter},

	{"chunked", "GET", chunkedHead + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", same},
	{"chunked upper-case size", "GET", chunkedHead + "A\r\n0123456789\r\n0\r\n\r\n", same},
	{"chunked leading zeros", "GET", chunkedHead + "0005\r\nhello\r\n000\r\n\r\n", same},
	{"chunked extension", "GET", chunkedHead + "5;a=b\r\nhello\r\n0;c\r\n\r\n", same},
	{"chunked space after size", "GET", chunkedHead + "5 \r\nhello\r\n0\r\n\r\n", same},
	{"chunked empty", "GET", chunkedHead + "0\r\n\r\n", same},
	{"chunked trailer", "GET", "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n", same},
	{"chunked mixed case", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", same},
	{"chunked cut in data", "GET", chunkedHead + "5\r\nhel", same},
	{"chunked cut after data", "GET", chunkedHead + "5\r\nhello", same},
	{"chunked cut after chunk", "GET", chunkedHead + "5\r\nhello\r\n", same},
	{"chunked cut in size", "GET", chunkedHead + "5\r\nhello\r\n1", same},
	{"chunked cut in last", "GET", chunkedHead + "5\r\nhello\r\n0\r\n", same},
	{"chunked nothing", "GET", chunkedHead, same},
	{"chunked bad size", "GET", chunkedHead + "x\r\nhello\r\n0\r\n\r\n", same},
	{"chunked no size", "GET", chunkedHead + "\r\nhello\r\n0\r\n\r\n", same},
	{"chunked negative size", "GET", chunkedHead + "-5\r\nhello\r\n0\r\n\r\n", same},
	{"chunked hex prefix", "GET", chunkedHead + "0x5\r\nhello\r\n0\r\n\r\n", same},
	{"chunked size overflows", "GET", chunkedHead + "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n", same},
	{"chunked size too short", "GET", chunkedHead + "3\r\nhello\r\n0\r\n\r\n", same},
	{"chunked size too long", "GET", chunkedHead + "7\r\nhello\r\n0\r\n\r\n", same},
	{"chunked bare LF after size", "GET", chunkedHead + "5\nhello\r\n0\r\n\r\n", same},
	{"chunked bare LF after data", "GET", chunkedHead + "5\r\nhello\n0\r\n\r\n", same},
	{"chunked CR in extension", "GET", chunkedHead + "5;a\rb\r\nhello\r\n0\r\n\r\n", same},
	{"chunked long extension", "GET", chunkedHead + "5;" + strings.Repeat("x", 5000) + "\r\nhello\r\n0\r\n\r\n", same},
	{"chunked space before size", "GET", chunkedHead + " 5\r\nhello\r\n0\r\n\r\n", same},
	{"chunked and length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", stricter},
	{"chunked twice", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", same},
	{"chunked list", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", same},
	{"encoding identity", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello", same},
	{"encoding xchunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nhello", same},
	{"encoding vertical tab", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", same},
	{"one dot zero chunked", "GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", stricter},
}

const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

func TestLeanAgreesWithNetHTTP(t *testing.T) {
	if len(responses) < 60 {
		t.Fatalf("only %d responses", len(responses))
	}
	theirs, ours := loopbackClient(t, Options{}), loopbackClient(t, Options{Lean: true})
	for _, test := range responses {
		t.Run(test.name, func(t *testing.T) {
			for _, piecemeal := range []bool{false, true} {
				base := raw(t, func(c net.Conn, _ string) { writeIn(c, test.raw, piecemeal) })
				want := outcomeOf(t, theirs, test.method, base)
				got := outcomeOf(t, ours, test.method, base)
				diff := cmp.Diff(want, got)
				switch {
				case test.want == same && diff != "":
					t.Errorf("piecemeal %v: %s", piecemeal, diff)
				case test.want == stricter && !got.Failed && !got.Cut:
					t.Errorf("piecemeal %v: accepted: %+v", piecemeal, got)
				case test.want == stricter && diff == "":
					t.Errorf("piecemeal %v: marked as stricter, but net/http sees the same", piecemeal)
				}
			}
		})
	}
}

// writeIn sends raw at once, or in small pieces if it is short.
func writeIn(c net.Conn, raw string, piecemeal bool) {
	if !piecemeal || len(raw) > 1000 {
		_, _ = io.WriteString(c, raw)
		return
	}
	for len(raw) > 0 {
		n := min(3, len(raw))
		if _, err := io.WriteString(c, raw[:n]); err != nil {
			return
		}
		raw = raw[n:]
		time.Sleep(50 * time.Microsecond)
	}
}
