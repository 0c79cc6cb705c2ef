package app

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/portico-ai/portico/internal/control"
)

// OpenControl opens the control plane of a data folder for a command. A server
// may be running on the same folder: it sees changes within a second or two.
func OpenControl(ctx context.Context, cfg Config, log *slog.Logger) (*control.Service, io.Closer, error) {
	a := &App{cfg: cfg, log: log}
	if err := requireFolder(cfg); err != nil {
		return nil, nil, err
	}
	if err := errors.Join(a.openEgress(ctx), a.openMaster(false)); err != nil {
		return nil, nil, err
	}
	var err error
	if a.db, err = openDatabase(ctx, cfg, log); err != nil {
		return nil, nil, err
	}
	if err = a.newService(nil); err == nil {
		err = a.service.Open(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, a.db.Close())
	}
	return a.service, a.db, nil
}

// Migrate brings the schema of the control plane's database up to date and says
// which versions it had and has. It refuses a schema that is newer than this
// program.
func Migrate(ctx context.Context, cfg Config) (from, to int, err error) {
	if err := requireFolder(cfg); err != nil {
		return 0, 0, err
	}
	before, err := inspectDatabase(ctx, cfg)
	if err != nil {
		return 0, 0, err
	}
	from, _, err = before.Schema(ctx)
	if err := errors.Join(err, before.Close()); err != nil {
		return 0, 0, err
	}
	after, err := openDatabase(ctx, cfg, nil)
	if err != nil {
		return from, from, err
	}
	to, _, err = after.Schema(ctx)
	return from, to, errors.Join(err, after.Close())
}
