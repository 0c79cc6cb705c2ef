package openai

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// reported collects the members of a reply or chunk that tell its usage, as
// they are written. It copies nothing.
type reported struct {
	raw  []byte // the usage object
	tier []byte
}

// member takes note of a member of the top level.
func (r *reported) member(key, value []byte) {
	switch string(key) {
	case "usage":
		r.set(value)
	case "x_groq":
		r.set(jsonedit.Get(value, "usage"))
	case "service_tier":
		r.tier = value
	}
}

func (r *reported) set(value []byte) {
	if jsonedit.Kind(value) == '{' {
		r.raw = value
	}
}

func (r *reported) usage() ai.Usage {
	u := ParseUsage(r.raw)
	if tier := jsonedit.Text(r.tier); tier != "" {
		u.ServiceTier = tier
	}
	return u
}

// ParseUsage reads a usage object of chat completions, completions or
// embeddings, in any spelling that providers are known to use. Known is false
// if raw holds no count.
func ParseUsage(raw []byte) ai.Usage {
	var c counts
	for key, value := range jsonedit.Members(raw) {
		c.member(key, value)
	}
	return c.usage()
}

// counts is a usage object before the providers' habits are levelled out.
type counts struct {
	u        ai.Usage
	total    int64
	hasInput bool
}

func (c *counts) member(key, value []byte) {
	u := &c.u
	switch string(key) {
	case "prompt_tokens", "input_tokens":
		u.InputTokens, c.hasInput = count(value), !jsonedit.IsNull(value)
		u.Known = u.Known || c.hasInput
	case "completion_tokens", "output_tokens":
		u.OutputTokens = count(value)
		u.Known = u.Known || !jsonedit.IsNull(value)
	case "total_tokens":
		c.total = count(value)
		u.Known = u.Known || !jsonedit.IsNull(value)
	case "prompt_tokens_details", "input_tokens_details", "input_token_details":
		c.inputDetails(value)
	case "completion_tokens_details", "output_tokens_details", "output_token_details":
		c.outputDetails(value)
	case "prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens":
		atLeast(&u.CacheReadTokens, value)
	case "cache_creation_input_tokens":
		atLeast(&u.CacheWriteTokens, value)
	case "cache_creation":
		u.CacheWrite1hTokens = count(jsonedit.Get(value, "ephemeral_1h_input_tokens"))
	case "reasoning_tokens":
		atLeast(&u.ReasoningTokens, value)
	case "search_context_size":
		u.SearchContext = jsonedit.Text(value)
	case "num_search_queries":
		u.WebSearches = count(value)
	case "server_tool_use", "server_tool_use_details":
		u.WebSearches = count(jsonedit.Get(value, "web_search_requests"))
	case "service_tier":
		u.ServiceTier = jsonedit.Text(value)
	}
}

func (c *counts) inputDetails(details []byte) {
	for key, value := range jsonedit.Members(details) {
		switch string(key) {
		case "cached_tokens":
			atLeast(&c.u.CacheReadTokens, value)
		case "cache_write_tokens":
			atLeast(&c.u.CacheWriteTokens, value)
		case "audio_tokens":
			c.u.InputAudioTokens = count(value)
		case "image_tokens":
			c.u.InputImageTokens = count(value)
		}
	}
}

func (c *counts) outputDetails(details []byte) {
	for key, value := range jsonedit.Members(details) {
		switch string(key) {
		case "reasoning_tokens":
			atLeast(&c.u.ReasoningTokens, value)
		case "audio_tokens":
			c.u.OutputAudioTokens = count(value)
		case "image_tokens":
			c.u.OutputImageTokens = count(value)
		}
	}
}

// usage levels out what providers count differently.
func (c *counts) usage() ai.Usage {
	u := c.u
	if !c.hasInput && c.total > u.OutputTokens {
		u.InputTokens = c.total - u.OutputTokens
	}
	// Grok on Azure counts what it keeps of its own instructions as well.
	u.CacheReadTokens = min(u.CacheReadTokens, u.InputTokens)
	// Some count reasoning beside the completion; their total says so.
	if u.ReasoningTokens > 0 && c.total == u.InputTokens+u.OutputTokens+u.ReasoningTokens {
		u.OutputTokens += u.ReasoningTokens
	}
	return u
}

// count is a number of tokens; what is not a sensible one counts as none.
func count(raw []byte) int64 {
	return max(0, jsonedit.Int(raw))
}

// atLeast is for counts that a provider may state in two places.
func atLeast(n *int64, raw []byte) {
	*n = max(*n, count(raw))
}

// WriteUsage writes u as a usage object of the hub. The cache members that the
// hub adds to OpenAI's schema appear if either is not zero.
func WriteUsage(w *jsonedit.Writer, u ai.Usage) {
	w.Object()
	w.IntMember("prompt_tokens", u.InputTokens)
	w.IntMember("completion_tokens", u.OutputTokens)
	w.IntMember("total_tokens", u.TotalTokens())
	w.Key("prompt_tokens_details")
	w.Object()
	w.IntMember("cached_tokens", u.CacheReadTokens)
	w.IntMember("audio_tokens", u.InputAudioTokens)
	w.EndObject()
	w.Key("completion_tokens_details")
	w.Object()
	w.IntMember("reasoning_tokens", u.ReasoningTokens)
	w.IntMember("audio_tokens", u.OutputAudioTokens)
	w.EndObject()
	if u.CacheReadTokens > 0 || u.CacheWriteTokens > 0 {
		w.IntMember("cache_read_input_tokens", u.CacheReadTokens)
		w.IntMember("cache_creation_input_tokens", u.CacheWriteTokens)
	}
	if u.CacheWrite1hTokens > 0 {
		w.Key("cache_creation")
		w.Object()
		w.IntMember("ephemeral_5m_input_tokens", u.CacheWriteTokens-u.CacheWrite1hTokens)
		w.IntMember("ephemeral_1h_input_tokens", u.CacheWrite1hTokens)
		w.EndObject()
	}
	if u.WebSearches > 0 {
		w.Key("server_tool_use")
		w.Object()
		w.IntMember("web_search_requests", u.WebSearches)
		w.EndObject()
	}
	w.EndObject()
}
