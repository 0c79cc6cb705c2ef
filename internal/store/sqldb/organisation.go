package sqldb

import (
	"context"

	"github.com/portico-ai/portico/internal/control"
)

// InsertOrganisation implements control.OrganisationStore.
func (s *Store) InsertOrganisation(ctx context.Context, o control.Organisation) error {
	return s.insert(ctx, "organisations", "id, name, data_key, created_at", o.ID, o.Name, o.DataKey, millis(o.CreatedAt))
}

// Organisations implements control.OrganisationStore.
func (s *Store) Organisations(ctx context.Context) ([]control.Organisation, error) {
	return many(ctx, s, func(row scanner) (o control.Organisation, err error) {
		err = row.Scan(&o.ID, &o.Name, &o.DataKey, timeColumn{&o.CreatedAt})
		return o, err
	}, `SELECT id, name, data_key, created_at FROM organisations ORDER BY created_at, id`)
}

// UpdateDataKey implements control.OrganisationStore.
func (s *Store) UpdateDataKey(ctx context.Context, orgID, sealed string) error {
	return s.change(ctx, `UPDATE organisations SET data_key = ? WHERE id = ?`, sealed, orgID)
}

// Setting implements control.OrganisationStore.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	return one(ctx, s, func(row scanner) (v string, err error) {
		err = row.Scan(&v)
		return v, err
	}, `SELECT value FROM settings WHERE name = ?`, name)
}

// PutSetting implements control.OrganisationStore.
func (s *Store) PutSetting(ctx context.Context, name, value string) error {
	_, err := s.exec(ctx, `INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

// DeleteSetting implements control.OrganisationStore.
func (s *Store) DeleteSetting(ctx context.Context, name string) error {
	_, err := s.exec(ctx, `DELETE FROM settings WHERE name = ?`, name)
	return err
}
