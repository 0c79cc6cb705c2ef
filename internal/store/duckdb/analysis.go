package duckdb

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// analysis writes the query of a question. An inner one groups the rows into a
// bucket, keys k0, k1, … and aggregates; an outer one sorts and selects. Only
// numbers, and what this package itself names, are written into the text; all
// else are parameters.
func analysis(workspaceIDs []string, q *ledger.Question) (query string, args []any) {
	a := aggregates{index: map[string]int{}}
	values := make([]string, len(q.Measures))
	for i, m := range q.Measures {
		values[i] = a.value(q, m)
	}
	k := keysOf(q)
	w := filtered(workspaceIDs, &q.Filter)
	if n := len(q.Edges); n > 1 {
		w.add("started_at >= ? AND started_at < ?", q.Edges[0].UTC(), q.Edges[n-1].UTC())
	}
	if q.Only != ledger.Always {
		w.add("(" + conditions[q.Only] + ")")
	}
	if q.Of == ledger.Entries {
		w.add("op <> '" + string(ai.Span) + "'")
	}
	groups := bucketExpr(q.Edges) + " AS bucket" + k.inner
	inner := "SELECT " + groups + a.list() + " FROM store.logs WHERE " + w.String()
	if q.Of == ledger.Feedbacks {
		inner = "SELECT bucket" + k.names + a.list() + " FROM (SELECT DISTINCT " + groups + ", feedback_id, score, weighted FROM " + withFeedback(w.String()) + ")"
	}
	inner += " GROUP BY bucket" + k.names
	outer := "SELECT count(*) OVER (), bucket" + k.outer + comma(values) + " FROM (" + inner + ")" + k.where + " ORDER BY " + orderOf(q, values) + "bucket" + k.outer
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
	inner string // their expressions, named
	names string // k0, k1, …
	outer string // the same as text
	where string // none is empty
	args  []any
}

func keysOf(q *ledger.Question) keys {
	var k keys
	for i, d := range q.By {
		name := fmt.Sprintf("k%d", i)
		k.inner += ", " + k.expr(d) + " AS " + name
		k.names += ", " + name
		if number := d.Field == ledger.ByStatus || d.Field == ledger.ByRetries || d.Field == ledger.ByScore; number {
			k.outer += ", CAST(" + name + " AS VARCHAR)"
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

func (k *keys) expr(d ledger.Dimension) string {
	switch {
	case d.Field != ledger.ByMetadata:
		return keyColumns[d.Field]
	case d.Name == ledger.UserKey:
		return "if(user_named, end_user, '')"
	}
	pointer := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(valid(d.Name))
	k.args = append(k.args, pointer)
	return "coalesce(json_extract_string(metadata, ?), '')"
}

// aggregates are the inner query's, each once: a0, a1, …
type aggregates struct {
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
	shares := make([]string, len(list))
	for i, r := range list {
		shares[i] = fmt.Sprintf("0.%02d", r)
	}
	expr := "quantile_disc(latency_bin, [" + strings.Join(shares, ", ") + "])" + filterClause(m.Where)
	return fmt.Sprintf("coalesce(%s[%d], 0)", a.name(expr), slices.Index(list, m.Rank)+1)
}

// value is what the outer query takes for a measure.
func (a *aggregates) value(q *ledger.Question, m ledger.Measure) string {
	switch m.How {
	case ledger.Count:
		return a.name("count(*)" + filterClause(m.Where))
	case ledger.Distinct:
		// Hashes of 64 bits take a third of the memory of texts. Two of a million
		// users share one with a probability of 3 in 100 million.
		return a.name("count(DISTINCT nullif(hash(end_user), hash('')))" + filterClause(m.Where))
	case ledger.Percentile:
		return a.percentile(q, m)
	case ledger.Sum, ledger.Min, ledger.Max:
	}
	expr := string(m.How) + "(" + quantities[m.What] + ")" + filterClause(m.Where)
	return "CAST(coalesce(" + a.name(expr) + ", 0) AS BIGINT)"
}

var quantities = map[ledger.Quantity]string{
	ledger.Cost: "if(cost_known, cost_nano, 0)", ledger.InputTokens: "input_tokens", ledger.OutputTokens: "output_tokens",
	ledger.Tokens: "input_tokens + output_tokens", ledger.Latency: "total_us", ledger.StartTime: "epoch_us(started_at)",
	ledger.Weighted: "weighted",
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
func orderOf(q *ledger.Question, values []string) string {
	if q.Order == nil {
		return ""
	}
	expr := values[q.Order.Measure]
	if per := q.Order.Per; per >= 0 {
		expr = fmt.Sprintf("CAST(%s AS DOUBLE) / nullif(%s, 0)", expr, values[per])
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
func bucketExpr(edges []time.Time) string {
	if len(edges) < 2 {
		return "0"
	}
	return spanExpr(spans(edges))
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

func spanExpr(list []span) string {
	if len(list) == 1 {
		s := list[0]
		return fmt.Sprintf("(epoch_us(started_at) - %d) // %d + %d", s.start, s.width, s.first)
	}
	half := len(list) / 2
	return fmt.Sprintf("CASE WHEN epoch_us(started_at) < %d THEN %s ELSE %s END", list[half].start, spanExpr(list[:half]), spanExpr(list[half:]))
}
