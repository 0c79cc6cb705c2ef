package clickhouse

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/store/storetest"
	"github.com/portico-ai/portico/test/clickhouse"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustOpen(t testing.TB, url, journal string) *Store {
	t.Helper()
	s, err := open(t, url, journal)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t testing.TB, url, journal string) (*Store, error) {
	t.Helper()
	host, err := Host(ai.NewSecret(url))
	if err != nil {
		return nil, err
	}
	policy := &egress.Policy{}
	if err := policy.Trust(host); err != nil {
		return nil, err
	}
	http := egress.New(policy, egress.Options{})
	t.Cleanup(http.CloseIdleConnections)
	return Open(t.Context(), ai.NewSecret(url), Options{Journal: journal, Do: http.Do})
}

func TestLogs(t *testing.T) {
	server := clickhouse.Start(t)
	storetest.Logs(t, func(t *testing.T) storetest.LogStore { return mustOpen(t, server.Database(), "one") })
}

func TestAnalytics(t *testing.T) {
	server := clickhouse.Start(t)
	storetest.Analytics(t, func(t *testing.T) storetest.AnalyticsStore { return mustOpen(t, server.Database(), "one") })
}

func TestUpkeep(t *testing.T) {
	server := clickhouse.Start(t)
	storetest.Upkeep(t, func(t *testing.T) storetest.KeptStore { return mustOpen(t, server.Database(), "one") })
}

func TestServers(t *testing.T) {
	storetest.Servers(t, clickhouse.Start(t), clickhouse.Password, func(t *testing.T, url, journal string) (storetest.LogStore, error) {
		s, err := open(t, url, journal)
		if err != nil {
			return nil, err
		}
		return s, nil
	})
}

// TestSlowQuestion has a statement that takes longer than it may.
func TestSlowQuestion(t *testing.T) {
	s := mustOpen(t, clickhouse.Start(t).Database(), "one")
	s.client.timeout = time.Second
	_, err := s.client.query(t.Context(), "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1", nil)
	if err == nil || !dialect.TooLong(err) {
		t.Errorf("%v", err)
	}
}
