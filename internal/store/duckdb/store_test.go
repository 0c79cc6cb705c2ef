package duckdb

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashVar); path != "" {
		crashChild(path)
		return
	}
	goleak.VerifyTestMain(m)
}

func mustOpen(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestLogs(t *testing.T) {
	storetest.Logs(t, func(t *testing.T) storetest.LogStore {
		return mustOpen(t, filepath.Join(t.TempDir(), "logs.duckdb"))
	})
}

func TestAnalytics(t *testing.T) {
	storetest.Analytics(t, func(t *testing.T) storetest.AnalyticsStore {
		return mustOpen(t, filepath.Join(t.TempDir(), "logs.duckdb"))
	})
}

func TestUpkeep(t *testing.T) {
	storetest.Upkeep(t, func(t *testing.T) storetest.KeptStore {
		return mustOpen(t, filepath.Join(t.TempDir(), "logs.duckdb"))
	})
}

const crashVar = "PORTICO_DUCKDB_CRASH_FILE"

// TestKillBetweenBatches kills a process that applies batches, again and again,
// and checks that rows and position always agree.
func TestKillBetweenBatches(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	const kills, batch = 8, 50
	for i := range kills {
		runUntilKilled(t, path, time.Duration(20+i*17)*time.Millisecond)
		s := mustOpen(t, path)
		pos, err := s.Position(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var rows, distinct int64
		if err := s.d.db.QueryRowContext(t.Context(), `SELECT count(*), count(DISTINCT id) FROM store.logs`).Scan(&rows, &distinct); err != nil {
			t.Fatal(err)
		}
		if rows != pos.Offset || distinct != rows || i == kills-1 && rows == 0 {
			t.Errorf("kill %d: %d rows, %d distinct, position %d", i, rows, distinct, pos.Offset)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// crashChild applies batches from where the file ends, and re-applies the one
// before now and then, until it is killed.
func crashChild(path string) {
	s, err := Open(path, Options{})
	if err != nil {
		fmt.Println("!", err)
		return
	}
	ctx := context.Background()
	pos, err := s.Position(ctx)
	if err != nil {
		fmt.Println("!", err)
		return
	}
	fmt.Println("ready")
	for n := int(pos.Offset); ; n += 50 {
		var list []*ledger.Entry
		for i := max(n-10, 0); i < n+50; i++ {
			list = append(list, typicalEntry(i))
		}
		if err := s.Apply(ctx, list, ledger.Position{Segment: 1, Offset: int64(n + 50)}); err != nil {
			fmt.Println("!", err)
			return
		}
	}
}

func runUntilKilled(t *testing.T, path string, after time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0]) //nolint:gosec // this test binary
	cmd.Env = append(os.Environ(), crashVar+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if text := lines.Text(); text != "ready" {
			t.Errorf("child says %q", text)
		}
		time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	}
	_ = cmd.Wait() // killed
}

func TestRuinedFileIsSetAside(t *testing.T) {
	for name, ruin := range map[string]func([]byte) []byte{
		"text":      func([]byte) []byte { return []byte("this is not a database") },
		"header":    func(b []byte) []byte { copy(b[8:], "XXXXXXXX"); return b },
		"truncated": func(b []byte) []byte { return b[:len(b)/3] },
		"zeros":     func(b []byte) []byte { return make([]byte, len(b)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "logs.duckdb")
			s := mustOpen(t, path)
			fillStore(t, s, 0, 5000, 1000)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, ruin(b), 0o600); err != nil {
				t.Fatal(err)
			}
			s = mustOpen(t, path)
			if pos, err := s.Position(t.Context()); err != nil || pos != (ledger.Position{}) {
				t.Errorf("position %+v, %v; want the journal's beginning", pos, err)
			}
			fillStore(t, s, 0, 10, 10)
			if kept, _ := filepath.Glob(path + ".aside-*"); len(kept) != 1 {
				t.Errorf("set aside: %q", kept)
			}
		})
	}
}

func TestOtherSchemaVersionIsBuiltAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	s := mustOpen(t, path)
	fillStore(t, s, 0, 10, 10)
	if _, err := s.d.db.ExecContext(t.Context(), `UPDATE store.reader SET version = 999`); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	s = mustOpen(t, path)
	if pos, err := s.Position(t.Context()); err != nil || pos != (ledger.Position{}) {
		t.Errorf("position %+v, %v", pos, err)
	}
}

// TestFileInUseIsNotSetAside lets another process hold the file.
func TestFileInUseIsNotSetAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	s := mustOpen(t, path)
	fillStore(t, s, 0, 10, 10)
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test binary
	cmd.Env = append(os.Environ(), crashVar+"="+path)
	out, _ := cmd.CombinedOutput()
	if !strings.HasPrefix(string(out), "! duckdb: open") {
		t.Errorf("the other process says %q", out)
	}
	if kept, _ := filepath.Glob(path + ".aside-*"); len(kept) != 0 {
		t.Errorf("set aside although in use: %q", kept)
	}
}

func TestRestingStoreStillAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.duckdb")
	s, err := Open(path, Options{RestAfter: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // closed below
	for i := range 20 {
		fillStore(t, s, i*100, i*100+100, 100)
		time.Sleep(2 * time.Millisecond)
		l, err := s.List(t.Context(), typical(0).WorkspaceID, ledger.Filter{}, ledger.Page{Size: 1})
		if err != nil || l.Total == 0 {
			t.Fatalf("%d found, %v", l.Total, err)
		}
	}
	if _, err := os.Stat(path + ".wal"); err == nil {
		time.Sleep(20 * time.Millisecond)
		if st, err := os.Stat(path + ".wal"); err == nil && st.Size() > 0 {
			t.Errorf("the write-ahead log still has %d bytes", st.Size())
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
