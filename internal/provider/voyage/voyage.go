// Package voyage is Voyage AI, whose vectors of texts and of texts with images
// have an address each.
// Source: https://docs.voyageai.com/reference/multimodal-embeddings-api
package voyage

import (
	"context"
	"net/http"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/provider"
)

// New returns the row.
func New() *provider.Provider {
	return &provider.Provider{
		ID: "voyage", Name: "Voyage AI", Docs: "https://docs.voyageai.com/reference",
		Base:    "https://api.voyageai.com/v1",
		Adapter: adapter{},
		Ops: map[ai.Op]provider.Endpoint{
			ai.Embed:  {Dialect: ai.Voyage, Path: "/embeddings"},
			ai.Rerank: {Dialect: ai.Voyage, Path: "/rerank"},
		},
		Notes: []string{
			"encoding_format \"float\" is refused and left out, which means the same.",
			"Inputs that are objects with an image go to multimodalembeddings.",
		},
	}
}

type adapter struct{}

// Encode implements provider.Adapter.
func (adapter) Encode(ctx context.Context, p *provider.Provider, c *provider.Call) (*http.Request, error) {
	if c.Op == ai.Embed && jsonedit.Get(c.Body, "inputs") != nil {
		return provider.EncodeAt(ctx, p, c, http.MethodPost, "/multimodalembeddings")
	}
	return provider.Table{}.Encode(ctx, p, c)
}
