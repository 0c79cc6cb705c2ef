package app

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestPanicsAreAnsweredOrBreakTheConnection(t *testing.T) {
	var logged bytes.Buffer
	a := &App{log: slog.New(slog.NewTextHandler(&logged, nil))}
	srv := httptest.NewServer(a.recovered(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
		}
		panic("boom")
	})))
	closed := sync.OnceFunc(srv.Close)
	defer closed()
	resp, err := http.Get(srv.URL + "/early")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != 500 || !strings.Contains(string(body), "Something went wrong") || strings.Contains(string(body), "boom") {
		t.Errorf("status %d: %s", resp.StatusCode, body)
	}
	if resp, err = http.Get(srv.URL + "/late"); err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err == nil {
		t.Error("a reply that a panic cut looks complete")
	}
	closed() // waits for the handlers, which write the log
	if n := strings.Count(logged.String(), "boom"); n != 2 {
		t.Errorf("%d panics logged, want 2: %s", n, logged.String())
	}
}
