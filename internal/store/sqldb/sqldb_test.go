package sqldb

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/test/postgres"
)

var at = time.Date(2026, 5, 29, 1, 11, 58, 123e6, time.UTC)

// An opener makes an empty database.
type opener func(t *testing.T) *Store

// The suite that every engine passes.
func suite(t *testing.T, open opener) {
	for name, test := range map[string]func(*testing.T, opener){
		"Workspaces": testWorkspaces, "APIKeys": testAPIKeys, "VirtualKeys": testVirtualKeys, "Configs": testConfigs,
		"SavedFilters": testSavedFilters, "Exports": testExports, "UsersAndSessions": testUsersAndSessions, "Atomically": testAtomically,
		"ConcurrentReadModifyWrite": testConcurrentReadModifyWrite, "Text": testText, "Migrations": testMigrations, "Upgrade": testUpgrade,
		"NewerSchema": testNewerSchema, "Race": testMigrationsMayRace,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

func TestSQLite(t *testing.T) { suite(t, open) }

func TestPostgres(t *testing.T) {
	server := postgres.Start(t)
	suite(t, func(t *testing.T) *Store { return openURL(t, server.Database()) })
}

// again opens the database of s once more.
func again(t *testing.T, s *Store) *Store {
	t.Helper()
	if s.link != nil {
		return openURL(t, address(t, s))
	}
	other, err := OpenSQLite(t.Context(), dbPath(t, s))
	must(t, err)
	t.Cleanup(func() { _ = other.Close() })
	return other
}

func open(t *testing.T) *Store {
	t.Helper()
	s, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "portico.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// seed makes an organisation with the workspaces a (default) and b.
func seed(t *testing.T, s *Store) {
	t.Helper()
	must(t, s.InsertOrganisation(t.Context(), control.Organisation{ID: "org", Name: "Org", DataKey: "v1:x", CreatedAt: at}))
	must(t, s.InsertOrganisation(t.Context(), control.Organisation{ID: "org2", CreatedAt: at.Add(time.Second)}))
	must(t, s.InsertWorkspace(t.Context(), control.Workspace{ID: "a", OrgID: "org", Slug: "ws-a", Name: "Alpha", IsDefault: true, CreatedAt: at, UpdatedAt: at}))
	must(t, s.InsertWorkspace(t.Context(), control.Workspace{ID: "b", OrgID: "org", Slug: "ws-b", Name: "Beta", Metadata: map[string]string{"k": "v"}, CreatedAt: at, UpdatedAt: at}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same[T any](t *testing.T, got T, err error, want T) {
	t.Helper()
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func missing[T any](t *testing.T, what string) func(T, error) {
	return func(_ T, err error) {
		t.Helper()
		if !errors.Is(err, control.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", what, err)
		}
	}
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	s := open(t)
	seed(t, s)
	dir := filepath.Dir(dbPath(t, s))
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) < 2 {
		t.Fatalf("%d files, want the database and its log", len(entries))
	}
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
}

func dbPath(t *testing.T, s *Store) string {
	t.Helper()
	var n, name, path string
	must(t, s.read.QueryRowContext(t.Context(), "PRAGMA database_list").Scan(&n, &name, &path))
	return path
}

func testWorkspaces(t *testing.T, open opener) {
	s, ctx := open(t), t.Context()
	seed(t, s)
	w, err := s.FindWorkspace(ctx, "org", "ws-b")
	same(t, w, err, control.Workspace{ID: "b", OrgID: "org", Slug: "ws-b", Name: "Beta", Metadata: map[string]string{"k": "v"}, CreatedAt: at, UpdatedAt: at})
	w, err = s.FindWorkspace(ctx, "org", "")
	same(t, w.ID, err, "a")
	missing[control.Workspace](t, "another organisation")(s.FindWorkspace(ctx, "org2", "a"))
	missing[control.Workspace](t, "unknown")(s.FindWorkspace(ctx, "org", "c"))

	for f, want := range map[control.WorkspaceFilter][]string{
		{}: {"a", "b"}, {ID: "b"}: {"b"}, {ExactName: "Alpha"}: {"a"}, {NameContains: "et"}: {"b"}, {NameContains: "ET"}: nil, {NameContains: "%"}: nil,
	} {
		list, total, err := s.Workspaces(ctx, "org", f, control.Everything)
		must(t, err)
		var ids []string
		for _, w := range list {
			ids = append(ids, w.ID)
		}
		if diff := cmp.Diff(want, ids); diff != "" || total != len(want) {
			t.Errorf("%+v: total %d\n%s", f, total, diff)
		}
	}
	list, total, err := s.Workspaces(ctx, "org", control.WorkspaceFilter{}, control.Page{Number: 1, Size: 1})
	if must(t, err); total != 2 || len(list) != 1 || list[0].ID != "b" {
		t.Errorf("second page: %d %v", total, list)
	}
	if err := s.InsertWorkspace(ctx, control.Workspace{ID: "c", OrgID: "org", Slug: "ws-b"}); !errors.Is(err, control.ErrConflict) {
		t.Errorf("a slug twice: %v", err)
	}
}

func testAPIKeys(t *testing.T, open opener) {
	s, ctx := open(t), t.Context()
	seed(t, s)
	k := control.APIKey{
		ID: "k", OrgID: "org", WorkspaceID: "a", UserID: "u", Type: access.WorkspaceUser, Name: "n", Description: "d", Masked: "pt*****xyz",
		Scopes: []access.Scope{access.Completions}, CreationMode: "api", CreatedBy: "me", Digest: "d1", CreatedAt: at, UpdatedAt: at, ExpiresAt: at,
		Defaults: control.KeyDefaults{Metadata: map[string]string{"team": "x"}, ConfigID: "c", LockConfig: true},
	}
	must(t, s.InsertAPIKey(ctx, k))
	must(t, s.InsertAPIKey(ctx, control.APIKey{ID: "admin", OrgID: "org", Type: access.OrgService, Digest: "d0", CreatedAt: at}))
	got, err := s.FindAPIKey(ctx, control.Tenant{Org: "org", Workspace: "a"}, "k")
	same(t, got, err, k)
	for name, tenant := range map[string]control.Tenant{"other workspace": {Org: "org", Workspace: "b"}, "other organisation": {Org: "org2"}} {
		missing[control.APIKey](t, name)(s.FindAPIKey(ctx, tenant, "k"))
	}
	if err := s.InsertAPIKey(ctx, control.APIKey{ID: "k2", OrgID: "org", Digest: "d1"}); !errors.Is(err, control.ErrConflict) {
		t.Errorf("a digest twice: %v", err)
	}
	k.Name, k.OldDigest, k.OldUntil, k.Digest = "renamed", "d1", at, "d2"
	must(t, s.UpdateAPIKey(ctx, k))
	got, err = s.FindAPIKey(ctx, control.Tenant{Org: "org"}, "k")
	same(t, got, err, k)
	foreign := k
	foreign.WorkspaceID = "b"
	if err := s.UpdateAPIKey(ctx, foreign); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("an update from another workspace: %v", err)
	}
	count := func(want int, tenant control.Tenant, f control.APIKeyFilter) {
		t.Helper()
		list, total, err := s.APIKeys(ctx, tenant, f, control.Everything)
		if must(t, err); total != want || len(list) != want {
			t.Errorf("%+v %+v: %d keys, total %d, want %d", tenant, f, len(list), total, want)
		}
	}
	org := control.Tenant{Org: "org"}
	count(2, org, control.APIKeyFilter{})
	count(1, control.Tenant{Org: "org", Workspace: "a"}, control.APIKeyFilter{})
	count(1, org, control.APIKeyFilter{Types: []access.KeyType{access.OrgService}})
	count(1, org, control.APIKeyFilter{IDs: []string{"k", "nobody"}})
	count(1, org, control.APIKeyFilter{ConfigID: "c"})
	if err := s.ArchiveAPIKey(ctx, control.Tenant{Org: "org", Workspace: "b"}, "k", at); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("a foreign delete: %v", err)
	}
	must(t, s.ArchiveAPIKey(ctx, org, "k", at))
	count(1, org, control.APIKeyFilter{})
}

func testVirtualKeys(t *testing.T, open opener) {
	s, ctx := open(t), t.Context()
	seed(t, s)
	k := control.VirtualKey{
		ID: "v", OrgID: "org", WorkspaceID: "a", Slug: "my-key", Name: "n", Note: "note", Provider: "p", Status: control.Active,
		Fields: map[string]string{"region": "eu"}, Deployments: []control.Deployment{{Name: "d", Alias: "gpt", APIVersion: "1", IsDefault: true}},
		CustomHost: "https://h", Destination: "host", Sealed: "v1:xyz", Masked: "sk***", OwnerID: "o", UpdatedBy: "u", CreatedAt: at, UpdatedAt: at,
	}
	must(t, s.InsertVirtualKey(ctx, k))
	a, b := control.Tenant{Org: "org", Workspace: "a"}, control.Tenant{Org: "org", Workspace: "b"}
	got, err := s.FindVirtualKey(ctx, a, "my-key")
	same(t, got, err, k)
	missing[control.VirtualKey](t, "other workspace")(s.FindVirtualKey(ctx, b, "v"))
	twin := k
	twin.ID = "v2"
	if err := s.InsertVirtualKey(ctx, twin); !errors.Is(err, control.ErrConflict) {
		t.Errorf("a slug twice: %v", err)
	}
	twin.WorkspaceID = "b"
	must(t, s.InsertVirtualKey(ctx, twin))
	if _, err := s.FindVirtualKey(ctx, control.Tenant{Org: "org"}, "my-key"); !errors.Is(err, control.ErrAmbiguous) {
		t.Errorf("a slug of two workspaces: %v", err)
	}
	k.Name, k.Status = "renamed", control.SecretMissing
	must(t, s.UpdateVirtualKey(ctx, k))
	got, err = s.FindVirtualKey(ctx, a, "v")
	same(t, got, err, k)
	must(t, s.ArchiveVirtualKey(ctx, a, "v", at))
	missing[control.VirtualKey](t, "archived")(s.FindVirtualKey(ctx, a, "v"))
	k.ID = "v3"
	if err := s.InsertVirtualKey(ctx, k); err != nil {
		t.Errorf("the slug of an archived key is taken: %v", err)
	}
	var sealed string
	must(t, s.read.QueryRowContext(ctx, `SELECT sealed FROM virtual_keys WHERE id = 'v'`).Scan(&sealed))
	if sealed != "" {
		t.Error("an archived key keeps its secrets")
	}
}

func testConfigs(t *testing.T, open opener) {
	s, ctx := open(t), t.Context()
	seed(t, s)
	c := control.Config{ID: "c", OrgID: "org", WorkspaceID: "a", Slug: "pc-1", Name: "n", IsDefault: true, VersionID: "v2", OwnerID: "o", UpdatedBy: "u", CreatedAt: at, UpdatedAt: at}
	must(t, s.InsertConfig(ctx, c))
	v := control.ConfigVersion{ID: "v1", ConfigID: "c", OrgID: "org", WorkspaceID: "a", Number: 1, Body: "v1:sealed", CreatedBy: "o", CreatedAt: at}
	must(t, s.InsertConfigVersion(ctx, v))
	second := v
	second.ID, second.Number = "v2", 2
	must(t, s.InsertConfigVersion(ctx, second))
	a, b := control.Tenant{Org: "org", Workspace: "a"}, control.Tenant{Org: "org", Workspace: "b"}
	for _, ref := range []string{"c", "pc-1"} {
		got, err := s.FindConfig(ctx, a, ref)
		same(t, got, err, c)
	}
	missing[control.Config](t, "other workspace")(s.FindConfig(ctx, b, "c"))
	missing[control.ConfigVersion](t, "a version of another workspace")(s.FindConfigVersion(ctx, b, "v1"))
	got, err := s.FindConfigVersion(ctx, a, "v1")
	same(t, got, err, v)
	versions, total, err := s.ConfigVersions(ctx, a, "c", control.Everything)
	same(t, versions, err, []control.ConfigVersion{second, v})
	if total != 2 {
		t.Errorf("%d versions", total)
	}
	current, err := s.CurrentVersions(ctx, control.Tenant{Org: "org"})
	same(t, current, err, []control.ConfigVersion{second})
	current, err = s.CurrentVersions(ctx, b)
	same(t, current, err, nil)
	must(t, s.ClearDefaultConfig(ctx, a))
	c.IsDefault, c.Name = false, "renamed"
	must(t, s.UpdateConfig(ctx, c))
	list, _, err := s.Configs(ctx, a, control.Everything)
	same(t, list, err, []control.Config{c})
	must(t, s.ArchiveConfig(ctx, a, "c", at))
	missing[control.Config](t, "archived")(s.FindConfig(ctx, a, "c"))
}

func testSavedFilters(t *testing.T, open opener) {
	s, ctx := open(t), t.Context()
	seed(t, s)
	a, b := control.Tenant{Org: "org", Workspace: "a"}, control.Tenant{Org: "org", Workspace: "b"}
	f := control.SavedFilter{ID: "f", OrgID: "org", WorkspaceID: "a", OwnerID: "ann", Name: "errors", Filters: json.RawMessage(`{"status_code":"500"}`), CreatedAt: at, UpdatedAt: at}
	g := f
	g.ID, g.Name, g.OwnerID, g.Shared = "g", "a team's", "bob", true
	must(t, s.InsertSavedFilter(ctx, f))
	must(t, s.InsertSavedFilter(ctx, g))
	for owner, want := range map[string][]control.SavedFilter{"ann": {g, f}, "bob": {g}, "eve": {g}} {
		list, total, err := s.SavedFilters(ctx, a, owner, control.Everything)
		same(t, list, err, want)
		if total != len(want) {
			t.Errorf("total %d", total)
		}
	}
	got, err := s.FindSavedFilter(ctx, a, "ann", "f")
	same(t, got, err, f)
	missing[control.SavedFilter](t, "somebody else's")(s.FindSavedFilter(ctx, a, "bob", "f"))
	missing[control.SavedFilter](t, "another workspace's")(s.FindSavedFilter(ctx, b, "ann", "f"))
	f.Name, f.Shared, f.Filters = "renamed", true, json.RawMessage(`{}`)
	must(t, s.UpdateSavedFilter(ctx, f))
	got, err = s.FindSavedFilter(ctx, a, "bob", "f")
	same(t, got, err, f)
	if err := s.ArchiveSavedFilter(ctx, b, "f", at); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("archived from another workspace: %v", err)
	}
	must(t, s.ArchiveSavedFilter(ctx, a, "f", at))
	missing[control.SavedFilter](t, "archived")(s.FindSavedFilter(ctx, a, "ann", "f"))
}

func testExports(t *testing.T, open opener) {
	s, ctx := open(t), t.Context()
	seed(t, s)
	a, b := control.Tenant{Org: "org", Workspace: "a"}, control.Tenant{Org: "org", Workspace: "b"}
	e := control.Export{ID: "e", OrgID: "org", WorkspaceID: "a", Description: "d", Filters: json.RawMessage(`{"q":"x"}`), RequestedData: []string{"id", "cost"}, Format: "csv",
		Status: control.ExportDraft, Total: 7, CreatedBy: "ann", CreatedAt: at, UpdatedAt: at}
	must(t, s.InsertExport(ctx, e))
	got, err := s.FindExport(ctx, a, "e")
	same(t, got, err, e)
	missing[control.Export](t, "another workspace's")(s.FindExport(ctx, b, "e"))
	e.Status, e.StartedAt, e.Problem, e.Node = control.ExportRunning, at, "p", "n"
	e.Progress = control.ExportProgress{Rows: 3, After: "cursor", Files: []control.ExportFile{{Name: "n", Rows: 3, Bytes: 9}}}
	must(t, s.UpdateExport(ctx, e))
	list, total, err := s.Exports(ctx, a, control.Everything)
	same(t, list, err, []control.Export{e})
	if total != 1 {
		t.Errorf("total %d", total)
	}
	running, err := s.ExportsIn(ctx, "n", control.ExportRunning)
	same(t, running, err, []control.Export{e})
	elsewhere, err := s.ExportsIn(ctx, "m", control.ExportRunning)
	same(t, elsewhere, err, nil)
	done := e
	done.Status, done.FinishedAt, done.ExpiresAt = control.ExportDone, at, at
	must(t, s.RenewExport(ctx, done, control.ExportRunning))
	if err := s.RenewExport(ctx, e, control.ExportRunning); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("renewed although it no longer runs: %v", err)
	}
	again := e
	again.StartedAt = at.Add(time.Second)
	must(t, s.UpdateExport(ctx, again))
	if err := s.RenewExport(ctx, done, control.ExportRunning); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("renewed although it was started anew: %v", err)
	}
	got, err = s.FindExport(ctx, a, "e")
	same(t, got, err, again)
	if err := s.ArchiveExport(ctx, b, "e", at); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("archived by another workspace: %v", err)
	}
	must(t, s.ArchiveExport(ctx, a, "e", at))
	missing[control.Export](t, "an archived one")(s.FindExport(ctx, a, "e"))
	if list, err := s.ExportsIn(ctx, "n", control.ExportRunning); err != nil || len(list) > 0 {
		t.Errorf("an archived one still runs: %v, %v", list, err)
	}
}

func testUsersAndSessions(t *testing.T, open opener) {
	s, ctx := open(t), t.Context()
	seed(t, s)
	u := control.User{ID: "u", OrgID: "org", Email: "a@b.c", Name: "A", Role: "owner", PasswordHash: "h", CreatedAt: at, UpdatedAt: at}
	must(t, s.InsertUser(ctx, u))
	got, err := s.FindUserByEmail(ctx, "org", "a@b.c")
	same(t, got, err, u)
	missing[control.User](t, "other organisation")(s.FindUser(ctx, "org2", "u"))
	n, err := s.CountUsers(ctx, "org", "owner")
	same(t, n, err, 1)
	v := control.Session{Digest: "d", OrgID: "org", UserID: "u", CreatedAt: at, ExpiresAt: at.Add(time.Hour)}
	must(t, s.InsertSession(ctx, v))
	session, err := s.FindSession(ctx, "d")
	same(t, session, err, v)
	must(t, s.DeleteExpiredSessions(ctx, at))
	if _, err := s.FindSession(ctx, "d"); err != nil {
		t.Errorf("a running session was removed: %v", err)
	}
	must(t, s.DeleteExpiredSessions(ctx, at.Add(time.Hour)))
	missing[control.Session](t, "expired")(s.FindSession(ctx, "d"))
}

func testAtomically(t *testing.T, open opener) {
	s, ctx := open(t), t.Context()
	seed(t, s)
	boom := errors.New("boom")
	err := s.Atomically(ctx, func(tx control.Store) error {
		must(t, tx.PutSetting(ctx, "x", "1"))
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("Atomically = %v", err)
	}
	missing[string](t, "rolled back")(s.Setting(ctx, "x"))
	err = s.Atomically(ctx, func(tx control.Store) error {
		return errors.Join(tx.PutSetting(ctx, "x", "1"), tx.Atomically(ctx, func(tx control.Store) error { return tx.PutSetting(ctx, "x", "2") }))
	})
	must(t, err)
	v, err := s.Setting(ctx, "x")
	same(t, v, err, "2")
}

// Two that read before they write must not lose an update or deadlock.
func testConcurrentReadModifyWrite(t *testing.T, open opener) {
	s := open(t)
	seed(t, s)
	other := again(t, s) // as another process would
	must(t, s.PutSetting(t.Context(), "n", ""))
	var wg sync.WaitGroup
	for _, store := range []*Store{s, other} {
		wg.Go(func() {
			for range 20 {
				if err := appendMark(t.Context(), store); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	v, err := s.Setting(t.Context(), "n")
	same(t, len(v), err, 40)
}

func appendMark(ctx context.Context, s *Store) error {
	return s.Atomically(ctx, func(tx control.Store) error {
		v, err := tx.Setting(ctx, "n")
		if err != nil {
			return err
		}
		return tx.PutSetting(ctx, "n", v+"x")
	})
}

func TestReadersCannotWrite(t *testing.T) {
	s := open(t)
	if _, err := s.read.ExecContext(t.Context(), `DELETE FROM settings`); err == nil {
		t.Error("the reading pool changed the database")
	}
	var mode string
	must(t, s.read.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode))
	if mode != "wal" {
		t.Errorf("journal mode %s", mode)
	}
}
