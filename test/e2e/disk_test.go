package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portico-ai/portico/test/upstream"
)

// A log store that cannot be read is built again from the journal, and what is
// torn off the journal's end costs only what was torn.
func TestDamagedFilesAreMended(t *testing.T) {
	t.Parallel()
	s, _ := withUpstream(t)
	for range 5 {
		s.chat(false)
	}
	before := s.logs("", 5)
	s.kill()
	if err := os.WriteFile(filepath.Join(s.Data, "logs.duckdb"), bytes.Repeat([]byte("not a database "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(s.Data, "logs.duckdb.wal"))
	s.restart()
	after := s.logs("", 5)
	if len(after) != len(before) || after[0]["id"] != before[0]["id"] || after[4]["cost"] != before[4]["cost"] {
		t.Errorf("%d rows after the rebuild, want %d", len(after), len(before))
	}
	if got := s.call("GET", "/v1/logs/"+before[0]["id"].(string), workspaceKey, nil); got.Status != 200 || !strings.Contains(got.Body, "hello") {
		t.Errorf("the bodies after the rebuild: %d: %.300s", got.Status, got.Body)
	}
	s.kill()

	segments, err := filepath.Glob(filepath.Join(s.Data, "journal", "*"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("no journal in %s: %v", s.Data, err)
	}
	newest := ""
	for _, path := range segments {
		if !strings.HasSuffix(path, ".json") && path > newest {
			newest = path
		}
	}
	f, err := os.OpenFile(newest, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteString("PJ\x00\x01half a record that a crash left")
	_ = f.Close()
	s.restart()
	s.chat(false)
	if rows := s.logs("", 6); len(rows) != 6 {
		t.Errorf("%d rows after a torn tail, want 6", len(rows))
	}
	s.alive()
}

// On a full disk nothing is spent that could not be accounted; when there is room
// again, the server takes up by itself.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	up := upstream.New(t, upstream.Options{})
	s := start(t, filepath.Join(dir, "data"), map[string]string{"openai": up.Base("openai")})
	t.Cleanup(s.kill) // before the file system goes
	if got := s.chat(false); got.Status != 200 {
		t.Fatalf("with room: %d: %s", got.Status, got.Body)
	}
	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	var got response // records of some KiB use up what the journal had set aside
	waitFor(t, 20*time.Second, "new spend to be refused", func() bool {
		for range 50 {
			if got = s.chat(false, "X-Portkey-Metadata", manyKeys(60)); got.Status != 200 {
				return true
			}
		}
		return false
	})
	wantError(t, got, 503)
	spent := len(up.Requests("openai"))
	for range 20 {
		if got := s.chat(false); got.Status != 503 {
			t.Errorf("on a full disk: %d: %s", got.Status, got.Body)
		}
	}
	if n := len(up.Requests("openai")); n != spent {
		t.Errorf("%d calls of the provider were made on a full disk", n-spent)
	}
	if got := s.call("GET", "/readyz", "", nil); got.Status != 503 || !strings.Contains(got.Body, "journal") {
		t.Errorf("/readyz on a full disk: %d: %s", got.Status, got.Body)
	}
	if got := s.call("GET", "/livez", "", nil); got.Status != 200 {
		t.Errorf("/livez on a full disk: %d", got.Status)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 5*time.Second, "the server to take up again", func() bool { return s.chat(false).Status == 200 })
	s.alive()
}

// fill writes a file until there is no room left.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096} {
		block := bytes.Repeat([]byte("x"), size)
		for {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
}
