package otlp

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// Names that a call's attributes have in the conventions that are read, the
// current one of OpenTelemetry first: its older ones, OpenLLMetry's (llm.request,
// traceloop), OpenInference's (llm.model_name) and the Vercel AI SDK's (ai).
var (
	askedModels    = []string{"gen_ai.request.model", "llm.request.model", "llm.model_name", "embedding.model_name", "reranker.model_name", "ai.model.id"}
	answeredModels = []string{"gen_ai.response.model", "llm.response.model", "ai.response.model"}
	providerNames  = []string{"gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "llm.vendor", "ai.model.provider"}

	inputTokens = []string{
		"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens", "llm.token_count.prompt",
		"ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens",
	}
	outputTokens = []string{
		"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens", "llm.token_count.completion",
		"ai.usage.outputTokens", "ai.usage.completionTokens",
	}
	totalTokens = []string{"gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total", "ai.usage.totalTokens"}
	cacheRead   = []string{
		"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.cached_tokens",
		"llm.token_count.prompt_details.cache_read", "llm.usage.cache_read_input_tokens", "ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens",
	}
	cacheWrite = []string{
		"gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.details.cache_write_tokens",
		"llm.token_count.prompt_details.cache_write", "llm.usage.cache_creation_input_tokens", "ai.usage.inputTokenDetails.cacheWriteTokens",
	}
	reasoning = []string{
		"gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.details.reasoning_tokens", "llm.usage.reasoning_tokens",
		"llm.token_count.completion_details.reasoning", "ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens",
	}
	inputAudio  = []string{"llm.token_count.prompt_details.audio", "gen_ai.usage.details.input_audio_tokens"}
	outputAudio = []string{"llm.token_count.completion_details.audio", "gen_ai.usage.details.output_audio_tokens"}
	tiers       = []string{"openai.response.service_tier", "gen_ai.openai.response.service_tier", "gen_ai.response.service_tier"}
	costs       = []string{"llm.cost.total", "gen_ai.usage.cost", "gen_ai.cost.total_cost"} // dollars
)

// operations are what conventions call the calls of models. Their other
// operations, such as those of agents and tools, are not calls of models: where
// they tell of tokens these are the sums of calls below them.
var operations = map[string]ai.Op{
	"chat": ai.Chat, "generate_content": ai.Chat, "llm": ai.Chat,
	"text_completion": ai.Complete, "completion": ai.Complete,
	"embeddings": ai.Embed, "embedding": ai.Embed, "rerank": ai.Rerank, "reranker": ai.Rerank,
	"image_generation": ai.ImageGenerate, "speech": ai.Speech, "transcription": ai.Transcribe,
	"dogenerate": ai.Chat, "dostream": ai.Chat, "doembed": ai.Embed, "dorerank": ai.Rerank,
}

// operation is what a span is of: a call of a model, or [ai.Span].
func operation(a attributes) ai.Op {
	if id := a.text("ai.operationId"); id != "" {
		return known(id[strings.LastIndexByte(id, '.')+1:])
	}
	for _, key := range []string{"openinference.span.kind", "gen_ai.operation.name", "llm.request.type", "traceloop.span.kind"} {
		if name := a.text(key); name != "" && !strings.EqualFold(name, "unknown") {
			return known(name)
		}
	}
	models := slices.Concat(askedModels, answeredModels)
	if a.has(models...) && (a.has(providerNames...) || a.has(inputTokens...) || a.has(outputTokens...)) {
		return ai.Chat
	}
	return ai.Span
}

func known(name string) ai.Op { return cmp.Or(operations[strings.ToLower(name)], ai.Span) }

// call reads what a model did and works out the cost.
func (m *mapper) call(e *ledger.Entry, a attributes) {
	e.AskModel = cut(a.text(askedModels...), maxName)
	e.Model = cmp.Or(cut(a.text(answeredModels...), maxName), e.AskModel)
	e.Provider = m.provider(a)
	if host := a.text("server.address"); host != "" {
		e.URL = "https://" + cut(host, maxName)
	}
	stream := a.text("gen_ai.request.stream", "llm.is_streaming", "gen_ai.is_streaming") == "true"
	e.Stream = stream || strings.HasSuffix(a.text("ai.operationId"), ".doStream")
	if s, ok := a.number("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"); ok {
		e.FirstTokenMicros = min(int64(s*1e6), maxMicros)
	} else if ms, ok := a.number("ai.response.msToFirstChunk"); ok {
		e.FirstTokenMicros = min(int64(ms*1e3), maxMicros)
	}
	e.Usage = usage(e.Op, a)
	m.price(e, a)
}

// provider is the id of the first name that means a provider of ours, else the
// first name.
func (m *mapper) provider(a attributes) string {
	first := ""
	for _, key := range providerNames {
		name := cut(a.text(key), maxName)
		if id, ok := m.api.Provider(name); ok {
			return id
		}
		first = cmp.Or(first, strings.ToLower(name))
	}
	return first
}

func usage(op ai.Op, a attributes) ai.Usage {
	in, hasIn := a.count(inputTokens...)
	out, hasOut := a.count(outputTokens...)
	if total, ok := a.count(totalTokens...); ok && (!hasIn || !hasOut) {
		if op == ai.Embed || op == ai.Rerank {
			in, hasIn = total, true
		} else if hasIn {
			out = max(total-in, 0)
		} else if hasOut {
			in = max(total-out, 0)
		}
	}
	if !hasIn && !hasOut {
		return ai.Usage{}
	}
	u := ai.Usage{Known: true, InputTokens: in, OutputTokens: out, ServiceTier: cut(a.text(tiers...), 64)}
	u.CacheReadTokens, _ = a.count(cacheRead...)
	u.CacheWriteTokens, _ = a.count(cacheWrite...)
	u.ReasoningTokens, _ = a.count(reasoning...)
	u.InputAudioTokens, _ = a.count(inputAudio...)
	u.OutputAudioTokens, _ = a.count(outputAudio...)
	// Parts are within the totals, as the convention has it; where they cannot be,
	// the producer counts them beside.
	if parts := u.CacheReadTokens + u.CacheWriteTokens; parts > u.InputTokens {
		u.InputTokens += parts
	}
	if u.ReasoningTokens > u.OutputTokens {
		u.OutputTokens += u.ReasoningTokens
	}
	u.InputAudioTokens, u.OutputAudioTokens = min(u.InputAudioTokens, u.InputTokens), min(u.OutputAudioTokens, u.OutputTokens)
	return u
}

const maxDollars = 1e6 // of one call

// price goes by the catalogue: for the model that answered, else for the one that
// was asked for. What it does not know costs what the span says.
func (m *mapper) price(e *ledger.Entry, a attributes) {
	if e.Usage.Known {
		if m.api.Price(e) {
			return
		}
		if asked := *e; e.AskModel != "" {
			if asked.Model = e.AskModel; m.api.Price(&asked) {
				e.CostNano, e.CostKnown, e.PriceVersion, e.Charge = asked.CostNano, true, asked.PriceVersion, asked.Charge
				return
			}
		}
	}
	if dollars, ok := a.number(costs...); ok && dollars <= maxDollars {
		e.CostNano, e.CostKnown = int64(math.Round(dollars*1e9)), true
	}
}
