package sqldb

import (
	"context"
	"encoding/json"
	"time"

	"github.com/portico-ai/portico/internal/control"
)

const savedFilterColumns = "id, org_id, workspace_id, owner_id, name, filters, shared, created_at, updated_at"

func scanSavedFilter(row scanner) (f control.SavedFilter, err error) {
	var filters string
	err = row.Scan(&f.ID, &f.OrgID, &f.WorkspaceID, &f.OwnerID, &f.Name, &filters, &f.Shared, timeColumn{&f.CreatedAt}, timeColumn{&f.UpdatedAt})
	f.Filters = json.RawMessage(filters)
	return f, err
}

// InsertSavedFilter implements control.SavedFilterStore.
func (s *Store) InsertSavedFilter(ctx context.Context, f control.SavedFilter) error {
	return s.insert(ctx, "saved_filters", savedFilterColumns+", archived_at", f.ID, f.OrgID, f.WorkspaceID, f.OwnerID, f.Name, string(f.Filters),
		integer(f.Shared), millis(f.CreatedAt), millis(f.UpdatedAt), 0)
}

// UpdateSavedFilter implements control.SavedFilterStore.
func (s *Store) UpdateSavedFilter(ctx context.Context, f control.SavedFilter) error {
	return s.change(ctx, `UPDATE saved_filters SET name = ?, filters = ?, shared = ?, updated_at = ? WHERE org_id = ? AND workspace_id = ? AND id = ? AND archived_at = 0`,
		f.Name, string(f.Filters), integer(f.Shared), millis(f.UpdatedAt), f.OrgID, f.WorkspaceID, f.ID)
}

// ArchiveSavedFilter implements control.SavedFilterStore.
func (s *Store) ArchiveSavedFilter(ctx context.Context, t control.Tenant, id string, at time.Time) error {
	return s.change(ctx, `UPDATE saved_filters SET archived_at = ? WHERE `+inTenant+` AND id = ?`, millis(at), t.Org, t.Workspace, t.Workspace, id)
}

const seenBy = ` AND (shared = 1 OR owner_id = ?)`

// FindSavedFilter implements control.SavedFilterStore.
func (s *Store) FindSavedFilter(ctx context.Context, t control.Tenant, owner, id string) (control.SavedFilter, error) {
	return one(ctx, s, scanSavedFilter, `SELECT `+savedFilterColumns+` FROM saved_filters WHERE `+inTenant+seenBy+` AND id = ?`,
		t.Org, t.Workspace, t.Workspace, owner, id)
}

// SavedFilters implements control.SavedFilterStore.
func (s *Store) SavedFilters(ctx context.Context, t control.Tenant, owner string, p control.Page) ([]control.SavedFilter, int, error) {
	return page(ctx, s, scanSavedFilter, savedFilterColumns, `saved_filters WHERE `+inTenant+seenBy, `name, id`, p, t.Org, t.Workspace, t.Workspace, owner)
}
