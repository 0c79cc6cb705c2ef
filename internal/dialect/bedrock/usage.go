package bedrock

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// Usage implements dialect.Format. It reads replies of Converse and of Titan's
// embeddings; Cohere's tell no usage.
func (Format) Usage(op ai.Op, reply []byte) ai.Usage {
	switch op {
	case ai.Embed:
		return embeddingUsage(reply)
	case ai.ImageGenerate, ai.ImageEdit, ai.ImageVary:
		return ai.Usage{} // they are paid by the picture
	}
	return parseUsage(jsonedit.Get(reply, "usage"), jsonedit.Get(reply, "serviceTier"))
}

// parseUsage reads usage, in which what was read from or written to the cache
// stands beside inputTokens, not in it.
func parseUsage(raw, tier []byte) ai.Usage {
	var u ai.Usage
	for key, value := range jsonedit.Members(raw) {
		if jsonedit.IsNull(value) {
			continue
		}
		switch string(key) {
		case "inputTokens":
			u.InputTokens, u.Known = count(value), true
		case "outputTokens":
			u.OutputTokens, u.Known = count(value), true
		case "cacheReadInputTokens":
			u.CacheReadTokens = count(value)
		case "cacheWriteInputTokens":
			u.CacheWriteTokens = count(value)
		case "cacheDetails":
			for detail := range jsonedit.Elements(value) {
				if string(jsonedit.Get(detail, "ttl")) == `"1h"` {
					u.CacheWrite1hTokens += count(jsonedit.Get(detail, "inputTokens"))
				}
			}
		}
	}
	u.CacheWriteTokens = max(u.CacheWriteTokens, u.CacheWrite1hTokens)
	u.InputTokens += u.CacheReadTokens + u.CacheWriteTokens
	u.ServiceTier = jsonedit.Text(jsonedit.Get(tier, "type"))
	return u
}

func count(raw []byte) int64 { return max(0, jsonedit.Int(raw)) }

// writeUsage writes u as Converse's usage.
func writeUsage(w *jsonedit.Writer, u ai.Usage) {
	w.Object()
	w.IntMember("inputTokens", max(0, u.InputTokens-u.CacheReadTokens-u.CacheWriteTokens))
	w.IntMember("outputTokens", u.OutputTokens)
	w.IntMember("totalTokens", u.TotalTokens())
	if u.CacheReadTokens > 0 || u.CacheWriteTokens > 0 {
		w.IntMember("cacheReadInputTokens", u.CacheReadTokens)
		w.IntMember("cacheWriteInputTokens", u.CacheWriteTokens)
	}
	if u.CacheWrite1hTokens > 0 {
		w.Key("cacheDetails")
		w.Array()
		w.Object()
		w.StringMember("ttl", "1h")
		w.IntMember("inputTokens", u.CacheWrite1hTokens)
		w.EndObject()
		w.EndArray()
	}
	w.EndObject()
}

// writeTier writes the member serviceTier where Converse has the tier's name.
func writeTier(w *jsonedit.Writer, tier string) bool {
	switch tier {
	case "priority", "default", "flex", "reserved":
		w.Key("serviceTier")
		w.Object()
		w.StringMember("type", tier)
		w.EndObject()
		return true
	}
	return tier == ""
}
