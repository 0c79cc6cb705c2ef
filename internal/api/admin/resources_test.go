package admin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/access"
)

// The bodies are those that Portkey's Node and Python SDKs, its Terraform
// provider and curl users send.
func TestConfigRequestsOfRealClients(t *testing.T) {
	s := newServer(t)
	made := s.admin("POST", "/v1/configs", `{"name":"first one","config":{"retry":{"attempts":3}},"is_default":1,"workspace_id":"`+s.first.Workspace.Slug+`"}`).
		is(200, "success", "true", "object", "config")
	slug, id, version := made.get("slug").String(), made.get("id").String(), made.get("version_id").String()
	if made.get("data.version_id").String() != version || made.get("data.id").String() != id {
		t.Errorf("create: %s", made.Body)
	}
	s.admin("GET", "/v1/configs?", "").is(200, "object", "list", "success", "true", "total", "1", "data.0.slug", slug, "data.0.is_default", "1",
		"data.0.object", "config", "data.0.status", "active", "data.0.workspace_id", s.first.Workspace.ID, "data.0.organisation_id", s.svc.Organisation().ID)
	for _, ref := range []string{slug, id} {
		s.admin("GET", "/v2/configs/"+ref, "").is(200, "config", `{"retry":{"attempts":3}}`, "format", "json", "type", "ORG_CONFIG",
			"version_id", version, "data.config.retry.attempts", "3")
	}
	// Node leaves the slug in the body; Terraform sends the config as text.
	next := s.admin("PUT", "/v1/configs/"+slug, `{"slug":"`+slug+`","name":"renamed","config":"{\"retry\":{\"attempts\":5}}","status":"active"}`).is(200)
	if next.get("data.version_id").String() == version {
		t.Error("no new version")
	}
	s.admin("GET", "/v1/configs/"+slug+"/versions?page_size=1", "").is(200, "total", "2", "data.0.config", `{"retry":{"attempts":5}}`, "data.0.name", "renamed").absent("data.1")
}

func (a answer) absent(path string) answer {
	a.t.Helper()
	if a.get(path).Exists() {
		a.t.Errorf("%s is in %s", path, a.Body)
	}
	return a
}

func TestSecretsOfConfigsAreNeverAnswered(t *testing.T) {
	s := newServer(t)
	slug := s.admin("POST", "/v1/configs", `{"name":"n","config":{"provider":"plain-llm","api_key":"sk-canary-1234567890"}}`).is(200).get("slug").String()
	masked := s.admin("GET", "/v1/configs/"+slug, "").is(200, "data.config.api_key", "sk********890").get("config").String()
	s.admin("PUT", "/v1/configs/"+slug, `{"config":`+masked+`,"name":"renamed"}`).is(200)
	s.admin("PUT", "/v1/configs/"+slug, `{"config":`+strings.Replace(masked, "plain", "other", 1)+`}`).is(400, "error.param", "config.api_key")
	s.admin("PUT", "/v1/configs/"+slug, `{"config":{"provider":"plain-llm","api_key":"sk-canary-0987654321","bad":1}}`).is(400)
	s.admin("GET", "/v1/configs/"+slug+"/versions", "").is(200, "total", "1")
	s.admin("GET", "/v1/configs", "").is(200)
	if strings.Contains(s.seen.String(), "canary") || strings.Contains(s.files(), "canary") {
		t.Error("a secret is in an answer or in the database")
	}
}

func TestConfigCheckAndSchema(t *testing.T) {
	s := newServer(t)
	s.admin("POST", "/v1/configs/check", `{"config":{}}`).is(200, "valid", "true", "problems.#", "0")
	s.admin("POST", "/v1/configs/check", `{"config":{"bad":1}}`).is(200, "valid", "false", "problems.0.path", "config.bad", "problems.0.message", "unknown field")
	s.admin("POST", "/v1/configs/check", `{}`).is(400, "error.param", "config")
	s.admin("GET", "/v1/configs/schema", "").is(200, "type", "object")
	s.admin("POST", "/v1/configs", `{"name":"n","config":{"bad":1}}`).is(400, "problems.0.path", "config.bad", "data.errorCode", "AB01")
}

func TestVirtualKeyRequestsOfRealClients(t *testing.T) {
	for name, body := range map[string]string{
		"node":   `{"name":"n","provider":"cloud-llm","key":"sk-canary-1234567890","note":"x","resource_name":"res","deployment_config":[{"apiVersion":"2024-10-21","deploymentName":"d1","alias":"gpt","is_default":true},{"apiVersion":"v2","deploymentName":"d2"}]}`,
		"python": `{"name":"n","provider":"cloud-llm","key":"sk-canary-1234567890","note":"x","resourceName":"res","deploymentConfig":[{"apiVersion":"2024-10-21","deploymentName":"d1","alias":"gpt","is_default":true},{"apiVersion":"v2","deploymentName":"d2"}],"usage_limits":null,"rate_limits":[]}`,
		"header": `{"name":"n","provider":"cloud-llm","key":"sk-canary-1234567890","note":"x","cloudResourceName":"res","deployment_config":[{"api_version":"2024-10-21","deployment_name":"d1","alias":"gpt","isDefault":1,"is_default":1},{"api_version":"v2","deployment_name":"d2"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			made := s.admin("POST", "/v1/virtual-keys", body).is(200, "success", "true", "object", "virtual-key")
			slug := made.get("slug").String()
			if made.get("data.slug").String() != slug || !strings.HasPrefix(slug, "n-") {
				t.Errorf("create: %s", made.Body)
			}
			s.admin("GET", "/v1/virtual-keys/"+slug, "").is(200, "key", "", "masked_api_key", "sk********890", "ai_provider_name", "cloud-llm", "note", "x",
				"status", "active", "model_config.resource_name", "res", "model_config.deploymentConfig.0.deploymentName", "d1",
				"model_config.deploymentConfig.0.apiVersion", "2024-10-21", "model_config.deploymentConfig.0.is_default", "true")
			s.admin("GET", "/v1/virtual-keys?page_size=10&current_page=0", "").is(200, "total", "1", "data.0.provider", "cloud-llm",
				"data.0.workspace_name", "Shared Team Workspace", "data.0.slug", slug)
			i, ok := s.dir.Integration(s.first.Workspace.ID, slug)
			if !ok || i.Key.Reveal() != "sk-canary-1234567890" || i.Fields["resource_name"] != "res" || len(i.Deployments) != 2 || !i.Deployments[0].IsDefault {
				t.Errorf("the data plane sees %+v", i)
			}
			// What a read answers, sent back with a new note, changes nothing else.
			s.admin("PUT", "/v1/virtual-keys/"+slug, `{"slug":"`+slug+`","key":"","name":"n","note":"y","provider":"cloud-llm"}`).is(200, "status", "active")
			s.admin("PUT", "/v1/virtual-keys/"+slug, `{"key":"sk-canary-rotated-9"}`).is(200)
			if i, _ := s.dir.Integration(s.first.Workspace.ID, slug); i.Key.Reveal() != "sk-canary-rotated-9" {
				t.Error("the new secret is not in use")
			}
			s.admin("DELETE", "/v1/virtual-keys/"+slug, "").is(200)
			s.admin("GET", "/v1/virtual-keys/"+slug, "").is(404, "data.errorCode", "AB08")
			if strings.Contains(s.files(), "canary") || strings.Contains(s.seen.String(), "canary") {
				t.Error("a secret is in the database or in an answer")
			}
		})
	}
}

func TestAPIKeyRequestsOfRealClients(t *testing.T) {
	s := newServer(t)
	config := s.admin("POST", "/v1/configs", `{"name":"c","config":{}}`).is(200)
	made := s.admin("POST", "/v1/api-keys/workspace/service", `{"type":"workspace","sub-type":"service","name":"n","description":"d","workspace_id":"`+s.first.Workspace.ID+`",
		"scopes":["completions.write","configs.list"],"defaults":{"metadata":{"team":"x"},"config_id":"`+config.get("slug").String()+`","allow_config_override":false},"rate_limits":[],"usage_limits":null,"alert_emails":[]}`).
		is(200, "object", "api-key")
	id, key := made.get("id").String(), made.get("key").String()
	s.send(key, "GET", "/v1/configs", "").is(200)
	s.admin("GET", "/v1/api-keys/"+id, "").is(200, "type", "workspace-service", "status", "active", "creation_mode", "api", "scopes.#", "2",
		"defaults.metadata.team", "x", "defaults.config_id", config.get("id").String(), "defaults.allow_config_override", "false", "allow_config_override", "0",
		"key", key[:2]+"*****"+key[len(key)-3:], "description", "d")
	s.admin("PUT", "/v1/api-keys/"+id, `{"id":"`+id+`","name":"renamed","defaults":{"config_id":null}}`).is(200)
	s.admin("GET", "/v1/api-keys/"+id, "").is(200, "name", "renamed", "defaults.config_id", "", "defaults.metadata.team", "x")
	s.admin("GET", "/v1/api-keys?ids="+id+"&workspace_id="+s.first.Workspace.Slug, "").is(200, "total", "1", "data.0.id", id)
	s.admin("DELETE", "/v1/api-keys/"+id, `{"id":"`+id+`"}`).is(200)
	s.send(key, "GET", "/v1/configs", "").is(401)
	if strings.Contains(s.files(), key[13:]) {
		t.Error("the value of a key is in the database")
	}

	org := s.admin("POST", "/v1/api-keys/organisation/service", `{"name":"o","scopes":["workspaces.list"]}`).is(200).get("key").String()
	s.send(org, "GET", "/v1/admin/workspaces", "").is(200, "total", "1")
	s.admin("POST", "/v1/api-keys/organisation/user", `{"name":"o"}`).is(404)
}

func TestWorkspaceRequests(t *testing.T) {
	s := newServer(t)
	made := s.admin("POST", "/v1/admin/workspaces", `{"name":"Team B","description":"d","defaults":{"metadata":{"k":"v"}}}`).is(200, "object", "workspace", "is_default", "0")
	for _, ref := range []string{made.get("id").String(), made.get("slug").String()} {
		s.admin("GET", "/v1/admin/workspaces/"+ref, "").is(200, "name", "Team B", "defaults.metadata.k", "v")
	}
	s.admin("GET", "/v1/admin/workspaces?exact_name=Team%20B", "").is(200, "total", "1")
	s.admin("GET", "/v1/admin/workspaces?name=eam&pageSize=1&currentPage=1", "").is(200, "total", "2", "data.#", "1")
	s.admin("GET", "/v1/admin/workspaces/ws-none", "").is(404, "data.errorCode", "AB08")
	s.admin("GET", "/v1/configs?workspace_id=ws-none", "").is(403, "data.errorCode", "AB03")
}

// Two workspaces: whatever a key of one asks about the other is answered as if
// it did not exist.
func TestWorkspacesDoNotSeeEachOther(t *testing.T) {
	s := newServer(t)
	b := s.admin("POST", "/v1/admin/workspaces", `{"name":"B"}`).is(200).get("id").String()
	config := s.admin("POST", "/v1/configs", `{"name":"c","config":{},"workspace_id":"`+b+`"}`).is(200)
	vk := s.admin("POST", "/v1/virtual-keys", `{"name":"v","slug":"secret-vk","provider":"plain-llm","key":"k","workspace_id":"`+b+`"}`).is(200)
	apiKey := s.admin("POST", "/v1/api-keys/workspace/service", `{"name":"k","workspace_id":"`+b+`"}`).is(200).get("id").String()
	key := s.key(access.WorkspaceService, "", access.WorkspaceService.Scopes()...)

	foreign := map[string][2]string{
		"/configs/%s":          {config.get("id").String(), config.get("slug").String()},
		"/configs/%s/versions": {config.get("id").String(), config.get("slug").String()},
		"/virtual-keys/%s":     {vk.get("id").String(), "secret-vk"},
		"/api-keys/%s":         {apiKey, apiKey},
		"/api-keys/%s/rotate":  {apiKey, apiKey},
		"/admin/workspaces/%s": {b, b},
	}
	for pattern, ids := range foreign {
		for _, method := range []string{"GET", "PUT", "DELETE", "POST"} {
			for _, query := range []string{"", "?workspace_id=" + b} {
				unknown := s.send(key, method, "/v1"+fmt.Sprintf(pattern, "11111111-1111-4111-8111-111111111111")+query, `{}`)
				for _, id := range ids {
					got := s.send(key, method, "/v1"+fmt.Sprintf(pattern, id)+query, `{"workspace_id":"`+b+`"}`)
					if got.Code != unknown.Code || got.Code < 400 || got.Code != 405 && got.Body.String() != unknown.Body.String() {
						t.Errorf("%s %s%s: %d %s, unknown: %d %s", method, pattern, query, got.Code, got.Body, unknown.Code, unknown.Body)
					}
				}
			}
		}
	}
	for _, path := range []string{"/v1/configs", "/v1/virtual-keys"} {
		s.send(key, "GET", path+"?workspace_id="+b, "").is(200, "total", "0")
	}
	s.send(key, "GET", "/v1/admin/workspaces", "").is(200, "total", "1", "data.0.id", s.first.Workspace.ID)
	// A workspace key is locked to its own, whatever the body says.
	s.send(key, "POST", "/v1/configs", `{"name":"mine","config":{},"workspace_id":"`+b+`"}`).is(200)
	s.admin("GET", "/v1/configs", "").is(200, "total", "1", "data.0.name", "mine")
}

func TestBadInput(t *testing.T) {
	s := newServer(t)
	deep := strings.Repeat("[", 1001) + strings.Repeat("]", 1001)
	tests := []struct{ name, method, path, body, param, word string }{
		{"no JSON", "POST", "/v1/configs", `{"name"`, "", "JSON"},
		{"no object", "POST", "/v1/configs", `[]`, "", "object"},
		{"empty", "POST", "/v1/configs", ``, "", "JSON"},
		{"deep", "POST", "/v1/configs", `{"name":"n","config":` + deep + `}`, "", "deeper"},
		{"deep in text", "POST", "/v1/configs", `{"name":"n","config":"` + deep + `"}`, "config", "config must be"},
		{"a name twice", "POST", "/v1/virtual-keys", `{"key":"a","key":"b"}`, "key", "twice"},
		{"a nested name in two spellings", "POST", "/v1/virtual-keys", `{"name":"n","provider":"plain-llm","key":"k","deployment_config":[{"apiVersion":"1","api_version":"2"}]}`, "deployment_config[0]", "twice"},
		{"a name in two spellings", "POST", "/v1/virtual-keys", `{"customHost":"a","custom_host":"b"}`, "custom_host", "twice"},
		{"a number as name", "POST", "/v1/configs", `{"name":1,"config":{}}`, "name", "string"},
		{"a number as key", "POST", "/v1/virtual-keys", `{"name":"n","provider":"plain-llm","key":1}`, "key", "string"},
		{"an unknown provider", "POST", "/v1/virtual-keys", `{"name":"n","provider":"plain","key":"k"}`, "provider", "plain-llm"},
		{"a budget", "POST", "/v1/virtual-keys", `{"name":"n","provider":"plain-llm","key":"k","usage_limits":{"credit_limit":1}}`, "usage_limits", "not available"},
		{"scopes that are no list", "POST", "/v1/api-keys/workspace/service", `{"name":"n","scopes":"all"}`, "scopes", "array"},
		{"metadata that is no text", "POST", "/v1/api-keys/workspace/service", `{"name":"n","defaults":{"metadata":{"a":1}}}`, "defaults.metadata", "strings"},
		{"a flag that is none", "POST", "/v1/api-keys/workspace/service", `{"name":"n","allow_config_override":"yes"}`, "allow_config_override", "true or false"},
		{"a time that is none", "POST", "/v1/api-keys/workspace/service", `{"name":"n","expires_at":"soon"}`, "expires_at", "time"},
		{"a config that is none", "POST", "/v1/configs", `{"name":"n","config":"{"}`, "config", "JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := s.admin(tt.method, tt.path, tt.body).is(400, "success", "false", "status", "failure", "data.errorCode", "AB01")
			if p := a.get("error.param").String(); p != tt.param || !strings.Contains(a.get("message").String(), tt.word) {
				t.Errorf("param %q, want %q with %q in %s", p, tt.param, tt.word, a.Body)
			}
		})
	}
	s.admin("POST", "/v1/configs", `{"name":"`+strings.Repeat("x", 1<<20)+`"}`).is(413)
	s.admin("POST", "/v1/configs", `{"name":1,"config":{},"is_default":"no"}`).is(400, "problems.#", "2", "problems.1.path", "is_default")
	s.admin("PATCH", "/v1/configs", "").is(405)
	s.admin("GET", "/v1/nothing", "").is(404, "data.errorCode", "AB08")
}

func TestLoggingSettings(t *testing.T) {
	s := newServer(t)
	s.admin("GET", "/v1/admin/organisation/logging", "").is(200, "request_logging", "full", "enforce_debug_log_setting", "false", "redactions", "[]", "last_updated_at", "")
	rules := `[{"name":"email","pattern":"[a-z]+@[a-z.]+"},{"name":"names","path":"..name","replacement":"x"}]`
	s.admin("PUT", "/v1/admin/organisation/logging", `{"request_logging":"metrics_only","enforceDebugLogSetting":true,"redactions":`+rules+`}`).is(200, "request_logging", "metrics_only", "redactions.1.path", "..name")
	s.admin("PUT", "/v1/admin/organisation/logging", `{"request_logging":"full"}`).is(200, "request_logging", "full", "enforce_debug_log_setting", "true", "redactions.#", "2")
	if got := string(s.dir.Logging().Redactor.Body([]byte(`{"name":"ann","text":"to ann@acme.example"}`))); got != `{"name":"x","text":"to [redacted]"}` {
		t.Errorf("the data plane redacts to %s", got)
	}
	for body, param := range map[string]string{
		`{"request_logging":"some"}`: "request_logging", `{"redactions":[{"pattern":"("}]}`: "redactions", `{"redactions":[{"name":"x"}]}`: "redactions", `{"redactions":{}}`: "redactions",
		`{"redactions":[{"path":"a..b..c..d"}]}`: "redactions", `{"enforce_debug_log_setting":"x"}`: "enforce_debug_log_setting",
	} {
		s.admin("PUT", "/v1/admin/organisation/logging", body).is(400, "error.param", param)
	}
	s.admin("GET", "/v1/admin/organisation/logging", "").is(200, "redactions.#", "2")
	s.send(workspaceKey, "GET", "/v1/admin/organisation/logging", "").is(403)
}
