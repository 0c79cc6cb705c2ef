package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/control"
	"github.com/tidwall/gjson"
)

// house is a running server and the people and keys that knock at it.
type house struct {
	t   *testing.T
	app *App
	url string
}

const houseAdminKey = "admin-key-of-the-house-1"

func newHouse(t *testing.T, change ...func(*Config)) *house {
	t.Helper()
	cfg := Default()
	cfg.Listen, cfg.MetricsListen, cfg.Data = "127.0.0.1:0", "", t.TempDir()
	cfg.BootstrapAdminKey = ai.NewSecret(houseAdminKey)
	for _, c := range change {
		c(&cfg)
	}
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	followed := make(chan struct{})
	go func() { defer close(followed); _ = a.follower.Run(ctx) }()
	t.Cleanup(func() { stop(); <-followed; _ = a.Close() })
	srv := httptest.NewServer(a.server.Handler)
	t.Cleanup(srv.Close)
	return &house{t, a, srv.URL}
}

// A caller is a key or a session, and what the permission table says it holds.
type caller struct {
	name    string
	key     string
	session string
	scopes  []access.Scope
}

type reply struct {
	status int
	body   string
}

func (h *house) call(c caller, method, path, body string) reply {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	must(h.t, err)
	r.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		r.Header.Set("X-Portkey-Api-Key", c.key)
	}
	if c.session != "" {
		r.AddCookie(&http.Cookie{Name: "portico_session", Value: c.session})
	}
	resp, err := http.DefaultClient.Do(r)
	must(h.t, err)
	defer resp.Body.Close() //nolint:errcheck // a test's
	b, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return reply{resp.StatusCode, string(b)}
}

// root makes a request as the admin key, which must succeed.
func (h *house) root(method, path, body string) gjson.Result {
	h.t.Helper()
	got := h.call(caller{key: houseAdminKey}, method, path, body)
	if got.status != http.StatusOK {
		h.t.Fatalf("%s %s: %d %s", method, path, got.status, got.body)
	}
	return gjson.Parse(got.body)
}

// person joins with a role in the organisation and, if workspace is not "", one there.
func (h *house) person(email string, role access.Role, workspace string, within access.Role) (id string, c caller) {
	h.t.Helper()
	in := control.InviteInput{Email: email, Role: role}
	if workspace != "" {
		in.Workspaces = []control.InviteWorkspace{{ID: workspace, Role: within}}
	}
	sent, err := h.app.service.CreateInvite(h.t.Context(), h.app.service.Root(), in, func(token string) string { return token })
	must(h.t, err)
	joined, err := h.app.service.AcceptInvite(h.t.Context(), control.AcceptInput{Token: sent.Link, Name: "A Person", Password: "a long password"})
	must(h.t, err)
	return joined.User.ID, caller{name: email, session: joined.Token.Reveal(), scopes: append(role.InOrganisation(), within.InWorkspace()...)}
}

func (h *house) key(typ access.KeyType, workspace, user string, scopes ...access.Scope) caller {
	h.t.Helper()
	name := "k"
	k, err := h.app.service.CreateAPIKey(h.t.Context(), h.app.service.Root(), typ, control.APIKeyInput{Name: &name, Workspace: workspace, UserID: user, Scopes: &scopes})
	must(h.t, err)
	return caller{name: fmt.Sprint(typ, " key with ", scopes), key: k.Value.Reveal(), scopes: scopes}
}

// refusal is what who may not hears: of a scope, or, outside of the workspace, of that.
var refusal = regexp.MustCompile(`^(This needs the scope|There is no workspace)`)

var parameter = regexp.MustCompile(`\{\w+\}`)

// every route × every role × every scope on every type of key: who holds one of
// a route's scopes by the table is let in, and nobody else.
func TestWhoMayDoWhat(t *testing.T) {
	h := newHouse(t)
	first := h.app.first.Workspace.ID
	user, member := h.person("member@example.com", access.Member, first, access.Member)
	_, manager := h.person("manager@example.com", access.Member, first, access.Manager)
	_, lead := h.person("lead@example.com", access.Member, first, access.Admin)
	_, outside := h.person("outside@example.com", access.Member, "", "")
	_, organisation := h.person("admin@example.com", access.Admin, "", "")
	ownerID, owner := h.person("owner@example.com", access.Admin, "", "")
	role := access.Owner
	must(t, h.app.service.UpdateUser(t.Context(), h.app.service.Root(), ownerID, control.UserInput{Role: &role}))
	callers := []caller{member, manager, lead, outside, organisation, owner}
	for _, typ := range []access.KeyType{access.OrgService, access.WorkspaceService, access.WorkspaceUser} {
		for _, s := range typ.Scopes() {
			callers = append(callers, h.key(typ, first, user, s))
		}
	}
	checked := 0
	for _, route := range h.app.control.Routes() {
		if route.Open {
			continue
		}
		path := "/v1" + strings.Replace(route.Pattern, "/admin/workspaces/{ref}", "/admin/workspaces/"+first, 1)
		path = parameter.ReplaceAllString(path, "7b1f6d1e-0000-4000-8000-000000000000")
		if got := h.call(caller{}, route.Method, path, "{}"); got.status != http.StatusUnauthorized {
			t.Errorf("%s %s by nobody: %d", route.Method, route.Pattern, got.status)
		}
		for _, c := range callers {
			want := slices.ContainsFunc(route.Scopes, func(s access.Scope) bool { return slices.Contains(c.scopes, s) })
			got := h.call(c, route.Method, path, "{}")
			let := !refusal.MatchString(gjson.Get(got.body, "message").String())
			if let != want || !let && (got.status != http.StatusForbidden || route.Refusal == nil && gjson.Get(got.body, "data.errorCode").String() != "AB03") || got.status == http.StatusUnauthorized || got.status >= 500 {
				t.Errorf("%s %s by %s: let in %v, want %v: %d %s", route.Method, route.Pattern, c.name, let, want, got.status, got.body)
			}
			checked++
		}
	}
	t.Logf("%d routes and callers", checked)
}

// estate is what there is of a tenant: for each parameter of a path, ids.
type estate struct {
	workspace []string // id, slug
	ids       []string // of everything else
	user      string
}

// furnish fills a workspace with one of everything.
func (h *house) furnish(name string) estate {
	h.t.Helper()
	w := h.root("POST", "/v1/admin/workspaces", `{"name":"`+name+`"}`)
	id := w.Get("id").String()
	in := `,"workspace_id":"` + id + `"`
	e := estate{workspace: []string{id, w.Get("slug").String()}}
	add := func(v gjson.Result, names ...string) {
		for _, n := range names {
			e.ids = append(e.ids, v.Get(n).String())
		}
	}
	user, _ := h.person(name+"@example.com", access.Member, id, access.Admin)
	add(h.root("POST", "/v1/configs", `{"name":"`+name+`","config":{"retry":{"attempts":1}}`+in+`}`), "id", "slug")
	add(h.root("POST", "/v1/virtual-keys", `{"name":"`+name+`","provider":"openai","key":"sk-`+name+`-canary"`+in+`}`), "id", "slug")
	add(h.root("POST", "/v1/api-keys/workspace/service", `{"name":"`+name+`"`+in+`}`), "id")
	add(h.root("POST", "/v1/api-keys/workspace/user", `{"name":"`+name+`","user_id":"`+user+`"`+in+`}`), "id")
	add(h.root("POST", "/v1/logs/filters", `{"name":"`+name+`","filters":{}`+in+`}`), "id")
	add(h.root("POST", "/v1/logs/exports", `{"description":"`+name+`"`+in+`,"filters":{"time_of_generation_min":"2026-01-01T00:00:00Z","time_of_generation_max":"2026-02-01T00:00:00Z"},"requested_data":["id"]}`), "id")
	writer := h.key(access.WorkspaceService, id, "", access.LogsWrite, access.LogsList, access.Completions)
	if got := h.call(writer, "POST", "/v1/logs", `{"request":{"url":"https://api.openai.com/v1/chat/completions","method":"POST","body":{"model":"m"}},"response":{"status":200,"body":{"x":"`+name+`"}},"metadata":{"traceId":"trace-`+name+`"}}`); got.status != http.StatusOK {
		h.t.Fatalf("insert a log: %d %s", got.status, got.body)
	}
	feedback := h.call(writer, "POST", "/v1/feedback", `{"trace_id":"trace-`+name+`","value":1}`)
	if feedback.status != http.StatusOK {
		h.t.Fatalf("feedback: %d %s", feedback.status, feedback.body)
	}
	add(gjson.Parse(feedback.body), "feedback_ids.0")
	rows := h.call(writer, "GET", "/v1/logs", "")
	add(gjson.Parse(rows.body), "data.0.id")
	e.ids, e.user = append(e.ids, "trace-"+name, user), user
	if slices.Contains(e.ids, "") {
		h.t.Fatalf("something of %s has no id: %v in %s and %s", name, e.ids, feedback.body, rows.body)
	}
	return e
}

// picture is everything of a tenant that an admin can see of the ids.
func (h *house) picture(e estate) string {
	h.t.Helper()
	var all strings.Builder
	q := "?workspace_id=" + e.workspace[0]
	for _, path := range []string{"/v1/configs" + q, "/v1/virtual-keys" + q, "/v1/api-keys" + q, "/v1/logs/filters" + q, "/v1/logs/exports" + q, "/v1/logs" + q,
		"/v1/admin/workspaces/" + e.workspace[0], "/v1/admin/users", "/v1/admin/users/invites"} {
		all.WriteString(h.root("GET", path, "").Raw + "\n")
	}
	return all.String()
}

// A crawl of every route with the ids of another workspace, and of another
// organisation: each answer is the one that ids of nothing get, nothing of the
// others shows in it, and nothing of theirs has changed after it.
func TestNobodySeesTheNeighbours(t *testing.T) {
	h := newHouse(t)
	mine, theirs := h.furnish("mine"), h.furnish("theirs")
	_, lead := h.person("lead@example.com", access.Member, mine.workspace[0], access.Admin)
	insiders := []caller{
		lead,
		h.key(access.WorkspaceService, mine.workspace[0], "", access.WorkspaceService.Scopes()...),
		h.key(access.WorkspaceUser, mine.workspace[0], mine.user, access.WorkspaceUser.Scopes()...),
	}
	before := h.picture(theirs)
	for i := range insiders {
		insiders[i].name = []string{"an admin of the workspace", "a service key", "a user key"}[i]
		h.crawl(insiders[i], mine, theirs, "theirs")
	}
	if after := h.picture(theirs); after != before {
		t.Errorf("the neighbours have changed:\n%s\n%s", before, after)
	}

	abroad := h.foreignOrganisation()
	_, organisation := h.person("admin@example.com", access.Admin, "", "")
	for _, c := range []caller{organisation, {name: "the admin key", key: houseAdminKey}} {
		h.crawl(c, mine, abroad, "abroad")
	}
}

// crawl asks every route for what is not the caller's. canary is in whatever shows
// something of theirs.
func (h *house) crawl(c caller, mine, theirs estate, canary string) {
	h.t.Helper()
	const nothing = "5f9c1b1e-7777-4777-8777-777777777777"
	asked := 0
	for _, route := range h.app.control.Routes() {
		if route.Open {
			continue
		}
		for _, q := range h.questions(route, mine, theirs, nothing) {
			got, none := h.call(c, route.Method, q.theirs, q.body(q.foreign)), h.call(c, route.Method, q.nothing, q.body(nothing))
			asked++
			answer := plainly(got.body, q.foreign, nothing)
			same := got.status == none.status && (answer == plainly(none.body, nothing, nothing) || got.status < 300 && varies(route))
			if !same {
				h.t.Errorf("%s by %s:\n  %s %s\n  %d %s\nand for nothing\n  %s\n  %d %s", route.Pattern, c.name, route.Method, q.theirs, got.status, got.body, q.nothing, none.status, none.body)
			}
			if got.status < 300 && strings.Contains(answer, canary) {
				h.t.Errorf("%s %s by %s tells of the neighbours: %s", route.Method, q.theirs, c.name, got.body)
			}
		}
	}
	h.t.Logf("%s: %d questions", c.name, asked)
}

// A question is a request about something foreign, and its twin about nothing.
type question struct {
	theirs, nothing string // paths
	foreign         string // the id
	inBody          bool
}

func (q question) body(id string) string {
	if !q.inBody {
		return "{}"
	}
	return `{"name":"x","config":{},"provider":"openai","key":"k","workspace_id":"` + id + `","user_id":"` + id + `","users":[{"id":"` + id + `","role":"member"}]}`
}

// questions puts each foreign id into each place of a route that takes one.
func (h *house) questions(route admin.Route, mine, theirs estate, nothing string) []question {
	pattern := "/v1" + route.Pattern
	at := parameter.FindAllString(route.Pattern, -1)
	fill := func(name, id string) string {
		path := pattern
		for _, p := range at {
			switch {
			case p == name:
				path = strings.Replace(path, p, id, 1)
			case p == "{ref}" && strings.HasPrefix(route.Pattern, "/admin/workspaces/"):
				path = strings.Replace(path, p, mine.workspace[0], 1)
			default:
				path = strings.Replace(path, p, nothing, 1)
			}
		}
		return path
	}
	var all []question
	for _, name := range at {
		for _, id := range slices.Concat(theirs.workspace, theirs.ids) {
			all = append(all, question{fill(name, id), fill(name, nothing), id, false})
		}
	}
	plain := fill("", "")
	for _, id := range theirs.workspace {
		all = append(all, question{plain + "?workspace_id=" + id, plain + "?workspace_id=" + nothing, id, false})
	}
	if route.Method != http.MethodGet {
		for _, id := range slices.Concat(theirs.workspace, theirs.ids) {
			if id == theirs.user && strings.HasSuffix(route.Pattern, "{ref}/users") {
				continue // who leads a workspace may let in anybody of the organisation
			}
			all = append(all, question{plain, plain, id, true})
		}
	}
	return all
}

// varies reports whether two answers of a route that both are successes may
// differ: a new thing has a new id, and analytics reach up to now.
func varies(route admin.Route) bool {
	return route.Method != http.MethodGet || strings.HasPrefix(route.Pattern, "/analytics/")
}

// plainly takes out of an answer what repeats the question.
func plainly(body, id, nothing string) string { return strings.ReplaceAll(body, id, nothing) }

// foreignOrganisation puts a second tenant into the database, one of everything
// that has a store.
func (h *house) foreignOrganisation() estate {
	h.t.Helper()
	now := time.Now().Add(time.Hour)
	db, at, id := h.app.db, h.t.Context(), func(n int) string { return fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", n) }
	org := id(0)
	must(h.t, db.InsertOrganisation(at, control.Organisation{ID: org, Name: "abroad", DataKey: "x", CreatedAt: now}))
	must(h.t, db.InsertWorkspace(at, control.Workspace{ID: id(1), OrgID: org, Slug: "ws-abroad", Name: "abroad", CreatedAt: now}))
	must(h.t, db.InsertUser(at, control.User{ID: id(2), OrgID: org, Email: "abroad@example.com", Name: "abroad", Role: access.Member, CreatedAt: now}))
	must(h.t, db.InsertMember(at, control.Member{OrgID: org, WorkspaceID: id(1), UserID: id(2), Role: access.Admin, CreatedAt: now}))
	must(h.t, db.InsertInvite(at, control.Invite{ID: id(3), OrgID: org, Email: "next-abroad@example.com", Role: access.Member, Status: control.Pending, Digest: "abroad", ExpiresAt: now}))
	must(h.t, db.InsertAPIKey(at, control.APIKey{ID: id(4), OrgID: org, WorkspaceID: id(1), Type: access.WorkspaceService, Name: "abroad", Digest: "abroad"}))
	must(h.t, db.InsertAPIKey(at, control.APIKey{ID: id(5), OrgID: org, Type: access.OrgService, Name: "abroad", Digest: "abroad-2"}))
	must(h.t, db.InsertConfig(at, control.Config{ID: id(6), OrgID: org, WorkspaceID: id(1), Slug: "pc-abroad", Name: "abroad", VersionID: id(7)}))
	must(h.t, db.InsertVirtualKey(at, control.VirtualKey{ID: id(8), OrgID: org, WorkspaceID: id(1), Slug: "vk-abroad", Name: "abroad"}))
	must(h.t, db.InsertSavedFilter(at, control.SavedFilter{ID: id(9), OrgID: org, WorkspaceID: id(1), Name: "abroad", Shared: true, Filters: json.RawMessage("{}")}))
	must(h.t, db.InsertExport(at, control.Export{ID: id(10), OrgID: org, WorkspaceID: id(1), Description: "abroad", Filters: json.RawMessage("{}")}))
	e := estate{workspace: []string{id(1), "ws-abroad"}, ids: []string{"pc-abroad", "vk-abroad"}}
	for n := 2; n <= 10; n++ {
		e.ids = append(e.ids, id(n))
	}
	return e
}
