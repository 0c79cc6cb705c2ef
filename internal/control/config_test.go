package control_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
)

func TestConfigsAndTheirVersions(t *testing.T) {
	w := newWorld(t)
	c, err := w.CreateConfig(ctx, w.admin, control.ConfigInput{Name: ptr("Censor Me!"), Body: []byte(`{"retry": {"attempts": 3}, "n": 12345678901234567890}`)})
	must(t, err)
	if !regexp.MustCompile(`^pc-censor-[0-9a-f]{6}$`).MatchString(c.Slug) {
		t.Errorf("slug %s", c.Slug)
	}
	ws := w.first.Workspace.ID
	if got, ok := w.dir.Config(ws, c.Slug); !ok || got.VersionID != c.VersionID || got.Config == nil {
		t.Fatalf("published: %+v", got)
	}
	d, err := w.Config(ctx, w.admin, "", c.Slug)
	must(t, err)
	if d.Version.Body != `{"retry":{"attempts":3},"n":12345678901234567890}` {
		t.Errorf("body %s", d.Version.Body)
	}
	renamed, err := w.UpdateConfig(ctx, w.admin, c.ID, control.ConfigInput{Name: ptr("renamed")})
	must(t, err)
	if renamed.VersionID != c.VersionID || renamed.Name != "renamed" {
		t.Errorf("a new name made a new version: %+v", renamed)
	}
	next, err := w.UpdateConfig(ctx, w.admin, c.Slug, control.ConfigInput{Body: []byte(`{"x":1}`), IsDefault: ptr(true)})
	must(t, err)
	if next.VersionID == c.VersionID {
		t.Error("a new body made no version")
	}
	if got, ok := w.dir.DefaultConfig(ws); !ok || got.VersionID != next.VersionID {
		t.Errorf("default: %+v", got)
	}
	versions, total, err := w.ConfigVersions(ctx, w.admin, "", c.Slug, control.Everything)
	must(t, err)
	if total != 2 || versions[0].Version.Number != 2 || versions[0].Version.Body != `{"x":1}` || versions[1].Version.ID != c.VersionID {
		t.Errorf("versions: %d %+v", total, versions)
	}
	second, err := w.CreateConfig(ctx, w.admin, control.ConfigInput{Name: ptr("second"), Body: []byte(`{}`), IsDefault: ptr(true)})
	must(t, err)
	if d, err := w.Config(ctx, w.admin, "", c.Slug); err != nil || d.Config.IsDefault {
		t.Errorf("two defaults: %+v %v", d.Config, err)
	}
	after := w.restart(t)
	if got, ok := after.dir.DefaultConfig(ws); !ok || got.ID != second.ID {
		t.Errorf("default after a restart: %+v", got)
	}
	must(t, after.DeleteConfig(ctx, after.admin, "", c.Slug))
	if _, ok := after.dir.Config(ws, c.Slug); ok {
		t.Error("a deleted config is known")
	}
	_, err = after.Config(ctx, after.admin, "", c.Slug)
	refused(t, "a deleted config", err, ai.NotFound, "not found")
}

func TestBadConfigs(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateConfig(ctx, w.admin, control.ConfigInput{Name: ptr("n"), Body: []byte(`{"bad":1}`)})
	refused(t, "a config with a fault", err, ai.Invalid, "config")
	if len(ai.AsError(err).Problems) == 0 {
		t.Error("the problems are lost")
	}
	_, err = w.CreateConfig(ctx, w.admin, control.ConfigInput{Name: ptr("n")})
	refused(t, "no config", err, ai.Invalid, "config is required")
	_, err = w.CreateConfig(ctx, w.member(access.ConfigsRead), control.ConfigInput{Name: ptr("n"), Body: []byte(`{}`)})
	refused(t, "without the scope", err, ai.Forbidden, "configs.create")
	c, err := w.CreateConfig(ctx, w.admin, control.ConfigInput{Name: ptr("n"), Body: []byte(`{}`)})
	must(t, err)
	w.createKey(t, control.APIKeyInput{Name: ptr("user of it"), ConfigRef: &c.ID})
	refused(t, "to delete a key's default", w.DeleteConfig(ctx, w.admin, "", c.ID), ai.Conflict, "user of it")
}

const configWithSecrets = `{"strategy":{"mode":"fallback"},"targets":[` +
	`{"provider":"plain-llm","api_key":"sk-canary-aaaa-1111","weight":1},` +
	`{"provider":"cloud-llm","cloudSecretKey":"canary-bbbb-2222","custom_host":"https://one.example.com","targets":[{"provider":"plain-llm","api_key":"sk-canary-cccc-3333"}]}],` +
	`"input_guardrails":[{"id":"x","credentials":{"apiKey":"canary-dddd-4444"}}],` +
	`"service_account_json":{"private_key":"canary-eeee-5555"},"override_params":{"tools":[{"properties":{"api_key":{"type":"string"}}}]}}`

func TestSecretsInConfigs(t *testing.T) {
	w := newWorld(t)
	c, err := w.CreateConfig(ctx, w.admin, control.ConfigInput{Name: ptr("n"), Body: []byte(configWithSecrets)})
	must(t, err)
	if strings.Contains(w.files(t), "canary") {
		t.Error("a secret is in the database")
	}
	d, err := w.Config(ctx, w.admin, "", c.Slug)
	must(t, err)
	masked := d.Version.Body
	if strings.Contains(masked, "canary") || strings.Count(masked, "********") != 5 || !strings.Contains(masked, `"weight":1`) || !strings.Contains(masked, `"api_key":{"type":"string"}`) {
		t.Fatalf("masked: %s", masked)
	}
	// What was read, sent back with a change elsewhere, keeps its secrets.
	kept, err := w.UpdateConfig(ctx, w.admin, c.Slug, control.ConfigInput{Body: []byte(strings.Replace(masked, `"weight":1`, `"weight":2`, 1))})
	must(t, err)
	want := strings.Replace(configWithSecrets, `"weight":1`, `"weight":2`, 1)
	if got := w.reveal(t, kept); got != want {
		t.Errorf("kept:\n%s\nwant:\n%s", got, want)
	}
	// A mask is no way to send a secret somewhere else.
	for name, change := range map[string][2]string{
		"another host":            {"https://one.example.com", "https://evil.example.com"},
		"a host where none was":   {`"provider":"plain-llm",`, `"provider":"plain-llm","custom_host":"https://evil.example.com",`},
		"a host further up":       {`{"strategy"`, `{"custom_host":"https://evil.example.com","strategy"`},
		"another provider":        {`"provider":"plain-llm"`, `"provider":"free-llm"`},
		"a mask of another value": {"sk********111", "sk********112"},
	} {
		body := strings.Replace(masked, change[0], change[1], 1)
		if body == masked {
			t.Fatalf("%s: nothing replaced", name)
		}
		_, err := w.UpdateConfig(ctx, w.admin, c.Slug, control.ConfigInput{Body: []byte(body)})
		refused(t, name, err, ai.Invalid, "send the secret itself")
	}
	_, err = w.CreateConfig(ctx, w.admin, control.ConfigInput{Name: ptr("n"), Body: []byte(masked)})
	refused(t, "a mask in a new config", err, ai.Invalid, "config.targets[0].api_key")
}

// reveal opens the current version of c through the directory's own loading.
func (w *world) reveal(t *testing.T, c control.Config) string {
	t.Helper()
	body, err := w.OpenForTest(ctx, c)
	must(t, err)
	return string(body)
}

func TestConfigsOfAnotherWorkspace(t *testing.T) {
	w := newWorld(t)
	other, err := w.CreateWorkspace(ctx, w.admin, control.WorkspaceInput{Name: ptr("Other")})
	must(t, err)
	c, err := w.CreateConfig(ctx, w.admin, control.ConfigInput{Workspace: other.Slug, Name: ptr("n"), Body: []byte(`{}`)})
	must(t, err)
	p := w.member(access.WorkspaceService.Scopes()...)
	_, unknown := w.Config(ctx, p, "", "pc-none-000000")
	for _, ref := range []string{c.ID, c.Slug} {
		_, err = w.Config(ctx, p, other.ID, ref)
		refused(t, "a foreign read", err, ai.NotFound, "not found")
		if err.Error() != unknown.Error() {
			t.Errorf("a foreign config and an unknown one are told apart: %v, %v", err, unknown)
		}
		_, _, err = w.ConfigVersions(ctx, p, other.ID, ref, control.Everything)
		refused(t, "foreign versions", err, ai.NotFound, "not found")
		_, err = w.UpdateConfig(ctx, p, ref, control.ConfigInput{Name: ptr("x")})
		refused(t, "a foreign update", err, ai.NotFound, "not found")
		refused(t, "a foreign delete", w.DeleteConfig(ctx, p, other.ID, ref), ai.NotFound, "not found")
	}
	list, total, err := w.Configs(ctx, p, other.ID, control.Everything)
	if must(t, err); total != 0 || len(list) != 0 {
		t.Errorf("a workspace key lists %d foreign configs", total)
	}
	_, err = w.CreateAPIKey(ctx, w.admin, access.WorkspaceService, control.APIKeyInput{Name: ptr("n"), ConfigRef: &c.ID})
	refused(t, "a key whose default is foreign", err, ai.Invalid, "defaults.config_id")
}
