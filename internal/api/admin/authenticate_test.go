package admin

import (
	"net/http"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
)

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func TestWhereAKeyMayBe(t *testing.T) {
	s := newServer(t)
	tests := []struct {
		name    string
		headers [][2]string
		status  int
	}{
		{"x-portkey-api-key", [][2]string{{"x-portkey-api-key", adminKey}}, 200},
		{"bearer", [][2]string{{"Authorization", "Bearer " + adminKey}}, 200},
		{"bearer in small letters", [][2]string{{"Authorization", "bearer " + adminKey}}, 200},
		{"both the same", [][2]string{{"x-portkey-api-key", adminKey}, {"Authorization", "Bearer " + adminKey}}, 200},
		{"a provider's key beside ours", [][2]string{{"x-portkey-api-key", adminKey}, {"Authorization", "Bearer sk-of-a-provider"}}, 200},
		{"two of ours", [][2]string{{"x-portkey-api-key", adminKey}, {"Authorization", "Bearer " + workspaceKey}}, 400},
		{"one header twice", [][2]string{{"x-portkey-api-key", adminKey}, {"x-portkey-api-key", workspaceKey}}, 400},
		{"an unknown key does not fall through to bearer", [][2]string{{"x-portkey-api-key", "sk-wrong"}, {"Authorization", "Bearer sk-of-a-provider"}}, 401},
		{"basic", [][2]string{{"Authorization", "Basic " + adminKey}}, 401},
		{"malformed", [][2]string{{"x-portkey-api-key", "ptk_"}}, 401},
		{"none", nil, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var set []func(*http.Request)
			for _, h := range tt.headers {
				set = append(set, header(h[0], h[1]))
			}
			a := s.send("", "GET", "/v1/configs", "", set...)
			if a.Code != tt.status {
				t.Errorf("status %d, want %d: %s", a.Code, tt.status, a.Body)
			}
			if tt.status == 401 {
				a.is(401, "status", "failure", "message", "Portkey Error: Invalid API Key. Error Code: 03", "success", "false",
					"data.errorCode", "AB05", "error.code", "AB05", "error.type", "authentication_error")
			}
		})
	}
}

func TestAnExpiredKeyIsRefused(t *testing.T) {
	s := newServer(t)
	expires := s.now().Add(time.Hour).UTC().Format(time.RFC3339)
	key := s.admin("POST", "/v1/api-keys/workspace/service", `{"name":"n","scopes":["configs.list"],"expires_at":"`+expires+`"}`).is(200).get("key").String()
	s.send(key, "GET", "/v1/configs", "").is(200)
	s.wait(time.Hour)
	s.send(key, "GET", "/v1/configs", "").is(401, "data.errorCode", "AB05")
}

func TestRotationOverHTTP(t *testing.T) {
	s := newServer(t)
	made := s.admin("POST", "/v1/api-keys/workspace/service", `{"name":"n","scopes":["configs.list"]}`).is(200)
	old, id := made.get("key").String(), made.get("id").String()
	s.admin("POST", "/v1/api-keys/"+id+"/rotate", `{"key_transition_period_ms":1000}`).is(400, "error.param", "key_transition_period_ms")
	next := s.admin("POST", "/v1/api-keys/"+id+"/rotate", "").is(200, "id", id).get("key").String()
	s.admin("POST", "/v1/api-keys/"+id+"/rotate", `{}`).is(409, "data.errorCode", "AB07")
	for _, key := range []string{old, next} {
		s.send(key, "GET", "/v1/configs", "").is(200)
	}
	s.wait(control.MinTransition)
	s.send(old, "GET", "/v1/configs", "").is(401)
	s.send(next, "GET", "/v1/configs", "").is(200)
}

func TestTheDataPlaneLearnsWhoAsks(t *testing.T) {
	s := newServer(t)
	r, _ := http.NewRequest("POST", "/v1/chat/completions", nil)
	r.Header.Set("Authorization", "Bearer "+workspaceKey)
	p, k, err := s.api.auth.Authenticate(r)
	if err != nil || k == nil || p.WorkspaceID != s.first.Workspace.ID || !p.May(access.Completions) || p.KeyID != k.ID {
		t.Errorf("%+v %+v %v", p, k, err)
	}
}
