package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portico-ai/portico/internal/ai"
)

// TestFullDisk works a journal and bodies on a small disk that fills up: bodies
// go first, then new requests are refused while admitted ones are still settled,
// and all comes back once there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("skipped: a small disk cannot be mounted here (%v)", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	j := mustOpen(t, filepath.Join(dir, "journal"), Options{SegmentSize: 2 << 20})
	b := mustOpenBodies(t, filepath.Join(dir, "bodies"), BodyOptions{MinFree: 64 << 20})
	if err := errors.Join(j.Reserve(reservation("admitted")), j.Settle(entry("first"))); err != nil {
		t.Fatal(err)
	}
	for b.Dropped() == 0 {
		b.Put("id", BodyReply, make([]byte, 256<<10), nil)
		flush(t, b)
	}
	if err := j.Healthy(); err != nil {
		t.Errorf("bodies were dropped, but the journal has no space either: %v", err)
	}
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 16<<20), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	n := 0
	for ; n < 100_000; n++ {
		if err := j.Reserve(reservation(fmt.Sprint(n))); err != nil {
			if e, ok := errors.AsType[*ai.Error](err); !ok || e.Code != "storage_exhausted" {
				t.Fatal(err)
			}
			break
		}
	}
	for i := range n {
		if err := j.Settle(entry(fmt.Sprint(i))); err != nil {
			t.Fatalf("admitted request %d of %d not settled: %v", i, n, err)
		}
		if i == 500 {
			break // as many as may be in flight
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	time.Sleep(retryEvery)
	if err := errors.Join(j.Healthy(), j.Reserve(reservation("again")), j.Settle(entry("again"))); err != nil {
		t.Errorf("there is space again, but %v", err)
	}
	if s := j.Stats(); s.Lost != 0 || s.Corrupt != 0 {
		t.Errorf("stats %+v", s)
	}
}
