package ledger

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	crashDirVar   = "PORTICO_LEDGER_CRASH_DIR"
	crashPointVar = "PORTICO_LEDGER_CRASH_POINT" // "operation when durability", or "" for none
)

// crashChild works a journal from several goroutines until it is killed. It
// prints "r id" once a reservation and "s id" once a settlement is acknowledged.
func crashChild(dir string) {
	if point := os.Getenv(crashPointVar); point != "" {
		dieAtPoint(dir, point)
		return
	}
	j, err := Open(dir, Options{SegmentSize: 256 << 10, CheckpointEvery: 32 << 10})
	if err != nil {
		fmt.Println("! " + err.Error())
		os.Exit(1)
	}
	var mu sync.Mutex
	say := func(kind, id string) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = os.Stdout.WriteString(kind + " " + id + "\n") // unbuffered: what the parent reads, a client was given
	}
	for g := range 4 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), g, i)
				if err := j.Reserve(reservation(id)); err != nil {
					say("!", err.Error())
				}
				say("r", id)
				if i%7 == 0 {
					time.Sleep(time.Millisecond)
				}
				if err := j.Settle(entry(id)); err != nil {
					say("!", err.Error())
				}
				say("s", id)
			}
		}()
	}
	select {}
}

// TestKillLosesNothing kills a process that writes, again and again on the same
// folder, and checks every acknowledgement against the journal.
func TestKillLosesNothing(t *testing.T) {
	kills := 30
	if testing.Short() {
		kills = 5
	}
	dir := t.TempDir()
	reserved, settled := map[string]bool{}, map[string]bool{}
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for range kills {
		runUntilKilled(t, dir, time.Duration(rnd.Int64N(int64(120*time.Millisecond))), reserved, settled)
	}
	j := mustOpen(t, dir, Options{})
	states := statesOf(t, j)
	interrupted := 0
	for id := range reserved {
		if states[id] == "" {
			t.Errorf("admitted %s left no entry", id)
		}
		if settled[id] && states[id] != string(OK) {
			t.Errorf("%s was settled but is %q", id, states[id])
		}
		if states[id] == string(Interrupted) {
			interrupted++
		}
	}
	if s := j.Stats(); s.Corrupt > 0 {
		t.Errorf("%d damaged places", s.Corrupt)
	}
	t.Logf("%d kills, %d admitted, %d settled, %d interrupted", kills, len(reserved), len(settled), interrupted)
	if len(settled) == 0 || interrupted == 0 {
		t.Error("the children did no work, or no kill met an open request")
	}
}

// A mortalFolder kills its process at one operation that changes the disk: before
// it, in the middle of a write, or after it.
type mortalFolder struct {
	folder
	left int // operations until then
	when string
}

func (d *mortalFolder) do(half, whole func() error) error {
	if d.left--; d.left != 0 {
		return whole()
	}
	switch d.when {
	case "half":
		_ = half()
	case "after":
		_ = whole()
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func nothing() error { return nil }

func (d *mortalFolder) wrap(f file, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	return &mortalFile{f, d}, nil
}

func (d *mortalFolder) Create(name string) (f file, err error) {
	err = d.do(nothing, func() error { f, err = d.wrap(d.folder.Create(name)); return err })
	return f, err
}

func (d *mortalFolder) Replace(name string, b []byte) error {
	return d.do(func() error { return d.folder.Replace(name+".tmp", b[:len(b)/2]) }, func() error { return d.folder.Replace(name, b) })
}

func (d *mortalFolder) Remove(name string) error {
	return d.do(nothing, func() error { return d.folder.Remove(name) })
}

func (d *mortalFolder) Sync() error { return d.do(nothing, d.folder.Sync) }

type mortalFile struct {
	file
	d *mortalFolder
}

func (f *mortalFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.d.do(func() error { _, err := f.file.WriteAt(p[:len(p)/2], off); return err },
		func() error { n, err = f.file.WriteAt(p, off); return err })
	return n, err
}

func (f *mortalFile) Truncate(n int64) error {
	return f.d.do(nothing, func() error { return f.file.Truncate(n) })
}
func (f *mortalFile) Sync() error { return f.d.do(nothing, f.file.Sync) }

// dieAtPoint works a journal, says what was acknowledged, and dies at the point,
// or lives to say "end".
func dieAtPoint(dir, point string) {
	var n int
	var when string
	var durability Durability
	if _, err := fmt.Sscan(point, &n, &when, &durability); err != nil {
		fmt.Println("! " + err.Error())
		return
	}
	say := func(s string) { _, _ = os.Stdout.WriteString(s + "\n") }
	j, err := Open("", Options{SegmentSize: 2 << 10, CheckpointEvery: 1 << 10, Durability: durability,
		folder: &mortalFolder{folder: osFolder(dir), left: n, when: when}})
	if err != nil {
		say("! " + err.Error())
		return
	}
	for i := range 12 {
		id := fmt.Sprint(os.Getpid(), "-", i)
		if err := j.Reserve(reservation(id)); err != nil {
			say("! " + err.Error())
		}
		say("r " + id)
		if err := j.Settle(entry(id)); err != nil {
			say("! " + err.Error())
		}
		say("s " + id)
		if i == 8 {
			if _, err := j.Drop(time.Time{}, 100<<10); err != nil {
				say("! " + err.Error())
			}
		}
	}
	if err := j.Close(); err != nil {
		say("! " + err.Error())
	}
	say("end")
}

// TestKillAtEveryOperation kills the process at each operation on the disk in
// turn: before it, within a write, and after it.
func TestKillAtEveryOperation(t *testing.T) {
	points := 0
	for _, durability := range []Durability{Process, Power} {
		for _, when := range []string{"before", "half", "after"} {
			step := 1
			if testing.Short() {
				step = 9
			}
			for n, ended := 1, false; !ended; n += step {
				dir := t.TempDir()
				reserved, settled := map[string]bool{}, map[string]bool{}
				label := fmt.Sprint(n, " ", when, " ", durability)
				for range 2 { // the second run recovers from the first, and dies too
					ended = runToPoint(t, dir, label, reserved, settled)
				}
				points++
				j := mustOpen(t, dir, Options{})
				states := statesOf(t, j)
				for id := range reserved {
					if states[id] == "" || settled[id] && states[id] != string(OK) {
						t.Errorf("%s: %s was acknowledged and is %q", label, id, states[id])
					}
				}
				if s := j.Stats(); s.Corrupt > 0 {
					t.Errorf("%s: %d damaged places", label, s.Corrupt)
				}
				_ = j.Close()
			}
		}
	}
	t.Logf("killed at %d points, twice each", points)
}

func runToPoint(t *testing.T, dir, point string, reserved, settled map[string]bool) (ended bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec // this test binary
	cmd.Env = append(os.Environ(), crashDirVar+"="+dir, crashPointVar+"="+point)
	out, _ := cmd.Output() // killed
	for line := range strings.Lines(string(out)) {
		switch what, id, _ := strings.Cut(strings.TrimSpace(line), " "); what {
		case "r":
			reserved[id] = true
		case "s":
			settled[id] = true
		case "end":
			ended = true
		default:
			t.Errorf("%s: the child says %q", point, line)
		}
	}
	return ended
}

func runUntilKilled(t *testing.T, dir string, after time.Duration, reserved, settled map[string]bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0]) //nolint:gosec // this test binary
	cmd.Env = append(os.Environ(), crashDirVar+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	first := true
	for lines.Scan() {
		if first {
			first = false
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		what, id, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "r":
			reserved[id] = true
		case "s":
			settled[id] = true
		default:
			t.Errorf("child says %q", lines.Text())
		}
	}
	_ = cmd.Wait() // killed
}
