package provider_test

import (
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
)

func TestEndpointFor(t *testing.T) {
	p := &provider.Provider{
		Ops: map[ai.Op]provider.Endpoint{ai.Chat: {Dialect: ai.OpenAI, Path: "/most"}, ai.Embed: {Dialect: ai.OpenAI, Path: "/embed"}},
		Choose: func(op ai.Op, client ai.Dialect, model string) (provider.Endpoint, bool) {
			switch {
			case op == ai.Chat && model == "other":
				return provider.Endpoint{Dialect: ai.Anthropic, Path: "/other"}, true
			case op == ai.Chat && client == ai.Gemini:
				return provider.Endpoint{Dialect: ai.Gemini, Path: "/own"}, true
			}
			return provider.Endpoint{}, model == "other"
		},
	}
	for _, c := range []struct {
		op     ai.Op
		client ai.Dialect
		model  string
		want   string // "" if it is not offered
	}{
		{ai.Chat, ai.OpenAI, "m", "/most"}, {ai.Chat, ai.OpenAI, "other", "/other"}, {ai.Chat, ai.Gemini, "m", "/own"},
		{ai.Embed, ai.OpenAI, "m", "/embed"}, {ai.Embed, ai.OpenAI, "other", ""}, {ai.Complete, ai.OpenAI, "m", ""},
	} {
		if e, ok := p.EndpointFor(c.op, c.client, c.model); ok != (c.want != "") || e.Path != c.want {
			t.Errorf("%s of %s for %s: got %q %t, want %q", c.op, c.model, c.client, e.Path, ok, c.want)
		}
	}
	p.Choose = nil
	if e, ok := p.EndpointFor(ai.Chat, ai.Gemini, "other"); !ok || e.Path != "/most" {
		t.Errorf("without a choice: got %q %t", e.Path, ok)
	}
}
