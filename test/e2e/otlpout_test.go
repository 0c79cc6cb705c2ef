package e2e

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A collector receives OTLP over HTTP, and may be away.
type collector struct {
	t    *testing.T
	addr string

	mu      sync.Mutex
	server  *http.Server
	spans   map[string][]*tracepb.Span // by trace id and span id
	metrics map[string]uint64          // observations, by name, as last told
	refuse  int                        // calls to answer with 503
	headers http.Header
	raw     []byte // all that came
}

func newCollector(t *testing.T) *collector {
	c := &collector{t: t, addr: freeAddr(t), spans: map[string][]*tracepb.Span{}, metrics: map[string]uint64{}}
	c.up()
	t.Cleanup(c.down)
	return c
}

func (c *collector) up() {
	c.t.Helper()
	ln, err := net.Listen("tcp", c.addr)
	if err != nil {
		c.t.Fatal(err)
	}
	c.server = &http.Server{Handler: c, ReadHeaderTimeout: time.Second}
	go c.server.Serve(ln) //nolint:errcheck // it ends when it is closed
}

func (c *collector) down() { _ = c.server.Close() }

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuse > 0 {
		c.refuse--
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		c.t.Error(err)
		return
	}
	body, err := io.ReadAll(z)
	if err != nil {
		c.t.Error(err)
	}
	c.headers, c.raw = r.Header, append(c.raw, body...)
	w.Header().Set("Content-Type", "application/x-protobuf")
	switch r.URL.Path {
	case "/v1/traces":
		var in coltrace.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			c.t.Error(err)
		}
		for _, rs := range in.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					id := hex.EncodeToString(s.TraceId) + hex.EncodeToString(s.SpanId)
					c.spans[id] = append(c.spans[id], s)
				}
			}
		}
	case "/v1/metrics":
		var in colmetrics.ExportMetricsServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			c.t.Error(err)
		}
		for _, rm := range in.ResourceMetrics {
			for _, sm := range rm.ScopeMetrics {
				for _, m := range sm.Metrics {
					c.metrics[m.Name] = 0
					for _, p := range m.GetHistogram().GetDataPoints() {
						c.metrics[m.Name] += p.Count
					}
				}
			}
		}
	default:
		c.t.Errorf("path %s", r.URL.Path)
	}
}

// await waits for n spans with different ids.
func (c *collector) await(n int) map[string][]*tracepb.Span {
	c.t.Helper()
	for range 600 {
		c.mu.Lock()
		have := len(c.spans)
		c.mu.Unlock()
		if have >= n {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spans) != n {
		c.t.Fatalf("%d spans, want %d", len(c.spans), n)
	}
	return c.spans
}

func told(s *tracepb.Span, key string) any {
	for _, kv := range s.Attributes {
		if kv.Key == key {
			switch v := kv.Value.Value.(type) {
			case *commonpb.AnyValue_StringValue:
				return v.StringValue
			case *commonpb.AnyValue_IntValue:
				return v.IntValue
			case *commonpb.AnyValue_DoubleValue:
				return v.DoubleValue
			case *commonpb.AnyValue_ArrayValue:
				return v.ArrayValue.Values[0].GetStringValue()
			}
		}
	}
	return nil
}

// model answers chats, whole and streamed, the first one with an error.
func model(t *testing.T) *httptest.Server {
	var calls atomic.Int64
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"error":{"message":"broken","type":"server_error"}}`)
			return
		}
		if strings.Contains(string(body), `"stream":true`) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, `data: {"id":"c2","model":"gpt-4o","choices":[{"index":0,"delta":{"role":"assistant","content":"Ci"}}]}`+"\n\n"+
				`data: {"id":"c2","model":"gpt-4o","choices":[{"index":0,"delta":{"content":"ao","tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}]}`+"\n\n"+
				`data: {"id":"c2","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}`+"\n\ndata: [DONE]\n\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"c1","object":"chat.completion","model":"gpt-4o-2024-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"prompt_tokens_details":{"cached_tokens":400},"completion_tokens_details":{"reasoning_tokens":60}}}`)
	}))
	t.Cleanup(up.Close)
	return up
}

const providerKey = "sk-canary-1234567890"

func (s *server) ask(body string, headers ...string) response {
	s.t.Helper()
	headers = append(headers, "x-portkey-config", `{"provider":"openai","api_key":"`+providerKey+`","retry":{"attempts":2,"on_status_codes":[500]}}`)
	got := s.call("POST", "/v1/chat/completions", workspaceKey, body, headers...)
	if got.Status != 200 {
		s.t.Fatalf("status %d: %s", got.Status, got.Body)
	}
	return got
}

const parentTrace, parentSpan = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

func TestEntriesAreSentToACollector(t *testing.T) {
	c := newCollector(t)
	s := start(t, t.TempDir(), map[string]string{"openai": model(t).URL + "/v1"}, "--otlp-endpoint", "http://"+c.addr, "--otlp-content", "true")
	s.ask(`{"model":"gpt-4o","temperature":0.5,"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hi"}]}`, "traceparent", "00-"+parentTrace+"-"+parentSpan+"-01", "x-portkey-metadata", `{"_user":"ann"}`)
	s.ask(`{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"Ciao?"}]}`, "x-portkey-trace-id", "not hexadecimal")
	// What somebody else told of is not told on.
	s.call("POST", "/v1/otel/v1/traces", workspaceKey, `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"a","startTimeUnixNano":"1777636800000000000"}]}]}]}`)
	spans := c.await(2 + 3) // attempts: two of the first, one of the second
	var first, second *tracepb.Span
	attempts := map[string]int{}
	for _, list := range spans {
		switch sp := list[0]; {
		case sp.Name == "chat gpt-4o" && hex.EncodeToString(sp.TraceId) == parentTrace:
			first = sp
		case sp.Name == "chat gpt-4o":
			second = sp
		default:
			attempts[hex.EncodeToString(sp.ParentSpanId)+fmt.Sprint(told(sp, "http.response.status_code"))]++
			if told(sp, "gen_ai.usage.input_tokens") != nil {
				t.Error("an attempt counts tokens, which its request does")
			}
		}
	}
	if first == nil || second == nil || hex.EncodeToString(first.ParentSpanId) != parentSpan || first.Kind != tracepb.Span_SPAN_KIND_CLIENT {
		t.Fatalf("%v, %v", first, second)
	}
	for key, want := range map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.response.id": "c1",
		"gen_ai.usage.input_tokens": int64(1000), "gen_ai.usage.output_tokens": int64(100), "gen_ai.usage.cache_read.input_tokens": int64(400), "gen_ai.usage.reasoning.output_tokens": int64(60),
		"gen_ai.request.temperature": 0.5, "gen_ai.response.finish_reasons": "stop", "portico.cost": 0.003, "portico.metadata._user": "ann", "http.response.status_code": int64(200),
		"gen_ai.system_instructions": `[{"content":"Be kind.","type":"text"}]`, "gen_ai.input.messages": `[{"parts":[{"content":"Hi","type":"text"}],"role":"user"}]`,
		"gen_ai.output.messages": `[{"finish_reason":"stop","parts":[{"content":"Hello","type":"text"}],"role":"assistant"}]`,
	} {
		if got := told(first, key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	id := hex.EncodeToString(first.SpanId)
	if attempts[id+"500"] != 1 || attempts[id+"200"] != 1 || len(attempts) != 3 {
		t.Errorf("attempts: %v", attempts)
	}
	if got := told(second, "gen_ai.output.messages"); got != `[{"finish_reason":"stop","parts":[{"content":"Ciao","type":"text"},{"arguments":{},"id":"t","name":"f","type":"tool_call"}],"role":"assistant"}]` ||
		told(second, "portico.trace_id") != "not hexadecimal" {
		t.Errorf("the stream: %v", second)
	}
	if err := s.stop(); err != nil { // which sends the metrics
		t.Error(err)
	}
	for name, want := range map[string]uint64{"gen_ai.client.token.usage": 4, "gen_ai.client.operation.duration": 2, "gen_ai.server.time_to_first_token": 1} {
		if got := c.metrics[name]; got != want {
			t.Errorf("%s has %d observations, want %d", name, got, want)
		}
	}
	if strings.Contains(string(c.raw), providerKey) || strings.Contains(string(c.raw), workspaceKey) {
		t.Error("a key was sent to the collector")
	}
}

// Without the switch nothing of what was said leaves; parameters do.
func TestMessagesAreSentOnlyWhenAskedFor(t *testing.T) {
	c := newCollector(t)
	s := start(t, t.TempDir(), map[string]string{"openai": model(t).URL + "/v1"})
	s.kill()
	s.env = append(s.env, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+c.addr, "OTEL_EXPORTER_OTLP_HEADERS=api-key=se%20cret", "OTEL_METRICS_EXPORTER=none", "OTEL_SERVICE_NAME=gate")
	s.restart()
	s.ask(`{"model":"gpt-4o","temperature":0.5,"messages":[{"role":"user","content":"between us"}]}`)
	c.await(3)
	if strings.Contains(string(c.raw), "between us") || !strings.Contains(string(c.raw), "gen_ai.request.temperature") || !strings.Contains(string(c.raw), "gate") || c.headers.Get("Api-Key") != "se cret" {
		t.Errorf("headers %v, body %q", c.headers, c.raw)
	}
}

// The collector is away while requests are served and the gateway is killed over
// and over: in the end every one of them has arrived, under one id each.
func TestNoSpanIsLostOverKills(t *testing.T) {
	c := newCollector(t)
	s := start(t, t.TempDir(), map[string]string{"openai": model(t).URL + "/v1"}, "--otlp-endpoint", "http://"+c.addr)
	want, ids := 1, map[string]bool{} // the first request has an attempt more
	for i := range 6 {
		switch i {
		case 1:
			c.down()
		case 3:
			c.mu.Lock()
			c.refuse = 2
			c.mu.Unlock()
			c.up()
		case 4:
			c.down()
		}
		for range 5 {
			ids[s.ask(`{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}`).Header.Get("X-Portkey-Request-Id")] = true
			want += 2
		}
		s.kill()
		s.restart()
	}
	c.up()
	arrived := map[string]bool{}
	for id, list := range c.await(want) {
		for _, sp := range list {
			if !proto.Equal(sp, list[0]) {
				t.Errorf("%s came again and is another: %v and %v", id, list[0], sp)
			}
		}
		if log, ok := told(list[0], "portico.log.id").(string); ok {
			arrived[log] = true
		}
	}
	for id := range ids {
		if !arrived[id] {
			t.Errorf("%s has not arrived", id)
		}
	}
}
