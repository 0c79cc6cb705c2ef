package gateway

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
)

// A modelItem is one entry of the list of models, in OpenAI's shape with
// Portkey's slugs: a request for id "@slug/model" reaches it.
type modelItem struct {
	ID            string `json:"id"`
	Slug          string `json:"slug"`
	CanonicalSlug string `json:"canonical_slug"`
	Object        string `json:"object"`
	Created       int64  `json:"created"`
	OwnedBy       string `json:"owned_by"`
}

// NamesProvider reports whether a request's headers say which provider it is for.
func NamesProvider(h http.Header) bool {
	return h.Get("X-Portkey-Provider") != "" || h.Get("X-Portkey-Virtual-Key") != "" || h.Get("X-Portkey-Config") != ""
}

// listModels lists what this caller's stored credentials can call, as far as the
// price catalogue and their deployments know. It calls nobody, so it is not logged.
func (g *Gateway) listModels(c *Call) *ai.Reply {
	items := []modelItem{}
	for _, in := range g.Directory.Integrations(c.Key.Principal.WorkspaceID) {
		if !in.ExpiresAt.IsZero() && time.Now().After(in.ExpiresAt) {
			continue
		}
		add := func(model, canonical string) {
			items = append(items, modelItem{ID: "@" + in.Slug + "/" + model, Slug: model, CanonicalSlug: canonical, Object: "model", OwnedBy: in.Provider})
		}
		for _, d := range in.Deployments {
			add(firstOf(d.Alias, d.Name), firstOf(d.ModelSlug, d.Name))
		}
		if len(in.Deployments) > 0 {
			continue
		}
		for _, model := range g.Prices.Models(in.Provider) {
			if model != "*" { // prices of every model; no name that could be called
				add(model, model)
			}
		}
	}
	body, err := json.Marshal(map[string]any{"object": "list", "total": len(items), "data": items})
	if err == nil {
		body, err = g.pair(c.Dialect, ai.OpenAI).Reply(&dialect.Conversion{Op: ai.Models, Onward: true}, body)
	}
	if err != nil {
		return g.Refuse(c, err)
	}
	h := http.Header{"Content-Type": {"application/json"}, "X-Portkey-Trace-Id": {c.TraceID}, "X-Portkey-Request-Id": {c.ID}}
	return &ai.Reply{Status: http.StatusOK, Header: h, Body: body}
}
