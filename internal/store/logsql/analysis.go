package logsql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// analysis writes the query of a question. An inner one groups the rows into a
// bucket, keys k0, k1, … and aggregates; an outer one sorts and selects. Only
// numbers, and what this package itself names, are written into the text; all
// else are parameters.
func (d *Dialect) analysis(workspaceIDs []string, q *ledger.Question) (query string, args []any) {
	a := aggregates{d: d, index: map[string]int{}}
	values := make([]string, len(q.Measures))
	for i, m := range q.Measures {
		values[i] = a.value(q, m)
	}
	k := d.keysOf(q)
	w := d.filtered(workspaceIDs, &q.Filter)
	if n := len(q.Edges); n > 1 {
		w.add(d.Started+" >= ? AND "+d.Started+" < ?", d.instant(q.Edges[0]), d.instant(q.Edges[n-1]))
	}
	if q.Only != ledger.Always {
		w.add("(" + conditions[q.Only] + ")")
	}
	if q.Of == ledger.Entries {
		w.add("op <> '" + string(ai.Span) + "'")
	}
	groups := d.bucketExpr(q.Edges) + " AS bucket" + k.inner
	inner := "SELECT " + groups + a.list() + " FROM " + d.Logs + " WHERE " + w.String()
	if q.Of == ledger.Feedbacks {
		inner = "SELECT bucket" + k.names + a.list() + " FROM (SELECT DISTINCT " + groups + ", feedback_id, score, weighted FROM " + d.withFeedback(w.String()) + ") AS f"
	}
	inner += " GROUP BY bucket" + k.names
	outer := "SELECT count(*) OVER (), bucket" + k.outer + comma(values) + " FROM (" + inner + ") AS g" + k.where + " ORDER BY " + d.orderOf(q, values) + "bucket" + k.outer
	if q.Limit > 0 {
		outer += fmt.Sprintf(" LIMIT %d", q.Limit)
	}
	return outer + fmt.Sprintf(" OFFSET %d", q.Offset), slices.Concat(k.args, w.args)
}

func comma(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return ", " + strings.Join(list, ", ")
}

// keys are the parts of a query that deal with its dimensions.
type keys struct {
	d     *Dialect
	inner string // their expressions, named
	names string // k0, k1, …
	outer string // the same as text
	where string // none is empty
	args  []any
}

func (d *Dialect) keysOf(q *ledger.Question) keys {
	k := keys{d: d}
	for i, by := range q.By {
		name := fmt.Sprintf("k%d", i)
		k.inner += ", " + k.expr(by) + " AS " + name
		k.names += ", " + name
		if number := by.Field == ledger.ByStatus || by.Field == ledger.ByRetries || by.Field == ledger.ByScore; number {
			k.outer += ", " + fmt.Sprintf(d.NumberText, name)
			continue
		}
		k.outer += ", " + name
		k.where += map[bool]string{true: " WHERE ", false: " AND "}[k.where == ""] + name + " <> ''"
	}
	return k
}

var keyColumns = map[ledger.Field]string{
	ledger.ByWorkspace: "workspace_id", ledger.ByProvider: "provider", ledger.ByModel: "model", ledger.ByStatus: "status",
	ledger.ByKey: "key_id", ledger.ByUser: "end_user", ledger.ByConfig: "config_slug", ledger.ByVirtual: "virtual_key",
	ledger.ByCache: "cache", ledger.ByRetries: "retries", ledger.ByScore: "score",
}

func (k *keys) expr(by ledger.Dimension) string {
	switch {
	case by.Field != ledger.ByMetadata:
		return keyColumns[by.Field]
	case by.Name == ledger.UserKey:
		return "CASE WHEN user_named THEN end_user ELSE '' END"
	}
	k.args = append(k.args, k.d.Key(k.d.Text(by.Name)))
	return k.d.Member
}

// aggregates are the inner query's, each once: a0, a1, …
type aggregates struct {
	d     *Dialect
	exprs []string
	index map[string]int
}

func (a *aggregates) name(expr string) string {
	i, ok := a.index[expr]
	if !ok {
		i = len(a.exprs)
		a.index[expr] = i
		a.exprs = append(a.exprs, expr)
	}
	return fmt.Sprintf("a%d", i)
}

func (a *aggregates) list() string {
	var b strings.Builder
	for i, expr := range a.exprs {
		fmt.Fprintf(&b, ", %s AS a%d", expr, i)
	}
	return b.String()
}

// ranks are the percentiles asked for over the same entries: one aggregate finds
// them all.
func ranks(q *ledger.Question, c ledger.Condition) []int {
	var list []int
	for _, m := range q.Measures {
		if m.How == ledger.Percentile && m.Where == c && !slices.Contains(list, m.Rank) {
			list = append(list, m.Rank)
		}
	}
	return list
}

func (a *aggregates) percentile(q *ledger.Question, m ledger.Measure) string {
	list := ranks(q, m.Where)
	expr := a.d.Quantiles(list, filterClause(m.Where))
	return fmt.Sprintf("coalesce(%s[%d], 0)", a.name(expr), slices.Index(list, m.Rank)+1)
}

// value is what the outer query takes for a measure.
func (a *aggregates) value(q *ledger.Question, m ledger.Measure) string {
	switch m.How {
	case ledger.Count:
		return a.name("count(*)" + filterClause(m.Where))
	case ledger.Distinct:
		return a.name(fmt.Sprintf(a.d.Users, filterClause(m.Where)))
	case ledger.Percentile:
		return a.percentile(q, m)
	case ledger.Sum, ledger.Min, ledger.Max:
	}
	what := quantities[m.What]
	if m.What == ledger.StartTime {
		what = a.d.Micros
	}
	expr := string(m.How) + "(" + what + ")" + filterClause(m.Where)
	return "CAST(coalesce(" + a.name(expr) + ", 0) AS BIGINT)"
}

var quantities = map[ledger.Quantity]string{
	ledger.Cost: "CASE WHEN cost_known THEN cost_nano ELSE 0 END", ledger.InputTokens: "input_tokens", ledger.OutputTokens: "output_tokens",
	ledger.Tokens: "input_tokens + output_tokens", ledger.Latency: "total_us", ledger.Weighted: "weighted",
}

const (
	succeeded = "state = '" + string(ledger.OK) + "' AND (status = 101 OR status BETWEEN 200 AND 299)"
	cacheHit  = "cache IN ('" + ledger.Hit + "', '" + ledger.Semantic + "')"
)

var conditions = map[ledger.Condition]string{
	ledger.Succeeded: succeeded, ledger.NotSucceeded: "NOT (" + succeeded + ")",
	ledger.SimpleHit: "cache = '" + ledger.Hit + "'", ledger.SemanticHit: "cache = '" + ledger.Semantic + "'",
	ledger.CacheHit: cacheHit, ledger.NoCacheHit: "NOT " + cacheHit, ledger.Charged: "cost_known AND NOT " + cacheHit,
	ledger.RescuedByRetry: "retries > 0 AND " + succeeded, ledger.RescuedByFallback: "fallback AND " + succeeded,
	ledger.OfUser: "end_user <> ''", ledger.CostUnknown: "NOT cost_known",
}

func filterClause(c ledger.Condition) string {
	if c == ledger.Always {
		return ""
	}
	return " FILTER (WHERE " + conditions[c] + ")"
}

// orderOf ends with a comma if there is an order.
func (d *Dialect) orderOf(q *ledger.Question, values []string) string {
	if q.Order == nil {
		return ""
	}
	expr := values[q.Order.Measure]
	if per := q.Order.Per; per >= 0 {
		expr = fmt.Sprintf("CAST(%s AS %s) / nullif(%s, 0)", expr, d.Double, values[per])
	}
	if q.Order.Descending {
		expr += " DESC"
	}
	return expr + " NULLS LAST, "
}

// A span is a run of buckets of one width.
type span struct {
	first        int   // the number of its first bucket
	start, width int64 // microseconds
}

// bucketExpr is the number of the bucket that a row is in. Buckets are mostly of
// one width; where a clock is changed, or months are asked for, there are several
// spans, among which a tree of comparisons finds the right one.
func (d *Dialect) bucketExpr(edges []time.Time) string {
	if len(edges) < 2 {
		return "0"
	}
	return d.spanExpr(spans(edges))
}

func spans(edges []time.Time) []span {
	var list []span
	for i := range len(edges) - 1 {
		start, width := edges[i].UnixMicro(), edges[i+1].Sub(edges[i]).Microseconds()
		if n := len(list); n == 0 || list[n-1].width != width {
			list = append(list, span{i, start, width})
		}
	}
	return list
}

func (d *Dialect) spanExpr(list []span) string {
	if len(list) == 1 {
		s := list[0]
		since := fmt.Sprintf("(%s - %d)", d.Micros, s.start)
		return fmt.Sprintf("%s + %d", fmt.Sprintf(d.Divide, since, strconv.FormatInt(s.width, 10)), s.first)
	}
	half := len(list) / 2
	return fmt.Sprintf("CASE WHEN %s < %d THEN %s ELSE %s END", d.Micros, list[half].start, d.spanExpr(list[:half]), d.spanExpr(list[half:]))
}
