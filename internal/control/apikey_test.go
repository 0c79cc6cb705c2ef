package control_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/directory"
)

var keyFormat = regexp.MustCompile(`^ptk_[0-9A-Za-z]{8}_[0-9A-Za-z]{44}$`)

func (w *world) createKey(t *testing.T, in control.APIKeyInput) control.NewKey {
	t.Helper()
	if in.Name == nil {
		in.Name = ptr("a key")
	}
	k, err := w.CreateAPIKey(ctx, w.admin, access.WorkspaceService, in)
	must(t, err)
	return k
}

func TestAKeyWorksFromItsCreationToItsDeletion(t *testing.T) {
	w := newWorld(t)
	config, err := w.CreateConfig(ctx, w.admin, control.ConfigInput{Name: ptr("c"), Body: []byte(`{}`)})
	must(t, err)
	k := w.createKey(t, control.APIKeyInput{
		Scopes: &[]access.Scope{access.Completions, access.LogsView}, Metadata: &map[string]string{"team": "x"},
		ConfigRef: &config.Slug, AllowConfigOverride: ptr(false),
	})
	value := k.Value.Reveal()
	if !keyFormat.MatchString(value) {
		t.Errorf("key value %q", value)
	}
	if want := value[:2] + "*****" + value[len(value)-3:]; k.Key.Masked != want {
		t.Errorf("masked %q, want %q", k.Key.Masked, want)
	}
	got, ok := w.dir.Key(w.Digest(value))
	if !ok {
		t.Fatal("a new key is not known")
	}
	want := access.Principal{OrgID: w.admin.OrgID, WorkspaceID: w.first.Workspace.ID, KeyID: k.Key.ID, KeyType: access.WorkspaceService,
		Scopes: []access.Scope{access.Completions, access.LogsView}}
	if diff := cmp.Diff(want, got.Principal); diff != "" {
		t.Errorf("principal:\n%s", diff)
	}
	if got.ConfigSlug != config.Slug || !got.LockConfig || got.Metadata["team"] != "x" {
		t.Errorf("defaults: %+v", got)
	}
	must(t, w.UpdateAPIKey(ctx, w.admin, k.Key.ID, control.APIKeyInput{ConfigRef: ptr(""), Name: ptr("renamed")}))
	if got, _ := w.dir.Key(w.Digest(value)); got == nil || got.ConfigSlug != "" || got.Name != "renamed" || !got.LockConfig {
		t.Errorf("after the update: %+v", got)
	}
	if strings.Contains(w.files(t), value[4:]) || strings.Contains(w.files(t), value[13:40]) {
		t.Error("the value of a key is in the database")
	}
	must(t, w.DeleteAPIKey(ctx, w.admin, k.Key.ID))
	if _, ok := w.dir.Key(w.Digest(value)); ok {
		t.Error("a deleted key works")
	}
	if next := w.restart(t); func() bool { _, ok := next.dir.Key(next.Digest(value)); return ok }() {
		t.Error("a deleted key works after a restart")
	}
}

func TestAWorkspacesMetadataIsStrongerThanAKeys(t *testing.T) {
	w := newWorld(t)
	ws, err := w.CreateWorkspace(ctx, w.admin, control.WorkspaceInput{Name: ptr("Team"), Metadata: &map[string]string{"team": "a", "_environment": "prod"}})
	must(t, err)
	k := w.createKey(t, control.APIKeyInput{Workspace: ws.ID, Metadata: &map[string]string{"team": "b", "app": "c"}})
	want := map[string]string{"team": "a", "_environment": "prod", "app": "c"}
	for _, dir := range []*directory.Memory{w.dir, w.restart(t).dir} {
		got, ok := dir.Key(w.Digest(k.Value.Reveal()))
		if !ok {
			t.Fatal("the key is not known")
		}
		if d := cmp.Diff(want, got.Metadata); d != "" {
			t.Error(d)
		}
	}
}

func TestScopesOfNewKeys(t *testing.T) {
	w := newWorld(t)
	create := func(p access.Principal, typ access.KeyType, scopes ...access.Scope) error {
		_, err := w.CreateAPIKey(ctx, p, typ, control.APIKeyInput{Name: ptr("n"), Scopes: &scopes})
		return err
	}
	refused(t, "an unknown scope", create(w.admin, access.WorkspaceService, "completion.write"), ai.Invalid, `did you mean "completions.write"`)
	refused(t, "a scope of another type", create(w.admin, access.OrgService, access.Completions), ai.Invalid, "cannot hold")
	refused(t, "no scope at all", create(w.admin, access.WorkspaceService), ai.Invalid, "at least one")
	weak := w.member(access.ServiceKeysCreate, access.ServiceKeysRotate, access.LogsView)
	refused(t, "more than one has", create(weak, access.WorkspaceService, access.Completions), ai.Forbidden, "completions.write")
	must(t, create(weak, access.WorkspaceService, access.LogsView))
	refused(t, "without the scope", create(w.member(access.UserKeysCreate), access.WorkspaceService, access.LogsView), ai.Forbidden, "workspace_service_api_keys.create")

	strong := w.createKey(t, control.APIKeyInput{})
	if diff := cmp.Diff(access.WorkspaceService.DefaultScopes(), strong.Key.Scopes); diff != "" {
		t.Errorf("default scopes:\n%s", diff)
	}
	_, err := w.RotateAPIKey(ctx, weak, strong.Key.ID, 0)
	refused(t, "to take over a stronger key by rotating it", err, ai.Forbidden, "do not have")
	_, err = w.CreateAPIKey(ctx, w.admin, access.WorkspaceUser, control.APIKeyInput{Name: ptr("n")})
	refused(t, "a user key of nobody", err, ai.Invalid, "user_id")
	_, err = w.CreateAPIKey(ctx, w.admin, access.WorkspaceService, control.APIKeyInput{Name: ptr("n"), ExpiresAt: ptr(w.clock.Add(-time.Hour))})
	refused(t, "a key that has expired", err, ai.Invalid, "expires_at")
	_, err = w.CreateAPIKey(ctx, w.admin, access.WorkspaceService, control.APIKeyInput{Name: ptr("n"), ConfigRef: ptr("pc-none-000000")})
	refused(t, "an unknown config", err, ai.Invalid, "defaults.config_id")
	refused(t, "to delete oneself", w.DeleteAPIKey(ctx, access.Principal{OrgID: w.admin.OrgID, KeyID: strong.Key.ID, Scopes: access.All()}, strong.Key.ID), ai.Conflict, "itself")
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	k := w.createKey(t, control.APIKeyInput{})
	_, err := w.RotateAPIKey(ctx, w.admin, k.Key.ID, time.Minute)
	refused(t, "a short transition", err, ai.Invalid, "key_transition_period_ms")
	next, err := w.RotateAPIKey(ctx, w.admin, k.Key.ID, 0)
	must(t, err)
	old, ok := w.dir.Key(w.Digest(k.Value.Reveal()))
	if !ok || !old.ExpiresAt.Equal(next.Key.OldUntil) {
		t.Errorf("the old value: %+v, want it to last until %v", old, next.Key.OldUntil)
	}
	if cur, ok := w.dir.Key(w.Digest(next.Value.Reveal())); !ok || !cur.ExpiresAt.IsZero() {
		t.Errorf("the new value: %+v", cur)
	}
	_, err = w.RotateAPIKey(ctx, w.admin, k.Key.ID, 0)
	refused(t, "a third value", err, ai.Conflict, "in rotation")

	w.clock = w.clock.Add(control.MinTransition)
	third, err := w.RotateAPIKey(ctx, w.admin, k.Key.ID, 0)
	must(t, err)
	if _, ok := w.dir.Key(w.Digest(k.Value.Reveal())); ok {
		t.Error("the first value is still known after the second rotation")
	}
	after := w.restart(t)
	for name, value := range map[string]ai.Secret{"second": next.Value, "third": third.Value} {
		if _, ok := after.dir.Key(after.Digest(value.Reveal())); !ok {
			t.Errorf("the %s value does not work after a restart", name)
		}
	}
}

func TestKeysOfAnotherWorkspace(t *testing.T) {
	w := newWorld(t)
	other, err := w.CreateWorkspace(ctx, w.admin, control.WorkspaceInput{Name: ptr("Other")})
	must(t, err)
	foreign := w.createKey(t, control.APIKeyInput{Workspace: other.Slug})
	if foreign.Key.WorkspaceID != other.ID {
		t.Fatalf("made in %s", foreign.Key.WorkspaceID)
	}
	p := w.member(access.WorkspaceService.Scopes()...)
	_, unknown := w.APIKey(ctx, p, "11111111-1111-4111-8111-111111111111")
	_, err = w.APIKey(ctx, p, foreign.Key.ID)
	refused(t, "a foreign key", err, ai.NotFound, "not found")
	if err.Error() != unknown.Error() {
		t.Errorf("a foreign key and an unknown one are told apart: %v, %v", err, unknown)
	}
	refused(t, "a foreign update", w.UpdateAPIKey(ctx, p, foreign.Key.ID, control.APIKeyInput{Name: ptr("x")}), ai.NotFound, "not found")
	refused(t, "a foreign delete", w.DeleteAPIKey(ctx, p, foreign.Key.ID), ai.NotFound, "not found")
	_, err = w.RotateAPIKey(ctx, p, foreign.Key.ID, 0)
	refused(t, "a foreign rotation", err, ai.NotFound, "not found")
	list, total, err := w.APIKeys(ctx, p, other.ID, control.APIKeyFilter{}, control.Everything)
	if must(t, err); total != 0 || len(list) != 0 {
		t.Errorf("a workspace key lists %d foreign keys", total)
	}
	all, _, err := w.APIKeys(ctx, w.admin, "", control.APIKeyFilter{}, control.Everything)
	if must(t, err); len(all) != 2 {
		t.Errorf("an admin lists %d keys, want the admin key and the foreign one", len(all))
	}
}
