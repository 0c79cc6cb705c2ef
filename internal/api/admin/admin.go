package admin

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
)

// maxBody is the largest control-plane request body in bytes, unless a route
// says otherwise.
const maxBody = 1 << 20

// A Route is one row of the table: what is served, to whom, by what.
type Route struct {
	Method  string
	Pattern string // below /v1 and /v2: "/configs/{ref}"
	// Scopes is the policy: the caller holds at least one of them. A route has
	// scopes or is Open; with neither it does not start.
	Scopes []access.Scope
	Open   bool  // needs no credential
	Max    int64 // largest body in bytes; 0 means 1 MiB
	// Handle answers with a value that is sent as JSON, or with a Reply, or with
	// an error. p is zero on an open route.
	Handle func(r *http.Request, p access.Principal) (any, error)
	// Refusal words errors as the route's protocol does; nil as the API does.
	Refusal func(r *http.Request, e *ai.Error) Reply
}

// A Reply is an answer with another status than 200, or with headers of its own.
type Reply struct {
	Status int // 0 means 200
	Header http.Header
	Body   any // a Raw is sent as it is
}

// Raw is a body that is no value to be written as JSON.
type Raw []byte

// Deps is what the API works with. Service and Auth are required.
type Deps struct {
	Service *control.Service
	Auth    *Authenticator
	// ConfigSchema is the JSON Schema of a routing config.
	ConfigSchema json.RawMessage
	Version      string
	Demo         bool
	// PublicURL is where people reach this server, without a slash at the end; ""
	// means where each request comes in.
	PublicURL string
	Log       *slog.Logger
	Now       func() time.Time
}

// API serves the control plane below /v1 and /v2.
type API struct {
	svc     *control.Service
	auth    *Authenticator
	schema  json.RawMessage
	version string
	demo    bool
	// publicURL is the start of links that leave by mail.
	publicURL string
	log       *slog.Logger
	now       func() time.Time

	byAccount, byAddress *throttle
	routes               []Route
	mux                  *http.ServeMux
}

// New makes the API: its own routes and the extra ones, under the same policy.
// It panics on a route without one, or that is there twice.
func New(d Deps, extra ...Route) *API {
	a := &API{
		svc: d.Service, auth: d.Auth, schema: d.ConfigSchema, version: d.Version, demo: d.Demo, publicURL: d.PublicURL,
		log: d.Log, now: d.Now, mux: http.NewServeMux(),
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.now == nil {
		a.now = time.Now
	}
	a.byAccount, a.byAddress = newThrottle(5, a.now), newThrottle(20, a.now)
	a.routes = slices.Concat(a.consoleRoutes(), a.configRoutes(), a.virtualKeyRoutes(), a.apiKeyRoutes(), a.workspaceRoutes(), a.memberRoutes(), a.userRoutes(), a.inviteRoutes(), a.loggingRoutes(), extra)
	for _, route := range a.routes {
		route.mustHavePolicy()
		for _, pattern := range route.patterns() {
			a.mux.Handle(pattern, a.serve(route))
		}
	}
	return a
}

func (r Route) mustHavePolicy() {
	if r.Open == (len(r.Scopes) > 0) {
		panic(fmt.Sprintf("route %s %s has no policy: give it scopes, or mark it open", r.Method, r.Pattern))
	}
}

func (r Route) patterns() []string {
	return []string{r.Method + " /v1" + r.Pattern, r.Method + " /v2" + r.Pattern}
}

// Routes returns the whole table.
func (a *API) Routes() []Route { return slices.Clone(a.routes) }

// Patterns returns what the API serves, as patterns of http.ServeMux.
func (a *API) Patterns() []string {
	var all []string
	for _, r := range a.routes {
		all = append(all, r.patterns()...)
	}
	return all
}

// ServeHTTP implements http.Handler. What it does not serve is answered in JSON too.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setStandardHeaders(w, r)
	if _, pattern := a.mux.Handler(r); pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	if allowed := a.methods(r); len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		e := ai.Errorf(ai.Invalid, "%s does not take %s, but %s", r.URL.Path, r.Method, strings.Join(allowed, ", "))
		e.Status = http.StatusMethodNotAllowed
		a.fail(w, r, e)
		return
	}
	a.fail(w, r, ai.Errorf(ai.NotFound, "There is no %s %s", r.Method, r.URL.Path))
}

// Serves reports whether a request's path is one of the API's, whatever the method.
func (a *API) Serves(r *http.Request) bool {
	_, pattern := a.mux.Handler(r)
	return pattern != "" || len(a.methods(r)) > 0
}

// methods are those under which the request's path is served.
func (a *API) methods(r *http.Request) []string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := a.mux.Handler(other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// serve applies the route's policy, runs it and writes its answer.
func (a *API) serve(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := route.Max
		if limit == 0 {
			limit = maxBody
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		p, err := a.admit(route, r)
		var v any
		if err == nil {
			v, err = route.Handle(r, p)
		}
		if err != nil && route.Refusal != nil {
			a.logFailure(r, err)
			v, err = route.Refusal(r, ai.AsError(err)), nil
		}
		if err != nil {
			a.fail(w, r, err)
			return
		}
		a.answer(w, r, v)
	})
}

// admit finds who asks and whether they may.
func (a *API) admit(route Route, r *http.Request) (access.Principal, error) {
	if route.Open {
		return access.Principal{}, nil
	}
	workspace := WorkspaceRef(r)
	if strings.HasPrefix(route.Pattern, workspacePath) {
		workspace = r.PathValue("ref")
	}
	p, _, err := a.auth.within(r, workspace)
	if err != nil {
		return access.Principal{}, err
	}
	if !p.MayAny(route.Scopes...) {
		who := "your key does"
		if p.IsSession() {
			who = "your role does"
		}
		e := ai.Errorf(ai.Forbidden, "This needs the scope %s, which %s not have", orList(route.Scopes), who)
		e.Type = "permission_error"
		return access.Principal{}, e
	}
	return p, nil
}

func orList(scopes []access.Scope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	return strings.Join(names, " or ")
}

// setStandardHeaders makes every answer, errors included, one that the SDKs
// understand: without the trace id they repeat a failed call.
func setStandardHeaders(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("X-Portkey-Request-Id") == "" {
		h.Set("X-Portkey-Request-Id", uuid.NewString())
	}
	if h.Get("X-Portkey-Trace-Id") == "" {
		trace := r.Header.Get("X-Portkey-Trace-Id")
		if trace == "" || len(trace) > 256 {
			trace = uuid.NewString()
		}
		h.Set("X-Portkey-Trace-Id", trace)
	}
}
