package control

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/secret"
)

const (
	minPassword = 10
	maxPassword = 256
)

// A User is a person who signs in to the console.
type User struct {
	ID, OrgID, Email, Name string
	Role                   access.Role // in the organisation
	PasswordHash           string      // PHC string
	CreatedAt, UpdatedAt   time.Time
}

// A UserStore keeps users. Emails are unique, in lower case.
type UserStore interface {
	InsertUser(ctx context.Context, u User) error
	FindUser(ctx context.Context, orgID, id string) (User, error)
	FindUserByEmail(ctx context.Context, orgID, email string) (User, error)
	CountUsers(ctx context.Context, orgID string, role access.Role) (int, error)
	// UpdateUser changes the name and the role.
	UpdateUser(ctx context.Context, u User) error
	// ArchiveUser forgets the password, and ends sessions and memberships.
	ArchiveUser(ctx context.Context, orgID, id string, at time.Time) error
	Users(ctx context.Context, orgID string, f UserFilter, p Page) ([]User, int, error)
}

// A UserFilter narrows a list. Empty fields do not.
type UserFilter struct {
	Role  access.Role
	Email string
}

// SetupInput is what the first owner says of themselves.
type SetupInput struct{ Token, Name, Email, Password string }

// HasOwner reports whether the console has been set up.
func (s *Service) HasOwner(ctx context.Context) (bool, error) {
	n, err := s.store.CountUsers(ctx, s.Organisation().ID, access.Owner)
	return n > 0, storeError(err, "User")
}

// Setup makes the first owner, for whoever holds the set-up token, and signs
// them in. The token works once.
func (s *Service) Setup(ctx context.Context, in SetupInput) (SignedIn, error) {
	if err := s.checkSetupToken(ctx, s.store, in.Token); err != nil {
		return SignedIn{}, err
	}
	email, err := checkSetup(&in)
	if err != nil {
		return SignedIn{}, err
	}
	hash, err := s.hashPassword(ctx, in.Password)
	if err != nil {
		return SignedIn{}, err
	}
	now := s.now()
	u := User{
		ID: uuid.NewString(), OrgID: s.Organisation().ID, Email: email, Name: in.Name, Role: access.Owner,
		PasswordHash: hash, CreatedAt: now, UpdatedAt: now,
	}
	session, token := s.newSession(u)
	err = s.write(ctx, func(tx Store) error {
		// Again, because somebody else may have used it in the meantime.
		if err := s.checkSetupToken(ctx, tx, in.Token); err != nil {
			return err
		}
		return errors.Join(tx.InsertUser(ctx, u), tx.PutSetting(ctx, settingSetup, ""), tx.InsertSession(ctx, session))
	}, nil)
	if err != nil {
		return SignedIn{}, storeError(err, "User")
	}
	return SignedIn{User: u, Token: token, ExpiresAt: session.ExpiresAt}, nil
}

func (s *Service) checkSetupToken(ctx context.Context, store Store, token string) error {
	want, err := store.Setting(ctx, settingSetup)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return storeError(err, "Setting")
	}
	if want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(tokenDigest(token))) != 1 {
		return forbidden("This set-up link does not work: it was used, or a later start of the server has printed a new one")
	}
	return nil
}

// checkSetup validates the input and returns the email in its stored form.
func checkSetup(in *SetupInput) (email string, err error) {
	var bad problems
	bad.checkName(&in.Name)
	email = bad.checkEmail(in.Email)
	bad.checkPassword(in.Password)
	return email, bad.err()
}

// checkEmail returns the address in its stored form.
func (p *problems) checkEmail(text string) string {
	email := normalEmail(text)
	if a, err := mail.ParseAddress(email); err != nil || a.Address != email || len(email) > maxName {
		p.add("email", "email must be an address like you@example.com")
	}
	return email
}

func (p *problems) checkPassword(password string) {
	if n := len(password); n < minPassword || n > maxPassword {
		p.add("password", "password has %d to %d bytes", minPassword, maxPassword)
	}
}

func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// Login signs a user in. It answers, and takes the time, alike for an unknown
// user and a wrong password.
func (s *Service) Login(ctx context.Context, email, password string) (SignedIn, error) {
	u, err := s.store.FindUserByEmail(ctx, s.Organisation().ID, normalEmail(email))
	known := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return SignedIn{}, storeError(err, "User")
	}
	if !known {
		u.PasswordHash = s.dummyHash()
	}
	ok, err := s.verifyPassword(ctx, u.PasswordHash, password)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok || !known {
		e := ai.Errorf(ai.Unauthenticated, "The email or the password is wrong")
		e.Type = "authentication_error"
		return SignedIn{}, e
	}
	session, token := s.newSession(u)
	err = s.write(ctx, func(tx Store) error {
		return errors.Join(tx.DeleteExpiredSessions(ctx, s.now()), tx.InsertSession(ctx, session))
	}, nil)
	if err != nil {
		return SignedIn{}, storeError(err, "Session")
	}
	return SignedIn{User: u, Token: token, ExpiresAt: session.ExpiresAt}, nil
}

func (s *Service) hashPassword(ctx context.Context, password string) (string, error) {
	if err := s.waitToHash(ctx); err != nil {
		return "", err
	}
	defer func() { <-s.hashing }()
	return secret.HashPassword(password), nil
}

func (s *Service) verifyPassword(ctx context.Context, hash, password string) (bool, error) {
	if len(password) > maxPassword {
		password = password[:maxPassword+1] // no password is that long
	}
	if err := s.waitToHash(ctx); err != nil {
		return false, err
	}
	defer func() { <-s.hashing }()
	return secret.VerifyPassword(hash, password)
}

// waitToHash keeps many sign-ins at once from taking all memory.
func (s *Service) waitToHash(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
