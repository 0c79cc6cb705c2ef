package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/store/sqldb"
)

// shared reports whether the control plane is in a database that other nodes may
// work on, too.
func (c Config) shared() bool { return !c.DatabaseURL.IsZero() }

// refuseNode refuses the folder of a node to somebody who does not know of its
// database: what else is in the folder is out of date, or nothing.
func refuseNode(cfg Config) error {
	if _, err := os.Stat(filepath.Join(cfg.Data, snapshotName)); cfg.shared() || err != nil {
		return nil
	}
	return fmt.Errorf("the data folder %s is of a node whose database is at a --database-url, or in PORTICO_DATABASE_URL: set that. If it is to be for a database of its own (%s) again, remove %s from it",
		cfg.Data, databaseFile, snapshotName)
}

// openDatabase opens the control plane's database and brings its schema up to
// date.
func openDatabase(ctx context.Context, cfg Config, log *slog.Logger) (*sqldb.Store, error) {
	if !cfg.shared() {
		return sqldb.OpenSQLite(ctx, filepath.Join(cfg.Data, databaseFile))
	}
	return openPostgres(ctx, cfg.DatabaseURL, "--database-url", sqldb.PostgresOptions{Log: log})
}

// inspectDatabase opens it as it is, for one who changes nothing.
func inspectDatabase(ctx context.Context, cfg Config) (*sqldb.Store, error) {
	if !cfg.shared() {
		return sqldb.OpenReadOnly(ctx, filepath.Join(cfg.Data, databaseFile))
	}
	return openPostgres(ctx, cfg.DatabaseURL, "--database-url", sqldb.PostgresOptions{AsIs: true})
}

// openPostgres lets the hosts of the address be dialled, and no others: the
// operator has named them.
func openPostgres(ctx context.Context, address ai.Secret, setting string, o sqldb.PostgresOptions) (*sqldb.Store, error) {
	at, err := sqldb.ParsePostgresURL(address)
	if err != nil {
		return nil, fmt.Errorf("%s %w", setting, err)
	}
	policy := &egress.Policy{}
	for _, host := range at.Hosts {
		if err := policy.Trust(host); err != nil {
			return nil, fmt.Errorf("%s: %w", setting, err)
		}
	}
	o.Dial = (&egress.Dialer{Policy: policy}).DialContext
	store, err := sqldb.OpenPostgres(ctx, at, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return store, nil
}

// openDatabase opens the database, and the master key where that depends on what
// the database holds.
func (a *App) openDatabase(ctx context.Context) (err error) {
	if a.db, err = openDatabase(ctx, a.cfg, a.log); err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	if !a.cfg.shared() {
		return nil
	}
	orgs, err := a.db.Organisations(ctx)
	empty := err == nil && len(orgs) == 0
	if _, found := os.Stat(a.path(databaseFile)); empty && found == nil {
		return fmt.Errorf("the data folder %s has a database of its own (%s), and the one at --database-url is empty: copy it there with portico migrate --to, or name another folder", a.cfg.Data, databaseFile)
	}
	if err := a.openMaster(empty); err != nil {
		return fmt.Errorf("%w (nodes that share a database share the master key)", err)
	}
	return nil
}

// nodeName tells this data folder from those of other nodes. It is not part of a
// backup: a restored folder is another one.
func nodeName(dir string) (string, error) {
	path := filepath.Join(dir, nodeFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(uuid.NewString() + "\n")
		err = os.WriteFile(path, text, 0o600)
	}
	name := strings.TrimSpace(string(text))
	if err == nil && uuid.Validate(name) != nil {
		err = fmt.Errorf("%s does not hold a UUID; remove it", path)
	}
	return name, err
}

// A snapshotFile implements control.SnapshotFile.
type snapshotFile struct{ path string }

func (f snapshotFile) Read() ([]byte, error) { return os.ReadFile(f.path) }

// Write leaves the old or the new one, whenever the process or the machine dies.
func (f snapshotFile) Write(sealed []byte) (err error) {
	tmp, err := os.OpenFile(f.path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = tmp.Write(sealed)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), f.path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(f.path))
}
