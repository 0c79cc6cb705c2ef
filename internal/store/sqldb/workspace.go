package sqldb

import (
	"context"

	"github.com/portico-ai/portico/internal/control"
)

const workspaceColumns = "id, org_id, slug, name, description, is_default, metadata, created_at, updated_at"

func scanWorkspace(row scanner) (w control.Workspace, err error) {
	err = row.Scan(&w.ID, &w.OrgID, &w.Slug, &w.Name, &w.Description, &w.IsDefault, jsonColumn{&w.Metadata},
		timeColumn{&w.CreatedAt}, timeColumn{&w.UpdatedAt})
	return w, err
}

// InsertWorkspace implements control.WorkspaceStore.
func (s *Store) InsertWorkspace(ctx context.Context, w control.Workspace) error {
	return s.insert(ctx, "workspaces", workspaceColumns+", archived_at", w.ID, w.OrgID, w.Slug, w.Name, w.Description,
		integer(w.IsDefault), toJSON(w.Metadata), millis(w.CreatedAt), millis(w.UpdatedAt), 0)
}

// FindWorkspace implements control.WorkspaceStore.
func (s *Store) FindWorkspace(ctx context.Context, orgID, ref string) (control.Workspace, error) {
	const start = `SELECT ` + workspaceColumns + ` FROM workspaces WHERE org_id = ? AND archived_at = 0 AND `
	if ref == "" {
		return one(ctx, s, scanWorkspace, start+`is_default = 1`, orgID)
	}
	return one(ctx, s, scanWorkspace, start+`(id = ? OR slug = ?) ORDER BY id = ? DESC`, orgID, ref, ref, ref)
}

// Workspaces implements control.WorkspaceStore.
func (s *Store) Workspaces(ctx context.Context, orgID string, f control.WorkspaceFilter, p control.Page) ([]control.Workspace, int, error) {
	// instr and strpos differ between dialects, and SQLite's LIKE ignores case,
	// so a case-sensitive "contains" is a comparison of replaced text.
	return page(ctx, s, scanWorkspace, workspaceColumns,
		`workspaces WHERE org_id = ? AND archived_at = 0 AND (? = '' OR id = ?) AND (? = '' OR name = ?) AND (? = '' OR REPLACE(name, ?, '') <> name)`,
		`is_default DESC, created_at, id`, p, orgID, f.ID, f.ID, f.ExactName, f.ExactName, f.NameContains, f.NameContains)
}

// integer is how a boolean is stored.
func integer(b bool) int {
	if b {
		return 1
	}
	return 0
}
