package duckdb

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portico-ai/portico/internal/ledger"
)

// TestFullDiskLosesNothing fills a small disk until commits and checkpoints
// fail, makes room, and counts.
func TestFullDiskLosesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("skipped: a small disk cannot be mounted here (%v)", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	for _, mib := range []int{6, 9, 12} {
		filler, path := filepath.Join(dir, "filler"), filepath.Join(dir, "logs.duckdb")
		if err := os.WriteFile(filler, make([]byte, mib<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, path)
		failed, n := 0, 0
		for ; n < 40_000 && failed < 3; n += 500 {
			if err := applyRange(t, s, n); err != nil {
				failed++
				n -= 500
			}
		}
		if failed < 3 {
			t.Fatalf("with %d MiB used nothing failed", mib)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		if err := applyRange(t, s, n); err != nil { // the store may only now be able to open
			if err := applyRange(t, s, n); err != nil {
				t.Fatalf("there is space again, but %v", err)
			}
		}
		pos, err := s.Position(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := count(t, s); got != n+500 || pos.Offset != int64(got) {
			t.Errorf("with %d MiB used: %d rows, position %d, want %d", mib, got, pos.Offset, n+500)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{path, path + ".wal"} {
			_ = os.Remove(name)
		}
	}
}

// applyRange applies the 500 entries from n on.
func applyRange(t *testing.T, s *Store, n int) error {
	t.Helper()
	list := make([]*ledger.Entry, 500)
	for i := range list {
		list[i] = typicalEntry(n + i)
	}
	return s.Apply(t.Context(), list, ledger.Position{Segment: 1, Offset: int64(n + 500)})
}
