package upstream

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Request is what the server was sent, and how that ended.
type Request struct {
	Seq      int         `json:"seq"` // from 1
	At       time.Time   `json:"at"`
	Provider string      `json:"provider"` // the path prefix
	Method   string      `json:"method"`
	Path     string      `json:"path"`    // whole, with the prefix
	Escaped  string      `json:"escaped"` // the path as it was sent
	Query    string      `json:"query,omitempty"`
	Host     string      `json:"host"`
	Header   http.Header `json:"header"`
	Body     string      `json:"body"`
	BodyErr  string      `json:"body_error,omitempty"` // the request body broke off

	Case   string    `json:"case,omitempty"`   // what was replayed
	Status int       `json:"status,omitempty"` // what was answered; 0: nothing
	End    time.Time `json:"end"`              // zero while in flight
	Gone   bool      `json:"gone"`             // the client left before the end
}

type journal struct {
	mu       sync.Mutex
	seq      int
	requests []*Request
}

func (j *journal) begin(provider string, r *http.Request, body []byte, err error) *Request {
	entry := &Request{
		At: time.Now(), Provider: provider, Method: r.Method, Path: r.URL.Path, Escaped: r.URL.EscapedPath(), Query: r.URL.RawQuery,
		Host: r.Host, Header: r.Header.Clone(), Body: string(body),
	}
	if err != nil {
		entry.BodyErr = err.Error()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	entry.Seq = j.seq
	j.requests = append(j.requests, entry)
	return entry
}

func (j *journal) answered(entry *Request, name string, status int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	entry.Case, entry.Status = name, status
}

func (j *journal) end(entry *Request, ctx context.Context) {
	j.mu.Lock()
	defer j.mu.Unlock()
	entry.End = time.Now()
	entry.Gone = ctx.Err() != nil
}

// Requests returns what the provider was sent so far, oldest first; of all
// providers if provider is "".
func (s *Server) Requests(provider string) []Request {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	var out []Request
	for _, r := range s.journal.requests {
		if provider == "" || r.Provider == provider {
			out = append(out, *r)
		}
	}
	return slices.Clip(out)
}

// Reset forgets every request and script.
func (s *Server) Reset() {
	s.script.reset()
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	s.journal.requests = nil
	s.journal.seq = 0
}

// Conns returns how many connections were accepted so far, and how many are open.
func (s *Server) Conns() (accepted, open int64) { return s.accepted.Load(), s.open.Load() }
