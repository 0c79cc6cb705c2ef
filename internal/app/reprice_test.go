package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// TestReprice gives a cost to requests whose model had no price when they came.
func TestReprice(t *testing.T) {
	cfg := testConfig(t)
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	now := time.Now().UTC()
	used := ai.Usage{Known: true, InputTokens: 1000, OutputTokens: 100}
	for id, e := range map[string]ledger.Entry{
		"old":      {Model: "house-7b", Usage: used, StartedAt: now.Add(-48 * time.Hour)},
		"new":      {Model: "house-7b", Usage: used, StartedAt: now},
		"sent":     {Model: "as-they-call-it", Usage: used, StartedAt: now, Attempts: []ledger.Attempt{{Step: "config", Model: "house-7b"}}},
		"known":    {Model: "house-7b", Usage: used, StartedAt: now, CostKnown: true, CostNano: 7, PriceVersion: "v1"},
		"no usage": {Model: "house-7b", StartedAt: now},
		"no price": {Model: "house-8b", Usage: used, StartedAt: now},
		"searched": {Model: "house-7b", Usage: ai.Usage{Known: true, InputTokens: 1, WebSearches: 1}, StartedAt: now},
	} {
		e.ID, e.WorkspaceID, e.State, e.Provider = id, "w", ledger.OK, "house"
		must(t, a.journal.Settle(&e))
	}
	must(t, a.follower.CatchUp(followed(t, a)))
	if _, err := Reprice(t.Context(), cfg, time.Time{}, discard); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("beside a server: %v", err)
	}
	must(t, a.Close())

	r, err := Reprice(t.Context(), cfg, time.Time{}, discard)
	must(t, err)
	if r.Unpriced != 5 || r.Priced != 0 {
		t.Errorf("without prices: %+v", r)
	}
	cfg.Prices = filepath.Join(t.TempDir(), "prices.json")
	must(t, os.WriteFile(cfg.Prices, []byte(`{"house": {"house-7b": {"rates": {"input": "1", "output": "2"}}}}`), 0o600))
	for _, want := range []struct {
		since            time.Time
		unpriced, priced int
	}{{now.Add(-time.Hour), 4, 2}, {now.Add(-time.Hour), 2, 0}, {time.Time{}, 3, 1}, {time.Time{}, 2, 0}} {
		r, err := Reprice(t.Context(), cfg, want.since, discard)
		must(t, err)
		if r.Unpriced != want.unpriced || r.Priced != want.priced || r.Version == "" {
			t.Errorf("since %v: %+v, want %+v", want.since, r, want)
		}
	}

	// The journal has them too: a log store that is built anew has the same costs.
	must(t, os.Remove(in(&cfg, logsFile)))
	a, err = New(t.Context(), cfg, discard)
	must(t, err)
	must(t, a.follower.CatchUp(followed(t, a)))
	for id, want := range map[string]int64{"old": 1_200_000, "new": 1_200_000, "sent": 1_200_000, "known": 7, "no usage": -1, "no price": -1, "searched": -1} {
		e, err := a.logs.Get(t.Context(), "w", id)
		must(t, err)
		if e.CostKnown != (want >= 0) || e.CostKnown && e.CostNano != want || (id == "known") != (e.PriceVersion == "v1") {
			t.Errorf("%s: cost %d, known %v, prices %q; want %d", id, e.CostNano, e.CostKnown, e.PriceVersion, want)
		}
	}
	must(t, a.Close())
	agreed, err := Reconcile(t.Context(), cfg, ReconcileOptions{})
	must(t, err)
	if !agreed.Agree || agreed.LogStore.Repriced != 3 || agreed.LogStore.Entries != agreed.LogStore.Rows {
		t.Errorf("reconciled: %+v %+v", agreed, agreed.LogStore)
	}
}

func TestRepriceWantsALogStore(t *testing.T) {
	cfg := newFolder(t, 1)
	must(t, os.Remove(in(&cfg, logsFile)))
	if _, err := Reprice(t.Context(), cfg, time.Time{}, discard); err == nil || !strings.Contains(err.Error(), "start the server once") {
		t.Errorf("without a log store: %v", err)
	}
}
