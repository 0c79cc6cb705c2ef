// Package upstream is a stand-in for providers in tests: a server that replays
// recorded or hand-written exchanges, journals what it is sent, and fails in
// every way a provider can, as a test scripts it.
//
// A provider is a path prefix: requests below /openai/ are openai's, and so on
// (see Providers). What is not scripted is answered from the cases in testdata,
// chosen by endpoint and by whether a stream was asked for. Tests in Go use New
// and its methods; anything else starts cmd/upstream and scripts it over HTTP
// (see the README).
package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Providers are the path prefixes that a Server answers below.
var Providers = []string{"openai", "anthropic", "azure-openai", "anyscale", "ollama", "bedrock", "sagemaker"}

// CaseHeader names the case to replay, for clients that can send it through.
const CaseHeader = "X-Upstream-Case"

// Options tune a Server; the zero value is ready for use.
type Options struct {
	Listen   string // address; "": a free port of 127.0.0.1
	Corpus   string // folder of recorded exchanges; "": PORTICO_CORPUS, or ../shared/fixtures beside the repository
	Recorded bool   // answer from the corpus where no case is named, not from testdata
}

// A Server is a running upstream. It is safe for concurrent use.
type Server struct {
	URL string // "http://127.0.0.1:PORT"

	cases    *library
	recorded bool
	script   script
	journal  journal
	http     *http.Server
	served   chan error
	accepted atomic.Int64
	open     atomic.Int64
}

// New starts a Server that ends with the test.
func New(t testing.TB, opt Options) *Server {
	t.Helper()
	s, err := Start(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("upstream: %v", err)
		}
	})
	return s
}

// Start starts a Server; Close ends it.
func Start(opt Options) (*Server, error) {
	cases, err := openLibrary(opt.Corpus)
	if err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	if opt.Recorded && !cases.hasCorpus() {
		return nil, errors.New("upstream: Recorded is set, but there is no corpus; set PORTICO_CORPUS")
	}
	listen := opt.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("upstream: %w", err)
	}
	s := &Server{URL: "http://" + ln.Addr().String(), cases: cases, recorded: opt.Recorded, served: make(chan error, 1)}
	s.http = &http.Server{Handler: s, ConnState: s.countConn, ReadHeaderTimeout: time.Minute}
	go func() { s.served <- s.http.Serve(ln) }()
	return s, nil
}

// Close stops the server and breaks what is in flight.
func (s *Server) Close() error {
	err := s.http.Close()
	if serveErr := <-s.served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

// Base returns the base URL to give a gateway for the provider.
func (s *Server) Base(provider string) string {
	switch provider {
	case "azure-openai":
		return s.URL + "/azure-openai/openai"
	case "ollama", "bedrock", "sagemaker":
		return s.URL + "/" + provider
	case "google":
		return s.URL + "/google/v1beta"
	case "vertex-ai":
		return s.URL + "/vertex-ai"
	}
	return s.URL + "/" + provider + "/v1"
}

func (s *Server) countConn(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.accepted.Add(1)
		s.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.open.Add(-1)
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if strings.HasPrefix(first, "__") && first != "__canary" {
		s.control(w, r, first)
		return
	}
	body, err := io.ReadAll(r.Body)
	entry := s.journal.begin(first, r, body, err)
	defer s.journal.end(entry, r.Context())
	if first == "__canary" {
		return
	}
	step := s.script.take(first)
	if err := s.answer(w, r, first, "/"+rest, body, step, entry); err != nil {
		http.Error(w, "upstream: "+err.Error(), http.StatusNotImplemented)
	}
}

// answer finds the reply for a request and sends it the way the step says.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, provider, path string, body []byte, step Step, entry *Request) error {
	if step.Hang {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	if !wait(r.Context(), time.Duration(step.DelayMS)*time.Millisecond) {
		panic(http.ErrAbortHandler)
	}
	rep, err := s.reply(r, provider, path, body, step)
	if err != nil {
		return err
	}
	s.journal.answered(entry, rep.name, rep.status)
	if step.onWire() {
		sendRaw(w, r, rep, step)
		return nil
	}
	send(w, r, rep, step)
	return nil
}

// wait sleeps, and reports whether the client is still there.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
