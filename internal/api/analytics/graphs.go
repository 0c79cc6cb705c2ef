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

// of asks for measures of all entries.
func of(measures ...ledger.Measure) ledger.Question { return ledger.Question{Measures: measures} }

var (
	all           = count(ledger.Always)
	failed        = count(ledger.NotSucceeded)
	distinctUsers = ledger.Measure{How: ledger.Distinct, What: ledger.Users}
	onlyFailed    = ledger.Question{Only: ledger.NotSucceeded, Measures: []ledger.Measure{all}}
)

func requests(q *query) (object, []object) {
	s := q.series(of(all))
	return object{"total": s.sum(0)}, s.points(func(v []int64) object { return object{"total": v[0]} })
}

func cost(q *query) (object, []object) {
	s := q.series(of(sum(ledger.Cost, ledger.Always), all))
	show := func(nano, n int64) object { return object{"total": cents(nano), "avg": meanCents(nano, n)} }
	return show(s.sum(0), s.sum(1)), s.points(func(v []int64) object { return show(v[0], v[1]) })
}

func tokens(q *query) (object, []object) {
	s := q.series(of(sum(ledger.Tokens, ledger.Always), all))
	show := func(tokens, n int64) object { return object{"total": tokens, "avg": mean(tokens, n)} }
	return show(s.sum(0), s.sum(1)), s.points(func(v []int64) object { return show(v[0], v[1]) })
}

func latency(q *query) (object, []object) {
	question := of(sum(ledger.Latency, ledger.Always), all, percentile(50), percentile(90), percentile(99))
	show := func(v []int64) object {
		return object{"avg": meanMillis(v[0], v[1]), "p50": millis(v[2]), "p90": millis(v[3]), "p99": millis(v[4])}
	}
	return show(q.whole(question)), q.series(question).points(show)
}

func users(q *query) (object, []object) {
	show := func(v []int64) object { return object{"total": v[0]} }
	question := ledger.Question{Only: ledger.OfUser, Measures: []ledger.Measure{distinctUsers}}
	return show(q.whole(question)), q.series(question).points(show)
}

// userRequests leaves requests out of which no user is known.
func userRequests(q *query) (object, []object) {
	question := ledger.Question{Only: ledger.OfUser, Measures: []ledger.Measure{all, distinctUsers}}
	v := q.whole(question)
	return object{"total": v[0], "unique": v[1], "avg": mean(v[0], v[1])},
		q.series(question).points(func(v []int64) object { return object{"avg": mean(v[0], v[1])} })
}

func errorCount(q *query) (object, []object) {
	s := q.series(of(failed))
	return object{"total": s.sum(0)}, s.points(func(v []int64) object { return object{"total": v[0]} })
}

func errorRate(q *query) (object, []object) {
	s := q.series(of(failed, all))
	return object{"rate": percent(s.sum(0), s.sum(1))}, s.points(func(v []int64) object { return object{"rate": percent(v[0], v[1])} })
}

// stacked adds the parts of each bucket by a number, in its order.
func (q *query) stacked(question ledger.Question, by ledger.Field, add func(bucket, number int, v []int64)) {
	question.Edges, question.By = q.edges, []ledger.Dimension{{Field: by}}
	rows := q.ask(question).Rows
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
	q.stacked(onlyFailed, ledger.ByStatus, func(bucket, status int, v []int64) {
		points[bucket]["stats"] = append(points[bucket]["stats"].([]object), object{"response_status_code": status, "count": v[0]})
		total += v[0]
	})
	return object{"total": total}, points
}

func statusCodes(q *query) (object, []object) {
	question := onlyFailed
	question.By, question.Order = []ledger.Dimension{{Field: ledger.ByStatus}}, &ledger.Order{Per: -1, Descending: true}
	total, points := int64(0), []object{}
	for _, row := range q.ask(question).Rows {
		points = append(points, object{"status_code": number(row.Keys[0]), "count": row.Values[0]})
		total += row.Values[0]
	}
	return object{"total_errors": total, "unique_error_codes": len(points)}, points
}

func rescued(q *query) (object, []object) {
	retries, fallbacks := int64(0), int64(0)
	points := q.empty(func() object { return object{"retry": []object{}, "fallback": int64(0)} })
	q.stacked(of(count(ledger.RescuedByRetry), count(ledger.RescuedByFallback)), ledger.ByRetries, func(bucket, tries int, v []int64) {
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
	s := q.series(of(count(ledger.SimpleHit), count(ledger.SemanticHit), all))
	hits, saved := s.sum(0)+s.sum(1), make([][2]int64, len(s.at))
	if hits > 0 {
		saved = q.savings()
	}
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
	for _, row := range q.ask(ledger.Question{Only: ledger.Charged, By: by, Measures: []ledger.Measure{sum(ledger.Cost, ledger.Always), all}}).Rows {
		price[[2]string(row.Keys)] = float64(row.Values[0]) / float64(row.Values[1])
	}
	saved := make([][2]int64, len(q.edges)-1)
	for _, row := range q.ask(ledger.Question{Only: ledger.CacheHit, Edges: q.edges, By: by, Measures: []ledger.Measure{count(ledger.SimpleHit), count(ledger.SemanticHit)}}).Rows {
		each := price[[2]string(row.Keys)]
		for i, hits := range row.Values {
			saved[row.Bucket][i] += int64(math.Round(float64(hits) * each))
		}
	}
	return saved
}

func hitLatency(q *query) (object, []object) {
	s := q.series(ledger.Question{Only: ledger.CacheHit, Measures: []ledger.Measure{sum(ledger.Latency, ledger.Always), all}})
	return object{}, s.points(func(v []int64) object { return object{"avg": meanMillis(v[0], v[1])} })
}

// cacheSummary compares the latency of hits with that of all other requests.
func cacheSummary(q *query) any {
	v := q.whole(of(count(ledger.CacheHit), sum(ledger.Latency, ledger.CacheHit), count(ledger.NoCacheHit), sum(ledger.Latency, ledger.NoCacheHit)))
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
	question := ledger.Question{Of: ledger.Feedbacks, Measures: []ledger.Measure{all}}
	return show(q.whole(question)), q.series(question).points(show)
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
	question := ledger.Question{Of: ledger.Feedbacks, Measures: []ledger.Measure{weightedSum, all}}
	return show(q.whole(question)), q.series(question).points(show)
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
