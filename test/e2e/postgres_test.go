package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-ai/portico/test/postgres"
	"github.com/portico-ai/portico/test/upstream"
)

// nodes starts two nodes on one database.
func nodes(t *testing.T) (a, b *server, pg *postgres.Server, url string) {
	t.Helper()
	pg = postgres.Start(t)
	url = pg.Database()
	up := upstream.New(t, upstream.Options{})
	base := map[string]string{"openai": up.Base("openai")}
	a = start(t, t.TempDir(), base, "--database-url", url)
	data := t.TempDir()
	serve := []string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--metrics-listen", "", "--database-url", url}
	opsRefused(t, "share the master key", serve...)
	if status, out, errs := portico(t, []string{"PORTICO_MASTER_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, serve...); status != 1 || !strings.Contains(errs, "not the one this data was sealed with") {
		t.Errorf("a node with another master key: status %d\n%s%s", status, out, errs)
	}
	copyFile(t, filepath.Join(a.Data, "master.key"), filepath.Join(data, "master.key"))
	return a, start(t, data, base, "--database-url", url), pg, url
}

// makeKey makes a workspace key.
func (s *server) makeKey(name string) (id, value string) {
	s.t.Helper()
	got := s.call("POST", "/v1/api-keys/workspace/service", adminKey, map[string]any{"name": name, "scopes": []string{"completions.write"}})
	v := got.JSON(s.t)
	id, _ = v["id"].(string)
	value, _ = v["key"].(string)
	if got.Status != 200 || value == "" {
		s.t.Fatalf("make a key: status %d: %s", got.Status, got.Body)
	}
	return id, value
}

func (s *server) chatAs(key, slug string) (response, error) {
	return s.try("POST", "/v1/chat/completions", key, chatBody("gpt-4o-mini", false), "X-Portkey-Virtual-Key", slug)
}

// A load asks one node until it is ended and counts what fails.
type load struct {
	asked, failed atomic.Int64
	first         atomic.Pointer[string]
	stop          chan struct{}
	work          sync.WaitGroup
}

func (s *server) load(slug string) *load {
	l := &load{stop: make(chan struct{})}
	for range 3 {
		l.work.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				case <-time.After(10 * time.Millisecond):
				}
				got, err := s.chatAs(workspaceKey, slug)
				l.asked.Add(1)
				if err != nil || got.Status != 200 {
					l.failed.Add(1)
					text := fmt.Sprintf("status %d, %v: %.300s", got.Status, err, got.Body)
					l.first.CompareAndSwap(nil, &text)
				}
			}
		})
	}
	return l
}

func (l *load) end(t *testing.T, what string) {
	t.Helper()
	waitFor(t, 10*time.Second, what+": some requests", func() bool { return l.asked.Load() >= 30 })
	close(l.stop)
	l.work.Wait()
	if n := l.failed.Load(); n > 0 {
		t.Errorf("%s: %d of %d requests failed, such as: %s", what, n, l.asked.Load(), *l.first.Load())
	}
}

// without checks what a node says and does while its database is away.
func (s *server) without(t *testing.T, what string) {
	t.Helper()
	began := time.Now()
	for name, got := range map[string]response{
		"a write":     s.call("POST", "/v1/configs", adminKey, map[string]any{"name": "n", "config": map[string]any{"retry": map[string]any{"attempts": 1}}}),
		"a change":    s.call("DELETE", "/v1/virtual-keys/stored", adminKey, nil),
		"credentials": s.call("GET", "/v1/virtual-keys", adminKey, nil),
		"configs":     s.call("GET", "/v1/configs", adminKey, nil),
		"keys":        s.call("GET", "/v1/api-keys", adminKey, nil),
		"workspaces":  s.call("GET", "/v1/admin/workspaces", adminKey, nil),
		"exports":     s.call("GET", "/v1/logs/exports", workspaceKey, nil),
		"a login":     s.call("POST", "/v1/console/login", "", map[string]any{"email": "a@example.com", "password": "0123456789"}, "Origin", s.URL),
	} {
		if got.Status != http.StatusServiceUnavailable || !strings.Contains(got.Body, "database cannot be reached") || got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %s: status %d: %s", what, name, got.Status, got.Body)
		}
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("%s: the refusals took %v", what, took)
	}
	got := s.call("GET", "/readyz", "", nil)
	text, _ := got.JSON(t)["database"].(string)
	if got.Status != 200 || !strings.Contains(text, "serving from snapshot of 20") {
		t.Errorf("%s: /readyz answers %d: %s", what, got.Status, got.Body)
	}
}

// back waits until a node can write, and the other has learnt of it.
func back(t *testing.T, a, b *server, slug string) {
	t.Helper()
	for _, pair := range [][2]*server{{a, b}, {b, a}} {
		var got response
		waitFor(t, 10*time.Second, "the database to be back", func() bool {
			got = pair[0].call("POST", "/v1/api-keys/workspace/service", adminKey, map[string]any{"name": "back", "scopes": []string{"completions.write"}})
			return got.Status == 200
		})
		value, _ := got.JSON(t)["key"].(string)
		waitFor(t, 4*time.Second, "the other node to learn of it", func() bool { got, err := pair[1].chatAs(value, slug); return err == nil && got.Status == 200 })
	}
	if got := a.call("GET", "/readyz", "", nil); strings.Contains(got.Body, "snapshot") {
		t.Errorf("/readyz once it is back: %s", got.Body)
	}
}

// The database is stopped, frozen and started again, and nodes are killed, while
// both nodes are used: no call of a model fails because of it.
func TestTheDatabaseMayBeAway(t *testing.T) {
	a, b, pg, _ := nodes(t)
	slug := a.virtualKey("stored", "openai", nil)
	waitFor(t, 2*time.Second, "the other node to have the credential", func() bool { got, err := b.chatAs(workspaceKey, slug); return err == nil && got.Status == 200 })

	id, value := a.makeKey("to be revoked")
	waitFor(t, 2*time.Second, "the other node to know the key", func() bool { got, err := b.chatAs(value, slug); return err == nil && got.Status == 200 })
	if got := a.call("DELETE", "/v1/api-keys/"+id, adminKey, nil); got.Status/100 != 2 {
		t.Fatalf("revoke: status %d: %s", got.Status, got.Body)
	}
	began := time.Now()
	waitFor(t, 2*time.Second, "the other node to refuse the key", func() bool { got, err := b.chatAs(value, slug); return err == nil && got.Status == 401 })
	t.Logf("a revoked key is refused by the other node after %v", time.Since(began))
	time.Sleep(1500 * time.Millisecond) // by when the snapshots are written

	onA, onB := a.load(slug), b.load(slug)
	pg.Stop()
	a.without(t, "stopped, a")
	b.without(t, "stopped, b")
	onB.end(t, "b while the database is stopped")
	b.kill()
	b.restart()
	b.without(t, "restarted while it is stopped")
	if got, err := b.chatAs(value, slug); err != nil || got.Status != 401 {
		t.Errorf("a revoked key after a restart without the database: status %d, %v", got.Status, err)
	}
	onB = b.load(slug)
	pg.Run()
	back(t, a, b, slug)
	time.Sleep(1500 * time.Millisecond)

	pg.Freeze()
	a.without(t, "frozen, a")
	b.without(t, "frozen, b")
	onA.end(t, "a while the database is stopped and frozen")
	a.kill()
	a.restart()
	a.without(t, "restarted while it is frozen")
	onA = a.load(slug)
	pg.Thaw()
	back(t, a, b, slug)
	onA.end(t, "a while the database thaws")

	a.kill() // as a crash would end it
	onB.end(t, "b in all of this")
	id, value = b.makeKey("after a's end")
	a.restart()
	if got, err := a.chatAs(value, slug); err != nil || got.Status != 200 {
		t.Errorf("a key that was made meanwhile: status %d, %v", got.Status, err)
	}
	if err := b.stop(); err != nil {
		t.Error(err)
	}
	noSecrets(t, a, b)
}

// noSecrets looks for what snapshots must not show.
func noSecrets(t *testing.T, nodes ...*server) {
	t.Helper()
	for _, s := range nodes {
		text := readFile(t, filepath.Join(s.Data, "directory.snapshot"))
		for _, secret := range []string{"stored", "sk-e2e", "digest", "Digest", "openai"} {
			if strings.Contains(text, secret) {
				t.Errorf("the snapshot shows %q", secret)
			}
		}
		if info, err := os.Stat(filepath.Join(s.Data, "directory.snapshot")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the snapshot: %v, %v", info, err)
		}
		if strings.Contains(s.output.String(), postgres.Password) || strings.Contains(s.output.String(), "word-canary") {
			t.Error("the database's password is in the server's output")
		}
	}
}

// A folder's own database moves to a server, and comes back in a backup.
func TestMovingToPostgresAndBack(t *testing.T) {
	pg := postgres.Start(t)
	url := pg.Database()
	s, up := withUpstream(t)
	slug := s.virtualKey("stored", "openai", nil)
	_, value := s.makeKey("before the move")
	opsRefused(t, "in use by another portico", "migrate", "--data", s.Data, "--to", url)
	s.kill()
	out := ops(t, "migrate", "--data", s.Data, "--to", url)
	if !strings.Contains(out, "  virtual_keys\n") || !strings.Contains(out, "counted on both sides") {
		t.Errorf("migrate --to: %s", out)
	}
	opsRefused(t, "empty database", "migrate", "--data", s.Data, "--to", url)
	opsRefused(t, "portico migrate --to", "serve", "--data", s.Data, "--listen", "127.0.0.1:0", "--metrics-listen", "", "--database-url", pg.Database())

	moved := start(t, s.Data, map[string]string{"openai": up.Base("openai")}, "--database-url", url)
	if got, err := moved.chatAs(value, slug); err != nil || got.Status != 200 {
		t.Fatalf("after the move: status %d, %v: %s", got.Status, err, got.Body)
	}
	env := []string{"PORTICO_DATABASE_URL=" + url, "PORTICO_DATA=" + s.Data}
	command := func(args ...string) string {
		t.Helper()
		status, out, errs := portico(t, env, args...)
		if status != 0 {
			t.Errorf("portico %s: status %d\n%s%s", strings.Join(args, " "), status, out, errs)
		}
		return out
	}
	var id, made string
	if _, err := fmt.Sscanf(command("keys", "create", "--name", "beside"), "id %s\nkey %s\n", &id, &made); err != nil {
		t.Error(err)
	}
	waitFor(t, 2*time.Second, "a key that a command made to work", func() bool { got, err := moved.chatAs(made, slug); return err == nil && got.Status == 200 })
	if out := command("migrate"); !strings.Contains(out, "up to date") {
		t.Errorf("migrate: %s", out)
	}
	var d struct{ Healthy bool }
	if out := command("doctor", "--json"); json.Unmarshal([]byte(out), &d) != nil || !d.Healthy {
		t.Errorf("doctor: %s", out)
	}
	file := filepath.Join(t.TempDir(), "backup.tar.zst")
	stop := busy(moved, []string{"X-Portkey-Virtual-Key", slug})
	command("backup", "--with-master-key", file)
	stop()
	data := filepath.Join(t.TempDir(), "restored")
	ops(t, "restore", "--data", data, file)
	restored := start(t, data, map[string]string{"openai": up.Base("openai")})
	for name, key := range map[string]string{"before the move": value, "after it": made} {
		if got, err := restored.chatAs(key, slug); err != nil || got.Status != 200 {
			t.Errorf("a key from %s in the restored folder: status %d, %v", name, got.Status, err)
		}
	}
	opsRefused(t, "PORTICO_DATABASE_URL", "keys", "create", "--data", s.Data, "--name", "x")
	pg.Stop()
	if status, _, errs := portico(t, env, "keys", "create", "--name", "x"); status != 1 || !strings.Contains(errs, "database cannot be reached") {
		t.Errorf("a command without the database: status %d: %s", status, errs)
	}
	moved.kill()
	opsRefused(t, "--database-url", "serve", "--data", s.Data, "--listen", "127.0.0.1:0", "--metrics-listen", "")
	if strings.Contains(moved.output.String(), "canary") {
		t.Error("the database's password is in the server's output")
	}
}

// The master key of nodes that share a database is exchanged one by one.
func TestRotationOnSeveralNodes(t *testing.T) {
	a, b, _, url := nodes(t)
	slug := a.virtualKey("stored", "openai", nil)
	old := readFile(t, filepath.Join(a.Data, "master.key"))
	a.kill()
	env := func(s *server) []string { return []string{"PORTICO_DATABASE_URL=" + url, "PORTICO_DATA=" + s.Data} }
	if status, out, errs := portico(t, env(a), "rotate-master-key"); status != 0 || !strings.Contains(out, "--finish") {
		t.Fatalf("rotate: status %d\n%s%s", status, out, errs)
	}
	if readFile(t, filepath.Join(a.Data, "master.key")) == old {
		t.Error("the key is the old one")
	}
	works := func(s *server, when string) {
		t.Helper()
		waitFor(t, 2*time.Second, when, func() bool { got, err := s.chatAs(workspaceKey, slug); return err == nil && got.Status == 200 })
	}
	a.restart()
	works(a, "the node with the new key to work")
	b.kill()
	b.restart()
	works(b, "the node with the old key to work after a restart")
	if status, _, errs := portico(t, env(b), "rotate-master-key", "--finish"); status != 1 || !strings.Contains(errs, "is the old one") {
		t.Errorf("finished with the old key: status %d: %s", status, errs)
	}
	b.kill()
	copyFile(t, filepath.Join(a.Data, "master.key"), filepath.Join(b.Data, "master.key"))
	b.restart()
	works(b, "the node with the new key to work")
	if status, out, errs := portico(t, env(b), "rotate-master-key", "--finish"); status != 0 {
		t.Errorf("finish: status %d\n%s%s", status, out, errs)
	}
	b.kill()
	if err := os.WriteFile(filepath.Join(b.Data, "master.key"), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	opsRefused(t, "not the one this data was sealed with", "serve", "--data", b.Data, "--listen", "127.0.0.1:0", "--metrics-listen", "", "--database-url", url)
}
