package analytics

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// A column is a figure of a group: what it is worked out of, how it is shown, and
// how groups are sorted by it.
type column struct {
	name     string
	measures []ledger.Measure
	show     func(v []int64) any
	byRatio  bool // sorted by its first measure per the second, not by the first
}

func plain(v []int64) any { return v[0] }

func seen(v []int64) any {
	return time.UnixMicro(v[0]).UTC().Format("2006-01-02T15:04:05.000Z")
}

func meanTokens(name string, what ledger.Quantity) column {
	return column{name, []ledger.Measure{sum(what, ledger.Always), all}, func(v []int64) any { return mean(v[0], v[1]) }, true}
}

func tail(name string, rank int) column {
	return column{name, []ledger.Measure{percentile(rank)}, func(v []int64) any { return millis(v[0]) }, false}
}

func share(name string, c ledger.Condition) column {
	return column{name, []ledger.Measure{count(c), all}, func(v []int64) any { return percent(v[0], v[1]) }, true}
}

var columns = []column{
	{"requests", []ledger.Measure{all}, plain, false},
	{"cost", []ledger.Measure{sum(ledger.Cost, ledger.Always)}, func(v []int64) any { return cents(v[0]) }, false},
	{"total_tokens", []ledger.Measure{sum(ledger.Tokens, ledger.Always)}, plain, false},
	meanTokens("avg_tokens", ledger.Tokens),
	{"avg_latency", []ledger.Measure{sum(ledger.Latency, ledger.Always), all}, func(v []int64) any { return meanMillis(v[0], v[1]) }, true},
	share("success_rate", ledger.Succeeded),
	{"error_count", []ledger.Measure{failed}, plain, false},
	{"last_seen", []ledger.Measure{{How: ledger.Max, What: ledger.StartTime}}, seen, false},
	{"first_seen", []ledger.Measure{{How: ledger.Min, What: ledger.StartTime}}, seen, false},
	meanTokens("avg_input_tokens", ledger.InputTokens),
	meanTokens("avg_output_tokens", ledger.OutputTokens),
	share("cache_hit_rate", ledger.CacheHit),
	tail("p50_latency", 50), tail("p90_latency", 90), tail("p95_latency", 95), tail("p99_latency", 99),
	{"users", []ledger.Measure{distinctUsers}, plain, false},
	{"unknown_costs", []ledger.Measure{count(ledger.CostUnknown)}, plain, false},
}

// usual are the columns that are shown if none are named: what costs little.
var usual = columns[:8]

func find(name string) (column, bool) {
	i := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
	if i < 0 {
		return column{}, false
	}
	return columns[i], true
}

func columnNames() string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// A group is one row of a list of groups: its keys, and its figures by column.
type group struct {
	key     string
	figures object
}

// groups asks for a page of the groups by a dimension.
func (q *query) groups(d ledger.Dimension, shown []column) (list []group, total int64) {
	orderBy := q.orderBy
	if orderBy == "" {
		orderBy = "requests"
	}
	by, ok := find(orderBy)
	if !ok {
		q.err = badRequest("order_by", "must be one of %s", columnNames())
		return nil, 0
	}
	question := ledger.Question{By: []ledger.Dimension{d}, Limit: q.page.Size, Offset: q.page.Offset}
	places := make([][]int, len(shown))
	for i, c := range shown {
		places[i] = place(&question, c)
	}
	order := place(&question, by)
	question.Order = &ledger.Order{Measure: order[0], Per: -1, Descending: !q.rising}
	if by.byRatio {
		question.Order.Per = order[1]
	}
	a := q.ask(question)
	for _, row := range a.Rows {
		g := group{row.Keys[0], object{}}
		for i, c := range shown {
			values := make([]int64, len(places[i]))
			for j, at := range places[i] {
				values[j] = row.Values[at]
			}
			g.figures[c.name] = c.show(values)
		}
		list = append(list, g)
	}
	return list, a.Total
}

// place adds a column's measures to a question, each once, and says where they are.
func place(q *ledger.Question, c column) []int {
	at := make([]int, len(c.measures))
	for i, m := range c.measures {
		if at[i] = slices.Index(q.Measures, m); at[i] < 0 {
			at[i] = len(q.Measures)
			q.Measures = append(q.Measures, m)
		}
	}
	return at
}

// listing is the envelope; row completes each group.
func listing(list []group, total int64, row func(g group) object) any {
	data := make([]object, len(list))
	for i, g := range list {
		data[i] = row(g)
		data[i]["object"] = "analytics-group"
	}
	return object{"object": "list", "total": total, "data": data}
}

func pick(list ...string) []column {
	found := make([]column, len(list))
	for i, name := range list {
		found[i], _ = find(name)
	}
	return found
}

// userGroups and modelGroups have their numbers as text, as Portkey has them.
func userGroups(q *query) any {
	list, total := q.groups(ledger.Dimension{Field: ledger.ByUser}, pick("requests", "cost"))
	return listing(list, total, func(g group) object {
		return object{"user": g.key, "requests": fmt.Sprint(g.figures["requests"]), "cost": fmt.Sprint(g.figures["cost"])}
	})
}

func modelGroups(q *query) any {
	list, total := q.groups(ledger.Dimension{Field: ledger.ByModel}, pick("requests"))
	return listing(list, total, func(g group) object {
		return object{"ai_model": g.key, "requests": fmt.Sprint(g.figures["requests"])}
	})
}

// metadataGroups has Portkey's columns, or those that are asked for.
func metadataGroups(q *query) any {
	d := ledger.Dimension{Field: ledger.ByMetadata, Name: q.http.PathValue("key")}
	if len(q.columns) > 0 {
		return q.chosen("metadata_value", d)
	}
	list, total := q.groups(d, pick("requests", "cost", "avg_tokens", "last_seen"))
	rated := q.rated(d)
	return listing(list, total, func(g group) object {
		g.figures["metadata_value"] = g.key
		r, ok := rated[g.key]
		if !ok {
			r.mean = "0"
		}
		g.figures["avg_weighted_feedback"], g.figures["requests_with_feedback"] = r.mean, r.requests
		return g.figures
	})
}

// A rating is the feedback of a group.
type rating struct {
	mean     json.Number
	requests int64 // whose trace has feedback
}

// rated are the groups that have feedback.
func (q *query) rated(d ledger.Dimension) map[string]rating {
	ratings := map[string]rating{}
	by := []ledger.Dimension{d}
	for _, row := range q.ask(ledger.Question{Of: ledger.Feedbacks, By: by, Measures: []ledger.Measure{weightedSum, all}}).Rows {
		ratings[row.Keys[0]] = rating{mean: score(row.Values[0], row.Values[1])}
	}
	some := q.filter
	if some.FeedbackMin == nil && some.FeedbackMax == nil {
		least := int64(-10 * ledger.FullWeight)
		some.FeedbackMin = &least
	}
	for _, row := range q.ask(ledger.Question{Filter: some, By: by, Measures: []ledger.Measure{all}}).Rows {
		r := ratings[row.Keys[0]]
		r.requests = row.Values[0]
		ratings[row.Keys[0]] = r
	}
	return ratings
}

// dimensions are what GET /analytics/groups/{by} groups by.
var dimensions = map[string]ledger.Dimension{
	"ai_service": {Field: ledger.ByProvider}, "model": {Field: ledger.ByModel}, "status_code": {Field: ledger.ByStatus},
	"api_key": {Field: ledger.ByKey}, "user": {Field: ledger.ByUser}, "config": {Field: ledger.ByConfig},
	"workspace": {Field: ledger.ByWorkspace}, "workspaces": {Field: ledger.ByWorkspace},
	"provider": {Field: ledger.ByVirtual}, "prompt": {Field: ledger.ByMetadata, Name: ledger.PromptKey},
}

func grouped(q *query) any {
	by := q.http.PathValue("by")
	d, ok := dimensions[by]
	if !ok {
		q.err = badRequest("by", "must be one of %s; metadata is grouped at /analytics/groups/metadata/KEY", strings.Join(slices.Sorted(maps.Keys(dimensions)), ", "))
		return nil
	}
	return q.chosen(by, d)
}

// chosen answers with the columns that are asked for, and the key of each group
// under a name. A workspace is shown by its slug, with its id beside it.
func (q *query) chosen(name string, d ledger.Dimension) any {
	shown := usual
	if len(q.columns) > 0 {
		shown = nil
		for _, column := range q.columns {
			c, ok := find(column)
			if !ok {
				q.err = badRequest("columns", "must be some of %s", columnNames())
				return nil
			}
			shown = append(shown, c)
		}
	}
	list, total := q.groups(d, shown)
	return listing(list, total, func(g group) object {
		if d.Field == ledger.ByWorkspace {
			g.figures["workspace_id"], g.figures["workspace"] = g.key, q.slug(g.key)
		} else {
			g.figures[name] = g.key
		}
		return g.figures
	})
}

func (q *query) slug(workspaceID string) string {
	for _, w := range q.workspaces {
		if w.ID == workspaceID {
			return w.Slug
		}
	}
	return ""
}
