package sqldb

import (
	"context"
	"time"

	"github.com/portico-ai/portico/internal/control"
)

const inviteColumns = "id, org_id, email, role, workspaces, key_scopes, digest, status, invited_by, expires_at, accepted_at, created_at, updated_at"

func scanInvite(row scanner) (i control.Invite, err error) {
	err = row.Scan(&i.ID, &i.OrgID, &i.Email, &i.Role, jsonColumn{&i.Workspaces}, jsonColumn{&i.KeyScopes}, &i.Digest, &i.Status, &i.InvitedBy,
		timeColumn{&i.ExpiresAt}, timeColumn{&i.AcceptedAt}, timeColumn{&i.CreatedAt}, timeColumn{&i.UpdatedAt})
	return i, err
}

// InsertInvite implements control.InviteStore.
func (s *Store) InsertInvite(ctx context.Context, i control.Invite) error {
	return s.insert(ctx, "invites", inviteColumns, i.ID, i.OrgID, i.Email, i.Role, toJSON(i.Workspaces), toJSON(i.KeyScopes), i.Digest, i.Status,
		i.InvitedBy, millis(i.ExpiresAt), millis(i.AcceptedAt), millis(i.CreatedAt), millis(i.UpdatedAt))
}

// UpdateInvite implements control.InviteStore.
func (s *Store) UpdateInvite(ctx context.Context, i control.Invite) error {
	return s.change(ctx, `UPDATE invites SET digest = ?, status = ?, expires_at = ?, accepted_at = ?, updated_at = ? WHERE org_id = ? AND id = ?`,
		i.Digest, i.Status, millis(i.ExpiresAt), millis(i.AcceptedAt), millis(i.UpdatedAt), i.OrgID, i.ID)
}

// CancelInvitesBy implements control.InviteStore.
func (s *Store) CancelInvitesBy(ctx context.Context, orgID, by string, at time.Time) error {
	_, err := s.exec(ctx, `UPDATE invites SET status = ?, updated_at = ? WHERE org_id = ? AND invited_by = ? AND status = ?`,
		control.Cancelled, millis(at), orgID, by, control.Pending)
	return err
}

// FindInvite implements control.InviteStore.
func (s *Store) FindInvite(ctx context.Context, orgID, id string) (control.Invite, error) {
	return one(ctx, s, scanInvite, `SELECT `+inviteColumns+` FROM invites WHERE org_id = ? AND id = ?`, orgID, id)
}

// FindPendingInvite implements control.InviteStore.
func (s *Store) FindPendingInvite(ctx context.Context, orgID, email string) (control.Invite, error) {
	return one(ctx, s, scanInvite, `SELECT `+inviteColumns+` FROM invites WHERE org_id = ? AND email = ? AND status = ?`, orgID, email, control.Pending)
}

// FindInviteByDigest implements control.InviteStore. The digest of a token that
// only its holder knows is what names the tenant here.
func (s *Store) FindInviteByDigest(ctx context.Context, digest string) (control.Invite, error) {
	return one(ctx, s, scanInvite, `SELECT `+inviteColumns+` FROM invites WHERE digest = ?`, digest)
}

// Invites implements control.InviteStore.
func (s *Store) Invites(ctx context.Context, orgID string, f control.InviteFilter, p control.Page) ([]control.Invite, int, error) {
	from := `invites WHERE org_id = ? AND (? = '' OR role = ?) AND (? = '' OR email = ?)`
	args := []any{orgID, f.Role, f.Role, f.Email, f.Email}
	switch f.Status {
	case control.Pending:
		from, args = from+` AND status = ? AND expires_at > ?`, append(args, control.Pending, millis(f.Now))
	case control.Expired:
		from, args = from+` AND status = ? AND expires_at <= ?`, append(args, control.Pending, millis(f.Now))
	case "":
	default:
		from, args = from+` AND status = ?`, append(args, f.Status)
	}
	return page(ctx, s, scanInvite, inviteColumns, from, `created_at DESC, id`, p, args...)
}
