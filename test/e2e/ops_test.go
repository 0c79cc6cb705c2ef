package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// portico runs a command to its end and returns its status and what it printed.
func portico(t *testing.T, env []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("build portico: %v", err)
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// ops is portico for a command that must do its work.
func ops(t *testing.T, args ...string) string {
	t.Helper()
	status, out, errs := portico(t, nil, args...)
	if status != 0 {
		t.Fatalf("portico %s: status %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// opsRefused is portico for a command that must say no, with these words.
func opsRefused(t *testing.T, words string, args ...string) {
	t.Helper()
	if status, out, errs := portico(t, nil, args...); status != 1 || !strings.Contains(out+errs, words) {
		t.Errorf("portico %s: status %d; want 1 and %q\n%s%s", strings.Join(args, " "), status, words, out, errs)
	}
}

// An operator backs up a busy server, loses the machine, restores the backup
// elsewhere, and exchanges the master key.
func TestBackupRestoreAndRotation(t *testing.T) {
	s, up := withUpstream(t)
	slug := s.virtualKey("stored", "openai", nil)
	byKey := []string{"X-Portkey-Virtual-Key", slug}
	ask := func(s *server) response {
		return s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), byKey...)
	}
	var before []string
	for range 5 {
		got := ask(s)
		if got.Status != 200 {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
		before = append(before, got.id())
	}
	file := filepath.Join(t.TempDir(), "backup.tar.zst")
	stop := busy(s, byKey)
	out := ops(t, "backup", "--data", s.Data, file)
	stop()
	if !strings.Contains(out, "The master key is not in it") {
		t.Errorf("the backup does not say what is needed to restore it:\n%s", out)
	}
	opsRefused(t, "already", "backup", "--data", s.Data, file)
	opsRefused(t, "in use by another portico (process", "rotate-master-key", "--data", s.Data)
	opsRefused(t, "not empty", "restore", "--data", s.Data, file)
	if out := ops(t, "migrate", "--data", s.Data); !strings.Contains(out, "up to date") {
		t.Errorf("migrate beside the server: %s", out)
	}
	s.alive()
	s.kill()

	data := filepath.Join(t.TempDir(), "restored")
	ops(t, "restore", "--data", data, file)
	opsRefused(t, "master.key is missing", "serve", "--data", data, "--listen", "127.0.0.1:0", "--metrics-listen", "")
	copyFile(t, filepath.Join(s.Data, "master.key"), filepath.Join(data, "master.key"))
	restored := start(t, data, map[string]string{"openai": up.Base("openai")})
	restored.onceEach(before)
	if got := ask(restored); got.Status != 200 {
		t.Errorf("the stored credential does not work any more: status %d: %s", got.Status, got.Body)
	}
	if got := restored.call("GET", "/v1/logs/"+before[0], workspaceKey, nil); got.Status != 200 || !strings.Contains(got.Body, `"hello"`) {
		t.Errorf("the body of a restored request is not there: status %d: %.300s", got.Status, got.Body)
	}
	if err := restored.stop(); err != nil {
		t.Error(err)
	}

	rotated := ops(t, "rotate-master-key", "--data", data)
	if strings.Contains(rotated, readFile(t, filepath.Join(data, "master.key"))) {
		t.Error("the new key was printed")
	}
	restored.restart()
	if got := ask(restored); got.Status != 200 {
		t.Errorf("after the rotation: status %d: %s", got.Status, got.Body)
	}
	restored.kill()
	copyFile(t, filepath.Join(s.Data, "master.key"), filepath.Join(data, "master.key"))
	opsRefused(t, "not the one this data was sealed with", "serve", "--data", data, "--listen", "127.0.0.1:0", "--metrics-listen", "")
}

// busy sends requests until stop is called, which waits for them.
func busy(s *server, headers []string) (stop func()) {
	done := make(chan struct{})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_, _ = s.try("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), headers...)
				}
			}
		})
	}
	return func() { close(done); callers.Wait() }
}

// onceEach checks that the log has each of these requests once.
func (s *server) onceEach(ids []string) {
	s.t.Helper()
	times := map[string]int{}
	for _, row := range s.logs("", len(ids)) {
		times[row["id"].(string)]++
	}
	for _, id := range ids {
		if times[id] != 1 {
			s.t.Errorf("%s is in the log %d times", id, times[id])
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.WriteFile(to, []byte(readFile(t, from)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRotationToAnOwnKey(t *testing.T) {
	const first, second = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
	s, _ := withUpstream(t)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(first+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ops(t, "rotate-master-key", "--data", s.Data, "--new-key-file", keyFile)
	if got := readFile(t, filepath.Join(s.Data, "master.key")); got != first+"\n" {
		t.Errorf("the key in place is %q", got)
	}
	env := []string{"PORTICO_NEW_MASTER_KEY=" + second}
	if status, out, errs := portico(t, env, "rotate-master-key", "--data", s.Data); status != 0 || errs != "" {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	if status, _, errs := portico(t, env, "rotate-master-key", "--data", s.Data, "--new-key-file", keyFile); status != 1 || !strings.Contains(errs, "leave one out") {
		t.Errorf("two new keys: status %d: %s", status, errs)
	}
	s.restart()
}

func TestDoctor(t *testing.T) {
	s, _ := withUpstream(t)
	if got := s.chat(false); got.Status != 200 {
		t.Fatalf("status %d", got.Status)
	}
	beside := ops(t, "doctor", "--data", s.Data)
	for _, want := range []string{"ok", "journal", "a server works on the folder (process", "not looked at while the server"} {
		if !strings.Contains(beside, want) {
			t.Errorf("beside the server, nothing about %q:\n%s", want, beside)
		}
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	var d struct {
		Healthy  bool
		Findings []struct{ Check, Status, Detail string }
	}
	if err := json.Unmarshal([]byte(ops(t, "doctor", "--data", s.Data, "--json")), &d); err != nil || !d.Healthy || len(d.Findings) != 10 {
		t.Errorf("%+v, %v; want ten checks and no failure", d, err)
	}
	for _, f := range d.Findings {
		if f.Check == "log store" && f.Detail != "1 rows for 1 entries; 0 more wait in the journal" {
			t.Errorf("log store: %s", f.Detail)
		}
	}
	if err := os.Remove(filepath.Join(s.Data, "master.key")); err != nil {
		t.Fatal(err)
	}
	opsRefused(t, "fail  master key", "doctor", "--data", s.Data)
	opsRefused(t, "not a portico data folder", "doctor", "--data", t.TempDir())
}

func TestOperatorCommandsExplainThemselves(t *testing.T) {
	for _, name := range []string{"backup", "restore", "migrate", "rotate-master-key", "reprice", "doctor"} {
		out := ops(t, name, "--help")
		if !strings.Contains(out, "Examples:\n  portico "+name+" --data") || !strings.Contains(out, "--data string") {
			t.Errorf("portico %s --help has no example, or no --data:\n%s", name, out)
		}
	}
}
