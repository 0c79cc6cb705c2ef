package analytics

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/api"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/secret"
	"github.com/portico-ai/portico/internal/store/mem"
	"github.com/portico-ai/portico/internal/store/sqldb"
)

const (
	adminKey     = "admin-key-for-tests-0001"
	workspaceKey = "workspace-key-for-tests-0001"
)

type noProviders struct{}

func (noProviders) Providers() []control.ProviderInfo { return nil }

func (noProviders) Provider(string) (control.ProviderInfo, bool) {
	return control.ProviderInfo{}, false
}

// A server is the API behind the control plane's policy, over a real database
// and the reference log store, which duckdb agrees with.
type server struct {
	t      *testing.T
	api    *admin.API
	svc    *control.Service
	logs   *mem.Logs
	first  control.Workspace // the default one
	second control.Workspace
	seen   func(path string, body []byte) // every good answer; nil for nobody
}

func newServer(t *testing.T) *server {
	t.Helper()
	store, err := sqldb.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "portico.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	master, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, logs: &mem.Logs{}}
	dir := directory.NewMemory()
	s.svc = control.New(control.Deps{Store: store, Master: master, Directory: dir, Providers: noProviders{}})
	first, err := s.svc.Bootstrap(t.Context(), control.Options{AdminKey: adminKey, WorkspaceKey: workspaceKey})
	if err != nil {
		t.Fatal(err)
	}
	s.first = first.Workspace
	if s.second, err = s.svc.CreateWorkspace(t.Context(), s.svc.Root(), control.WorkspaceInput{Name: new("Second")}); err != nil {
		t.Fatal(err)
	}
	a := New(Deps{Store: s.logs, Service: s.svc, CatchUp: func(context.Context) error { return nil }})
	auth := admin.NewAuthenticator(s.svc, api.Keys{Directory: dir, Digest: s.svc.Digest})
	s.api = admin.New(admin.Deps{Service: s.svc, Auth: auth}, a.Routes()...)
	return s
}

func (s *server) apply(list ...*ledger.Entry) {
	s.t.Helper()
	if err := s.logs.Apply(s.t.Context(), list, ledger.Position{}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) key(scopes ...access.Scope) string {
	s.t.Helper()
	name := "test"
	made, err := s.svc.CreateAPIKey(s.t.Context(), s.svc.Root(), access.WorkspaceService, control.APIKeyInput{Name: &name, Scopes: &scopes})
	if err != nil {
		s.t.Fatal(err)
	}
	return made.Value.Reveal()
}

// call asks below /v1/analytics and returns the status and the parsed answer.
func (s *server) call(key, path string, query url.Values) (int, map[string]any) {
	s.t.Helper()
	r := httptest.NewRequest("GET", "/v1/analytics/"+path+"?"+query.Encode(), nil)
	r.Header.Set("X-Portkey-Api-Key", key)
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	if w.Code == 200 && s.seen != nil {
		s.seen(path, w.Body.Bytes())
	}
	var v map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		s.t.Fatalf("%s: %v in %s", path, err, w.Body)
	}
	return w.Code, v
}

// get is call for what must be answered.
func (s *server) get(path string, query url.Values) map[string]any {
	s.t.Helper()
	status, v := s.call(adminKey, path, query)
	if status != 200 {
		s.t.Fatalf("%s?%s answers %d: %v", path, query.Encode(), status, v)
	}
	return v
}

// during is a query for a range of time, with other parameters after it.
func during(from, to string, pairs ...string) url.Values {
	q := url.Values{"time_of_generation_min": {from}, "time_of_generation_max": {to}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}
