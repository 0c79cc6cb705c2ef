package provider

import (
	"maps"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/sign"
)

// MockHost is the pseudo-host of the built-in mock provider; calls to it are
// served inside the process.
const MockHost = "mock.portico.internal"

// Rows lists the providers that need no code of their own.
func Rows() []*Provider {
	return []*Provider{
		{
			ID: "openai", Name: "OpenAI", Docs: "https://platform.openai.com/docs/api-reference",
			Base: "https://api.openai.com/v1",
			Fields: []Field{
				{Name: "openai_organization", Header: "openai-organization", Label: "Organization", Send: "OpenAI-Organization",
					Help: "Organization id that usage is counted for"},
				{Name: "openai_project", Header: "openai-project", Label: "Project", Send: "OpenAI-Project",
					Help: "Project id that usage is counted for"},
				{Name: "openai_beta", Header: "openai-beta", Label: "Beta features", Send: "OpenAI-Beta", Plain: true,
					Help: "Value of the OpenAI-Beta header"},
			},
			Ops: withResponses(openAIOps("")),
		},
		{
			ID: "anthropic", Name: "Anthropic", Docs: "https://docs.anthropic.com/en/api",
			Base: "https://api.anthropic.com/v1",
			Sign: sign.Header("X-Api-Key"),
			Fields: []Field{
				{Name: "anthropic_version", Header: "anthropic-version", Label: "API version", Default: "2023-06-01",
					Send: "Anthropic-Version", Plain: true, Help: "Value of the anthropic-version header"},
				{Name: "anthropic_beta", Header: "anthropic-beta", Label: "Beta features", Send: "Anthropic-Beta", Plain: true,
					Help: "Value of the anthropic-beta header"},
			},
			Ops: map[ai.Op]Endpoint{
				ai.Chat:   {Dialect: ai.Anthropic, Path: "/messages"},
				ai.Models: {Dialect: ai.Anthropic, Path: "/models", Method: "GET"},

				ai.CountTokens: {Dialect: ai.Anthropic, Path: "/messages/count_tokens"},
			},
		},
		{
			ID: "anyscale", Name: "Anyscale", Docs: "https://docs.anyscale.com/endpoints",
			Base:   "https://api.endpoints.anyscale.com/v1",
			Ops:    openAIOps(""),
			Quirks: Quirks{NoStreamOptions: true},
		},
		{
			ID: "ollama", Name: "Ollama", Docs: "https://docs.ollama.com/openai",
			Sign:   sign.OptionalBearer,
			Ops:    openAIOps("/v1"),
			Quirks: Quirks{NoKey: true},
		},
		{
			ID: "mock", Name: "Mock (built in)", Docs: "https://github.com/portico-ai/portico/blob/main/docs/mock.md",
			Base:   "http://" + MockHost + "/v1",
			Sign:   sign.OptionalBearer,
			Ops:    openAIOps(""),
			Quirks: Quirks{NoKey: true},
		},
	}
}

func openAIOps(prefix string) map[ai.Op]Endpoint {
	return map[ai.Op]Endpoint{
		ai.Chat:     {Dialect: ai.OpenAI, Path: prefix + "/chat/completions"},
		ai.Complete: {Dialect: ai.OpenAI, Path: prefix + "/completions"},
		ai.Embed:    {Dialect: ai.OpenAI, Path: prefix + "/embeddings"},
		ai.Models:   {Dialect: ai.OpenAI, Path: prefix + "/models", Method: "GET"},
	}
}

// withResponses adds the Responses API to what a provider offers.
func withResponses(ops map[ai.Op]Endpoint) map[ai.Op]Endpoint {
	maps.Copy(ops, ResponsesOps())
	return ops
}

// ResponsesOps is the whole of OpenAI's Responses API.
func ResponsesOps() map[ai.Op]Endpoint {
	const one = "/responses/{response_id}"
	return map[ai.Op]Endpoint{
		ai.CreateResponse:      {Dialect: ai.Responses, Path: "/responses"},
		ai.GetResponse:         {Dialect: ai.Responses, Path: one, Method: "GET"},
		ai.DeleteResponse:      {Dialect: ai.Responses, Path: one, Method: "DELETE"},
		ai.CancelResponse:      {Dialect: ai.Responses, Path: one + "/cancel"},
		ai.ListResponseItems:   {Dialect: ai.Responses, Path: one + "/input_items", Method: "GET"},
		ai.CountResponseTokens: {Dialect: ai.Responses, Path: "/responses/input_tokens"},
	}
}
