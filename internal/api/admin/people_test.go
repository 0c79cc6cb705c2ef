package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
	"github.com/tidwall/gjson"
)

// tokenOf is the token in an invite's link.
func tokenOf(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Path != "/console/invite" || u.Query().Get("token") == "" {
		t.Fatalf("link %q, %v", link, err)
	}
	return u.Query().Get("token")
}

// accept joins by a link; it returns the new user's id and session.
func (s *server) accept(link string) (string, *http.Cookie, answer) {
	s.t.Helper()
	a := s.send("", "POST", "/v1/console/invite", `{"token":"`+tokenOf(s.t, link)+`","name":"Grace Brewster Hopper","password":"a long password"}`, s.fromElsewhere()).
		is(201, "state", "signed_in")
	return a.get("user.id").String(), a.cookie(), a
}

// fromElsewhere makes a request come from an address of its own, so that the
// throttle of sign-ins is not in a test's way.
func (s *server) fromElsewhere() func(*http.Request) {
	s.guests++
	return func(r *http.Request) { r.RemoteAddr = fmt.Sprintf("198.51.100.%d:1", s.guests) }
}

// join makes a user: role in the organisation, and pairs of a workspace and the
// role there.
func (s *server) join(email string, role access.Role, pairs ...string) (string, *http.Cookie) {
	s.t.Helper()
	var workspaces []string
	for i := 0; i < len(pairs); i += 2 {
		workspaces = append(workspaces, `{"id":"`+pairs[i]+`","role":"`+pairs[i+1]+`"}`)
	}
	made := s.admin("POST", "/v1/admin/users/invites", `{"email":"`+email+`","role":"`+string(role)+`","workspaces":[`+strings.Join(workspaces, ",")+`]}`).is(200)
	id, cookie, _ := s.accept(made.get("invite_link").String())
	return id, cookie
}

func TestInvitations(t *testing.T) {
	s := newServer(t)
	ws := s.first.Workspace
	body := `{"email":" Grace@Example.com ","role":"member","workspaces":[{"id":"` + ws.Slug + `","role":"member"}],"workspace_api_key_details":{"scopes":["completions.write","logs.view"]}}`
	made := s.admin("POST", "/v1/admin/users/invites", body).is(200, "mail_sent", "false")
	id, link := made.get("id").String(), made.get("invite_link").String()
	if !strings.HasPrefix(link, "http://example.com/console/invite?token=") {
		t.Errorf("link %s", link)
	}
	one := "/v1/admin/users/invites/" + id
	s.admin("GET", one, "").is(200, "email", "grace@example.com", "role", "member", "status", "pending", "accepted_at", "", "workspaces.0.id", ws.ID)
	s.admin("GET", "/v1/admin/users/invites?status=pending&email=grace@example.com&pageSize=5", "").is(200, "total", "1", "data.0.id", id)
	s.admin("GET", "/v1/admin/users/invites?status=expired", "").is(200, "total", "0")
	s.admin("POST", "/v1/admin/users/invites", body).is(409, "error.param", "email")

	next := s.admin("POST", one+"/resend", "").is(200, "id", id).get("inviteLink").String()
	s.send("", "GET", "/v1/console/invite?token="+tokenOf(t, link), "").is(403)
	s.send("", "GET", "/v1/console/invite?token="+tokenOf(t, next), "").is(200, "email", "grace@example.com", "organisation", "My organisation")
	s.send("", "POST", "/v1/console/invite", `{"token":"`+tokenOf(t, next)+`","name":"Grace","password":"short"}`).is(400, "error.param", "password")
	s.send("", "POST", "/v1/console/invite", `{"token":"`+tokenOf(t, next)+`","name":"Grace","password":"a long password"}`, header("Origin", "https://evil.example")).is(403)

	user, cookie, joined := s.accept(next)
	key := joined.get("api_keys.0.key").String()
	joined.is(201, "user.role", "member", "workspace.id", ws.ID, "workspace_role", "member", "api_keys.#", "1", "api_keys.0.workspace_id", ws.ID)
	s.send(key, "GET", "/v1/configs", "").is(403) // it has the scopes of the invite, and works
	s.admin("GET", "/v1/api-keys/"+joined.get("api_keys.0.id").String(), "").is(200, "type", "workspace-user", "creation_mode", "auto", "user_id", user)
	s.send("", "GET", "/v1/configs", "", withCookie(cookie)).is(200)
	s.send("", "POST", "/v1/console/login", `{"email":"grace@example.com","password":"a long password"}`).is(200)
	s.send("", "POST", "/v1/console/invite", `{"token":"`+tokenOf(t, next)+`","name":"Eve","password":"a long password"}`).is(403)
	s.admin("GET", one, "").is(200, "status", "accepted")
	s.admin("POST", one+"/resend", "").is(409)
	s.admin("DELETE", one, "").is(409)
	s.admin("POST", "/v1/admin/users/invites", body).is(409, "error.param", "email")
	if files := s.files(); strings.Contains(files, tokenOf(t, next)) || strings.Contains(files, key[13:]) {
		t.Error("a link's token or a key's value is in the database")
	}
}

func TestInvitesEnd(t *testing.T) {
	s := newServer(t)
	invite := func(email string) answer {
		return s.admin("POST", "/v1/admin/users/invites", `{"email":"`+email+`","role":"member","workspaces":[]}`).is(200)
	}
	cancelled := invite("a@example.com")
	s.admin("DELETE", "/v1/admin/users/invites/"+cancelled.get("id").String(), `{}`).is(200)
	s.admin("GET", "/v1/admin/users/invites/"+cancelled.get("id").String(), "").is(200, "status", "cancelled")
	s.send("", "GET", "/v1/console/invite?token="+tokenOf(t, cancelled.get("invite_link").String()), "").is(403)
	invite("a@example.com") // the address is free again

	old := invite("b@example.com")
	s.wait(control.InviteLifetime)
	s.admin("GET", "/v1/admin/users/invites?status=expired", "").is(200, "total", "2")
	s.send("", "POST", "/v1/console/invite", `{"token":"`+tokenOf(t, old.get("invite_link").String())+`","name":"B","password":"a long password"}`).is(403)
	invite("b@example.com") // an expired one gives way

	// A key that is revoked leaves no door open.
	made := s.admin("POST", "/v1/api-keys/organisation/service", `{"name":"leaked"}`).is(200)
	door := s.send(made.get("key").String(), "POST", "/v1/admin/users/invites", `{"email":"eve@example.com","role":"admin"}`).is(200)
	s.admin("DELETE", "/v1/api-keys/"+made.get("id").String(), "").is(200)
	s.send("", "GET", "/v1/console/invite?token="+tokenOf(t, door.get("invite_link").String()), "").is(403)

	for body, param := range map[string]string{
		`{"email":"nobody","role":"member"}`:                                                                                     "email",
		`{"email":"c@example.com","role":"boss"}`:                                                                                "role",
		`{"email":"c@example.com","role":"owner"}`:                                                                               "role",
		`{"email":"c@example.com","workspaces":[{"id":"ws-none"}]}`:                                                              "workspaces[0].id",
		`{"email":"c@example.com","workspaces":[{}]}`:                                                                            "workspaces[0].id",
		`{"email":"c@example.com","workspaces":[{"id":"` + s.first.Workspace.ID + `","role":"owner"}]}`:                          "workspaces[0].role",
		`{"email":"c@example.com","workspace_api_key_details":{"scopes":["configs.crate"]}}`:                                     "scopes",
		`{"email":"c@example.com","workspaces":[{"id":"` + s.first.Workspace.ID + `"},{"id":"` + s.first.Workspace.Slug + `"}]}`: "workspaces[1].id",
	} {
		s.admin("POST", "/v1/admin/users/invites", body).is(400, "error.param", param)
	}
}

func TestWorkspacesLiveFromCreateToDelete(t *testing.T) {
	s := newServer(t)
	owner := s.setUp()
	made := s.send("", "POST", "/v1/admin/workspaces", `{"name":"Team B","icon":"🐝","defaults":{"metadata":{"team":"b"}}}`, withCookie(owner)).
		is(200, "name", "🐝 Team B", "icon", "🐝", "users.0.role", "admin", "users.0.email", ownerEmail)
	id, slug := made.get("id").String(), made.get("slug").String()
	one := "/v1/admin/workspaces/" + slug
	s.admin("GET", one+"?name_format=plain", "").is(200, "name", "Team B", "id", id)
	key := s.admin("POST", "/v1/api-keys/workspace/service", `{"name":"k","workspace_id":"`+id+`","scopes":["configs.list"]}`).is(200).get("key").String()
	config := s.admin("POST", "/v1/configs?workspace_id="+slug, `{"name":"c","config":{}}`).is(200)

	s.admin("PUT", one, `{"name":"Team C","description":"d","icon":null,"defaults":{"metadata":{"team":"c"},"user_api_key_config":"`+config.get("slug").String()+`"}}`).
		is(200, "name", "Team C", "description", "d", "icon", "", "slug", slug, "defaults.metadata.team", "c", "defaults.user_api_key_config", config.get("id").String())
	if k, ok := s.dir.Key(s.svc.Digest(key)); !ok || k.Metadata["team"] != "c" {
		t.Errorf("the workspace's keys do not carry its new metadata: %+v", k)
	}
	s.admin("PUT", one, `{}`).is(200, "name", "Team C", "defaults.metadata.team", "c")
	s.admin("DELETE", "/v1/configs/"+config.get("slug").String()+"?workspace_id="+slug, "").is(409)
	person, _ := s.join("u@example.com", access.Member, slug, "member")
	uk := s.admin("POST", "/v1/api-keys/workspace/user", `{"name":"u","workspace_id":"`+id+`","user_id":"`+person+`","scopes":["logs.view"]}`).is(200)
	s.admin("GET", "/v1/api-keys/"+uk.get("id").String(), "").is(200, "defaults.config_id", config.get("id").String())

	s.admin("DELETE", one, `{"name":"Team B"}`).is(400, "error.param", "name")
	s.admin("DELETE", one, `{"workspace_id":"`+slug+`"}`).is(409, "data.errorCode", "AB07")
	s.admin("DELETE", one, `{"force_delete":true}`).is(400, "error.param", "name")
	s.send(key, "GET", "/v1/configs", "").is(200)
	s.admin("DELETE", one, `{"name":"Team C","force_delete":true}`).is(200)
	s.send(key, "GET", "/v1/configs", "").is(401)
	s.send(uk.get("key").String(), "GET", "/v1/configs", "").is(401)
	s.admin("GET", one, "").is(404)
	s.admin("GET", "/v1/configs?workspace_id="+slug, "").is(403)
	s.admin("GET", "/v1/admin/workspaces?status=archived", "").is(200, "total", "1", "data.0.status", "archived")
	s.admin("GET", "/v1/admin/users/"+person, "").is(200, "workspace_ids", "[]")
	s.admin("DELETE", "/v1/admin/workspaces/"+s.first.Workspace.Slug, `{"name":"Shared Team Workspace","force_delete":true}`).is(409)
	empty := s.admin("POST", "/v1/admin/workspaces", `{"name":"Empty","users":["`+person+`"]}`).is(200, "users.0.id", person).get("slug").String()
	s.admin("DELETE", "/v1/admin/workspaces/"+empty, "").is(200)
	s.admin("POST", "/v1/admin/workspaces", `{"name":"n","usage_limits":[{"credit_limit":1}]}`).is(400)
	s.admin("POST", "/v1/admin/workspaces", `{"name":"n","users":["nobody"]}`).is(400, "error.param", "users[0]")
	s.admin("POST", "/v1/admin/workspaces", `{"name":"n","icon":"`+strings.Repeat("x", 40)+`"}`).is(400, "error.param", "icon")
}

func TestMembersAndTheirKeys(t *testing.T) {
	s := newServer(t)
	ws := s.first.Workspace
	all := "/v1/admin/workspaces/" + ws.Slug + "/users"
	user, cookie := s.join("g@example.com", access.Member)
	s.send("", "GET", "/v1/configs", "", withCookie(cookie)).is(403)
	s.send("", "GET", "/v1/console/session", "", withCookie(cookie)).is(200, "state", "signed_in", "scopes", "[]")
	s.admin("POST", "/v1/api-keys/workspace/user", `{"name":"u","user_id":"`+user+`"}`).is(400, "error.param", "user_id")

	s.admin("POST", all, `{"users":[{"id":"`+user+`","role":"manager"}]}`).is(200)
	s.admin("POST", all, `{"users":[{"id":"`+user+`","role":"manager"}]}`).is(409)
	s.admin("POST", all, `{"users":[{"id":"nobody","role":"manager"}]}`).is(400, "error.param", "users[0].id")
	s.admin("POST", all, `{"users":[]}`).is(400, "error.param", "users")
	s.admin("GET", all, "").is(200, "total", "1", "data.0.id", user, "data.0.role", "manager", "data.0.org_role", "member", "data.0.first_name", "Grace", "data.0.last_name", "Brewster Hopper")
	s.admin("GET", all+"?role=admin", "").is(200, "total", "0")
	s.admin("GET", all+"/"+user, "").is(200, "workspace_id", ws.ID)
	s.admin("GET", "/v1/admin/workspaces/"+ws.Slug, "").is(200, "users.0.id", user)

	// A manager makes a strong key, and keeps of it what a member may hold.
	made := s.send("", "POST", "/v1/api-keys/workspace/user", `{"name":"mine","scopes":["configs.create","configs.list"]}`, withCookie(cookie)).is(200)
	key := made.get("key").String()
	s.send(key, "POST", "/v1/configs", `{"name":"n","config":{}}`).is(200)
	s.admin("PUT", all+"/"+user, `{"user_id":"`+user+`","role":"member"}`).is(200)
	s.send(key, "POST", "/v1/configs", `{"name":"n","config":{}}`).is(403)
	s.send(key, "GET", "/v1/configs", "").is(200)
	s.send("", "POST", "/v1/configs", `{"name":"n","config":{}}`, withCookie(cookie)).is(403)

	// Of keys, a member sees and makes their own alone.
	other, _ := s.join("h@example.com", access.Member, ws.ID, "member")
	theirs := s.admin("POST", "/v1/api-keys/workspace/user", `{"name":"theirs","user_id":"`+other+`","scopes":["logs.view"]}`).is(200)
	s.send("", "GET", "/v1/api-keys", "", withCookie(cookie)).is(200, "total", "1", "data.0.name", "mine")
	for _, id := range []string{theirs.get("id").String(), "00000000-0000-4000-8000-000000000000"} {
		s.send("", "GET", "/v1/api-keys/"+id, "", withCookie(cookie)).is(404)
		s.send("", "DELETE", "/v1/api-keys/"+id, "", withCookie(cookie)).is(404)
	}
	s.send("", "POST", "/v1/api-keys/workspace/user", `{"name":"n","user_id":"`+other+`","scopes":["logs.view"]}`, withCookie(cookie)).is(403)
	s.send("", "POST", "/v1/api-keys/workspace/user", `{"name":"n","scopes":["configs.create"]}`, withCookie(cookie)).is(403)
	s.send("", "POST", "/v1/api-keys/workspace/service", `{"name":"n"}`, withCookie(cookie)).is(403)

	s.admin("DELETE", all+"/"+user, "").is(200)
	s.send(key, "GET", "/v1/configs", "").is(401)
	s.send("", "GET", "/v1/configs", "", withCookie(cookie)).is(403)
	s.send(theirs.get("key").String(), "GET", "/v1/configs", "").is(403) // it works, and may not do this
	s.admin("GET", all+"/"+user, "").is(404)
}

// A person acts in one workspace at a time, by their role there.
func TestSeveralWorkspaces(t *testing.T) {
	s := newServer(t)
	b := s.admin("POST", "/v1/admin/workspaces", `{"name":"B"}`).is(200).get("slug").String()
	c := s.admin("POST", "/v1/admin/workspaces", `{"name":"C"}`).is(200).get("slug").String()
	_, cookie := s.join("g@example.com", access.Member, s.first.Workspace.Slug, "member", b, "manager")
	send := func(method, path, body string) answer { return s.send("", method, path, body, withCookie(cookie)) }
	send("GET", "/v1/admin/workspaces", "").is(200, "total", "2")
	send("POST", "/v1/configs", `{"name":"n","config":{}}`).is(403)
	send("POST", "/v1/configs?workspace_id="+b, `{"name":"in b","config":{}}`).is(200)
	send("GET", "/v1/configs?workspace_id="+b, "").is(200, "total", "1")
	send("GET", "/v1/configs", "").is(200, "total", "0")
	send("PUT", "/v1/admin/workspaces/"+b, `{"description":"mine"}`).is(200)
	send("PUT", "/v1/admin/workspaces/"+s.first.Workspace.Slug, `{"description":"mine"}`).is(403)
	// What the body means and what the request was let in for must agree.
	send("POST", "/v1/api-keys/workspace/user", `{"name":"n","scopes":["logs.view"],"workspace_id":"`+b+`"}`).is(403, "error.param", "workspace_id")
	for _, ref := range []string{c, "ws-none"} {
		send("GET", "/v1/configs?workspace_id="+ref, "").is(403, "error.param", "workspace_id")
		send("GET", "/v1/admin/workspaces/"+ref, "").is(403)
	}
}

func TestNobodyRisesByTheirOwnHand(t *testing.T) {
	s := newServer(t)
	owner := s.setUp()
	ownerID := s.send("", "GET", "/v1/console/session", "", withCookie(owner)).get("user.id").String()
	admin, adminCookie := s.join("admin@example.com", access.Admin)
	member, memberCookie := s.join("member@example.com", access.Member, s.first.Workspace.ID, "member")
	manager, managerCookie := s.join("manager@example.com", access.Member, s.first.Workspace.ID, "manager")
	users, members := "/v1/admin/users/", "/v1/admin/workspaces/"+s.first.Workspace.Slug+"/users/"
	as := func(c *http.Cookie, method, path, body string) answer {
		return s.send("", method, path, body, withCookie(c))
	}

	for _, c := range []*http.Cookie{memberCookie, managerCookie} {
		for _, id := range []string{member, manager, admin} {
			as(c, "PUT", users+id, `{"role":"admin"}`).is(403)
			as(c, "DELETE", users+id, "").is(403)
		}
		as(c, "POST", "/v1/admin/users/invites", `{"email":"x@example.com","role":"member"}`).is(403)
	}
	as(memberCookie, "PUT", members+member, `{"role":"admin"}`).is(403)
	as(managerCookie, "PUT", members+member, `{"role":"manager"}`).is(200)
	as(managerCookie, "PUT", members+member, `{"role":"member"}`).is(200)
	as(managerCookie, "PUT", members+member, `{"role":"owner"}`).is(400)

	// An owner is beyond an admin and every key.
	as(adminCookie, "PUT", users+ownerID, `{"role":"member"}`).is(403)
	as(adminCookie, "DELETE", users+ownerID, "").is(403)
	as(adminCookie, "PUT", users+admin, `{"role":"owner"}`).is(403)
	s.admin("PUT", users+ownerID, `{"role":"member"}`).is(403)
	s.admin("PUT", users+ownerID, `{"name":"Eve"}`).is(403)
	s.admin("DELETE", users+ownerID, "").is(403)
	s.admin("PUT", users+member, `{"role":"owner"}`).is(403)

	// A key that only manages users gives out nothing else.
	weak := s.key(access.OrgService, "", "organisation_users.create", "organisation_users.update", "organisation_users.list", "workspace_users.create", "workspace_users.update")
	s.send(weak, "PUT", users+member, `{"role":"admin"}`).is(403, "error.param", "role")
	s.send(weak, "POST", "/v1/admin/users/invites", `{"email":"x@example.com","role":"admin"}`).is(403, "error.param", "role")
	s.send(weak, "POST", "/v1/admin/users/invites", `{"email":"x@example.com","role":"member","workspaces":[{"id":"`+s.first.Workspace.ID+`","role":"admin"}]}`).is(403, "error.param", "workspaces[0].role")
	s.send(weak, "PUT", members+member, `{"role":"manager"}`).is(403, "error.param", "role")
	s.send(weak, "POST", "/v1/admin/users/invites", `{"email":"y@example.com","role":"member","workspace_api_key_details":{"scopes":["configs.create"]}}`).is(403)
	strong := s.admin("POST", "/v1/admin/users/invites", `{"email":"z@example.com","role":"admin"}`).is(200).get("id").String()
	s.send(weak, "POST", "/v1/admin/users/invites/"+strong+"/resend", "").is(403)

	// The last owner stays; with two, one may go.
	as(owner, "PUT", users+ownerID, `{"role":"admin"}`).is(409)
	as(owner, "DELETE", users+ownerID, "").is(409)
	as(owner, "PUT", users+admin, `{"role":"owner"}`).is(200)
	as(owner, "PUT", users+ownerID, `{"role":"member"}`).is(200)
	as(owner, "GET", "/v1/admin/users", "").is(403)
	as(adminCookie, "GET", "/v1/admin/users?role=owner", "").is(200, "total", "1", "data.0.id", admin)
}

func TestADeletedUserIsGoneAtOnce(t *testing.T) {
	s := newServer(t)
	id, cookie := s.join("a@example.com", access.Admin)
	made := s.send("", "POST", "/v1/api-keys/workspace/user", `{"name":"mine","scopes":["configs.list"]}`, withCookie(cookie)).is(200)
	invite := s.send("", "POST", "/v1/admin/users/invites", `{"email":"friend@example.com","role":"admin"}`, withCookie(cookie)).is(200)
	s.send(made.get("key").String(), "GET", "/v1/configs", "").is(200)
	s.admin("GET", "/v1/admin/users?email=A@example.com", "").is(200, "total", "1", "data.0.role", "admin")

	s.admin("DELETE", "/v1/admin/users/"+id, `{"user_id":"`+id+`"}`).is(200)
	s.send("", "GET", "/v1/configs", "", withCookie(cookie)).is(401)
	s.send("", "GET", "/v1/console/session", "", withCookie(cookie)).is(200, "state", "setup")
	s.send(made.get("key").String(), "GET", "/v1/configs", "").is(401)
	s.send("", "POST", "/v1/console/login", `{"email":"a@example.com","password":"a long password"}`).is(401)
	s.admin("GET", "/v1/admin/users/invites/"+invite.get("id").String(), "").is(200, "status", "cancelled")
	s.admin("GET", "/v1/admin/users/"+id, "").is(404, "data.errorCode", "AB08")
	s.admin("DELETE", "/v1/admin/users/"+id, "").is(404)
	s.join("a@example.com", access.Member) // the address may come back
}

func TestAnAdminWhoStepsDownKeepsTheirWorkspaces(t *testing.T) {
	s := newServer(t)
	b := s.admin("POST", "/v1/admin/workspaces", `{"name":"B"}`).is(200).get("slug").String()
	id, cookie := s.join("a@example.com", access.Admin, s.first.Workspace.ID, "member")
	key := func(workspace string) string {
		return s.send("", "POST", "/v1/api-keys/workspace/user?workspace_id="+workspace, `{"name":"k","scopes":["configs.create","configs.list"]}`, withCookie(cookie)).is(200).get("key").String()
	}
	here, there := key(s.first.Workspace.Slug), key(b)
	member := "/v1/admin/workspaces/" + s.first.Workspace.ID + "/users/" + id
	s.admin("GET", member, "").is(200, "role", "admin", "org_role", "admin")
	s.admin("PUT", member, `{"role":"member"}`).is(409)
	s.admin("PUT", "/v1/admin/users/"+id, `{"role":"member"}`).is(200)
	s.admin("GET", member, "").is(200, "role", "member", "org_role", "member")
	s.send(there, "GET", "/v1/configs", "").is(401)
	s.send(here, "GET", "/v1/configs", "").is(200)
	s.send(here, "POST", "/v1/configs", `{"name":"n","config":{}}`).is(403)
	scopes := s.send("", "GET", "/v1/console/session", "", withCookie(cookie)).is(200, "workspace_role", "member").get("scopes")
	if slices.ContainsFunc(scopes.Array(), func(v gjson.Result) bool { return v.String() == "configs.create" }) {
		t.Error("a member may create configs")
	}
}
