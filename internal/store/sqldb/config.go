package sqldb

import (
	"context"
	"time"

	"github.com/portico-ai/portico/internal/control"
)

const configColumns = "id, org_id, workspace_id, slug, name, is_default, version_id, owner_id, updated_by, created_at, updated_at"

func scanConfig(row scanner) (c control.Config, err error) {
	err = row.Scan(&c.ID, &c.OrgID, &c.WorkspaceID, &c.Slug, &c.Name, &c.IsDefault, &c.VersionID, &c.OwnerID, &c.UpdatedBy,
		timeColumn{&c.CreatedAt}, timeColumn{&c.UpdatedAt})
	return c, err
}

// InsertConfig implements control.ConfigStore.
func (s *Store) InsertConfig(ctx context.Context, c control.Config) error {
	return s.insert(ctx, "configs", configColumns+", archived_at", c.ID, c.OrgID, c.WorkspaceID, c.Slug, c.Name, integer(c.IsDefault),
		c.VersionID, c.OwnerID, c.UpdatedBy, millis(c.CreatedAt), millis(c.UpdatedAt), 0)
}

// UpdateConfig implements control.ConfigStore.
func (s *Store) UpdateConfig(ctx context.Context, c control.Config) error {
	return s.change(ctx, `UPDATE configs SET name = ?, is_default = ?, version_id = ?, updated_by = ?, updated_at = ?
		WHERE org_id = ? AND workspace_id = ? AND id = ? AND archived_at = 0`,
		c.Name, integer(c.IsDefault), c.VersionID, c.UpdatedBy, millis(c.UpdatedAt), c.OrgID, c.WorkspaceID, c.ID)
}

// ArchiveConfig implements control.ConfigStore.
func (s *Store) ArchiveConfig(ctx context.Context, t control.Tenant, id string, at time.Time) error {
	return s.change(ctx, `UPDATE configs SET archived_at = ?, is_default = 0 WHERE `+inTenant+` AND id = ?`,
		millis(at), t.Org, t.Workspace, t.Workspace, id)
}

// ClearDefaultConfig implements control.ConfigStore.
func (s *Store) ClearDefaultConfig(ctx context.Context, t control.Tenant) error {
	_, err := s.exec(ctx, `UPDATE configs SET is_default = 0 WHERE org_id = ? AND workspace_id = ? AND is_default = 1`, t.Org, t.Workspace)
	return err
}

// FindConfig implements control.ConfigStore.
func (s *Store) FindConfig(ctx context.Context, t control.Tenant, ref string) (control.Config, error) {
	return unique(ctx, s, scanConfig, `SELECT `+configColumns+` FROM configs WHERE `+inTenant+` AND (id = ? OR slug = ?)`,
		t.Org, t.Workspace, t.Workspace, ref, ref)
}

// Configs implements control.ConfigStore.
func (s *Store) Configs(ctx context.Context, t control.Tenant, p control.Page) ([]control.Config, int, error) {
	return page(ctx, s, scanConfig, configColumns, `configs WHERE `+inTenant, `created_at DESC, id`, p, t.Org, t.Workspace, t.Workspace)
}

const versionColumns = "id, config_id, org_id, workspace_id, number, body, created_by, created_at"

func scanVersion(row scanner) (v control.ConfigVersion, err error) {
	err = row.Scan(&v.ID, &v.ConfigID, &v.OrgID, &v.WorkspaceID, &v.Number, &v.Body, &v.CreatedBy, timeColumn{&v.CreatedAt})
	return v, err
}

// InsertConfigVersion implements control.ConfigStore.
func (s *Store) InsertConfigVersion(ctx context.Context, v control.ConfigVersion) error {
	return s.insert(ctx, "config_versions", versionColumns, v.ID, v.ConfigID, v.OrgID, v.WorkspaceID, v.Number, v.Body, v.CreatedBy, millis(v.CreatedAt))
}

// FindConfigVersion implements control.ConfigStore.
func (s *Store) FindConfigVersion(ctx context.Context, t control.Tenant, id string) (control.ConfigVersion, error) {
	return one(ctx, s, scanVersion, `SELECT `+versionColumns+` FROM config_versions WHERE org_id = ? AND (? = '' OR workspace_id = ?) AND id = ?`,
		t.Org, t.Workspace, t.Workspace, id)
}

// ConfigVersions implements control.ConfigStore.
func (s *Store) ConfigVersions(ctx context.Context, t control.Tenant, configID string, p control.Page) ([]control.ConfigVersion, int, error) {
	return page(ctx, s, scanVersion, versionColumns, `config_versions WHERE org_id = ? AND (? = '' OR workspace_id = ?) AND config_id = ?`,
		`number DESC`, p, t.Org, t.Workspace, t.Workspace, configID)
}

// CurrentVersions implements control.ConfigStore.
func (s *Store) CurrentVersions(ctx context.Context, t control.Tenant) ([]control.ConfigVersion, error) {
	return many(ctx, s, scanVersion, `SELECT `+versionColumns+` FROM config_versions WHERE org_id = ? AND (? = '' OR workspace_id = ?)
		AND id IN (SELECT version_id FROM configs WHERE `+inTenant+`)`, t.Org, t.Workspace, t.Workspace, t.Org, t.Workspace, t.Workspace)
}
