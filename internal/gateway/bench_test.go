package gateway_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/price"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/sign"
)

// nowhere is a provider, a journal and a body store that cost nothing, so that
// what is measured is the pipeline itself.
type nowhere struct{ body string }

func (n nowhere) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, ContentLength: int64(len(n.body)), Body: io.NopCloser(bytes.NewReader([]byte(n.body))),
		Header: http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"req_1"}, "Openai-Processing-Ms": {"12"}}}, nil
}
func (nowhere) Reserve(ledger.Reservation) error { return nil }
func (nowhere) Settle(*ledger.Entry) error       { return nil }
func (nowhere) Put(string, byte, []byte, func()) (ledger.BodyRef, bool) {
	return ledger.BodyRef{Segment: 1}, true
}

// BenchmarkDo is one small call from the door to the reply, without the network,
// the journal's writes and the server around it.
func BenchmarkDo(b *testing.B) {
	n := nowhere{okJSON}
	registry, err := all.New(sign.Clients{Tokens: n, Identity: n})
	if err != nil {
		b.Fatal(err)
	}
	prices, err := price.Load()
	if err != nil {
		b.Fatal(err)
	}
	dir := directory.NewMemory()
	g := gateway.New(gateway.Options{Directory: dir, Providers: registry, HTTP: n, Journal: n, Bodies: n, Prices: price.NewBook(prices),
		Formats: map[ai.Dialect]dialect.Format{ai.OpenAI: openai.New(), ai.Anthropic: anthropic.New()}})
	r := &rig{Gateway: g, key: &directory.Key{ID: "key-1"}}
	call := r.chat(askJSON, "X-Portkey-Provider", "openai")
	call.ProviderKey = ai.NewSecret("sk-bench-0123456789")
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		c := *call
		if reply := g.Do(ctx, &c); reply.Status != 200 {
			b.Fatalf("status %d: %s", reply.Status, reply.Body)
		}
	}
}
