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
	"testing"
	"time"
)

const crashDirVar = "PORTICO_LEDGER_CRASH_DIR"

// crashChild works a journal from several goroutines until it is killed. It
// prints "r id" once a reservation and "s id" once a settlement is acknowledged.
func crashChild(dir string) {
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
	states := map[string]string{}
	for _, line := range history(t, j) {
		id, state, _ := strings.Cut(line, " ")
		if states[id] != "" {
			t.Errorf("%s is there twice: %s and %s", id, states[id], state)
		}
		states[id] = state
	}
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
