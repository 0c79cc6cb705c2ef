package sqldb

import (
	"context"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/control"
)

const apiKeyColumns = "id, org_id, workspace_id, user_id, type, name, description, masked, scopes, metadata, config_id, lock_config, " +
	"creation_mode, created_by, digest, old_digest, old_until, expires_at, created_at, updated_at"

// inTenant limits a query to a tenant: its arguments are the organisation and,
// twice, the workspace.
const inTenant = `org_id = ? AND (? = '' OR workspace_id = ?) AND archived_at = 0`

func scanAPIKey(row scanner) (k control.APIKey, err error) {
	err = row.Scan(&k.ID, &k.OrgID, &k.WorkspaceID, &k.UserID, &k.Type, &k.Name, &k.Description, &k.Masked, jsonColumn{&k.Scopes},
		jsonColumn{&k.Defaults.Metadata}, &k.Defaults.ConfigID, &k.Defaults.LockConfig, &k.CreationMode, &k.CreatedBy,
		&k.Digest, &k.OldDigest, timeColumn{&k.OldUntil}, timeColumn{&k.ExpiresAt}, timeColumn{&k.CreatedAt}, timeColumn{&k.UpdatedAt})
	return k, err
}

// InsertAPIKey implements control.APIKeyStore.
func (s *Store) InsertAPIKey(ctx context.Context, k control.APIKey) error {
	return s.insert(ctx, "api_keys", apiKeyColumns+", archived_at", k.ID, k.OrgID, k.WorkspaceID, k.UserID, k.Type, k.Name, k.Description,
		k.Masked, toJSON(k.Scopes), toJSON(k.Defaults.Metadata), k.Defaults.ConfigID, integer(k.Defaults.LockConfig), k.CreationMode,
		k.CreatedBy, k.Digest, k.OldDigest, millis(k.OldUntil), millis(k.ExpiresAt), millis(k.CreatedAt), millis(k.UpdatedAt), 0)
}

// UpdateAPIKey implements control.APIKeyStore.
func (s *Store) UpdateAPIKey(ctx context.Context, k control.APIKey) error {
	return s.change(ctx, `UPDATE api_keys SET name = ?, description = ?, masked = ?, scopes = ?, metadata = ?, config_id = ?, lock_config = ?,
		digest = ?, old_digest = ?, old_until = ?, expires_at = ?, updated_at = ?
		WHERE org_id = ? AND workspace_id = ? AND id = ? AND archived_at = 0`,
		k.Name, k.Description, k.Masked, toJSON(k.Scopes), toJSON(k.Defaults.Metadata), k.Defaults.ConfigID, integer(k.Defaults.LockConfig),
		k.Digest, k.OldDigest, millis(k.OldUntil), millis(k.ExpiresAt), millis(k.UpdatedAt), k.OrgID, k.WorkspaceID, k.ID)
}

// ArchiveAPIKey implements control.APIKeyStore.
func (s *Store) ArchiveAPIKey(ctx context.Context, t control.Tenant, id string, at time.Time) error {
	return s.change(ctx, `UPDATE api_keys SET archived_at = ? WHERE `+inTenant+` AND id = ?`, millis(at), t.Org, t.Workspace, t.Workspace, id)
}

// FindAPIKey implements control.APIKeyStore.
func (s *Store) FindAPIKey(ctx context.Context, t control.Tenant, id string) (control.APIKey, error) {
	return one(ctx, s, scanAPIKey, `SELECT `+apiKeyColumns+` FROM api_keys WHERE `+inTenant+` AND id = ?`, t.Org, t.Workspace, t.Workspace, id)
}

// APIKeys implements control.APIKeyStore.
func (s *Store) APIKeys(ctx context.Context, t control.Tenant, f control.APIKeyFilter, p control.Page) ([]control.APIKey, int, error) {
	from := `api_keys WHERE ` + inTenant + ` AND (? = '' OR config_id = ?) AND (? = '' OR user_id = ?)`
	args := []any{t.Org, t.Workspace, t.Workspace, f.ConfigID, f.ConfigID, f.UserID, f.UserID}
	from, args = within(from, "type", f.Types, args)
	from, args = within(from, "id", f.IDs, args)
	return page(ctx, s, scanAPIKey, apiKeyColumns, from, `created_at DESC, id`, p, args...)
}

// within adds a condition: the column has one of the values. No values, no condition.
func within[T ~string](from, column string, values []T, args []any) (string, []any) {
	if len(values) == 0 {
		return from, args
	}
	for _, v := range values {
		args = append(args, string(v))
	}
	return from + ` AND ` + column + ` IN (?` + strings.Repeat(`, ?`, len(values)-1) + `)`, args
}
