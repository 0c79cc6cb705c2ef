package duckdb

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// Rows that are dropped make room for new ones: with a window of rows that moves
// on, the file stops growing.
func TestDroppedRowsFreeTheirSpace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	s := mustOpen(t, path)
	const window, rounds = 40_000, 6
	var sizes []int64
	for round := range rounds {
		from := round * window
		fillStore(t, s, from, from+window, 8192)
		cut := typical(from).StartedAt
		n, err := s.Drop(t.Context(), cut)
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(window); round > 0 && n != want || round == 0 && n != 0 {
			t.Fatalf("round %d: %d rows dropped", round, n)
		}
		if got := count(t, s); got != window {
			t.Errorf("round %d: %d rows left, want %d", round, got, window)
		}
		size := int64(0)
		for _, suffix := range []string{"", ".wal"} {
			if st, err := os.Stat(path + suffix); err == nil {
				size += st.Size()
			}
		}
		sizes = append(sizes, size)
	}
	t.Logf("file sizes %v", sizes)
	if last, second := sizes[rounds-1], sizes[1]; last > second*3/2 {
		t.Errorf("the file grew from %d to %d bytes with as many rows", second, last)
	}
	if _, err := s.Drop(t.Context(), typical(rounds*window).StartedAt.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.giveBack() // as when it has not been used for a while
	if st, err := os.Stat(path); err != nil || st.Size() > sizes[0]/2 {
		t.Errorf("an empty store takes %d bytes, %v", st.Size(), err)
	}
	// It goes on: rows come in, and the file passes the check of an opening.
	fillStore(t, s, rounds*window, rounds*window+100, 8192)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path)
	if n := count(t, s); n != 100 {
		t.Errorf("%d rows after another opening", n)
	}
}

// Whatever the clock does between requests, each has one row, also when a batch
// comes again, and lists go through all of them.
func TestClockSteps(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "logs.duckdb"))
	steps := []time.Duration{0, time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour, -400 * 24 * time.Hour}
	var batch []*ledger.Entry
	workspace := typical(0).WorkspaceID
	const entries = 300
	for i := range entries {
		e := typical(i)
		e.WorkspaceID, e.StartedAt = workspace, e.StartedAt.Add(steps[i%len(steps)])
		batch = append(batch, &e)
	}
	for i := 0; i < entries; i += 50 {
		for range 2 {
			if err := s.Apply(t.Context(), batch[max(i-25, 0):i+50], ledger.Position{Segment: 1, Offset: int64(i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	seen := map[string]bool{}
	page := ledger.Page{Size: 7}
	for {
		l, err := s.List(t.Context(), workspace, ledger.Filter{}, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range l.Entries {
			if seen[e.ID] {
				t.Errorf("%s comes twice", e.ID)
			}
			seen[e.ID] = true
		}
		if page.After = l.Next; l.Next == "" {
			break
		}
	}
	if len(seen) != entries {
		t.Errorf("%d entries listed, want %d", len(seen), entries)
	}
}
