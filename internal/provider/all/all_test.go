package all_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
	"github.com/portico-ai/portico/internal/dialect/gemini"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/provider/providertest"
)

func registry(t *testing.T) *provider.Registry {
	t.Helper()
	r, err := all.New(http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestConformance(t *testing.T) {
	formats := map[ai.Dialect]dialect.Format{ai.OpenAI: openai.New(), ai.Anthropic: anthropic.New(), ai.Gemini: gemini.New()}
	r := registry(t)
	for _, id := range r.IDs() {
		p, _ := r.Get(id)
		t.Run(id, func(t *testing.T) { providertest.Run(t, p, formats) })
	}
}

// requests is what a plain call of each provider's operations looks like on the
// wire: provider, operation, dialect, method, URL, headers.
const requests = `
anthropic chatComplete anthropic POST https://api.anthropic.com/v1/messages Anthropic-Version=2023-06-01 Content-Type=application/json X-Api-Key=KEY
anthropic listModels anthropic GET https://api.anthropic.com/v1/models Anthropic-Version=2023-06-01 X-Api-Key=KEY
anyscale chatComplete openai POST https://api.endpoints.anyscale.com/v1/chat/completions Authorization=Bearer KEY Content-Type=application/json
anyscale complete openai POST https://api.endpoints.anyscale.com/v1/completions Authorization=Bearer KEY Content-Type=application/json
anyscale embed openai POST https://api.endpoints.anyscale.com/v1/embeddings Authorization=Bearer KEY Content-Type=application/json
anyscale listModels openai GET https://api.endpoints.anyscale.com/v1/models Authorization=Bearer KEY
azure-openai chatComplete openai POST https://res.openai.azure.com/openai/deployments/dep/chat/completions?api-version=2024-10-21 Api-Key=KEY Content-Type=application/json
azure-openai complete openai POST https://res.openai.azure.com/openai/deployments/dep/completions?api-version=2024-10-21 Api-Key=KEY Content-Type=application/json
azure-openai embed openai POST https://res.openai.azure.com/openai/deployments/dep/embeddings?api-version=2024-10-21 Api-Key=KEY Content-Type=application/json
azure-openai listModels openai GET https://res.openai.azure.com/openai/models?api-version=2024-10-21 Api-Key=KEY
google chatComplete gemini POST https://generativelanguage.googleapis.com/v1beta/models/m:generateContent Content-Type=application/json X-Goog-Api-Key=KEY
google countTokens gemini POST https://generativelanguage.googleapis.com/v1beta/models/m:countTokens Content-Type=application/json X-Goog-Api-Key=KEY
google embed gemini POST https://generativelanguage.googleapis.com/v1beta/models/m:embedContent Content-Type=application/json X-Goog-Api-Key=KEY
google listModels gemini GET https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000 X-Goog-Api-Key=KEY
mock chatComplete openai POST http://mock.portico.internal/v1/chat/completions Authorization=Bearer KEY Content-Type=application/json
mock complete openai POST http://mock.portico.internal/v1/completions Authorization=Bearer KEY Content-Type=application/json
mock embed openai POST http://mock.portico.internal/v1/embeddings Authorization=Bearer KEY Content-Type=application/json
mock listModels openai GET http://mock.portico.internal/v1/models Authorization=Bearer KEY
ollama chatComplete openai POST http://127.0.0.1:11434/v1/chat/completions Authorization=Bearer KEY Content-Type=application/json
ollama complete openai POST http://127.0.0.1:11434/v1/completions Authorization=Bearer KEY Content-Type=application/json
ollama embed openai POST http://127.0.0.1:11434/v1/embeddings Authorization=Bearer KEY Content-Type=application/json
ollama listModels openai GET http://127.0.0.1:11434/v1/models Authorization=Bearer KEY
openai chatComplete openai POST https://api.openai.com/v1/chat/completions Authorization=Bearer KEY Content-Type=application/json
openai complete openai POST https://api.openai.com/v1/completions Authorization=Bearer KEY Content-Type=application/json
openai embed openai POST https://api.openai.com/v1/embeddings Authorization=Bearer KEY Content-Type=application/json
openai listModels openai GET https://api.openai.com/v1/models Authorization=Bearer KEY
`

func TestRequests(t *testing.T) {
	var got []string
	r := registry(t)
	for _, id := range r.IDs() {
		p, _ := r.Get(id)
		for _, op := range slices.Sorted(maps.Keys(p.Ops)) {
			got = append(got, request(t, p, op))
		}
	}
	want := strings.Split(strings.TrimSpace(requests), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func request(t *testing.T, p *provider.Provider, op ai.Op) string {
	t.Helper()
	c := &provider.Call{Op: op, Model: "m", Body: []byte(`{}`), Key: ai.NewSecret("KEY"), Fields: map[string]string{}}
	for _, f := range p.Fields {
		switch f.Name {
		case "resource_name":
			c.Fields[f.Name] = "res"
		case "deployment_id":
			c.Fields[f.Name] = "dep"
		}
	}
	if p.Base == "" {
		c.Base = "http://127.0.0.1:11434"
	}
	r, err := p.Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprint(p.ID, " ", op, " ", p.Ops[op].Dialect, " ", r.Method, " ", r.URL)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		line += " " + name + "=" + strings.Join(r.Header[name], ",")
	}
	return line
}
