package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/test/upstream"
)

// secretsInUse are canaries: each goes into one place and may be found nowhere else.
var secretsInUse = map[string]string{
	"virtual key":          "canary-virtual-key-4f7a1c9e",
	"rotated virtual key":  "canary-rotated-key-0b6d2e8f",
	"virtual key's header": "canary-custom-header-91ce37aa",
	"entra secret":         "canary-entra-secret-5d0f8b21",
	"aws secret":           "canary-aws-secret-key-63e0b9d4",
	"aws session":          "canary-aws-session-8a2f71ce",
	"saved config":         "canary-config-key-e2c4a687",
	"inline config":        "canary-inline-key-7b3950fd",
	"Authorization":        "canary-authorization-c81d4e6f",
	"x-api-key":            "canary-x-api-key-2a9f0e7d",
	"admin key":            adminKey,
	"workspace key":        workspaceKey,
}

// A witness remembers everything that a server has answered.
type witness struct {
	*server
	heard []string
}

func (w *witness) ask(method, path, key string, body any, headers ...string) response {
	got := w.call(method, path, key, body, headers...)
	w.heard = append(w.heard, fmt.Sprintf("%s %s -> %d %v %s", method, path, got.Status, got.Header, got.Body))
	return got
}

// No secret is in any answer, in what the program prints, or in any file, after
// good and bad calls of every kind and after a crash.
func TestSecretsAreFoundNowhere(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	w := &witness{server: s}
	vk, azure, config := w.store(t)
	w.useAndFail(t, up, vk, azure, config)
	var key string
	if made := s.call("POST", "/v1/api-keys/workspace/service", adminKey, map[string]any{"name": "made"}); made.Status == 200 {
		key, _ = made.JSON(t)["key"].(string)
	}
	w.ask("POST", "/v1/chat/completions", key, chatBody("gpt-4o-mini", false), "X-Portkey-Virtual-Key", vk)
	w.readAll(t)
	s.kill()
	s.restart()
	w.readAll(t)
	s.kill()

	canaries := map[string]string{"a made key": key}
	for name, secret := range secretsInUse {
		canaries[name] = secret
	}
	printed := s.output.String()
	for name, secret := range canaries {
		if secret == "" {
			t.Fatalf("%s: there is no secret to look for", name)
		}
		for _, answer := range w.heard {
			if strings.Contains(answer, secret) {
				t.Errorf("%s is in an answer: %.2000s", name, answer)
			}
		}
		if strings.Contains(printed, secret) && name != "admin key" && name != "workspace key" { // given by the operator, shown in the first curl
			t.Errorf("%s was printed:\n%s", name, printed)
		}
	}
	for path, content := range filesOf(t, s.Data) {
		for name, secret := range canaries {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s is in %s", name, path)
			}
		}
	}
}

// store puts the canaries where secrets are kept.
func (w *witness) store(t *testing.T) (vk, azure, config string) {
	t.Helper()
	slug := func(got response) string {
		v, _ := got.JSON(t)["slug"].(string)
		if v == "" {
			t.Fatalf("not stored: %d: %s", got.Status, got.Body)
		}
		return v
	}
	vk = slug(w.ask("POST", "/v1/virtual-keys", adminKey, map[string]any{"name": "canary", "provider": "openai", "key": secretsInUse["virtual key"],
		"custom_headers": map[string]string{"X-Tenant-Secret": secretsInUse["virtual key's header"]}}))
	azure = slug(w.ask("POST", "/v1/virtual-keys", adminKey, map[string]any{"name": "azure", "provider": "azure-openai", "key": secretsInUse["virtual key"],
		"resource_name": "r", "deployment_name": "d", "api_version": "2024-10-21", "azure_entra_client_secret": secretsInUse["entra secret"]}))
	aws := slug(w.ask("POST", "/v1/virtual-keys", adminKey, map[string]any{"name": "aws", "provider": "bedrock", "aws_access_key_id": "AKIAEXAMPLE",
		"aws_secret_access_key": secretsInUse["aws secret"], "aws_session_token": secretsInUse["aws session"]}))
	for _, stream := range []bool{false, true} {
		w.ask("POST", "/v1/chat/completions", workspaceKey, chatBody("amazon.nova-lite-v1:0", stream), "X-Portkey-Virtual-Key", aws)
	}
	w.ask("POST", "/v1/chat/completions", workspaceKey, chatBody("amazon.nova-lite-v1:0", false), "X-Portkey-Provider", "bedrock",
		"X-Portkey-Aws-Access-Key-Id", "AKIA", "X-Portkey-Aws-Secret-Access-Key", secretsInUse["aws secret"], "X-Portkey-Aws-Session-Token", secretsInUse["aws session"])
	config = w.saveConfig("canary", `{"provider":"openai","api_key":"`+secretsInUse["saved config"]+`"}`)
	w.ask("PUT", "/v1/virtual-keys/"+azure, adminKey, map[string]any{"key": secretsInUse["rotated virtual key"]})
	w.ask("PUT", "/v1/configs/"+config, adminKey, `{"config":{"provider":"openai","retry":{"attempts":0},"api_key":"`+secretsInUse["saved config"]+`"}}`)
	w.ask("POST", "/v1/configs/check", adminKey, `{"config":{"provider":7,"api_key":"`+secretsInUse["saved config"]+`"}}`)
	w.ask("POST", "/v1/configs", adminKey, `{"name":"bad","config":{"provider":"openai","retry":"`+"x"+`","api_key":["`+secretsInUse["saved config"]+`"]}}`)
	w.ask("POST", "/v1/virtual-keys", adminKey, map[string]any{"name": "bad", "provider": "nope", "key": secretsInUse["virtual key"]})
	w.ask("POST", "/v1/virtual-keys", adminKey, map[string]any{"name": "bad", "provider": "openai", "key": map[string]string{"x": secretsInUse["virtual key"]}})
	return vk, azure, config
}

// useAndFail calls with every kind of credential, and has the provider answer in
// every bad way.
func (w *witness) useAndFail(t *testing.T, up *upstream.Server, vk, azure, config string) {
	t.Helper()
	broken := "{"
	steps := []upstream.Step{
		{}, {EchoKey: true}, {Status: 400}, {Status: 401}, {Status: 429, RetryAfter: "1"}, {Status: 500}, {HTML: true}, {HTML: true, Status: 503}, {Body: &broken},
		{Redirect: "canary"}, {ResetAt: upstream.At(-1)}, {CutAt: upstream.At(30)}, {ErrorAfter: upstream.At(0)}, {ErrorAfter: upstream.At(3)}, {HeaderBytes: 1 << 20},
	}
	ways := map[string][]string{
		"virtual key": {"X-Portkey-Virtual-Key", vk}, "saved config": {"X-Portkey-Config", config},
		"inline config": {"X-Portkey-Config", `{"provider":"openai","api_key":"` + secretsInUse["inline config"] + `"}`},
		"own key":       {"X-Portkey-Provider", "openai", "Authorization", "Bearer " + secretsInUse["Authorization"]},
		"own x-api-key": {"X-Portkey-Provider", "openai", "X-Api-Key", secretsInUse["x-api-key"]},
	}
	for i, step := range steps {
		for name, headers := range ways {
			for _, stream := range []bool{false, true} {
				script(t, up, "openai", step)
				got := w.ask("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", stream), headers...)
				if i == 0 && got.Status != 200 {
					t.Errorf("%s: a good call is answered %d: %s", name, got.Status, got.Body)
				}
			}
		}
	}
	w.ask("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), "X-Portkey-Virtual-Key", azure)
	w.ask("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), "X-Portkey-Config", `{"provider":"openai","api_key":"`+secretsInUse["inline config"]+`","retry":7}`)
	w.ask("POST", "/v1/chat/completions", workspaceKey, `{`, "X-Portkey-Provider", "openai", "Authorization", "Bearer "+secretsInUse["Authorization"])
	w.ask("POST", "/v1/chat/completions", "", chatBody("m", false), "Authorization", "Bearer "+secretsInUse["Authorization"])
	w.ask("POST", "/v1/chat/completions", adminKey, chatBody("m", false))
	for _, r := range up.Requests("openai") {
		if strings.Contains(fmt.Sprint(r.Header), secretsInUse["virtual key"]) {
			return
		}
	}
	t.Error("the provider never saw the stored secret: nothing was proved")
}

// readAll reads everything back that the API shows.
func (w *witness) readAll(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/v1/virtual-keys", "/v1/configs", "/v1/api-keys", "/v1/models"} {
		got := w.ask("GET", path, map[bool]string{true: workspaceKey, false: adminKey}[path == "/v1/models"], nil)
		list, _ := got.JSON(t)["data"].([]any)
		for _, item := range list {
			for _, name := range []string{"slug", "id"} {
				if ref, ok := item.(map[string]any)[name].(string); ok && path != "/v1/models" {
					w.ask("GET", path+"/"+ref, adminKey, nil)
					w.ask("GET", path+"/"+ref+"/versions", adminKey, nil)
				}
			}
		}
	}
	time.Sleep(300 * time.Millisecond) // for the readers of the journal
	rows := w.logs("", 100)
	for _, row := range rows {
		w.ask("GET", "/v1/logs/"+row["id"].(string), workspaceKey, nil)
	}
	w.ask("GET", "/v1/logs", workspaceKey, nil)
}

// filesOf reads every file below a folder.
func filesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[path], err = os.ReadFile(path)
		return err
	})
	if err != nil || len(all) < 5 {
		t.Fatalf("%d files of %s: %v", len(all), dir, err)
	}
	return all
}
