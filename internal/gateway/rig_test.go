package gateway_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	dialects "github.com/portico-ai/portico/internal/dialect/all"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/price"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/sign"
)

// memory is a journal and a body store that forget nothing.
type memory struct {
	mu       sync.Mutex
	reserved []ledger.Reservation
	settled  []ledger.Entry
	bodies   map[ledger.BodyRef][]byte
	refuse   error
}

func (m *memory) Reserve(r ledger.Reservation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reserved = append(m.reserved, r)
	return m.refuse
}

func (m *memory) Settle(e *ledger.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settled = append(m.settled, *e)
	return nil
}

func (m *memory) Put(_ string, _ byte, b []byte, _ func()) (ledger.BodyRef, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ref := ledger.BodyRef{Segment: 1, Offset: int64(len(m.bodies)), Length: len(b)}
	m.bodies[ref] = bytes.Clone(b)
	return ref, true
}

func (m *memory) body(ref ledger.BodyRef) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.bodies[ref])
}

// only returns the one entry there is.
func (m *memory) only(t *testing.T) ledger.Entry {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.settled) != 1 || len(m.reserved) > 1 {
		t.Fatalf("%d entries settled, %d reserved; want 1", len(m.settled), len(m.reserved))
	}
	return m.settled[0]
}

// A rig is a gateway whose providers are servers of the test.
type rig struct {
	*gateway.Gateway
	ledger    *memory
	directory *directory.Memory
	key       *directory.Key
	requests  chan *http.Request // as the providers saw them, bodies read
}

// newRig makes a gateway in which each named provider is served by a handler.
// rows are providers beside those that there are.
func newRig(t *testing.T, providers map[string]http.HandlerFunc, rows ...*provider.Provider) *rig {
	t.Helper()
	r := &rig{
		ledger:    &memory{bodies: map[ledger.BodyRef][]byte{}},
		directory: directory.NewMemory(),
		requests:  make(chan *http.Request, 100),
		key: &directory.Key{ID: "key-1", Principal: access.Principal{OrgID: "org", WorkspaceID: "ws", KeyID: "key-1",
			KeyType: access.WorkspaceService, Scopes: []access.Scope{access.Completions}}},
	}
	policy := &egress.Policy{}
	bases := map[string]string{}
	var stored []*directory.Integration
	for id, handle := range providers {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			body, _ := io.ReadAll(req.Body)
			seen := req.Clone(context.Background())
			seen.Body = io.NopCloser(bytes.NewReader(body))
			req.Body = io.NopCloser(bytes.NewReader(body))
			r.requests <- seen
			handle(w, req)
		}))
		t.Cleanup(srv.Close)
		u, _ := url.Parse(srv.URL)
		if err := policy.Trust(u.Host); err != nil {
			t.Fatal(err)
		}
		bases[id] = srv.URL + "/v1"
		stored = append(stored, &directory.Integration{ID: "i-" + id, Slug: "my-" + id, Provider: id, WorkspaceID: "ws",
			Key: ai.NewSecret("sk-stored-" + id), Fields: map[string]string{"deployment_id": "dep"}})
	}
	r.directory.Load(directory.Snapshot{Integrations: stored})
	client := egress.New(policy, egress.Options{})
	registry, err := all.New(sign.Clients{Tokens: client, Identity: client})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range registry.IDs() {
		row, _ := registry.Get(id)
		rows = append(rows, row)
	}
	if registry, err = provider.NewRegistry(rows...); err != nil {
		t.Fatal(err)
	}
	if registry, err = registry.WithBases(bases); err != nil {
		t.Fatal(err)
	}
	prices, err := price.Load()
	if err != nil {
		t.Fatal(err)
	}
	r.Gateway = gateway.New(gateway.Options{
		Directory: r.directory, Providers: registry, HTTP: client, Upgrades: client.Upgrades(), Journal: r.ledger, Bodies: r.ledger, Prices: price.NewBook(prices),
		Formats:   dialects.New(),
		CheckHost: func(raw string) error { _, err := policy.CheckURL(raw); return err },
	})
	return r
}

// chat makes a call of the chat operation in OpenAI's format.
func (r *rig) chat(body string, headers ...string) *gateway.Call {
	c := &gateway.Call{Key: r.key, Headers: http.Header{}, Method: "POST", Path: "/v1/chat/completions", Started: time.Now(),
		TraceID: "trace-1", KeepBodies: true}
	c.ID, c.Op, c.Dialect, c.Body = "req-1", ai.Chat, ai.OpenAI, []byte(body)
	c.Stream = strings.Contains(body, `"stream":true`)
	c.WantsUsage = strings.Contains(body, `"include_usage":true`)
	if _, rest, ok := strings.Cut(body, `"model":"`); ok {
		c.Model, _, _ = strings.Cut(rest, `"`)
	}
	for i := 0; i < len(headers); i += 2 {
		c.Headers.Set(headers[i], headers[i+1])
	}
	return c
}

// answer runs a call and reads all of its reply, as a client would.
func (r *rig) answer(t *testing.T, c *gateway.Call) (status int, header http.Header, body string) {
	t.Helper()
	reply := r.Do(t.Context(), c)
	if reply.Stream == nil {
		return reply.Status, reply.Header, string(reply.Body)
	}
	defer reply.Stream.Close()
	var b strings.Builder
	for {
		chunk, err := reply.Stream.Next()
		b.Write(chunk)
		if err == io.EOF {
			return reply.Status, reply.Header, b.String()
		}
		if err != nil {
			t.Fatalf("a client's stream ended with %v", err)
		}
	}
}

// reply answers with a status and a body; a body that begins with "data:" or
// "event:" is a stream.
func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(body, "data:") || strings.HasPrefix(body, "event:") {
			w.Header().Set("Content-Type", "text/event-stream")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// cut answers a stream that breaks off after the given events.
func cut(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		reply(200, body)(w, r)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
