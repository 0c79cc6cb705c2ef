package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// paid settles entries of two days and two models as the gateway does.
func paid(t *testing.T, a *App, from, to int) {
	t.Helper()
	journal := countingJournal{a.journal, a.metrics}
	for i := from; i < to; i++ {
		e := &ledger.Entry{
			ID: fmt.Sprint("paid-", i), WorkspaceID: "w", StartedAt: time.Date(2026, 11, 1+i%2, 12, 0, i, 0, time.UTC), State: ledger.OK, Status: 200,
			Op: ai.Chat, Provider: "openai", Model: []string{"small", "large"}[i/2%2],
			Usage: ai.Usage{Known: true, InputTokens: 100, OutputTokens: 10}, CostKnown: true, CostNano: 1_000_001,
		}
		must(t, journal.Settle(e))
	}
}

func TestReconcileLogStore(t *testing.T) {
	cfg := newFolder(t, 12)
	r, err := Reconcile(t.Context(), cfg, ReconcileOptions{Show: 5})
	must(t, err)
	if l := r.LogStore; !r.Agree || l.Entries != 12 || l.Rows != 12 || l.Missing+l.Extra+l.Different+l.Duplicates+l.Waiting != 0 {
		t.Errorf("a sound folder: %+v", l)
	}
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	settle(t, a, "late", 3)
	if _, err := Reconcile(t.Context(), cfg, ReconcileOptions{}); err == nil || !strings.Contains(err.Error(), "in use by the server") {
		t.Errorf("beside a server, with nothing else to compare: %v", err)
	}
	must(t, a.Close())
	r, err = Reconcile(t.Context(), cfg, ReconcileOptions{})
	must(t, err)
	if !r.Agree || r.LogStore.Waiting != 3 {
		t.Errorf("unread entries: %+v", r.LogStore)
	}
	damage(t, cfg)
	r, err = Reconcile(t.Context(), cfg, ReconcileOptions{Show: 5})
	must(t, err)
	if l := r.LogStore; r.Agree || r.Damaged != 1 || l.Extra != 1 || len(l.Differences) != 1 || l.Differences[0].ID != "e-0" {
		t.Errorf("a damaged entry: %+v, %+v", r, r.LogStore)
	}
}

// damage spoils the first record of the journal.
func damage(t *testing.T, cfg Config) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(cfg.Data, journalDir, "0000000000000001.seg"), os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	_, err = f.WriteAt([]byte("x"), 20)
	must(t, err)
}

func TestReconcileMetrics(t *testing.T) {
	cfg := newFolder(t, 5) // before the start: not counted
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	defer a.Close() //nolint:errcheck // a test's
	srv := httptest.NewServer(a.metrics.Handler())
	defer srv.Close()
	o := ReconcileOptions{MetricsURL: srv.URL + "/metrics"}
	paid(t, a, 0, 333)
	r, err := Reconcile(t.Context(), cfg, o)
	must(t, err)
	if !r.Agree || r.Metrics.Entries != 333 || r.Metrics.Moving || r.LogStore.Skipped == "" {
		t.Errorf("%+v", r.Metrics)
	}
	a.metrics.Observe(&ledger.Entry{Provider: "openai", State: ledger.OK, Status: 200, Op: ai.Chat, CostKnown: true, CostNano: 1})
	r, err = Reconcile(t.Context(), cfg, o)
	must(t, err)
	if r.Agree || len(r.Metrics.Differences) != 2 || r.Metrics.Differences[0].Counter != 333*1_000_001+1 {
		t.Errorf("counted once too often, for a nano-dollar: %+v", r.Metrics)
	}
	for _, url := range []string{"nonsense", srv.URL + "/metrics?x", "http://127.0.0.1:1/metrics"} {
		if _, err := Reconcile(t.Context(), cfg, ReconcileOptions{MetricsURL: url}); (err == nil) != strings.Contains(url, "?x") {
			t.Errorf("%s: %v", url, err)
		}
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	if _, err := Reconcile(t.Context(), cfg, ReconcileOptions{MetricsURL: other.URL}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("another page: %v", err)
	}
}

func TestReconcileInvoice(t *testing.T) {
	cfg := newFolder(t, 0)
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	paid(t, a, 0, 400) // 100 a day and model
	must(t, a.journal.Settle(&ledger.Entry{ID: "other", Provider: "anthropic", Model: "small", StartedAt: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), CostKnown: true, CostNano: 5}))
	must(t, a.follower.CatchUp(followed(t, a)))
	must(t, a.Close())
	file := filepath.Join(t.TempDir(), "invoice.csv")
	head := "Day,Model,Prompt,Cached,Completion,Amount (USD)\n"
	lines := []string{
		"2026-11-01,small,9000,1000,1000,$0.1000001\n", "2026-11-01,large,10000,,1000,1.000001e-1\n",
		"2026-11-02T00:00:00Z,small,10000,0,1000,0.1000001\n", "2026-11-02,large,\"5,000\",0,500,0.05\n2026-11-02,large,5000,0,500,0.0500001\n", ",,,,,0.4\n",
	}
	columns := map[string]string{"date": "day", "input": "prompt+cached", "output": "Completion", "cost": "Amount (USD)"}
	check := func(text string, v Invoice) (*InvoiceAgreement, error) {
		t.Helper()
		must(t, os.WriteFile(file, []byte(text), 0o600))
		v.File, v.Provider = file, "openai"
		if v.Columns == nil {
			v.Columns = columns
		}
		r, err := Reconcile(t.Context(), cfg, ReconcileOptions{Invoice: &v})
		if err == nil && r.Agree != (r.Invoice.Differing == 0) {
			t.Errorf("agree is %v", r.Agree)
		}
		return r.Invoice, err
	}
	got, err := check("\ufeff"+head+strings.Join(lines, ""), Invoice{})
	must(t, err)
	if got.Differing != 0 || len(got.Lines) != 4 || len(got.Compared) != 3 || got.Lines[0].Requests != 100 {
		t.Errorf("it agrees: %+v", got)
	}
	// Days that the invoice does not cover are left out, models that it lacks are not.
	got, err = check(head+lines[0], Invoice{})
	must(t, err)
	if got.Differing != 1 || len(got.Lines) != 2 || got.Lines[0].Model != "large" || len(got.Lines[0].Differs) != 3 {
		t.Errorf("a model is missing: %+v", got)
	}
	dearer := strings.Replace(strings.Join(lines, ""), "0.1000001\n", "0.1004\n", 1)
	for tolerance, want := range map[float64]int{0: 1, 0.001: 1, 0.01: 0} {
		got, err = check(head+dearer, Invoice{Tolerance: tolerance})
		must(t, err)
		if got.Differing != want {
			t.Errorf("tolerance %g: %+v", tolerance, got)
		}
	}
	// Without dates: totals by model, of the time given.
	plain := "model,input_tokens\nsmall,10000\nlarge,10000\n"
	got, err = check(plain, Invoice{Columns: map[string]string{}, From: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)})
	must(t, err)
	if got.Differing != 0 || len(got.Lines) != 2 || len(got.Compared) != 1 {
		t.Errorf("without dates: %+v", got)
	}
	for text, says := range map[string]string{
		"a,b\n1,2\n":                             "the file has a, b",
		head + "yesterday,small,1,0,1,0.1\n":     `line 2: date: "yesterday"`,
		head + "2026-11-01,small,many,0,1,0.1\n": `line 2: input: "many" is not a number`,
		head + "2026-11-01,small,1,0,1,1/3\n":    "not a number",
	} {
		if _, err := check(text, Invoice{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := check(head, Invoice{Columns: map[string]string{"price": "x"}}); err == nil || !strings.Contains(err.Error(), "not one of") {
		t.Errorf("an unknown column: %v", err)
	}
}
