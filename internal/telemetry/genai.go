package telemetry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// The conventions for generative AI are in development; these are the ones of
// version 1.40.0, with names of ours for what they do not have.
const (
	schemaURL = semconv.SchemaURL
	scopeName = "github.com/portico-ai/portico"

	// reasoningTokens is a name of the conventions' later versions.
	reasoningTokens = attribute.Key("gen_ai.usage.reasoning.output_tokens")
)

var operationNames = map[ai.Op]string{
	ai.Chat: semconv.GenAIOperationNameChat.Value.AsString(), ai.CreateResponse: semconv.GenAIOperationNameChat.Value.AsString(),
	ai.Complete: semconv.GenAIOperationNameTextCompletion.Value.AsString(), ai.Embed: semconv.GenAIOperationNameEmbeddings.Value.AsString(),
	ai.Rerank: "rerank", ai.ImageGenerate: "image_generation", ai.Speech: "speech", ai.Transcribe: "transcription",
}

// operationName is the conventions' word, or ours where they have none.
func operationName(op ai.Op) string { return cmp.Or(operationNames[op], string(op), "request") }

// list collects the attributes of a span. Those that are empty are left out.
type list []*commonpb.KeyValue

func (l *list) add(key string, v *commonpb.AnyValue) {
	*l = append(*l, &commonpb.KeyValue{Key: key, Value: v})
}

func (l *list) text(key attribute.Key, v string) {
	if v != "" {
		l.add(string(key), textValue(v))
	}
}

func (l *list) count(key attribute.Key, n int64) {
	if n != 0 {
		l.add(string(key), &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: n}})
	}
}

func (l *list) number(key attribute.Key, n float64) {
	l.add(string(key), &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: n}})
}

func (l *list) texts(key attribute.Key, all []string) {
	if len(all) == 0 {
		return
	}
	values := make([]*commonpb.AnyValue, len(all))
	for i, s := range all {
		values[i] = textValue(s)
	}
	l.add(string(key), &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: values}}})
}

func textValue(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: strings.ToValidUTF8(s, "\uFFFD")}}
}

func resourceAttributes(opt ExportOptions) []*commonpb.KeyValue {
	var l list
	for _, key := range slices.Sorted(maps.Keys(opt.Resource)) {
		l.text(attribute.Key(key), opt.Resource[key])
	}
	return l
}

// spans are the entry's own and, below it, one for each attempt. Only the former
// tells of tokens, so that they count once.
func (x *Exporter) spans(ctx context.Context, e *ledger.Entry) []*tracepb.Span {
	traceID, own := traceIDOf(e), spanIDOf(cmp.Or(e.SpanID, "entry\x00"+e.ID))
	s := &tracepb.Span{
		TraceId: traceID, SpanId: own, Name: spanName(e), Kind: tracepb.Span_SPAN_KIND_CLIENT, Flags: 1,
		StartTimeUnixNano: nanos(e, 0), EndTimeUnixNano: nanos(e, e.TotalMicros), Attributes: x.attributes(ctx, e), Status: statusOf(e.Succeeded(), e.Error),
	}
	if e.ParentSpanID != "" {
		s.ParentSpanId = spanIDOf(e.ParentSpanID)
	}
	spans := []*tracepb.Span{s}
	for i := range e.Attempts {
		a := &e.Attempts[i]
		spans = append(spans, &tracepb.Span{
			TraceId: traceID, SpanId: spanIDOf("attempt\x00" + e.ID + "\x00" + strconv.Itoa(i)), ParentSpanId: own, Flags: 1,
			Name: "attempt " + strconv.Itoa(i+1), Kind: tracepb.Span_SPAN_KIND_CLIENT,
			StartTimeUnixNano: nanos(e, a.StartMicros), EndTimeUnixNano: nanos(e, a.StartMicros+a.TotalMicros),
			Attributes: x.attemptAttributes(a), Status: statusOf(a.Error == nil, a.Error),
		})
	}
	return spans
}

func spanName(e *ledger.Entry) string {
	return strings.TrimSpace(operationName(e.Op) + " " + strings.ToValidUTF8(cmp.Or(e.AskModel, e.Model), ""))
}

func nanos(e *ledger.Entry, micros int64) uint64 {
	return uint64(max(e.StartedAt.UnixNano()+micros*1000, 0)) //nolint:gosec // not negative
}

func statusOf(ok bool, info *ledger.ErrorInfo) *tracepb.Status {
	switch {
	case ok:
		return &tracepb.Status{}
	case info == nil:
		return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	}
	return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: strings.ToValidUTF8(info.Message, "")}
}

// traceIDOf is the trace id if it is one of W3C's, or a UUID; else a digest of it.
func traceIDOf(e *ledger.Entry) []byte {
	text := cmp.Or(e.TraceID, "entry\x00"+e.ID)
	if id, ok := hexOf(strings.ReplaceAll(text, "-", ""), 16); ok {
		return id
	}
	sum := sha256.Sum256([]byte("trace\x00" + text))
	return sum[:16]
}

// spanIDOf is the span id if it is one of W3C's, else a digest, which is the same
// wherever the id is named.
func spanIDOf(text string) []byte {
	if id, ok := hexOf(text, 8); ok {
		return id
	}
	sum := sha256.Sum256([]byte("span\x00" + text))
	return sum[:8]
}

func hexOf(text string, n int) ([]byte, bool) {
	id, err := hex.DecodeString(text)
	return id, err == nil && len(id) == n && strings.Trim(text, "0") != ""
}

func (x *Exporter) attributes(ctx context.Context, e *ledger.Entry) []*commonpb.KeyValue {
	var l list
	l.text(semconv.GenAIOperationNameKey, operationName(e.Op))
	l.text(semconv.GenAIProviderNameKey, x.opt.ProviderName(e.Provider))
	l.text(semconv.GenAIRequestModelKey, e.AskModel)
	l.text(semconv.GenAIResponseModelKey, e.Model)
	server(&l, e.URL)
	if !e.Succeeded() {
		l.text(semconv.ErrorTypeKey, errorType(e))
	}
	l.count(semconv.HTTPResponseStatusCodeKey, int64(e.Status))
	u := &e.Usage
	if u.Known {
		l.count(semconv.GenAIUsageInputTokensKey, u.InputTokens)
		l.count(semconv.GenAIUsageOutputTokensKey, u.OutputTokens)
		l.count(semconv.GenAIUsageCacheReadInputTokensKey, u.CacheReadTokens)
		l.count(semconv.GenAIUsageCacheCreationInputTokensKey, u.CacheWriteTokens)
		l.count(reasoningTokens, u.ReasoningTokens)
	}
	x.ours(&l, e)
	x.contents(ctx, &l, e)
	return l
}

// ours is what the conventions have no name for. Headers are not among it.
func (x *Exporter) ours(l *list, e *ledger.Entry) {
	l.text("portico.log.id", e.ID)
	l.text("portico.workspace.id", e.WorkspaceID)
	l.text("portico.state", string(e.State))
	if hex.EncodeToString(traceIDOf(e)) != e.TraceID {
		l.text("portico.trace_id", e.TraceID)
	}
	l.text("portico.config", e.ConfigSlug)
	l.text("portico.virtual_key", e.Virtual)
	l.text("portico.cache", e.Cache)
	l.count("portico.retries", int64(e.Retries))
	if e.CostKnown {
		l.number("portico.cost", float64(e.CostNano)/1e9) // dollars
	}
	if e.FirstTokenMicros > 0 {
		l.number("portico.time_to_first_token", float64(e.FirstTokenMicros)/1e6) // seconds
	}
	for _, key := range slices.Sorted(maps.Keys(e.Metadata)) {
		l.text(attribute.Key("portico.metadata."+strings.ToValidUTF8(key, "")), e.Metadata[key])
	}
}

func (x *Exporter) attemptAttributes(a *ledger.Attempt) []*commonpb.KeyValue {
	var l list
	l.text(semconv.GenAIProviderNameKey, x.opt.ProviderName(a.Provider))
	l.text(semconv.GenAIRequestModelKey, a.Model)
	server(&l, a.URL)
	l.count(semconv.HTTPResponseStatusCodeKey, int64(a.Status))
	if a.Error != nil {
		l.text(semconv.ErrorTypeKey, cmp.Or(a.Error.Type, strconv.Itoa(a.Status)))
	}
	l.text("portico.attempt.step", a.Step)
	l.count("portico.attempt.retry", int64(a.Retry))
	l.count("portico.attempt.wait_us", a.WaitMicros)
	l.text("portico.virtual_key", a.Virtual)
	return l
}

func errorType(e *ledger.Entry) string {
	if e.Error != nil && e.Error.Type != "" {
		return e.Error.Type
	}
	if e.Status >= 400 {
		return strconv.Itoa(e.Status)
	}
	return string(e.State)
}

func server(l *list, raw string) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return
	}
	l.text(semconv.ServerAddressKey, u.Hostname())
	port, _ := strconv.ParseInt(u.Port(), 10, 32)
	if port == 0 && u.Scheme == "https" {
		port = 443
	}
	l.count(semconv.ServerPortKey, port)
}
