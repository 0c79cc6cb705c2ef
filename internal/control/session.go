package control

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
)

// SessionLifetime is how long a sign-in lasts.
const SessionLifetime = 7 * 24 * time.Hour

// A Session is a sign-in to the console.
type Session struct {
	Digest               string // of the token, which only the browser holds
	OrgID, UserID        string
	CreatedAt, ExpiresAt time.Time
}

// A SessionStore keeps sessions.
type SessionStore interface {
	InsertSession(ctx context.Context, s Session) error
	FindSession(ctx context.Context, digest string) (Session, error)
	DeleteSession(ctx context.Context, digest string) error
	DeleteExpiredSessions(ctx context.Context, before time.Time) error
}

// SignedIn is the outcome of a sign-in. Token goes into the browser's cookie.
type SignedIn struct {
	User      User
	Token     ai.Secret
	ExpiresAt time.Time
}

func (s *Service) newSession(u User) (Session, ai.Secret) {
	token := newToken()
	now := s.now()
	return Session{
		Digest: tokenDigest(token), OrgID: u.OrgID, UserID: u.ID,
		CreatedAt: now, ExpiresAt: now.Add(SessionLifetime),
	}, ai.NewSecret(token)
}

// newToken has 256 random bits.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// tokenDigest is what is stored of a token. A plain hash is enough, since a
// token cannot be guessed.
func tokenDigest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Session finds who holds a session token, and what they may do in the workspace
// that they name by id or slug. It returns an Unauthenticated error for a token
// that does not work (any more). Who leads the organisation acts for all of it; a
// plain member is in one workspace at a time, and in their first one when they
// name none.
func (s *Service) Session(ctx context.Context, token, workspace string) (access.Principal, User, error) {
	u, err := s.SignedInUser(ctx, token)
	if err != nil {
		return access.Principal{}, User{}, err
	}
	p, err := s.PrincipalOf(ctx, u, workspace)
	return p, u, err
}

// PrincipalOf is what a user may do in a workspace; see Session.
func (s *Service) PrincipalOf(ctx context.Context, u User, workspace string) (access.Principal, error) {
	p := access.Principal{OrgID: u.OrgID, UserID: u.ID, Role: u.Role, Scopes: u.Role.InOrganisation()}
	if u.Role.LeadsOrganisation() {
		return p, nil
	}
	memberships, err := s.store.Memberships(ctx, u.OrgID, []string{u.ID})
	if err != nil {
		return access.Principal{}, storeError(err, "Member")
	}
	for _, m := range memberships {
		if workspace == "" || workspace == m.WorkspaceID || workspace == m.WorkspaceSlug {
			p.WorkspaceID, p.Within, p.Scopes = m.WorkspaceID, m.Role, m.Role.InWorkspace()
			return p, nil
		}
	}
	if workspace != "" {
		return access.Principal{}, noWorkspace(workspace)
	}
	p.WorkspaceID = access.NoWorkspace
	return p, nil
}

// SignedInUser finds who holds a session token.
func (s *Service) SignedInUser(ctx context.Context, token string) (User, error) {
	session, err := s.store.FindSession(ctx, tokenDigest(token))
	if err == nil && !s.now().Before(session.ExpiresAt) {
		err = ErrNotFound
	}
	var u User
	if err == nil {
		u, err = s.store.FindUser(ctx, session.OrgID, session.UserID)
	}
	if errors.Is(err, ErrNotFound) {
		e := ai.Errorf(ai.Unauthenticated, "Your session has ended; sign in again")
		e.Type = "authentication_error"
		return User{}, e
	}
	return u, storeError(err, "Session")
}

// Logout ends a session. Ending one that does not exist is no error.
func (s *Service) Logout(ctx context.Context, token string) error {
	return storeError(s.write(ctx, func(tx Store) error {
		return tx.DeleteSession(ctx, tokenDigest(token))
	}, nil), "Session")
}
