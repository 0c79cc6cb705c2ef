package control_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
)

func TestFirstAndSecondStart(t *testing.T) {
	w := newWorld(t)
	first := w.first
	if !first.Fresh || first.AdminKey.IsZero() || first.SetupToken.IsZero() || !first.WorkspaceKey.IsZero() || first.Workspace.Name != "Shared Team Workspace" {
		t.Fatalf("first start: %+v", first)
	}
	k, ok := w.dir.Key(w.Digest(first.AdminKey.Reveal()))
	if !ok || k.Principal.KeyType != access.OrgService || !k.Principal.May(access.OrgKeysCreate) || k.Principal.May(access.Completions) {
		t.Fatalf("admin key: %+v", k)
	}
	next := w.restart(t)
	if next.first.Fresh || !next.first.AdminKey.IsZero() {
		t.Errorf("the second start made a key: %+v", next.first)
	}
	if _, ok := next.dir.Key(next.Digest(first.AdminKey.Reveal())); !ok {
		t.Error("the admin key does not work after a restart")
	}
	_, err := next.Setup(ctx, control.SetupInput{Token: first.SetupToken.Reveal(), Name: "A", Email: "a@example.com", Password: "0123456789"})
	refused(t, "the first start's set-up token", err, ai.Forbidden, "set-up link")
}

func TestChosenKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portico.db")
	if _, err := start(t, path, masterKey(t, 1), control.Options{AdminKey: "short"}); err == nil {
		t.Error("a short admin key was accepted")
	}
	w, err := start(t, path, masterKey(t, 1), control.Options{AdminKey: "admin-key-of-the-operator", WorkspaceKey: "workspace-key-of-the-operator"})
	must(t, err)
	if !w.first.AdminKey.IsZero() || !w.first.WorkspaceKey.IsZero() {
		t.Error("a chosen key is repeated")
	}
	k, ok := w.dir.Key(w.Digest("workspace-key-of-the-operator"))
	if !ok || k.Principal.WorkspaceID != w.first.Workspace.ID || !k.Principal.May(access.Completions) || !k.Principal.May(access.Analytics) || k.Principal.May(access.ConfigsList) {
		t.Errorf("workspace key: %+v", k)
	}
	if _, ok := w.dir.Key(w.Digest("admin-key-of-the-operator")); !ok {
		t.Error("the chosen admin key does not work")
	}
}

func TestDemo(t *testing.T) {
	w, err := start(t, filepath.Join(t.TempDir(), "portico.db"), masterKey(t, 1), control.Options{DemoProvider: "free-llm"})
	must(t, err)
	if w.first.WorkspaceKey.IsZero() {
		t.Error("a demo has no workspace key")
	}
	if i, ok := w.dir.Integration(w.first.Workspace.ID, "free-llm"); !ok || i.Provider != "free-llm" || i.Unusable != "" {
		t.Errorf("demo credential: %+v", i)
	}
}

func TestWrongMasterKeyIsRefused(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateVirtualKey(ctx, w.admin, control.VirtualKeyInput{Name: ptr("n"), Provider: ptr("plain-llm"), Key: ptr("sk-1")})
	must(t, err)
	must(t, w.store.Close())
	before := w.files(t)
	other, err := start(t, w.path, masterKey(t, 2), control.Options{})
	if !errors.Is(err, control.ErrWrongMasterKey) {
		t.Fatalf("another master key: %v", err)
	}
	must(t, other.store.Close())
	if w.files(t) != before {
		t.Error("the refused start changed the data")
	}
	if _, err := start(t, w.path, masterKey(t, 1), control.Options{}); err != nil {
		t.Errorf("the right key after the wrong one: %v", err)
	}
}

func TestSetupAndLogin(t *testing.T) {
	w := newWorld(t)
	in := control.SetupInput{Token: w.first.SetupToken.Reveal(), Name: "Ada", Email: " Ada@Example.com", Password: "correct horse"}
	for field, change := range map[string]func(*control.SetupInput){
		"password": func(s *control.SetupInput) { s.Password = "short" },
		"email":    func(s *control.SetupInput) { s.Email = "nobody" },
		"name":     func(s *control.SetupInput) { s.Name = " " },
	} {
		bad := in
		change(&bad)
		_, err := w.Setup(ctx, bad)
		refused(t, "bad "+field, err, ai.Invalid, field)
	}
	s, err := w.Setup(ctx, in)
	must(t, err)
	if s.User.Email != "ada@example.com" || s.User.Role != access.Owner {
		t.Errorf("owner: %+v", s.User)
	}
	_, err = w.Setup(ctx, in)
	refused(t, "a used token", err, ai.Forbidden, "set-up link")

	p, u, err := w.Session(ctx, s.Token.Reveal(), "")
	must(t, err)
	if u.Name != "Ada" || !p.May(access.ConfigsCreate) || !p.May(access.Completions) || !p.IsOrg() {
		t.Errorf("session: %+v %+v", p, u)
	}
	_, err = w.Login(ctx, "ada@example.com", "wrong password")
	_, err2 := w.Login(ctx, "nobody@example.com", "wrong password")
	refused(t, "wrong password", err, ai.Unauthenticated, "password is wrong")
	if err == nil || err2 == nil || err.Error() != err2.Error() {
		t.Errorf("a wrong password and an unknown user are told apart: %v, %v", err, err2)
	}
	again, err := w.Login(ctx, "ADA@example.com", "correct horse")
	must(t, err)
	if again.Token.Reveal() == s.Token.Reveal() {
		t.Error("a sign-in reuses a session")
	}
	must(t, w.Logout(ctx, s.Token.Reveal()))
	_, _, err = w.Session(ctx, s.Token.Reveal(), "")
	refused(t, "a session that was ended", err, ai.Unauthenticated, "session")
	w.clock = w.clock.Add(control.SessionLifetime)
	_, _, err = w.Session(ctx, again.Token.Reveal(), "")
	refused(t, "an old session", err, ai.Unauthenticated, "session")

	if next := w.restart(t); !next.first.SetupToken.IsZero() {
		t.Error("a set-up token was issued although there is an owner")
	}
}
