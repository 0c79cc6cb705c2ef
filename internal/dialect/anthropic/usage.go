package anthropic

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// counts is a usage object as Anthropic writes it: input that was read from or
// written to the cache stands beside input_tokens, not in it.
type counts struct {
	known                      bool
	input, output              int64
	cacheRead, cacheWrite      int64
	cacheWrite5m, cacheWrite1h int64
	thinking, searches         int64
	iterations                 []byte
	tier                       string
}

func parseUsage(raw []byte) ai.Usage {
	var c counts
	c.read(raw)
	return c.usage()
}

// read takes the counts that raw states. A stream's later usage objects are
// cumulative and may leave out what has not changed.
func (c *counts) read(raw []byte) {
	for key, value := range jsonedit.Members(raw) {
		if jsonedit.IsNull(value) {
			continue
		}
		switch string(key) {
		case "input_tokens":
			c.input, c.known = count(value), true
		case "output_tokens":
			c.output, c.known = count(value), true
		case "cache_read_input_tokens":
			c.cacheRead = count(value)
		case "cache_creation_input_tokens":
			c.cacheWrite = count(value)
		case "cache_creation":
			c.cacheWrite5m = count(jsonedit.Get(value, "ephemeral_5m_input_tokens"))
			c.cacheWrite1h = count(jsonedit.Get(value, "ephemeral_1h_input_tokens"))
		case "output_tokens_details":
			c.thinking = count(jsonedit.Get(value, "thinking_tokens"))
		case "server_tool_use":
			c.searches = count(jsonedit.Get(value, "web_search_requests"))
		case "service_tier":
			c.tier = jsonedit.Text(value)
		case "iterations":
			c.iterations = append([]byte(nil), value...)
		}
	}
}

// update reads a later usage object of a stream. One that names no input at all
// does not take back what was said before.
func (c *counts) update(raw []byte) {
	before := *c
	c.read(raw)
	if c.input+c.cacheRead+c.cacheWrite == 0 {
		c.input, c.cacheRead, c.cacheWrite = before.input, before.cacheRead, before.cacheWrite
	}
}

func (c *counts) usage() ai.Usage {
	written := max(c.cacheWrite, c.cacheWrite5m+c.cacheWrite1h)
	u := ai.Usage{
		Known:              c.known,
		InputTokens:        c.input + c.cacheRead + written,
		OutputTokens:       c.output,
		CacheReadTokens:    c.cacheRead,
		CacheWriteTokens:   written,
		CacheWrite1hTokens: c.cacheWrite1h,
		ReasoningTokens:    c.thinking,
		WebSearches:        c.searches,
		ServiceTier:        c.tier,
	}
	for iteration := range jsonedit.Elements(c.iterations) {
		addIteration(&u, iteration)
	}
	return u
}

// addIteration adds what the totals leave out although it is charged: summing up a
// long context, which the model does itself, and what an advisor consumed, which
// is another model.
//
// Source: https://platform.claude.com/docs/en/build-with-claude/compaction-threshold
func addIteration(u *ai.Usage, iteration []byte) {
	var c counts
	c.read(iteration)
	c.iterations = nil
	switch typeOf(iteration) {
	case "compaction":
		*u = u.Plus(c.usage())
	case "advisor_message":
		u.OtherTokens += c.usage().TotalTokens()
	}
}

func count(raw []byte) int64 { return max(0, jsonedit.Int(raw)) }

// writeUsage writes u as Anthropic's usage object.
func writeUsage(w *jsonedit.Writer, u ai.Usage) {
	w.Object()
	w.IntMember("input_tokens", max(0, u.InputTokens-u.CacheReadTokens-u.CacheWriteTokens))
	w.IntMember("cache_creation_input_tokens", u.CacheWriteTokens)
	w.IntMember("cache_read_input_tokens", u.CacheReadTokens)
	if u.CacheWrite1hTokens > 0 {
		w.Key("cache_creation")
		w.Object()
		w.IntMember("ephemeral_5m_input_tokens", u.CacheWriteTokens-u.CacheWrite1hTokens)
		w.IntMember("ephemeral_1h_input_tokens", u.CacheWrite1hTokens)
		w.EndObject()
	}
	w.IntMember("output_tokens", u.OutputTokens)
	if u.ReasoningTokens > 0 {
		w.Key("output_tokens_details")
		w.Object()
		w.IntMember("thinking_tokens", u.ReasoningTokens)
		w.EndObject()
	}
	if u.WebSearches > 0 {
		w.Key("server_tool_use")
		w.Object()
		w.IntMember("web_search_requests", u.WebSearches)
		w.EndObject()
	}
	if tier := tierFromHub(u.ServiceTier); tier != "" {
		w.StringMember("service_tier", tier)
	}
	w.EndObject()
}

// tierToHub names the tier of a reply as the hub does.
func tierToHub(tier string) string {
	if tier == "standard" {
		return "default"
	}
	return tier
}

// tierFromHub names a tier as Anthropic does, "" for one that it has not.
func tierFromHub(tier string) string {
	switch tier {
	case "default", "standard":
		return "standard"
	case "priority", "batch":
		return tier
	}
	return ""
}
