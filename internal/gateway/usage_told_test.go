package gateway_test

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/test/corpus"
)

// A doc is a JSON object, read with encoding/json.
type doc map[string]any

func (d doc) in(keys ...string) doc {
	for _, k := range keys {
		next, _ := d[k].(map[string]any)
		d = next
	}
	return d
}

func (d doc) list(key string) (all []doc) {
	items, _ := d[key].([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}

func (d doc) text(key string) string { s, _ := d[key].(string); return s }

// n is the greatest of the numbers under the keys; there is no count below zero.
func (d doc) n(keys ...string) (most int64) {
	for _, k := range keys {
		if f, ok := d[k].(float64); ok {
			most = max(most, int64(f))
		}
	}
	return most
}

func (d doc) has(keys ...string) bool {
	for _, k := range keys {
		if _, ok := d[k].(float64); ok {
			return true
		}
	}
	return false
}

// over puts the members of later on top, null ones left out.
func (d doc) over(later doc) doc {
	all := doc{}
	for _, from := range []doc{d, later} {
		for k, v := range from {
			if v != nil {
				all[k] = v
			}
		}
	}
	return all
}

// told is what an answer says of its model and usage: read slowly, by the
// providers' own descriptions, and by no code of the gateway.
func told(e *corpus.Exchange, as recordedAs, asked string, docs []json.RawMessage) (u ai.Usage, model string) {
	read := make([]doc, 0, len(docs))
	for _, raw := range docs {
		var d doc
		if json.Unmarshal(raw, &d) == nil {
			read = append(read, d)
		}
	}
	switch as.dialect {
	case ai.Anthropic:
		u, model = toldByAnthropic(read)
	case ai.Gemini:
		u, model = toldByGemini(read)
	case ai.Bedrock:
		u = toldByBedrock(read)
	case ai.Cohere:
		u = toldByCohere(read)
	case ai.Responses:
		u, model = toldByResponses(read)
	default:
		u, model = toldByOpenAI(read)
	}
	countThings(&u, e, as.op, read)
	if model == "" {
		model = asked
	}
	return u, model
}

func toldByAnthropic(docs []doc) (ai.Usage, string) {
	var usage doc
	model, others := "", int64(0)
	for _, d := range docs {
		if m := d.in("message"); m != nil { // message_start
			usage, model = usage.over(m.in("usage")), m.text("model")
		}
		if d.text("type") == "message" {
			model = d.text("model")
		}
		usage = usage.over(d.in("usage")) // each is cumulative
	}
	for _, i := range usage.list("iterations") {
		if i.text("type") == "advisor_message" { // another model's, in no total
			others += i.n("input_tokens") + i.n("cache_read_input_tokens") + i.n("cache_creation_input_tokens") + i.n("output_tokens")
		}
	}
	fresh := usage.in("cache_creation")
	write := max(usage.n("cache_creation_input_tokens"), fresh.n("ephemeral_5m_input_tokens")+fresh.n("ephemeral_1h_input_tokens"))
	return ai.Usage{
		Known:           usage.has("input_tokens", "output_tokens"),
		InputTokens:     usage.n("input_tokens") + usage.n("cache_read_input_tokens") + write, // these stand beside it
		OutputTokens:    usage.n("output_tokens"),
		CacheReadTokens: usage.n("cache_read_input_tokens"), CacheWriteTokens: write, CacheWrite1hTokens: fresh.n("ephemeral_1h_input_tokens"),
		ReasoningTokens: usage.in("output_tokens_details").n("thinking_tokens"),
		WebSearches:     usage.in("server_tool_use").n("web_search_requests"), OtherTokens: others,
		ServiceTier: usage.text("service_tier"),
	}, model
}

func toldByGemini(docs []doc) (ai.Usage, string) {
	var usage doc
	model, queries := "", 0
	for _, d := range docs {
		usage = usage.over(d.in("usageMetadata"))
		if v := d.text("modelVersion"); model == "" {
			model = v
		}
		for _, c := range d.list("candidates") {
			if q, _ := c.in("groundingMetadata")["webSearchQueries"].([]any); len(q) > 0 {
				queries = len(q)
			}
		}
	}
	if queries > 1 && (strings.Contains(model, "gemini-1") || strings.Contains(model, "gemini-2")) {
		queries = 1 // which are paid by the prompt
	}
	numbers := map[string]float64{"IMAGE": 2, "AUDIO": 4} // as some clients wrote them
	kind := func(which string, keys ...string) (n int64) {
		for _, key := range keys {
			for _, m := range usage.list(key) {
				if m["modality"] == which || m["modality"] == numbers[which] {
					n += m.n("tokenCount")
				}
			}
		}
		return n
	}
	tier := usage.text("serviceTier")
	if t, ok := strings.CutPrefix(usage.text("trafficType"), "ON_DEMAND_"); ok {
		tier = strings.ToLower(t)
	}
	return ai.Usage{
		Known:           usage.has("promptTokenCount", "candidatesTokenCount", "totalTokenCount"),
		InputTokens:     usage.n("promptTokenCount") + usage.n("toolUsePromptTokenCount"),
		OutputTokens:    usage.n("candidatesTokenCount") + usage.n("thoughtsTokenCount"), // which stand beside it
		CacheReadTokens: usage.n("cachedContentTokenCount"), ReasoningTokens: usage.n("thoughtsTokenCount"),
		InputAudioTokens:  kind("AUDIO", "promptTokensDetails", "toolUsePromptTokensDetails"),
		OutputAudioTokens: kind("AUDIO", "candidatesTokensDetails"),
		InputImageTokens:  kind("IMAGE", "promptTokensDetails", "toolUsePromptTokensDetails"),
		OutputImageTokens: kind("IMAGE", "candidatesTokensDetails"),
		WebSearches:       int64(queries), ServiceTier: tier,
	}, model
}

func toldByBedrock(docs []doc) ai.Usage {
	var usage, tier doc
	for _, d := range docs {
		if d.has("inputTextTokenCount") { // Titan's embeddings
			return ai.Usage{Known: true, InputTokens: d.n("inputTextTokenCount")}
		}
		usage, tier = usage.over(d.in("usage")), tier.over(d.in("serviceTier"))
	}
	var hour int64
	for _, detail := range usage.list("cacheDetails") {
		if detail.text("ttl") == "1h" {
			hour += detail.n("inputTokens")
		}
	}
	read, write := usage.n("cacheReadInputTokens"), max(usage.n("cacheWriteInputTokens"), hour)
	return ai.Usage{
		Known: usage.has("inputTokens", "outputTokens"), InputTokens: usage.n("inputTokens") + read + write, OutputTokens: usage.n("outputTokens"),
		CacheReadTokens: read, CacheWriteTokens: write, CacheWrite1hTokens: hour, ServiceTier: tier.text("type"),
	}
}

func toldByCohere(docs []doc) ai.Usage {
	var usage doc
	for _, d := range docs {
		for _, u := range []doc{d.in("usage"), d.in("meta"), d.in("delta", "usage"), d.in("response", "meta")} {
			if u != nil {
				usage = u
			}
		}
	}
	billed, counted := usage.in("billed_units"), usage.in("tokens")
	if len(billed) == 0 {
		billed = counted
	}
	return ai.Usage{
		Known:       billed.has("input_tokens", "output_tokens", "search_units", "image_tokens"),
		InputTokens: billed.n("input_tokens") + billed.n("image_tokens"), OutputTokens: billed.n("output_tokens"),
		SearchUnits: billed.n("search_units"), ReasoningTokens: min(counted.n("reasoning_tokens"), billed.n("output_tokens")),
	}
}

func toldByResponses(docs []doc) (u ai.Usage, model string) {
	for _, d := range docs {
		r := d
		if inner := d.in("response"); inner != nil {
			r = inner
		}
		if m := r.text("model"); m != "" && (r.text("object") == "response" || d.text("type") == "") {
			model = m
		}
		usage := r.in("usage")
		if !usage.has("input_tokens", "output_tokens", "total_tokens") {
			continue
		}
		var searches int64
		for _, item := range r.list("output") {
			if item.text("type") == "web_search_call" && paidSearch(item) {
				searches++
			}
		}
		u = ofOpenAI(usage)
		u.WebSearches, u.ServiceTier = max(u.WebSearches, searches), r.text("service_tier")
	}
	return u, model
}

// paidSearch: opening a page and looking for a text in it are not charged.
func paidSearch(item doc) bool {
	kind := item.in("action").text("type")
	return kind == "" || kind == "search"
}

func toldByOpenAI(docs []doc) (u ai.Usage, model string) {
	tier := ""
	for _, d := range docs {
		if r := d.in("result"); r != nil { // Cloudflare's envelope
			d = r
		}
		if model == "" {
			model = d.text("model")
		}
		if t := d.text("service_tier"); t != "" {
			tier = t
		}
		for _, usage := range []doc{d.in("x_groq", "usage"), d.in("usage")} {
			if usage != nil {
				u = ofOpenAI(usage)
			}
		}
	}
	if tier != "" {
		u.ServiceTier = tier
	}
	return u, model
}

// ofOpenAI reads a usage of any provider that takes after OpenAI.
func ofOpenAI(usage doc) ai.Usage {
	in := usage.in("prompt_tokens_details").over(usage.in("input_tokens_details")).over(usage.in("input_token_details"))
	out := usage.in("completion_tokens_details").over(usage.in("output_tokens_details")).over(usage.in("output_token_details"))
	total, prompt, completion := usage.n("total_tokens"), usage.n("prompt_tokens", "input_tokens"), usage.n("completion_tokens", "output_tokens")
	if !usage.has("prompt_tokens", "input_tokens") {
		prompt = max(0, total-completion)
	}
	thoughts := max(out.n("reasoning_tokens"), usage.n("reasoning_tokens"))
	if thoughts > 0 && prompt+completion+thoughts == total {
		completion += thoughts // the total says that they stand beside it
	}
	cached := max(in.n("cached_tokens"), usage.n("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens"))
	return ai.Usage{
		Known:       usage.has("prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens"),
		InputTokens: prompt, OutputTokens: completion, CacheReadTokens: min(cached, prompt), ReasoningTokens: thoughts,
		CacheWriteTokens:   max(in.n("cache_write_tokens"), usage.n("cache_creation_input_tokens")),
		CacheWrite1hTokens: usage.in("cache_creation").n("ephemeral_1h_input_tokens"),
		InputAudioTokens:   in.n("audio_tokens"), InputImageTokens: in.n("image_tokens"),
		OutputAudioTokens: out.n("audio_tokens"), OutputImageTokens: out.n("image_tokens"),
		WebSearches: max(usage.in("server_tool_use").n("web_search_requests"), usage.in("server_tool_use_details").n("web_search_requests"),
			usage.n("num_search_queries"), usage.in("server_side_tool_usage_details").n("web_search_calls")),
		SearchContext: usage.text("search_context_size"), ServiceTier: usage.text("service_tier"),
	}
}

// countThings counts what is not paid by the token.
func countThings(u *ai.Usage, e *corpus.Exchange, op ai.Op, docs []doc) {
	var request, last doc
	_ = json.Unmarshal(e.RequestBody, &request)
	if len(docs) > 0 {
		last = docs[len(docs)-1]
	}
	switch op {
	case ai.ImageGenerate:
		if u.Images = int64(len(last.list("data"))); u.Images > 0 {
			u.Known = true
			pick := func(key string) string {
				for _, d := range []doc{last, request} {
					if s := d.text(key); s != "" && s != "auto" {
						return s
					}
				}
				return ""
			}
			u.ImageQuality, u.ImageSize = pick("quality"), pick("size")
		}
	case ai.Speech:
		u.Characters = int64(len([]rune(request.text("input"))))
		u.Known = u.Characters > 0
	case ai.Transcribe:
		seconds, ok := last.in("usage")["seconds"].(float64)
		if !ok {
			seconds, ok = last["duration"].(float64)
		}
		if ok {
			u.AudioMillis, u.Known = int64(math.Round(seconds*1000)), true
		}
	}
}
