package admin

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/access"
)

func TestARouteWithoutAPolicyDoesNotStart(t *testing.T) {
	handle := func(*http.Request, access.Principal) (any, error) { return object{}, nil }
	for name, bad := range map[string]Route{
		"neither": {Method: "GET", Pattern: "/x", Handle: handle},
		"both":    {Method: "GET", Pattern: "/x", Handle: handle, Open: true, Scopes: []access.Scope{access.LogsView}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: it starts", name)
				}
			}()
			New(Deps{}, bad)
		}()
	}
}

func TestRoutesFromOutsideAreUnderTheSamePolicy(t *testing.T) {
	s := newServer(t, Route{Method: "GET", Pattern: "/extra", Scopes: []access.Scope{access.Analytics},
		Handle: func(_ *http.Request, p access.Principal) (any, error) { return object{"workspace": p.WorkspaceID}, nil }})
	s.send(workspaceKey, "GET", "/v1/extra", "").is(200, "workspace", s.first.Workspace.ID)
	s.send(s.key(access.WorkspaceService, "", access.LogsView), "GET", "/v1/extra", "").is(403, "data.errorCode", "AB03")
	s.send("", "GET", "/v2/extra", "").is(401)
}

// Each route lets in who holds one of its scopes, and nobody who holds all the
// others.
func TestRouteScopeMatrix(t *testing.T) {
	s := newServer(t)
	path := regexp.MustCompile(`\{\w+\}`)
	for _, route := range s.api.Routes() {
		target := "/v1" + path.ReplaceAllString(route.Pattern, "none")
		call := func(p []access.Scope, typ access.KeyType) int {
			key := s.key(typ, "", p...)
			return s.send(key, route.Method, target, `{}`).Code
		}
		if route.Open {
			if code := s.send("", route.Method, target, `{}`).Code; code == http.StatusUnauthorized && !strings.HasSuffix(target, "login") {
				t.Errorf("%s %s is open and answers %d", route.Method, target, code)
			}
			continue
		}
		if code := s.send("", route.Method, target, `{}`).Code; code != http.StatusUnauthorized {
			t.Errorf("%s %s without a key: %d", route.Method, target, code)
		}
		for _, typ := range []access.KeyType{access.OrgService, access.WorkspaceService} {
			others := slices.DeleteFunc(typ.Scopes(), func(sc access.Scope) bool { return slices.Contains(route.Scopes, sc) })
			if code := call(others, typ); code != http.StatusForbidden {
				t.Errorf("%s %s by a %s key with every other scope: %d", route.Method, target, typ, code)
			}
			for _, sc := range route.Scopes {
				if !typ.MayHold(sc) {
					continue
				}
				if code := call([]access.Scope{sc}, typ); code == http.StatusForbidden || code == http.StatusUnauthorized || code >= 500 {
					t.Errorf("%s %s by a %s key with %s: %d", route.Method, target, typ, sc, code)
				}
			}
		}
	}
}
