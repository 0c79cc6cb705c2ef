package all_test

import (
	"net/http"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/provider/providertest"
)

func TestConformance(t *testing.T) {
	registry, err := all.New(http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	formats := map[ai.Dialect]dialect.Format{ai.OpenAI: openai.New(), ai.Anthropic: anthropic.New()}
	for _, id := range registry.IDs() {
		p, _ := registry.Get(id)
		t.Run(id, func(t *testing.T) { providertest.Run(t, p, formats) })
	}
}
