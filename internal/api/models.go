package api

import (
	"net/http"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/gateway"
)

// RegisterModels adds the routes of the list of models and of a single one. Both
// OpenAI's clients and Anthropic's ask there; the latter say which version of
// Anthropic's API they speak.
func RegisterModels(mux *http.ServeMux, in *Ingress, openai, anthropic dialect.Format) {
	serve := func(op ai.Op) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			format := openai
			if r.Header.Get("Anthropic-Version") != "" {
				format = anthropic
			}
			in.Serve(w, r, Operation{Op: op, Format: format, body: namedModel})
		}
	}
	for _, root := range []string{"/v1", "/v1/v1"} { // see the package anthropic
		mux.Handle("GET "+root+"/models", serve(ai.Models))
		mux.Handle("GET "+root+"/models/{model...}", serve(ai.GetModel))
	}
}

func namedModel(_ http.ResponseWriter, r *http.Request, c *gateway.Call) error {
	c.Model = r.PathValue("model")
	return nil
}
