package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/test/clickhouse"
	"github.com/portico-ai/portico/test/postgres"
)

func TestLogsInPostgres(t *testing.T) {
	logsElsewhere(t, postgres.Start(t).Database(), postgres.Password)
}

func TestLogsInClickHouse(t *testing.T) {
	logsElsewhere(t, clickhouse.Start(t).Database(), clickhouse.Password)
}

// logsElsewhere runs servers, and the commands for data folders, on a log store in
// a database; nothing they log or say holds its password.
func logsElsewhere(t *testing.T, url, password string) {
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil))
	cfg := testConfig(t)
	cfg.LogsURL = ai.NewSecret(url)
	a, err := New(t.Context(), cfg, log)
	must(t, err)
	must(t, a.Close())
	must(t, FillBench(t.Context(), cfg, 500, time.Now(), log, func(int) {}))
	if err := FillBench(t.Context(), cfg, 500, time.Now(), log, func(int) {}); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("filled twice: %v", err)
	}
	cfgs := []Config{cfg, testConfig(t)} // two servers, one log store
	cfgs[1].LogsURL = cfg.LogsURL
	for i, cfg := range cfgs {
		a, err := New(t.Context(), cfg, log)
		must(t, err)
		for n := range 10 {
			id := string(rune('a'+i)) + string(rune('0'+n))
			must(t, a.journal.Settle(&ledger.Entry{ID: id, WorkspaceID: "w", StartedAt: time.Now().UTC(), State: ledger.OK, Provider: "openai", Model: "gpt-4o", Usage: ai.Usage{Known: true, InputTokens: 10}}))
		}
		must(t, a.follower.CatchUp(followed(t, a)))
		l, err := a.logs.List(t.Context(), "w", ledger.Filter{}, ledger.Page{})
		if err != nil || l.Total != int64(10*i+10) {
			t.Errorf("server %d sees %d entries, %v", i, l.Total, err)
		}
		defer a.Close() //nolint:errcheck // the second stays open until the end
		if i == 0 {
			must(t, a.Close())
		}
	}
	r, err := Reprice(t.Context(), cfg, time.Time{}, log)
	if err != nil || r.Priced < 20 {
		t.Errorf("repriced %+v, %v; want those of both servers", r, err)
	}
	d := Doctor(t.Context(), cfg)
	said := ""
	for _, f := range d.Findings {
		if f.Check == "log store" {
			said = f.Detail
		}
	}
	if !d.Healthy || !strings.Contains(said, "not looked at") {
		t.Errorf("the doctor says %q of %+v", said, d)
	}
	_, err = Reconcile(t.Context(), cfg, ReconcileOptions{})
	if err == nil || !strings.Contains(err.Error(), "compared with nothing") {
		t.Errorf("reconciled: %v", err)
	}
	for _, what := range []string{text.String(), said, err.Error()} {
		if strings.Contains(what, password) || strings.Contains(what, "canary") {
			t.Errorf("the password is told: %s", what)
		}
	}
}

func TestLogsURL(t *testing.T) {
	for _, url := range []string{"mysql://u:canary@h/d", "postgres://u:ca nary@h/d", "postgres://", "clickhouse://u:canary@h:x/", "clickhouse://u:canary@h/d?compress=1", "canary"} {
		cfg := testConfig(t)
		cfg.LogsURL = ai.NewSecret(url)
		_, err := New(t.Context(), cfg, discard)
		if err == nil || !strings.Contains(err.Error(), "--logs-url must") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
