package duckdb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// following feeds s from j until the returned function is called.
func following(t *testing.T, j *ledger.Journal, s *Store) (catchUp, stop func()) {
	t.Helper()
	f := ledger.NewFollower(j, s, ledger.FollowOptions{Backoff: time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = f.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := f.CatchUp(ctx); err != nil {
			t.Fatalf("%v; %d bytes behind", err, f.Lag())
		}
	}, stop
}

func settle(t *testing.T, j *ledger.Journal, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		e := typical(n)
		if err := j.Settle(&e); err != nil {
			t.Fatal(err)
		}
	}
}

func count(t *testing.T, s *Store) (n int) {
	t.Helper()
	for _, w := range []int{0, 1, 2} {
		l, err := s.List(t.Context(), typical(w).WorkspaceID, ledger.Filter{}, ledger.Page{Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		n += int(l.Total)
	}
	return n
}

func openJournal(t *testing.T) *ledger.Journal {
	t.Helper()
	j, err := ledger.Open(t.TempDir(), ledger.Options{SegmentSize: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func TestStoreIsBuiltAgainFromTheJournal(t *testing.T) {
	j := openJournal(t)
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	for round, ruin := range []func(){
		func() {},
		func() { _ = os.Remove(path) },
		func() { _ = os.WriteFile(path, []byte("nonsense"), 0o600) },
	} {
		ruin()
		s := mustOpen(t, path)
		catchUp, stop := following(t, j, s)
		settle(t, j, round*500, round*500+500)
		catchUp()
		stop()
		if n := count(t, s); n != round*500+500 {
			t.Errorf("round %d: %d rows, want %d", round, n, round*500+500)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMissingRowsAreNoticed opens a file whose rows are not all there.
func TestMissingRowsAreNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	s := mustOpen(t, path)
	fillStore(t, s, 0, 100, 100)
	if _, err := s.d.db.ExecContext(t.Context(), `DELETE FROM store.logs WHERE id = ?`, typical(5).ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if d, err := openDatabase(path, s.opt); !errors.Is(err, errRows) {
		t.Errorf("opened with %v, want missing rows", err)
		_ = d.close()
	}
}

// TestStoreIsExchangedUnderItsFollower breaks the connection that batches go
// through, and loses the file meanwhile: the store begins anew, and its follower
// with it.
func TestStoreIsExchangedUnderItsFollower(t *testing.T) {
	j := openJournal(t)
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	s := mustOpen(t, path)
	catchUp, _ := following(t, j, s)
	settle(t, j, 0, 300)
	catchUp()
	s.using.Lock()
	if err := s.d.writer.Close(); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(path)
	_ = os.Remove(path + ".wal")
	s.using.Unlock()
	settle(t, j, 300, 400)
	catchUp()
	if n := count(t, s); n != 400 {
		t.Errorf("%d rows, want 400", n)
	}
}
