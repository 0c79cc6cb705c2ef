package egress

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// server counts the connections of an httptest server, all and those open.
type server struct {
	*httptest.Server
	conns, open atomic.Int32
}

func serve(t *testing.T, h http.HandlerFunc) *server {
	t.Helper()
	s := &server{Server: httptest.NewUnstartedServer(h)}
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.conns.Add(1)
			s.open.Add(1)
		case http.StateClosed:
			s.open.Add(-1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if r.URL.Query().Has("length") {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	}
	w.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
	_, _ = w.Write(body)
}

func post(ctx context.Context, url string, body io.Reader) *http.Request {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		panic(err)
	}
	return req
}

// send sends req and returns the whole body.
func send(c *Client, req *http.Request) (*http.Response, []byte, error) {
	resp, err := c.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

func TestLeanCarriesBodiesOfEverySize(t *testing.T) {
	s := serve(t, echo)
	c := loopbackClient(t, Options{Lean: true})
	for _, size := range []int{0, 1, 1000, bufferSize - 1, bufferSize, bufferSize + 1, joinBelow, joinBelow + 1, inlineWrite, inlineWrite + 1, 1 << 20, 5 << 20} {
		data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		for name, body := range map[string]io.Reader{
			"bytes":          bytes.NewReader(data),
			"string":         strings.NewReader(string(data)),
			"reader":         io.MultiReader(bytes.NewReader(data)),
			"one at a time":  iotest.OneByteReader(bytes.NewReader(data[:min(size, 2000)])),
			"data and error": iotest.DataErrReader(bytes.NewReader(data)),
		} {
			want := data
			if name == "one at a time" {
				want = data[:min(size, 2000)]
			}
			for _, query := range []string{"", "?length"} {
				resp, got, err := send(c, post(t.Context(), s.URL+query, body))
				if err != nil {
					t.Fatalf("%s of %d: %v", name, size, err)
				}
				if query == "" && !bytes.Equal(got, want) {
					t.Errorf("%s of %d: got %d bytes", name, size, len(got))
				}
				if known := name == "bytes" || name == "string"; query == "" && known && resp.Header.Get("X-Length") != fmt.Sprint(size) {
					t.Errorf("%s of %d: announced as %s", name, size, resp.Header.Get("X-Length"))
				}
				body = bytes.NewReader(want)
			}
		}
	}
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d connections for requests one after the other, want 1", n)
	}
}

func TestLeanReusesAConnectionOnlyAfterAWholeResponse(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(make([]byte, 100<<10))
		_ = r
	})
	c := loopbackClient(t, Options{Lean: true})
	for range 3 {
		resp, err := c.Do(post(t.Context(), s.URL, nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Body.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		resp.Body.Close()
		if _, err := resp.Body.Read(make([]byte, 10)); !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("read after close: %v", err)
		}
	}
	if n := s.conns.Load(); n != 3 {
		t.Errorf("%d connections, want one for each body left unread", n)
	}
	for range 3 {
		if _, body, err := send(c, post(t.Context(), s.URL, nil)); err != nil || len(body) != 100<<10 {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
	}
	if n := s.conns.Load(); n != 4 {
		t.Errorf("%d connections, want 4", n)
	}
}

func TestLeanHonoursClose(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, r.Header.Get("Connection"), r.Close)
	})
	c := loopbackClient(t, Options{Lean: true})
	for i := range 2 {
		req := post(t.Context(), s.URL, nil)
		req.Close = true
		resp, body, err := send(c, req)
		if err != nil || !resp.Close || string(body) != "closetrue" {
			t.Fatalf("%v %q %v", resp, body, err)
		}
		if n := s.conns.Load(); int(n) != i+1 {
			t.Errorf("%d connections", n)
		}
	}
}

// flaky answers as many requests a connection as it is told, and then closes it.
func flaky(t *testing.T, perConn int, requests *atomic.Int32) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				for range perConn {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					body, _ := io.ReadAll(req.Body)
					requests.Add(1)
					fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				}
			}()
		}
	}()
	return "http://" + ln.Addr().String()
}

func TestLeanReplacesADeadConnection(t *testing.T) {
	var requests atomic.Int32
	url := flaky(t, 1, &requests)
	c := loopbackClient(t, Options{Lean: true})
	for i := range 20 {
		want := fmt.Sprint("request ", i)
		_, body, err := send(c, post(t.Context(), url, strings.NewReader(want)))
		if err != nil || string(body) != want {
			t.Fatalf("request %d: %q, %v", i, body, err)
		}
		if i%2 == 0 {
			time.Sleep(2 * time.Millisecond) // the peer's closing arrives
		}
	}
	if n := requests.Load(); n != 20 {
		t.Errorf("the server saw %d requests, want 20", n)
	}
}

func TestLeanDoesNotRepeatWhatItCannot(t *testing.T) {
	var requests atomic.Int32
	url := flaky(t, 1, &requests)
	c := loopbackClient(t, Options{Lean: true})
	if _, _, err := send(c, post(t.Context(), url, strings.NewReader("a"))); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	_, _, err := send(c, post(t.Context(), url, io.MultiReader(strings.NewReader("b")))) // cannot be had again
	if e, ok := errors.AsType[*Error](err); !ok || e.Reason != Broken {
		t.Errorf("%v, want %s", err, Broken)
	}
	fresh := raw(t, func(c net.Conn, _ string) { requests.Add(1) })
	requests.Store(0)
	if _, _, err := send(c, post(t.Context(), fresh, strings.NewReader("a"))); err == nil || requests.Load() != 1 {
		t.Errorf("a fresh connection that died: %v, %d requests, want 1", err, requests.Load())
	}
	half := raw(t, func(c net.Conn, _ string) { requests.Add(1); io.WriteString(c, "HTTP/1.1 2") })
	requests.Store(0)
	if _, _, err := send(c, post(t.Context(), half, strings.NewReader("a"))); err == nil || requests.Load() != 1 {
		t.Errorf("half a head: %v, %d requests, want 1", err, requests.Load())
	}
}

func TestLeanProbesConnectionsThatWereIdle(t *testing.T) {
	client, peer := tcpPair(t)
	if !alive(client) {
		t.Error("a quiet connection is not alive")
	}
	fmt.Fprint(peer, "x")
	waitFor(t, func() bool { return !alive(client) })
	client, peer = tcpPair(t)
	peer.Close()
	waitFor(t, func() bool { return !alive(client) })
	client.Close()
	if alive(client) {
		t.Error("a closed connection is alive")
	}
}

func tcpPair(t *testing.T) (client, peer net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if peer, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); peer.Close() })
	return client, peer
}

func TestLeanReapsIdleConnections(t *testing.T) {
	s := serve(t, echo)
	c := loopbackClient(t, Options{Lean: true, IdleTimeout: 50 * time.Millisecond, MaxIdlePerHost: 3})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, _, err := send(c, post(t.Context(), s.URL, strings.NewReader("x"))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	waitFor(t, func() bool { return s.open.Load() <= 3 })
	waitFor(t, func() bool { return s.open.Load() == 0 })
}

func TestLeanTakesAnEarlyAnswerToALargeUpload(t *testing.T) {
	for name, after := range map[string]func(net.Conn){
		"closes":        func(net.Conn) {},
		"stops reading": func(c net.Conn) { time.Sleep(300 * time.Millisecond) },
	} {
		base := raw(t, func(c net.Conn, _ string) {
			io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\ntoo much")
			_ = c.(*net.TCPConn).CloseWrite()
			after(c)
			_, _ = io.CopyN(io.Discard, c, 64<<10)
		})
		c := loopbackClient(t, Options{Lean: true})
		resp, body, err := send(c, post(t.Context(), base, bytes.NewReader(make([]byte, 20<<20))))
		if err != nil || resp.StatusCode != 413 || string(body) != "too much" {
			t.Errorf("%s: %v %q %v", name, resp, body, err)
		}
	}
}

func TestLeanReportsABadUpload(t *testing.T) {
	s := serve(t, echo)
	c := loopbackClient(t, Options{Lean: true})
	for name, test := range map[string]struct {
		body   io.Reader
		length int64
	}{
		"fails":             {io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(errors.New("boom"))), -1},
		"fails, length":     {io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(errors.New("boom"))), 10},
		"cut":               {io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(io.ErrUnexpectedEOF)), 10},
		"too short":         {strings.NewReader("abc"), 10},
		"too long":          {strings.NewReader("abcdef"), 3},
		"large, too short":  {bytes.NewReader(make([]byte, 1<<20)), 2 << 20},
		"large, then fails": {io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), iotest.ErrReader(errors.New("boom"))), 2 << 20},
	} {
		req := post(t.Context(), s.URL, test.body)
		req.ContentLength = test.length
		closed := &closeRecorder{Reader: test.body}
		req.Body = closed
		_, _, err := send(c, req)
		if e, ok := errors.AsType[*Error](err); !ok || e.Reason != BadRequest {
			t.Errorf("%s: %v, want %s", name, err, BadRequest)
		}
		if !closed.closed.Load() {
			t.Errorf("%s: the body was not closed", name)
		}
	}
}

type closeRecorder struct {
	io.Reader
	closed atomic.Bool
}

func (c *closeRecorder) Close() error { c.closed.Store(true); return nil }

func TestLeanIsCancelled(t *testing.T) {
	gone := make(chan struct{}, 10)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http watches for the client's leaving from here on
		if r.URL.Path != "/head" {
			w.WriteHeader(200)
			fmt.Fprint(w, "begun")
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
		gone <- struct{}{}
	})
	c := loopbackClient(t, Options{Lean: true})
	for _, path := range []string{"/head", "/body"} {
		for _, cause := range []error{context.Canceled, context.DeadlineExceeded, errors.New("the client left")} {
			ctx, cancel := context.WithCancelCause(t.Context())
			if errors.Is(cause, context.DeadlineExceeded) {
				var stop context.CancelFunc
				ctx, stop = context.WithTimeout(ctx, 30*time.Millisecond)
				defer stop()
			} else {
				time.AfterFunc(30*time.Millisecond, func() { cancel(cause) })
			}
			start := time.Now()
			_, body, err := send(c, post(ctx, s.URL+path, strings.NewReader("x")))
			if !errors.Is(err, cause) || path == "/body" && string(body) != "begun" {
				t.Errorf("%s: %q, %v; want %v", path, body, err, cause)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("%s: took %v", path, took)
			}
			select {
			case <-gone:
			case <-time.After(5 * time.Second):
				t.Fatalf("%s: the server was not told", path)
			}
			cancel(nil)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := send(c, post(ctx, s.URL, strings.NewReader("x")))
	if e, ok := errors.AsType[*Error](err); !ok || e.Reason != Canceled {
		t.Errorf("cancelled before: %v", err)
	}
}

func TestLeanUploadIsCancelled(t *testing.T) {
	base := raw(t, func(c net.Conn, _ string) { time.Sleep(500 * time.Millisecond) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c := loopbackClient(t, Options{Lean: true})
	start := time.Now()
	_, _, err := send(c, post(ctx, base, bytes.NewReader(make([]byte, 64<<20))))
	if e, ok := errors.AsType[*Error](err); !ok || e.Reason != Timeout || time.Since(start) > 300*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func TestLeanBodyIsClosedByAnotherGoroutine(t *testing.T) {
	gone := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	})
	resp, err := loopbackClient(t, Options{Lean: true}).Do(post(t.Context(), s.URL, nil))
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { resp.Body.Close() })
	if _, err := resp.Body.Read(make([]byte, 10)); !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("%v", err)
	}
	<-gone
}

func TestLeanStreamsWhatIsThere(t *testing.T) {
	next := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for i := range 5 {
			fmt.Fprintf(w, "data: event %d\n\n", i)
			w.(http.Flusher).Flush()
			<-next
		}
	})
	resp, err := loopbackClient(t, Options{Lean: true}).Do(post(t.Context(), s.URL, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 32<<10)
	for i := range 5 {
		n, err := resp.Body.Read(buf)
		if want := fmt.Sprintf("data: event %d\n\n", i); string(buf[:n]) != want || err != nil {
			t.Fatalf("%q, %v; want %q", buf[:n], err, want)
		}
		next <- struct{}{}
	}
	if _, err := resp.Body.Read(buf); err != io.EOF {
		t.Errorf("%v, want EOF", err)
	}
}

func TestLeanJoinsChunksThatCameTogether(t *testing.T) {
	base := raw(t, func(c net.Conn, _ string) { io.WriteString(c, chunkedHead+"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n") })
	resp, err := loopbackClient(t, Options{Lean: true}).Do(post(t.Context(), base, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 100)
	if n, err := resp.Body.Read(buf); string(buf[:n]) != "onetwo" || err != io.EOF {
		t.Errorf("%q, %v; want all in one read", buf[:n], err)
	}
}

func TestLeanDropsAConnectionWithMoreOnIt(t *testing.T) {
	var requests atomic.Int32
	base := raw(t, func(c net.Conn, _ string) {
		requests.Add(1)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
		time.Sleep(20 * time.Millisecond)
	})
	c := loopbackClient(t, Options{Lean: true})
	for range 3 {
		if _, body, err := send(c, post(t.Context(), base, strings.NewReader("x"))); err != nil || string(body) != "ok" {
			t.Errorf("%q, %v", body, err)
		}
	}
	if requests.Load() != 3 {
		t.Errorf("%d requests arrived, want 3", requests.Load())
	}
}

func TestLeanTLS(t *testing.T) {
	var resumed, conns atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conns.Add(1)
		if r.TLS.DidResume {
			resumed.Add(1)
		}
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, r.Proto, r.TLS.NegotiatedProtocol)
		_, _ = io.Copy(w, r.Body)
	}))
	s.StartTLS()
	defer s.Close()
	c := loopbackClient(t, Options{Lean: true, TLS: s.Client().Transport.(*http.Transport).TLSClientConfig})
	for _, size := range []int{0, 100, 100 << 10, 1 << 20} {
		resp, body, err := send(c, post(t.Context(), s.URL, bytes.NewReader(make([]byte, size))))
		if err != nil || !bytes.HasPrefix(body, []byte("HTTP/1.1http/1.1")) || len(body) != 16+size {
			t.Fatalf("%d: %d bytes, %v", size, len(body), err)
		}
		if resp.TLS == nil || resp.TLS.Version < tls.VersionTLS12 {
			t.Errorf("TLS state %v", resp.TLS)
		}
	}
	if conns.Load() != 4 || resumed.Load() != 3 {
		t.Errorf("%d of %d connections resumed a session, want 3 of 4", resumed.Load(), conns.Load())
	}
}

func TestLeanUnderLoad(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for part := range bytes.SplitAfterSeq(body, []byte(" ")) {
			_, _ = w.Write(part)
			if len(body)%3 == 0 {
				w.(http.Flusher).Flush()
			}
		}
	})
	c := loopbackClient(t, Options{Lean: true})
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for i := range 60 {
				want := strings.Repeat(fmt.Sprintf("%d-%d ", worker, i), 1+i*worker)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				resp, err := c.Do(post(ctx, s.URL, strings.NewReader(want)))
				if err != nil {
					t.Error(err)
					cancel()
					return
				}
				if i%7 == 3 { // leave early
					if i%2 == 0 {
						cancel()
					}
					resp.Body.Close()
					cancel()
					continue
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				cancel()
				if err != nil || string(body) != want {
					t.Errorf("worker %d, request %d: %d bytes, want %d, %v", worker, i, len(body), len(want), err)
				}
			}
		})
	}
	wg.Wait()
}
