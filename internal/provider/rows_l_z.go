package provider

import (
	"slices"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/internal/sign"
)

// compatibleLToZ are those that speak OpenAI's format, in the order of their ids.
func compatibleLToZ() []*Provider {
	return []*Provider{
		{
			ID: "lambda", Name: "Lambda", Docs: "https://docs.lambda.ai/public-cloud/lambda-inference-api",
			Base:     "https://api.lambda.ai/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat, ai.Complete, ai.Models),
			Notes: []string{
				"Lambda closed this API in September 2025; the row is kept for private deployments behind a custom_host.",
			},
		},
		{
			ID: "latitude", Name: "Latitude.sh", Docs: "https://docs.latitude.sh/reference",
			Base:     "https://api.lsh.ai/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat),
		},
		{
			ID: "lemonfox-ai", Name: "Lemonfox", Docs: "https://www.lemonfox.ai/apis/chat",
			Base:     "https://api.lemonfox.ai/v1",
			Unproven: true,
			Quirks:   Quirks{NoStreamOptions: true},
			Ops:      Relayed(openAIOps("", ai.Chat), ai.Transcribe, ai.Translate, ai.Speech, ai.ImageGenerate),
		},
		{
			ID: "lepton", Name: "Lepton", Docs: "https://www.lepton.ai/docs",
			Base:     "https://api.lepton.ai",
			Unproven: true,
			Ops:      relayedBelow("/api/v1", openAIOps("/api/v1", ai.Chat, ai.Complete), ai.Transcribe),
		},
		{
			ID: "lightning-ai", Name: "Lightning AI", Docs: "https://lightning.ai/docs/overview/model-apis",
			Base:     "https://lightning.ai/api/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat, ai.Models),
		},
		{
			ID: "lingyi", Name: "01.AI (Lingyi)", Docs: "https://platform.lingyiwanwu.com/docs",
			Base:     "https://api.lingyiwanwu.com",
			Unproven: true,
			Quirks:   Quirks{Params: []Param{olderLimit}},
			Ops:      openAIOps("/v1", ai.Chat, ai.Models),
		},
		{
			ID: "matterai", Name: "MatterAI", Docs: "https://docs.matterai.so",
			Base:     "https://api.matterai.so/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat),
		},
		{
			ID: "minimax", Name: "MiniMax", Docs: "https://platform.minimax.io/docs/api-reference/text-openai-api",
			Base: "https://api.minimax.io/v1",
			Ops:  openAIOps("", ai.Chat),
			Notes: []string{
				"base_resp in a reply repeats how it went; it is passed on.",
			},
		},
		{
			ID: "mistral-ai", Name: "Mistral", Docs: "https://docs.mistral.ai/api",
			Telemetry: []string{"mistral_ai", "mistral", "mistralai"},
			Base:      "https://api.mistral.ai/v1",
			Quirks: Quirks{NoStreamOptions: true, Roles: noDeveloper, Members: []string{"annotations", "refusal", "audio"},
				Finish: map[string]string{"model_length": "length"}, Params: append(
					[]Param{olderLimit, {Name: "seed", Op: ai.Chat, As: "random_seed"}, {Name: "dimensions", Op: ai.Embed, As: "output_dimension"},
						{Name: "temperature", Op: ai.Chat, Max: 1.5}, {Name: "user"}},
					refused("logit_bias", "logprobs", "top_logprobs", "service_tier", "store", "prompt_cache_options", "safety_identifier", "verbosity")...)},
			Ops: Relayed(openAIOps("", ai.Chat, ai.Embed, ai.Models), slices.Concat(files, []ai.Op{ai.Transcribe, ai.Moderate, ai.CreateFinetune, ai.ListFinetunes, ai.GetFinetune, ai.CancelFinetune})...),
			Notes: []string{
				"Members that Mistral does not know are refused, so those of OpenAI that only steer are left out.",
				"A stream ends with usage without being asked.",
				"The thoughts of a reasoning model are parts of its content.",
			},
		},
		{
			ID: "modal", Name: "Modal", Docs: "https://modal.com/docs/examples/vllm_inference",
			Unproven: true,
			Sign:     sign.OptionalBearer,
			Quirks:   Quirks{NoKey: true},
			Ops:      openAIOps("", ai.Chat, ai.Complete, ai.Embed, ai.Models),
			Notes: []string{
				"custom_host is the URL of one's own deployment with /v1, such as https://acme--vllm-serve.modal.run/v1.",
			},
		},
		{
			ID: "monsterapi", Name: "MonsterAPI", Docs: "https://developer.monsterapi.ai/reference",
			Base:     "https://llm.monsterapi.ai/v1",
			Unproven: true,
			Quirks: Quirks{Params: []Param{{Name: "max_completion_tokens", Op: ai.Chat, As: "max_length"}, {Name: "max_tokens", Op: ai.Chat, As: "max_length"},
				{Name: "temperature", Op: ai.Chat, Max: 1}}},
			Ops: openAIOps("", ai.Chat),
		},
		{
			ID: "moonshot", Name: "Moonshot (Kimi)", Docs: "https://platform.moonshot.ai/docs/api/chat",
			Telemetry: []string{"moonshot_ai", "moonshotai"},
			Base:      "https://api.moonshot.cn",
			Quirks:    Quirks{Thoughts: true, Roles: noDeveloper, Params: []Param{{Name: "temperature", Op: ai.Chat, Max: 1}}},
			Ops:       relayedBelow("/v1", openAIOps("/v1", ai.Chat, ai.Models), files...),
			Notes: []string{
				"The address is that of mainland China; for keys of platform.moonshot.ai set custom_host to https://api.moonshot.ai.",
			},
		},
		{
			ID: "ncompass", Name: "nCompass", Docs: "https://docs.ncompass.tech",
			Base:     "https://api.ncompass.tech/v1",
			Unproven: true,
			Quirks:   Quirks{Params: []Param{olderLimit}},
			Ops:      openAIOps("", ai.Chat),
		},
		{
			ID: "nebius", Name: "Nebius", Docs: "https://docs.nebius.com/studio/inference/api",
			Base: "https://api.studio.nebius.ai/v1",
			Ops:  drawing(media.Nebius, "/images/generations", openAIOps("", ai.Chat, ai.Complete, ai.Embed, ai.Models)),
		},
		{
			ID: "nextbit", Name: "Nextbit", Docs: "https://nextbit256.com/docs",
			Base:     "https://api.nextbit256.com/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat, ai.Complete),
		},
		{
			ID: "novita-ai", Name: "Novita", Docs: "https://novita.ai/docs/api-reference/model-apis-llm-create-chat-completion",
			Base:   "https://api.novita.ai/v3/openai",
			Quirks: Quirks{Params: []Param{olderLimit}},
			Ops:    openAIOps("", ai.Chat, ai.Complete, ai.Models),
		},
		{
			ID: "nscale", Name: "Nscale", Docs: "https://docs.nscale.com/api-reference/inference/chat",
			Base:     "https://inference.api.nscale.com/v1",
			Unproven: true,
			Quirks:   Quirks{NoStreamOptions: true},
			Ops:      Relayed(openAIOps("", ai.Chat, ai.Models), ai.ImageGenerate),
		},
		{
			ID: "openrouter", Name: "OpenRouter", Docs: "https://openrouter.ai/docs/api-reference/overview",
			Base: "https://openrouter.ai/api",
			Ops:  openAIOps("/v1", ai.Chat, ai.Embed, ai.Models),
			Notes: []string{
				"An error of the model behind may come inside a stream that began well; it ends the stream as an error.",
			},
		},
		{
			ID: "ovhcloud", Name: "OVHcloud AI Endpoints", Docs: "https://help.ovhcloud.com/csm/en-public-cloud-ai-endpoints-getting-started",
			Base:     "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat, ai.Embed, ai.Models),
		},
		{
			ID: "perplexity-ai", Name: "Perplexity", Docs: "https://docs.perplexity.ai/api-reference/chat-completions-post",
			Telemetry: []string{"perplexity"},
			Base:      "https://api.perplexity.ai",
			Quirks:    Quirks{NoDone: true, NoStreamOptions: true, Params: []Param{olderLimit}},
			Ops:       openAIOps("", ai.Chat),
			Notes: []string{
				"citations and search_results are passed on beside the choices.",
				"Every chunk of a stream repeats the usage so far.",
			},
		},
		{
			ID: "predibase", Name: "Predibase", Docs: "https://docs.predibase.com/user-guide/inference/migrate-openai",
			Base: "https://serving.app.predibase.com",
			Fields: []Field{
				{Name: "predibase_tenant_id", Header: "predibase-tenant-id", Label: "Tenant id", Required: true, URLPart: true,
					Help: "Id of the tenant, from the account's settings"},
			},
			Quirks: Quirks{AdapterMark: ":", TextOnly: true, Params: []Param{olderLimit}, Roles: noDeveloper, Finish: map[string]string{"eos_token": "stop", "stop_sequence": "stop"}},
			Ops:    openAIOps("/{predibase_tenant_id}/deployments/v2/llms/{model}/v1", ai.Chat),
			Notes: []string{
				"The tenant is a setting of its own; it is not read from the request's user.",
			},
		},
		{
			ID: "reka-ai", Name: "Reka", Docs: "https://docs.reka.ai/api-reference/chat/create",
			Base: "https://api.reka.ai",
			Sign: sign.Header("X-Api-Key"),
			Quirks: Quirks{NoStreamOptions: true, FlatTools: true, Params: []Param{olderLimit, {Name: "tool_choice", Op: ai.Chat, Value: `"required"`, To: `"tool"`}},
				Roles: map[string]string{"system": "user", "developer": "user"}},
			Ops: openAIOps("/v1", ai.Chat, ai.Models),
			Notes: []string{
				"There is no system role: system messages are sent as the user's, with a receipt.",
				"An image is its URL alone here (image_url is a string), and a single tool cannot be forced; both are passed on as they are.",
			},
		},
		{
			ID: "sambanova", Name: "SambaNova", Docs: "https://docs.sambanova.ai/docs/en/features/openai-compatibility",
			Base: "https://api.sambanova.ai",
			Ops:  openAIOps("/v1", ai.Chat, ai.Models),
		},
		{
			ID: "siliconflow", Name: "SiliconFlow", Docs: "https://docs.siliconflow.cn/en/api-reference/chat-completions/chat-completions",
			Base:     "https://api.siliconflow.cn/v1",
			Unproven: true,
			Quirks:   Quirks{Params: []Param{olderLimit}},
			Ops:      editing("/images/generations", drawing(media.SiliconFlow, "/images/generations", Relayed(openAIOps("", ai.Chat, ai.Embed, ai.Models), ai.Speech, ai.Transcribe))),
			Notes: []string{
				"The address is that of mainland China; elsewhere set custom_host to https://api.siliconflow.com/v1.",
			},
		},
		{
			ID: "together-ai", Name: "Together AI", Docs: "https://docs.together.ai/reference/chat-completions-1",
			Telemetry: []string{"together_ai", "togetherai", "together"},
			Base:      "https://api.together.xyz",
			Quirks: Quirks{TextOnly: true, Roles: noDeveloper, Finish: map[string]string{"eos": "stop"}, Params: []Param{olderLimit,
				{Name: "logprobs", Op: ai.Chat, Value: "true", To: "1"}, {Name: "logprobs", Op: ai.Chat, Value: "false"}}},
			Ops: reranking(editing("/v1/images/generations", drawing(media.Together, "/v1/images/generations", relayedBelow("/v1", openAIOps("/v1", ai.Chat, ai.Complete, ai.Embed, ai.Models),
				slices.Concat(audio, batches, []ai.Op{ai.ListFiles, ai.GetFile, ai.DeleteFile, ai.GetFileContent})...))), Endpoint{Dialect: ai.OpenAI, Path: "/v1/rerank"}),
			Notes: []string{
				"logprobs is a number here, of alternatives per token; top_logprobs means nothing.",
			},
		},
		{
			ID: "upstage", Name: "Upstage", Docs: "https://console.upstage.ai/docs/capabilities/chat",
			Base:     "https://api.upstage.ai/v1",
			Unproven: true,
			Quirks:   Quirks{Params: []Param{olderLimit}},
			Ops:      openAIOps("", ai.Chat, ai.Embed),
		},
		{
			ID: "x-ai", Name: "xAI", Docs: "https://docs.x.ai/docs/api-reference",
			Telemetry: []string{"x_ai", "xai"},
			Base:      "https://api.x.ai/v1",
			Ops:       editing("/images/edits", drawing(media.XAI, "/images/generations", openAIOps("", ai.Chat, ai.Complete, ai.Embed, ai.Models))),
			Notes: []string{
				"Reasoning models refuse presence_penalty, frequency_penalty and stop.",
			},
		},
		{
			ID: "z-ai", Name: "Z.ai", Docs: "https://docs.z.ai/api-reference/llm/chat-completion",
			Base:   "https://api.z.ai/api/paas/v4",
			Quirks: Quirks{Params: []Param{olderLimit}, Roles: noDeveloper},
			Ops:    openAIOps("", ai.Chat),
			Notes: []string{
				"For a coding plan set custom_host to https://api.z.ai/api/coding/paas/v4.",
			},
		},
		{
			ID: "zhipu", Name: "Zhipu", Docs: "https://docs.bigmodel.cn/api-reference",
			Base:     "https://open.bigmodel.cn/api/paas/v4",
			Unproven: true,
			Quirks:   Quirks{Params: []Param{olderLimit}, Roles: noDeveloper},
			Ops:      openAIOps("", ai.Chat, ai.Embed),
		},
	}
}
