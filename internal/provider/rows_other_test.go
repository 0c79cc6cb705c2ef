package provider_test

import (
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
)

// Rows that speak another format at some base URLs.
func TestVariantsByBase(t *testing.T) {
	registry, err := provider.NewRegistry(provider.Rows()...)
	if err != nil {
		t.Fatal(err)
	}
	account := map[string]string{"workers_ai_account_id": "acct"}
	for _, tt := range []struct {
		id, base string
		op       ai.Op
		dialect  ai.Dialect
		url      string
	}{
		{"triton", "http://host:9000", ai.Complete, ai.OpenAI, "http://host:9000/v1/completions"},
		{"triton", "http://host:8000/v2/models/m", ai.Complete, ai.Triton, "http://host:8000/v2/models/m/generate"},
		{"workers-ai", "", ai.Chat, ai.OpenAI, "https://api.cloudflare.com/client/v4/accounts/acct/ai/v1/chat/completions"},
		{"workers-ai", "", ai.Complete, ai.WorkersAI, "https://api.cloudflare.com/client/v4/accounts/acct/ai/run/@cf/a/b"},
		{"workers-ai", "https://host/ai/run/", ai.Chat, ai.WorkersAI, "https://host/ai/run/@cf/a/b"},
	} {
		p, _ := registry.Get(tt.id)
		c := &provider.Call{Op: tt.op, Model: "@cf/a/b", Base: tt.base, Fields: account, Key: ai.NewSecret("k"), Body: []byte(`{}`)}
		p = p.For(c)
		e, ok := p.Endpoint(tt.op)
		if !ok || e.Dialect != tt.dialect {
			t.Errorf("%s at %q: %s in %q", tt.id, tt.base, tt.op, e.Dialect)
			continue
		}
		r, err := p.Encode(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.URL.String(); got != tt.url {
			t.Errorf("%s at %q goes to %s, want %s", tt.id, tt.base, got, tt.url)
		}
	}
}
