package main

import (
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/price"
)

// ours are the price files that no catalogue has.
var ours = map[string]map[string]price.Entry{
	"ollama": {"*": {
		Source: []string{"portico"}, AsOf: portkeyAsOf, Local: true,
		Note:  "Runs on the operator's own machines; nobody is paid per token. Hardware and power are not counted.",
		Rates: map[string]string{"input": "0", "output": "0"},
	}},
	"mock": {"*": {
		Source: []string{"portico"}, AsOf: portkeyAsOf, Kind: "chat",
		Note:  "Made up, so that a demo has costs to show. The mock provider charges nothing.",
		Rates: map[string]string{"input": "0.1", "output": "0.4", "cache_read": "0.025"},
		Units: map[string]string{"web_search": "0.001"},
	}},
}

// A ruling decides by hand what a vote cannot, and says why in the entry.
type ruling struct {
	source string // the catalogue whose figures are taken for rates, all others ignored; "" for none
	note   string

	from    string        // from when on the price is in force, if it changed
	earlier []price.Entry // what was before
}

// rulings are by provider and model.
var rulings = map[[2]string]ruling{
	{"anthropic", "claude-sonnet-5"}: {source: genaiName, note: "The other catalogues still have the introductory price.", from: "2026-09-01", earlier: []price.Entry{{
		Source: []string{portkeyName, litellmName, genaiName}, AsOf: portkeyAsOf, Note: "The introductory price.",
		Rates: map[string]string{"input": "2", "output": "10", "cache_read": "0.2", "cache_write": "2.5", "cache_write_1h": "4"},
		Units: map[string]string{"web_search": "0.01"},
	}}},
	{"openai", "gpt-4o-audio-preview"}: {source: litellmName,
		note: "Sound as in the dated snapshots since 2024-12; portkey-models has the first snapshot's 100 in, 200 out."},
	{"openai", "gpt-4o-mini-realtime-preview"}: {source: genaiName,
		note: "portkey-models has the sound rates of the larger model."},
	{"azure-openai", "gpt-4o-mini-realtime-preview-2024-12-17"}: {source: litellmName,
		note: "portkey-models has the sound rates of the larger model."},
	{"openai", "o1-mini-2024-09-12"}: {source: genaiName,
		note: "As o1-mini and as the batch price; portkey-models has the price at launch."},
	{"azure-openai", "o1-mini"}: {source: genaiName,
		note: "As the dated snapshot; portkey-models has the price at launch, LiteLLM a regional one."},
	{"openai", "gpt-4o-mini-tts"}:            {source: portkeyName, note: "LiteLLM lists other text rates."},
	{"openai", "gpt-4o-mini-tts-2025-03-20"}: {source: portkeyName, note: "LiteLLM lists other text rates."},
	{"openai", "gpt-4o-mini-tts-2025-12-15"}: {source: portkeyName, note: "LiteLLM lists other text rates."},
	{"azure-ai", "deepseek-r1"}: {source: litellmName,
		note: "portkey-models has other figures, and the output cheaper than the input."},
	{"azure-ai", "Kimi-K3"}:                  {note: tenfold},
	{"fireworks-ai", "kimi-k3"}:              {note: tenfold},
	{"workers-ai", "@cf/moonshotai/kimi-k3"}: {note: tenfold},
	{"bedrock", "amazon.titan-embed-image-v1"}: {source: litellmName,
		note: "portkey-models has the figures of a chat model."},
	{"databricks", "databricks-mpt-7b-instruct"}: {note: "The output is listed as free."},
	{"fireworks-ai", "deepseek-r1"}:              {source: litellmName, note: "portkey-models has the output's rate for the input too."},
	{"google", "gemini-2.5-flash-image-preview"}: {source: genaiName,
		note: "portkey-models has the price of a picture as the output's rate."},
	{"minimax", "MiniMax-M2.7"}:               {source: genaiName, note: "portkey-models has a hundredth."},
	{"minimax", "MiniMax-M2.7-highspeed"}:     {source: genaiName, note: "portkey-models has a hundredth."},
	{"mistral-ai", "mistral-large-2407"}:      {source: genaiName, note: "portkey-models has the price of a later model, LiteLLM the one at launch."},
	{"perplexity-ai", "sonar-deep-research"}:  {note: "Citation tokens, which no usage counts, are charged besides: 2 per million."},
	{"together-ai", "Qwen/Qwen3.5-397B-A17B"}: {source: litellmName, note: "portkey-models has tenfold."},
	{"azure-openai", "gpt-4o-mini-tts"}:       {source: portkeyName, note: "LiteLLM lists other text rates."},
}

const tenfold = "Ten times what the model's maker and other hosts charge; only portkey-models has it."

// refused are prices that only one catalogue has, in a unit that cannot be
// theirs: a million times or a thousand times a likely price. Without one the
// cost is unknown. Routers are there too, whose price is that of the model they
// choose.
var refused = map[[2]string]bool{
	{"cohere", "embed-multilingual-light-v3.0"}: true,
	{"together-ai", "MiniMaxAI/MiniMax-M2.5"}:   true,
	{"azure-ai", "model_router"}:                true,
	{"openrouter", "openrouter/auto"}:           true,
	{"openrouter", "openrouter/bodybuilder"}:    true,
}

// kinds are those that LiteLLM has wrong.
var kinds = map[[2]string]string{
	{"google", "deep-research-pro-preview-12-2025"}:    "chat",
	{"google", "gemini-1.5-flash"}:                     "chat",
	{"vertex-ai", "deep-research-pro-preview-12-2025"}: "chat",
}

// stepLimit returns the tokens above which a step begins that is named in
// thousands. Google's limit was 128,000 for Gemini 1.5 and has been 200,000
// since; portkey-models' names say 128k for all.
// Source: https://ai.google.dev/gemini-api/docs/pricing
func stepLimit(p provider, model, thousands string) int64 {
	if p.id == "google" && thousands == "128" && !strings.Contains(model, "1.5") {
		return 200_000
	}
	n, _ := strconv.ParseInt(thousands, 10, 64)
	return n * 1000
}

// free are models that their provider's price list gives away.
var free = map[[2]string]bool{
	{"z-ai", "glm-4.6v-flash"}:  true,
	{"zhipu", "glm-4.5-flash"}:  true,
	{"zhipu", "glm-4.6v-flash"}: true,
	{"zhipu", "glm-4.7-flash"}:  true,
}
