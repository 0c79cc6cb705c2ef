package main

import "github.com/portico-ai/portico/internal/price"

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
	source string // the catalogue whose figures are taken for rates, all others ignored
	note   string
}

// rulings are by provider and model.
var rulings = map[[2]string]ruling{
	{"anthropic", "claude-sonnet-5"}: {genaiName,
		"Regular price since 2026-09-01; the other catalogues still have the introductory 2 in, 10 out."},
	{"openai", "gpt-4o-audio-preview"}: {litellmName,
		"Sound as in the dated snapshots since 2024-12; portkey-models has the first snapshot's 100 in, 200 out."},
	{"openai", "gpt-4o-mini-realtime-preview"}: {genaiName,
		"portkey-models has the sound rates of the larger model."},
	{"azure-openai", "gpt-4o-mini-realtime-preview-2024-12-17"}: {litellmName,
		"portkey-models has the sound rates of the larger model."},
	{"openai", "o1-mini-2024-09-12"}: {genaiName,
		"As o1-mini and as the batch price; portkey-models has the price at launch."},
	{"azure-openai", "o1-mini"}: {genaiName,
		"As the dated snapshot; portkey-models has the price at launch, LiteLLM a regional one."},
	{"openai", "gpt-4o-mini-tts"}:            {portkeyName, "LiteLLM lists other text rates."},
	{"openai", "gpt-4o-mini-tts-2025-03-20"}: {portkeyName, "LiteLLM lists other text rates."},
	{"openai", "gpt-4o-mini-tts-2025-12-15"}: {portkeyName, "LiteLLM lists other text rates."},
	{"azure-openai", "gpt-4o-mini-tts"}:      {portkeyName, "LiteLLM lists other text rates."},
}
