package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ledger"
)

// A KeptStore is a log store with what keeps it in order.
type KeptStore interface {
	LogStore
	Empty(ctx context.Context) (bool, error)
	Drop(ctx context.Context, before time.Time) (int64, error)
	Unpriced(ctx context.Context, from time.Time, show func(*ledger.Entry) error) error
}

// Upkeep runs the suite. open returns an empty store and closes it when t ends.
func Upkeep(t *testing.T, open func(t *testing.T) KeptStore) {
	t.Run("dropped rows are gone", func(t *testing.T) { dropped(t, open(t)) })
	t.Run("rows without a cost are found", func(t *testing.T) { unpriced(t, open(t)) })
}

// dropped spreads entries over months, and drops some of them twice: whole months
// and a part of one.
func dropped(t *testing.T, s KeptStore) {
	if empty, err := s.Empty(t.Context()); err != nil || !empty {
		t.Errorf("a new store is empty: %v, %v", empty, err)
	}
	first := time.Date(2025, 1, 10, 12, 0, 0, 0, time.UTC)
	list := newGenerator(20).entries(300)
	for i := range list {
		list[i].StartedAt, list[i].WorkspaceID = first.AddDate(0, 0, i/2), "w"
	}
	apply(t, []LogStore{s}, list, ledger.Position{Segment: 1, Offset: 1})
	if empty, err := s.Empty(t.Context()); err != nil || empty {
		t.Errorf("a full store is empty: %v, %v", empty, err)
	}
	left := int64(len(list))
	for _, before := range []time.Time{time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 4, 15, 0, 0, 0, 0, time.UTC), time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)} {
		want := int64(0)
		for i := range list {
			if list[i].StartedAt.Before(before) {
				want++
			}
		}
		want -= int64(len(list)) - left
		for range 2 {
			n, err := s.Drop(t.Context(), before)
			if err != nil || n != want {
				t.Fatalf("before %s: %d dropped, %v; want %d", before, n, err, want)
			}
			left, want = left-n, 0
		}
		l, err := s.List(t.Context(), "w", ledger.Filter{}, ledger.Page{Size: ledger.MaxPage})
		if err != nil || l.Total != left || int64(len(l.Entries)) != left || l.Entries[left-1].StartedAt.Before(before) {
			t.Errorf("before %s: %d of %d entries are left, %v; want %d", before, len(l.Entries), l.Total, err, left)
		}
	}
}

// unpriced looks for the rows without a cost, in more than one batch, and again
// once some have theirs.
func unpriced(t *testing.T, s KeptStore) {
	list := newGenerator(21).entries(8000)
	apply(t, []LogStore{s}, list, ledger.Position{Segment: 1, Offset: 1})
	from := time.Unix(1_700_000_100, 0).UTC()
	want := map[string]bool{}
	var costs []ledger.Entry
	for _, e := range list {
		if !e.CostKnown && e.Usage.Known && !e.StartedAt.Before(from) {
			if want[e.ID] = true; e.Provider == "acme" {
				e.CostNano, e.CostKnown, e.RepricedAt = 7, true, time.Unix(1e9, 0).UTC()
				costs = append(costs, e)
			}
		}
	}
	shown := func() map[string]bool {
		t.Helper()
		got, last := map[string]bool{}, from
		err := s.Unpriced(t.Context(), from, func(e *ledger.Entry) error {
			if got[e.ID] || e.StartedAt.Before(last) {
				t.Errorf("%s is shown twice, or not in order", e.ID)
			}
			got[e.ID], last = true, e.StartedAt
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if d := cmp.Diff(want, shown()); d != "" || len(want) <= 1000 {
		t.Errorf("of %d: want (-), got (+)\n%.1000s", len(want), d)
	}
	apply(t, []LogStore{s}, costs, ledger.Position{Segment: 1, Offset: 2})
	apply(t, []LogStore{s}, list, ledger.Position{Segment: 1, Offset: 3}) // a known cost stays
	for _, e := range costs {
		delete(want, e.ID)
	}
	if d := cmp.Diff(want, shown()); d != "" {
		t.Errorf("again: want (-), got (+)\n%.1000s", d)
	}
	stop := errors.New("enough")
	if err := s.Unpriced(t.Context(), from, func(*ledger.Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v, want the error of show", err)
	}
}
