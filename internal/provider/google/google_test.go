package google_test

import (
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/google"
)

func TestPaths(t *testing.T) {
	const base = "https://generativelanguage.googleapis.com/v1beta"
	for _, test := range []struct {
		op     ai.Op
		model  string
		stream bool
		body   string
		want   string
	}{
		{ai.Chat, "gemini-2.5-flash", false, `{}`, "/models/gemini-2.5-flash:generateContent"},
		{ai.Chat, "gemini-2.5-flash", true, `{}`, "/models/gemini-2.5-flash:streamGenerateContent?alt=sse"},
		{ai.Chat, "models/gemini-2.5-flash", false, `{}`, "/models/gemini-2.5-flash:generateContent"},
		{ai.Chat, "tunedModels/mine", true, `{}`, "/tunedModels/mine:streamGenerateContent?alt=sse"},
		{ai.Chat, "a/../b?c#d", false, `{}`, "/models/a%2F..%2Fb%3Fc%23d:generateContent"},
		{ai.CountContents, "tunedModels/mine", false, `{}`, "/tunedModels/mine:countTokens"},
		{ai.Embed, "gemini-embedding-001", false, `{"content":{}}`, "/models/gemini-embedding-001:embedContent"},
		{ai.Embed, "gemini-embedding-001", false, `{"requests":[]}`, "/models/gemini-embedding-001:batchEmbedContents"},
		{ai.Models, "", false, ``, "/models?pageSize=1000"},
	} {
		c := &provider.Call{Op: test.op, Model: test.model, Stream: test.stream, Body: []byte(test.body), Key: ai.NewSecret("KEY")}
		p := google.New()
		r, err := p.Encode(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.URL.String(); got != base+test.want {
			t.Errorf("%s of %s: got %s, want %s", test.op, test.model, got, base+test.want)
		}
	}
	for _, model := range []string{"", "..", "models/", "tunedModels/.."} {
		_, err := google.New().Encode(t.Context(), &provider.Call{Op: ai.Chat, Model: model, Key: ai.NewSecret("KEY")})
		if err == nil || ai.AsError(err).Param != "model" {
			t.Errorf("model %q: got %v", model, err)
		}
	}
}
