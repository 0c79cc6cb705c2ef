package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// producer is a program that is instrumented with OpenTelemetry's own SDK.
func producer(t *testing.T, target string, opts ...otlptracehttp.Option) (*otlptrace.Exporter, *sdktrace.TracerProvider) {
	t.Helper()
	opts = append([]otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(target), otlptracehttp.WithHeaders(map[string]string{"x-portkey-api-key": workspaceKey}),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}),
	}, opts...)
	exporter, err := otlptracehttp.New(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter), sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))))
	t.Cleanup(func() { _ = provider.Shutdown(context.WithoutCancel(t.Context())) })
	return exporter, provider
}

// agent makes a trace: a workflow that calls a model, which fails once, and a tool.
func agent(ctx context.Context, tp *sdktrace.TracerProvider) (traceID string, spans map[string]string) {
	tracer, spans := tp.Tracer("shop.agent", trace.WithInstrumentationVersion("1.2")), map[string]string{}
	span := func(ctx context.Context, name string, end func(trace.Span), kv ...attribute.KeyValue) context.Context {
		ctx, s := tracer.Start(ctx, name, trace.WithAttributes(kv...), trace.WithSpanKind(trace.SpanKindClient))
		spans[name] = s.SpanContext().SpanID().String()
		traceID = s.SpanContext().TraceID().String()
		if end != nil {
			end(s)
		}
		s.End()
		return ctx
	}
	in := span(ctx, "plan a trip", nil, attribute.String("traceloop.span.kind", "workflow"))
	span(in, "chat gpt-4o", nil,
		attribute.String("gen_ai.operation.name", "chat"), attribute.String("gen_ai.provider.name", "openai"), attribute.String("gen_ai.request.model", "gpt-4o"),
		attribute.Int("gen_ai.usage.input_tokens", 1000), attribute.Int("gen_ai.usage.output_tokens", 100),
		attribute.Int("gen_ai.usage.cache_read.input_tokens", 400), attribute.Int("gen_ai.usage.reasoning.output_tokens", 60),
		attribute.String("user.id", "ann"), attribute.String("__proto__", "x"), attribute.String(strings.Repeat("k", 64<<10), "long"),
		attribute.String("gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"Where to?"}]}]`),
		attribute.String("gen_ai.output.messages", `[{"role":"assistant","parts":[{"type":"text","content":"Rome"}],"finish_reason":"stop"}]`))
	span(in, "chat again", func(s trace.Span) {
		s.SetStatus(codes.Error, "")
		s.RecordError(errors.New("slow down"))
	}, attribute.String("gen_ai.operation.name", "chat"), attribute.String("gen_ai.provider.name", "openai"), attribute.String("gen_ai.request.model", "gpt-4o"), attribute.String("error.type", "429"))
	span(in, "execute_tool book", nil, attribute.String("gen_ai.operation.name", "execute_tool"), attribute.String("gen_ai.tool.name", "book"))
	return traceID, spans
}

func (s *server) logsOf(traceID string) map[string]gjson.Result {
	s.t.Helper()
	rows := map[string]gjson.Result{}
	for _, row := range gjson.Get(s.call("GET", "/v1/logs?page_size=100&trace_id="+traceID, workspaceKey, nil).Body, "data").Array() {
		name := row.Get("span_name").String()
		if _, twice := rows[name]; twice {
			s.t.Errorf("%s is there twice", name)
		}
		rows[name] = row
	}
	return rows
}

func TestTracesOfTheOpenTelemetrySDKBecomeLogs(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	for name, c := range map[string]struct {
		path string
		opts []otlptracehttp.Option
	}{
		"protobuf":         {"/v1/otel/v1/traces", nil},
		"protobuf, packed": {"/v1/logs/otel/v1/traces", []otlptracehttp.Option{otlptracehttp.WithCompression(otlptracehttp.GzipCompression)}},
		"JSON, packed":     {"/v1/logs/otel", []otlptracehttp.Option{otlptracehttp.WithEncoding(otlptracehttp.EncodingJSON), otlptracehttp.WithCompression(otlptracehttp.GzipCompression)}},
	} {
		t.Run(name, func(t *testing.T) {
			_, tp := producer(t, s.URL+c.path, c.opts...)
			id, spans := agent(t.Context(), tp)
			rows := s.logsOf(id)
			if len(rows) != 4 {
				t.Fatalf("%d rows: %v", len(rows), rows)
			}
			chat := rows["chat gpt-4o"]
			for path, want := range map[string]any{
				"ai_org": "openai", "ai_model": "gpt-4o", "req_units": 1000.0, "res_units": 100.0, "cached_units": 400.0, "reasoning_units": 60.0,
				"cost_nano": 600*2500.0 + 400*1250 + 100*10000, "parent_span_id": spans["plan a trip"], "span_id": spans["chat gpt-4o"], "user": "ann",
				"metadata.service\\.name": "shop", "source": "insert", "op": "chatComplete", "is_success": true,
			} {
				if got := chat.Get(path).Value(); got != want {
					t.Errorf("%s is %v, want %v", path, got, want)
				}
			}
			whole := s.call("GET", "/v1/logs/"+chat.Get("id").String(), workspaceKey, nil).Body
			for path, want := range map[string]string{
				"request.body.messages.0.content": "Where to?", "response.body.choices.0.message.content": "Rome", "response.body.choices.0.finish_reason": "stop",
				"originalResponse.body.attributes.__proto__": "x", "originalResponse.body.resource.service\\.name": "shop", "originalResponse.body.scope.name": "shop.agent",
			} {
				if got := gjson.Get(whole, path).String(); got != want {
					t.Errorf("%s is %q, want %q", path, got, want)
				}
			}
			if strings.Contains(whole, strings.Repeat("k", 300)) || !strings.Contains(whole, "1 left out: their keys have more than 256 bytes") {
				t.Error("a long key is kept, or nothing says that it is not")
			}
			failed := rows["chat again"]
			if failed.Get("status").String() != "error" || failed.Get("response_status_code").Int() != 429 || failed.Get("error.message").String() != "slow down" {
				t.Errorf("the failed call: %s", failed)
			}
			if tool := rows["execute_tool book"]; tool.Get("cost_nano").Type != gjson.Null || tool.Get("op").String() != "span" {
				t.Errorf("the tool: %s", tool)
			}
			tree := s.call("GET", "/v1/traces/"+id, workspaceKey, nil).Body
			if got := gjson.Get(tree, "spans.#").Int(); got != 1 || gjson.Get(tree, "spans.0.spans.#").Int() != 3 || gjson.Get(tree, "cost_nano").Int() != 3_000_000 {
				t.Errorf("the tree: %s", tree)
			}
		})
	}
	// Steps of programs are no requests.
	from, to := url.QueryEscape(time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)), url.QueryEscape(time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	if got := s.call("GET", "/v1/analytics/graphs/requests?time_of_generation_min="+from+"&time_of_generation_max="+to, workspaceKey, nil); gjson.Get(got.Body, "summary.total").Int() != 6 {
		t.Errorf("analytics counts other than 2 calls of 3 traces: %s", got.Body)
	}
}

// The same span sent again is one log, and stays so over a restart.
func TestSpansSentTwiceAreOneLog(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	body := `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"a","startTimeUnixNano":"1777636800000000000"},` +
		`{"traceId":"00","spanId":"eee19b7ec3c1b174","name":"bad","startTimeUnixNano":"1777636800000000000"}]}]}]}`
	for i := range 4 {
		if i == 2 {
			s.kill()
			s.restart()
		}
		got := s.call("POST", "/v1/otel/v1/traces", workspaceKey, body)
		if got.Status != 200 || gjson.Get(got.Body, "partialSuccess.rejectedSpans").Int() != 1 || !strings.Contains(gjson.Get(got.Body, "partialSuccess.errorMessage").String(), `"bad"`) {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
	}
	if rows := s.logsOf("5b8efff798038103d269b633813fc60c"); len(rows) != 1 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestLogRecordsOfGenAIEventsBecomeLogs(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	attr := func(key, value string) map[string]any {
		return map[string]any{"key": key, "value": map[string]any{"stringValue": value}}
	}
	n := func(key, value string) map[string]any {
		return map[string]any{"key": key, "value": map[string]any{"intValue": value}}
	}
	record := func(name, trace, span string, body any, attrs ...map[string]any) map[string]any {
		return map[string]any{"timeUnixNano": "1777636800000000000", "eventName": name, "traceId": trace, "spanId": span, "body": body, "attributes": attrs}
	}
	const trace1, span1 = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
	content := func(role, text string) map[string]any {
		return map[string]any{"kvlistValue": map[string]any{"values": []any{attr("role", role), attr("content", text)}}}
	}
	call := map[string]any{"resourceLogs": []any{map[string]any{"scopeLogs": []any{map[string]any{"logRecords": []any{
		record("gen_ai.user.message", trace1, span1, content("user", "Hi")),
		record("gen_ai.choice", trace1, span1, map[string]any{"kvlistValue": map[string]any{"values": []any{
			map[string]any{"key": "message", "value": content("assistant", "Hello")}, attr("finish_reason", "stop")}}}),
		record("gen_ai.client.inference.operation.details", "", "", nil, attr("gen_ai.operation.name", "chat"), attr("gen_ai.provider.name", "openai"),
			attr("gen_ai.request.model", "gpt-4o"), n("gen_ai.usage.input_tokens", "10"), n("gen_ai.usage.output_tokens", "2"),
			attr("gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"Alone"}]}]`)),
		record("gen_ai.user.message", "", "", content("user", "lost")),
		record("app.started", trace1, span1, nil),
	}}}}}}
	var last string
	for range 2 {
		got := s.call("POST", "/v1/otel/v1/logs", workspaceKey, call)
		if got.Status != 200 || gjson.Get(got.Body, "partialSuccess.rejectedLogRecords").Int() != 2 {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
		last = got.Body
	}
	for _, why := range []string{"app.started", "only GenAI events", "trace id and span id"} {
		if !strings.Contains(last, why) {
			t.Errorf("%s does not say %q", last, why)
		}
	}
	rows := gjson.Get(s.call("GET", "/v1/logs", workspaceKey, nil).Body, "data").Array()
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		whole := s.call("GET", "/v1/logs/"+row.Get("id").String(), workspaceKey, nil).Body
		if row.Get("trace_id").String() == trace1 {
			if row.Get("parent_span_id").String() != span1 || row.Get("op").String() != "span" || gjson.Get(whole, "request.body.messages.0.content").String() != "Hi" ||
				gjson.Get(whole, "response.body.choices.0.message.content").String() != "Hello" {
				t.Errorf("the events of a span: %s", whole)
			}
		} else if row.Get("cost_nano").Int() != 10*2500+2*10000 || gjson.Get(whole, "request.body.messages.0.content").String() != "Alone" {
			t.Errorf("details alone: %s", whole)
		}
	}
}

func TestOTLPIsForThoseWhoMayWriteLogs(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	made := s.call("POST", "/v1/api-keys/workspace/service", adminKey, map[string]any{"name": "reader", "type": "workspace", "sub-type": "service", "scopes": []string{"logs.view"}})
	reader := gjson.Get(made.Body, "key").String()
	for key, want := range map[string]int{"": 401, "wrong": 401, reader: 403, workspaceKey: 200} {
		got := s.call("POST", "/v1/otel/v1/traces", key, `{}`)
		var body map[string]any
		if err := json.Unmarshal([]byte(got.Body), &body); err != nil || got.Status != want {
			t.Errorf("key %q: status %d, want %d: %s", key, got.Status, want, got.Body)
		}
		if want != 200 && (body["code"] == nil || body["message"] == nil) {
			t.Errorf("key %q: %s is no Status", key, got.Body)
		}
	}
}
