package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/duckdb"
	"github.com/portico-ai/portico/internal/telemetry"
)

// ReconcileOptions say what the journal is compared with, beside the log store.
type ReconcileOptions struct {
	MetricsURL string   // of the running server's metrics, "" for none
	Invoice    *Invoice // of a provider, nil for none
	Show       int      // differences of each kind that are listed
}

// A Reconciliation says whether what depends on the journal agrees with it.
type Reconciliation struct {
	Agree    bool               `json:"agree"`
	Damaged  int64              `json:"journal_damaged"` // places
	LogStore *LogStoreAgreement `json:"log_store,omitempty"`
	Metrics  *MetricsAgreement  `json:"metrics,omitempty"`
	Invoice  *InvoiceAgreement  `json:"invoice,omitempty"`
}

// A LogStoreAgreement compares entries with rows, one by one.
type LogStoreAgreement struct {
	Skipped     string              `json:"skipped,omitempty"` // why nothing was compared
	Entries     int64               `json:"entries"`
	Rows        int64               `json:"rows"`
	Waiting     int64               `json:"waiting"`  // entries that the log store has not read yet
	Older       int64               `json:"older"`    // rows whose segment of the journal was dropped
	Repriced    int64               `json:"repriced"` // rows that got a cost later
	Missing     int64               `json:"missing"`
	Extra       int64               `json:"extra"`
	Duplicates  int64               `json:"duplicates"`
	Different   int64               `json:"different"`
	Differences []duckdb.Difference `json:"differences,omitempty"`
}

// A MetricsAgreement compares the entries since the server's start with its counters.
type MetricsAgreement struct {
	Entries     int64              `json:"entries"`
	Series      int                `json:"series"`
	Moving      bool               `json:"moving"` // requests ended meanwhile: counters lie between the two counts
	Differences []MetricDifference `json:"differences,omitempty"`
}

// A MetricDifference is a counter that the journal does not explain. Cost is in
// nano-dollars.
type MetricDifference struct {
	Series  string `json:"series"`
	From    int64  `json:"journal_from"`
	To      int64  `json:"journal_to"`
	Counter int64  `json:"counter"`
}

// Reconcile compares the journal of a data folder with the log store, with the
// counters of a running server, and with a provider's invoice. It changes nothing.
func Reconcile(ctx context.Context, cfg Config, o ReconcileOptions) (r Reconciliation, err error) {
	if err := requireFolder(cfg); err != nil {
		return r, err
	}
	c := reconciler{cfg: cfg, o: o, dir: filepath.Join(cfg.Data, journalDir), found: &r}
	if err := c.logStore(ctx); err != nil {
		return r, err
	}
	if o.MetricsURL != "" {
		if err := c.metrics(ctx); err != nil {
			return r, err
		}
	}
	if o.Invoice != nil {
		if err := c.invoice(ctx); err != nil {
			return r, err
		}
	}
	if r.LogStore.Skipped != "" && r.Metrics == nil && r.Invoice == nil {
		return r, fmt.Errorf("there is nothing to compare the journal with: the log store is %s; give --metrics or --invoice, or, if it has the log store in use, stop the server", r.LogStore.Skipped)
	}
	r.Agree = r.Damaged == 0 && r.LogStore.agrees() && (r.Metrics == nil || len(r.Metrics.Differences) == 0) && (r.Invoice == nil || r.Invoice.Differing == 0)
	return r, nil
}

func (l *LogStoreAgreement) agrees() bool { return l.Missing+l.Extra+l.Duplicates+l.Different == 0 }

type reconciler struct {
	cfg   Config
	o     ReconcileOptions
	dir   string
	found *Reconciliation
}

func (c *reconciler) logStore(ctx context.Context) error {
	l := &LogStoreAgreement{}
	c.found.LogStore = l
	if where := c.cfg.logsElsewhere(); where != "" {
		l.Skipped = "in " + where + ", whose rows are compared with nothing"
		return nil
	}
	path := filepath.Join(c.cfg.Data, logsFile)
	held, holder, err := folderHolder(c.cfg.Data)
	if err != nil {
		return err
	}
	if held {
		l.Skipped = "in use by the server (" + holder + ")"
		return nil
	}
	store, err := duckdb.Inspect(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.Skipped = "not there; the next start builds it from the journal"
		return nil
	case err != nil:
		return err
	case !store.Current:
		l.Skipped = "made by another version; the next start builds it again from the journal"
		return nil
	}
	whole, err := c.beginsAtTheBeginning(ctx)
	if err != nil {
		return err
	}
	kept, _ := c.cfg.cutoffs(time.Now())
	found, err := duckdb.Compare(ctx, path, func(add func(*ledger.Entry) error) error {
		scanned, err := ledger.Scan(ctx, c.dir, ledger.Position{}, func(e *ledger.Entry, end ledger.Position) error {
			if store.Upto.Before(end) {
				l.Waiting++
				return nil
			}
			return add(e)
		})
		c.found.Damaged = scanned.Corrupt
		return err
	}, duckdb.CompareOptions{Kept: kept, Whole: whole, Show: c.o.Show})
	l.Entries, l.Rows, l.Older, l.Repriced = found.Entries, found.Rows, found.Older, found.Repriced
	l.Missing, l.Extra, l.Duplicates, l.Different = found.Missing, found.Extra, found.Duplicates, found.Different
	l.Differences = found.Differences
	return err
}

// beginsAtTheBeginning reports whether no segment of the journal was dropped.
func (c *reconciler) beginsAtTheBeginning(ctx context.Context) (bool, error) {
	s, err := ledger.Scan(ctx, c.dir, ledger.Position{Segment: math.MaxUint64}, nil) // reads none
	return s.First <= 1, err
}

// metrics counts the entries since the server's start before and after it asks
// for the counters. If there is no traffic all three are equal.
func (c *reconciler) metrics(ctx context.Context) error {
	m := &MetricsAgreement{}
	c.found.Metrics = m
	_, start, err := c.fetchMetrics(ctx)
	if err != nil {
		return err
	}
	tally := telemetry.Tally{}
	count := func(e *ledger.Entry, _ ledger.Position) error { tally.Observe(e); m.Entries++; return nil }
	scanned, err := ledger.Scan(ctx, c.dir, start, count)
	if err != nil {
		return err
	}
	if scanned.First > start.Segment {
		return errors.New("the journal no longer has all requests since the server's start, so its counters cannot be compared; restart it first")
	}
	before, seen := maps.Clone(tally), m.Entries
	time.Sleep(200 * time.Millisecond) // who has settled will have counted
	counters, again, err := c.fetchMetrics(ctx)
	if err != nil {
		return err
	}
	if again != start {
		return errors.New("the server was restarted meanwhile; try again")
	}
	if _, err := ledger.Scan(ctx, c.dir, scanned.End, count); err != nil {
		return err
	}
	m.Moving = m.Entries > seen
	m.compare(before, tally, counters)
	return nil
}

func (m *MetricsAgreement) compare(before, after, counters telemetry.Tally) {
	all := maps.Clone(after)
	for series := range counters {
		all[series] += 0
	}
	m.Series = len(all)
	for series := range all {
		if n := counters[series]; n < before[series] || n > after[series] {
			m.Differences = append(m.Differences, MetricDifference{series, before[series], after[series], n})
		}
	}
	slices.SortFunc(m.Differences, func(a, b MetricDifference) int { return strings.Compare(a.Series, b.Series) })
}

func (c *reconciler) fetchMetrics(ctx context.Context) (telemetry.Tally, ledger.Position, error) {
	none := ledger.Position{}
	u, err := url.Parse(c.o.MetricsURL)
	if err != nil || u.Host == "" {
		return nil, none, fmt.Errorf("--metrics must be a URL such as http://127.0.0.1:9464/metrics, got %q", c.o.MetricsURL)
	}
	host, err := hostPort(c.o.MetricsURL)
	if err != nil {
		return nil, none, fmt.Errorf("--metrics: %w", err)
	}
	policy := &egress.Policy{}
	if err := policy.Trust(host); err != nil {
		return nil, none, fmt.Errorf("--metrics: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.o.MetricsURL, nil)
	if err != nil {
		return nil, none, fmt.Errorf("--metrics: %w", err)
	}
	client := egress.New(policy, egress.Options{})
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, none, fmt.Errorf("--metrics: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	if resp.StatusCode != http.StatusOK {
		return nil, none, fmt.Errorf("--metrics: %s answers %s", c.o.MetricsURL, resp.Status)
	}
	t, start, err := telemetry.ReadTally(resp.Body)
	if err != nil {
		return nil, none, fmt.Errorf("--metrics: %w", err)
	}
	return t, start, nil
}

// invoice adds up the entries of the invoice's provider as the invoice does.
func (c *reconciler) invoice(ctx context.Context) error {
	file, err := os.Open(c.o.Invoice.File)
	if err != nil {
		return fmt.Errorf("--invoice: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read
	billed, err := c.o.Invoice.read(file)
	if err != nil {
		return fmt.Errorf("--invoice %s: %w", c.o.Invoice.File, err)
	}
	recorded := map[bill]*sums{}
	_, err = ledger.Scan(ctx, c.dir, ledger.Position{}, func(e *ledger.Entry, _ ledger.Position) error {
		c.o.Invoice.record(billed, recorded, e)
		return nil
	})
	c.found.Invoice = c.o.Invoice.compare(billed, recorded)
	return err
}
