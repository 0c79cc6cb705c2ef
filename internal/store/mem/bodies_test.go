package mem_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/mem"
)

func openBodies(t *testing.T, dir string, o ledger.Objects, most int64) *ledger.Bodies {
	t.Helper()
	b, err := ledger.OpenBodies(dir, ledger.BodyOptions{SegmentSize: 1 << 20,
		Remote: &ledger.RemoteOptions{Objects: o, Every: time.Second, Cache: 1 << 30, Most: most}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// While objects cannot be stored, the disk is not filled, and what goes is counted.
func TestWhatWaitsIsBounded(t *testing.T) {
	o := &mem.Objects{}
	o.Fail(ai.Errorf(ai.Unavailable, "away"))
	b := openBodies(t, t.TempDir(), o, 4<<20)
	for range 100 {
		if _, ok := b.Put("id", ledger.BodyReply, random(100_000), nil); !ok {
			t.Fatal("dropped at once")
		}
	}
	for end := time.Now().Add(20 * time.Second); b.Bytes() > 4<<20 || b.Dropped() == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes, %d dropped", b.Bytes(), b.Dropped())
		}
	}
	if n := b.Dropped(); n < 50 || n > 90 { // of ten megabytes four are left, at a megabyte
		t.Errorf("%d bodies counted as dropped", n)
	}
}

// A copy of a folder takes another name and overwrites nothing.
func TestCopiesOfAFolderStayApart(t *testing.T) {
	o, one, two := &mem.Objects{}, t.TempDir(), t.TempDir()
	fill := func(b *ledger.Bodies, id string) (ref ledger.BodyRef) {
		ref, _ = b.Put(id, ledger.BodyReply, []byte("of "+id), nil)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		return ref
	}
	first := fill(openBodies(t, one, o, 0), "first")
	if err := os.CopyFS(two+"/copy", os.DirFS(one)); err != nil {
		t.Fatal(err)
	}
	original := fill(openBodies(t, one, o, 0), "original")
	b := openBodies(t, two+"/copy", o, 0)
	for b.Waiting() > 0 || b.Shipping().Store == original.Store {
		time.Sleep(20 * time.Millisecond)
	}
	copied := fill(b, "copied")
	b = openBodies(t, t.TempDir(), o, 0) // reads from the objects alone
	for id, ref := range map[string]ledger.BodyRef{"first": first, "original": original, "copied": copied} {
		if got, err := b.Read(t.Context(), id, ref); err != nil || !bytes.Equal(got, []byte("of "+id)) {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
}
