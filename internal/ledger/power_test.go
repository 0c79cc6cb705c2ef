package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A volatileFolder is a disk with a cache in front of it: what was not synced may
// be gone after a power cut, wholly or in parts.
type volatileFolder struct {
	mu     sync.Mutex
	files  map[string]*volatileFile // by their present names
	synced map[string]*volatileFile // by the names that last
	fail   bool                     // syncs fail, and what they were for is not written
}

type volatileFile struct {
	d       *volatileFolder
	cached  []byte // as it reads
	durable []byte // as it is on the disk
}

func newVolatileFolder() *volatileFolder {
	return &volatileFolder{files: map[string]*volatileFile{}, synced: map[string]*volatileFile{}}
}

func (d *volatileFolder) Open(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, ok := d.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return f, nil
}

func (d *volatileFolder) Create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[name] == nil {
		d.files[name] = &volatileFile{d: d}
	}
	return d.files[name], nil
}

func (d *volatileFolder) Names() (names []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.files {
		names = append(names, name)
	}
	return names, nil
}

func (d *volatileFolder) Load(name string) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(f.(*volatileFile).cached), nil
}

func (d *volatileFolder) Replace(name string, b []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[name] = &volatileFile{d: d, cached: slices.Clone(b)}
	return nil
}

func (d *volatileFolder) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[to] = d.files[from]
	delete(d.files, from)
	return nil
}

func (d *volatileFolder) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	return nil
}

func (d *volatileFolder) Stat(name string) (int64, time.Time, error) {
	f, err := d.Open(name)
	if err != nil {
		return 0, time.Time{}, err
	}
	size, err := f.Size()
	return size, time.Now(), err
}

func (d *volatileFolder) Stamp(string, time.Time) error { return nil }

func (d *volatileFolder) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail {
		return syscall.EIO
	}
	d.synced = map[string]*volatileFile{}
	for name, f := range d.files {
		d.synced[name] = f
	}
	return nil
}

func (d *volatileFolder) Free() (free, total int64, err error) { return 1 << 40, 1 << 40, nil }

func (f *volatileFile) ReadAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return bytes.NewReader(f.cached).ReadAt(p, off)
}

func (f *volatileFile) WriteAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if need := int(off) + len(p); need > len(f.cached) {
		f.cached = append(f.cached, make([]byte, need-len(f.cached))...)
	}
	return copy(f.cached[off:], p), nil
}

func (f *volatileFile) Truncate(n int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.cached = append(f.cached[:min(int64(len(f.cached)), n)], make([]byte, max(n-int64(len(f.cached)), 0))...)
	return nil
}

func (f *volatileFile) Size() (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return int64(len(f.cached)), nil
}

// Sync takes its time, in which others write.
func (f *volatileFile) Sync() error {
	f.d.mu.Lock()
	was, fail := slices.Clone(f.cached), f.d.fail
	f.d.mu.Unlock()
	time.Sleep(50 * time.Microsecond)
	if fail {
		return syscall.EIO
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.durable = was
	return nil
}

func (f *volatileFile) Allocate(int64, int64) error { return errors.ErrUnsupported }
func (f *volatileFile) Close() error                { return nil }

// cut writes to dir what a power cut may leave: names and sectors that were not
// synced are there or not, as it happens.
func (d *volatileFolder) cut(t *testing.T, dir string, rnd *rand.Rand) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	left := map[string]*volatileFile{}
	for name, f := range d.synced {
		left[name] = f
	}
	for name, f := range d.files {
		if left[name] == nil || rnd.IntN(2) == 0 {
			if rnd.IntN(2) == 0 || left[name] != nil {
				left[name] = f
			}
		}
	}
	for name, f := range left {
		if err := os.WriteFile(filepath.Join(dir, name), f.left(rnd), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *volatileFile) left(rnd *rand.Rand) []byte {
	const sector = 512
	b := slices.Clone(f.durable)
	if size := len(f.cached); size > len(b) {
		b = append(b, make([]byte, rnd.IntN(size-len(b)+1))...)
	}
	for at := 0; at < len(b); at += sector {
		if at < len(f.cached) && rnd.IntN(2) == 0 {
			copy(b[at:min(at+sector, len(b))], f.cached[at:])
		}
	}
	return b
}

// TestPowerCut cuts the power at a random moment, some hundred times: with
// durability power what was acknowledged is there, and whatever the durability is,
// no reader has applied what the journal has lost.
func TestPowerCut(t *testing.T) {
	cuts := 250
	if testing.Short() {
		cuts = 25
	}
	for _, durability := range []Durability{Power, Process} {
		lost, total := 0, 0
		if durability == Process {
			cuts /= 5 // it works many times faster
		}
		for n := range cuts {
			rnd := rand.New(rand.NewPCG(uint64(n), 7)) //nolint:gosec // not a secret
			gone, acked := powerCut(t, durability, rnd)
			lost, total = lost+gone, total+acked
		}
		t.Logf("%s: %d cuts, %d acknowledged, %d of them lost", durability, cuts, total, lost)
		if durability == Process && lost == 0 {
			t.Error("nothing was lost without a sync: the disk of this test is too good to prove anything")
		}
	}
}

func powerCut(t *testing.T, durability Durability, rnd *rand.Rand) (gone, total int) {
	t.Helper()
	d := newVolatileFolder()
	j, err := Open("", Options{SegmentSize: 8 << 10, CheckpointEvery: 2 << 10, Durability: durability, folder: d})
	if err != nil {
		t.Fatal(err)
	}
	r := &memReader{}
	_, stop := following(t, j, r, FollowOptions{Batch: 8, Wait: time.Millisecond})
	var acks lines
	var over atomic.Bool
	var writers sync.WaitGroup
	for g := range 4 {
		writers.Go(func() {
			for i := 0; !over.Load(); i++ {
				id := fmt.Sprintf("%d-%d", g, i)
				if j.Reserve(reservation(id)) == nil {
					acks.add("r " + id)
				}
				if j.Settle(entry(id)) == nil {
					acks.add("s " + id)
				}
			}
		})
	}
	time.Sleep(time.Duration(500+rnd.IntN(4000)) * time.Microsecond)
	acked, applied := acks.all(), r.seen()
	dir := t.TempDir()
	d.cut(t, dir, rnd)
	over.Store(true)
	writers.Wait()
	stop()
	_ = j.Close()

	k := mustOpen(t, dir, Options{Durability: durability})
	states := statesOf(t, k)
	for _, id := range applied {
		if states[id] != string(OK) {
			t.Errorf("%s: %s is with the reader, and %q in the journal", durability, id, states[id])
		}
	}
	for _, line := range acked {
		what, id, _ := strings.Cut(line, " ")
		if states[id] == "" || what == "s" && states[id] != string(OK) {
			gone++
			if durability == Power {
				t.Errorf("%s was acknowledged and is %q", line, states[id])
			}
		}
	}
	_ = k.Close()
	return gone, len(acked)
}

// statesOf reads the journal from its files and fails for an id that is there twice.
func statesOf(t *testing.T, j *Journal) map[string]string {
	t.Helper()
	states := map[string]string{}
	for _, line := range history(t, j) {
		id, state, _ := strings.Cut(line, " ")
		if states[id] != "" {
			t.Errorf("%s is there twice: %s and %s", id, states[id], state)
		}
		states[id] = state
	}
	return states
}

// lines is a list that many add to.
type lines struct {
	mu   sync.Mutex
	list []string
}

func (l *lines) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, s)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// What a failed sync was for is taken back: its writers are told, nothing of it
// reaches a reader, and once the disk syncs again it is written anew.
func TestFailedSyncTakesRecordsBack(t *testing.T) {
	d := newVolatileFolder()
	j, err := Open("", Options{Durability: Power, folder: d})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // checked below
	r := &memReader{}
	f, _ := following(t, j, r, FollowOptions{Wait: time.Millisecond})
	if err := errors.Join(j.Reserve(reservation("before")), j.Settle(entry("before")), j.Reserve(reservation("a"))); err != nil {
		t.Fatal(err)
	}
	catchUp(t, f)
	end := j.End()
	d.mu.Lock()
	d.fail = true
	d.mu.Unlock()
	if err := j.Settle(entry("a")); err == nil {
		t.Fatal("acknowledged without a sync")
	}
	if err := j.Reserve(reservation("b")); err == nil {
		t.Fatal("admitted while the disk does not sync")
	}
	if err := j.Insert([]*Entry{entry("d")}); err == nil {
		t.Fatal("inserted while the disk does not sync")
	}
	if err := j.PutFeedback([]*Feedback{feedback("f", 1)}); err == nil {
		t.Fatal("took feedback while the disk does not sync")
	}
	time.Sleep(20 * time.Millisecond)
	if got := r.seen(); !slices.Equal(got, []string{"before"}) {
		t.Errorf("the reader has %v", got)
	}
	if j.End() != end {
		t.Errorf("the end is %v, want %v", j.End(), end)
	}
	d.mu.Lock()
	d.fail = false
	d.mu.Unlock()
	time.Sleep(retryEvery)
	if err := errors.Join(j.Healthy(), j.Reserve(reservation("c")), j.Settle(entry("c"))); err != nil {
		t.Fatalf("the disk syncs again, but %v", err)
	}
	catchUp(t, f)
	if got := r.seen(); !slices.Equal(got, []string{"before", "a", "c"}) {
		t.Errorf("the reader has %v", got)
	}
	if s := j.Stats(); s.Open != 0 || s.Lost != 0 || s.Reserved != 3 || s.Settled != 3 {
		t.Errorf("stats %+v", s)
	}
	if d := statesOf(t, j); d["a"] != string(Failed) || d["b"] != "" || d["d"] != "" {
		t.Errorf("the journal has %v", d)
	}
}

// A disk that cannot sync holds nobody up where nobody was promised a sync.
func TestFailedSyncIsBorneInProcessMode(t *testing.T) {
	d := newVolatileFolder()
	d.fail = true
	j, err := Open("", Options{folder: d})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // it cannot sync
	r := &memReader{}
	f, _ := following(t, j, r, FollowOptions{})
	want := settle(t, j, 0, 20)
	catchUp(t, f)
	if got := r.seen(); !slices.Equal(got, want) {
		t.Errorf("the reader has %v", got)
	}
}

// All who wait share a sync.
func TestSyncsAreShared(t *testing.T) {
	j, err := Open("", Options{Durability: Power, folder: newVolatileFolder()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // a disk in memory
	const callers, each = 64, 20
	before := j.Stats().Syncs
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for i := range each {
				id := fmt.Sprint(c, "-", i)
				if err := errors.Join(j.Reserve(reservation(id)), j.Settle(entry(id))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	records := int64(2 * callers * each)
	if syncs := j.Stats().Syncs - before; syncs > records/4 {
		t.Errorf("%d syncs for %d records of %d callers", syncs, records, callers)
	}
}

// BenchmarkSettlePower is what a request pays for with durability power, alone and
// with others.
func BenchmarkSettlePower(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			j := mustOpen(b, b.TempDir(), Options{Durability: Power})
			b.SetParallelism(callers / 2)
			e := typical()
			var n atomic.Int64
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					mine := *e
					mine.ID = fmt.Sprint(n.Add(1))
					if err := errors.Join(j.Reserve(reservation(mine.ID)), j.Settle(&mine)); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(j.Stats().Syncs)/float64(b.N), "syncs/op")
		})
	}
}
