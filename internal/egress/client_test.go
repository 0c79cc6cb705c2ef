package egress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// raw serves one connection at a time with what answer writes after each
// request head, and returns the server's base URL.
func raw(t *testing.T, answer func(c net.Conn, head string)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				var head strings.Builder
				for {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					head.WriteString(line)
					if line == "\r\n" {
						answer(c, head.String())
						return
					}
				}
			}()
		}
	}()
	return "http://" + ln.Addr().String()
}

// eachClient runs test over net/http's client and over ours.
func eachClient(t *testing.T, opt Options, test func(t *testing.T, c *Client)) {
	for name, lean := range map[string]bool{"net/http": false, "lean": true} {
		t.Run(name, func(t *testing.T) {
			opt.Lean = lean
			test(t, loopbackClient(t, opt))
		})
	}
}

func loopbackClient(t *testing.T, opt Options) *Client {
	t.Helper()
	c := New(policyOf(t, "127.0.0.0/8,::1"), opt)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func get(t *testing.T, c *Client, url string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func TestClientHandsRedirectsBack(t *testing.T) {
	var hits atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer target.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		base := raw(t, func(c net.Conn, _ string) {
			fmt.Fprintf(c, "HTTP/1.1 %d X\r\nLocation: %s\r\nAlt-Svc: h2=\"%s\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status, target.URL, target.Listener.Addr())
		})
		eachClient(t, Options{}, func(t *testing.T, c *Client) {
			for name, do := range map[string]func(*http.Request) (*http.Response, error){"Do": c.Do, "HTTP": c.HTTP().Do} {
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, base, strings.NewReader("{}"))
				resp, err := do(req)
				if err != nil {
					t.Fatalf("%s %d: %v", name, status, err)
				}
				resp.Body.Close()
				if resp.StatusCode != status {
					t.Errorf("%s: status %d, want %d", name, resp.StatusCode, status)
				}
			}
		})
	}
	if hits.Load() != 0 {
		t.Errorf("%d redirects were followed", hits.Load())
	}
}

func TestClientSendsOnlyWhatItIsGiven(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	heads := make(chan string, 1)
	base := raw(t, func(c net.Conn, head string) {
		heads <- head
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nraw")
	})
	eachClient(t, Options{}, func(t *testing.T, c *Client) { sendsOnlyWhatItIsGiven(t, c, base, heads) })
}

func sendsOnlyWhatItIsGiven(t *testing.T, c *Client, base string, heads chan string) {
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/v1", nil)
	for _, name := range []string{"Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Te", "Trailer", "Upgrade", "Expect"} {
		req.Header.Set(name, "x")
	}
	req.Header["transfer-encoding"] = []string{"chunked"}
	req.Header["content-length"] = []string{"5"}
	req.Header.Set("Connection", "X-Api-Key")
	req.Header.Set("X-Api-Key", "kept")
	before := req.Header.Clone()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "raw" || resp.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("the response was decoded: %q %v", body, resp.Header)
	}
	want := "GET /v1 HTTP/1.1\r\nHost: " + strings.TrimPrefix(base, "http://") + "\r\nX-Api-Key: kept\r\n\r\n"
	if got := <-heads; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
	if len(before) != len(req.Header) {
		t.Error("the request's header was changed")
	}
}

func TestClientRefusesHeaderInjection(t *testing.T) {
	eachClient(t, Options{}, refusesHeaderInjection)
}

func refusesHeaderInjection(t *testing.T, c *Client) {
	for name, value := range map[string]string{"X-A": "a\r\nX-B: b", "X-C": "a\x00", "X D": "a", "X-E\r\n": "a", "": "a"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:1/", nil)
		req.Header[name] = []string{value}
		_, err := c.Do(req)
		if err == nil || strings.Contains(err.Error(), "X-B") {
			t.Errorf("%q: %q: got %v", name, value, err)
		}
	}
}

func TestClientErrors(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	silent := raw(t, func(net.Conn, string) { time.Sleep(300 * time.Millisecond) })
	huge := raw(t, func(c net.Conn, _ string) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 300<<10)+"\r\n\r\n")
	})
	flood := raw(t, func(c net.Conn, _ string) {
		for range 20000 {
			if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"); err != nil {
				return
			}
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	gone := raw(t, func(net.Conn, string) {})
	plain := strings.Replace(raw(t, func(c net.Conn, _ string) { io.WriteString(c, "hello") }), "http:", "https:", 1)
	tlsServer := httptest.NewTLSServer(http.NotFoundHandler())
	defer tlsServer.Close()
	tlsServer.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)

	for _, test := range []struct {
		name, url string
		timeout   time.Duration
		want      Reason
		message   string
	}{
		{"denied", "http://10.0.0.1/", time.Second, DeniedAddress, unreachable},
		{"metadata", "http://169.254.169.254/", time.Second, DeniedMetadata, unreachable},
		{"refused", "http://" + closed.Addr().String(), time.Second, ConnectFailed, unreachable},
		{"unresolved", "http://nowhere.example/", time.Second, Unresolved, unreachable},
		{"untrusted certificate", tlsServer.URL, time.Second, TLSFailed, unreachable},
		{"not TLS", plain, time.Second, "", ""},
		{"silent", silent, 50 * time.Millisecond, Timeout, "in time"},
		{"gone", gone, time.Second, Broken, "broke"},
		{"huge head", huge, 5 * time.Second, "", ""},
		{"1xx flood", flood, 5 * time.Second, "", ""},
		{"scheme", "ftp://127.0.0.1/", time.Second, BadRequest, "https://"},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachClient(t, Options{Resolver: &zone{}}, func(t *testing.T, c *Client) {
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, test.url, nil)
				resp, err := c.Do(req)
				if err == nil {
					resp.Body.Close()
					t.Fatal("no error")
				}
				e, ok := errors.AsType[*Error](err)
				if !ok {
					t.Fatalf("%T: %v, want *Error", err, err)
				}
				if test.want != "" && (e.Reason != test.want || !strings.Contains(e.Error(), test.message)) {
					t.Errorf("%s %q, want %s %q", e.Reason, e, test.want, test.message)
				}
				if strings.Contains(e.Error(), "127.0.0.1") {
					t.Errorf("the message gives the address away: %s", e)
				}
				if log := e.LogValue().String(); !strings.Contains(log, string(e.Reason)) {
					t.Errorf("the log lacks the reason: %s", log)
				}
			})
		})
	}
}

func TestClientTakesAFewInterimResponses(t *testing.T) {
	base := raw(t, func(c net.Conn, _ string) {
		io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	eachClient(t, Options{}, func(t *testing.T, c *Client) {
		if _, body, err := get(t, c, base); err != nil || body != "ok" {
			t.Errorf("%q, %v", body, err)
		}
	})
}

func TestClientThroughAProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "via proxy: %s", r.URL)
	}))
	defer proxy.Close()
	c := loopbackClient(t, Options{Proxy: http.ProxyURL(mustURL(t, proxy.URL))})
	if _, body, err := get(t, c, "http://a.example.com/v1"); err != nil || body != "via proxy: http://a.example.com/v1" {
		t.Errorf("%q, %v", body, err)
	}
	if _, _, err := get(t, c, "http://169.254.169.254/"); !IsDenied(err) {
		t.Errorf("a proxied call to a metadata service: %v", err)
	}
}

func TestClientSpeaksHTTP2WhenAsked(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	roots := srv.Client().Transport.(*http.Transport).TLSClientConfig
	for http2, want := range map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"} {
		c := loopbackClient(t, Options{HTTP2: http2, TLS: roots})
		if _, body, err := get(t, c, srv.URL); err != nil || body != want {
			t.Errorf("HTTP2 %v: %q, %v; want %q", http2, body, err, want)
		}
	}
}
