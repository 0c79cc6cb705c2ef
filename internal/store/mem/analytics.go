package mem

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

var _ ledger.Analytics = (*Logs)(nil)

// Analyse implements ledger.Analytics.
func (l *Logs) Analyse(_ context.Context, workspaceIDs []string, q ledger.Question) (ledger.Answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	groups, feedback := map[string]*group{}, l.byTrace()
	for _, workspaceID := range workspaceIDs {
		list, _ := l.matching(workspaceID, &q.Filter)
		for _, e := range list {
			if !is(e, q.Only) || e.Op == ai.Span && q.Of == ledger.Entries {
				continue
			}
			if q.Of == ledger.Feedbacks {
				for _, f := range feedback[e.TraceID] {
					if f.WorkspaceID == e.WorkspaceID {
						add(groups, e, f, &q)
					}
				}
			} else {
				add(groups, e, nil, &q)
			}
		}
	}
	var all []ledger.AnswerRow
	for _, g := range groups {
		for _, m := range q.Measures {
			g.row.Values = append(g.row.Values, g.measure(m))
		}
		all = append(all, g.row)
	}
	slices.SortFunc(all, byOrder(q.Order))
	out := ledger.Answer{Total: int64(len(all))}
	out.Rows = all[min(q.Offset, len(all)):]
	if q.Limit > 0 && len(out.Rows) > q.Limit {
		out.Rows = out.Rows[:q.Limit]
	}
	return out, nil
}

// A group is what has the same bucket and keys.
type group struct {
	row      ledger.AnswerRow
	entries  []*ledger.Entry
	feedback map[string]*ledger.Feedback
}

// add puts an entry, or a feedback of its trace, into its group.
func add(groups map[string]*group, e *ledger.Entry, f *ledger.Feedback, q *ledger.Question) {
	bucket, keys, ok := place(e, f, q)
	if !ok {
		return
	}
	name := fmt.Sprintf("%d %q", bucket, keys)
	g := groups[name]
	if g == nil {
		g = &group{row: ledger.AnswerRow{Bucket: bucket, Keys: keys}, feedback: map[string]*ledger.Feedback{}}
		groups[name] = g
	}
	if f == nil {
		g.entries = append(g.entries, e)
	} else {
		g.feedback[f.ID] = f
	}
}

// byTrace is the feedback of each trace.
func (l *Logs) byTrace() map[string][]*ledger.Feedback {
	all := map[string][]*ledger.Feedback{}
	for _, f := range l.feedback {
		all[f.TraceID] = append(all[f.TraceID], &f)
	}
	return all
}

func (g *group) measure(m ledger.Measure) int64 {
	if len(g.feedback) == 0 {
		return measure(m, g.entries)
	}
	if m.How == ledger.Count {
		return int64(len(g.feedback))
	}
	sum := int64(0)
	for _, f := range g.feedback {
		sum += int64(f.Value) * f.WeightMicro
	}
	return sum
}

// place finds the group of an entry, or of a feedback of its trace.
func place(e *ledger.Entry, f *ledger.Feedback, q *ledger.Question) (bucket int, keys []string, ok bool) {
	if len(q.Edges) > 1 {
		if bucket, ok = bucketOf(e.StartedAt, q.Edges); !ok {
			return 0, nil, false
		}
	}
	for _, d := range q.By {
		key := ""
		if d.Field == ledger.ByScore {
			key = strconv.Itoa(f.Value)
		} else {
			key = keyOf(e, d)
		}
		if key == "" {
			return 0, nil, false
		}
		keys = append(keys, key)
	}
	return bucket, keys, true
}

func bucketOf(t time.Time, edges []time.Time) (int, bool) {
	for i := range len(edges) - 1 {
		if !t.Before(edges[i]) && t.Before(edges[i+1]) {
			return i, true
		}
	}
	return 0, false
}

func keyOf(e *ledger.Entry, d ledger.Dimension) string {
	switch d.Field {
	case ledger.ByWorkspace:
		return e.WorkspaceID
	case ledger.ByProvider:
		return e.Provider
	case ledger.ByModel:
		return e.Model
	case ledger.ByStatus:
		return strconv.Itoa(e.Status)
	case ledger.ByKey:
		return e.KeyID
	case ledger.ByUser:
		return e.EndUser()
	case ledger.ByConfig:
		return e.ConfigSlug
	case ledger.ByVirtual:
		return e.Virtual
	case ledger.ByCache:
		return e.Cache
	case ledger.ByRetries:
		return strconv.Itoa(e.Retries)
	case ledger.ByMetadata:
		return e.Metadata[d.Name]
	}
	panic("no dimension " + string(d.Field))
}

func measure(m ledger.Measure, group []*ledger.Entry) int64 {
	var values []int64
	users := map[string]bool{}
	for _, e := range group {
		if !is(e, m.Where) {
			continue
		}
		if m.What == ledger.Users {
			users[e.EndUser()] = true
		} else {
			values = append(values, quantity(e, m.What))
		}
	}
	if m.How == ledger.Distinct {
		delete(users, "")
		return int64(len(users))
	}
	if len(values) == 0 {
		return 0
	}
	switch m.How {
	case ledger.Count:
		return int64(len(values))
	case ledger.Sum:
		sum := int64(0)
		for _, v := range values {
			sum += v
		}
		return sum
	case ledger.Min:
		return slices.Min(values)
	case ledger.Max:
		return slices.Max(values)
	case ledger.Percentile:
		slices.Sort(values)
		rank := (len(values)*m.Rank + 99) / 100
		return ledger.BinMicros(ledger.LatencyBin(values[rank-1]))
	}
	panic("no way to measure " + string(m.How))
}

func quantity(e *ledger.Entry, what ledger.Quantity) int64 {
	switch what {
	case ledger.Cost:
		if !e.CostKnown {
			return 0
		}
		return e.CostNano
	case ledger.InputTokens:
		return e.Usage.InputTokens
	case ledger.OutputTokens:
		return e.Usage.OutputTokens
	case ledger.Tokens:
		return e.Usage.TotalTokens()
	case ledger.Latency:
		return e.TotalMicros
	case ledger.StartTime:
		return e.StartedAt.UnixMicro()
	}
	return 0 // counted only
}

func is(e *ledger.Entry, c ledger.Condition) bool {
	simple, semantic := e.Cache == ledger.Hit, e.Cache == ledger.Semantic
	switch c {
	case ledger.Always:
		return true
	case ledger.Succeeded:
		return e.Succeeded()
	case ledger.NotSucceeded:
		return !e.Succeeded()
	case ledger.SimpleHit:
		return simple
	case ledger.SemanticHit:
		return semantic
	case ledger.CacheHit:
		return simple || semantic
	case ledger.NoCacheHit:
		return !simple && !semantic
	case ledger.RescuedByRetry:
		return e.Succeeded() && e.Retries > 0
	case ledger.RescuedByFallback:
		return e.Succeeded() && e.Fallback
	case ledger.OfUser:
		return e.EndUser() != ""
	case ledger.Charged:
		return e.CostKnown && !simple && !semantic
	case ledger.CostUnknown:
		return !e.CostKnown
	}
	panic("no condition " + string(c))
}

// byOrder compares rows; those that o holds equal by bucket and keys.
func byOrder(o *ledger.Order) func(a, b ledger.AnswerRow) int {
	return func(a, b ledger.AnswerRow) int {
		c := 0
		if o != nil {
			c = compareBy(*o, a, b)
		}
		return cmp.Or(c, cmp.Compare(a.Bucket, b.Bucket), slices.CompareFunc(a.Keys, b.Keys, strings.Compare))
	}
}

func compareBy(o ledger.Order, a, b ledger.AnswerRow) int {
	if o.Per < 0 {
		c := cmp.Compare(a.Values[o.Measure], b.Values[o.Measure])
		return turned(c, o.Descending)
	}
	x, y := ratio(o, a), ratio(o, b)
	if math.IsNaN(x) || math.IsNaN(y) {
		return -cmp.Compare(x, y) // NaN is the least to cmp
	}
	return turned(cmp.Compare(x, y), o.Descending)
}

func turned(c int, descending bool) int {
	if descending {
		return -c
	}
	return c
}

func ratio(o ledger.Order, r ledger.AnswerRow) float64 {
	if r.Values[o.Per] == 0 {
		return math.NaN()
	}
	return float64(r.Values[o.Measure]) / float64(r.Values[o.Per])
}
