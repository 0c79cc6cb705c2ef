// Package stores asks every log store the same questions about the same requests,
// and compares the answers with a slow computation that shares no code with them.
package stores

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/price"
	clickhousestore "github.com/portico-ai/portico/internal/store/clickhouse"
	"github.com/portico-ai/portico/internal/store/duckdb"
	"github.com/portico-ai/portico/internal/store/mem"
	postgresstore "github.com/portico-ai/portico/internal/store/postgres"
	"github.com/portico-ai/portico/internal/store/sample"
	"github.com/portico-ai/portico/test/clickhouse"
	"github.com/portico-ai/portico/test/postgres"
)

// Set these for a larger run: PORTICO_STORES_ROWS=1000000.
const (
	rowsVar, defaultRows           = "PORTICO_STORES_ROWS", 20_000
	questionsVar, defaultQuestions = "PORTICO_STORES_QUESTIONS", 240
)

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

type store interface {
	ledger.FeedbackReader
	ledger.Logs
	ledger.Analytics
}

// An engine is a store and what it has taken.
type engine struct {
	name  string
	store store
	took  []time.Duration // for questions
}

func open(t *testing.T) []*engine {
	t.Helper()
	duck, err := duckdb.Open(filepath.Join(t.TempDir(), "logs.duckdb"), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = duck.Close() })
	pg, err := postgresstore.Open(t.Context(), ai.NewSecret(postgres.Start(t).Database()), postgresstore.Options{Journal: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Close() })
	url := ai.NewSecret(clickhouse.Start(t).Database())
	host, err := clickhousestore.Host(url)
	if err != nil {
		t.Fatal(err)
	}
	policy := &egress.Policy{}
	if err := policy.Trust(host); err != nil {
		t.Fatal(err)
	}
	ch, err := clickhousestore.Open(t.Context(), url, clickhousestore.Options{Journal: "test", Do: egress.New(policy, egress.Options{}).Do})
	if err != nil {
		t.Fatal(err)
	}
	return []*engine{{name: "duckdb", store: duck}, {name: "postgres", store: pg}, {name: "clickhouse", store: ch}}
}

// The span has clock changes of Berlin, New York and Lord Howe Island.
var (
	from = time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC)
	to   = time.Date(2025, 11, 30, 0, 0, 0, 0, time.UTC)
)

var workspaces = []string{"ws-busy", "ws-quiet", "ws-other"}

func prices(t *testing.T) *price.Catalogue {
	t.Helper()
	c, err := price.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fill stores made-up requests in all engines and in the reference, every tenth
// batch twice. It returns some of them.
func fill(t *testing.T, engines []*engine, ref *mem.Logs, rows int) (some []ledger.Entry) {
	t.Helper()
	g := sample.New(sample.Options{Rows: rows, From: from, To: to, OrgID: "org", Workspaces: workspaces, Prices: prices(t), Seed: 4})
	took := make([]time.Duration, len(engines))
	var traces []*ledger.Entry
	at := ledger.Position{Segment: 1}
	for done := 0; done < rows; {
		var batch []*ledger.Entry
		for len(batch) < 8192 {
			e, more := g.Next()
			if !more {
				break
			}
			if len(batch)%50 == 0 {
				e.Op, e.Source = ai.Span, ledger.Inserted
			}
			batch = append(batch, &e)
		}
		for i := range batch {
			if (done+i)%97 == 0 {
				traces = append(traces, batch[i])
			}
		}
		at.Offset++
		for i, x := range engines {
			start := time.Now()
			must(t, x.store.Apply(t.Context(), batch, at))
			took[i] += time.Since(start)
			if at.Offset%10 == 1 {
				must(t, x.store.Apply(t.Context(), batch, at))
			}
		}
		must(t, ref.Apply(t.Context(), batch, at))
		done += len(batch)
	}
	for i, x := range engines {
		t.Logf("%s: %d rows in %s, %.0f a second", x.name, rows, took[i].Round(time.Millisecond), float64(rows)/took[i].Seconds())
	}
	r := newRandom(1)
	var feedback []*ledger.Feedback
	for i, e := range traces[:min(len(traces), 2000)] {
		created := e.StartedAt.Add(time.Hour)
		feedback = append(feedback, &ledger.Feedback{
			ID: fmt.Sprintf("feedback-%d", i-i%7/6), OrgID: "org", WorkspaceID: e.WorkspaceID, TraceID: e.TraceID, Value: r.IntN(21) - 10,
			WeightMicro: r.Int64N(ledger.FullWeight + 1), Metadata: []byte(`{"by":"reviewer"}`), CreatedAt: created, UpdatedAt: created.Add(time.Duration(i) * time.Second),
		})
		some = append(some, *e)
	}
	at.Offset++
	for _, x := range engines {
		must(t, x.store.ApplyFeedback(t.Context(), feedback, at))
	}
	must(t, ref.ApplyFeedback(t.Context(), feedback, at))
	return some
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var same = cmpopts.EquateEmpty()

func TestStoresAgree(t *testing.T) {
	rows, questions := number(t, rowsVar, defaultRows), number(t, questionsVar, defaultQuestions)
	engines, ref := open(t), &mem.Logs{}
	g := generator{newRandom(2), fill(t, engines, ref, rows)}
	groups, listed, traced := 0, 0, 0
	for n := range questions {
		in := [][]string{workspaces[:1], workspaces[:2], workspaces, {workspaces[2], "none"}}[g.IntN(4)]
		if n%3 > 0 {
			q := g.question()
			want, err := ref.Analyse(t.Context(), in, q)
			must(t, err)
			compare(t, engines, want, fmt.Sprintf("%+v of %v", q, in), func(ctx context.Context, s store) (any, error) { return s.Analyse(ctx, in, q) })
			groups += len(want.Rows)
			continue
		}
		f, p := g.filter(), g.page()
		if n%6 == 0 {
			traced += traces(t, engines, ref, in[0], f, p)
			continue
		}
		want, err := ref.List(t.Context(), in[0], f, p)
		must(t, err)
		compare(t, engines, want, fmt.Sprintf("list %+v %+v of %s", f, p, in[0]), func(ctx context.Context, s store) (any, error) { return s.List(ctx, in[0], f, p) })
		listed += len(want.Entries)
	}
	if groups < 8*questions || listed < questions || traced < questions {
		t.Errorf("%d groups, %d entries and %d traces in %d answers: the comparison says little", groups, listed, traced, questions)
	}
	for range 20 {
		f, p := g.feedbackFilter(), g.page()
		want, err := ref.ListFeedback(t.Context(), workspaces[0], f, p)
		must(t, err)
		compare(t, engines, want, fmt.Sprintf("feedback %+v %+v", f, p), func(ctx context.Context, s store) (any, error) { return s.ListFeedback(ctx, workspaces[0], f, p) })
	}
	for _, e := range g.some[:min(len(g.some), 50)] {
		want, err := ref.Get(t.Context(), e.WorkspaceID, e.ID)
		must(t, err)
		compare(t, engines, want, "get "+e.ID, func(ctx context.Context, s store) (any, error) { return s.Get(ctx, e.WorkspaceID, e.ID) })
	}
	for _, x := range engines {
		slices.Sort(x.took)
		t.Logf("%s: %d questions, median %s, 9 of 10 within %s, longest %s", x.name, len(x.took), x.took[len(x.took)/2], x.took[len(x.took)*9/10], x.took[len(x.took)-1])
	}
	for _, m := range figures {
		line := m.name + ":"
		for _, x := range engines {
			start := time.Now()
			must(t, m.ask(t.Context(), x.store))
			line += fmt.Sprintf(" %s %s", x.name, time.Since(start).Round(100*time.Microsecond))
		}
		t.Log(line)
	}
}

// traces compares a page of traces, and returns how many there are.
func traces(t *testing.T, engines []*engine, ref *mem.Logs, workspace string, f ledger.Filter, p ledger.Page) int {
	t.Helper()
	want, err := ref.Traces(t.Context(), workspace, f, p)
	must(t, err)
	compare(t, engines, want, fmt.Sprintf("traces %+v %+v of %s", f, p, workspace), func(ctx context.Context, s store) (any, error) { return s.Traces(ctx, workspace, f, p) })
	return len(want.Traces)
}

func compare(t *testing.T, engines []*engine, want any, what string, ask func(context.Context, store) (any, error)) {
	t.Helper()
	for _, x := range engines {
		start := time.Now()
		got, err := ask(t.Context(), x.store)
		x.took = append(x.took, time.Since(start))
		if err != nil {
			t.Fatalf("%s: %s: %v", x.name, what, err)
		}
		if d := cmp.Diff(want, got, same); d != "" {
			t.Fatalf("%s: %s: reference (-), store (+)\n%.4000s", x.name, what, d)
		}
	}
}

// figures are what a console asks, over all requests of the busiest workspace.
var figures = func() []struct {
	name string
	ask  func(context.Context, store) error
} {
	analyse := func(q ledger.Question) func(context.Context, store) error {
		return func(ctx context.Context, s store) error { _, err := s.Analyse(ctx, workspaces[:1], q); return err }
	}
	days := edges(from, to, time.UTC, 0, 0, 1, 0)
	count := ledger.Measure{How: ledger.Count}
	cost := ledger.Measure{How: ledger.Sum, What: ledger.Cost}
	percentiles := []ledger.Measure{}
	for _, rank := range []int{50, 90, 99} {
		percentiles = append(percentiles, ledger.Measure{How: ledger.Percentile, What: ledger.Latency, Rank: rank})
	}
	list := func(f ledger.Filter) func(context.Context, store) error {
		return func(ctx context.Context, s store) error {
			_, err := s.List(ctx, workspaces[0], f, ledger.Page{})
			return err
		}
	}
	week := edges(to.AddDate(0, 0, -7), to, time.UTC, 0, 0, 0, 1)
	return []struct {
		name string
		ask  func(context.Context, store) error
	}{
		{"requests by day", analyse(ledger.Question{Edges: days, Measures: []ledger.Measure{count}})},
		{"cost by day", analyse(ledger.Question{Edges: days, Measures: []ledger.Measure{cost, count}})},
		{"cost by hour of a week", analyse(ledger.Question{Edges: week, Measures: []ledger.Measure{cost, count}})},
		{"latency percentiles by day", analyse(ledger.Question{Edges: days, Measures: percentiles})},
		{"users by day", analyse(ledger.Question{Edges: days, Measures: []ledger.Measure{{How: ledger.Distinct, What: ledger.Users}}})},
		{"top 50 models", analyse(ledger.Question{By: []ledger.Dimension{{Field: ledger.ByModel}}, Measures: []ledger.Measure{count, cost}, Order: &ledger.Order{Per: -1, Descending: true}, Limit: 50})},
		{"top 50 users", analyse(ledger.Question{By: []ledger.Dimension{{Field: ledger.ByUser}}, Measures: []ledger.Measure{count, cost}, Order: &ledger.Order{Per: -1, Descending: true}, Limit: 50})},
		{"by metadata", analyse(ledger.Question{By: []ledger.Dimension{{Field: ledger.ByMetadata, Name: "team"}}, Measures: []ledger.Measure{count, cost}})},
		{"newest 50 traces", func(ctx context.Context, s store) error {
			_, err := s.Traces(ctx, workspaces[0], ledger.Filter{}, ledger.Page{})
			return err
		}},
		{"newest 50", list(ledger.Filter{})},
		{"newest 50 errors", list(ledger.Filter{Statuses: []int{429, 500, 503}})},
		{"newest 50 with a text", list(ledger.Filter{Text: "overloaded"})},
	}
}()
