package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/route"
	"github.com/portico-ai/portico/internal/secret"
	"github.com/portico-ai/portico/internal/store/sqldb"
	"github.com/tidwall/gjson"
)

const (
	adminKey     = "admin-key-for-tests-0001"
	workspaceKey = "workspace-key-for-tests-0001"
)

type providers []control.ProviderInfo

var testProviders = providers{
	{ID: "plain-llm", Name: "Plain", BaseURL: "https://api.plain.example/v1", Ops: []ai.Op{ai.Chat}},
	{ID: "cloud-llm", Name: "Cloud", BaseURL: "https://{resource_name}.cloud.example/openai", Fields: []control.FieldInfo{
		{Name: "api_key", Label: "API key", Secret: true},
		{Name: "resource_name", Header: "x-portkey-cloud-resource-name", Label: "Resource", Required: true},
	}},
}

func (p providers) Providers() []control.ProviderInfo { return p }

func (p providers) Provider(id string) (control.ProviderInfo, bool) {
	i := slices.IndexFunc(p, func(x control.ProviderInfo) bool { return x.ID == id })
	if i < 0 {
		return control.ProviderInfo{}, false
	}
	return p[i], true
}

func checkConfig(raw []byte) (*route.Config, error) {
	if v := gjson.ParseBytes(raw); !v.IsObject() || v.Get("bad").Exists() {
		return nil, &ai.Error{Kind: ai.Invalid, Message: "config is not valid", Param: "config", Problems: []string{"config.bad: unknown field", "config: nothing else"}}
	}
	return &route.Config{}, nil
}

// server is the API over a real database, with a clock that the test moves.
type server struct {
	t     *testing.T
	api   *API
	svc   *control.Service
	dir   *directory.Memory
	path  string
	mu    sync.Mutex
	clock time.Time
	first control.First
	seen  bytes.Buffer // every answer so far

	guests int // who have joined
}

func newServer(t *testing.T, extra ...Route) *server {
	t.Helper()
	s := &server{t: t, dir: directory.NewMemory(), path: filepath.Join(t.TempDir(), "portico.db"), clock: time.Now()}
	store, err := sqldb.OpenSQLite(t.Context(), s.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	master, err := secret.NewBox(make([]byte, secret.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s.svc = control.New(control.Deps{Store: store, Master: master, Directory: s.dir, Providers: testProviders, CheckConfig: checkConfig, Now: s.now})
	s.first, err = s.svc.Bootstrap(t.Context(), control.Options{AdminKey: adminKey, WorkspaceKey: workspaceKey})
	if err != nil {
		t.Fatal(err)
	}
	s.api = New(Deps{
		Service: s.svc, Auth: NewAuthenticator(s.svc, api.Keys{Directory: s.dir, Digest: s.svc.Digest, Now: s.now}), Now: s.now, Version: "test", ConfigSchema: json.RawMessage(`{"type":"object"}`),
	}, extra...)
	return s
}

func (s *server) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

func (s *server) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t *testing.T
}

func (a answer) get(path string) gjson.Result { return gjson.Get(a.Body.String(), path) }

// is checks the status, and for each pair of a path and a value the body.
func (a answer) is(status int, pairs ...string) answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("status %d, want %d: %s", a.Code, status, a.Body)
	}
	for i := 0; i < len(pairs); i += 2 {
		if got := a.get(pairs[i]); got.String() != pairs[i+1] || !got.Exists() {
			a.t.Errorf("%s = %s, want %s in %s", pairs[i], got.Raw, pairs[i+1], a.Body)
		}
	}
	return a
}

// send makes a request with a key in x-portkey-api-key, unless change says otherwise.
func (s *server) send(key, method, path, body string, change ...func(*http.Request)) answer {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("x-portkey-api-key", key)
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	s.seen.Write(w.Body.Bytes())
	for _, h := range []string{"X-Portkey-Trace-Id", "X-Portkey-Request-Id"} {
		if w.Header().Get(h) == "" {
			s.t.Errorf("%s %s: no %s", method, path, h)
		}
	}
	if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" || !gjson.Valid(w.Body.String()) {
		s.t.Errorf("%s %s: headers %v, body %s", method, path, w.Header(), w.Body)
	}
	if _, pattern := s.api.mux.Handler(r); !strings.HasSuffix(pattern, "/extra") {
		describe(s.t).check(s.t, pattern, w.Code, w.Body.Bytes())
	}
	return answer{w, s.t}
}

func (s *server) admin(method, path, body string) answer { return s.send(adminKey, method, path, body) }

// key makes a workspace service key, or an organisation key, with the scopes.
func (s *server) key(typ access.KeyType, workspace string, scopes ...access.Scope) string {
	s.t.Helper()
	name := "test"
	root := access.Principal{OrgID: s.svc.Organisation().ID, Scopes: access.All()}
	k, err := s.svc.CreateAPIKey(s.t.Context(), root, typ, control.APIKeyInput{Name: &name, Workspace: workspace, Scopes: &scopes})
	if err != nil {
		s.t.Fatal(err)
	}
	return k.Value.Reveal()
}

// files is everything in the data folder.
func (s *server) files() string {
	s.t.Helper()
	var all strings.Builder
	paths, _ := filepath.Glob(s.path + "*")
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			s.t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}
