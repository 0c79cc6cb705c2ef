package egress

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func inProcess(h http.HandlerFunc) *Client {
	return New(&Policy{}, Options{Handlers: map[string]http.Handler{"mock.internal": h}})
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestHandlerStreams(t *testing.T) {
	next := make(chan struct{})
	c := inProcess(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Echo", r.Method+" "+r.URL.Path+" "+r.Host+" "+string(body))
		w.WriteHeader(201)
		w.Header().Set("X-Late", "1")
		for range 3 {
			io.WriteString(w, "event")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-next
		}
	})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://mock.internal/v1", strings.NewReader("hi"))
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("X-Echo"); resp.StatusCode != 201 || got != "POST /v1 mock.internal hi" || resp.Header.Get("X-Late") != "" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	buf := make([]byte, 5)
	for range 3 { // each event can be read before the next is written
		if _, err := io.ReadFull(resp.Body, buf); err != nil || string(buf) != "event" {
			t.Fatalf("%q, %v", buf, err)
		}
		next <- struct{}{}
	}
	if _, err := resp.Body.Read(buf); err != io.EOF {
		t.Errorf("after the last event: %v, want EOF", err)
	}
}

func TestHandlerIsCancelled(t *testing.T) {
	stopped := make(chan struct{})
	c := inProcess(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		<-r.Context().Done()
		if _, err := io.WriteString(w, "x"); err == nil {
			t.Error("a write after the reader left succeeded")
		}
		close(stopped)
	})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://mock.internal/", nil)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	select {
	case <-stopped:
	case <-time.After(5 * time.Second):
		t.Fatal("closing the body did not stop the handler")
	}
	if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("read after close: %v", err)
	}
}

func TestHandlerTimeouts(t *testing.T) {
	head := make(chan bool, 1)
	c := inProcess(func(w http.ResponseWriter, r *http.Request) {
		if <-head {
			io.WriteString(w, "begun")
		}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://mock.internal/", nil)
	head <- false
	_, err := c.Do(req)
	if e, ok := errors.AsType[*Error](err); !ok || e.Reason != Timeout {
		t.Errorf("before the head: %v, want %s", err, Timeout)
	}
	ctx, cancel = context.WithCancel(t.Context())
	head <- true
	resp, err := c.Do(req.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	time.AfterFunc(20*time.Millisecond, cancel)
	if body, err := io.ReadAll(resp.Body); string(body) != "begun" || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v; want the context's error", body, err)
	}
}

func TestHandlerThatBreaks(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		head    bool
	}{
		"panics before the head": {func(http.ResponseWriter, *http.Request) { panic("boom") }, false},
		"aborts mid-body": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}, true},
		"writes less than declared": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			io.WriteString(w, "half")
		}, true},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://mock.internal/", nil)
		resp, err := inProcess(test.handler).Do(req)
		if (err == nil) != test.head {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %q, %v; want a cut", name, body, err)
		}
	}
}

func TestHandlerPlainReply(t *testing.T) {
	c := inProcess(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			w.Header().Set("Content-Length", "2")
			if _, err := io.WriteString(w, "long"); err == nil {
				t.Error("wrote more than declared")
			}
			io.WriteString(w, "ok")
		}
	})
	if resp, body, err := get(t, c, "http://mock.internal/long"); err != nil || body != "ok" || resp.ContentLength != 2 {
		t.Errorf("%q, %v", body, err)
	}
	if resp, body, err := get(t, c, "http://mock.internal/"); err != nil || body != "" || resp.StatusCode != 200 {
		t.Errorf("%q, %v", body, err)
	}
}
