package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A memReader keeps ids and position as a store would: in one step.
type memReader struct {
	mu      sync.Mutex
	ids     []string
	pos     Position
	batches int
	err     func(batch []*Entry) error // before anything is stored
	after   func() error               // once all is stored, as a lost acknowledgement
}

func (r *memReader) Apply(_ context.Context, batch []*Entry, upTo Position) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		if err := r.err(batch); err != nil {
			return err
		}
	}
	if !r.pos.Before(upTo) {
		return nil
	}
	for _, e := range batch {
		r.ids = append(r.ids, e.ID)
	}
	r.pos, r.batches = upTo, r.batches+1
	if r.after != nil {
		return r.after()
	}
	return nil
}

func (r *memReader) Position(context.Context) (Position, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pos, nil
}

func (r *memReader) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.ids...)
}

// following runs a follower until the returned function is called.
func following(t *testing.T, j *Journal, r Reader, opt FollowOptions) (*Follower, func()) {
	t.Helper()
	if opt.Backoff == 0 {
		opt.Backoff = time.Millisecond
	}
	f := NewFollower(j, r, opt)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	}()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return f, stop
}

func catchUp(t *testing.T, f *Follower) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := f.CatchUp(ctx); err != nil {
		t.Fatalf("not caught up: %v; %d bytes behind", err, f.Lag())
	}
}

func settle(t *testing.T, j *Journal, from, to int) (ids []string) {
	t.Helper()
	for i := from; i < to; i++ {
		id := fmt.Sprint("e", i)
		if err := errors.Join(j.Reserve(reservation(id)), j.Settle(entry(id))); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func TestFollowerReadsFilesThenMemory(t *testing.T) {
	dir := t.TempDir()
	opt := Options{SegmentSize: 8 << 10, TailBytes: 4 << 10}
	j := mustOpen(t, dir, opt)
	want := settle(t, j, 0, 300)
	_ = j.Close()
	j = mustOpen(t, dir, opt)
	want = append(want, settle(t, j, 300, 400)...) // more than the tail holds
	r := &memReader{}
	f, _ := following(t, j, r, FollowOptions{Batch: 64})
	catchUp(t, f)
	want = append(want, settle(t, j, 400, 410)...)
	catchUp(t, f)
	if d := cmp.Diff(want, r.seen()); d != "" {
		t.Error(d)
	}
	if f.Lag() != 0 {
		t.Errorf("lag %d after catching up", f.Lag())
	}
}

func TestFollowerGoesOnWhereItsReaderStopped(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{SegmentSize: 8 << 10})
	r := &memReader{}
	var want []string
	for i := range 5 {
		_, stop := following(t, j, r, FollowOptions{Wait: time.Millisecond})
		want = append(want, settle(t, j, i*100, i*100+100)...)
		stop() // wherever it is
	}
	f, _ := following(t, j, r, FollowOptions{})
	catchUp(t, f)
	if d := cmp.Diff(want, r.seen()); d != "" {
		t.Error(d)
	}
}

func TestFollowerRetriesWhatWasNotAcknowledged(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	n := 0
	r := &memReader{
		err:   func([]*Entry) error { n++; return map[bool]error{true: errors.New("down")}[n%2 == 1] },
		after: func() error { return map[bool]error{true: errors.New("connection lost")}[n%3 == 0] },
	}
	f, _ := following(t, j, r, FollowOptions{Batch: 10})
	want := settle(t, j, 0, 100)
	catchUp(t, f)
	if d := cmp.Diff(want, r.seen()); d != "" {
		t.Error(d)
	}
}

func TestPoisonIsSetApartAlone(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	r := &memReader{err: func(batch []*Entry) error {
		for _, e := range batch {
			if e.ID == "e37" {
				return errors.New("cannot take this one")
			}
		}
		return nil
	}}
	file := filepath.Join(t.TempDir(), "quarantine.jsonl")
	want := settle(t, j, 0, 100)
	want = append(want[:37], want[38:]...)
	f, _ := following(t, j, r, FollowOptions{Name: "logs", Quarantine: file})
	catchUp(t, f)
	if d := cmp.Diff(want, r.seen()); d != "" {
		t.Error(d)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if f.Quarantined() != 1 || bytes.Count(text, []byte("\n")) != 1 || !bytes.Contains(text, []byte(`"id":"e37"`)) {
		t.Errorf("%d set apart; file:\n%s", f.Quarantined(), text)
	}
}

func TestBrokenReaderSetsNothingApart(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	var mu sync.Mutex
	down, tries := true, 0
	r := &memReader{err: func([]*Entry) error {
		mu.Lock()
		defer mu.Unlock()
		tries++
		if down {
			return errors.New("database is down")
		}
		return nil
	}}
	f, _ := following(t, j, r, FollowOptions{Wait: time.Millisecond})
	want := settle(t, j, 0, 20)
	for {
		mu.Lock()
		enough := tries > 12
		mu.Unlock()
		if enough {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if f.Lag() == 0 {
		t.Error("no lag although nothing was applied")
	}
	mu.Lock()
	down = false
	mu.Unlock()
	catchUp(t, f)
	if d := cmp.Diff(want, r.seen()); d != "" || f.Quarantined() != 0 {
		t.Errorf("%d set apart %s", f.Quarantined(), d)
	}
}

func TestStuckReaderDoesNotHoldUpTheJournal(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{TailBytes: 4 << 10})
	release := make(chan struct{})
	r := &memReader{err: func([]*Entry) error { <-release; return nil }}
	f, _ := following(t, j, r, FollowOptions{Wait: time.Millisecond})
	want := settle(t, j, 0, 1000)
	if j.tail.bytes > 4<<10 {
		t.Errorf("%d bytes in memory for a reader that does not read", j.tail.bytes)
	}
	close(release)
	catchUp(t, f)
	if d := cmp.Diff(want, r.seen()); d != "" {
		t.Error(d)
	}
}

func TestEntriesAreBatched(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	r := &memReader{}
	f, _ := following(t, j, r, FollowOptions{Batch: 100, Wait: time.Hour})
	settle(t, j, 0, 1)
	catchUp(t, f)
	settle(t, j, 1, 101) // fills a batch, so nobody waits for the hour
	deadline := time.Now().Add(5 * time.Second)
	for f.Lag() > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if n := len(r.seen()); n != 101 || r.batches > 10 {
		t.Errorf("%d entries in %d batches", n, r.batches)
	}
}

func TestReaderAheadOfTheJournalBeginsAnew(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	want := settle(t, j, 0, 3)
	r := &forgetful{memReader{}}
	f, _ := following(t, j, r, FollowOptions{})
	catchUp(t, f)
	if d := cmp.Diff(want, r.seen()); d != "" {
		t.Error(d)
	}
}

// forgetful claims a position of some other journal.
type forgetful struct{ memReader }

func (*forgetful) Position(context.Context) (Position, error) { return Position{Segment: 7}, nil }
