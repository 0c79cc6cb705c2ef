package control_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/secret"
	"github.com/portico-ai/portico/internal/store/sqldb"
)

// disk is a snapshot's file that may fail.
type disk struct {
	mu   sync.Mutex
	text []byte
	full bool
}

func (d *disk) Read() ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.text == nil {
		return nil, fs.ErrNotExist
	}
	return d.text, nil
}

func (d *disk) Write(sealed []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return errors.New("no space")
	}
	d.text = bytes.Clone(sealed)
	return nil
}

// away is a store whose server cannot be reached while it says so.
type away struct {
	control.Store
	mu   sync.Mutex
	gone bool
}

func (a *away) set(gone bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone = gone
}

func (a *away) err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		return control.ErrUnavailable
	}
	return nil
}

func (a *away) Organisations(ctx context.Context) ([]control.Organisation, error) {
	if err := a.err(); err != nil {
		return nil, err
	}
	return a.Store.Organisations(ctx)
}

func (a *away) Setting(ctx context.Context, name string) (string, error) {
	if err := a.err(); err != nil {
		return "", err
	}
	return a.Store.Setting(ctx, name)
}

func (a *away) Atomically(ctx context.Context, do func(control.Store) error) error {
	if err := a.err(); err != nil {
		return err
	}
	return a.Store.Atomically(ctx, do)
}

func node(t *testing.T, store control.Store, master *secret.Box, file control.SnapshotFile) (*control.Service, *directory.Memory, error) {
	t.Helper()
	dir := directory.NewMemory()
	s := control.New(control.Deps{Store: store, Master: master, Directory: dir, Providers: testProviders, CheckConfig: checkConfig, Snapshot: file, Shared: true, Node: "n"})
	_, err := s.Bootstrap(t.Context(), control.Options{})
	return s, dir, err
}

func TestServingFromTheSnapshot(t *testing.T) {
	db, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "portico.db"))
	must(t, err)
	defer db.Close()
	store, file := &away{Store: db}, &disk{}
	s, _, err := node(t, store, masterKey(t, 1), file)
	must(t, err)
	root := s.Root()
	c, err := s.CreateConfig(ctx, root, control.ConfigInput{Name: ptr("c"), Body: []byte(`{"a":1}`)})
	must(t, err)
	k, err := s.CreateAPIKey(ctx, root, access.WorkspaceService, control.APIKeyInput{Name: ptr("n"), ConfigRef: &c.Slug})
	must(t, err)
	_, err = s.CreateVirtualKey(ctx, root, control.VirtualKeyInput{Name: ptr("v"), Slug: ptr("v"), Provider: ptr("plain-llm"), Key: ptr("sk-canary-of-the-provider")})
	must(t, err)
	_, err = s.SetLogging(ctx, root, control.LoggingInput{MetricsOnly: ptr(true)})
	must(t, err)

	file.full = true
	following, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Follow(following, 5*time.Millisecond); close(done) }()
	time.Sleep(30 * time.Millisecond)
	file.mu.Lock()
	file.full = false
	file.mu.Unlock()
	snapshotted := func() bool {
		store.set(true)
		defer store.set(false)
		next, dir, err := node(t, store, masterKey(t, 1), file)
		if err != nil {
			return false
		}
		_, ok := dir.Key(next.Digest(k.Value.Reveal()))
		return ok && dir.Logging().MetricsOnly
	}
	eventually(t, "the snapshot has the last change, although the disk was full meanwhile", snapshotted)
	stop()
	<-done

	store.set(true)
	next, dir, err := node(t, store, masterKey(t, 1), file)
	must(t, err)
	key, ok := dir.Key(next.Digest(k.Value.Reveal()))
	if !ok || key.ConfigSlug != c.Slug {
		t.Fatalf("the key is %+v", key)
	}
	ws := key.Principal.WorkspaceID
	if i, ok := dir.Integration(ws, "v"); !ok || i.Key.Reveal() != "sk-canary-of-the-provider" {
		t.Errorf("the credential is %+v", i)
	}
	if _, ok := dir.Config(ws, c.Slug); !ok {
		t.Error("the config is not there")
	}
	if age := time.Since(next.AsOf()); age < 0 || age > time.Minute {
		t.Errorf("as of %v", next.AsOf())
	}
	_, err = next.CreateAPIKey(ctx, next.Root(), access.WorkspaceService, control.APIKeyInput{Name: ptr("n")})
	refused(t, "a change without the database", err, ai.Unavailable, "database cannot be reached")
	for _, word := range []string{"canary", "plain-llm", c.Slug} {
		if strings.Contains(string(file.text), word) {
			t.Errorf("the snapshot shows %q", word)
		}
	}
	if _, _, err := node(t, store, masterKey(t, 2), file); err == nil || !strings.Contains(err.Error(), "another master key") {
		t.Errorf("another master key: %v", err)
	}
	if _, _, err := node(t, store, masterKey(t, 1), &disk{}); err == nil || !strings.Contains(err.Error(), "no snapshot") {
		t.Errorf("no snapshot: %v", err)
	}
	if _, _, err := node(t, store, masterKey(t, 1), &disk{text: file.text[:len(file.text)-9]}); err == nil {
		t.Error("half a snapshot was taken")
	}

	// Somebody else revokes the key meanwhile: known as soon as the database is back.
	store.set(false)
	must(t, s.DeleteAPIKey(ctx, root, k.Key.ID))
	following, stop = context.WithCancel(t.Context())
	done = make(chan struct{})
	go func() { next.Follow(following, 5*time.Millisecond); close(done) }()
	eventually(t, "the revocation", func() bool { _, ok := dir.Key(next.Digest(k.Value.Reveal())); return !ok })
	stop()
	<-done
}

// Another database in the place of this one is not followed.
func TestAnotherDatabaseIsNotFollowed(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	k := w.createKey(t, control.APIKeyInput{})
	mixed := &away{Store: w.store}
	s, dir, err := node(t, mixed, masterKey(t, 1), &disk{})
	must(t, err)
	mixed.Store = other.store
	if err := s.Load(ctx); err == nil || !strings.Contains(err.Error(), "restart") {
		t.Errorf("Load = %v", err)
	}
	if _, ok := dir.Key(s.Digest(k.Value.Reveal())); !ok {
		t.Error("the key is not known any more")
	}
}
