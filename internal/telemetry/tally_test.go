package telemetry

import (
	"maps"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// What a tally makes of entries is what the page of metrics says of them, to the
// nano-dollar.
func TestTallyAgreesWithMetrics(t *testing.T) {
	m, want := NewMetrics("test"), Tally{}
	m.Gauge("portico_journal_start_segment", "", func() float64 { return 3 })
	m.Gauge("portico_journal_start_offset", "", func() float64 { return 1 << 40 })
	for i := range int64(10_000) {
		e := &ledger.Entry{Op: ai.Chat, Provider: []string{"openai", `odd "name"\`, ""}[i%3], Status: []int{200, 499}[i%2], State: ledger.OK,
			Usage: ai.Usage{Known: i%5 > 0, InputTokens: i, OutputTokens: i % 2}, CostNano: i*7919 + 1, CostKnown: i%7 > 0,
			Attempts: []ledger.Attempt{{Provider: "openai", Status: 500}, {Provider: "openai", Status: 200}}[:i%3]}
		m.Observe(e)
		want.Observe(e)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	got, start, err := ReadTally(w.Body)
	if err != nil || start != (ledger.Position{Segment: 3, Offset: 1 << 40}) {
		t.Fatal(start, err)
	}
	maps.DeleteFunc(got, func(_ string, n int64) bool { return n == 0 })
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOtherPagesAreNotTaken(t *testing.T) {
	w := httptest.NewRecorder()
	NewMetrics("test").Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if _, _, err := ReadTally(w.Body); err == nil {
		t.Error("a page without a start was taken")
	}
}
