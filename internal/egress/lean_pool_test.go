package egress

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

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
		time.Sleep(2 * time.Millisecond) // the peer's closing arrives
	}
	if n := requests.Load(); n != 20 {
		t.Errorf("the server saw %d requests, want 20", n)
	}
}

func TestLeanDoesNotRepeatWhatItCannot(t *testing.T) {
	var requests atomic.Int32
	c := loopbackClient(t, Options{Lean: true})
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

// A peer that reads a POST and closes without an answer may have acted on it.
func TestLeanSendsAPostOnce(t *testing.T) {
	var requests atomic.Int32
	url := raw(t, func(c net.Conn, request string) {
		if requests.Add(1) == 1 {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			_, _ = c.Read(make([]byte, 4096))
			requests.Add(1)
		}
	})
	c := loopbackClient(t, Options{Lean: true})
	if _, _, err := send(c, post(t.Context(), url, strings.NewReader("a"))); err != nil {
		t.Fatal(err)
	}
	_, _, err := send(c, post(t.Context(), url, strings.NewReader("b")))
	if e, ok := errors.AsType[*Error](err); !ok || e.Reason != Broken || requests.Load() != 2 {
		t.Errorf("%v after %d requests, want %s after 2", err, requests.Load(), Broken)
	}
}
