package sqldb

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/portico-ai/portico/internal/control"
)

func TestReadOnlyChangesNothing(t *testing.T) {
	s := open(t)
	seed(t, s)
	path := dbPath(t, s)
	ro, err := OpenReadOnly(t.Context(), path)
	must(t, err)
	defer ro.Close()
	orgs, err := ro.Organisations(t.Context())
	if err != nil || len(orgs) != 2 {
		t.Errorf("%d organisations, %v", len(orgs), err)
	}
	if err := ro.PutSetting(t.Context(), "a", "b"); err == nil {
		t.Error("a setting was written")
	}
	if _, err := OpenReadOnly(t.Context(), filepath.Join(t.TempDir(), "none.db")); err == nil {
		t.Error("a missing file was opened")
	}
}

// TestCopyIsOfOneMoment copies while pairs of rows are written, each pair in one
// transaction: no copy may hold half a pair.
func TestCopyIsOfOneMoment(t *testing.T) {
	s := open(t)
	seed(t, s)
	ro, err := OpenReadOnly(t.Context(), dbPath(t, s))
	must(t, err)
	defer ro.Close()
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			value := fmt.Sprint(i)
			if err := s.Atomically(t.Context(), func(tx control.Store) error {
				if err := tx.PutSetting(t.Context(), "left", value); err != nil {
					return err
				}
				return tx.PutSetting(t.Context(), "right", value)
			}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	dir := t.TempDir()
	for i := range 10 {
		path := filepath.Join(dir, fmt.Sprint(i))
		must(t, ro.CopyTo(t.Context(), path))
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("the copy has mode %v", info.Mode())
		}
		c, err := OpenReadOnly(t.Context(), path)
		must(t, err)
		left, _ := c.Setting(t.Context(), "left")
		right, _ := c.Setting(t.Context(), "right")
		if left != right {
			t.Errorf("half a transaction was copied: %q and %q", left, right)
		}
		must(t, c.Close())
	}
	close(stop)
	writer.Wait()
	if err := ro.CopyTo(t.Context(), filepath.Join(dir, "0")); err == nil {
		t.Error("an existing file was written over")
	}
}

func TestCheckFindsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portico.db")
	s, err := OpenSQLite(t.Context(), path)
	must(t, err)
	seed(t, s)
	for i := range 200 {
		must(t, s.PutSetting(t.Context(), fmt.Sprintf("name-%d", i), strings.Repeat("x", 500)))
	}
	must(t, s.Close())
	check := func(path string) ([]string, error) {
		ro, err := OpenReadOnly(t.Context(), path)
		must(t, err)
		defer ro.Close()
		return ro.Check(t.Context())
	}
	if problems, err := check(path); err != nil || len(problems) > 0 {
		t.Errorf("a sound database: %v, %v", problems, err)
	}
	whole, err := os.ReadFile(path)
	must(t, err)
	copy(whole[len(whole)-3*4096:], make([]byte, 2*4096))
	damaged := filepath.Join(t.TempDir(), "damaged.db")
	must(t, os.WriteFile(damaged, whole, 0o600))
	if problems, err := check(damaged); err == nil && len(problems) == 0 {
		t.Error("two pages of zeros were not noticed")
	}
	db, err := sql.Open("sqlite", dsn(path, "foreign_keys(0)"))
	must(t, err)
	_, err = db.ExecContext(t.Context(), `DELETE FROM organisations`)
	must(t, err)
	must(t, db.Close())
	if problems, err := check(path); err != nil || len(problems) == 0 || !strings.Contains(problems[0], "organisations") {
		t.Errorf("references that lead nowhere: %v, %v", problems, err)
	}
}
