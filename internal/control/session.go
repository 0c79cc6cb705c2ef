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

// Session finds who holds a session token. It returns an Unauthenticated error
// for a token that does not work (any more).
func (s *Service) Session(ctx context.Context, token string) (access.Principal, User, error) {
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
		return access.Principal{}, User{}, e
	}
	if err != nil {
		return access.Principal{}, User{}, storeError(err, "Session")
	}
	p := access.Principal{OrgID: u.OrgID, UserID: u.ID, Role: u.Role}
	if u.Role == RoleOwner {
		p.Scopes = access.All()
	}
	return p, u, nil
}

// Logout ends a session. Ending one that does not exist is no error.
func (s *Service) Logout(ctx context.Context, token string) error {
	return storeError(s.write(ctx, func(tx Store) error {
		return tx.DeleteSession(ctx, tokenDigest(token))
	}, nil), "Session")
}
