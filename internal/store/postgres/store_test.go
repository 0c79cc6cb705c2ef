package postgres

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/store/storetest"
	"github.com/portico-ai/portico/test/postgres"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustOpen(t testing.TB, url, journal string) *Store {
	t.Helper()
	s, err := Open(t.Context(), ai.NewSecret(url), Options{Journal: journal})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestLogs(t *testing.T) {
	server := postgres.Start(t)
	storetest.Logs(t, func(t *testing.T) storetest.LogStore { return mustOpen(t, server.Database(), "one") })
}

func TestAnalytics(t *testing.T) {
	server := postgres.Start(t)
	storetest.Analytics(t, func(t *testing.T) storetest.AnalyticsStore { return mustOpen(t, server.Database(), "one") })
}

func TestUpkeep(t *testing.T) {
	server := postgres.Start(t)
	storetest.Upkeep(t, func(t *testing.T) storetest.KeptStore { return mustOpen(t, server.Database(), "one") })
}

func TestServers(t *testing.T) {
	storetest.Servers(t, postgres.Start(t), postgres.Password, func(t *testing.T, url, journal string) (storetest.LogStore, error) {
		s, err := Open(t.Context(), ai.NewSecret(url), Options{Journal: journal})
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = s.Close() })
		return s, nil
	})
}

// TestSlowQuestion has a statement that takes longer than it may.
func TestSlowQuestion(t *testing.T) {
	s, err := Open(t.Context(), ai.NewSecret(postgres.Start(t).Database()), Options{Journal: "one", Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // a test's
	rows, err := s.query(t.Context(), "SELECT pg_sleep(10)", nil)
	if err == nil {
		rows.Next()
		err = rows.Err()
		_ = rows.Close()
	}
	if err == nil || !dialect.TooLong(err) {
		t.Errorf("%v", err)
	}
}

func TestTableHasTheColumns(t *testing.T) {
	s := mustOpen(t, postgres.Start(t).Database(), "one")
	for _, q := range []struct{ table, columns string }{{"portico_logs", strings.Join(columnNames, ",")}} {
		var got string
		err := s.pool.QueryRow(t.Context(), `SELECT string_agg(column_name, ',' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = $1`, q.table).Scan(&got)
		if err != nil || got != q.columns {
			t.Errorf("%s, %v; want %s", got, err, q.columns)
		}
	}
}
