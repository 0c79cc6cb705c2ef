package control_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/route"
	"github.com/portico-ai/portico/internal/secret"
	"github.com/portico-ai/portico/internal/store/sqldb"
	"github.com/tidwall/gjson"
)

// providers is a small table: one provider that needs a key, one with fields
// and a host made of one of them, one that needs nothing.
type providers []control.ProviderInfo

var testProviders = providers{
	{ID: "plain-llm", Name: "Plain", BaseURL: "https://api.plain.example/v1", Fields: nil},
	{ID: "cloud-llm", Name: "Cloud", BaseURL: "https://{resource_name}.cloud.example/openai", Fields: []control.FieldInfo{
		{Name: "api_key", Secret: true},
		{Name: "resource_name", Header: "x-portkey-cloud-resource-name", Label: "Resource", Required: true},
		{Name: "cloud_secret_key", Header: "x-portkey-cloud-secret-key", Label: "Secret", Secret: true},
		{Name: "service_account_json", Label: "Account", Secret: true},
	}},
	{ID: "free-llm", Name: "Free", Fields: []control.FieldInfo{{Name: "api_key", Secret: true}}},
}

func (p providers) Providers() []control.ProviderInfo { return p }

func (p providers) Provider(id string) (control.ProviderInfo, bool) {
	i := slices.IndexFunc(p, func(x control.ProviderInfo) bool { return x.ID == id })
	if i < 0 {
		return control.ProviderInfo{}, false
	}
	return p[i], true
}

// checkConfig stands for the routing parser: an object, in which "bad" is wrong.
func checkConfig(raw []byte) (*route.Config, error) {
	if v := gjson.ParseBytes(raw); !v.IsObject() || v.Get("bad").Exists() {
		return nil, &ai.Error{Kind: ai.Invalid, Message: "config is not valid", Param: "config", Problems: []string{"config.bad: unknown field"}}
	}
	return &route.Config{}, nil
}

type world struct {
	*control.Service
	dir   *directory.Memory
	store *sqldb.Store
	path  string
	clock time.Time
	admin access.Principal
	first control.First
}

func masterKey(t *testing.T, fill byte) *secret.Box {
	t.Helper()
	box, err := secret.NewBox(bytes.Repeat([]byte{fill}, secret.KeySize))
	must(t, err)
	return box
}

// start opens the database at path and makes a service of it.
func start(t *testing.T, path string, master *secret.Box, o control.Options) (*world, error) {
	t.Helper()
	store, err := sqldb.OpenSQLite(t.Context(), path)
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	w := &world{dir: directory.NewMemory(), store: store, path: path, clock: time.Now()}
	w.Service = control.New(control.Deps{
		Store: store, Master: master, Directory: w.dir, Providers: testProviders, CheckConfig: checkConfig,
		Now: func() time.Time { return w.clock },
	})
	if w.first, err = w.Bootstrap(t.Context(), o); err != nil {
		return w, err
	}
	w.admin = access.Principal{OrgID: w.Organisation().ID, KeyID: "admin", KeyType: access.OrgService, Scopes: access.OrgService.Scopes()}
	return w, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w, err := start(t, filepath.Join(t.TempDir(), "portico.db"), masterKey(t, 1), control.Options{})
	must(t, err)
	return w
}

// restart opens the same database again, as the next start does.
func (w *world) restart(t *testing.T) *world {
	t.Helper()
	must(t, w.store.Close())
	next, err := start(t, w.path, masterKey(t, 1), control.Options{})
	must(t, err)
	return next
}

// member is a workspace key of the default workspace with the scopes.
func (w *world) member(scopes ...access.Scope) access.Principal {
	return access.Principal{OrgID: w.admin.OrgID, WorkspaceID: w.first.Workspace.ID, KeyID: "member", KeyType: access.WorkspaceService, Scopes: scopes}
}

// files is everything in the data folder, the write-ahead log included.
func (w *world) files(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(w.path), "*"))
	must(t, err)
	for _, p := range paths {
		b, err := os.ReadFile(p)
		must(t, err)
		all.Write(b)
	}
	return all.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks that err is for the client, of the kind, and says word.
func refused(t *testing.T, what string, err error, kind ai.Kind, word string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: accepted", what)
		return
	}
	e := ai.AsError(err)
	if e.Kind != kind || !strings.Contains(e.Message+e.Param, word) {
		t.Errorf("%s: kind %d, %v; want kind %d with %q", what, e.Kind, err, kind, word)
	}
}

func ptr[T any](v T) *T { return &v }

var ctx = context.Background()
