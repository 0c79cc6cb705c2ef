package mem_test

import (
	"testing"

	"github.com/portico-ai/portico/internal/store/mem"
	"github.com/portico-ai/portico/internal/store/storetest"
)

func TestLogs(t *testing.T) {
	storetest.Logs(t, func(*testing.T) storetest.LogStore { return &mem.Logs{} })
}

func TestAnalytics(t *testing.T) {
	storetest.Analytics(t, func(*testing.T) storetest.AnalyticsStore { return &mem.Logs{} })
}
