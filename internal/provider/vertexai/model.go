package vertexai

import (
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
)

// A model is what a call asks for: its publisher, and what the publisher calls
// it.
type model struct{ publisher, name string }

const (
	googleModels = "google"
	claude       = "anthropic"
	deployed     = "endpoints" // models at an endpoint of the customer's, by its id
)

// publishers are those whose models may be written publisher.model. The names of
// models hold dots too.
var publishers = []string{googleModels, claude, deployed, "meta", "mistralai", "ai21", "deepseek-ai", "qwen", "openai", "moonshotai", "minimaxai", "zai-org", "xai"}

// starts are how models of publishers other than Google begin.
var starts = []struct{ prefix, publisher string }{
	{"claude-", claude}, {"llama", "meta"}, {"mistral-", "mistralai"}, {"ministral-", "mistralai"}, {"codestral-", "mistralai"},
	{"jamba-", "ai21"}, {"deepseek-", "deepseek-ai"}, {"qwen", "qwen"}, {"gpt-oss-", "openai"}, {"kimi-", "moonshotai"},
	{"minimax-", "minimaxai"}, {"glm-", "zai-org"}, {"grok-", "xai"},
}

// parse reads a model as clients name it: "publisher.model", "publisher/model",
// "publishers/publisher/models/model" or the model alone.
func parse(name string) model {
	if rest, ok := strings.CutPrefix(name, "publishers/"); ok {
		if publisher, name, ok := strings.Cut(rest, "/models/"); ok {
			return model{publisher, name}
		}
	}
	if publisher, rest, ok := strings.Cut(name, "/"); ok && publisher != "models" {
		return model{publisher, rest}
	}
	if publisher, rest, ok := strings.Cut(name, "."); ok && slices.Contains(publishers, publisher) {
		return model{publisher, rest}
	}
	name = strings.TrimPrefix(name, "models/")
	for _, s := range starts {
		if strings.HasPrefix(name, s.prefix) {
			return model{s.publisher, name}
		}
	}
	return model{googleModels, name}
}

// raw are publishers whose models take their own format at rawPredict.
var raw = []string{claude, "mistralai", "ai21"}

// tuned reports whether a model of Google's is at an endpoint of the customer's,
// as tuned ones are: "google.endpoints.123".
func (m model) tuned() (id string, ok bool) {
	for _, prefix := range []string{"endpoints.", "endpoints/"} {
		if id, ok := strings.CutPrefix(m.name, prefix); ok && m.publisher == googleModels {
			return id, true
		}
	}
	return "", false
}

// embedsContent reports whether a model embeds contents, as chat models take
// them, and not instances.
func (m model) embedsContent() bool {
	return strings.HasPrefix(m.name, "gemini-") && m.name != "gemini-embedding-001"
}

// draws reports whether an operation makes pictures.
func draws(op ai.Op) bool { return op == ai.ImageGenerate || op == ai.ImageEdit }

var gemini = provider.Endpoint{Dialect: ai.Gemini, Path: location + models + ":generateContent",
	StreamPath: location + models + ":streamGenerateContent?alt=sse"}

// choose names the endpoints of models that Google did not make, and of those of
// Google's that embed contents.
func choose(op ai.Op, _ ai.Dialect, name string) (provider.Endpoint, bool) {
	m := parse(name)
	switch {
	case m.publisher == googleModels && strings.HasPrefix(m.name, "gemini-") && draws(op):
		return provider.Endpoint{Dialect: ai.Gemini, Path: gemini.Path}, true
	case m.publisher == googleModels:
		return provider.Endpoint{Dialect: ai.Gemini, Path: location + models + ":embedContent"}, op == ai.Embed && m.embedsContent()
	case m.publisher == claude && op == ai.CountTokens:
		return provider.Endpoint{Dialect: ai.Anthropic, Path: location + "/publishers/" + claude + "/models/count-tokens:rawPredict"}, true
	case op != ai.Chat:
		return provider.Endpoint{}, op == ai.Embed || op == ai.CountContents || draws(op)
	case slices.Contains(raw, m.publisher):
		dialect := ai.OpenAI
		if m.publisher == claude {
			dialect = ai.Anthropic
		}
		path := location + "/publishers/" + m.publisher + "/models/{model}"
		return provider.Endpoint{Dialect: dialect, Path: path + ":rawPredict", StreamPath: path + ":streamRawPredict"}, true
	case m.publisher == deployed:
		return provider.Endpoint{Dialect: ai.OpenAI, Path: location + "/endpoints/{model}/chat/completions"}, true
	}
	return provider.Endpoint{Dialect: ai.OpenAI, Path: location + "/endpoints/openapi/chat/completions"}, true
}
