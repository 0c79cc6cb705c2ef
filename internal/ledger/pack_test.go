package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/portico-ai/portico/test/corpus"
)

func atOnce(time.Duration) error { return nil }

// fillBodies writes bodies of many sizes to several segments of dir.
func fillBodies(t testing.TB, dir folder) map[BodyRef][]byte {
	t.Helper()
	b := mustOpenBodies(t, "", BodyOptions{SegmentSize: 1 << 20, folder: dir})
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not a secret
	kept := map[BodyRef][]byte{}
	for i := range 120 {
		data := bytes.Repeat([]byte(fmt.Sprintf(`{"role":"user","content":"question %d"}`, i)), 1+rnd.IntN(600))
		if i%10 == 0 {
			data = make([]byte, 300<<10)
			for k := range data {
				data[k] = byte(rnd.Uint32())
			}
		}
		ref, ok := b.Put("id", BodyReply, data, nil)
		if !ok {
			t.Fatal("dropped")
		}
		kept[ref] = data
	}
	flush(t, b)
	_ = b.Close()
	return kept
}

func wantBodies(t *testing.T, label string, b *Bodies, kept map[BodyRef][]byte) {
	t.Helper()
	for ref, want := range kept {
		if got, err := b.Read(t.Context(), "id", ref); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: %+v: %d bytes, want %d; %v", label, ref, len(got), len(want), err)
		}
	}
}

func TestPackedBodiesComeBack(t *testing.T) {
	dir := t.TempDir()
	d := osFolder(dir)
	kept := fillBodies(t, d)
	b := mustOpenBodies(t, dir, BodyOptions{})
	b.filesMu.Lock() // keeps the packer out
	defer b.filesMu.Unlock()
	for n, waiting := b.finishedRaw(); waiting > 0; n, waiting = b.finishedRaw() {
		whole, err := os.ReadFile(filepath.Join(dir, bodyName(n)))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := pack(d, n, atOnce); err != nil {
			t.Fatal(err)
		}
		b.settleRaw(n)
		wantBodies(t, "packed up to "+fmt.Sprint(n), b, kept)
		packed, err := os.ReadFile(filepath.Join(dir, packedName(n)))
		if err != nil {
			t.Fatal(err)
		}
		z, err := zstd.NewReader(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := z.DecodeAll(packed, nil); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("segment %d: any zstd should unpack it to what it was: %v", n, err)
		}
		z.Close()
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix)); len(left) > 0 {
		t.Errorf("not packed: %v", left)
	}
	if ref, _ := b.Put("id", BodyReply, []byte("new"), nil); ref.Segment != 1+lastOf(kept) {
		t.Errorf("the next body went to segment %d", ref.Segment)
	}
}

func lastOf(kept map[BodyRef][]byte) (n uint32) {
	for ref := range kept {
		n = max(n, ref.Segment)
	}
	return n
}

// Segments are packed by themselves once they are full, while others are written
// and read.
func TestFullSegmentsArePacked(t *testing.T) {
	dir := t.TempDir()
	b := mustOpenBodies(t, dir, BodyOptions{SegmentSize: 64 << 10})
	kept := map[BodyRef][]byte{}
	deadline := time.Now().Add(20 * time.Second)
	for i := 0; ; i++ {
		data := bytes.Repeat([]byte(fmt.Sprint("body ", i, " ")), 100)
		ref, _ := b.Put("id", BodyReply, data, nil)
		if i%100 == 0 {
			kept[ref] = data
			wantBodies(t, "meanwhile", b, kept)
		}
		if packed, _ := filepath.Glob(filepath.Join(dir, "*"+packedSuffix)); len(packed) >= 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was packed")
		}
		time.Sleep(time.Millisecond)
	}
	wantBodies(t, "at the end", b, kept)
	if b.Dropped() > 0 {
		t.Errorf("%d dropped", b.Dropped())
	}
}

// Packing is in nobody's way: it gives up when segments are to be dropped, or all is
// closed, and begins anew.
func TestPackingYields(t *testing.T) {
	dir := t.TempDir()
	kept := fillBodies(t, osFolder(dir))
	b := mustOpenBodies(t, dir, BodyOptions{})
	result := make(chan error)
	go func() {
		b.filesMu.Lock()
		_, _, err := pack(b.dir, 1, func(time.Duration) error { return b.restBetween(time.Hour) })
		b.filesMu.Unlock()
		result <- err
	}()
	for b.filesMu.TryLock() {
		b.filesMu.Unlock()
	}
	if d, err := b.Drop(time.Time{}, 0); err != nil || d.Segments != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	if err := <-result; !errors.Is(err, errPackYields) {
		t.Errorf("packing ended with %v", err)
	}
	wantBodies(t, "afterwards", b, kept)
}

// TestPackingSurvivesAnyFailingOperation lets the nth change of the disk fail, or
// ends packing right before it as a crash does: nothing is lost.
func TestPackingSurvivesAnyFailingOperation(t *testing.T) {
	for _, crash := range []bool{false, true} {
		for n := 1; ; n++ {
			dir := t.TempDir()
			kept := fillBodies(t, osFolder(dir))
			f, err := newFaultFolder(dir, func(i int) bool { return i == n || crash && i > n })
			if err != nil {
				t.Fatal(err)
			}
			_, _, _ = pack(f, 1, atOnce)
			label := fmt.Sprintf("crash %v at %d", crash, n)
			b := mustOpenBodies(t, dir, BodyOptions{})
			wantBodies(t, label, b, kept)
			_ = b.Close()
			if left, _ := filepath.Glob(filepath.Join(dir, "*"+tmpSuffix)); len(left) > 0 {
				t.Errorf("%s left %v", label, left)
			}
			both := 0
			for _, name := range []string{bodyName(1), packedName(1)} {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					both++
				}
			}
			if both != 1 {
				t.Errorf("%s: segment 1 is there %d times", label, both)
			}
			if f.failed == 0 {
				break
			}
		}
	}
}

// A damaged byte of a packed segment takes the bodies of its piece and no other,
// and never shows something else in their place.
func TestDamageOfPackedBodies(t *testing.T) {
	dir := t.TempDir()
	d := osFolder(dir)
	kept := fillBodies(t, d)
	if _, _, err := pack(d, 1, atOnce); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, packedName(1))
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b := mustOpenBodies(t, dir, BodyOptions{})
	for at := 0; at < len(whole); at += 1 + len(whole)/61 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x55
		if err := os.WriteFile(name, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		for ref, want := range kept {
			if got, err := b.Read(t.Context(), "id", ref); err == nil && !bytes.Equal(got, want) {
				t.Errorf("byte %d: %+v reads wrong", at, ref)
			} else if err != nil && ref.Segment != 1 {
				t.Errorf("byte %d of segment 1 took %+v", at, ref)
			}
		}
	}
	for _, size := range []int{0, 5, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(name, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		for ref := range kept {
			if _, err := b.Read(t.Context(), "id", ref); ref.Segment == 1 && err == nil {
				t.Errorf("cut to %d bytes, but %+v reads", size, ref)
			}
		}
	}
}

// BenchmarkPack is the cost of packing recorded traffic, per request with its body
// and its reply, and the size that is left.
func BenchmarkPack(b *testing.B) {
	kinds := map[string]func(i int) []byte{"recorded": recordedTraffic(b), "small": smallTraffic}
	for name, body := range kinds {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			d := osFolder(dir)
			s := mustOpenBodies(b, dir, BodyOptions{})
			requests := 0
			for size := 0; size < 24<<20; requests++ {
				for range 2 { // the request and its reply
					data := body(2*requests + size%2)
					size += len(data)
					s.Put(fmt.Sprintf("018f0000-0000-7000-8000-%012d", requests), BodyRequest, data, nil)
				}
				if requests%1000 == 0 {
					flush(b, s)
				}
			}
			flush(b, s)
			whole, err := os.ReadFile(filepath.Join(dir, bodyName(1)))
			if err := errors.Join(err, s.Close()); err != nil {
				b.Fatal(err)
			}
			var before, after int64
			used := cpuTime()
			for b.Loop() {
				if before, after, err = pack(d, 1, atOnce); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := os.WriteFile(filepath.Join(dir, bodyName(1)), whole, 0o600); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			perRequest := float64((cpuTime() - used).Microseconds()) / float64(b.N) / float64(requests)
			b.ReportMetric(perRequest, "cpu-µs/request")
			b.ReportMetric(float64(before)/float64(requests), "B/request")
			b.ReportMetric(float64(before)/float64(after), "ratio")
		})
	}
}

func recordedTraffic(b *testing.B) func(int) []byte {
	var bodies [][]byte
	for _, provider := range []string{"openai", "anthropic"} {
		for _, e := range corpus.Exchanges(b, provider, "") {
			if e.Is("image") || len(e.RequestBody) > 64<<10 {
				continue
			}
			bodies = append(bodies, e.RequestBody, e.Body())
		}
	}
	return func(i int) []byte { return bodies[i%len(bodies)] }
}

func smallTraffic(i int) []byte {
	if i%2 == 0 {
		return fmt.Appendf(nil, `{"model":"gpt-4o-mini","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"What is %x plus %x? %x"}]}`, i*7919, i*104729, i*i)
	}
	return fmt.Appendf(nil, `{"id":"chatcmpl-%x","object":"chat.completion","created":%d,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":"It is %x.","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":%d,"completion_tokens":7,"total_tokens":30,"prompt_tokens_details":{"cached_tokens":0}},"system_fingerprint":"fp_%x"}`, i*15485863, 1_700_000_000+i, i*i*31, i%90, i%7)
}
