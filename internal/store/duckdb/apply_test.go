package duckdb

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/portico-ai/portico/internal/ledger"
)

// TestTextOfEveryLengthComesBack stores text in place, text in the arena, and
// text larger than a block of it, in a batch of several chunks.
func TestTextOfEveryLengthComesBack(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "logs.duckdb"))
	lengths := []int{0, 1, 3, 4, 5, 11, 12, 13, 100, 5000, arenaBlock - 1, arenaBlock, arenaBlock + 1, 1 << 20}
	list := make([]*ledger.Entry, 2*capacity()+7)
	for i := range list {
		e := typicalEntry(i)
		if n := i - capacity() + 5; n >= 0 && n < len(lengths) { // across the first chunk's end
			e.AskModel = strings.Repeat("ä", lengths[n]/2) + strings.Repeat("x", lengths[n]%2)
			e.Metadata["long"] = e.AskModel
		}
		list[i] = e
	}
	if err := s.Apply(t.Context(), list, ledger.Position{Segment: 1, Offset: 1}); err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if near := i - capacity(); near > -9 && near < 20 || i%500 == 0 || i == len(list)-1 {
			got, err := s.Get(t.Context(), list[i].WorkspaceID, list[i].ID)
			if err != nil {
				t.Fatalf("row %d: %v", i, err)
			}
			if d := cmp.Diff(*list[i], got, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("row %d: stored (-), read (+):\n%.2000s", i, d)
			}
		}
	}
}

// TestEntriesAreKnownAgain applies entries again that are remembered, that are
// no longer, that a failed batch held, and that only the file knows.
func TestEntriesAreKnownAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	s := mustOpen(t, path)
	entry := func(n int) *ledger.Entry {
		e := typicalEntry(n)
		e.WorkspaceID = typical(0).WorkspaceID
		e.StartedAt = e.StartedAt.Add(123 * time.Nanosecond) // finer than a row keeps
		return e
	}
	apply := func(from, to int) {
		t.Helper()
		var list []*ledger.Entry
		for n := from; n < to; n++ {
			list = append(list, entry(n))
		}
		if err := s.Apply(t.Context(), list, ledger.Position{Segment: 1, Offset: int64(to)}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(rows int) {
		t.Helper()
		if got := count(t, s); got != rows {
			t.Fatalf("%d rows, want %d", got, rows)
		}
	}
	const n = 5 * generationSize / 2
	for i := 0; i < n; i += generationSize / 2 {
		apply(i, i+generationSize/2)
	}
	if s.d.recent.covers(entry(0)) || !s.d.recent.covers(entry(n-1)) {
		t.Fatal("the first entry should be forgotten and the last remembered: the test tests nothing")
	}
	apply(n-10, n) // remembered
	apply(0, 10)   // forgotten
	apply(n/2-10, n/2+10)
	want(n)

	s.d.recent.add(entry(n).ID, entry(n).StartedAt) // as a batch does that then fails
	s.d.recent.forget()
	apply(n-1, n+1)
	want(n + 1)

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path)
	apply(n, n+1)
	apply(n-5, n+2)
	want(n + 2)
}
