package cohere

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// parseUsage reads usage, or meta of embed and rerank: billed_units, else tokens.
// Reasoning is told among the tokens alone, where it may be more than what is
// billed. Images that are billed by the piece are not tokens.
func parseUsage(raw []byte) ai.Usage {
	counted := jsonedit.Get(raw, "tokens")
	figures := jsonedit.Get(raw, "billed_units")
	if jsonedit.IsEmpty(figures) {
		figures = counted
	}
	var u ai.Usage
	for key, value := range jsonedit.Members(figures) {
		n := max(0, jsonedit.Int(value))
		switch string(key) {
		case "input_tokens", "image_tokens":
			u.InputTokens, u.Known = u.InputTokens+n, true
		case "output_tokens":
			u.OutputTokens, u.Known = n, true
		case "search_units":
			u.SearchUnits, u.Known = n, true
		}
	}
	u.ReasoningTokens = min(max(0, jsonedit.Int(jsonedit.Get(counted, "reasoning_tokens"))), u.OutputTokens)
	return u
}

// writeUsageToHub writes a chat's usage for the hub, with Cohere's figures beside
// it where extensions may be.
func writeUsageToHub(w *jsonedit.Writer, c *dialect.Conversion, u ai.Usage, raw []byte) {
	var plain jsonedit.Writer
	openai.WriteUsage(&plain, u)
	if c.Strict {
		w.Raw(plain.Bytes())
		return
	}
	w.Object()
	for key, value := range jsonedit.Members(plain.Bytes()) {
		w.RawMember(string(key), value)
	}
	w.RawMember("cohere", raw)
	w.EndObject()
}

// writeUsage writes u as Cohere's usage, or as what its meta says of it.
func writeUsage(w *jsonedit.Writer, u ai.Usage) {
	for _, key := range []string{"billed_units", "tokens"} {
		w.Key(key)
		w.Object()
		if u.SearchUnits > 0 && key == "billed_units" {
			w.IntMember("search_units", u.SearchUnits)
		}
		if u.SearchUnits == 0 || u.TotalTokens() > 0 {
			w.IntMember("input_tokens", u.InputTokens)
			w.IntMember("output_tokens", u.OutputTokens)
		}
		if u.ReasoningTokens > 0 && key == "tokens" {
			w.IntMember("reasoning_tokens", u.ReasoningTokens)
		}
		w.EndObject()
	}
	if u.CacheReadTokens > 0 {
		w.IntMember("cached_tokens", u.CacheReadTokens)
	}
}
