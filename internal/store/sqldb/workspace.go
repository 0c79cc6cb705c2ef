package sqldb

import (
	"context"
	"time"

	"github.com/portico-ai/portico/internal/control"
)

const workspaceColumns = "id, org_id, slug, name, description, is_default, metadata, icon, user_key_config, created_by, archived_at, created_at, updated_at"

func scanWorkspace(row scanner) (w control.Workspace, err error) {
	err = row.Scan(&w.ID, &w.OrgID, &w.Slug, &w.Name, &w.Description, &w.IsDefault, jsonColumn{&w.Metadata},
		&w.Icon, &w.UserKeyConfig, &w.CreatedBy, timeColumn{&w.ArchivedAt}, timeColumn{&w.CreatedAt}, timeColumn{&w.UpdatedAt})
	return w, err
}

// InsertWorkspace implements control.WorkspaceStore.
func (s *Store) InsertWorkspace(ctx context.Context, w control.Workspace) error {
	return s.insert(ctx, "workspaces", workspaceColumns, w.ID, w.OrgID, w.Slug, w.Name, w.Description, integer(w.IsDefault),
		toJSON(w.Metadata), w.Icon, w.UserKeyConfig, w.CreatedBy, millis(w.ArchivedAt), millis(w.CreatedAt), millis(w.UpdatedAt))
}

// FindWorkspace implements control.WorkspaceStore.
func (s *Store) FindWorkspace(ctx context.Context, orgID, ref string) (control.Workspace, error) {
	const start = `SELECT ` + workspaceColumns + ` FROM workspaces WHERE org_id = ? AND archived_at = 0 AND `
	if ref == "" {
		return one(ctx, s, scanWorkspace, start+`is_default = 1`, orgID)
	}
	return one(ctx, s, scanWorkspace, start+`(id = ? OR slug = ?) ORDER BY id = ? DESC`, orgID, ref, ref, ref)
}

// UpdateWorkspace implements control.WorkspaceStore.
func (s *Store) UpdateWorkspace(ctx context.Context, w control.Workspace) error {
	return s.change(ctx, `UPDATE workspaces SET name = ?, description = ?, metadata = ?, icon = ?, user_key_config = ?, updated_at = ?
		WHERE org_id = ? AND id = ? AND archived_at = 0`,
		w.Name, w.Description, toJSON(w.Metadata), w.Icon, w.UserKeyConfig, millis(w.UpdatedAt), w.OrgID, w.ID)
}

// contents are the tables whose rows go with their workspace, as they are.
var contents = []string{"api_keys", "configs", "saved_filters", "exports"}

// ArchiveWorkspace implements control.WorkspaceStore.
func (s *Store) ArchiveWorkspace(ctx context.Context, t control.Tenant, at time.Time) error {
	err := s.change(ctx, `UPDATE workspaces SET archived_at = ?, updated_at = ? WHERE org_id = ? AND id = ? AND archived_at = 0`,
		millis(at), millis(at), t.Org, t.Workspace)
	if err != nil {
		return err
	}
	for _, table := range contents {
		if _, err := s.exec(ctx, `UPDATE `+table+` SET archived_at = ? WHERE org_id = ? AND workspace_id = ? AND archived_at = 0`,
			millis(at), t.Org, t.Workspace); err != nil {
			return err
		}
	}
	_, err = s.exec(ctx, `UPDATE virtual_keys SET archived_at = ?, sealed = '', masked = '' WHERE org_id = ? AND workspace_id = ? AND archived_at = 0`,
		millis(at), t.Org, t.Workspace)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `DELETE FROM workspace_members WHERE org_id = ? AND workspace_id = ?`, t.Org, t.Workspace)
	return err
}

// Workspaces implements control.WorkspaceStore.
func (s *Store) Workspaces(ctx context.Context, orgID string, f control.WorkspaceFilter, p control.Page) ([]control.Workspace, int, error) {
	// instr and strpos differ between dialects, and SQLite's LIKE ignores case,
	// so a case-sensitive "contains" is a comparison of replaced text.
	from := `workspaces WHERE org_id = ? AND (? = '' OR id = ?) AND (? = '' OR name = ?) AND (? = '' OR REPLACE(name, ?, '') <> name)
		AND (? = '' OR id IN (SELECT workspace_id FROM workspace_members WHERE user_id = ?))`
	args := []any{orgID, f.ID, f.ID, f.ExactName, f.ExactName, f.NameContains, f.NameContains, f.Member, f.Member}
	if f.Archived {
		from += ` AND archived_at <> 0`
	} else {
		from += ` AND archived_at = 0`
	}
	return page(ctx, s, scanWorkspace, workspaceColumns, from, `is_default DESC, created_at, id`, p, args...)
}

// integer is how a boolean is stored.
func integer(b bool) int {
	if b {
		return 1
	}
	return 0
}
