package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// SetAside moves the file at path and its write-ahead log out of the way, so that
// the next Open begins with an empty store and the journal fills it again. The
// store must not be open. It returns the file's new name.
func SetAside(path string) (string, error) {
	aside := fmt.Sprintf("%s.aside-%s", path, time.Now().UTC().Format("20060102T150405.000000"))
	for _, suffix := range []string{"", ".wal"} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("duckdb: set aside: %w", err)
		}
	}
	return aside, nil
}

var (
	errVersion = errors.New("the file has another schema version")
	errRows    = errors.New("rows are missing or too many")
)

// ruined reports whether err is about the file's content, not about access to it.
func ruined(err error) bool {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return false
	}
	text := strings.ToLower(err.Error())
	for _, s := range []string{
		"could not set lock", "conflicting lock", "permission denied", "no space left",
		"out of memory", "too many open files", "no such file", "cannot open file",
	} {
		if strings.Contains(text, s) {
			return false
		}
	}
	return true
}

// catalog is the name of the file's database beside DuckDB's own.
const catalog = "store"

// rowGroup is how many rows are compressed together. A batch goes through the
// write-ahead log and its row group is compressed again until it is full, so a
// large one costs ingestion; a small one costs memory, for every row group of
// the file keeps its statistics there: with a million rows 8,192 took 96 MB at
// rest, and 32,768 took 74 MB.
const rowGroup = 32768

// openDatabase attaches the file to an instance in memory, for only so can its
// row groups have another size than DuckDB's 122,880 rows, with which every
// checkpoint writes up to as many again.
func openDatabase(path string, opt Options) (*database, error) {
	settings := url.Values{
		"memory_limit": {fmt.Sprintf("%dB", opt.MemoryLimit)}, "threads": {strconv.Itoa(opt.Threads)}, "temp_directory": {path + ".tmp"},
		"autoinstall_known_extensions": {"false"}, "autoload_known_extensions": {"false"},
	}
	connector, err := duckdb.NewConnector(":memory:?"+settings.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("duckdb: open %s: %w", path, err)
	}
	d := &database{db: sql.OpenDB(connector)}
	d.db.SetMaxIdleConns(2)
	d.db.SetMaxOpenConns(8)
	if err := d.prepare(context.Background(), path); err != nil {
		return nil, errors.Join(fmt.Errorf("duckdb: open %s: %w", path, err), d.close())
	}
	return d, nil
}

// prepare makes the tables of a new file and checks those of an old one.
func (d *database) prepare(ctx context.Context, path string) error {
	var err error
	if d.writer, err = d.db.Conn(ctx); err != nil {
		return err
	}
	attach := fmt.Sprintf(`ATTACH '%s' AS %s (TYPE duckdb, ROW_GROUP_SIZE %d)`, strings.ReplaceAll(path, "'", "''"), catalog, rowGroup)
	if _, err := d.writer.ExecContext(ctx, attach); err != nil {
		return err
	}
	if _, err := d.writer.ExecContext(ctx, `USE `+catalog); err != nil {
		return err
	}
	if _, err := d.writer.ExecContext(ctx, schema()); err != nil {
		return err
	}
	var version int
	var rows, found int64
	err = d.writer.QueryRowContext(ctx, `SELECT version, "rows" FROM store.reader`).Scan(&version, &rows)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = d.writer.ExecContext(ctx, `INSERT INTO reader VALUES (?, 0, 0, 0)`, schemaVersion)
		version = schemaVersion
	}
	if err != nil {
		return err
	}
	if version != schemaVersion {
		return fmt.Errorf("%w: %d, not %d", errVersion, version, schemaVersion)
	}
	var newest sql.NullTime
	if err := d.writer.QueryRowContext(ctx, `SELECT count(*), max(started_at) FROM store.logs`).Scan(&found, &newest); err != nil {
		return err
	}
	if found != rows {
		return fmt.Errorf("%w: %d found, %d were stored", errRows, found, rows)
	}
	d.recent.after(newest.Time.Add(time.Microsecond)) // it is kept in whole ones
	return nil
}
