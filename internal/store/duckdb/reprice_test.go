package duckdb

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/logsql"
)

func setCost(e *ledger.Entry) {
	e.CostNano, e.CostKnown, e.PriceVersion, e.RepricedAt = 1000+e.Usage.InputTokens, true, "v2", time.Unix(1e9, 0).UTC()
	e.Charge = &ledger.Charge{Model: "priced"}
}

// TestReprice prices rows of more than one batch, of which some have a cost, some
// have no usage and some stay without a price.
func TestReprice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	s := mustOpen(t, path)
	list := make([]*ledger.Entry, 2*logsql.UnpricedBatch+500)
	for i := range list {
		e := typicalEntry(i)
		e.WorkspaceID = "ws"
		e.CostKnown, e.CostNano, e.PriceVersion = i%5 == 0, int64(i%5), "v1"
		e.Usage = ai.Usage{Known: i%7 != 0, InputTokens: int64(i), Images: int64(i % 3), ImageSize: "1x1"}
		e.Model = []string{"priced", "not"}[i%2]
		list[i] = e
	}
	if err := s.Apply(t.Context(), list, ledger.Position{Segment: 1, Offset: 9}); err != nil {
		t.Fatal(err)
	}
	from := list[100].StartedAt
	end := ledger.Position{Segment: 1, Offset: 9}
	// show prices what it is shown, as Apply is told by the journal.
	reprice := func() (shown, priced int) {
		t.Helper()
		var batch []*ledger.Entry
		err := s.Unpriced(t.Context(), from, func(e *ledger.Entry) error {
			shown++
			if e.CostKnown || !e.Usage.Known || e.StartedAt.Before(from) || e.Usage.Images > 0 && e.Usage.ImageSize != "1x1" {
				t.Errorf("%s should not be priced: %+v", e.ID, e)
			}
			if e.Model == "priced" {
				c := *e
				setCost(&c)
				batch = append(batch, &c)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		end.Offset++
		if err := s.Apply(t.Context(), batch, end); err != nil {
			t.Fatal(err)
		}
		return shown, len(batch)
	}
	wantShown, wantPriced := 0, 0
	for i, e := range list {
		if i < 100 || e.CostKnown || !e.Usage.Known {
			continue
		}
		wantShown++
		if e.Model == "priced" {
			wantPriced++
			setCost(e)
		}
	}
	if shown, priced := reprice(); shown != wantShown || priced != wantPriced {
		t.Errorf("%d shown, %d priced; want %d, %d", shown, priced, wantShown, wantPriced)
	}
	if shown, priced := reprice(); shown != wantShown-wantPriced || priced != 0 {
		t.Errorf("again: %d shown, %d priced; want %d, 0", shown, priced, wantShown-wantPriced)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path) // all rows are there, or it would begin anew
	for _, i := range []int{0, 1, 2, 99, 100, 101, 102, 104, 106, 107, 108, 1234, 2000, len(list) - 1} {
		got, err := s.Get(t.Context(), "ws", list[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(*list[i], got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("row %d: want (-), got (+):\n%s", i, d)
		}
	}
	if p, err := s.Position(t.Context()); err != nil || p != end {
		t.Errorf("position %v, %v", p, err)
	}
}
