package app

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/store/sqldb"
)

// OpenControl opens the control plane of a data folder for a command. A server
// may be running on the same folder: it sees changes within a second or two.
func OpenControl(ctx context.Context, cfg Config, log *slog.Logger) (*control.Service, io.Closer, error) {
	a := &App{cfg: cfg, log: log}
	if err := requireFolder(cfg.Data); err != nil {
		return nil, nil, err
	}
	if err := errors.Join(a.openEgress(ctx), a.openMaster(false)); err != nil {
		return nil, nil, err
	}
	var err error
	if a.db, err = sqldb.OpenSQLite(ctx, a.path(databaseFile)); err != nil {
		return nil, nil, err
	}
	a.newService()
	if err := a.service.Open(ctx); err != nil {
		return nil, nil, errors.Join(err, a.db.Close())
	}
	return a.service, a.db, nil
}

// Migrate brings the schema of a data folder's database up to date and says which
// versions it had and has.
func Migrate(ctx context.Context, cfg Config) (from, to int, err error) {
	if err := requireFolder(cfg.Data); err != nil {
		return 0, 0, err
	}
	return sqldb.Migrate(ctx, (&App{cfg: cfg}).path(databaseFile))
}
