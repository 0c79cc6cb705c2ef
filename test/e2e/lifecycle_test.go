package e2e

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portico-ai/portico/test/upstream"
)

// runOnce runs portico to its end and returns what it printed and its exit code.
func runOnce(t *testing.T, env []string, args ...string) (string, int) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("build portico: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	exit, _ := errors.AsType[*exec.ExitError](err)
	if ctx.Err() != nil {
		t.Fatalf("portico %v does not end by itself:\n%s", args, out)
	}
	if exit != nil {
		return string(out), exit.ExitCode()
	}
	return string(out), 0
}

// What cannot work stops the start at once, and says why.
func TestRefusedStarts(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), nil)
	file := filepath.Join(t.TempDir(), "portico.yaml")
	if err := os.WriteFile(file, []byte("listn: 127.0.0.1:0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken := strings.TrimPrefix(s.URL, "http://")
	for _, c := range []struct {
		name string
		env  []string
		args []string
		says []string
	}{
		{"the folder is in use", nil, []string{"--data", s.Data}, []string{"in use", s.Data, fmt.Sprint("process ", s.cmd.Process.Pid)}},
		{"the port is in use", nil, []string{"--listen", taken}, []string{"--listen", "in use"}},
		{"a base URL of an unknown provider", []string{"PORTICO_PROVIDER_OPNAI_BASE_URL=http://x"}, nil, []string{"PORTICO_PROVIDER_OPNAI_BASE_URL", "openai", "anthropic"}},
		{"a base URL that is none", []string{"PORTICO_PROVIDER_OPENAI_BASE_URL=localhost:1"}, nil, []string{"openai", "http://"}},
		{"an unknown key of the file", nil, []string{"--config", file}, []string{"listn", "did you mean listen?"}},
		{"a bad duration", nil, []string{"--drain-timeout", "soon"}, []string{"--drain-timeout", "soon"}},
		{"a bad size", nil, []string{"--max-body", "huge"}, []string{"--max-body", "huge"}},
		{"a bad egress rule", nil, []string{"--egress-allow", "http://x"}, []string{"egress", "http://x"}},
		{"a bad master key", []string{"PORTICO_MASTER_KEY=short"}, nil, []string{"master"}},
		{"an unknown flag", nil, []string{"--lisen", "x"}, []string{"--lisen"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			args := append([]string{"serve", "--metrics-listen", "", "--data", filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0"}, c.args...)
			out, code := runOnce(t, c.env, args...)
			if code == 0 || time.Since(began) > 5*time.Second {
				t.Errorf("exit code %d after %v", code, time.Since(began))
			}
			for _, want := range c.says {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if strings.Contains(out, "panic") || strings.Contains(out, "goroutine ") {
				t.Errorf("it panics:\n%s", out)
			}
		})
	}
	s.alive()
}

// A wrong master key opens nothing and changes nothing.
func TestWrongMasterKey(t *testing.T) {
	t.Parallel()
	up := upstream.New(t, upstream.Options{})
	s := start(t, t.TempDir(), map[string]string{"openai": up.Base("openai")})
	vk := s.virtualKey("kept", "openai", nil)
	if err := s.stop(); err != nil {
		t.Fatalf("stop: %v\n%s", err, s.output)
	}
	before := digests(t, s.Data)
	other := base64.StdEncoding.EncodeToString(make([]byte, 32))
	out, code := runOnce(t, []string{"PORTICO_MASTER_KEY=" + other}, "serve", "--metrics-listen", "", "--listen", "127.0.0.1:0", "--data", s.Data)
	if code == 0 || !strings.Contains(out, "master key") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	for name, digest := range digests(t, s.Data) {
		if before[name] != digest && name != "lock" && !strings.HasPrefix(name, "journal/checkpoint") && !strings.HasPrefix(name, "logs.duckdb") {
			t.Errorf("%s has changed", name)
		}
	}
	s.restart()
	if got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), "X-Portkey-Virtual-Key", vk); got.Status != 200 {
		t.Errorf("with the right key again: %d: %s", got.Status, got.Body)
	}
}

func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for path, content := range filesOf(t, dir) {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = fmt.Sprintf("%x", sha256.Sum256(content))
	}
	return all
}

// Keys, configs and virtual keys work as soon as they are made, survive a crash,
// and end when they are deleted.
func TestThingsWorkAtOnceAndEndAtOnce(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	ask := func(key string, headers ...string) response {
		return s.call("POST", "/v1/chat/completions", key, chatBody("gpt-4o-mini", false), headers...)
	}
	made := s.call("POST", "/v1/api-keys/workspace/service", adminKey, map[string]any{"name": "made"}).JSON(t)
	key, id := made["key"].(string), made["id"].(string)
	vk := s.virtualKey("made", "openai", nil)
	config := s.saveConfig("made", `{"virtual_key":"`+vk+`"}`)
	works := func(when string) {
		t.Helper()
		for name, got := range map[string]response{"key": ask(key, "X-Portkey-Virtual-Key", vk), "config": ask(workspaceKey, "X-Portkey-Config", config)} {
			if got.Status != 200 {
				t.Errorf("%s, %s: %d: %s", when, name, got.Status, got.Body)
			}
		}
	}
	works("at once")
	rows := len(s.logs("", 2))
	s.kill()
	s.restart()
	works("after a crash")
	if again := len(s.logs("", rows+2)); again != rows+2 {
		t.Errorf("%d log rows after the crash, want %d", again, rows+2)
	}
	if seen := up.Requests("openai"); seen[len(seen)-1].Header.Get("Authorization") != "Bearer sk-e2e-secret-of-openai" {
		t.Error("the provider was not sent the stored key after the crash")
	}
	for name, c := range map[string]struct {
		path string
		ask  func() response
		want int
	}{
		"config":      {"/v1/configs/" + config, func() response { return ask(workspaceKey, "X-Portkey-Config", config) }, 400},
		"virtual key": {"/v1/virtual-keys/" + vk, func() response { return ask(workspaceKey, "X-Portkey-Virtual-Key", vk) }, 400},
		"key":         {"/v1/api-keys/" + id, func() response { return ask(key, "X-Portkey-Provider", "openai") }, 401},
	} {
		if got := s.call("DELETE", c.path, adminKey, nil); got.Status/100 != 2 {
			t.Errorf("delete the %s: %d: %s", name, got.Status, got.Body)
		}
		waitFor(t, time.Second, "the "+name+" to end", func() bool { return c.ask().Status == c.want })
	}
}

// portico keys works beside a running server.
func TestKeysBesideARunningServer(t *testing.T) {
	t.Parallel()
	s, _ := withUpstream(t)
	out, code := runOnce(t, nil, "keys", "create", "--data", s.Data, "--name", "beside")
	var id, key string
	if _, err := fmt.Sscanf(out, "id %s\nkey %s\n", &id, &key); err != nil || code != 0 {
		t.Fatalf("exit code %d: %v:\n%s", code, err, out)
	}
	ask := func() int {
		return s.call("POST", "/v1/chat/completions", key, chatBody("gpt-4o-mini", false), "X-Portkey-Provider", "openai", "Authorization", "Bearer sk-up").Status
	}
	waitFor(t, 2*time.Second, "the key to work", func() bool { return ask() == 200 })
	if out, code := runOnce(t, nil, "keys", "revoke", "--data", s.Data, id); code != 0 {
		t.Fatalf("revoke: exit code %d:\n%s", code, out)
	}
	waitFor(t, 2*time.Second, "the key to end", func() bool { return ask() == 401 })
	if out, code := runOnce(t, nil, "keys", "revoke", "--data", s.Data, "no-such-id"); code == 0 || !strings.Contains(out, "portico:") {
		t.Errorf("revoke of an unknown key: exit code %d:\n%s", code, out)
	}
	if out, code := runOnce(t, nil, "keys", "create", "--data", t.TempDir(), "--name", "x"); code == 0 || !strings.Contains(out, "not a portico data folder") {
		t.Errorf("create on an empty folder: exit code %d:\n%s", code, out)
	}
}

// On SIGTERM the server says that it is not ready, lets what runs finish, and
// exits well.
func TestDrainLetsStreamsFinish(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t, "--drain-delay", "500ms", "--drain-timeout", "10s")
	script(t, up, "openai", upstream.Step{Split: "event", ChunkDelayMS: 120})
	body := s.open(chatBody("gpt-4o-mini", true))
	defer body.Close()
	lines := bufio.NewReader(body)
	nextData(t, lines)
	exited := s.terminate(t)
	waitFor(t, 400*time.Millisecond, "/readyz to say no", func() bool { return s.call("GET", "/readyz", "", nil).Status == 503 })
	if got := s.call("GET", "/livez", "", nil); got.Status != 200 {
		t.Errorf("/livez while draining: %d", got.Status)
	}
	if got := s.chat(false); got.Status != 200 {
		t.Errorf("a call within the drain delay: %d: %s", got.Status, got.Body)
	}
	rest, err := io.ReadAll(lines)
	if err != nil || !strings.HasSuffix(string(rest), "data: [DONE]\n\n") {
		t.Errorf("the stream did not finish: %v: %s", err, rest)
	}
	if err := <-exited; err != nil {
		t.Errorf("exit: %v\n%s", err, s.output)
	}
	s.cmd = nil
	s.restart()
	for _, row := range s.logs("", 2) {
		if row["status"] != "success" {
			t.Errorf("logged as %v", row["status"])
		}
	}
}

// terminate sends SIGTERM and returns where the exit will be told.
func (s *server) terminate(t *testing.T) <-chan error {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	cmd := s.cmd
	go func() { exited <- cmd.Wait() }()
	return exited
}

// What takes longer than the drain's timeout ends in an error, never in a clean
// end or without an answer, and is logged so.
func TestDrainTimeoutEndsRequests(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t, "--drain-timeout", "400ms")
	script(t, up, "openai", upstream.Step{StallAt: upstream.At(1500)})
	script(t, up, "anyscale", upstream.Step{Hang: true})
	whole := make(chan response, 1)
	go func() {
		got, _ := s.try("POST", "/v1/chat/completions", workspaceKey, chatBody("m", false), "X-Portkey-Config", `{"provider":"anyscale","api_key":"k","retry":{"attempts":5}}`)
		whole <- got
	}()
	body := s.open(chatBody("gpt-4o-mini", true))
	defer body.Close()
	waitFor(t, 2*time.Second, "both calls", func() bool { return len(up.Requests("")) == 2 })
	exited := s.terminate(t)
	rest, _ := io.ReadAll(body)
	if f := fold("/v1/chat/completions", string(rest)); !f.failed || f.ends != 0 || !strings.Contains(string(rest), "shutting down") {
		t.Errorf("the stream ends with %+v:\n%s", f, rest)
	}
	if got := <-whole; got.Status != 503 || !strings.Contains(got.Body, "shutting down") {
		t.Errorf("the plain call is answered %d: %s", got.Status, got.Body)
	}
	if err := <-exited; err != nil {
		t.Errorf("exit: %v\n%s", err, s.output)
	}
	s.cmd = nil
	s.restart()
	for _, row := range s.logs("", 2) {
		if want := map[any]string{true: "truncated", false: "error"}[row["stream_mode"]]; row["status"] != want {
			t.Errorf("logged as %v, want %s: %v", row["status"], want, row)
		}
	}
}
