package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/test/postgres"
)

func openPostgres(ctx context.Context, url string) (*Store, error) {
	at, err := ParsePostgresURL(ai.NewSecret(url))
	if err != nil {
		return nil, err
	}
	return OpenPostgres(ctx, at, PostgresOptions{})
}

// urls are those of the tests' stores.
var urls sync.Map

func openURL(t *testing.T, url string) *Store {
	t.Helper()
	s, err := openPostgres(t.Context(), url)
	must(t, err)
	urls.Store(s, url)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// raw opens a database by its URL or path, as it is.
func raw(dsnOrPath string) (*sql.DB, *engine) {
	if !strings.Contains(dsnOrPath, "://") {
		db, err := sql.Open("sqlite", dsn(dsnOrPath))
		if err != nil {
			panic(err)
		}
		return db, sqliteEngine
	}
	at, err := ParsePostgresURL(ai.NewSecret(dsnOrPath))
	if err != nil {
		panic(err)
	}
	return newLink(at, PostgresOptions{AsIs: true}).db, postgresEngine
}

func address(t *testing.T, s *Store) string {
	t.Helper()
	if url, ok := urls.Load(s); ok {
		return url.(string)
	}
	return dbPath(t, s)
}

func reopen(t *testing.T, s *Store) (*Store, error) {
	t.Helper()
	if s.link != nil {
		return openPostgres(t.Context(), address(t, s))
	}
	return OpenSQLite(t.Context(), dbPath(t, s))
}

// wipe removes the schema.
func wipe(t *testing.T, s *Store) {
	t.Helper()
	if s.link != nil {
		_, err := s.write.ExecContext(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
		must(t, err)
		return
	}
	all, err := tables(t.Context(), s.read)
	must(t, err)
	for i := len(all) - 1; i >= 0; i-- {
		_, err := s.write.ExecContext(t.Context(), "DROP TABLE "+all[i].name)
		must(t, err)
	}
	_, err = s.write.ExecContext(t.Context(), "DROP TABLE schema_versions")
	must(t, err)
}

// schemaOf describes all columns and indexes.
func schemaOf(t *testing.T, s *Store) []string {
	t.Helper()
	query := `SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master ORDER BY 1`
	if s.link != nil {
		query = `SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || COALESCE(collation_name, '') FROM information_schema.columns WHERE table_schema = 'public'
			UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`
	}
	found, err := texts(t.Context(), s.read, query)
	must(t, err)
	return found
}

func testText(t *testing.T, open opener) {
	s, ctx := open(t), t.Context()
	seed(t, s)
	for _, bad := range []string{"a\x00b", "\xff"} {
		if err := s.PutSetting(ctx, "n", bad); !errors.Is(err, control.ErrText) {
			t.Errorf("%q was stored: %v", bad, err)
		}
		if _, err := s.FindWorkspace(ctx, "org", bad); !errors.Is(err, control.ErrText) {
			t.Errorf("%q was looked for: %v", bad, err)
		}
	}
	for i, name := range []string{"b", "a", "B", "é", "Z"} {
		must(t, s.InsertSavedFilter(ctx, control.SavedFilter{ID: fmt.Sprint(i), OrgID: "org", WorkspaceID: "a", OwnerID: "o", Name: name, Filters: []byte("{}"), CreatedAt: at, UpdatedAt: at}))
	}
	list, _, err := s.SavedFilters(ctx, control.Tenant{Org: "org", Workspace: "a"}, "o", control.Everything)
	must(t, err)
	var names []string
	for _, f := range list {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"B", "Z", "a", "b", "é"}, names); diff != "" {
		t.Errorf("the order of names:\n%s", diff)
	}
}

// Both ways, everything arrives, and nothing arrives where something is.
func TestFill(t *testing.T) {
	server := postgres.Start(t)
	ctx := t.Context()
	lite := open(t)
	seed(t, lite)
	for i := range 3 * batch / 2 {
		must(t, lite.PutSetting(ctx, fmt.Sprint("n", i), "it's \"text\" with é and ?"))
	}
	must(t, lite.InsertExport(ctx, control.Export{ID: "e", OrgID: "org", WorkspaceID: "a", Filters: []byte("{}"), Status: control.ExportRunning, CreatedAt: at, UpdatedAt: at, StartedAt: at}))
	url := server.Database()
	pg := openURL(t, url)
	counts, err := pg.Fill(ctx, lite, "node-1")
	must(t, err)
	rows := map[string]int64{}
	for _, c := range counts {
		rows[c.Table] = c.Rows
	}
	if rows["organisations"] != 2 || rows["workspaces"] != 2 || rows["settings"] != 3*batch/2 || rows["exports"] != 1 {
		t.Errorf("counts %v", rows)
	}
	running, err := pg.ExportsIn(ctx, "node-1", control.ExportRunning)
	if err != nil || len(running) != 1 {
		t.Errorf("running on the node: %v, %v", running, err)
	}
	back := open(t)
	_, err = back.Fill(ctx, pg, "")
	must(t, err)
	for _, table := range []string{"organisations", "workspaces", "settings", "exports"} {
		want, err := dump(ctx, lite, table)
		must(t, err)
		got, err := dump(ctx, back, table)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s after there and back:\n%s", table, diff)
		}
	}
	if _, err := pg.Fill(ctx, lite, ""); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("filled twice: %v", err)
	}
}

func dump(ctx context.Context, s *Store, table string) ([]string, error) {
	all, err := tables(ctx, s.read)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.name == table {
			return texts(ctx, s.read, "SELECT "+strings.Join(one.columns, " || '|' || ")+" FROM "+table+" ORDER BY 1")
		}
	}
	return nil, fmt.Errorf("no table %s", table)
}

// A server that is away costs one wait, not one for each caller, and comes back by
// itself.
func TestAwayAndBack(t *testing.T) {
	server := postgres.Start(t)
	s := openURL(t, server.Database())
	seed(t, s)
	ctx := t.Context()
	works := func() bool { _, err := s.Organisations(ctx); return err == nil }
	refused := func(what string, within time.Duration) {
		t.Helper()
		began := time.Now()
		_, err := s.Organisations(ctx)
		if !errors.Is(err, control.ErrUnavailable) || time.Since(began) > within {
			t.Errorf("%s: %v after %v", what, err, time.Since(began))
		}
		if err := s.Atomically(ctx, func(tx control.Store) error { return tx.PutSetting(ctx, "a", "b") }); !errors.Is(err, control.ErrUnavailable) {
			t.Errorf("%s: a write: %v", what, err)
		}
	}
	server.Stop()
	refused("stopped", statementLimit)
	refused("stopped, again", statementLimit/2)
	if !errors.Is(s.Ping(ctx), control.ErrUnavailable) {
		t.Error("it is said to be there")
	}
	server.Run()
	wait(t, "back after a stop", works)

	server.Freeze()
	refused("frozen", statementLimit+2*time.Second)
	refused("frozen, again", statementLimit/2)
	server.Thaw()
	wait(t, "back after a freeze", works)
	must(t, s.PutSetting(ctx, "a", "b"))

	server.Freeze()
	began := time.Now()
	_ = s.Close()
	if time.Since(began) > 2*closeLimit {
		t.Errorf("closing took %v", time.Since(began))
	}
	server.Thaw()
}

// A store may be opened before its server answers.
func TestOpenedWhileAway(t *testing.T) {
	server := postgres.Start(t)
	url := server.Database()
	server.Stop()
	s := openURL(t, url)
	if _, err := s.Organisations(t.Context()); !errors.Is(err, control.ErrUnavailable) {
		t.Errorf("without a server: %v", err)
	}
	server.Run()
	wait(t, "its schema is there", func() bool { have, known, err := s.Schema(t.Context()); return err == nil && have == known })
	if _, err := openPostgres(t.Context(), strings.Replace(url, "canary", "wrong", 1)); err == nil || errors.Is(err, control.ErrUnavailable) {
		t.Errorf("a wrong password: %v", err)
	} else if strings.Contains(err.Error(), "word-wrong") {
		t.Errorf("the password is told: %v", err)
	}
}

func TestAnnouncements(t *testing.T) {
	server := postgres.Start(t)
	url := server.Database()
	one, other := openURL(t, url), openURL(t, url)
	ctx := t.Context()
	changes := other.Changes(ctx)
	heard := func(what string, within time.Duration) {
		t.Helper()
		select {
		case <-changes:
		case <-time.After(within):
			t.Errorf("%s: not heard", what)
		}
	}
	heard("the first look", 5*time.Second)
	must(t, one.Atomically(ctx, func(tx control.Store) error { return tx.Announce(ctx) }))
	heard("a change", time.Second)
	boom := errors.New("boom")
	_ = one.Atomically(ctx, func(tx control.Store) error { return errors.Join(tx.Announce(ctx), boom) })
	select {
	case <-changes:
		t.Error("what was rolled back was announced")
	case <-time.After(200 * time.Millisecond):
	}
	server.Stop()
	server.Run()
	heard("connected again", 10*time.Second)
	wait(t, "back", func() bool { return one.Announce(ctx) == nil })
	heard("after a restart", 5*time.Second)
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "portico.db", "mysql://h/d", "postgres://", "postgres://host", "postgres:///db", "postgres://u:p@h:x/d", "postgres://u:secret%@h/d"} {
		if _, err := ParsePostgresURL(ai.NewSecret(bad)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	at, err := ParsePostgresURL(ai.NewSecret("postgres://u:p@one,two:5433/d?sslmode=disable"))
	must(t, err)
	if diff := cmp.Diff([]string{"one:5432", "two:5433"}, at.Hosts); diff != "" || strings.Contains(at.Name, "p@") {
		t.Errorf("%s %s", at.Name, diff)
	}
}

func wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Errorf("not within 15 s: %s", what)
}
