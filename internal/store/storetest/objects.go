package storetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// Objects runs the suite of ledger.Objects, and that of bodies whose segments are
// stored in them. open returns empty ones; page is how many one of their answers
// lists.
func Objects(t *testing.T, page int, open func(t *testing.T) ledger.Objects) {
	t.Run("what the server needs is allowed", func(t *testing.T) {
		if err := ledger.CheckObjects(t.Context(), open(t)); err != nil {
			t.Error(err)
		}
	})
	t.Run("parts of objects come back", func(t *testing.T) { objectParts(t, open(t)) })
	t.Run("an object is replaced", func(t *testing.T) { objectReplaced(t, open(t)) })
	t.Run("lists are in order and complete", func(t *testing.T) { objectsListed(t, page, open(t)) })
	t.Run("what is cut is not there", func(t *testing.T) { objectCut(t, open(t)) })
	t.Run("bodies come back", func(t *testing.T) { Bodies(t, open(t)) })
	t.Run("folders share objects", func(t *testing.T) { foldersShare(t, open(t)) })
	t.Run("old objects are dropped", func(t *testing.T) { oldDropped(t, open(t)) })
}

func noise(n int) []byte {
	b := make([]byte, n)
	rnd := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = rnd.Read(b)
	return b
}

func put(t *testing.T, o ledger.Objects, key string, b []byte) {
	t.Helper()
	if err := o.Put(t.Context(), key, bytes.NewReader(b), int64(len(b))); err != nil {
		t.Fatal(err)
	}
}

func objectParts(t *testing.T, o ledger.Objects) {
	b := noise(3<<20 + 17)
	put(t, o, "a/b.zst", b)
	for _, c := range []struct{ off, n, from, to int64 }{
		{0, 10, 0, 10}, {5, 1, 5, 6}, {1<<20 - 3, 10, 1<<20 - 3, 1<<20 + 7}, {100, 3 << 20, 100, 3<<20 + 17}, {0, 1 << 30, 0, 3<<20 + 17},
		{-1, 16, 3<<20 + 1, 3<<20 + 17}, {-1, 2 << 20, 1<<20 + 17, 3<<20 + 17}, {-1, 1 << 30, 0, 3<<20 + 17}, {3<<20 + 16, 5, 3<<20 + 16, 3<<20 + 17},
	} {
		got, size, err := o.Get(t.Context(), "a/b.zst", c.off, c.n)
		if err != nil || size != int64(len(b)) || !bytes.Equal(got, b[c.from:c.to]) {
			t.Errorf("Get(%d, %d): %d bytes of %d, %v", c.off, c.n, len(got), size, err)
		}
	}
	for _, key := range []string{"a/c", "a/b.zs", "a"} {
		if _, _, err := o.Get(t.Context(), key, 0, 1); err == nil || ai.AsError(err).Kind != ai.NotFound {
			t.Errorf("%s: %v", key, err)
		}
	}
	for range 2 { // the second time there is none
		if err := o.Delete(t.Context(), "a/b.zst"); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := o.Get(t.Context(), "a/b.zst", 0, 1); err == nil || ai.AsError(err).Kind != ai.NotFound {
		t.Error(err)
	}
}

func objectReplaced(t *testing.T, o ledger.Objects) {
	for _, n := range []int{3 << 20, 10, 2 << 20} {
		put(t, o, "k", noise(n))
		if got, size, err := o.Get(t.Context(), "k", 0, 8<<20); err != nil || size != int64(n) || !bytes.Equal(got, noise(n)) {
			t.Errorf("%d: %d bytes of %d, %v", n, len(got), size, err)
		}
	}
}

func objectsListed(t *testing.T, page int, o ledger.Objects) {
	var want []string
	for i := range page + 10 {
		key := fmt.Sprintf("bodies/one/%08d", i*7)
		want = append(want, key)
		put(t, o, key, []byte("x"))
	}
	put(t, o, "bodies/onf/1", []byte("other"))
	put(t, o, "bodies/on/1", []byte("other"))
	for _, from := range []int{-1, 0, page / 2, page + 8, page + 9} {
		after := ""
		if from >= 0 {
			after = want[from]
		}
		var got []string
		for one, err := range o.List(t.Context(), "bodies/one/", after) {
			if err != nil {
				t.Fatal(err)
			}
			if age := time.Since(one.Modified); one.Size != 1 || age < -time.Minute || age > 5*time.Minute {
				t.Errorf("%+v", one)
			}
			got = append(got, one.Key)
		}
		if !slices.Equal(got, want[from+1:]) {
			t.Errorf("after %q: %d keys, want %d", after, len(got), len(want)-from-1)
		}
	}
}

// slowReader ends a context in the middle of an object.
type slowReader struct {
	io.ReaderAt
	cancel context.CancelFunc
}

func (r slowReader) ReadAt(b []byte, off int64) (int, error) {
	if off >= 2<<20 {
		r.cancel()
		time.Sleep(20 * time.Millisecond)
	}
	return r.ReaderAt.ReadAt(b, off)
}

func objectCut(t *testing.T, o ledger.Objects) {
	put(t, o, "old", noise(100))
	for _, key := range []string{"old", "new"} {
		ctx, cancel := context.WithCancel(t.Context())
		err := o.Put(ctx, key, slowReader{bytes.NewReader(noise(5 << 20)), cancel}, 5<<20)
		cancel()
		if err == nil {
			t.Skip("storing does not mind its context") // the reference
		}
	}
	if got, size, err := o.Get(t.Context(), "old", 0, 1<<20); err != nil || size != 100 || !bytes.Equal(got, noise(100)) {
		t.Errorf("the old object: %d bytes of %d, %v", len(got), size, err)
	}
	if _, _, err := o.Get(t.Context(), "new", 0, 1); err == nil || ai.AsError(err).Kind != ai.NotFound {
		t.Errorf("half an object: %v", err)
	}
	for one, err := range o.List(t.Context(), "new", "") {
		if err != nil || one.Size != 0 {
			t.Errorf("half an object is listed: %+v, %v", one, err)
		}
	}
	put(t, o, "new", noise(50))
	if got, size, err := o.Get(t.Context(), "new", 0, 1<<20); err != nil || size != 50 || !bytes.Equal(got, noise(50)) {
		t.Errorf("the next try: %d bytes of %d, %v", len(got), size, err)
	}
}

// A folder of bodies that stores its segments.
type folder struct {
	t    *testing.T
	b    *ledger.Bodies
	kept map[ledger.BodyRef][]byte
}

func openFolder(t *testing.T, dir string, o ledger.Objects) *folder {
	t.Helper()
	opt := ledger.BodyOptions{SegmentSize: 2 << 20}
	if o != nil {
		opt.Remote = &ledger.RemoteOptions{Objects: o, Every: time.Second, Most: 1 << 30}
	}
	b, err := ledger.OpenBodies(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return &folder{t, b, map[ledger.BodyRef][]byte{}}
}

func (f *folder) fill(n int) {
	f.t.Helper()
	for i := range n {
		body := fmt.Appendf(nil, `{"n":%d,"text":%q}`, i, noise(100+i%9*400))
		if i == n/2 {
			body = noise(1_500_000) // longer than a segment
		}
		ref, ok := f.b.Put(fmt.Sprint("id-", i%7), ledger.BodyRequest, body, nil)
		if !ok {
			f.t.Fatal("dropped")
		}
		f.kept[ref] = append(body, byte(i%7))
	}
	if err := f.b.Flush(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// stored waits until nothing waits to be stored and, as Cache is 0, nothing is here.
func (f *folder) stored() {
	f.t.Helper()
	for range 600 {
		if f.b.Bytes() == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	f.t.Fatalf("%d bytes are not stored: %+v", f.b.Waiting(), f.b.Shipping())
}

func (f *folder) check(b *ledger.Bodies) {
	f.t.Helper()
	for ref, want := range f.kept {
		n := len(want) - 1
		got, err := b.Read(f.t.Context(), fmt.Sprint("id-", want[n]), ref)
		if err != nil || !bytes.Equal(got, want[:n]) {
			f.t.Fatalf("%+v: %d bytes, want %d, %v", ref, len(got), n, err)
		}
		if _, err := b.Read(f.t.Context(), "id-9", ref); err == nil || ai.AsError(err).Kind != ai.NotFound {
			f.t.Fatalf("%+v of another request: %v", ref, err)
		}
	}
}

// Bodies runs the suite of bodies, which may be stored in objects or, if those are
// nil, on the disk alone.
func Bodies(t *testing.T, o ledger.Objects) {
	dir := t.TempDir()
	f := openFolder(t, dir, o)
	f.fill(400)
	f.check(f.b)
	if o != nil {
		f.stored()
	}
	f.check(f.b)
	for range 2 { // the numbers of segments go on, though none is there
		if err := f.b.Close(); err != nil {
			t.Fatal(err)
		}
		f.b = openFolder(t, dir, o).b
		f.fill(100)
		f.check(f.b)
	}
	if f.b.Dropped() != 0 {
		t.Errorf("%d bodies dropped", f.b.Dropped())
	}
}

func foldersShare(t *testing.T, o ledger.Objects) {
	one, two := openFolder(t, t.TempDir(), o), openFolder(t, t.TempDir(), o)
	one.fill(100)
	two.fill(150)
	one.stored()
	two.stored()
	for _, f := range []*folder{one, two} {
		f.check(one.b)
		f.check(two.b)
	}
}

func oldDropped(t *testing.T, o ledger.Objects) {
	f := openFolder(t, t.TempDir(), o)
	f.fill(60)
	f.stored()
	put(t, o, "bodies/notes.txt", []byte("somebody else's"))
	if d, err := f.b.DropRemote(t.Context(), time.Now().Add(-time.Hour)); err != nil || d.Segments != 0 {
		t.Errorf("dropped %+v, %v", d, err)
	}
	f.check(f.b)
	if d, err := f.b.DropRemote(t.Context(), time.Now().Add(time.Hour)); err != nil || d.Segments == 0 || d.Bytes == 0 {
		t.Errorf("dropped %+v, %v", d, err)
	}
	var left []string
	for one, err := range o.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, one.Key)
	}
	if strings.Join(left, " ") != "bodies/notes.txt" {
		t.Errorf("left are %v", left)
	}
}
