// Package anthropic is the door for clients that speak Anthropic's Messages API.
package anthropic

import (
	"net/http"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/gateway"
)

// Register adds the routes to mux. Anthropic's own SDK appends /v1 to its base
// URL and others do not, so a base URL with /v1 in it works for both.
func Register(mux *http.ServeMux, in *api.Ingress, format dialect.Format) {
	h := in.Handle(ai.Chat, format, read)
	mux.Handle("POST /v1/messages", h)
	mux.Handle("POST /v1/v1/messages", h)
	count := in.Handle(ai.CountTokens, format, read)
	mux.Handle("POST /v1/messages/count_tokens", count)
	mux.Handle("POST /v1/v1/messages/count_tokens", count)
}

func read(c *gateway.Call) error {
	top, err := jsonedit.Scan(c.Body)
	if err != nil {
		return err
	}
	c.Model, c.Stream = top.Model, top.Stream
	c.WantsUsage = true // Anthropic's streams always tell usage
	return nil
}
