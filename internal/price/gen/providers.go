package main

import "strings"

// A provider says under which names the catalogues know one of ours. Its id is
// the slug that clients use, which is portkey-models' file as well.
type provider struct {
	id      string
	litellm []string // litellm_provider values
	prefix  string   // that LiteLLM puts before the model
	genai   string   // "x_*" for all that begin so: x_y's model m is "m:y"
	trim    string   // that any catalogue may put before a model, and lookups ignore

	genaiOnlyVotes bool   // its list also has models of other services
	search         string // its unit for a search by the model, if not "web_search"
	mediaInDollars bool   // portkey-models has its pictures and video in dollars, not in cents
	converted      bool   // its prices were converted from a unit of its own, and lost their last digits
	byContext      bool   // each call has a search, priced by the size of its context
}

// name returns the name that we keep for a model.
func (p provider) name(listed string) string {
	if p.trim == "" {
		return listed
	}
	return strings.TrimPrefix(listed, p.trim)
}

var providers = []provider{
	{id: "ai21", litellm: []string{"ai21"}},
	{id: "anthropic", litellm: []string{"anthropic"}, genai: "anthropic"},
	{id: "anyscale", litellm: []string{"anyscale"}, prefix: "anyscale/"},
	{id: "azure-ai", litellm: []string{"azure_ai"}, prefix: "azure_ai/"},
	{id: "azure-openai", litellm: []string{"azure", "azure_text"}, prefix: "azure/", genai: "azure", genaiOnlyVotes: true},
	{id: "bedrock", litellm: []string{"bedrock", "bedrock_converse"}, prefix: "bedrock/", genai: "aws"},
	{id: "bedrock-mantle", litellm: []string{"bedrock_mantle"}, prefix: "bedrock_mantle/"},
	{id: "black-forest-labs", litellm: []string{"black_forest_labs"}, prefix: "black_forest_labs/"},
	{id: "byteplus"},
	{id: "cerebras", litellm: []string{"cerebras"}, prefix: "cerebras/", genai: "cerebras"},
	{id: "claude-platform-aws"},
	{id: "cohere", litellm: []string{"cohere", "cohere_chat"}, prefix: "cohere/", genai: "cohere"},
	{id: "cortex", litellm: []string{"snowflake"}, prefix: "snowflake/"},
	{id: "dashscope", litellm: []string{"dashscope"}, prefix: "dashscope/"},
	{id: "databricks", litellm: []string{"databricks"}, prefix: "databricks/", converted: true},
	{id: "deepbricks"},
	{id: "deepgram", litellm: []string{"deepgram"}, prefix: "deepgram/"},
	{id: "deepinfra", litellm: []string{"deepinfra"}, prefix: "deepinfra/"},
	{id: "deepseek", litellm: []string{"deepseek"}, prefix: "deepseek/", genai: "deepseek"},
	{id: "ember-cloud"},
	{id: "fal-ai", litellm: []string{"fal_ai"}, prefix: "fal_ai/"},
	{id: "featherless-ai", litellm: []string{"featherless_ai"}, prefix: "featherless_ai/"},
	{id: "fireworks-ai", litellm: []string{"fireworks_ai", "fireworks_ai-embedding-models"}, prefix: "fireworks_ai/",
		genai: "fireworks", trim: "accounts/fireworks/models/"},
	{id: "google", litellm: []string{"gemini"}, prefix: "gemini/", genai: "google", genaiOnlyVotes: true, search: "search"},
	{id: "groq", litellm: []string{"groq"}, prefix: "groq/", genai: "groq"},
	{id: "huggingface", genai: "huggingface_*"},
	{id: "hyperbolic", litellm: []string{"hyperbolic"}, prefix: "hyperbolic/"},
	{id: "jina", litellm: []string{"jina_ai"}, prefix: "jina_ai/"},
	{id: "lambda", litellm: []string{"lambda_ai"}, prefix: "lambda_ai/"},
	{id: "lightning-ai"},
	{id: "minimax", litellm: []string{"minimax"}, prefix: "minimax/", genai: "minimax"},
	{id: "mistral-ai", litellm: []string{"mistral", "codestral", "text-completion-codestral"}, prefix: "mistral/", genai: "mistral"},
	{id: "monsterapi"},
	{id: "moonshot", litellm: []string{"moonshot"}, prefix: "moonshot/", genai: "moonshotai"},
	{id: "nebius", litellm: []string{"nebius"}, prefix: "nebius/"},
	{id: "nomic"},
	{id: "novita-ai", litellm: []string{"novita"}, prefix: "novita/", genai: "novita"},
	{id: "nscale", litellm: []string{"nscale"}, prefix: "nscale/"},
	{id: "openai", litellm: []string{"openai", "text-completion-openai"}, prefix: "openai/", genai: "openai"},
	{id: "openrouter", litellm: []string{"openrouter"}, prefix: "openrouter/", genai: "openrouter"},
	{id: "oracle", litellm: []string{"oci"}, prefix: "oci/"},
	{id: "ovhcloud", litellm: []string{"ovhcloud"}, prefix: "ovhcloud/", genai: "ovhcloud"},
	{id: "palm", litellm: []string{"palm"}, prefix: "palm/", trim: "models/"},
	{id: "perplexity-ai", litellm: []string{"perplexity"}, prefix: "perplexity/", genai: "perplexity", byContext: true},
	{id: "predibase"},
	{id: "recraft-ai", litellm: []string{"recraft"}, prefix: "recraft/"},
	{id: "reka-ai"},
	{id: "replicate", litellm: []string{"replicate"}, prefix: "replicate/"},
	{id: "sambanova", litellm: []string{"sambanova"}, prefix: "sambanova/"},
	{id: "stability-ai", litellm: []string{"stability"}, prefix: "stability/"},
	{id: "together-ai", litellm: []string{"together_ai"}, prefix: "together_ai/", genai: "together", mediaInDollars: true},
	{id: "vertex-ai", litellm: []string{
		"vertex_ai", "vertex_ai-ai21_models", "vertex_ai-anthropic_models", "vertex_ai-deepseek_models", "vertex_ai-embedding-models",
		"vertex_ai-image-models", "vertex_ai-language-models", "vertex_ai-llama_models", "vertex_ai-minimax_models", "vertex_ai-mistral_models",
		"vertex_ai-moonshot_models", "vertex_ai-openai_models", "vertex_ai-qwen_models", "vertex_ai-text-models", "vertex_ai-video-models",
		"vertex_ai-zai_models",
	}, prefix: "vertex_ai/", genai: "google", genaiOnlyVotes: true, search: "search"},
	{id: "voyage", litellm: []string{"voyage"}, prefix: "voyage/", genai: "voyageai"},
	{id: "workers-ai", litellm: []string{"cloudflare"}, prefix: "cloudflare/"},
	{id: "x-ai", litellm: []string{"xai"}, prefix: "xai/", genai: "x-ai"},
	{id: "z-ai", litellm: []string{"zai"}, prefix: "zai/"},
	{id: "zhipu", genai: "zhipuai"},
}
