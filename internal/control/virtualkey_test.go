package control_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/directory"
)

func details(t *testing.T, text string) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	must(t, json.Unmarshal([]byte(text), &m))
	return m
}

func (w *world) integration(t *testing.T, slug string) *directory.Integration {
	t.Helper()
	i, ok := w.dir.Integration(w.first.Workspace.ID, slug)
	if !ok {
		t.Fatalf("there is no credential %s", slug)
	}
	return i
}

func TestAVirtualKeyIsPublishedAndSealed(t *testing.T) {
	w := newWorld(t)
	k, err := w.CreateVirtualKey(ctx, w.admin, control.VirtualKeyInput{
		Name: ptr("My Cloud"), Provider: ptr("cloud-llm"), Key: ptr("sk-canary-one-1234567890"),
		Details: details(t, `{"cloud_resource_name":"res","cloud_secret_key":"canary-two","service_account_json":{"private_key":"canary-three"},"name":"x"}`),
		Deployments: &[]control.Deployment{
			{Name: "d1", APIVersion: "2024-10-21", Alias: "gpt", IsDefault: true}, {Name: "d2", APIVersion: "2024-10-21"},
		},
		CustomHeaders: &map[string]string{"X-Token": "canary-four"},
	})
	must(t, err)
	if !strings.HasPrefix(k.Slug, "my-cloud-") || k.Masked != "sk********890" {
		t.Errorf("slug %q, masked %q", k.Slug, k.Masked)
	}
	check := func(w *world) {
		t.Helper()
		i := w.integration(t, k.Slug)
		want := map[string]string{"resource_name": "res", "cloud_secret_key": "canary-two", "service_account_json": `{"private_key":"canary-three"}`}
		if diff := cmp.Diff(want, i.Fields); diff != "" {
			t.Errorf("fields:\n%s", diff)
		}
		if i.Key.Reveal() != "sk-canary-one-1234567890" || i.CustomHeaders["X-Token"] != "canary-four" || i.Unusable != "" {
			t.Errorf("credential: %+v", i)
		}
		if diff := cmp.Diff([]directory.Deployment{{Name: "d1", APIVersion: "2024-10-21", Alias: "gpt", IsDefault: true}, {Name: "d2", APIVersion: "2024-10-21"}}, i.Deployments); diff != "" {
			t.Errorf("deployments:\n%s", diff)
		}
	}
	check(w)
	if strings.Contains(w.files(t), "canary") {
		t.Error("a secret is in the database")
	}
	check(w.restart(t))
}

func TestSecretsStayWithTheirHost(t *testing.T) {
	tests := []struct {
		name   string
		change control.VirtualKeyInput
		keeps  bool
	}{
		{"a new name", control.VirtualKeyInput{Name: ptr("n")}, true},
		{"the same host spelt otherwise", control.VirtualKeyInput{CustomHost: ptr("https://LLM.example.com:443/v2")}, true},
		{"another host", control.VirtualKeyInput{CustomHost: ptr("https://evil.example.com")}, false},
		{"another scheme", control.VirtualKeyInput{CustomHost: ptr("http://llm.example.com")}, false},
		{"the provider's own host", control.VirtualKeyInput{CustomHost: ptr("")}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.CreateVirtualKey(ctx, w.admin, control.VirtualKeyInput{
				Name: ptr("n"), Slug: ptr("vk"), Provider: ptr("plain-llm"), Key: ptr("sk-secret"), CustomHost: ptr("https://llm.example.com/v1"),
			})
			must(t, err)
			k, err := w.UpdateVirtualKey(ctx, w.admin, "vk", tt.change)
			must(t, err)
			i := w.integration(t, "vk")
			if tt.keeps {
				if k.Status != control.Active || i.Key.Reveal() != "sk-secret" || i.Unusable != "" {
					t.Errorf("dropped: %+v", i)
				}
				return
			}
			if k.Status != control.SecretMissing || !i.Key.IsZero() || !strings.Contains(i.Unusable, "dropped") || k.Sealed != "" {
				t.Errorf("kept: %s %+v", k.Status, i)
			}
			_, err = w.UpdateVirtualKey(ctx, w.admin, "vk", control.VirtualKeyInput{CustomHost: ptr("https://llm.example.com/v1")})
			must(t, err)
			if i := w.integration(t, "vk"); !i.Key.IsZero() || i.Unusable == "" {
				t.Error("the secret came back with its host")
			}
			k, err = w.UpdateVirtualKey(ctx, w.admin, "vk", control.VirtualKeyInput{Key: ptr("sk-new")})
			must(t, err)
			if i := w.integration(t, "vk"); k.Status != control.Active || i.Key.Reveal() != "sk-new" || i.Unusable != "" {
				t.Errorf("sent again: %s %+v", k.Status, i)
			}
		})
	}
}

func TestAFieldOfTheHostIsPartOfTheDestination(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateVirtualKey(ctx, w.admin, control.VirtualKeyInput{
		Name: ptr("n"), Slug: ptr("vk"), Provider: ptr("cloud-llm"), Key: ptr("sk-secret"), Details: details(t, `{"resource_name":"mine"}`),
	})
	must(t, err)
	_, err = w.UpdateVirtualKey(ctx, w.admin, "vk", control.VirtualKeyInput{Details: details(t, `{"resource_name":""}`)})
	refused(t, "to take away what the provider needs", err, ai.Invalid, "resource_name")
	k, err := w.UpdateVirtualKey(ctx, w.admin, "vk", control.VirtualKeyInput{Details: details(t, `{"resource_name":"theirs"}`)})
	must(t, err)
	if i := w.integration(t, "vk"); k.Status != control.SecretMissing || !i.Key.IsZero() || i.Fields["resource_name"] != "theirs" {
		t.Errorf("%s %+v", k.Status, i)
	}
}

func TestBadVirtualKeys(t *testing.T) {
	w := newWorld(t)
	create := func(in control.VirtualKeyInput) error {
		if in.Name == nil {
			in.Name = ptr("n")
		}
		_, err := w.CreateVirtualKey(ctx, w.admin, in)
		return err
	}
	must(t, create(control.VirtualKeyInput{Slug: ptr("taken"), Provider: ptr("plain-llm"), Key: ptr("k")}))
	tests := []struct {
		name string
		in   control.VirtualKeyInput
		kind ai.Kind
		word string
	}{
		{"no provider", control.VirtualKeyInput{}, ai.Invalid, "provider is required"},
		{"an unknown provider", control.VirtualKeyInput{Provider: ptr("plain-lm")}, ai.Invalid, `did you mean "plain-llm"`},
		{"no key", control.VirtualKeyInput{Provider: ptr("plain-llm")}, ai.Invalid, "key is required"},
		{"a missing field", control.VirtualKeyInput{Provider: ptr("cloud-llm")}, ai.Invalid, "resource_name"},
		{"a field that is no text", control.VirtualKeyInput{Provider: ptr("cloud-llm"), Details: details(t, `{"resource_name":3}`)}, ai.Invalid, "must be a string"},
		{"a field that makes another host", control.VirtualKeyInput{Provider: ptr("cloud-llm"), Details: details(t, `{"resource_name":"evil.example/"}`)}, ai.Invalid, "host name"},
		{"a key with a line break", control.VirtualKeyInput{Provider: ptr("plain-llm"), Key: ptr("a\r\nX: y")}, ai.Invalid, "line breaks"},
		{"a mask as key", control.VirtualKeyInput{Provider: ptr("plain-llm"), Key: ptr("sk********890")}, ai.Invalid, "mask"},
		{"a host that is no URL", control.VirtualKeyInput{Provider: ptr("plain-llm"), Key: ptr("k"), CustomHost: ptr("llm.example.com")}, ai.Invalid, "custom_host"},
		{"a host with a password", control.VirtualKeyInput{Provider: ptr("plain-llm"), Key: ptr("k"), CustomHost: ptr("https://a:b@h")}, ai.Invalid, "custom_host"},
		{"a bad slug", control.VirtualKeyInput{Provider: ptr("plain-llm"), Key: ptr("k"), Slug: ptr("a b")}, ai.Invalid, "slug"},
		{"a slug that is taken", control.VirtualKeyInput{Provider: ptr("plain-llm"), Key: ptr("k"), Slug: ptr("taken")}, ai.Conflict, "taken"},
		{"a deployment without a name", control.VirtualKeyInput{Provider: ptr("plain-llm"), Key: ptr("k"), Deployments: &[]control.Deployment{{APIVersion: "1"}}}, ai.Invalid, "deployment_config[0].deploymentName"},
		{"two defaults", control.VirtualKeyInput{Provider: ptr("plain-llm"), Key: ptr("k"), Deployments: &[]control.Deployment{{Name: "a", APIVersion: "1", IsDefault: true}, {Name: "b", APIVersion: "1", IsDefault: true}}}, ai.Invalid, "only one"},
		{"an unknown workspace", control.VirtualKeyInput{Provider: ptr("plain-llm"), Key: ptr("k"), Workspace: "ws-none"}, ai.Forbidden, "ws-none"},
	}
	for _, tt := range tests {
		refused(t, tt.name, create(tt.in), tt.kind, tt.word)
	}
}

// Whoever can write to the database, but has no key, cannot make a secret go
// anywhere else by moving it to another row.
func TestMovedSecretsDoNotOpen(t *testing.T) {
	w := newWorld(t)
	for _, slug := range []string{"one", "two"} {
		_, err := w.CreateVirtualKey(ctx, w.admin, control.VirtualKeyInput{Name: ptr(slug), Slug: ptr(slug), Provider: ptr("plain-llm"), Key: ptr("sk-" + slug)})
		must(t, err)
	}
	tenant := control.Tenant{Org: w.admin.OrgID, Workspace: w.first.Workspace.ID}
	one, err := w.store.FindVirtualKey(ctx, tenant, "one")
	must(t, err)
	two, err := w.store.FindVirtualKey(ctx, tenant, "two")
	must(t, err)
	one.Sealed = two.Sealed
	two.CustomHost = "https://evil.example.com"
	must(t, w.store.UpdateVirtualKey(ctx, one))
	must(t, w.store.UpdateVirtualKey(ctx, two))
	must(t, w.Load(ctx))
	for _, slug := range []string{"one", "two"} {
		if i := w.integration(t, slug); !i.Key.IsZero() || !strings.Contains(i.Unusable, "cannot be opened") {
			t.Errorf("%s: %+v", slug, i)
		}
	}
}

func TestVirtualKeysOfAnotherWorkspace(t *testing.T) {
	w := newWorld(t)
	other, err := w.CreateWorkspace(ctx, w.admin, control.WorkspaceInput{Name: ptr("Other")})
	must(t, err)
	_, err = w.CreateVirtualKey(ctx, w.admin, control.VirtualKeyInput{Workspace: other.ID, Name: ptr("n"), Slug: ptr("vk"), Provider: ptr("plain-llm"), Key: ptr("k")})
	must(t, err)
	p := w.member(access.WorkspaceService.Scopes()...)
	_, err = w.VirtualKey(ctx, p, other.ID, "vk")
	refused(t, "a foreign read", err, ai.NotFound, "not found")
	_, err = w.UpdateVirtualKey(ctx, p, "vk", control.VirtualKeyInput{Workspace: other.ID, Name: ptr("x")})
	refused(t, "a foreign update", err, ai.NotFound, "not found")
	refused(t, "a foreign delete", w.DeleteVirtualKey(ctx, p, other.ID, "vk"), ai.NotFound, "not found")
	if _, ok := w.dir.Integration(w.first.Workspace.ID, "vk"); ok {
		t.Error("the directory answers across workspaces")
	}
	if k, err := w.VirtualKey(ctx, w.admin, "", "vk"); err != nil || k.WorkspaceID != other.ID {
		t.Errorf("an admin who names no workspace: %v %v", k.WorkspaceID, err)
	}
	must(t, w.DeleteVirtualKey(ctx, w.admin, other.ID, "vk"))
	if _, ok := w.dir.Integration(other.ID, "vk"); ok {
		t.Error("a deleted credential is known")
	}
}
