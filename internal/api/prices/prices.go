// Package prices serves the price catalogue as Portkey's clients ask for it.
// It needs no credential: prices are public.
package prices

import (
	"encoding/json"
	"net/http"

	"github.com/portico-ai/portico/internal/price"
)

// Handler serves GET /model-configs/pricing/{provider}/{model} and
// GET /model-configs/general/{provider}/{model}. A model's name may hold slashes.
func Handler(b *price.Book) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /model-configs/pricing/{provider}/{model...}", lookup(b, (*price.Catalogue).PortkeyPricing))
	mux.Handle("GET /model-configs/general/{provider}/{model...}", lookup(b, (*price.Catalogue).PortkeyGeneral))
	mux.HandleFunc("/model-configs/pricing/{provider}", notFound) // else redirected
	mux.HandleFunc("/model-configs/general/{provider}", notFound)
	mux.HandleFunc("/", notFound)
	return mux
}

func lookup(b *price.Book, find func(c *price.Catalogue, provider, model string) (json.RawMessage, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		doc, ok := find(b.Catalogue(), r.PathValue("provider"), r.PathValue("model"))
		if !ok {
			notFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(doc) // the client is gone if this fails
	}
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(`{"error":"Model not found"}`))
}
