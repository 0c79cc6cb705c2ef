// Package google is the Gemini API: the model stands in the path with its
// collection, and what to do with it after a colon. Source: the HTTP annotations
// of google.ai.generativelanguage.v1beta.
package google

import (
	"context"
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/sign"
)

// ID is the provider's slug.
const ID = "google"

// New returns the row.
func New() *provider.Provider {
	return &provider.Provider{
		ID: ID, Name: "Google Gemini", Docs: "https://ai.google.dev/api",
		Telemetry: []string{"gcp.gemini", "gemini", "gcp.gen_ai", "google.generative-ai", "google_genai", "google_generativeai"},
		Base:      "https://generativelanguage.googleapis.com/v1beta",
		Sign:      sign.Header("X-Goog-Api-Key"),
		Adapter:   adapter{},
		Choose:    choose,
		Notes: []string{
			"Pictures are made by Gemini's image models, which also edit, and by Imagen's, at `/models/{model}:predict`.",
		},
		Ops: map[ai.Op]provider.Endpoint{
			ai.Chat: {Dialect: ai.Gemini, Path: "/models/{model}:generateContent",
				StreamPath: "/models/{model}:streamGenerateContent?alt=sse"},
			ai.Embed:         {Dialect: ai.Gemini, Path: "/models/{model}:embedContent"},
			ai.CountContents: {Dialect: ai.Gemini, Path: "/models/{model}:countTokens"},
			ai.ImageGenerate: {Dialect: ai.Gemini, Path: "/models/{model}:generateContent"},
			ai.ImageEdit:     {Dialect: ai.Gemini, Path: "/models/{model}:generateContent"},
			ai.Models:        {Dialect: ai.Gemini, Path: "/models?pageSize=1000", Method: http.MethodGet},
			ai.GetModel:      {Dialect: ai.Gemini, Path: "/models/{model}", Method: http.MethodGet},
		},
	}
}

// choose: Imagen's models have a method of their own, and edit nothing here.
func choose(op ai.Op, _ ai.Dialect, model string) (provider.Endpoint, bool) {
	if !strings.HasPrefix(strings.TrimPrefix(model, "models/"), "imagen-") {
		return provider.Endpoint{}, false
	}
	switch op {
	case ai.ImageGenerate:
		return provider.Endpoint{Dialect: ai.Predict, Path: "/models/{model}:predict"}, true
	case ai.ImageEdit:
		return provider.Endpoint{}, true
	}
	return provider.Endpoint{}, false
}

type adapter struct{}

// Encode implements provider.Adapter. Tuned models are a collection of their own;
// a body with several requests for embeddings has a path of its own.
func (adapter) Encode(ctx context.Context, p *provider.Provider, c *provider.Call) (*http.Request, error) {
	e, ok := p.EndpointFor(c.Op, "", c.Model)
	if !ok {
		return nil, provider.Unsupported(p, c.Op)
	}
	call, path := *c, e.PathOf(c)
	if name, ok := strings.CutPrefix(c.Model, "models/"); ok {
		call.Model = name
	} else if name, ok := strings.CutPrefix(c.Model, "tunedModels/"); ok {
		call.Model = name
		path = strings.Replace(path, "/models/", "/tunedModels/", 1)
	}
	if c.Op == ai.Embed && jsonedit.Get(c.Body, "requests") != nil {
		path = strings.Replace(path, ":embedContent", ":batchEmbedContents", 1)
	}
	return provider.EncodeAt(ctx, p, &call, e.Method, path)
}
