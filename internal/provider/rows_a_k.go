package provider

import (
	"slices"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect/media"
)

// compatibleAToK are those that speak OpenAI's format, in the order of their ids.
func compatibleAToK() []*Provider {
	return []*Provider{
		{
			ID: "302ai", Name: "302.AI", Docs: "https://doc.302.ai/147522039e0",
			Base:     "https://api.302.ai",
			Unproven: true,
			Ops:      openAIOps("/v1", ai.Chat),
		},
		{
			ID: "ai21", Name: "AI21", Docs: "https://docs.ai21.com/reference/jamba-1-6-api-ref",
			Base:   "https://api.ai21.com/studio/v1",
			Quirks: Quirks{NoStreamOptions: true, TextOnly: true, Params: []Param{olderLimit}, Roles: noDeveloper},
			Ops:    openAIOps("", ai.Chat, ai.Models),
			Notes: []string{
				"Only the chat completions API is offered; the endpoints of the retired Jurassic models are not.",
			},
		},
		{
			ID: "aibadgr", Name: "AI Badgr", Docs: "https://aibadgr.com/docs",
			Base:     "https://aibadgr.com/api/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat),
		},
		{
			ID: "anyscale", Name: "Anyscale", Docs: "https://docs.anyscale.com/endpoints",
			Base:     "https://api.endpoints.anyscale.com/v1",
			Unproven: true,
			Quirks:   Quirks{NoStreamOptions: true},
			Ops:      openAIOps("", ai.Chat, ai.Complete, ai.Embed, ai.Models),
		},
		{
			ID: "byteplus", Name: "BytePlus ModelArk", Docs: "https://docs.byteplus.com/en/docs/ModelArk/1494384",
			Base:     "https://ark.{byteplus_region}.bytepluses.com/api/v3",
			Unproven: true,
			Fields: []Field{
				{Name: "byteplus_region", Header: "byteplus-region", Label: "Region", Default: "ap-southeast-1", URLPart: true,
					Help: "Region of the ModelArk endpoint"},
			},
			Ops: openAIOps("", ai.Chat, ai.Embed),
		},
		{
			ID: "bytez", Name: "Bytez", Docs: "https://docs.bytez.com/http-reference/examples/openai-compliant/chatCompletionsExample",
			Base:     "https://api.bytez.com/models/v2/openai/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat, ai.Complete),
			Notes: []string{
				"Bytez's OpenAI-compatible address is used, not its older one with a format of its own.",
			},
		},
		{
			ID: "cerebras", Name: "Cerebras", Docs: "https://inference-docs.cerebras.ai/api-reference/chat-completions",
			Base:   "https://api.cerebras.ai/v1",
			Quirks: Quirks{Params: refused("frequency_penalty", "presence_penalty", "logit_bias")},
			Ops:    openAIOps("", ai.Chat, ai.Complete, ai.Models),
		},
		{
			ID: "cometapi", Name: "CometAPI", Docs: "https://api.cometapi.com/doc",
			Base:     "https://api.cometapi.com/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat, ai.Embed),
		},
		{
			ID: "cortex", Name: "Snowflake Cortex", Docs: "https://docs.snowflake.com/en/user-guide/snowflake-cortex/open_ai_sdk",
			Base: "https://{snowflake_account}.snowflakecomputing.com/api/v2/cortex/v1",
			Fields: []Field{
				{Name: "snowflake_account", Header: "snowflake-account", Label: "Account", Required: true, URLPart: true,
					Help: "Account identifier, as in the address before .snowflakecomputing.com"},
				{Name: "snowflake_token_type", Header: "snowflake-token-type", Label: "Token type", Default: "KEYPAIR_JWT",
					Send: "X-Snowflake-Authorization-Token-Type", Help: "KEYPAIR_JWT, OAUTH or PROGRAMMATIC_ACCESS_TOKEN"},
			},
			Ops: openAIOps("", ai.Chat),
			Notes: []string{
				"The address that speaks OpenAI's format is used, not cortex/inference:complete.",
			},
		},
		{
			ID: "dashscope", Name: "DashScope (Alibaba Cloud)", Docs: "https://www.alibabacloud.com/help/en/model-studio/use-qwen-by-calling-api",
			Base: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
			Ops:  Relayed(openAIOps("", ai.Chat, ai.Embed, ai.Models), slices.Concat(files, batches)...),
			Notes: []string{
				"The address is that of the international region; for mainland China set custom_host to https://dashscope.aliyuncs.com/compatible-mode/v1, for the USA to https://dashscope-us.aliyuncs.com/compatible-mode/v1.",
				"Thinking models do not take tool_choice \"required\" or a named tool while they think.",
			},
		},
		{
			ID: "databricks", Name: "Databricks", Docs: "https://docs.databricks.com/en/machine-learning/foundation-models/query-foundation-model-apis",
			Base: "https://{databricks_workspace}.cloud.databricks.com/serving-endpoints",
			Fields: []Field{
				{Name: "databricks_workspace", Header: "databricks-workspace", Label: "Workspace", Required: true, URLPart: true,
					Help: "The part before .cloud.databricks.com; for other clouds set custom_host to https://…/serving-endpoints"},
			},
			Quirks: Quirks{NoStreamOptions: true},
			Ops:    openAIOps("", ai.Chat, ai.Complete, ai.Embed),
			Notes: []string{
				"model is the name of the serving endpoint.",
				"Usage comes with every chunk of a stream.",
			},
		},
		{
			ID: "deepbricks", Name: "Deepbricks", Docs: "https://deepbricks.ai/api-docs",
			Base:     "https://api.deepbricks.ai/v1",
			Unproven: true,
			Ops:      Relayed(openAIOps("", ai.Chat), ai.ImageGenerate),
		},
		{
			ID: "deepinfra", Name: "DeepInfra", Docs: "https://deepinfra.com/docs/openai_api",
			Base:   "https://api.deepinfra.com/v1/openai",
			Quirks: Quirks{Params: []Param{olderLimit}, Roles: noDeveloper},
			Ops:    Relayed(openAIOps("", ai.Chat, ai.Complete, ai.Embed, ai.Models), slices.Concat(audio, images, []ai.Op{ai.UploadFile, ai.ListFiles, ai.CreateBatch, ai.ListBatches, ai.GetBatch})...),
		},
		{
			ID: "deepseek", Name: "DeepSeek", Docs: "https://api-docs.deepseek.com/api/create-chat-completion",
			Base: "https://api.deepseek.com",
			Quirks: Quirks{Thoughts: true, Params: []Param{olderLimit}, Roles: noDeveloper,
				Finish: map[string]string{"insufficient_system_resource": "length"}},
			Ops: openAIOps("", ai.Chat, ai.Models),
			Notes: []string{
				"Messages hold text only; images, audio and files are refused.",
				"While a model thinks, tool_choice \"required\" and a named tool are refused.",
			},
		},
		{
			ID: "featherless-ai", Name: "Featherless", Docs: "https://featherless.ai/docs/api-overview-and-common-options",
			Base:     "https://api.featherless.ai/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat, ai.Complete, ai.Models),
		},
		{
			ID: "github", Name: "GitHub Models", Docs: "https://docs.github.com/en/rest/models/inference",
			Base:     "https://models.github.ai/inference",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat, ai.Embed),
			Notes: []string{
				"GitHub shut the older address, models.inference.ai.azure.com, in October 2025; models are now named with their publisher, as in openai/gpt-4o.",
			},
		},
		{
			ID: "groq", Name: "Groq", Docs: "https://console.groq.com/docs/api-reference",
			Base:   "https://api.groq.com/openai/v1",
			Quirks: Quirks{Members: []string{"name", "annotations"}, Params: refused("logprobs", "top_logprobs", "logit_bias", "prompt_cache_key", "prompt_cache_options", "safety_identifier", "verbosity")},
			Ops:    Relayed(openAIOps("", ai.Chat, ai.Embed, ai.Models), slices.Concat(audio, files, batches)...),
			Notes: []string{
				"n must be 1; more is refused.",
				"Usage of a stream is also found under x_groq.",
			},
		},
		{
			ID: "huggingface", Name: "Hugging Face", Docs: "https://huggingface.co/docs/inference-providers/tasks/chat-completion",
			Base: "{huggingface_base_url}",
			Fields: []Field{
				{Name: "huggingface_base_url", Header: "huggingface-base-url", Label: "Base URL", Default: "https://router.huggingface.co", URL: true,
					Help: "A dedicated endpoint or a TGI server, without /v1"},
			},
			Quirks: Quirks{Params: []Param{olderLimit}, Finish: map[string]string{"eos_token": "stop", "stop_sequence": "stop"}},
			Ops:    reranking(openAIOps("/v1", ai.Chat, ai.Models), Endpoint{Dialect: ai.TEI, Path: "/rerank"}),
			Notes: []string{
				"The router picks who serves a model; model:provider names one. What a model can do depends on who serves it.",
				"Reranking is that of a Text Embeddings Inference server or endpoint, which huggingface_base_url or custom_host names; the router has none.",
			},
		},
		{
			ID: "hyperbolic", Name: "Hyperbolic", Docs: "https://docs.hyperbolic.xyz/reference/create_chat_completion_v1_chat_completions_post",
			Base: "https://api.hyperbolic.xyz",
			Ops:  drawing(media.Hyperbolic, "/v1/images/generations", openAIOps("/v1", ai.Chat, ai.Models)),
		},
		{
			ID: "inference-net", Name: "Inference.net", Docs: "https://docs.inference.net/api",
			Base:     "https://api.inference.net/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat),
		},
		{
			ID: "iointelligence", Name: "IO Intelligence", Docs: "https://docs.io.net/reference/get-started-with-io-intelligence-api",
			Base:     "https://api.intelligence.io.solutions/api/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat, ai.Embed),
		},
		{
			ID: "kluster-ai", Name: "kluster.ai", Docs: "https://docs.kluster.ai/get-started/openai-compatibility",
			Base:     "https://api.kluster.ai/v1",
			Unproven: true,
			Quirks:   Quirks{NoStreamOptions: true, Params: refused("store", "service_tier", "parallel_tool_calls")},
			Ops:      Relayed(openAIOps("", ai.Chat, ai.Embed, ai.Models), slices.Concat(files, batches)...),
		},
		{
			ID: "krutrim", Name: "Krutrim", Docs: "https://docs.cloud.olakrutrim.com/ai-pods/api-reference",
			Base:     "https://cloud.olakrutrim.com/v1",
			Unproven: true,
			Ops:      openAIOps("", ai.Chat),
		},
	}
}
