package sqldb

import (
	"context"

	"github.com/portico-ai/portico/internal/control"
)

const memberColumns = "m.org_id, m.workspace_id, m.role, m.created_at, m.updated_at, u.id, u.email, u.name, u.role"

const members = `workspace_members m JOIN users u ON u.id = m.user_id AND u.archived_at = 0 WHERE m.org_id = ? AND m.workspace_id = ?`

func scanMember(row scanner) (m control.Member, err error) {
	err = row.Scan(&m.OrgID, &m.WorkspaceID, &m.Role, timeColumn{&m.CreatedAt}, timeColumn{&m.UpdatedAt}, &m.UserID, &m.Email, &m.Name, &m.OrgRole)
	return m, err
}

// InsertMember implements control.MemberStore.
func (s *Store) InsertMember(ctx context.Context, m control.Member) error {
	return s.insert(ctx, "workspace_members", "workspace_id, user_id, org_id, role, created_at, updated_at",
		m.WorkspaceID, m.UserID, m.OrgID, m.Role, millis(m.CreatedAt), millis(m.UpdatedAt))
}

// UpdateMember implements control.MemberStore.
func (s *Store) UpdateMember(ctx context.Context, m control.Member) error {
	return s.change(ctx, `UPDATE workspace_members SET role = ?, updated_at = ? WHERE org_id = ? AND workspace_id = ? AND user_id = ?`,
		m.Role, millis(m.UpdatedAt), m.OrgID, m.WorkspaceID, m.UserID)
}

// DeleteMember implements control.MemberStore.
func (s *Store) DeleteMember(ctx context.Context, t control.Tenant, userID string) error {
	return s.change(ctx, `DELETE FROM workspace_members WHERE org_id = ? AND workspace_id = ? AND user_id = ?`, t.Org, t.Workspace, userID)
}

// FindMember implements control.MemberStore.
func (s *Store) FindMember(ctx context.Context, t control.Tenant, userID string) (control.Member, error) {
	return one(ctx, s, scanMember, `SELECT `+memberColumns+` FROM `+members+` AND m.user_id = ?`, t.Org, t.Workspace, userID)
}

// Members implements control.MemberStore. The role of who leads the organisation
// is admin, whatever the row says.
func (s *Store) Members(ctx context.Context, t control.Tenant, f control.MemberFilter, p control.Page) ([]control.Member, int, error) {
	return page(ctx, s, scanMember, memberColumns,
		members+` AND (? = '' OR CASE WHEN u.role IN ('owner', 'admin') THEN 'admin' ELSE m.role END = ?) AND (? = '' OR u.email = ?)`,
		`m.created_at, u.id`, p, t.Org, t.Workspace, f.Role, f.Role, f.Email, f.Email)
}

// Memberships implements control.MemberStore.
func (s *Store) Memberships(ctx context.Context, orgID string, userIDs []string) ([]control.Membership, error) {
	if len(userIDs) == 0 {
		return nil, nil
	}
	from, args := within(`SELECT m.user_id, m.role, w.id, w.slug FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
		WHERE w.archived_at = 0 AND m.org_id = ?`, "m.user_id", userIDs, []any{orgID})
	return many(ctx, s, scanMembership, from+` ORDER BY w.is_default DESC, w.created_at, w.id`, args...)
}

func scanMembership(row scanner) (m control.Membership, err error) {
	err = row.Scan(&m.UserID, &m.Role, &m.WorkspaceID, &m.WorkspaceSlug)
	return m, err
}
