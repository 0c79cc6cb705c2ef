package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/mem"
)

// An AnalyticsStore is fed as a log store and asked as one of analytics.
type AnalyticsStore interface {
	ledger.FeedbackReader
	ledger.Analytics
}

// Analytics runs the suite. open returns an empty store and closes it when t ends.
func Analytics(t *testing.T, open func(t *testing.T) AnalyticsStore) {
	t.Run("agrees with the reference", func(t *testing.T) { analyseAlike(t, open(t)) })
	t.Run("every measure, by every dimension", func(t *testing.T) { everyMeasure(t, open(t)) })
	t.Run("buckets end where the next begins", func(t *testing.T) { bucketEdges(t, open(t)) })
	t.Run("nothing has no groups", func(t *testing.T) { nothing(t, open(t)) })
	t.Run("odd metadata keys", func(t *testing.T) { oddKeys(t, open(t)) })
	t.Run("pages of groups are complete", func(t *testing.T) { groupPages(t, open(t)) })
}

// filled has the same 900 entries and some feedback in the store and in the reference.
func filled(t *testing.T, s AnalyticsStore, seed uint64) (*generator, *mem.Logs) {
	t.Helper()
	g, ref := newGenerator(seed), &mem.Logs{}
	list, feedback := g.entries(900), g.feedbacks(40)
	for _, store := range []ledger.FeedbackReader{ref, s} {
		if err := store.Apply(t.Context(), pointers(list), ledger.Position{Segment: 1, Offset: 1}); err != nil {
			t.Fatal(err)
		}
		if err := store.ApplyFeedback(t.Context(), feedback, ledger.Position{Segment: 1, Offset: 2}); err != nil {
			t.Fatal(err)
		}
	}
	return g, ref
}

func ask(t *testing.T, s ledger.Analytics, q ledger.Question, workspaceIDs ...string) ledger.Answer {
	t.Helper()
	a, err := s.Analyse(t.Context(), workspaceIDs, q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return a
}

func analyseAlike(t *testing.T, s AnalyticsStore) {
	g, ref := filled(t, s, 11)
	some := 0
	for range 400 {
		q := g.question()
		in := [][]string{{workspace(0)}, {workspace(0), workspace(2)}, {workspace(1), "none"}}[g.rnd.IntN(3)]
		want, got := ask(t, ref, q, in...), ask(t, s, q, in...)
		if d := cmp.Diff(want, got, same); d != "" {
			t.Fatalf("%+v of %v: reference (-), store (+)\n%s", q, in, d)
		}
		if want.Total > 1 {
			some++
		}
	}
	if some < 100 {
		t.Errorf("only %d of 400 answers have more than one group: the comparison says little", some)
	}
}

var (
	dimensions = []ledger.Dimension{
		{Field: ledger.ByWorkspace}, {Field: ledger.ByProvider}, {Field: ledger.ByModel}, {Field: ledger.ByStatus}, {Field: ledger.ByKey},
		{Field: ledger.ByUser}, {Field: ledger.ByConfig}, {Field: ledger.ByVirtual}, {Field: ledger.ByCache}, {Field: ledger.ByRetries},
		{Field: ledger.ByMetadata, Name: ledger.UserKey}, {Field: ledger.ByMetadata, Name: "env"}, {Field: ledger.ByMetadata, Name: "none"},
	}
	conditions = []ledger.Condition{
		ledger.Always, ledger.Succeeded, ledger.NotSucceeded, ledger.SimpleHit, ledger.SemanticHit, ledger.CacheHit, ledger.NoCacheHit,
		ledger.RescuedByRetry, ledger.RescuedByFallback, ledger.OfUser, ledger.Charged, ledger.CostUnknown,
	}
	quantities = []ledger.Quantity{ledger.Cost, ledger.InputTokens, ledger.OutputTokens, ledger.Tokens, ledger.Latency, ledger.StartTime}
)

// measures are all there are, over the entries of one condition.
func measures(c ledger.Condition) []ledger.Measure {
	list := []ledger.Measure{{How: ledger.Count, Where: c}, {How: ledger.Distinct, What: ledger.Users, Where: c}}
	for _, rank := range []int{1, 50, 90, 95, 99} {
		list = append(list, ledger.Measure{How: ledger.Percentile, What: ledger.Latency, Where: c, Rank: rank})
	}
	for _, what := range quantities {
		for _, how := range []ledger.How{ledger.Sum, ledger.Min, ledger.Max} {
			list = append(list, ledger.Measure{How: how, What: what, Where: c})
		}
	}
	return list
}

func everyMeasure(t *testing.T, s AnalyticsStore) {
	_, ref := filled(t, s, 12)
	for _, d := range dimensions {
		for _, c := range conditions {
			q := ledger.Question{By: []ledger.Dimension{d}, Measures: measures(c)}
			want, got := ask(t, ref, q, workspace(0), workspace(1)), ask(t, s, q, workspace(0), workspace(1))
			if d := cmp.Diff(want, got, same); d != "" {
				t.Fatalf("by %+v where %s: reference (-), store (+)\n%s", q.By, c, d)
			}
			if none := d.Name == "none"; none != (got.Total == 0) {
				t.Errorf("by %+v: %d groups", d, got.Total)
			}
		}
	}
}

// question asks for about three measures, of about two groups.
func (g *generator) question() ledger.Question {
	q := ledger.Question{Filter: g.filter(), Edges: g.edges()}
	if g.maybe() {
		q.Only = pick(g, conditions)
	}
	for range g.rnd.IntN(3) {
		q.By = append(q.By, pick(g, dimensions))
	}
	if g.rnd.IntN(4) == 0 {
		q.Of = ledger.Feedbacks
		if g.maybe() {
			q.By = append(q.By, ledger.Dimension{Field: ledger.ByScore})
		}
		q.Measures = []ledger.Measure{{How: ledger.Count}, {How: ledger.Sum, What: ledger.Weighted}}
	}
	for q.Of == ledger.Entries && len(q.Measures) < 1+g.rnd.IntN(4) {
		q.Measures = append(q.Measures, pick(g, measures(pick(g, conditions))))
	}
	if g.maybe() {
		q.Order = &ledger.Order{Measure: g.rnd.IntN(len(q.Measures)), Per: g.rnd.IntN(len(q.Measures)+1) - 1, Descending: g.maybe()}
		if o := q.Order; o.Per >= 0 && (q.Measures[o.Measure].How == ledger.Percentile || q.Measures[o.Per].How == ledger.Percentile) {
			o.Per = -1
		}
	}
	if g.maybe() {
		q.Limit, q.Offset = g.rnd.IntN(5), g.rnd.IntN(8)
	}
	return q
}

// edges are none, or of one width, or of several.
func (g *generator) edges() []time.Time {
	n := g.rnd.IntN(12)
	widths := [][]int{{30}, {60}, {60, 60, 61, 59, 60}, {7, 11, 13, 17}}[g.rnd.IntN(4)]
	at := g.start()
	list := []time.Time{at}
	for i := range n {
		at = at.Add(time.Duration(widths[i%len(widths)]) * time.Second)
		list = append(list, at)
	}
	return list
}

func bucketEdges(t *testing.T, s AnalyticsStore) {
	at := time.Date(2025, 3, 30, 0, 0, 0, 0, time.UTC)
	edges := []time.Time{at, at.Add(time.Hour), at.Add(3 * time.Hour), at.Add(4 * time.Hour), at.Add(5 * time.Hour)}
	var list []ledger.Entry
	for i, edge := range edges {
		for j, d := range []time.Duration{-time.Microsecond, 0, time.Microsecond} {
			list = append(list, ledger.Entry{ID: fmt.Sprintf("%d-%d", i, j), WorkspaceID: "w", StartedAt: edge.Add(d)})
		}
	}
	if err := s.Apply(t.Context(), pointers(list), ledger.Position{Segment: 1, Offset: 1}); err != nil {
		t.Fatal(err)
	}
	a := ask(t, s, ledger.Question{Edges: edges, Measures: []ledger.Measure{{How: ledger.Count}, {How: ledger.Min, What: ledger.StartTime}}}, "w")
	var want []ledger.AnswerRow
	for i := range 4 { // two after its beginning, one before its end
		want = append(want, ledger.AnswerRow{Bucket: i, Values: []int64{3, edges[i].UnixMicro()}})
	}
	if d := cmp.Diff(want, a.Rows, same); d != "" {
		t.Error(d)
	}
}

func nothing(t *testing.T, s AnalyticsStore) {
	filled(t, s, 13)
	for name, q := range map[string]ledger.Question{
		"none":      {Filter: ledger.Filter{IDs: []string{"none"}}},
		"the past":  {Filter: ledger.Filter{To: time.Unix(1, 0)}},
		"grouped":   {Filter: ledger.Filter{IDs: []string{"none"}}, By: dimensions[:2]},
		"page 1000": {Filter: ledger.Filter{IDs: []string{"none"}}, By: dimensions[:2], Limit: 5, Offset: 5000},
	} {
		q.Measures = measures(ledger.Always)
		if a := ask(t, s, q, workspace(0)); len(a.Rows) != 0 || a.Total != 0 {
			t.Errorf("%s: %+v", name, a)
		}
	}
	for _, in := range [][]string{nil, {"nobody's"}, {workspace(0) + "'"}} {
		if a := ask(t, s, ledger.Question{Measures: measures(ledger.Always)}, in...); len(a.Rows) != 0 {
			t.Errorf("of %q: %+v", in, a)
		}
	}
}

func oddKeys(t *testing.T, s AnalyticsStore) {
	names := []string{"a/b", "a~1b", "a.b", `q"uote`, "it's", "$.x", "*", "Ünï", "", "0", "new\nline", "_user"}
	var list []ledger.Entry
	for i, name := range names {
		list = append(list, ledger.Entry{ID: fmt.Sprint(i), WorkspaceID: "w", StartedAt: time.Unix(1_700_000_000, 0), Metadata: map[string]string{name: "v" + name, "z": "other"}})
	}
	if err := s.Apply(t.Context(), pointers(list), ledger.Position{Segment: 1, Offset: 1}); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		q := ledger.Question{By: []ledger.Dimension{{Field: ledger.ByMetadata, Name: name}}, Measures: []ledger.Measure{{How: ledger.Count}}}
		want := []ledger.AnswerRow{{Keys: []string{"v" + name}, Values: []int64{1}}}
		if d := cmp.Diff(want, ask(t, s, q, "w").Rows, same); d != "" {
			t.Errorf("%q: %s", name, d)
		}
	}
}

func groupPages(t *testing.T, s AnalyticsStore) {
	filled(t, s, 14)
	q := ledger.Question{By: []ledger.Dimension{{Field: ledger.ByKey}, {Field: ledger.ByVirtual}}, Measures: []ledger.Measure{{How: ledger.Count}}, Order: &ledger.Order{Per: -1, Descending: true}}
	whole := ask(t, s, q, workspace(0))
	var paged []ledger.AnswerRow
	for q.Limit = 3; ; q.Offset += q.Limit {
		a := ask(t, s, q, workspace(0))
		if a.Total != whole.Total {
			t.Fatalf("from %d on: total %d, want %d", q.Offset, a.Total, whole.Total)
		}
		if len(a.Rows) == 0 {
			break
		}
		paged = append(paged, a.Rows...)
	}
	if d := cmp.Diff(whole.Rows, paged); d != "" || int64(len(paged)) != whole.Total {
		t.Errorf("%d of %d groups: %s", len(paged), whole.Total, d)
	}
	if !slices.IsSortedFunc(paged, func(a, b ledger.AnswerRow) int { return int(b.Values[0] - a.Values[0]) }) {
		t.Error("not in their order")
	}
}
