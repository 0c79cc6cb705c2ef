package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

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
	if err := a.openEgress(ctx); err != nil {
		return nil, nil, err
	}
	var err error
	if a.db, err = sqldb.OpenSQLite(ctx, a.path(databaseFile)); err != nil {
		return nil, nil, err
	}
	if err := a.newService(false); err != nil {
		return nil, nil, errors.Join(err, a.db.Close())
	}
	if err := a.service.Open(ctx); err != nil {
		return nil, nil, errors.Join(err, a.db.Close())
	}
	return a.service, a.db, nil
}

// watch publishes what other processes, such as portico keys, have changed in
// the database.
func (a *App) watch(ctx context.Context) {
	seen, err := a.db.Foreign(ctx)
	if err != nil {
		a.log.Error("changes by other processes will not be seen", "err", err)
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := a.db.Foreign(ctx)
		if err != nil || now == seen {
			continue
		}
		if err := a.service.Load(ctx); err != nil {
			a.log.Error("reload after a change by another process", "err", err)
			continue
		}
		seen = now
	}
}
