package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// copyFiles copies what the list says, as a backup does.
func copyFiles(t *testing.T, from string, files []SegmentFile) string {
	t.Helper()
	to := t.TempDir()
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(from, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(b)) < f.Size {
			t.Fatalf("%s has %d bytes, %d are listed", f.Name, len(b), f.Size)
		}
		if err := os.WriteFile(filepath.Join(to, f.Name), b[:f.Size], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestCopyUnderLoadHoldsWhatWasSettled copies a journal, again and again, while
// it is written. Each copy opens, and holds once each what was settled before.
func TestCopyUnderLoadHoldsWhatWasSettled(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{SegmentSize: 64 << 10, CheckpointEvery: 16 << 10})
	var mu sync.Mutex
	var settledIDs []string
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for g := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("%d-%d", g, i)
				if err := j.Reserve(reservation(id)); err != nil {
					t.Error(err)
					return
				}
				if err := j.Settle(entry(id)); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				settledIDs = append(settledIDs, id)
				mu.Unlock()
				if i%20 == 0 {
					time.Sleep(time.Millisecond) // bounds what the copies have to read
				}
			}
		})
	}
	for copies, written := 0, 0; copies < 8 || written < 500; copies++ {
		mu.Lock()
		before := slices.Clone(settledIDs)
		mu.Unlock()
		written = len(before)
		files, err := JournalFiles(dir)
		if err != nil {
			t.Fatal(err)
		}
		checkCopy(t, copyFiles(t, dir, files), before)
	}
	close(stop)
	writers.Wait()
}

func checkCopy(t *testing.T, dir string, ids []string) {
	t.Helper()
	j := mustOpen(t, dir, Options{SegmentSize: 64 << 10})
	if s := j.Stats(); s.Corrupt > 0 || s.Torn > 0 {
		t.Errorf("the copy is damaged: %+v", s)
	}
	times := map[string]int{}
	for _, line := range history(t, j) {
		id, state, _ := strings.Cut(line, " ")
		times[id]++
		if times[id] > 1 {
			t.Errorf("%s is there %d times, now as %s", id, times[id], state)
		}
	}
	for _, id := range ids {
		if times[id] != 1 {
			t.Errorf("%s was settled before the copy and is there %d times", id, times[id])
		}
	}
}

// An unfinished record may be taken back by the journal, so it is not listed.
func TestUnfinishedRecordIsNotListed(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	if err := j.Settle(entry("a")); err != nil {
		t.Fatal(err)
	}
	end := j.End()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, segmentName(1)), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write(encodeSettled(nil, entry("b"))[:20])
	_ = f.Close()
	files, err := JournalFiles(dir)
	if err != nil || len(files) != 1 || files[0] != (SegmentFile{segmentName(1), end.Offset}) {
		t.Errorf("%+v, %v; want %d bytes of segment 1", files, err, end.Offset)
	}
}

func TestFilesOfNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	for name, list := range map[string]func(string) ([]SegmentFile, error){"journal": JournalFiles, "bodies": BodyFiles} {
		if files, err := list(dir); err != nil || len(files) > 0 {
			t.Errorf("%s: %v, %v", name, files, err)
		}
	}
}

func TestNamesOfFiles(t *testing.T) {
	for name, want := range map[string][2]bool{
		segmentName(7): {true, false}, bodyName(7): {false, true}, "../" + bodyName(7): {}, "checkpoint.json": {},
		"0000000x.seg": {}, "": {}, ".seg": {}, bodyName(7) + ".tmp": {},
	} {
		if got := [2]bool{IsJournalFile(name), IsBodyFile(name)}; got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
