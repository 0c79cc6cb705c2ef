package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/store/sqldb"
)

// OpenControl opens the control plane of a data folder for a command. A server
// may be running on the same folder: it sees changes within a second or two.
func OpenControl(ctx context.Context, cfg Config, log *slog.Logger) (*control.Service, io.Closer, error) {
	a := &App{cfg: cfg, log: log}
	if _, err := os.Stat(a.path(databaseFile)); err != nil {
		return nil, nil, fmt.Errorf("%s is not a portico data folder: %w", cfg.Data, err)
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
