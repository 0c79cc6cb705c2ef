package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/secret"
	"github.com/portico-ai/portico/internal/store/sqldb"
)

// Move copies the control plane of a data folder's SQLite database into an empty
// one on a PostgreSQL server, in one transaction, and counts every table on both
// sides. The server must be stopped. The folder stays as it is, and goes on as a
// node of the new database when it is started with its URL.
func Move(ctx context.Context, cfg Config, to ai.Secret) (counts []sqldb.TableCount, err error) {
	if cfg.shared() {
		return nil, errors.New("--database-url is set, and what it names is not copied: --to copies the database in the data folder. Leave one of the two out")
	}
	if err := requireFolder(cfg); err != nil {
		return nil, err
	}
	lock, err := lockFolder(cfg.Data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	from, err := openDatabase(ctx, cfg, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	master, err := secret.Master(masterSource(cfg))
	if err == nil {
		err = control.CheckMaster(ctx, from, master)
	}
	if err != nil {
		return nil, err
	}
	node, err := nodeName(cfg.Data)
	if err != nil {
		return nil, err
	}
	target, err := openPostgres(ctx, to, "--to", sqldb.PostgresOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if counts, err = target.Fill(ctx, from, node); err != nil {
		return nil, fmt.Errorf("--to: %w; nothing was changed", err)
	}
	return counts, nil
}
