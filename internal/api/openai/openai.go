// Package openai is the door for clients that speak OpenAI's API.
package openai

import (
	"net/http"
	"slices"

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
	mux.Handle("POST /v1/rerank", in.Handle(ai.Rerank, format, read))
	mux.Handle("GET /v1/batches/{id}/output", in.BatchOutput(format))
	for _, r := range ai.Platform {
		serve := in.Relay(r.Op, format, "/v1")
		if r.Op == ai.Realtime {
			serve = in.Realtime(format)
		}
		mux.Handle(r.Method+" /v1"+r.Path, serve)
	}
}

// RegisterResponses adds the routes of the Responses API and its conversations,
// whose format is one of its own.
func RegisterResponses(mux *http.ServeMux, in *api.Ingress, format dialect.Format) {
	mux.Handle("POST /v1/responses", in.Handle(ai.CreateResponse, format, read))
	for _, r := range slices.Concat(ai.ResponseRoutes, ai.ConversationRoutes) {
		mux.Handle(r.Method+" /v1"+r.Path, in.Relay(r.Op, format, "/v1"))
	}
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
