package sqldb

import (
	"context"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
)

const userColumns = "id, org_id, email, name, role, password_hash, created_at, updated_at"

func scanUser(row scanner) (u control.User, err error) {
	err = row.Scan(&u.ID, &u.OrgID, &u.Email, &u.Name, &u.Role, &u.PasswordHash, timeColumn{&u.CreatedAt}, timeColumn{&u.UpdatedAt})
	return u, err
}

// InsertUser implements control.UserStore.
func (s *Store) InsertUser(ctx context.Context, u control.User) error {
	return s.insert(ctx, "users", userColumns+", archived_at", u.ID, u.OrgID, u.Email, u.Name, u.Role, u.PasswordHash, millis(u.CreatedAt), millis(u.UpdatedAt), 0)
}

// FindUser implements control.UserStore.
func (s *Store) FindUser(ctx context.Context, orgID, id string) (control.User, error) {
	return one(ctx, s, scanUser, `SELECT `+userColumns+` FROM users WHERE org_id = ? AND archived_at = 0 AND id = ?`, orgID, id)
}

// FindUserByEmail implements control.UserStore.
func (s *Store) FindUserByEmail(ctx context.Context, orgID, email string) (control.User, error) {
	return one(ctx, s, scanUser, `SELECT `+userColumns+` FROM users WHERE org_id = ? AND archived_at = 0 AND email = ?`, orgID, email)
}

// CountUsers implements control.UserStore.
func (s *Store) CountUsers(ctx context.Context, orgID string, role access.Role) (int, error) {
	return one(ctx, s, scanCount, `SELECT COUNT(*) FROM users WHERE org_id = ? AND archived_at = 0 AND role = ?`, orgID, role)
}

// UpdateUser implements control.UserStore.
func (s *Store) UpdateUser(ctx context.Context, u control.User) error {
	return s.change(ctx, `UPDATE users SET name = ?, role = ?, updated_at = ? WHERE org_id = ? AND id = ? AND archived_at = 0`,
		u.Name, u.Role, millis(u.UpdatedAt), u.OrgID, u.ID)
}

// ArchiveUser implements control.UserStore.
func (s *Store) ArchiveUser(ctx context.Context, orgID, id string, at time.Time) error {
	err := s.change(ctx, `UPDATE users SET archived_at = ?, updated_at = ?, password_hash = '' WHERE org_id = ? AND id = ? AND archived_at = 0`,
		millis(at), millis(at), orgID, id)
	if err != nil {
		return err
	}
	if _, err := s.exec(ctx, `DELETE FROM sessions WHERE org_id = ? AND user_id = ?`, orgID, id); err != nil {
		return err
	}
	_, err = s.exec(ctx, `DELETE FROM workspace_members WHERE org_id = ? AND user_id = ?`, orgID, id)
	return err
}

// Users implements control.UserStore.
func (s *Store) Users(ctx context.Context, orgID string, f control.UserFilter, p control.Page) ([]control.User, int, error) {
	return page(ctx, s, scanUser, userColumns, `users WHERE org_id = ? AND archived_at = 0 AND (? = '' OR role = ?) AND (? = '' OR email = ?)`,
		`created_at, id`, p, orgID, f.Role, f.Role, f.Email, f.Email)
}

const sessionColumns = "digest, org_id, user_id, created_at, expires_at"

// InsertSession implements control.SessionStore.
func (s *Store) InsertSession(ctx context.Context, v control.Session) error {
	return s.insert(ctx, "sessions", sessionColumns, v.Digest, v.OrgID, v.UserID, millis(v.CreatedAt), millis(v.ExpiresAt))
}

// FindSession implements control.SessionStore. The digest of a token that only
// its holder knows is what names the tenant here.
func (s *Store) FindSession(ctx context.Context, digest string) (control.Session, error) {
	return one(ctx, s, func(row scanner) (v control.Session, err error) {
		err = row.Scan(&v.Digest, &v.OrgID, &v.UserID, timeColumn{&v.CreatedAt}, timeColumn{&v.ExpiresAt})
		return v, err
	}, `SELECT `+sessionColumns+` FROM sessions WHERE digest = ?`, digest)
}

// DeleteSession implements control.SessionStore.
func (s *Store) DeleteSession(ctx context.Context, digest string) error {
	_, err := s.exec(ctx, `DELETE FROM sessions WHERE digest = ?`, digest)
	return err
}

// DeleteExpiredSessions implements control.SessionStore.
func (s *Store) DeleteExpiredSessions(ctx context.Context, before time.Time) error {
	_, err := s.exec(ctx, `DELETE FROM sessions WHERE expires_at <= ?`, millis(before))
	return err
}
