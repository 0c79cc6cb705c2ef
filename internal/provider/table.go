package provider

import (
	"maps"
	"slices"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/sign"
)

// MockHost is the pseudo-host of the built-in mock provider; calls to it are
// served inside the process.
const MockHost = "mock.portico.internal"

// Rows lists the providers that need no code of their own.
func Rows() []*Provider {
	return slices.Concat(ownFormat(), compatibleAToK(), compatibleLToZ(), otherFormats())
}

// ownFormat are the vendors whose formats others follow, and what runs on one's
// own machine.
func ownFormat() []*Provider {
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
			Ops: withConversations(Relayed(withModel(openAIOps("")))),
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
				ai.Models: {Dialect: ai.Anthropic, Path: "/models?limit=1000", Method: "GET"},

				ai.GetModel: {Dialect: ai.Anthropic, Path: "/models/{model}", Method: "GET"},

				ai.CountTokens: {Dialect: ai.Anthropic, Path: "/messages/count_tokens"},
			},
		},
		{
			ID: "ollama", Name: "Ollama", Docs: "https://docs.ollama.com/openai",
			Sign:   sign.OptionalBearer,
			Ops:    openAIOps("/v1"),
			Quirks: Quirks{NoKey: true, Params: []Param{olderLimit}},
		},
		{
			ID: "mock", Name: "Mock (built in)", Docs: "https://github.com/portico-ai/portico/blob/main/docs/mock.md",
			Base:   "http://" + MockHost + "/v1",
			Sign:   sign.OptionalBearer,
			Ops:    withModel(openAIOps("")),
			Quirks: Quirks{NoKey: true},
		},
	}
}

// Operations that providers offer together.
var (
	audio   = []ai.Op{ai.Speech, ai.Transcribe, ai.Translate}
	images  = []ai.Op{ai.ImageGenerate, ai.ImageEdit, ai.ImageVary}
	files   = []ai.Op{ai.UploadFile, ai.ListFiles, ai.GetFile, ai.DeleteFile, ai.GetFileContent}
	batches = []ai.Op{ai.CreateBatch, ai.ListBatches, ai.GetBatch, ai.CancelBatch}
)

// Relayed adds operations of OpenAI's platform that a provider offers as OpenAI
// does; none named means all.
func Relayed(ops map[ai.Op]Endpoint, named ...ai.Op) map[ai.Op]Endpoint {
	return relayedBelow("", ops, named...)
}

// relayedBelow is Relayed for a base that lacks a prefix of their paths.
func relayedBelow(root string, ops map[ai.Op]Endpoint, named ...ai.Op) map[ai.Op]Endpoint {
	for _, r := range ai.Platform {
		if len(named) == 0 || slices.Contains(named, r.Op) {
			ops[r.Op] = Endpoint{Dialect: ai.OpenAI, Method: r.Method, Path: root + r.Path, AsCalled: true, Root: root}
		}
	}
	return ops
}

// drawing adds pictures in a format of the provider's own.
func drawing(format ai.Dialect, path string, ops map[ai.Op]Endpoint) map[ai.Op]Endpoint {
	ops[ai.ImageGenerate] = Endpoint{Dialect: format, Path: path}
	return ops
}

// editing adds that pictures are made from others, where the format's own
// pictures are made or at a path of its own.
func editing(path string, ops map[ai.Op]Endpoint) map[ai.Op]Endpoint {
	ops[ai.ImageEdit] = Endpoint{Dialect: ops[ai.ImageGenerate].Dialect, Path: path}
	return ops
}

// openAIOps are operations in OpenAI's format below a prefix; without a list,
// all four.
func openAIOps(prefix string, only ...ai.Op) map[ai.Op]Endpoint {
	all := map[ai.Op]Endpoint{
		ai.Chat:     {Dialect: ai.OpenAI, Path: prefix + "/chat/completions"},
		ai.Complete: {Dialect: ai.OpenAI, Path: prefix + "/completions"},
		ai.Embed:    {Dialect: ai.OpenAI, Path: prefix + "/embeddings"},
		ai.Models:   {Dialect: ai.OpenAI, Path: prefix + "/models", Method: "GET"},
	}
	if len(only) > 0 {
		maps.DeleteFunc(all, func(op ai.Op, _ Endpoint) bool { return !slices.Contains(only, op) })
	}
	return all
}

// withModel adds the retrieval of a single model.
func withModel(ops map[ai.Op]Endpoint) map[ai.Op]Endpoint {
	ops[ai.GetModel] = Endpoint{Dialect: ai.OpenAI, Path: ops[ai.Models].Path + "/{model}", Method: "GET"}
	return ops
}

// olderLimit is for servers that know the limit of tokens by its older name only
// and would answer without any limit.
var olderLimit = Param{Name: "max_completion_tokens", Op: ai.Chat, As: "max_tokens"}

// refused are members that a provider answers with an error.
func refused(names ...string) (list []Param) {
	for _, name := range names {
		list = append(list, Param{Name: name, Op: ai.Chat})
	}
	return list
}

// noDeveloper is for servers that know the role by its older name only.
var noDeveloper = map[string]string{"developer": "system"}

// withConversations adds the Responses API and its conversations to what a
// provider offers.
func withConversations(ops map[ai.Op]Endpoint) map[ai.Op]Endpoint {
	maps.Copy(ops, ResponsesOps())
	return relayedResponses(ops, ai.ConversationRoutes)
}

// ResponsesOps is OpenAI's Responses API, without conversations.
func ResponsesOps() map[ai.Op]Endpoint {
	return relayedResponses(map[ai.Op]Endpoint{ai.CreateResponse: {Dialect: ai.Responses, Path: "/responses"}}, ai.ResponseRoutes)
}

func relayedResponses(ops map[ai.Op]Endpoint, routes []ai.Route) map[ai.Op]Endpoint {
	for _, r := range routes {
		ops[r.Op] = Endpoint{Dialect: ai.Responses, Method: r.Method, Path: r.Path, AsCalled: true}
	}
	return ops
}
