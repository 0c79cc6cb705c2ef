package otlp

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/price"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/sign"
)

var began = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// testMapper has the real prices and providers.
func testMapper(t *testing.T) *mapper {
	t.Helper()
	prices, err := price.Load()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := all.New(sign.Clients{})
	if err != nil {
		t.Fatal(err)
	}
	return &mapper{now: began.Add(time.Hour), api: New(Deps{
		Price: func(e *ledger.Entry) bool {
			b, _, ok := prices.Bill(e.Provider, []string{e.Model}, e.StartedAt, e.Usage)
			if !ok {
				return false
			}
			e.CostNano, e.CostKnown = b.Nano, b.Known
			return b.Known
		},
		Provider: func(name string) (string, bool) {
			p, ok := rows.ByTelemetry(name)
			if !ok {
				return "", false
			}
			return p.ID, true
		},
	})}
}

func anyValue(v any) *commonpb.AnyValue {
	switch v := v.(type) {
	case string:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: v}}
	case int:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(v)}}
	case float64:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: v}}
	case []any:
		list := &commonpb.ArrayValue{}
		for _, x := range v {
			list.Values = append(list.Values, anyValue(x))
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: list}}
	case map[string]any:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: keyValues(v)}}}
	}
	panic("no such value")
}

func keyValues(m map[string]any) (list []*commonpb.KeyValue) {
	for _, k := range sortedKeys(m) {
		list = append(list, &commonpb.KeyValue{Key: k, Value: anyValue(m[k])})
	}
	return list
}

func spanOf(attributes map[string]any) *tracepb.Span {
	return &tracepb.Span{
		TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"), Name: "a span", StartTimeUnixNano: uint64(began.UnixNano()),
		EndTimeUnixNano: uint64(began.Add(1500 * time.Millisecond).UnixNano()), Attributes: keyValues(attributes),
	}
}

// What each convention's producers write of a call, and what it is to us. Costs are
// worked out by hand from the providers' price lists.
func TestConventions(t *testing.T) {
	type want struct {
		Op              ai.Op
		Provider, Model string
		Usage           ai.Usage
		CostNano        int64
		Request, Reply  string
	}
	for name, c := range map[string]struct {
		attributes map[string]any
		want       want
	}{
		"the current convention": {map[string]any{
			"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06",
			"gen_ai.request.temperature": 0.5, "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100,
			"gen_ai.usage.cache_read.input_tokens": 400, "gen_ai.usage.reasoning.output_tokens": 60, "gen_ai.response.finish_reasons": []any{"tool_calls"},
			"gen_ai.system_instructions": `[{"type":"text","content":"Be brief."}]`,
			"gen_ai.input.messages":      `[{"role":"user","parts":[{"type":"text","content":"Weather?"}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c0","result":{"t":1}}]}]`,
			"gen_ai.output.messages":     `[{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"weather","arguments":{"city":"Rome"}}],"finish_reason":"tool_call"}]`,
		}, want{ai.Chat, "openai", "gpt-4o-2024-08-06", ai.Usage{Known: true, InputTokens: 1000, OutputTokens: 100, CacheReadTokens: 400, ReasoningTokens: 60},
			600*2500 + 400*1250 + 100*10000,
			`{"model":"gpt-4o","temperature":0.5,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Weather?"},{"role":"tool","tool_call_id":"c0","content":"{\"t\":1}"}]}`,
			`{"model":"gpt-4o-2024-08-06","choices":[{"index":0,"finish_reason":"tool_call","message":{"role":"assistant","content":"","tool_calls":[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]}}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}`}},
		"messages as values with parts": {map[string]any{
			"gen_ai.operation.name": "chat", "gen_ai.system": "az.ai.openai", "gen_ai.request.model": "unpriced",
			"gen_ai.input.messages": []any{map[string]any{"role": "user", "parts": []any{map[string]any{"type": "text", "content": "Hi"}}}},
		}, want{ai.Chat, "azure-openai", "unpriced", ai.Usage{}, 0, `{"model":"unpriced","messages":[{"role":"user","content":"Hi"}]}`, ``}},
		"OpenLLMetry": {map[string]any{
			"gen_ai.system": "Anthropic", "llm.request.type": "chat", "gen_ai.request.model": "claude-3-5-haiku-20241022",
			"gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "Be kind.", "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "Hello",
			"gen_ai.completion.0.content": "Hi", "gen_ai.completion.0.finish_reason": "end_turn",
			"gen_ai.completion.0.tool_calls.0.id": "t", "gen_ai.completion.0.tool_calls.0.name": "f", "gen_ai.completion.0.tool_calls.0.arguments": "{}",
			"gen_ai.usage.prompt_tokens": 10, "gen_ai.usage.completion_tokens": 5, "gen_ai.usage.cache_read_input_tokens": 90, "llm.usage.total_tokens": 15,
		}, want{ai.Chat, "anthropic", "claude-3-5-haiku-20241022", ai.Usage{Known: true, InputTokens: 100, OutputTokens: 5, CacheReadTokens: 90},
			10*800 + 90*80 + 5*4000,
			`{"model":"claude-3-5-haiku-20241022","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hello"}]}`,
			`{"model":"claude-3-5-haiku-20241022","choices":[{"index":0,"finish_reason":"end_turn","message":{"role":"assistant","content":"Hi","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]}}],"usage":{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105}}`}},
		"OpenInference": {map[string]any{
			"openinference.span.kind": "LLM", "llm.system": "openai", "llm.model_name": "gpt-4o-mini", "llm.invocation_parameters": `{"temperature":0.1}`,
			"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "Hi",
			"llm.input_messages.10.message.role": "user", "llm.input_messages.10.message.contents.0.message_content.text": "last",
			"llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "f",
			"llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": "{}",
			"llm.token_count.prompt": 100, "llm.token_count.completion": 10, "llm.token_count.total": 110, "llm.token_count.completion_details.reasoning": 3,
		}, want{ai.Chat, "openai", "gpt-4o-mini", ai.Usage{Known: true, InputTokens: 100, OutputTokens: 10, ReasoningTokens: 3}, 100*150 + 10*600,
			`{"model":"gpt-4o-mini","temperature":0.1,"messages":[{"role":"user","content":"Hi"},{"role":"user","content":[{"type":"text","text":"last"}]}]}`,
			`{"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","tool_calls":[{"id":null,"type":"function","function":{"name":"f","arguments":"{}"}}]}}],"usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110}}`}},
		"OpenInference, embeddings": {map[string]any{
			"openinference.span.kind": "EMBEDDING", "embedding.model_name": "text-embedding-3-small", "llm.provider": "openai",
			"embedding.embeddings.0.embedding.text": "one", "llm.token_count.total": 1000,
		}, want{ai.Embed, "openai", "text-embedding-3-small", ai.Usage{Known: true, InputTokens: 1000}, 1000 * 20, `{"model":"text-embedding-3-small","input":["one"]}`,
			`{"model":"text-embedding-3-small","usage":{"prompt_tokens":1000,"completion_tokens":0,"total_tokens":1000}}`}},
		"Vercel's model call": {map[string]any{
			"ai.operationId": "ai.streamText.doStream", "operation.name": "ai.streamText.doStream", "ai.model.provider": "openai.chat", "ai.model.id": "gpt-4o-mini",
			"ai.prompt.messages": `[{"role":"user","content":[{"type":"text","text":"Hi"}]}]`, "ai.response.text": "Hello", "ai.response.finishReason": "stop",
			"ai.response.toolCalls": `[{"toolCallId":"c","toolName":"f","input":{"a":1}}]`, "ai.usage.inputTokens": 8, "ai.usage.outputTokens": 2,
		}, want{ai.Chat, "openai", "gpt-4o-mini", ai.Usage{Known: true, InputTokens: 8, OutputTokens: 2}, 8*150 + 2*600,
			`{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}`,
			`{"model":"gpt-4o-mini","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hello","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}}],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}`}},
		"Vercel's outer span, whose tokens are those of the calls below": {map[string]any{
			"ai.operationId": "ai.streamText", "ai.model.provider": "openai.chat", "ai.model.id": "gpt-4o-mini", "ai.prompt": `{"prompt":"Hi"}`,
			"ai.response.text": "Hello", "ai.usage.inputTokens": 8, "ai.usage.outputTokens": 2,
		}, want{Op: ai.Span, Request: `{"prompt":"Hi"}`, Reply: `"Hello"`}},
		"an agent, whose tokens are those of the calls below": {map[string]any{
			"gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 9,
		}, want{Op: ai.Span}},
		"a tool": {map[string]any{
			"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather", "gen_ai.tool.call.arguments": `{"city":"Rome"}`, "gen_ai.tool.call.result": "sunny",
		}, want{Op: ai.Span, Request: `{"city":"Rome"}`, Reply: `"sunny"`}},
		"a workflow of OpenLLMetry": {map[string]any{"traceloop.span.kind": "workflow", "traceloop.entity.input": `{"q":1}`}, want{Op: ai.Span, Request: `{"q":1}`}},
		"an HTTP call":              {map[string]any{"http.request.method": "GET", "url.full": "https://x.example"}, want{Op: ai.Span}},
		"Bedrock, and no name for the operation": {map[string]any{
			"gen_ai.system": "aws.bedrock", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 1, "gen_ai.usage.cost": 0.000123456789,
		}, want{Op: ai.Chat, Provider: "bedrock", Model: "m", Usage: ai.Usage{Known: true, InputTokens: 1, OutputTokens: 1}, CostNano: 123457,
			Request: `{"model":"m"}`, Reply: `{"model":"m","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			l := testMapper(t).span(source{}, spanOf(c.attributes))
			e := l.Entry
			got := want{e.Op, e.Provider, e.Model, e.Usage, e.CostNano, normal(t, l.Request), normal(t, l.Reply)}
			c.want.Request, c.want.Reply = normal(t, []byte(c.want.Request)), normal(t, []byte(c.want.Reply))
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if e.CostKnown != (c.want.CostNano > 0) || e.TotalMicros != 1_500_000 || !e.StartedAt.Equal(began) {
				t.Errorf("cost known %v, %d µs from %v", e.CostKnown, e.TotalMicros, e.StartedAt)
			}
		})
	}
}

func normal(t *testing.T, raw []byte) string {
	t.Helper()
	if len(raw) == 0 {
		return ""
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	out, _ := json.MarshalIndent(v, "", " ")
	return string(out)
}

// Keys from outside stay keys: nothing is looked up by parts of them, and those
// that are out of bounds are left out, and said to be.
func TestHostileKeysAreInert(t *testing.T) {
	long := strings.Repeat("k", 64<<10)
	l := testMapper(t).span(source{}, spanOf(map[string]any{
		"__proto__": "x", "constructor.prototype.a": "y", "a.b": "z", "$where": "1", long: "gone", "metadata.__proto__": "m", "gen_ai.prompt.99999999999.role": "r", "gen_ai.prompt.-1.role": "r",
	}))
	var kept struct{ Attributes map[string]any }
	if err := json.Unmarshal(l.Span, &kept); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"__proto__": "x", "constructor.prototype.a": "y", "a.b": "z", "$where": "1", "metadata.__proto__": "m", "gen_ai.prompt.99999999999.role": "r", "gen_ai.prompt.-1.role": "r"}
	if d := cmp.Diff(want, kept.Attributes); d != "" {
		t.Error(d)
	}
	if len(l.Entry.Receipts) != 1 || l.Entry.Receipts[0].Path != "attributes" || l.Entry.Metadata["__proto__"] != "m" {
		t.Errorf("receipts %v, metadata %v", l.Entry.Receipts, l.Entry.Metadata)
	}
}

func TestSpansThatAreRefused(t *testing.T) {
	many := map[string]any{}
	for i := range 10_000 {
		many[strings.Repeat("x", i%200)+string(rune('a'+i%26))+time.Duration(i).String()] = i
	}
	for why, change := range map[string]func(*tracepb.Span){
		"a trace id of 16 bytes":  func(s *tracepb.Span) { s.TraceId = s.TraceId[:15] },
		"a span id of 8":          func(s *tracepb.Span) { s.SpanId = make([]byte, 8) },
		"from the year 2000 on":   func(s *tracepb.Span) { s.StartTimeUnixNano = 1 },
		"that has come":           func(s *tracepb.Span) { s.StartTimeUnixNano = 1 << 63 },
		"at most 4096 attributes": func(s *tracepb.Span) { s.Attributes = keyValues(many) },
	} {
		m, s := testMapper(t), spanOf(nil)
		change(s)
		if l := m.span(source{}, s); l != nil || m.refused != 1 || !strings.Contains(m.why(), why) {
			t.Errorf("%s: %v, %q", why, l, m.why())
		}
	}
}
