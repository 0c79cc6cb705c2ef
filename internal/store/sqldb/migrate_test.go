package sqldb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/control"
)

// dieAt is "URL or path|version|step": a process with it migrates that database
// and kills itself at the step.
const dieAt = "SQLDB_TEST_DIE_AT"

func TestMain(m *testing.M) {
	if at := os.Getenv(dieAt); at != "" {
		dieMigrating(strings.Split(at, "|"))
	}
	os.Exit(m.Run())
}

func dieMigrating(at []string) {
	db, e := raw(at[0])
	err := migrate(context.Background(), db, e, func(version int, step migrationStep) {
		if fmt.Sprint(version) == at[1] && string(step) == at[2] {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	})
	fmt.Fprintln(os.Stderr, "not killed:", err)
	os.Exit(3)
}

// A process that is killed at any step of any migration leaves a database that
// the next start completes.
func testMigrations(t *testing.T, open opener) {
	whole := schemaOf(t, open(t))
	all, err := migrations()
	must(t, err)
	s := open(t)
	dsn := address(t, s)
	wipe(t, s)
	for _, m := range all {
		for _, step := range []migrationStep{stepBegun, stepChanged, stepNoted, stepDone} {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d|%s", dieAt, dsn, m.version, step))
			out, err := cmd.CombinedOutput()
			if status, ok := errors.AsType[*exec.ExitError](err); !ok || status.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("version %d, %s: %v\n%s", m.version, step, err, out)
			}
			have, _, err := s.Schema(t.Context())
			want := m.version
			if step != stepDone {
				want = before(all, m.version)
			}
			if err != nil || have != want {
				t.Errorf("killed at %d, %s: schema version %d, %v; want %d", m.version, step, have, err, want)
			}
		}
	}
	after := again(t, s)
	if diff := cmp.Diff(whole, schemaOf(t, after)); diff != "" {
		t.Errorf("the schema after the kills (-want +got):\n%s", diff)
	}
}

func before(all []migration, version int) (have int) {
	for _, m := range all {
		if m.version < version {
			have = m.version
		}
	}
	return have
}

// Rows that were written under any earlier version are there afterwards.
func testUpgrade(t *testing.T, open opener) {
	all, err := migrations()
	must(t, err)
	for n := 1; n < len(all); n++ {
		s := open(t)
		wipe(t, s)
		for _, m := range all[:n] {
			must(t, m.apply(t.Context(), s.write, s.engine, func(migrationStep) {}))
		}
		for _, row := range []string{
			`INSERT INTO organisations (id, name, data_key, created_at) VALUES ('org', 'Org', 'v1:x', 1)`,
			`INSERT INTO workspaces (id, org_id, slug, name, description, is_default, metadata, archived_at, created_at, updated_at)
				VALUES ('a', 'org', 'ws-a', 'A', '', 1, '{"k":"v"}', 0, 1, 1)`,
			`INSERT INTO api_keys (id, org_id, workspace_id, user_id, type, name, description, masked, scopes, metadata, config_id, lock_config, creation_mode,
				created_by, digest, old_digest, old_until, expires_at, archived_at, created_at, updated_at)
				VALUES ('k', 'org', 'a', '', 'workspace-service', 'n', '', 'm', '["logs.view"]', 'null', '', 0, 'api', '', 'd', '', 0, 0, 0, 1, 1)`,
			`INSERT INTO configs (id, org_id, workspace_id, slug, name, is_default, version_id, owner_id, updated_by, archived_at, created_at, updated_at)
				VALUES ('c', 'org', 'a', 'pc', 'n', 1, 'v', '', '', 0, 1, 1)`,
			`INSERT INTO config_versions (id, config_id, org_id, workspace_id, number, body, created_by, created_at) VALUES ('v', 'c', 'org', 'a', 1, 'v1:y', '', 1)`,
		} {
			_, err := s.write.ExecContext(t.Context(), row)
			must(t, err)
		}
		after := again(t, s)
		tenant := control.Tenant{Org: "org", Workspace: "a"}
		k, err := after.FindAPIKey(t.Context(), tenant, "k")
		if err != nil || k.Digest != "d" || len(k.Scopes) != 1 {
			t.Errorf("from version %d: the key %+v, %v", all[n-1].version, k, err)
		}
		v, err := after.CurrentVersions(t.Context(), tenant)
		if err != nil || len(v) != 1 || v[0].Body != "v1:y" {
			t.Errorf("from version %d: the config %+v, %v", all[n-1].version, v, err)
		}
		if have, known, err := after.Schema(t.Context()); err != nil || have != known {
			t.Errorf("from version %d: schema version %d of %d, %v", all[n-1].version, have, known, err)
		}
	}
}

func testNewerSchema(t *testing.T, open opener) {
	s := open(t)
	_, err := s.write.ExecContext(t.Context(), `INSERT INTO schema_versions VALUES (9999, 'future', 0)`)
	must(t, err)
	if have, _, err := s.Schema(t.Context()); err != nil || have != 9999 {
		t.Errorf("schema version %d, %v", have, err)
	}
	newer, err := reopen(t, s)
	if err == nil {
		_ = newer.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "version 9999") || !strings.Contains(err.Error(), "newer") {
		t.Errorf("a newer schema: %v", err)
	}
}

// Processes that start at the same moment must not both apply a migration.
func testMigrationsMayRace(t *testing.T, open opener) {
	s := open(t)
	wipe(t, s)
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			other, err := reopen(t, s)
			if err != nil {
				t.Error(err)
				return
			}
			_ = other.Close()
		})
	}
	all.Wait()
}

func TestMigrationsKeepTheirOrder(t *testing.T) {
	all, err := migrations()
	must(t, err)
	for i, m := range all {
		if m.version != before(all, m.version+1) || i > 0 && m.version <= all[i-1].version {
			t.Errorf("%s is out of order", m.name)
		}
	}
	if name := filepath.Base(all[0].name); name != "0001_control_plane.sql" {
		t.Errorf("the first is %s", name)
	}
}
