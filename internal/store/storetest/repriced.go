package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/mem"
)

// repriced feeds entries and later their costs: in the same batch, in another,
// twice, for entries that have a cost, and for one that is not there.
func repriced(t *testing.T, s LogStore) {
	stores := []LogStore{&mem.Logs{}, s}
	list := newGenerator(9).entries(60)
	for i := range list {
		list[i].CostKnown, list[i].CostNano = i%3 == 0, 0
	}
	later := func(c ledger.Entry, nano int64) ledger.Entry {
		c.CostNano, c.CostKnown, c.PriceVersion, c.RepricedAt = nano, true, "v2", time.Unix(1e9, 0).UTC()
		c.Charge = &ledger.Charge{Model: "later", From: "2026-09-01T00:00:00Z", Uncertain: true}
		return c
	}
	first, second := slices.Clone(list), []ledger.Entry(nil)
	for _, e := range list[:20] {
		first = append(first, later(e, 100))
	}
	gone := list[0]
	gone.ID = "not-there"
	second = append(second, later(gone, 5))
	for _, e := range list[10:] {
		second = append(second, later(e, 200))
	}
	for i, batch := range [][]ledger.Entry{first, second, second} {
		apply(t, stores, batch, ledger.Position{Segment: 1, Offset: int64(i + 1)})
	}
	for i, e := range list {
		want, err := stores[0].Get(t.Context(), e.WorkspaceID, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(t.Context(), e.WorkspaceID, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, same); d != "" {
			t.Fatalf("entry %d: reference (-), store (+)\n%s", i, d)
		}
		cost := int64(200)
		switch {
		case i%3 == 0:
			cost = 0
		case i < 20:
			cost = 100
		}
		if !got.CostKnown || got.CostNano != cost {
			t.Errorf("entry %d: cost %d (known %v), want %d", i, got.CostNano, got.CostKnown, cost)
		}
	}
	if _, err := s.Get(t.Context(), gone.WorkspaceID, gone.ID); err == nil {
		t.Error("a cost without a request became one")
	}
}
