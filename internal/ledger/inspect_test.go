package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inspected makes a journal of ten requests, of which three have no end, and
// returns its folder and the position after the fourth entry.
func inspected(t *testing.T) (dir string, fourth Position) {
	t.Helper()
	dir = t.TempDir()
	j := mustOpen(t, dir, Options{SegmentSize: 1 << 10})
	for i := range 10 {
		if err := j.Reserve(reservation(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		if i%3 == 2 {
			continue
		}
		e := entry(fmt.Sprint(i))
		e.Request, e.Reply = BodyRef{Segment: 1, Offset: int64(i), Length: 3}, BodyRef{Segment: 2, Offset: int64(i), Length: 3}
		if err := j.Settle(e); err != nil {
			t.Fatal(err)
		}
		if j.Stats().Settled == 4 {
			fourth = j.End()
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, fourth
}

func inspect(t *testing.T, dir string, upTo Position) Inspection {
	t.Helper()
	found, err := Inspect(t.Context(), dir, upTo)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestInspectCounts(t *testing.T) {
	dir, fourth := inspected(t)
	before := contents(t, dir)
	found := inspect(t, dir, fourth)
	if len(found.Sample) != 14 {
		t.Errorf("%d bodies in the sample, want two of each entry", len(found.Sample))
	}
	if found.Segments < 2 || found.Bytes == 0 {
		t.Errorf("%d segments of %d bytes", found.Segments, found.Bytes)
	}
	found.Sample, found.Segments, found.Bytes = nil, 0, 0
	want := Inspection{First: 1, Reservations: 10, Entries: 7, Open: 3, EntriesUpTo: 4}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("the journal was changed:\n%s", diff)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	names, err := osFolder(dir).Names()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(b)
	}
	return all
}

// TestInspectFindsDamage turns one bit of every byte of a segment in turn.
func TestInspectFindsDamage(t *testing.T) {
	dir, _ := inspected(t)
	for _, segment := range []uint64{1, 2} {
		name := filepath.Join(dir, segmentName(segment))
		whole, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			bad := append([]byte(nil), whole...)
			bad[i] ^= 0x10
			if err := os.WriteFile(name, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if found := inspect(t, dir, Position{}); found.Corrupt == 0 && found.Torn == 0 {
				t.Fatalf("byte %d of segment %d: the damage was not noticed", i, segment)
			}
		}
		if err := os.WriteFile(name, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInspectTellsTornFromDamaged(t *testing.T) {
	dir, _ := inspected(t)
	segs, err := segments(osFolder(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		segment uint64
		want    [2]int64 // corrupt, torn
	}{{segs[0], [2]int64{1, 0}}, {segs[len(segs)-1], [2]int64{1, 20}}} {
		f, err := os.OpenFile(filepath.Join(dir, segmentName(c.segment)), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write(encodeSettled(nil, entry("x"))[:20])
		_ = f.Close()
		if found := inspect(t, dir, Position{}); [2]int64{found.Corrupt, found.Torn} != c.want {
			t.Errorf("segment %d: %d damaged, %d bytes torn; want %v", c.segment, found.Corrupt, found.Torn, c.want)
		}
	}
}

func TestInspectSamplesAll(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	const entries = 4 * sampleSize
	for i := range entries {
		e := entry(fmt.Sprint(i))
		e.Request = BodyRef{Segment: 1, Offset: int64(i), Length: 1}
		if err := j.Settle(e); err != nil {
			t.Fatal(err)
		}
	}
	found := inspect(t, dir, Position{})
	if len(found.Sample) != sampleSize || found.Entries != entries {
		t.Fatalf("%d of %d entries in the sample", len(found.Sample), found.Entries)
	}
	late := 0
	for _, b := range found.Sample {
		if b.Ref.Offset >= entries/2 {
			late++
		}
	}
	if late < sampleSize/4 || late > sampleSize*3/4 {
		t.Errorf("%d of %d are of the second half", late, sampleSize)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Inspect(ctx, dir, Position{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled inspection: %v", err)
	}
}

func TestCheckBody(t *testing.T) {
	dir := t.TempDir()
	b := mustOpenBodies(t, dir, BodyOptions{})
	ref, _ := b.Put("id", BodyReply, []byte("hello"), nil)
	flush(t, b)
	if err := CheckBody(dir, KeptBody{"id", ref}); err != nil {
		t.Error(err)
	}
	for _, bad := range []KeptBody{{"di", ref}, {"id", BodyRef{Segment: 9, Length: 5}}} {
		if err := CheckBody(dir, bad); err == nil {
			t.Errorf("%+v is readable", bad)
		}
	}
	if free, total, _, err := DiskFree(dir); err != nil || free <= 0 || total < free {
		t.Errorf("%d of %d free, %v", free, total, err)
	}
}
