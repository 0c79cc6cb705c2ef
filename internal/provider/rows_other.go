package provider

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/internal/sign"
)

// otherFormats are providers that have a format of their own for some operation.
func otherFormats() []*Provider {
	return []*Provider{
		{
			ID: "cohere", Name: "Cohere", Docs: "https://docs.cohere.com/reference/about",
			Base: "https://api.cohere.com",
			Ops: map[ai.Op]Endpoint{
				ai.Chat:     {Dialect: ai.Cohere, Path: "/v2/chat"},
				ai.Complete: {Dialect: ai.Cohere, Path: "/v1/generate"},
				ai.Embed:    {Dialect: ai.Cohere, Path: "/v2/embed"},
				ai.Rerank:   {Dialect: ai.Cohere, Path: "/v2/rerank"},
				ai.Models:   {Dialect: ai.Cohere, Path: "/v1/models?page_size=1000", Method: "GET"},
			},
			Notes: []string{
				"Completions are Cohere's older generate and are not streamed.",
			},
		},
		{
			ID: "jina", Name: "Jina AI", Docs: "https://api.jina.ai/redoc",
			Base: "https://api.jina.ai/v1",
			Ops: map[ai.Op]Endpoint{
				ai.Embed:  {Dialect: ai.Jina, Path: "/embeddings"},
				ai.Rerank: {Dialect: ai.OpenAI, Path: "/rerank"},
				ai.Models: {Dialect: ai.OpenAI, Path: "/models", Method: "GET"},
			},
		},
		{
			ID: "nomic", Name: "Nomic", Docs: "https://docs.nomic.ai/reference/api",
			Base:     "https://api-atlas.nomic.ai/v1",
			Unproven: true,
			Ops:      map[ai.Op]Endpoint{ai.Embed: {Dialect: ai.Nomic, Path: "/embedding/text"}},
		},
		{
			ID: "palm", Name: "Google PaLM", Docs: "https://developers.generativeai.google/api",
			Base:     "https://generativelanguage.googleapis.com/v1beta",
			Unproven: true,
			Sign:     sign.Header("X-Goog-Api-Key"),
			Ops: map[ai.Op]Endpoint{
				ai.Chat:     {Dialect: ai.PaLM, Path: "/models/{model}:generateMessage"},
				ai.Complete: {Dialect: ai.PaLM, Path: "/models/{model}:generateText"},
				ai.Embed:    {Dialect: ai.PaLM, Path: "/models/{model}:batchEmbedText"},
			},
			Notes: []string{
				"Google has retired this API; it is kept for hosts that still speak it. Nothing is streamed.",
			},
		},
		triton(),
		workersAI(),
	}
}

// triton speaks OpenAI's format at the server's frontend, and Triton's own at the
// address of one model.
func triton() *Provider {
	frontend := &Provider{
		ID: "triton", Name: "Triton Inference Server", Docs: "https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/client_guide/openai_readme.html",
		Unproven: true,
		Sign:     sign.OptionalBearer,
		Quirks:   Quirks{NoKey: true},
		Ops:      openAIOps("/v1", ai.Chat, ai.Complete, ai.Models),
		Notes: []string{
			"custom_host is the address of Triton's OpenAI-compatible frontend, such as http://localhost:9000; or of one model, such as " +
				"http://localhost:8000/v2/models/NAME, whose generate extension then serves completions, not streamed.",
		},
	}
	generate := *frontend
	generate.Name, generate.Docs = "Triton Inference Server (generate)", "https://docs.nvidia.com/deeplearning/triton-inference-server"
	generate.Ops, generate.Notes = map[ai.Op]Endpoint{ai.Complete: {Dialect: ai.Triton, Path: "/generate"}}, nil
	frontend.Variants = []Variant{{When: func(base string) bool { return strings.Contains(base, "/v2/models/") }, Row: &generate}}
	return frontend
}

// workersAI speaks OpenAI's format where Cloudflare does, and that of ai/run for
// the rest; and for everything where the base is that address itself.
func workersAI() *Provider {
	own := func(prefix string) Endpoint { return Endpoint{Dialect: ai.WorkersAI, Path: prefix + "/{model...}"} }
	compatible := &Provider{
		ID: "workers-ai", Name: "Cloudflare Workers AI", Docs: "https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility",
		Base:     "https://api.cloudflare.com/client/v4/accounts/{workers_ai_account_id}/ai",
		Unproven: true,
		Fields: []Field{
			{Name: "workers_ai_account_id", Header: "workers-ai-account-id", Label: "Account id", Required: true, URLPart: true,
				Help: "Id of the Cloudflare account"},
		},
		Ops: openAIOps("/v1", ai.Chat, ai.Embed),
		Notes: []string{
			"Chat and embeddings use Cloudflare's OpenAI-compatible address, completions, reranking and pictures ai/run, with its format of its own.",
			"A custom_host that ends in /run is spoken to in that format for chat and embeddings, too.",
		},
	}
	compatible.Ops[ai.Complete], compatible.Ops[ai.Rerank] = own("/run"), own("/run")
	compatible.Ops = editing("/run/{model...}", drawing(media.WorkersAI, "/run/{model...}", compatible.Ops))
	run := *compatible
	run.Name, run.Docs, run.Notes = "Cloudflare Workers AI (ai/run)", "https://developers.cloudflare.com/workers-ai/models", nil
	run.Unproven = false
	run.Base += "/run"
	run.Ops = editing("/{model...}", drawing(media.WorkersAI, "/{model...}",
		map[ai.Op]Endpoint{ai.Chat: own(""), ai.Complete: own(""), ai.Embed: own(""), ai.Rerank: own("")}))
	compatible.Variants = []Variant{{When: func(base string) bool { return strings.HasSuffix(base, "/run") }, Row: &run}}
	return compatible
}

// reranking adds reranking to what a provider offers.
func reranking(ops map[ai.Op]Endpoint, e Endpoint) map[ai.Op]Endpoint {
	ops[ai.Rerank] = e
	return ops
}
