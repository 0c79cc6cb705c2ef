package duckdb

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/portico-ai/portico/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustOpen(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestLogs(t *testing.T) {
	storetest.Logs(t, func(t *testing.T) storetest.LogStore {
		return mustOpen(t, filepath.Join(t.TempDir(), "logs.duckdb"))
	})
}
