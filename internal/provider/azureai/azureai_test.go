package azureai_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/azureai"
	"github.com/portico-ai/portico/internal/sign"
)

// tokens is the token client of calls that need none.
type tokens struct{ t *testing.T }

// Do implements sign.Doer.
func (n tokens) Do(r *http.Request) (*http.Response, error) {
	n.t.Errorf("a token was asked for at %s", r.URL)
	return nil, errors.New("no network")
}

func row(t *testing.T) *provider.Provider {
	t.Helper()
	r, err := provider.NewRegistry(azureai.New(sign.Clients{Tokens: tokens{t}, Identity: tokens{t}}))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get(azureai.ID)
	return p
}

func TestEncode(t *testing.T) {
	const foundry = "https://acme.services.ai.azure.com/models"
	for _, c := range []struct {
		name, base string
		fields     map[string]string
		url        string
		header     map[string]string
	}{
		{"plain", "", map[string]string{"azure_foundry_url": foundry + "/"}, foundry + "/chat/completions?api-version=2024-05-01-preview",
			map[string]string{"Api-Key": "k", "Extra-Parameters": "drop", "Authorization": ""}},
		{"all settings", "", map[string]string{"azure_foundry_url": foundry, "azure_api_version": "2025-01-01", "azure_deployment_name": "blue",
			"azure_extra_parameters": "pass-through", "azure_ad_token": "tok"}, foundry + "/chat/completions?api-version=2025-01-01",
			map[string]string{"Api-Key": "", "Authorization": "Bearer tok", "Azureml-Model-Deployment": "blue", "Extra-Parameters": "pass-through"}},
		{"custom host", "http://127.0.0.1:9/x", nil, "http://127.0.0.1:9/x/chat/completions?api-version=2024-05-01-preview", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := row(t).Encode(t.Context(), &provider.Call{Op: ai.Chat, Model: "m", Body: []byte("{}"), Base: c.base, Key: ai.NewSecret("k"), Fields: c.fields})
			if err != nil {
				t.Fatal(err)
			}
			if r.URL.String() != c.url {
				t.Errorf("got %s, want %s", r.URL, c.url)
			}
			for name, want := range c.header {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestTheServersIdentityStaysWithAzure(t *testing.T) {
	for _, base := range []string{"https://evil.example/models", "http://acme.services.ai.azure.com/models", "https://acme.eastus.inference.ml.azure.com"} {
		fields := map[string]string{"azure_foundry_url": base, "azure_auth_mode": "managed"}
		_, err := row(t).Encode(t.Context(), &provider.Call{Op: ai.Chat, Body: []byte("{}"), Fields: fields})
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != "custom_host" {
			t.Errorf("%s: got %v", base, err)
		}
	}
}

func TestWithoutAnAddress(t *testing.T) {
	_, err := row(t).Encode(t.Context(), &provider.Call{Op: ai.Chat, Body: []byte("{}"), Key: ai.NewSecret("k")})
	e, ok := errors.AsType[*ai.Error](err)
	if !ok || e.Kind != ai.Invalid || e.Param != "azure_foundry_url" {
		t.Errorf("got %v", err)
	}
}

func TestClaude(t *testing.T) {
	const foundry = "https://acme.services.ai.azure.com/anthropic"
	for _, c := range []struct {
		name   string
		fields map[string]string
		header map[string]string
	}{
		{"key", nil, map[string]string{"X-Api-Key": "k", "Api-Key": "", "Authorization": "", "Anthropic-Version": "2023-06-01"}},
		{"token", map[string]string{"azure_ad_token": "tok", "anthropic_version": "2024-01-01", "anthropic_beta": "b"},
			map[string]string{"X-Api-Key": "", "Authorization": "Bearer tok", "Anthropic-Version": "2024-01-01", "Anthropic-Beta": "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := &provider.Call{Op: ai.Chat, Model: "m", Body: []byte("{}"), Key: ai.NewSecret("k"), Fields: map[string]string{"azure_foundry_url": foundry}}
			for k, v := range c.fields {
				call.Fields[k] = v
			}
			p := row(t).For(call)
			if e, ok := p.Endpoint(ai.Chat); !ok || e.Dialect != ai.Anthropic || p.ID != azureai.ID {
				t.Fatalf("the row is %s %+v", p.ID, e)
			}
			r, err := p.Encode(t.Context(), call)
			if err != nil {
				t.Fatal(err)
			}
			if r.URL.String() != foundry+"/v1/messages" {
				t.Errorf("got %s", r.URL)
			}
			for name, want := range c.header {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
	if p := row(t); p.For(&provider.Call{Base: "https://acme.services.ai.azure.com/models"}) != p || p.For(&provider.Call{}) != p {
		t.Error("other models are served by another row")
	}
}
