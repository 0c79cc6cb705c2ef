package analytics

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/portico-ai/portico/internal/ledger"
)

// A graph is drawn below /analytics/graphs, at the path of Portkey's description,
// which its Python SDK uses, and at that of its Node SDK where that has another.
type graph struct {
	paths []string
	draw  func(q *query) (summary object, points []object)
}

var graphs = []graph{
	{[]string{"requests"}, requests},
	{[]string{"cost"}, cost},
	{[]string{"latency"}, latency},
	{[]string{"tokens"}, tokens},
	{[]string{"users"}, users},
	{[]string{"users/requests", "users-requests"}, userRequests},
	{[]string{"errors"}, errorCount},
	{[]string{"errors/rate", "errors-rate"}, errorRate},
	{[]string{"errors/stacks", "errors-stack"}, errorStacks},
	{[]string{"errors/status-codes", "errors-status-code"}, statusCodes},
	{[]string{"requests/rescued", "requests-rescued"}, rescued},
	{[]string{"cache/hit-rate", "cache-hit-rate"}, hitRate},
	{[]string{"cache/latency", "cache-latency"}, hitLatency},
	{[]string{"feedbacks"}, feedbacks},
	{[]string{"feedbacks/scores", "feedbacks/score"}, scores},
	{[]string{"feedbacks/weighted"}, weighted},
	{[]string{"feedbacks/ai-models"}, feedbackModels},
}

func count(c ledger.Condition) ledger.Measure { return ledger.Measure{How: ledger.Count, Where: c} }

func sum(what ledger.Quantity, c ledger.Condition) ledger.Measure {
	return ledger.Measure{How: ledger.Sum, What: what, Where: c}
}

func percentile(rank int) ledger.Measure {
	return ledger.Measure{How: ledger.Percentile, What: ledger.Latency, Rank: rank}
}

var (
	all           = count(ledger.Always)
	failed        = count(ledger.NotSucceeded)
	distinctUsers = ledger.Measure{How: ledger.Distinct, What: ledger.Users}
)

func requests(q *query) (object, []object) {
	s := q.series(ledger.Entries, all)
	return object{"total": s.sum(0)}, s.points(func(v []int64) object { return object{"total": v[0]} })
}

func cost(q *query) (object, []object) {
	s := q.series(ledger.Entries, sum(ledger.Cost, ledger.Always), all)
	show := func(nano, n int64) object { return object{"total": cents(nano), "avg": meanCents(nano, n)} }
	return show(s.sum(0), s.sum(1)), s.points(func(v []int64) object { return show(v[0], v[1]) })
}

func tokens(q *query) (object, []object) {
	s := q.series(ledger.Entries, sum(ledger.Tokens, ledger.Always), all)
	show := func(tokens, n int64) object { return object{"total": tokens, "avg": mean(tokens, n)} }
	return show(s.sum(0), s.sum(1)), s.points(func(v []int64) object { return show(v[0], v[1]) })
}

func latency(q *query) (object, []object) {
	measures := []ledger.Measure{sum(ledger.Latency, ledger.Always), all, percentile(50), percentile(90), percentile(99)}
	show := func(v []int64) object {
		return object{"avg": meanMillis(v[0], v[1]), "p50": millis(v[2]), "p90": millis(v[3]), "p99": millis(v[4])}
	}
	return show(q.whole(ledger.Entries, measures...)), q.series(ledger.Entries, measures...).points(show)
}

func users(q *query) (object, []object) {
	show := func(v []int64) object { return object{"total": v[0]} }
	return show(q.whole(ledger.Entries, distinctUsers)), q.series(ledger.Entries, distinctUsers).points(show)
}

// userRequests leaves requests out of which no user is known.
func userRequests(q *query) (object, []object) {
	measures := []ledger.Measure{count(ledger.OfUser), distinctUsers}
	v := q.whole(ledger.Entries, measures...)
	return object{"total": v[0], "unique": v[1], "avg": mean(v[0], v[1])},
		q.series(ledger.Entries, measures...).points(func(v []int64) object { return object{"avg": mean(v[0], v[1])} })
}

func errorCount(q *query) (object, []object) {
	s := q.series(ledger.Entries, failed)
	return object{"total": s.sum(0)}, s.points(func(v []int64) object { return object{"total": v[0]} })
}

func errorRate(q *query) (object, []object) {
	s := q.series(ledger.Entries, failed, all)
	return object{"rate": percent(s.sum(0), s.sum(1))}, s.points(func(v []int64) object { return object{"rate": percent(v[0], v[1])} })
}

// stacked are the parts of each bucket by a dimension: those that show makes of a
// row's values, in the order of their numbers.
func (q *query) stacked(by ledger.Field, measures []ledger.Measure, add func(bucket, number int, v []int64)) {
	rows := q.ask(ledger.Question{Edges: q.edges, By: []ledger.Dimension{{Field: by}}, Measures: measures}).Rows
	slices.SortStableFunc(rows, func(a, b ledger.AnswerRow) int { return cmp.Compare(number(a.Keys[0]), number(b.Keys[0])) })
	for _, row := range rows {
		add(row.Bucket, number(row.Keys[0]), row.Values)
	}
}

// number reads the key of a field that is one.
func number(key string) int {
	n, _ := strconv.Atoi(key)
	return n
}

// empty makes the points of all buckets, each of what point makes.
func (q *query) empty(point func() object) []object {
	points := make([]object, len(q.edges)-1)
	for i := range points {
		points[i] = point()
		points[i]["timestamp"] = stamp(q.edges[i])
	}
	return points
}

func errorStacks(q *query) (object, []object) {
	total := int64(0)
	points := q.empty(func() object { return object{"stats": []object{}} })
	q.stacked(ledger.ByStatus, []ledger.Measure{failed}, func(bucket, status int, v []int64) {
		if v[0] > 0 {
			points[bucket]["stats"] = append(points[bucket]["stats"].([]object), object{"response_status_code": status, "count": v[0]})
			total += v[0]
		}
	})
	return object{"total": total}, points
}

func statusCodes(q *query) (object, []object) {
	question := ledger.Question{By: []ledger.Dimension{{Field: ledger.ByStatus}}, Measures: []ledger.Measure{failed}, Order: &ledger.Order{Per: -1, Descending: true}}
	total, points := int64(0), []object{}
	for _, row := range q.ask(question).Rows {
		if n := row.Values[0]; n > 0 {
			points = append(points, object{"status_code": number(row.Keys[0]), "count": n})
			total += n
		}
	}
	return object{"total_errors": total, "unique_error_codes": len(points)}, points
}

func rescued(q *query) (object, []object) {
	retries, fallbacks := int64(0), int64(0)
	points := q.empty(func() object { return object{"retry": []object{}, "fallback": int64(0)} })
	measures := []ledger.Measure{count(ledger.RescuedByRetry), count(ledger.RescuedByFallback)}
	q.stacked(ledger.ByRetries, measures, func(bucket, tries int, v []int64) {
		p := points[bucket]
		if v[0] > 0 {
			p["retry"] = append(p["retry"].([]object), object{"retry_success_count": tries, "count": v[0]})
		}
		p["fallback"] = p["fallback"].(int64) + v[1]
		retries, fallbacks = retries+v[0], fallbacks+v[1]
	})
	return object{"retry": retries, "fallback": fallbacks}, points
}

func hitRate(q *query) (object, []object) {
	s := q.series(ledger.Entries, count(ledger.SimpleHit), count(ledger.SemanticHit), all)
	saved := q.savings()
	hits := s.sum(0) + s.sum(1)
	points := s.points(func(v []int64) object {
		return object{"simple_hits": v[0], "semantic_hits": v[1], "rate": percent(v[0]+v[1], v[2])}
	})
	simple, semantic := int64(0), int64(0)
	for i, p := range points {
		simple, semantic = simple+saved[i][0], semantic+saved[i][1]
		p["cumulative_simple_cache_savings"], p["cumulative_semantic_cache_savings"] = cents(simple), cents(semantic)
	}
	return object{"total": hits, "rate": percent(hits, s.sum(2))}, points
}

// savings is what the hits of each bucket, simple and semantic, would have cost in
// nano-dollars: as much, on average, as the requests of the range cost that the
// same model answered.
func (q *query) savings() [][2]int64 {
	by := []ledger.Dimension{{Field: ledger.ByProvider}, {Field: ledger.ByModel}}
	price := map[[2]string]float64{}
	for _, row := range q.ask(ledger.Question{By: by, Measures: []ledger.Measure{sum(ledger.Cost, ledger.Charged), count(ledger.Charged)}}).Rows {
		if n := row.Values[1]; n > 0 {
			price[[2]string(row.Keys)] = float64(row.Values[0]) / float64(n)
		}
	}
	saved := make([][2]int64, len(q.edges)-1)
	for _, row := range q.ask(ledger.Question{Edges: q.edges, By: by, Measures: []ledger.Measure{count(ledger.SimpleHit), count(ledger.SemanticHit)}}).Rows {
		each := price[[2]string(row.Keys)]
		for i, hits := range row.Values {
			saved[row.Bucket][i] += int64(math.Round(float64(hits) * each))
		}
	}
	return saved
}

func hitLatency(q *query) (object, []object) {
	s := q.series(ledger.Entries, sum(ledger.Latency, ledger.CacheHit), count(ledger.CacheHit))
	return object{}, s.points(func(v []int64) object { return object{"avg": meanMillis(v[0], v[1])} })
}

// cacheSummary compares the latency of hits with that of all other requests.
func cacheSummary(q *query) any {
	v := q.whole(ledger.Entries, count(ledger.CacheHit), sum(ledger.Latency, ledger.CacheHit), count(ledger.NoCacheHit), sum(ledger.Latency, ledger.NoCacheHit))
	speedup := percent(0, 0)
	if v[0] > 0 && v[3] > 0 {
		hit, other := float64(v[1])/float64(v[0]), float64(v[3])/float64(v[2])
		speedup = ratio(int64(math.Round((1-hit/other)*1e6)), 1e4, 100)
	}
	summary := object{"hits": v[0], "avg_latency": meanMillis(v[1], v[0]), "total_requests": v[0] + v[2], "cache_speedup": speedup}
	return object{"summary": summary, "object": "analytics-summary"}
}

var weightedSum = sum(ledger.Weighted, ledger.Always)

func feedbacks(q *query) (object, []object) {
	show := func(v []int64) object { return object{"total": v[0]} }
	return show(q.whole(ledger.Feedbacks, all)), q.series(ledger.Feedbacks, all).points(show)
}

func scores(q *query) (object, []object) {
	rows := q.ask(ledger.Question{Of: ledger.Feedbacks, By: []ledger.Dimension{{Field: ledger.ByScore}}, Measures: []ledger.Measure{all}}).Rows
	slices.SortFunc(rows, func(a, b ledger.AnswerRow) int { return cmp.Compare(number(a.Keys[0]), number(b.Keys[0])) })
	total, points := int64(0), make([]object, len(rows))
	for i, row := range rows {
		points[i] = object{"score": number(row.Keys[0]), "total": row.Values[0]}
		total += row.Values[0]
	}
	return object{"total": total}, points
}

func weighted(q *query) (object, []object) {
	show := func(v []int64) object { return object{"avg": score(v[0], v[1])} }
	return show(q.whole(ledger.Feedbacks, weightedSum, all)), q.series(ledger.Feedbacks, weightedSum, all).points(show)
}

func feedbackModels(q *query) (object, []object) {
	question := ledger.Question{
		Of: ledger.Feedbacks, By: []ledger.Dimension{{Field: ledger.ByModel}}, Measures: []ledger.Measure{all, weightedSum},
		Order: &ledger.Order{Per: -1, Descending: true},
	}
	points := []object{}
	for _, row := range q.ask(question).Rows {
		points = append(points, object{"ai_model": row.Keys[0], "total": row.Values[0], "avg_weighted_feedback": score(row.Values[1], row.Values[0])})
	}
	return object{}, points
}
