package sqldb

import (
	"context"
	"time"

	"github.com/portico-ai/portico/internal/control"
)

const virtualKeyColumns = "id, org_id, workspace_id, slug, name, note, provider, status, fields, deployments, custom_host, destination, " +
	"sealed, masked, owner_id, updated_by, expires_at, created_at, updated_at"

func scanVirtualKey(row scanner) (k control.VirtualKey, err error) {
	err = row.Scan(&k.ID, &k.OrgID, &k.WorkspaceID, &k.Slug, &k.Name, &k.Note, &k.Provider, &k.Status, jsonColumn{&k.Fields},
		jsonColumn{&k.Deployments}, &k.CustomHost, &k.Destination, &k.Sealed, &k.Masked, &k.OwnerID, &k.UpdatedBy,
		timeColumn{&k.ExpiresAt}, timeColumn{&k.CreatedAt}, timeColumn{&k.UpdatedAt})
	return k, err
}

// InsertVirtualKey implements control.VirtualKeyStore.
func (s *Store) InsertVirtualKey(ctx context.Context, k control.VirtualKey) error {
	return s.insert(ctx, "virtual_keys", virtualKeyColumns+", archived_at", k.ID, k.OrgID, k.WorkspaceID, k.Slug, k.Name, k.Note, k.Provider,
		k.Status, toJSON(k.Fields), toJSON(k.Deployments), k.CustomHost, k.Destination, k.Sealed, k.Masked, k.OwnerID, k.UpdatedBy,
		millis(k.ExpiresAt), millis(k.CreatedAt), millis(k.UpdatedAt), 0)
}

// UpdateVirtualKey implements control.VirtualKeyStore.
func (s *Store) UpdateVirtualKey(ctx context.Context, k control.VirtualKey) error {
	return s.change(ctx, `UPDATE virtual_keys SET name = ?, note = ?, status = ?, fields = ?, deployments = ?, custom_host = ?, destination = ?,
		sealed = ?, masked = ?, updated_by = ?, expires_at = ?, updated_at = ?
		WHERE org_id = ? AND workspace_id = ? AND id = ? AND archived_at = 0`,
		k.Name, k.Note, k.Status, toJSON(k.Fields), toJSON(k.Deployments), k.CustomHost, k.Destination,
		k.Sealed, k.Masked, k.UpdatedBy, millis(k.ExpiresAt), millis(k.UpdatedAt), k.OrgID, k.WorkspaceID, k.ID)
}

// ArchiveVirtualKey implements control.VirtualKeyStore.
func (s *Store) ArchiveVirtualKey(ctx context.Context, t control.Tenant, id string, at time.Time) error {
	return s.change(ctx, `UPDATE virtual_keys SET archived_at = ?, sealed = '', masked = '' WHERE `+inTenant+` AND id = ?`,
		millis(at), t.Org, t.Workspace, t.Workspace, id)
}

// FindVirtualKey implements control.VirtualKeyStore.
func (s *Store) FindVirtualKey(ctx context.Context, t control.Tenant, ref string) (control.VirtualKey, error) {
	return unique(ctx, s, scanVirtualKey, `SELECT `+virtualKeyColumns+` FROM virtual_keys WHERE `+inTenant+` AND (id = ? OR slug = ?)`,
		t.Org, t.Workspace, t.Workspace, ref, ref)
}

// VirtualKeys implements control.VirtualKeyStore.
func (s *Store) VirtualKeys(ctx context.Context, t control.Tenant, p control.Page) ([]control.VirtualKey, int, error) {
	return page(ctx, s, scanVirtualKey, virtualKeyColumns, `virtual_keys WHERE `+inTenant, `created_at DESC, id`, p, t.Org, t.Workspace, t.Workspace)
}
