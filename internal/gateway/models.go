package gateway

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/route"
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

// knownModels answers what this caller's stored credentials can call, as far as
// the price catalogue and their deployments know, or one model of that. It calls
// nobody, so it is not logged. It is nil for a model that only its provider may
// know.
func (g *Gateway) knownModels(c *Call) *ai.Reply {
	items := g.models(c)
	var answer any = map[string]any{"object": "list", "total": len(items), "data": items}
	if c.Op == ai.GetModel {
		at := slices.IndexFunc(items, func(m modelItem) bool { return m.ID == c.Model || m.Slug == c.Model })
		slug, _, named := route.SplitModel(c.Model)
		if _, stored := g.Directory.Integration(c.Key.Principal.WorkspaceID, slug); at < 0 && named && stored {
			return nil
		}
		if at < 0 {
			return g.Refuse(c, noModel(c.Model))
		}
		answer = items[at]
	}
	body, err := json.Marshal(answer)
	if err == nil {
		body, err = g.pair(c.Dialect, ai.OpenAI).Reply(&dialect.Conversion{Op: c.Op, Onward: true}, body)
	}
	if err != nil {
		return g.Refuse(c, err)
	}
	h := http.Header{"Content-Type": {"application/json"}, "X-Portkey-Trace-Id": {c.TraceID}, "X-Portkey-Request-Id": {c.ID}}
	return &ai.Reply{Status: http.StatusOK, Header: h, Body: body}
}

func noModel(model string) *ai.Error {
	return &ai.Error{Kind: ai.NotFound, Type: "invalid_request_error", Param: "model", Code: "model_not_found",
		Message: "The model " + quote(model) + " is not known; GET /v1/models lists those that are"}
}

func (g *Gateway) models(c *Call) []modelItem {
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
		for _, model := range g.Prices.Catalogue().Models(in.Provider) {
			if model != "*" { // prices of every model; no name that could be called
				add(model, model)
			}
		}
	}
	return items
}

// pickModel finds the model that was asked for in a provider's list, which is in
// the hub's format, and writes it for the client.
func (g *Gateway) pickModel(c *Call, a *answer, list []byte) ([]byte, error) {
	for item := range jsonedit.Elements(jsonedit.Get(list, "data")) {
		id := jsonedit.Text(jsonedit.Get(item, "id"))
		if id == a.destination.model || strings.HasSuffix(id, "/models/"+a.destination.model) {
			cv := *a.conversion
			cv.Op = ai.GetModel
			return g.pair(c.Dialect, ai.OpenAI).Reply(&cv, item)
		}
	}
	return nil, noModel(a.destination.model)
}
