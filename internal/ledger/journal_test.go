package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
)

func reservation(id string) Reservation {
	return Reservation{ID: id, StartedAt: time.Unix(1_700_000_000, 0).UTC(), OrgID: "org", WorkspaceID: "ws", Op: ai.Chat, AskModel: "m", HoldNano: 5}
}

func entry(id string) *Entry {
	return &Entry{ID: id, StartedAt: time.Unix(1_700_000_000, 0).UTC(), OrgID: "org", WorkspaceID: "ws", Op: ai.Chat, State: OK, Status: 200}
}

func mustOpen(t testing.TB, dir string, opt Options) *Journal {
	t.Helper()
	j, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// history reads the journal from its files as "id state" lines.
func history(t testing.TB, j *Journal) []string {
	t.Helper()
	j.mu.Lock()
	j.tail = tail{start: Position{Segment: ^uint64(0)}, limit: j.tail.limit}
	j.mu.Unlock()
	defer func() {
		j.mu.Lock()
		j.tail.start = j.end
		j.mu.Unlock()
	}()
	c := newCursor(j, Position{})
	defer c.close()
	var got []string
	for c.pos.Before(j.End()) {
		batch, err := c.readFile(nil, j.End(), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range batch {
			got = append(got, s.entry.ID+" "+string(s.entry.State))
		}
	}
	return got
}

func TestReservationsLeftOpenAreInterruptedOnce(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	for _, id := range []string{"a", "b", "c"} {
		if err := j.Reserve(reservation(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Settle(entry("b")); err != nil {
		t.Fatal(err)
	}
	want := []string{"b success", "a interrupted", "c interrupted"}
	for run, crash := range []bool{true, false, true} { // a crash is a journal that is not closed
		if !crash {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
		j = mustOpen(t, dir, Options{})
		if d := cmp.Diff(want, history(t, j)); d != "" {
			t.Fatalf("run %d: %s", run, d)
		}
	}
	c := newCursor(j, Position{})
	defer c.close()
	batch, err := c.read(nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	got := batch[1].entry
	if got.CostNano != 5 || !got.CostKnown || got.AskModel != "m" || got.WorkspaceID != "ws" || got.Status != 0 {
		t.Errorf("interrupted entry is %+v", got)
	}
}

func TestTornTailIsCutAtEveryByte(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	for _, id := range []string{"a", "b"} {
		if err := errors.Join(j.Reserve(reservation(id)), j.Settle(entry(id))); err != nil {
			t.Fatal(err)
		}
	}
	before := j.End().Offset
	if err := j.Settle(entry("last")); err != nil {
		t.Fatal(err)
	}
	after := j.End().Offset
	whole, err := os.ReadFile(filepath.Join(dir, segmentName(1)))
	if err != nil {
		t.Fatal(err)
	}
	for cut := before; cut <= after; cut++ {
		torn := t.TempDir()
		if err := os.WriteFile(filepath.Join(torn, segmentName(1)), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		k := mustOpen(t, torn, Options{})
		want := []string{"a success", "b success"}
		if cut == after {
			want = append(want, "last success")
		} else if got := k.Stats().Torn; got != cut-before {
			t.Errorf("cut at %d: %d bytes reported torn, want %d", cut, got, cut-before)
		}
		if err := k.Settle(entry("next")); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(append(want, "next success"), history(t, k)); d != "" {
			t.Errorf("cut at %d: %s", cut, d)
		}
		_ = k.Close()
	}
}

func TestDamageDoesNotTakeItsNeighbours(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	var ends []int64
	for i := range 5 {
		if err := j.Settle(entry(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, j.End().Offset)
	}
	whole, err := os.ReadFile(filepath.Join(dir, segmentName(1)))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"0 success", "1 success", "3 success", "4 success"}
	for at := ends[1]; at < ends[2]; at++ {
		for _, bit := range []byte{1, 0x80, 0xff} {
			bad := slices.Clone(whole)
			bad[at] ^= bit
			damaged := t.TempDir()
			if err := os.WriteFile(filepath.Join(damaged, segmentName(1)), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			k := mustOpen(t, damaged, Options{})
			if n := k.Stats().Corrupt; n != 1 {
				t.Errorf("byte %d: %d places counted, want 1", at, n)
			}
			if d := cmp.Diff(want, history(t, k)); d != "" {
				t.Fatalf("byte %d: %s", at, d)
			}
			_ = k.Close()
		}
	}
}

func TestOpenReadsOnlyWhatFollowsTheCheckpoint(t *testing.T) {
	dir := t.TempDir()
	opt := Options{SegmentSize: 64 << 10, CheckpointEvery: 16 << 10}
	j := mustOpen(t, dir, opt)
	if err := j.Reserve(reservation("early")); err != nil {
		t.Fatal(err)
	}
	n := 0
	for j.End().Segment < 6 {
		id := fmt.Sprint(n)
		if err := errors.Join(j.Reserve(reservation(id)), j.Settle(entry(id))); err != nil {
			t.Fatal(err)
		}
		n++
	}
	for _, clean := range []bool{false, true} {
		if clean {
			_ = j.Close()
		}
		f, err := newFaultFolder(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		opt.folder = f
		j = mustOpen(t, dir, opt)
		if total := j.Stats().Bytes; f.reads > total/4 {
			t.Errorf("clean %v: read %d of %d bytes", clean, f.reads, total)
		}
		if got := history(t, j); len(got) != n+1 || got[n] != "early interrupted" {
			t.Errorf("clean %v: %d entries, want %d; last %q", clean, len(got), n+1, got[len(got)-1])
		}
	}
}

func TestUntrustedCheckpointIsIgnored(t *testing.T) {
	for _, text := range []string{"", "{", `{"segment":9,"offset":0}`, `{"segment":1,"offset":99999999}`} {
		dir := t.TempDir()
		j := mustOpen(t, dir, Options{})
		if err := errors.Join(j.Reserve(reservation("a")), j.Settle(entry("b")), j.Close()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, checkpointName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		j = mustOpen(t, dir, Options{})
		if d := cmp.Diff([]string{"b success", "a interrupted"}, history(t, j)); d != "" {
			t.Errorf("checkpoint %q: %s", text, d)
		}
	}
}

// TestAnyFailingOperation lets the nth change of the disk fail, for every n, and
// checks after a reopen that what was acknowledged is there, once.
func TestAnyFailingOperation(t *testing.T) {
	for _, durability := range []Durability{Process, Power} {
		for _, run := range []int{1, 3, 1 << 30} { // operations that fail in a row
			for n := 1; ; n++ {
				dir := t.TempDir()
				f, err := newFaultFolder(dir, func(i int) bool { return i >= n && i < n+run })
				if err != nil {
					t.Fatal(err)
				}
				acked, sent := churn(dir, f, durability)
				verify(t, dir, fmt.Sprintf("%s, failing %d from %d", durability, run, n), acked, sent)
				if f.failed == 0 {
					break
				}
			}
		}
	}
}

// churn works a journal on a failing disk and returns what was acknowledged.
func churn(dir string, f *faultFolder, durability Durability) (acked, sent []string) {
	opt := Options{SegmentSize: 2 << 10, CheckpointEvery: 1 << 10, Durability: durability, folder: f}
	for range 2 {
		j, err := Open(dir, opt)
		if err != nil {
			continue
		}
		for range 12 {
			j.mu.Lock()
			j.retryAt = time.Time{} // no waiting
			j.mu.Unlock()
			id := fmt.Sprint("r", len(sent))
			if j.Reserve(reservation(id)) != nil {
				continue
			}
			sent = append(sent, id)
			if j.Settle(entry(id)) == nil {
				acked = append(acked, id)
			}
		}
		_ = j.Close()
	}
	return acked, sent
}

func verify(t *testing.T, dir, label string, acked, sent []string) {
	t.Helper()
	j := mustOpen(t, dir, Options{})
	seen := map[string]string{}
	for _, line := range history(t, j) {
		id, state, _ := strings.Cut(line, " ")
		if old, dup := seen[id]; dup {
			t.Errorf("%s: %s is there twice: %s, %s", label, id, old, state)
		}
		seen[id] = state
	}
	for _, id := range acked {
		if seen[id] != string(OK) {
			t.Errorf("%s: %s was acknowledged but is %q", label, id, seen[id])
		}
	}
	for _, id := range sent {
		if seen[id] == "" {
			t.Errorf("%s: admitted %s left no entry", label, id)
		}
	}
	if n := j.Stats().Corrupt; n > 0 {
		t.Errorf("%s: %d damaged places", label, n)
	}
	_ = j.Close()
}

func TestFullDiskRefusesAndFreesItself(t *testing.T) {
	dir := t.TempDir()
	f, err := newFaultFolder(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	j := mustOpen(t, dir, Options{folder: f})
	if err := errors.Join(j.Reserve(reservation("a")), j.Reserve(reservation("b"))); err != nil {
		t.Fatal(err)
	}
	f.set(func(int) bool { return true })
	stream := entry("b")
	stream.Stream = true
	for _, err := range []error{j.Settle(entry("a")), j.Settle(stream), j.Reserve(reservation("c")), j.Healthy()} {
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Unavailable || e.Code != "storage_exhausted" {
			t.Fatalf("got %v, want storage_exhausted", err)
		}
	}
	before := f.ops
	for range 1000 {
		_ = j.Reserve(reservation("c"))
	}
	if n := f.ops - before; n > 20 {
		t.Errorf("1,000 refused requests touched the disk %d times", n)
	}
	f.set(nil)
	time.Sleep(retryEvery)
	if err := j.Healthy(); err != nil {
		t.Fatalf("space is back, but %v", err)
	}
	if err := j.Settle(entry("d")); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a error", "b truncated", "d success"}, history(t, j)); d != "" {
		t.Error(d)
	}
	if s := j.Stats(); s.Open != 0 || s.Lost != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestSettlementsUseTheSpaceSetAside fills the disk for everything but what the
// journal allocated: admission stops, settling goes on.
func TestSettlementsUseTheSpaceSetAside(t *testing.T) {
	dir := t.TempDir()
	f, err := newFaultFolder(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	j := mustOpen(t, dir, Options{folder: f})
	if err := j.Reserve(reservation("a")); err != nil {
		t.Fatal(err)
	}
	if j.allocated < 0 {
		t.Skip("skipped: this disk cannot set space aside")
	}
	j.mu.Lock()
	j.low, j.allocated, j.retryAt = true, j.end.Offset+headroom/2, time.Now().Add(time.Hour)
	j.mu.Unlock()
	if err := j.Reserve(reservation("b")); err == nil {
		t.Error("admitted although only the headroom is left")
	}
	if err := j.Settle(entry("a")); err != nil {
		t.Errorf("not settled: %v", err)
	}
	j.mu.Lock()
	j.retryAt = time.Time{}
	j.mu.Unlock()
	if err := j.Reserve(reservation("b")); err != nil {
		t.Errorf("space is back, but %v", err)
	}
}

func TestHugeEntryIsCutNotRefused(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{})
	e := entry("huge")
	e.Decisions = []Decision{{Reason: strings.Repeat("x", maxRecord)}}
	if err := j.Settle(e); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"huge success"}, history(t, j)); d != "" {
		t.Error(d)
	}
}

func BenchmarkReserveSettle(b *testing.B) {
	j := mustOpen(b, b.TempDir(), Options{})
	r, e := reservation("018f0000-0000-7000-8000-000000000000"), typical()
	b.ReportAllocs()
	for b.Loop() {
		if err := j.Reserve(r); err != nil {
			b.Fatal(err)
		}
		if err := j.Settle(e); err != nil {
			b.Fatal(err)
		}
	}
}

// typical is an entry as most requests leave it: one attempt, no surprises.
func typical() *Entry {
	return &Entry{
		ID: "018f0000-0000-7000-8000-000000000000", StartedAt: time.Unix(1_700_000_000, 123456789).UTC(),
		OrgID: "018f0000-0000-7000-8000-0000000000aa", WorkspaceID: "018f0000-0000-7000-8000-0000000000bb", KeyID: "018f0000-0000-7000-8000-0000000000cc",
		TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "b7ad6b7169203331",
		Op: ai.Chat, Dialect: ai.OpenAI, Method: "POST", Path: "/v1/chat/completions", State: OK, Status: 200,
		LastStep: "config.targets[0]", Mode: "fallback", Cache: "DISABLED", Provider: "openai", Model: "gpt-4o-mini-2024-07-18", AskModel: "gpt-4o-mini",
		Virtual: "openai-prod", URL: "https://api.openai.com/v1/chat/completions", ConfigID: "018f0000-0000-7000-8000-0000000000dd", ConfigSlug: "pc-main-123456", ConfigVersion: "3",
		Usage:    ai.Usage{Known: true, InputTokens: 1200, OutputTokens: 320, CacheReadTokens: 1024, ServiceTier: "default"},
		CostNano: 295_000, CostKnown: true, PriceVersion: "2026-11-01", TotalMicros: 1_234_567, UpstreamMicros: 1_230_000,
		Attempts:  []Attempt{{Step: "config.targets[0]", Provider: "openai", Model: "gpt-4o-mini", Virtual: "openai-prod", URL: "https://api.openai.com/v1/chat/completions", Status: 200, StartMicros: 400, HeadMicros: 900_000, TotalMicros: 1_230_000, Upstream: "req_0123456789abcdef"}},
		Decisions: []Decision{{Path: "config", Mode: "fallback", Reason: "first target"}},
		Metadata:  map[string]string{"_user": "user-12345", "environment": "production"},
		ClientIP:  "203.0.113.9", SDK: "portkey-ai-3.1.0", Runtime: "node v22.1.0",
		Request: BodyRef{1, 123456, 9000, ""}, Reply: BodyRef{1, 132456, 1500, ""},
	}
}

// BenchmarkOpenAfterCrash opens a journal of 256 MiB that was not closed: what a
// start pays at worst.
func BenchmarkOpenAfterCrash(b *testing.B) {
	dir := b.TempDir()
	j := mustOpen(b, dir, Options{})
	r, e := reservation("x"), typical()
	for i := 0; j.Stats().Bytes < 256<<20-1<<20; i++ {
		r.ID = fmt.Sprintf("018f0000-0000-7000-8000-%012d", i)
		if err := j.Reserve(r); err != nil {
			b.Fatal(err)
		}
		if i%1000 != 0 {
			settled := *e
			settled.ID = r.ID
			if err := j.Settle(&settled); err != nil {
				b.Fatal(err)
			}
		}
	}
	checkpoint, err := os.ReadFile(filepath.Join(dir, checkpointName))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		if err := os.WriteFile(filepath.Join(dir, checkpointName), checkpoint, 0o600); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		k, err := Open(dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		_ = k.Close()
		b.StartTimer()
	}
}
