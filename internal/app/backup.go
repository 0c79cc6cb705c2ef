package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/secret"
	"github.com/portico-ai/portico/internal/store/sqldb"
)

// BackupOptions say what a backup holds beside the data.
type BackupOptions struct {
	WithMasterKey bool
}

// Backup writes a consistent copy of the data folder to a new file, mode 0600. A
// server may go on working on the folder. The file appears under its name when it
// is whole and on the disk.
//
// What refers is copied before what it refers to: first the journal, whose
// entries name bodies, workspaces and keys, then the bodies, then the database,
// in which nothing is deleted for good. So everything that a restored entry names
// is there. The other way round, the last entries could name a key or a workspace
// that the copied database has never heard of. (The database holds no position in
// the journal; one that was kept there would be ahead of the copied journal.)
//
// Every entry that was settled when the backup began is in the journal's copy;
// requests in flight are in it as reservations, which the first start settles as
// interrupted. The log store is left out: it is built from the journal.
func Backup(ctx context.Context, cfg Config, file string, o BackupOptions) (m Manifest, err error) {
	b := backup{cfg: cfg, now: time.Now().UTC().Truncate(time.Second)}
	if err := b.check(file); err != nil {
		return m, err
	}
	part := file + ".part"
	out, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return m, fmt.Errorf("%s is there already: another backup is being written to it, or one was cut; if none is running, remove it", part)
	}
	if err != nil {
		return m, fmt.Errorf("make the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("make the backup: %w", err)
			_ = os.Remove(part)
		}
	}()
	if b.out, err = newArchiveWriter(out, b.now); err == nil {
		m, err = b.write(ctx, o)
	}
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return m, err
	}
	if err := os.Rename(part, file); err != nil {
		return m, err
	}
	return m, syncDir(filepath.Dir(file))
}

type backup struct {
	cfg Config
	now time.Time
	out *archiveWriter
}

func (b *backup) path(name string) string { return filepath.Join(b.cfg.Data, name) }

func (b *backup) check(file string) error {
	if err := requireFolder(b.cfg); err != nil {
		return err
	}
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("%s is there already; choose another name", file)
	}
	return nil
}

func (b *backup) write(ctx context.Context, o BackupOptions) (m Manifest, err error) {
	journal, err := ledger.JournalFiles(b.path(journalDir))
	if err != nil {
		return m, err
	}
	bodies, err := ledger.BodyFiles(b.path(bodiesDir))
	if err != nil {
		return m, err
	}
	for _, part := range []struct {
		dir   string
		files []ledger.SegmentFile
	}{{journalDir, journal}, {bodiesDir, bodies}} {
		for _, f := range part.files {
			if err := b.segment(ctx, part.dir, f); err != nil {
				return m, err
			}
		}
	}
	m = Manifest{Version: b.cfg.Version, MasterKey: o.WithMasterKey}
	if m.Schema, err = b.database(ctx, o.WithMasterKey); err != nil {
		return m, err
	}
	return m, b.out.finish(&m)
}

// segment adds one file of the journal or the bodies. Bodies may have been
// compressed since they were listed, and retention may have dropped either.
func (b *backup) segment(ctx context.Context, dir string, f ledger.SegmentFile) error {
	err := b.out.file(ctx, dir+"/"+f.Name, b.path(filepath.Join(dir, f.Name)), f.Size)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	packed := b.path(filepath.Join(dir, ledger.PackedFile(f.Name)))
	info, err := os.Stat(packed)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return b.out.file(ctx, dir+"/"+ledger.PackedFile(f.Name), packed, info.Size())
}

// database adds a copy of the database, and the master key if it is wanted.
func (b *backup) database(ctx context.Context, withKey bool) (schema int, err error) {
	tmp, err := os.MkdirTemp(b.cfg.Data, "backup-*") // mode 0700
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	path := filepath.Join(tmp, databaseFile)
	if err := b.copyDatabase(ctx, path); err != nil {
		return 0, err
	}
	db, err := sqldb.OpenReadOnly(ctx, path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if schema, _, err = db.Schema(ctx); err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if err := b.out.file(ctx, databaseFile, path, info.Size()); err != nil || !withKey {
		return schema, err
	}
	return schema, b.masterKey(ctx, db)
}

// copyDatabase makes a SQLite file of the database, wherever that is.
func (b *backup) copyDatabase(ctx context.Context, to string) (err error) {
	db, err := inspectDatabase(ctx, b.cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if !b.cfg.shared() {
		return db.CopyTo(ctx, to)
	}
	copied, err := sqldb.OpenSQLite(ctx, to)
	if err != nil {
		return err
	}
	_, err = copied.Fill(ctx, db, "")
	return errors.Join(err, copied.Close()) // after which all of it is in the one file
}

// masterKey adds the key that opens the copied database, wherever it is kept.
func (b *backup) masterKey(ctx context.Context, db *sqldb.Store) error {
	text, err := masterSource(b.cfg).Text()
	if err != nil {
		return err
	}
	text = ai.NewSecret(strings.TrimSpace(text.Reveal()) + "\n")
	box, err := secret.ParseMaster(text, "the master key")
	if err != nil {
		return err
	}
	if err := control.CheckMaster(ctx, db, box); err != nil {
		return fmt.Errorf("the master key does not fit the copied database; was it exchanged meanwhile? %w", err)
	}
	return b.out.add(ctx, secret.MasterFile, strings.NewReader(text.Reveal()), int64(len(text.Reveal())))
}

// requireFolder refuses what is not a data folder.
func requireFolder(cfg Config) error {
	if err := refuseNode(cfg); err != nil {
		return err
	}
	mark := databaseFile
	if cfg.shared() {
		mark = journalDir
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, mark)); err != nil {
		return fmt.Errorf("%s is not a portico data folder: %w", cfg.Data, err)
	}
	return nil
}

// syncDir makes the names in a folder last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
