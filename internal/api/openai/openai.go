// Package openai is the door for clients that speak OpenAI's API.
package openai

import (
	"net/http"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/gateway"
)

// Register adds the routes to mux, under /v1.
func Register(mux *http.ServeMux, in *api.Ingress, format dialect.Format) {
	mux.Handle("POST /v1/chat/completions", in.Handle(ai.Chat, format, read))
	mux.Handle("POST /v1/completions", in.Handle(ai.Complete, format, read))
	mux.Handle("POST /v1/embeddings", in.Handle(ai.Embed, format, read))
	mux.Handle("GET /v1/models", in.Handle(ai.Models, format, nil))
}

// RegisterResponses adds the routes of the Responses API, whose format is one of
// its own.
func RegisterResponses(mux *http.ServeMux, in *api.Ingress, format dialect.Format) {
	mux.Handle("POST /v1/responses", in.Handle(ai.CreateResponse, format, read))
	mux.Handle("POST /v1/responses/input_tokens", in.Handle(ai.CountResponseTokens, format, read))
	mux.Handle("GET /v1/responses/{response_id}", in.Handle(ai.GetResponse, format, nil))
	mux.Handle("DELETE /v1/responses/{response_id}", in.Handle(ai.DeleteResponse, format, nil))
	mux.Handle("POST /v1/responses/{response_id}/cancel", in.Handle(ai.CancelResponse, format, nil))
	mux.Handle("GET /v1/responses/{response_id}/input_items", in.Handle(ai.ListResponseItems, format, nil))
}

func read(c *gateway.Call) error {
	top, err := jsonedit.Scan(c.Body)
	if err != nil {
		return err
	}
	c.Model, c.Stream, c.WantsUsage = top.Model, top.Stream, top.IncludeUsage
	if _, named := c.Metadata["_user"]; !named && top.User != "" {
		c.SetMetadata("_user", top.User)
	}
	return nil
}
