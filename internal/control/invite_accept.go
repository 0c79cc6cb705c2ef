package control

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
)

// AcceptInput is what an invited person says of themselves.
type AcceptInput struct{ Token, Name, Password string }

// Joined is what an accepted invite makes: a user who is signed in, and the keys
// that came with the invite, whose values are known this one time.
type Joined struct {
	SignedIn
	Keys []JoinedKey
}

// A JoinedKey is a key and the workspace it is for.
type JoinedKey struct {
	NewKey
	Workspace Workspace
}

// InviteByToken finds the pending invite of a link.
func (s *Service) InviteByToken(ctx context.Context, token string) (Invite, error) {
	return s.inviteByToken(ctx, s.store, token)
}

func (s *Service) inviteByToken(ctx context.Context, store Store, token string) (Invite, error) {
	i, err := store.FindInviteByDigest(ctx, tokenDigest(token))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Invite{}, storeError(err, "Invite")
	}
	if err != nil || i.State(s.now()) != Pending {
		return Invite{}, forbidden("This invitation does not work: it was used, cancelled or sent again, or it has expired; ask for a new one")
	}
	return i, nil
}

// AcceptInvite makes the invited person a user, for whoever holds the link, and
// signs them in. The link works once.
func (s *Service) AcceptInvite(ctx context.Context, in AcceptInput) (Joined, error) {
	i, err := s.InviteByToken(ctx, in.Token)
	if err != nil {
		return Joined{}, err
	}
	var bad problems
	bad.checkName(&in.Name)
	bad.checkPassword(in.Password)
	if err := bad.err(); err != nil {
		return Joined{}, err
	}
	hash, err := s.hashPassword(ctx, in.Password)
	if err != nil {
		return Joined{}, err
	}
	now := s.now()
	u := User{
		ID: uuid.NewString(), OrgID: i.OrgID, Email: i.Email, Name: in.Name, Role: i.Role,
		PasswordHash: hash, CreatedAt: now, UpdatedAt: now,
	}
	session, token := s.newSession(u)
	joined := Joined{SignedIn: SignedIn{User: u, Token: token, ExpiresAt: session.ExpiresAt}}
	views := keyViews{}
	err = s.write(ctx, func(tx Store) error {
		// Again, because it may have been used or cancelled in the meantime.
		i, err := s.inviteByToken(ctx, tx, in.Token)
		if err != nil {
			return err
		}
		i.Status, i.AcceptedAt, i.UpdatedAt = Accepted, now, now
		if err := errors.Join(tx.InsertUser(ctx, u), tx.UpdateInvite(ctx, i), tx.InsertSession(ctx, session)); err != nil {
			return err
		}
		joined.Keys, err = s.join(ctx, tx, i, u, views)
		return err
	}, func() { s.publishKeys(views) })
	if errors.Is(err, ErrConflict) {
		return Joined{}, conflict("email", "%s is in the organisation already; sign in", u.Email)
	}
	return joined, storeError(err, "User")
}

// join puts a new user into the invite's workspaces, as far as they are still
// there, with a key in each if the invite says so.
func (s *Service) join(ctx context.Context, tx Store, i Invite, u User, views keyViews) ([]JoinedKey, error) {
	var keys []JoinedKey
	for _, in := range i.Workspaces {
		w, err := tx.FindWorkspace(ctx, i.OrgID, in.ID)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := s.addMember(ctx, tx, w, "token", MemberInput{u.ID, in.Role}); err != nil {
			return nil, err
		}
		if len(i.KeyScopes) == 0 {
			continue
		}
		value := newKeyValue()
		k := APIKey{
			ID: uuid.NewString(), OrgID: w.OrgID, WorkspaceID: w.ID, UserID: u.ID, Type: access.WorkspaceUser, Name: u.Name + "'s key",
			Scopes: i.KeyScopes, Defaults: KeyDefaults{ConfigID: w.UserKeyConfig}, CreationMode: "auto", CreatedBy: i.InvitedBy,
			CreatedAt: u.CreatedAt, UpdatedAt: u.CreatedAt,
		}
		s.setKeyValue(&k, value)
		if err := tx.InsertAPIKey(ctx, k); err != nil {
			return nil, err
		}
		if err := s.viewKey(ctx, tx, k, views); err != nil {
			return nil, err
		}
		keys = append(keys, JoinedKey{NewKey{Key: k, Value: ai.NewSecret(value)}, w})
	}
	return keys, nil
}
