package ledger

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

func mustOpenBodies(t testing.TB, dir string, opt BodyOptions) *Bodies {
	t.Helper()
	if opt.MinFree == 0 {
		opt.MinFree = 1
	}
	b, err := OpenBodies(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func flush(t testing.TB, b *Bodies) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := b.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestBodiesComeBack(t *testing.T) {
	dir := t.TempDir()
	b := mustOpenBodies(t, dir, BodyOptions{SegmentSize: 300 << 10})
	rnd := rand.New(rand.NewPCG(3, 4))
	var released atomic.Int64
	want := map[BodyRef][]byte{}
	put := func(b *Bodies, n int) {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		ref, ok := b.Put("id", BodyReply, bytes.Clone(data), func() { released.Add(1) })
		if !ok || ref.Length != n {
			t.Fatalf("Put of %d: %+v, %v", n, ref, ok)
		}
		want[ref] = data
	}
	for range 200 {
		put(b, 1+rnd.IntN(200<<rnd.IntN(10)))
	}
	compare := func(b *Bodies, when string) {
		t.Helper()
		for ref, data := range want {
			got, err := b.Read(t.Context(), "id", ref)
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%s: %+v: %v", when, ref, err)
			}
		}
	}
	compare(b, "while queued")
	flush(t, b)
	compare(b, "once written")
	if n := released.Load(); n != 200 {
		t.Errorf("%d of 200 buffers given back", n)
	}
	_ = b.Close()
	b = mustOpenBodies(t, dir, BodyOptions{SegmentSize: 300 << 10})
	put(b, 100)
	flush(t, b)
	compare(b, "after a restart")
	if len(want) != 201 {
		t.Errorf("%d refs for 201 bodies", len(want))
	}
}

func TestBodyQueueIsBounded(t *testing.T) {
	f, err := newFaultFolder(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	f.block = make(chan struct{})
	b := mustOpenBodies(t, "", BodyOptions{QueueBytes: 10 << 10, QueueCount: 5, folder: f})
	kept, released := 0, new(atomic.Int64)
	put := func(n int) bool {
		_, ok := b.Put("id", BodyRequest, make([]byte, n), func() { released.Add(1) })
		return ok
	}
	for _, n := range []int{4000, 4000, 4000, 1000, 20_000, 100, 100, 100} {
		if put(n) {
			kept++
		}
	}
	if kept != 5 || b.Dropped() != 3 || b.Queued() > 10<<10 { // 4000 and 20,000 for bytes, the last for count
		t.Errorf("kept %d, dropped %d, %d bytes queued", kept, b.Dropped(), b.Queued())
	}
	if n := released.Load(); n != 3 {
		t.Errorf("%d dropped buffers given back, want 3", n)
	}
	close(f.block)
	flush(t, b)
	if n := released.Load(); n != 8 || b.Queued() != 0 {
		t.Errorf("%d of 8 buffers given back, %d bytes queued", n, b.Queued())
	}
}

// TestBodiesSurviveAnyFailingOperation lets the nth change of the disk fail, for
// every n: what is then readable is right, and all that is not was counted.
func TestBodiesSurviveAnyFailingOperation(t *testing.T) {
	for n := 1; ; n++ {
		f, err := newFaultFolder(t.TempDir(), func(i int) bool { return i == n })
		if err != nil {
			t.Fatal(err)
		}
		b := mustOpenBodies(t, "", BodyOptions{SegmentSize: 200 << 10, folder: f})
		refs := map[BodyRef]byte{}
		for i := range 12 {
			size := 10 << 10
			if i%4 == 0 {
				size = directFrom + 10
			}
			if ref, ok := b.Put("id", BodyReply, bytes.Repeat([]byte{byte(i)}, size), nil); ok {
				refs[ref] = byte(i)
			}
			if i%3 == 0 {
				flush(t, b)
				b.mu.Lock()
				b.shedding = time.Time{}
				b.mu.Unlock()
			}
		}
		flush(t, b)
		lost := int64(12 - len(refs))
		for ref, fillByte := range refs {
			got, err := b.Read(t.Context(), "id", ref)
			if err != nil {
				lost++
			} else if len(got) != ref.Length || bytes.Count(got, []byte{fillByte}) != len(got) {
				t.Errorf("failing %d: %+v reads wrong", n, ref)
			}
		}
		// A body may be counted lost and yet be whole: its part of a failed write was done.
		if lost > b.Dropped() {
			t.Errorf("failing %d: %d lost, %d counted", n, lost, b.Dropped())
		}
		_ = b.Close()
		if f.failed == 0 {
			if lost > 0 || b.Dropped() > 0 {
				t.Errorf("nothing failed, but %d lost", lost)
			}
			return
		}
	}
}

func TestBodiesLeaveSpaceToTheJournal(t *testing.T) {
	f, err := newFaultFolder(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	f.free = 1000
	b := mustOpenBodies(t, "", BodyOptions{MinFree: 64 << 20, folder: f})
	ref, ok := b.Put("id", BodyReply, []byte("x"), nil)
	flush(t, b)
	if _, err := b.Read(t.Context(), "id", ref); !ok || err == nil || b.Dropped() != 1 {
		t.Errorf("accepted %v, dropped %d, read %v", ok, b.Dropped(), err)
	}
	if _, ok := b.Put("id", BodyReply, []byte("x"), nil); ok {
		t.Error("accepted while the disk is known to be full")
	}
}

func TestLostBodyIsNotFound(t *testing.T) {
	dir := t.TempDir()
	b := mustOpenBodies(t, dir, BodyOptions{})
	ref, _ := b.Put("id", BodyReply, []byte("hello"), nil)
	flush(t, b)
	name := filepath.Join(dir, bodyName(ref.Segment))
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 0x10
		if err := os.WriteFile(name, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := b.Read(t.Context(), "id", ref)
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.NotFound {
			t.Errorf("byte %d damaged: %v", i, err)
		}
	}
	if _, err := b.Read(t.Context(), "id", BodyRef{Segment: 99, Length: 3}); err == nil {
		t.Error("a body of no segment was read")
	}
}

func TestEmptyBodyIsNotKept(t *testing.T) {
	b := mustOpenBodies(t, t.TempDir(), BodyOptions{})
	if ref, ok := b.Put("id", BodyReply, nil, nil); !ref.IsZero() || !ok || b.Dropped() != 0 {
		t.Errorf("%+v %v", ref, ok)
	}
}

func BenchmarkBodiesPut(b *testing.B) {
	for name, size := range map[string]int{"300B": 300, "9KB": 9 << 10, "1MB": 1 << 20} {
		b.Run(name, func(b *testing.B) {
			s := mustOpenBodies(b, b.TempDir(), BodyOptions{})
			data := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for {
					if _, ok := s.Put("018f0000-0000-7000-8000-000000000000", BodyRequest, data, nil); ok {
						break
					}
					flush(b, s) // so that what is measured was also written
				}
			}
		})
	}
}

// A request whose body a crash lost must not be shown the one that the next run
// wrote in its place.
func TestBodyOfAnotherRequestIsNotRead(t *testing.T) {
	b := mustOpenBodies(t, t.TempDir(), BodyOptions{})
	ref, _ := b.Put("id-2", BodyReply, []byte("hello"), nil)
	for _, when := range []string{"queued", "written"} {
		if _, err := b.Read(t.Context(), "id-1", ref); err == nil {
			t.Errorf("%s: read as another request's", when)
		}
		if got, err := b.Read(t.Context(), "id-2", ref); err != nil || string(got) != "hello" {
			t.Errorf("%s: %q, %v", when, got, err)
		}
		flush(t, b)
	}
}
