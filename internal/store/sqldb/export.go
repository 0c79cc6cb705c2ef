package sqldb

import (
	"context"
	"encoding/json"
	"time"

	"github.com/portico-ai/portico/internal/control"
)

const exportColumns = "id, org_id, workspace_id, description, filters, requested_data, format, status, problem, total, progress, created_by, " +
	"created_at, updated_at, started_at, finished_at, expires_at, node"

func scanExport(row scanner) (e control.Export, err error) {
	var filters string
	err = row.Scan(&e.ID, &e.OrgID, &e.WorkspaceID, &e.Description, &filters, jsonColumn{&e.RequestedData}, &e.Format, &e.Status, &e.Problem,
		&e.Total, jsonColumn{&e.Progress}, &e.CreatedBy, timeColumn{&e.CreatedAt}, timeColumn{&e.UpdatedAt}, timeColumn{&e.StartedAt},
		timeColumn{&e.FinishedAt}, timeColumn{&e.ExpiresAt}, &e.Node)
	e.Filters = json.RawMessage(filters)
	return e, err
}

// InsertExport implements control.ExportStore.
func (s *Store) InsertExport(ctx context.Context, e control.Export) error {
	return s.insert(ctx, "exports", exportColumns+", archived_at", e.ID, e.OrgID, e.WorkspaceID, e.Description, string(e.Filters), toJSON(e.RequestedData),
		e.Format, e.Status, e.Problem, e.Total, toJSON(e.Progress), e.CreatedBy, millis(e.CreatedAt), millis(e.UpdatedAt), millis(e.StartedAt),
		millis(e.FinishedAt), millis(e.ExpiresAt), e.Node, 0)
}

const updateExport = `UPDATE exports SET description = ?, filters = ?, requested_data = ?, format = ?, status = ?, problem = ?, total = ?, progress = ?,
	updated_at = ?, started_at = ?, finished_at = ?, expires_at = ?, node = ? WHERE org_id = ? AND workspace_id = ? AND id = ? AND archived_at = 0`

func exportValues(e control.Export) []any {
	return []any{
		e.Description, string(e.Filters), toJSON(e.RequestedData), e.Format, e.Status, e.Problem, e.Total, toJSON(e.Progress),
		millis(e.UpdatedAt), millis(e.StartedAt), millis(e.FinishedAt), millis(e.ExpiresAt), e.Node, e.OrgID, e.WorkspaceID, e.ID,
	}
}

// UpdateExport implements control.ExportStore.
func (s *Store) UpdateExport(ctx context.Context, e control.Export) error {
	return s.change(ctx, updateExport, exportValues(e)...)
}

// RenewExport implements control.ExportStore.
func (s *Store) RenewExport(ctx context.Context, e control.Export, was control.ExportStatus) error {
	return s.change(ctx, updateExport+` AND status = ? AND started_at = ?`, append(exportValues(e), was, millis(e.StartedAt))...)
}

// ArchiveExport implements control.ExportStore.
func (s *Store) ArchiveExport(ctx context.Context, t control.Tenant, id string, at time.Time) error {
	return s.change(ctx, `UPDATE exports SET archived_at = ? WHERE `+inTenant+` AND id = ?`, millis(at), t.Org, t.Workspace, t.Workspace, id)
}

// FindExport implements control.ExportStore.
func (s *Store) FindExport(ctx context.Context, t control.Tenant, id string) (control.Export, error) {
	return one(ctx, s, scanExport, `SELECT `+exportColumns+` FROM exports WHERE `+inTenant+` AND id = ?`, t.Org, t.Workspace, t.Workspace, id)
}

// Exports implements control.ExportStore.
func (s *Store) Exports(ctx context.Context, t control.Tenant, p control.Page) ([]control.Export, int, error) {
	return page(ctx, s, scanExport, exportColumns, `exports WHERE `+inTenant, `created_at DESC, id`, p, t.Org, t.Workspace, t.Workspace)
}

// ExportsIn implements control.ExportStore.
func (s *Store) ExportsIn(ctx context.Context, node string, status control.ExportStatus) ([]control.Export, error) {
	return many(ctx, s, scanExport, `SELECT `+exportColumns+` FROM exports WHERE node = ? AND status = ? AND archived_at = 0 ORDER BY started_at, id`, node, status)
}
