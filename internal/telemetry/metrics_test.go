package telemetry

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

func page(m *Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// Ours keep to what Prometheus advises; Portkey's names do not, and are left out.
func TestMetricsPassTheLinter(t *testing.T) {
	m := NewMetrics("test")
	m.Counter("portico_journal_entries_total", "Entries.", func() float64 { return 1 })
	m.Observe(&ledger.Entry{Op: ai.Chat, Provider: "openai", Fallback: true, Cache: "MISS", CostKnown: true, CostNano: 5, FirstTokenMicros: 1,
		Usage: ai.Usage{Known: true, InputTokens: 3, CacheReadTokens: 2, ReasoningTokens: 1}, Attempts: []ledger.Attempt{{}, {Retry: 1}}})
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, want := range []string{
		"portico_retries_total 1", "portico_fallbacks_total 1", `portico_cache_requests_total{status="MISS"} 1`, `portico_token_parts_total{part="cache_read",provider="openai"} 2`,
		`portico_build_info{version="test"} 1`, "go_goroutines ",
	} {
		if !strings.Contains(page(m), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestPortkeysMetrics(t *testing.T) {
	m := NewMetrics("test")
	m.WithCompat(Compat{App: "gw", Env: "test", Model: true, ConfigName: true, APIKeyName: true, Metadata: []string{"_user", "a.b", "a-b"}})
	m.Observe(&ledger.Entry{Op: ai.Chat, Method: "POST", Provider: "openai", Status: 200, Stream: true, Cache: "HIT", Model: "m\xff", ConfigSlug: "pc-1", KeyID: "k",
		Metadata: map[string]string{"_user": "ann", "a.b": "x"}, Usage: ai.Usage{Known: true, InputTokens: 3, OutputTokens: 4}, CostKnown: true, CostNano: 25_000_000,
		TotalMicros: 1_500_000, UpstreamMicros: 1_400_000})
	labels := `{api_key_name="k",app="gw",cacheStatus="HIT",code="200",config_name="pc-1",endpoint="chatComplete",env="test",metadata__user="ann",metadata_a_b="x",method="POST",model="m` + "\uFFFD" + `",provider="openai",source="gateway",stream="true"}`
	for name, want := range map[string]string{
		"request_count": "1", "llm_cost_sum": "2.5", "llm_token_sum": "7", "http_request_duration_seconds_sum": "1.5",
		"llm_request_duration_milliseconds_sum": "1400", "portkey_request_duration_milliseconds_sum": "1500", "portkey_processing_time_excluding_last_byte_ms_sum": "100",
	} {
		if line := name + labels + " " + want + "\n"; !strings.Contains(page(m), line) {
			t.Errorf("%s is missing", line)
		}
	}
}

// Callers choose models and metadata, and must not thereby choose the size of the page.
func TestLabelsAreBounded(t *testing.T) {
	m := NewMetrics("test")
	m.WithCompat(Compat{Model: true, Metadata: []string{"k"}})
	for i := range 5000 {
		m.Observe(&ledger.Entry{Model: fmt.Sprint("m", i%200), Metadata: map[string]string{"k": fmt.Sprint("v", i%300)}})
	}
	n, total := 0, 0
	for line := range strings.Lines(page(m)) {
		if strings.HasPrefix(line, "request_count{") {
			var count int
			if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' '):], &count); err != nil {
				t.Fatal(err)
			}
			n, total = n+1, total+count
		}
	}
	if n > maxSeries+1 || n < maxValues || total != 5000 || !strings.Contains(page(m), `metadata_k="other"`) {
		t.Errorf("%d series of %d requests", n, total)
	}
}
