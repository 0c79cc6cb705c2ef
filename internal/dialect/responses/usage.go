package responses

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// usageOf reads what a response consumed. The counts are spelt as the hub knows
// them; searches are told in tool_usage, or seen from the calls themselves.
func usageOf(response []byte) ai.Usage {
	var counts, output, tools []byte
	tier := ""
	for key, value := range jsonedit.Members(response) {
		switch string(key) {
		case "usage":
			counts = value
		case "output":
			output = value
		case "tool_usage":
			tools = value
		case "service_tier":
			tier = jsonedit.Text(value)
		}
	}
	u := openai.ParseUsage(counts)
	u.ServiceTier = orElse(tier, u.ServiceTier)
	if u.WebSearches == 0 {
		u.WebSearches = max(0, jsonedit.Int(jsonedit.Get(tools, "web_search", "num_requests")))
	}
	if u.WebSearches == 0 {
		u.WebSearches = searches(output)
	}
	return u
}

// searches counts the searches among a response's items. Opening a page that was
// found, or looking for text in it, is not one.
func searches(output []byte) (n int64) {
	for item := range jsonedit.Elements(output) {
		if typeOf(item) != "web_search_call" {
			continue
		}
		if action := typeOf(jsonedit.Get(item, "action")); action == "" || action == "search" {
			n++
		}
	}
	return n
}

// writeUsage writes u as a response's usage, null if nothing is known.
func writeUsage(w *jsonedit.Writer, u ai.Usage) {
	w.Key("usage")
	if !u.Known {
		w.Raw(nil)
		return
	}
	w.Object()
	w.IntMember("input_tokens", u.InputTokens)
	w.Key("input_tokens_details")
	w.Object()
	w.IntMember("cached_tokens", u.CacheReadTokens)
	w.IntMember("cache_write_tokens", u.CacheWriteTokens)
	w.EndObject()
	w.IntMember("output_tokens", u.OutputTokens)
	w.Key("output_tokens_details")
	w.Object()
	w.IntMember("reasoning_tokens", u.ReasoningTokens)
	w.EndObject()
	w.IntMember("total_tokens", u.TotalTokens())
	w.EndObject()
}
