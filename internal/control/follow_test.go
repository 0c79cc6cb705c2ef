package control_test

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/store/sqldb"
	"github.com/portico-ai/portico/test/postgres"
)

// beside is a second process on the same database.
func (w *world) beside(t *testing.T) *control.Service {
	t.Helper()
	store, err := sqldb.OpenSQLite(t.Context(), w.path)
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	s := control.New(control.Deps{Store: store, Master: masterKey(t, 1), Directory: directory.NewMemory(), Providers: testProviders, CheckConfig: checkConfig})
	must(t, s.Open(t.Context()))
	return s
}

func TestChangesOfAnotherProcess(t *testing.T) {
	w := newWorld(t)
	other := w.beside(t)
	following, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		w.Follow(following, 5*time.Millisecond)
		close(done)
	}()
	k, err := other.CreateAPIKey(ctx, other.Root(), access.WorkspaceService, control.APIKeyInput{Name: ptr("n")})
	must(t, err)
	known := func() bool { _, ok := w.dir.Key(w.Digest(k.Value.Reveal())); return ok }
	eventually(t, "a key that another process made works", known)
	// A change of our own in between must not hide one of theirs.
	must(t, other.DeleteAPIKey(ctx, other.Root(), k.Key.ID))
	w.createKey(t, control.APIKeyInput{})
	eventually(t, "a key that another process revoked is refused", func() bool { return !known() })
	stop()
	<-done
	_, err = w.Setup(ctx, control.SetupInput{Token: w.first.SetupToken.Reveal(), Name: "A", Email: "a@example.com", Password: "0123456789"})
	if err != nil {
		t.Errorf("a command beside the server voided its set-up link: %v", err)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Errorf("not within 5 s: %s", what)
}

func TestOpenNeedsABootstrappedStore(t *testing.T) {
	store, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "portico.db"))
	must(t, err)
	defer store.Close()
	s := control.New(control.Deps{Store: store, Master: masterKey(t, 1), Directory: directory.NewMemory(), Providers: testProviders, CheckConfig: checkConfig})
	if err := s.Open(ctx); !errors.Is(err, control.ErrEmpty) {
		t.Errorf("Open = %v", err)
	}
}

// Nodes that start together on an empty database make one organisation, and those
// with another master key do not start.
func TestNodesThatStartTogether(t *testing.T) {
	server := postgres.Start(t)
	at, err := sqldb.ParsePostgresURL(ai.NewSecret(server.Database()))
	must(t, err)
	open := func() *sqldb.Store {
		store, err := sqldb.OpenPostgres(t.Context(), at, sqldb.PostgresOptions{})
		must(t, err)
		t.Cleanup(func() { _ = store.Close() })
		return store
	}
	var all sync.WaitGroup
	outcomes := make([]error, 9)
	nodes := make([]*control.Service, len(outcomes))
	for i := range outcomes {
		store, master := open(), masterKey(t, byte(i%3+1))
		all.Go(func() { nodes[i], _, outcomes[i] = node(t, store, master, &disk{}) })
	}
	all.Wait()
	orgs, err := open().Organisations(ctx)
	if err != nil || len(orgs) != 1 {
		t.Fatalf("%d organisations, %v", len(orgs), err)
	}
	started := map[int]bool{}
	for i, err := range outcomes {
		if err == nil {
			started[i%3] = true
			if id := nodes[i].Organisation().ID; id != orgs[0].ID {
				t.Errorf("node %d serves %s", i, id)
			}
		} else if !errors.Is(err, control.ErrWrongMasterKey) {
			t.Errorf("node %d: %v", i, err)
		}
	}
	if len(started) != 1 {
		t.Errorf("nodes with %d different master keys have started", len(started))
	}

	// They count their changes one after the other, and each learns of all.
	var running []*control.Service
	for i, s := range nodes {
		if outcomes[i] == nil {
			running = append(running, s)
		}
	}
	for _, s := range running {
		all.Go(func() {
			for range 5 {
				if _, err := s.CreateAPIKey(ctx, s.Root(), access.WorkspaceService, control.APIKeyInput{Name: ptr("n")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	count, err := open().Setting(ctx, "changes")
	if err != nil || count != strconv.Itoa(5*len(running)) {
		t.Errorf("%s changes of %d nodes, %v", count, len(running), err)
	}
}
