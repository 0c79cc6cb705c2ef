package control_test

import (
	"context"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
)

// join makes a member of the default workspace with a user key there.
func join(t *testing.T, s *control.Service, email string, role access.Role, workspace string) control.Joined {
	t.Helper()
	sent, err := s.CreateInvite(ctx, s.Root(), control.InviteInput{
		Email: email, Role: access.Member, Workspaces: []control.InviteWorkspace{{ID: workspace, Role: role}}, KeyScopes: []access.Scope{access.LogsView, access.LogsExport},
	}, func(token string) string { return token })
	must(t, err)
	joined, err := s.AcceptInvite(ctx, control.AcceptInput{Token: sent.Link, Name: "A Person", Password: "a long password"})
	must(t, err)
	return joined
}

// What one node does to a person holds on the others.
func TestOtherNodesLearnWhoHasLeft(t *testing.T) {
	w := newWorld(t)
	other := w.beside(t)
	following, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		w.Follow(following, 5*time.Millisecond)
		close(done)
	}()
	defer func() { stop(); <-done }()
	workspace := w.first.Workspace.ID
	key := func(j control.Joined) *access.Principal {
		k, ok := w.dir.Key(w.Digest(j.Keys[0].Value.Reveal()))
		if !ok {
			return nil
		}
		return &k.Principal
	}
	leaves, falls, moves := join(t, other, "a@example.com", access.Manager, workspace), join(t, other, "b@example.com", access.Manager, workspace), join(t, other, "c@example.com", access.Member, workspace)
	for _, j := range []control.Joined{leaves, falls, moves} {
		eventually(t, "a new person's key works", func() bool { return key(j) != nil })
	}
	must(t, other.DeleteUser(ctx, other.Root(), leaves.User.ID))
	must(t, other.UpdateMember(ctx, other.Root(), workspace, falls.User.ID, access.Member))
	must(t, other.RemoveMember(ctx, other.Root(), workspace, moves.User.ID))
	_, _, err := w.Session(ctx, leaves.Token.Reveal(), "")
	refused(t, "the session of who has left", err, ai.Unauthenticated, "session")
	p, _, err := w.Session(ctx, falls.Token.Reveal(), "")
	must(t, err)
	if p.Within != access.Member || p.May(access.ConfigsCreate) {
		t.Errorf("who was made a member is %+v", p)
	}
	eventually(t, "the key of who has left is refused", func() bool { return key(leaves) == nil })
	eventually(t, "the key of who was taken out is refused", func() bool { return key(moves) == nil })
	eventually(t, "the key of who was made a member does what members do", func() bool {
		k := key(falls)
		return k != nil && k.May(access.LogsView) && !k.May(access.LogsExport)
	})
}
