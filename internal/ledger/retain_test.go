package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// age makes a file look as if it was last written to some time ago.
func age(t *testing.T, path string, d time.Duration) {
	t.Helper()
	at := time.Now().Add(-d)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func drop(t *testing.T, j *Journal, before time.Time, most int64) int {
	t.Helper()
	d, err := j.Drop(before, most)
	if err != nil {
		t.Fatal(err)
	}
	return d.Segments
}

func TestSegmentsAreDroppedByAge(t *testing.T) {
	dir := t.TempDir()
	opt := Options{SegmentSize: 8 << 10}
	j := mustOpen(t, dir, opt)
	settle(t, j, 0, 300)
	_ = j.Close()
	segs, err := segments(osFolder(dir))
	if err != nil || len(segs) < 5 {
		t.Fatal(segs, err)
	}
	for _, n := range segs[:3] {
		age(t, filepath.Join(dir, segmentName(n)), 48*time.Hour)
	}
	age(t, filepath.Join(dir, segmentName(segs[4])), 48*time.Hour) // not the oldest, so it stays
	j = mustOpen(t, dir, opt)
	r := &memReader{}
	f, stop := following(t, j, r, FollowOptions{})
	catchUp(t, f)
	want := len(r.seen())
	before := j.Stats().Bytes
	if n := drop(t, j, time.Now().Add(-24*time.Hour), 0); n != 3 {
		t.Errorf("%d segments dropped, want 3", n)
	}
	if now := j.Stats().Bytes; now >= before {
		t.Errorf("%d bytes after, %d before", now, before)
	}
	if left, _ := segments(osFolder(dir)); slices.Contains(left, segs[2]) || !slices.Contains(left, segs[3]) {
		t.Errorf("left are %v of %v", left, segs)
	}
	// What follows is read as ever, by this reader, by a new one, and after a restart.
	want += len(settle(t, j, 300, 310))
	catchUp(t, f)
	if got := len(r.seen()); got != want {
		t.Errorf("%d entries with the reader, want %d", got, want)
	}
	stop()
	_ = j.Close()
	j = mustOpen(t, dir, opt)
	fresh := &memReader{}
	f, _ = following(t, j, fresh, FollowOptions{})
	catchUp(t, f)
	got := fresh.seen()
	if len(got) == 0 || got[len(got)-1] != "e309" || !slices.Equal(got, r.seen()[want-len(got):]) {
		t.Errorf("a new reader gets %d entries", len(got))
	}
	if s := j.Stats(); s.Corrupt != 0 || s.Interrupted != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestSegmentsAreDroppedBySize(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{SegmentSize: 8 << 10})
	settle(t, j, 0, 300)
	drop(t, j, time.Time{}, 20<<10)
	if s := j.Stats(); s.Bytes > 20<<10 || s.Bytes < 8<<10 {
		t.Errorf("%d bytes left", s.Bytes)
	}
	if n := drop(t, j, time.Time{}, 20<<10); n != 0 {
		t.Errorf("%d more dropped", n)
	}
	drop(t, j, time.Now().Add(time.Hour), 1)
	if s := j.Stats(); s.Bytes != j.End().Offset {
		t.Errorf("%d bytes left, want the last segment's", s.Bytes)
	}
	settle(t, j, 300, 301)
}

// Nothing is dropped that a reader has not applied or an open request needs.
func TestNeededSegmentsStay(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{SegmentSize: 8 << 10})
	if err := j.Reserve(reservation("long")); err != nil {
		t.Fatal(err)
	}
	want := settle(t, j, 0, 200)
	tomorrow := time.Now().Add(24 * time.Hour)
	if n := drop(t, j, tomorrow, 0); n != 0 {
		t.Errorf("%d dropped under an open request", n)
	}
	if err := j.Settle(entry("long")); err != nil {
		t.Fatal(err)
	}
	r := &memReader{}
	f := NewFollower(j, r, FollowOptions{})
	if n := drop(t, j, tomorrow, 1); n != 0 {
		t.Errorf("%d dropped that a reader has not applied", n)
	}
	_, stop := following(t, j, r, FollowOptions{})
	defer stop()
	if n := drop(t, j, tomorrow, 1); n != 0 {
		t.Errorf("%d dropped that the other reader has not applied", n)
	}
	f.advance(j.End())
	catchUp(t, j.followers[1])
	if n := drop(t, j, tomorrow, 0); n == 0 {
		t.Error("nothing dropped although all is applied")
	}
	if got := r.seen(); len(got) != len(want)+1 {
		t.Errorf("%d entries, want %d", len(got), len(want)+1)
	}
}

// A segment that a quiet gateway has been writing to for a day is ended, so that
// its entries have an age.
func TestOldSegmentIsEnded(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	settle(t, j, 0, 1) // of 2023
	was := j.End().Segment
	drop(t, j, time.Time{}, 0)
	if j.End().Segment != was {
		t.Error("ended although nothing is dropped by age")
	}
	j.mu.Lock()
	j.began = time.Now().Add(-25 * time.Hour)
	j.mu.Unlock()
	drop(t, j, time.Now().Add(-30*24*time.Hour), 0)
	if j.End().Segment != was+1 {
		t.Error("not ended")
	}
	settle(t, j, 1, 2)
}

func TestBodiesAreDropped(t *testing.T) {
	dir := t.TempDir()
	d := osFolder(dir)
	kept := fillBodies(t, d)
	last := lastOf(kept)
	if _, _, err := pack(d, 2, atOnce); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{bodyName(1), packedName(2)} {
		age(t, filepath.Join(dir, name), 48*time.Hour)
	}
	b := mustOpenBodies(t, dir, BodyOptions{})
	ref, _ := b.Put("id", BodyReply, []byte("new"), nil)
	kept[ref] = []byte("new")
	got, err := b.Drop(time.Now().Add(-24*time.Hour), 0)
	if err != nil || got.Segments != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	for ref := range kept {
		if _, err := b.Read(t.Context(), "id", ref); (err == nil) != (ref.Segment > 2) {
			t.Errorf("%+v: %v", ref, err)
		}
	}
	flush(t, b)
	if _, err := b.Drop(time.Time{}, 1); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Read(t.Context(), "id", ref); err != nil || string(got) != "new" {
		t.Errorf("the current segment was dropped: %v", err)
	}
	if n := b.Bytes(); n > 100 {
		t.Errorf("%d bytes left", n)
	}
	if ref, _ := b.Put("id", BodyReply, []byte("more"), nil); ref.Segment != last+1 {
		t.Errorf("went to segment %d", ref.Segment)
	}
}

// Packing keeps the age of what it packs.
func TestPackedBodiesKeepTheirAge(t *testing.T) {
	dir := t.TempDir()
	d := osFolder(dir)
	fillBodies(t, d)
	age(t, filepath.Join(dir, bodyName(1)), 100*time.Hour)
	_, want, err := d.Stat(bodyName(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := pack(d, 1, atOnce); err != nil {
		t.Fatal(err)
	}
	if _, got, err := d.Stat(packedName(1)); err != nil || !got.Equal(want) {
		t.Errorf("%v, want %v; %v", got, want, err)
	}
}

// The clock may step either way: ids, order and cursors go by the journal.
func TestClockSteps(t *testing.T) {
	dir := t.TempDir()
	opt := Options{SegmentSize: 4 << 10, CheckpointEvery: 1 << 10}
	j := mustOpen(t, dir, opt)
	steps := []time.Duration{0, time.Hour, -time.Hour, 24 * time.Hour, -24 * time.Hour, -30 * 365 * 24 * time.Hour, 70 * 365 * 24 * time.Hour}
	var want []string
	r := &memReader{}
	_, stop := following(t, j, r, FollowOptions{Wait: time.Millisecond})
	for i := range 140 {
		id, at := fmt.Sprint("e", i), time.Now().Add(steps[i%len(steps)])
		res, e := reservation(id), entry(id)
		res.StartedAt, e.StartedAt = at.UTC(), at.UTC()
		if err := j.Reserve(res); err != nil {
			t.Fatal(err)
		}
		if err := j.Settle(e); err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
		if i == 70 {
			stop()
			_ = j.Close()
			j = mustOpen(t, dir, opt)
			_, stop = following(t, j, r, FollowOptions{Wait: time.Millisecond})
		}
	}
	catchUp(t, j.followers[0])
	if got := r.seen(); !slices.Equal(got, want) {
		t.Errorf("got %d entries, want %d, in the order of the journal", len(got), len(want))
	}
	if s := j.Stats(); s.Interrupted != 0 || s.Corrupt != 0 || s.Open != 0 {
		t.Errorf("stats %+v", s)
	}
}

// Retention does not wait for a reader that yields, which goes on with what there
// is: no damage, and what it missed is counted.
func TestReadersThatYieldMissWhatIsDropped(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{SegmentSize: 8 << 10, TailBytes: 1})
	settle(t, j, 0, 300)
	down, called := make(chan struct{}), make(chan struct{}, 1000)
	r := &memReader{err: func([]*Entry) error {
		called <- struct{}{}
		select {
		case <-down:
			return nil
		default:
			return errors.New("the collector is away")
		}
	}}
	f, _ := following(t, j, r, FollowOptions{Yields: true, Batch: 10, Backoff: time.Millisecond})
	<-called
	dropped := drop(t, j, time.Time{}, 16<<10)
	if dropped < 3 {
		t.Fatalf("%d segments dropped", dropped)
	}
	close(down)
	catchUp(t, f)
	s := j.Stats()
	if s.Missed == 0 || s.Corrupt != 0 {
		t.Errorf("%+v", s)
	}
	seen := r.seen()
	if len(seen) == 0 || len(seen) >= 300 || seen[len(seen)-1] != "e299" {
		t.Errorf("%d seen, the last %v", len(seen), seen[max(len(seen)-1, 0):])
	}
}
