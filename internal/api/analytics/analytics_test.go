package analytics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ledger"
)

var monday0 = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// seed puts 1,000 requests of four days into the default workspace, and returns them.
func seed(s *server) []*ledger.Entry {
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	var list []*ledger.Entry
	for i := range 1000 {
		e := &ledger.Entry{
			ID: fmt.Sprintf("%04d", i), WorkspaceID: s.first.ID, StartedAt: monday0.Add(time.Duration(rnd.Int64N(int64(4 * aDay)))).Truncate(time.Microsecond),
			TraceID: fmt.Sprintf("trace-%d", i/2), SpanID: pick("a", "b"), State: ledger.OK, Status: 200, Provider: pick("openai", "anthropic"), Model: pick("m1", "m2", "m3"),
			KeyID: pick("k1", "k2"), ConfigSlug: pick("", "pc-1"), Virtual: pick("vk-1", "vk-2"), Cache: pick("DISABLED", "MISS", ledger.Hit, ledger.Semantic),
			Retries: rnd.IntN(4), Fallback: rnd.IntN(5) == 0, CostNano: rnd.Int64N(1e8), CostKnown: rnd.IntN(10) > 0, TotalMicros: rnd.Int64N(5e6),
			Metadata: map[string]string{"_user": pick("", "ann", "bob", "cid"), "team": pick("red", "blue"), "_prompt": pick("pp-1", "pp-2")},
		}
		e.Usage.Known, e.Usage.InputTokens, e.Usage.OutputTokens = true, rnd.Int64N(1000), rnd.Int64N(200)
		if rnd.IntN(6) == 0 {
			e.State, e.Status = ledger.Failed, []int{400, 429, 500}[rnd.IntN(3)]
		}
		list = append(list, e)
	}
	s.apply(list...)
	var feedback []*ledger.Feedback
	for i := range 60 {
		feedback = append(feedback, &ledger.Feedback{ID: fmt.Sprint(i), WorkspaceID: s.first.ID, TraceID: fmt.Sprintf("trace-%d", 3*i), Value: i%21 - 10, WeightMicro: int64(i%5) * 250_000})
	}
	if err := s.logs.ApplyFeedback(s.t.Context(), feedback, ledger.Position{}); err != nil {
		s.t.Fatal(err)
	}
	return list
}

func fourDays(pairs ...string) url.Values {
	return during("2026-03-02T00:00:00Z", "2026-03-06T00:00:00Z", append([]string{"interval", "1d"}, pairs...)...)
}

// perDay works something out for each of the four days, plainly.
func perDay(list []*ledger.Entry, value func(of []*ledger.Entry) float64) []float64 {
	var all []float64
	for d := range 4 {
		var of []*ledger.Entry
		for _, e := range list {
			if int(e.StartedAt.Sub(monday0)/aDay) == d {
				of = append(of, e)
			}
		}
		all = append(all, value(of))
	}
	return all
}

func field(points any, name string) []float64 {
	var all []float64
	for _, p := range points.([]any) {
		all = append(all, p.(map[string]any)[name].(float64))
	}
	return all
}

func counted(is func(*ledger.Entry) bool) func([]*ledger.Entry) float64 {
	return func(of []*ledger.Entry) float64 {
		n := 0.
		for _, e := range of {
			if is(e) {
				n++
			}
		}
		return n
	}
}

func summed(value func(*ledger.Entry) float64) func([]*ledger.Entry) float64 {
	return func(of []*ledger.Entry) float64 {
		n := 0.
		for _, e := range of {
			n += value(e)
		}
		return n
	}
}

func per(a, b func([]*ledger.Entry) float64) func([]*ledger.Entry) float64 {
	return func(of []*ledger.Entry) float64 { return a(of) / b(of) }
}

func distinct(of []*ledger.Entry) float64 {
	seen := map[string]bool{}
	for _, e := range of {
		if u := e.Metadata["_user"]; u != "" {
			seen[u] = true
		}
	}
	return float64(len(seen))
}

func ranked(rank float64) func([]*ledger.Entry) float64 {
	return func(of []*ledger.Entry) float64 {
		var all []float64
		for _, e := range of {
			all = append(all, float64(e.TotalMicros)/1000)
		}
		slices.Sort(all)
		return all[int(math.Ceil(rank*float64(len(all))))-1]
	}
}

var (
	every    = counted(func(*ledger.Entry) bool { return true })
	failures = counted(func(e *ledger.Entry) bool { return e.Status >= 400 })
	costs    = summed(func(e *ledger.Entry) float64 {
		if !e.CostKnown {
			return 0
		}
		return float64(e.CostNano) / 1e7
	})
	allTokens = summed(func(e *ledger.Entry) float64 { return float64(e.Usage.TotalTokens()) })
	latencies = summed(func(e *ledger.Entry) float64 { return float64(e.TotalMicros) / 1000 })
	hits      = counted(func(e *ledger.Entry) bool { return e.Cache == "HIT" || e.Cache == "SEMANTIC HIT" })
	hitTimes  = summed(func(e *ledger.Entry) float64 {
		if e.Cache == "HIT" || e.Cache == "SEMANTIC HIT" {
			return float64(e.TotalMicros) / 1000
		}
		return 0
	})
	named = counted(func(e *ledger.Entry) bool { return e.Metadata["_user"] != "" })
)

func times(k float64, f func([]*ledger.Entry) float64) func([]*ledger.Entry) float64 {
	return func(of []*ledger.Entry) float64 { return k * f(of) }
}

// Every figure of the graphs over time is what plain arithmetic says, in each
// bucket and over all, at every path.
func TestGraphsAddUp(t *testing.T) {
	s := newServer(t)
	list := seed(s)
	type figure struct {
		name  string
		value func([]*ledger.Entry) float64
		error float64 // relative
	}
	const rounded = 0.005
	for path, figures := range map[string][]figure{
		"requests":       {{"total", every, 0}},
		"cost":           {{"total", costs, 1e-9}, {"avg", per(costs, every), 1e-6}},
		"latency":        {{"avg", per(latencies, every), 1e-6}, {"p50", ranked(0.5), 1. / 128}, {"p90", ranked(0.9), 1. / 128}, {"p99", ranked(0.99), 1. / 128}},
		"tokens":         {{"total", allTokens, 0}, {"avg", per(allTokens, every), rounded}},
		"users":          {{"total", distinct, 0}},
		"users/requests": {{"avg", per(named, distinct), rounded}},
		"users-requests": {{"avg", per(named, distinct), rounded}},
		"errors":         {{"total", failures, 0}},
		"errors/rate":    {{"rate", times(100, per(failures, every)), rounded}},
		"errors-rate":    {{"rate", times(100, per(failures, every)), rounded}},
		"cache/hit-rate": {{"rate", times(100, per(hits, every)), rounded}},
		"cache-hit-rate": {{"rate", times(100, per(hits, every)), rounded}},
		"cache/latency":  {{"avg", per(hitTimes, hits), 1e-6}},
		"cache-latency":  {{"avg", per(hitTimes, hits), 1e-6}},
	} {
		got := s.get("graphs/"+path, fourDays())
		for _, f := range figures {
			want := perDay(list, f.value)
			for i, v := range field(got["data_points"], f.name) {
				if math.Abs(v-want[i]) > f.error*want[i] {
					t.Errorf("%s: %s of day %d is %v, want %v", path, f.name, i, v, want[i])
				}
			}
			if summary := got["summary"].(map[string]any); len(summary) > 0 {
				if v, want := summary[f.name].(float64), f.value(list); math.Abs(v-want) > f.error*want {
					t.Errorf("%s: %s of all is %v, want %v", path, f.name, v, want)
				}
			}
		}
		var stamps []string
		for _, p := range got["data_points"].([]any) {
			stamps = append(stamps, p.(map[string]any)["timestamp"].(string))
		}
		if d := cmp.Diff([]string{"2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"}, stamps); d != "" {
			t.Errorf("%s: %s", path, d)
		}
	}
	users := s.get("graphs/users/requests", fourDays())["summary"].(map[string]any)
	if users["total"] != named(list) || users["unique"] != 3. {
		t.Errorf("users/requests: %v", users)
	}
}

// Graphs whose points are lists: their parts add up to what the summary says.
func TestStackedGraphs(t *testing.T) {
	s := newServer(t)
	list := seed(s)
	for _, path := range []string{"errors/stacks", "errors-stack"} {
		got := s.get("graphs/"+path, fourDays())
		total := 0.
		for day, p := range got["data_points"].([]any) {
			for _, part := range p.(map[string]any)["stats"].([]any) {
				part := part.(map[string]any)
				is := counted(func(e *ledger.Entry) bool { return float64(e.Status) == part["response_status_code"] })
				if want := perDay(list, is)[day]; part["count"] != want {
					t.Errorf("%s, day %d: %v, want %v", path, day, part, want)
				}
				total += part["count"].(float64)
			}
		}
		if total != failures(list) || got["summary"].(map[string]any)["total"] != total {
			t.Errorf("%s: %v add up, %v", path, total, got["summary"])
		}
	}
	for _, path := range []string{"errors/status-codes", "errors-status-code"} {
		got := s.get("graphs/"+path, fourDays())
		if d := cmp.Diff(map[string]any{"total_errors": failures(list), "unique_error_codes": 3.}, got["summary"]); d != "" {
			t.Errorf("%s: %s", path, d)
		}
	}
	fine := func(e *ledger.Entry) bool { return e.Status == 200 }
	for _, path := range []string{"requests/rescued", "requests-rescued"} {
		got := s.get("graphs/"+path, fourDays())
		retried := counted(func(e *ledger.Entry) bool { return fine(e) && e.Retries > 0 })
		fallen := counted(func(e *ledger.Entry) bool { return fine(e) && e.Fallback })
		if d := cmp.Diff(map[string]any{"retry": retried(list), "fallback": fallen(list)}, got["summary"]); d != "" {
			t.Errorf("%s: %s", path, d)
		}
		if d := cmp.Diff(perDay(list, fallen), field(got["data_points"], "fallback")); d != "" {
			t.Errorf("%s: %s", path, d)
		}
		for day, p := range got["data_points"].([]any) {
			tries := p.(map[string]any)["retry"].([]any)
			if len(tries) != 3 {
				t.Errorf("%s, day %d: %v", path, day, tries)
			}
			for i, part := range tries {
				n := counted(func(e *ledger.Entry) bool { return fine(e) && e.Retries == i+1 })
				if d := cmp.Diff(map[string]any{"retry_success_count": float64(i + 1), "count": perDay(list, n)[day]}, part); d != "" {
					t.Errorf("%s, day %d: %s", path, day, d)
				}
			}
		}
	}
}

func TestCacheSavingsAreCumulative(t *testing.T) {
	s := newServer(t)
	for i, e := range []ledger.Entry{
		{Cache: "MISS", Model: "m", CostNano: 3e7, CostKnown: true, TotalMicros: 900_000},
		{Cache: "DISABLED", Model: "m", CostNano: 1e7, CostKnown: true, TotalMicros: 1_100_000},
		{Cache: ledger.Hit, Model: "m", CostKnown: true, TotalMicros: 10_000},
		{Cache: ledger.Hit, Model: "m", CostKnown: true, TotalMicros: 10_000},
		{Cache: ledger.Semantic, Model: "m", CostKnown: true, TotalMicros: 10_000},
		{Cache: ledger.Hit, Model: "never charged", TotalMicros: 10_000},
	} {
		e.ID, e.WorkspaceID, e.Provider, e.State, e.Status = fmt.Sprint(i), s.first.ID, "p", ledger.OK, 200
		e.StartedAt = monday0.Add(time.Duration(i) * 12 * time.Hour)
		s.apply(&e)
	}
	got := s.get("graphs/cache/hit-rate", fourDays())
	if d := cmp.Diff(map[string]any{"total": 4., "rate": 66.67}, got["summary"]); d != "" {
		t.Error(d)
	}
	for name, want := range map[string][]float64{ // two cents on average
		"simple_hits": {0, 2, 1, 0}, "semantic_hits": {0, 0, 1, 0},
		"cumulative_simple_cache_savings": {0, 4, 4, 4}, "cumulative_semantic_cache_savings": {0, 0, 2, 2},
	} {
		if d := cmp.Diff(want, field(got["data_points"], name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	summary := s.get("summary/cache", fourDays())["summary"]
	if d := cmp.Diff(map[string]any{"hits": 4., "avg_latency": 10., "total_requests": 6., "cache_speedup": 99.}, summary); d != "" {
		t.Error(d)
	}
}

func TestFeedback(t *testing.T) {
	s := newServer(t)
	for i, model := range []string{"m1", "m2", "m1"} { // a trace of two requests on different days, and another
		s.apply(&ledger.Entry{ID: fmt.Sprint(i), WorkspaceID: s.first.ID, Model: model, TraceID: []string{"t", "t", "u"}[i], StartedAt: monday0.Add(time.Duration(i) * aDay), Metadata: map[string]string{"team": model}})
	}
	list := []*ledger.Feedback{
		{ID: "a", WorkspaceID: s.first.ID, TraceID: "t", Value: 10, WeightMicro: 500_000},
		{ID: "b", WorkspaceID: s.first.ID, TraceID: "t", Value: -2, WeightMicro: ledger.FullWeight},
		{ID: "c", WorkspaceID: s.first.ID, TraceID: "u", Value: -2, WeightMicro: ledger.FullWeight},
		{ID: "d", WorkspaceID: s.second.ID, TraceID: "u", Value: 9, WeightMicro: ledger.FullWeight}, // somebody else's
	}
	if err := s.logs.ApplyFeedback(t.Context(), list, ledger.Position{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, name string
		summary    any
		want       []float64
	}{
		{"feedbacks", "total", map[string]any{"total": 3.}, []float64{2, 2, 1, 0}},
		{"feedbacks/weighted", "avg", map[string]any{"avg": 0.3333}, []float64{1.5, 1.5, -2, 0}},
		{"feedbacks/scores", "total", map[string]any{"total": 3.}, []float64{2, 1}},
		{"feedbacks/score", "score", map[string]any{"total": 3.}, []float64{-2, 10}},
		{"feedbacks/ai-models", "avg_weighted_feedback", map[string]any{}, []float64{0.3333, 1.5}},
		{"feedbacks/ai-models", "total", map[string]any{}, []float64{3, 2}},
	} {
		got := s.get("graphs/"+c.path, fourDays())
		if d := cmp.Diff(c.summary, got["summary"]); d != "" {
			t.Errorf("%s: %s", c.path, d)
		}
		if d := cmp.Diff(c.want, field(got["data_points"], c.name)); d != "" {
			t.Errorf("%s: %s", c.path, d)
		}
	}
	data := s.get("groups/metadata/team", fourDays())["data"]
	for name, want := range map[string][]float64{"requests": {2, 1}, "avg_weighted_feedback": {0.3333, 1.5}, "requests_with_feedback": {2, 1}} {
		if d := cmp.Diff(want, field(data, name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// Each filter changes the total to what it should be.
func TestEveryFilter(t *testing.T) {
	s := newServer(t)
	list := seed(s)
	value := func(i int) float64 { return float64(i%21-10) * float64(i%5) * 0.25 } // of the feedback of trace 3i
	for query, is := range map[string]func(e *ledger.Entry) bool{
		"total_units_min=600":                   func(e *ledger.Entry) bool { return e.Usage.TotalTokens() >= 600 },
		"total_units_max=600":                   func(e *ledger.Entry) bool { return e.Usage.TotalTokens() <= 600 },
		"cost_min=2.5":                          func(e *ledger.Entry) bool { return e.CostKnown && e.CostNano >= 25e6 },
		"cost_max=2.5":                          func(e *ledger.Entry) bool { return e.CostKnown && e.CostNano <= 25e6 },
		"prompt_token_min=500":                  func(e *ledger.Entry) bool { return e.Usage.InputTokens >= 500 },
		"prompt_token_max=500":                  func(e *ledger.Entry) bool { return e.Usage.InputTokens <= 500 },
		"completion_token_min=9":                func(e *ledger.Entry) bool { return e.Usage.OutputTokens >= 9 },
		"completionTokenMax=99":                 func(e *ledger.Entry) bool { return e.Usage.OutputTokens <= 99 },
		"status_code=429,500":                   func(e *ledger.Entry) bool { return e.Status == 429 || e.Status == 500 },
		"virtual_keys=vk-1":                     func(e *ledger.Entry) bool { return e.Virtual == "vk-1" },
		"configs=pc-1":                          func(e *ledger.Entry) bool { return e.ConfigSlug == "pc-1" },
		"api_key_ids=k2":                        func(e *ledger.Entry) bool { return e.KeyID == "k2" },
		"users=ann,bob":                         func(e *ledger.Entry) bool { return e.EndUser() == "ann" || e.EndUser() == "bob" },
		`metadata={"team":"red"}`:               func(e *ledger.Entry) bool { return e.Metadata["team"] == "red" },
		`metadata={"_user":"ann","team":"red"}`: func(e *ledger.Entry) bool { return e.Metadata["team"] == "red" && e.Metadata["_user"] == "ann" },
		"ai_org_model=openai__m1,anthropic__m2": func(e *ledger.Entry) bool {
			return e.Provider == "openai" && e.Model == "m1" || e.Provider == "anthropic" && e.Model == "m2"
		},
		"trace_id=trace-1,trace-2": func(e *ledger.Entry) bool { return e.TraceID == "trace-1" || e.TraceID == "trace-2" },
		"span_id=a":                func(e *ledger.Entry) bool { return e.SpanID == "a" },
		"prompt_slug=pp-2":         func(e *ledger.Entry) bool { return e.Metadata["_prompt"] == "pp-2" },
		"cache_status=HIT":         func(e *ledger.Entry) bool { return e.Cache == "HIT" },
		"weighted_feedback_min=1.5": func(e *ledger.Entry) bool {
			var i int
			_, _ = fmt.Sscanf(e.TraceID, "trace-%d", &i)
			return i%3 == 0 && i/3 < 60 && value(i/3) >= 1.5
		},
		"weighted_feedback_max=-1": func(e *ledger.Entry) bool {
			var i int
			_, _ = fmt.Sscanf(e.TraceID, "trace-%d", &i)
			return i%3 == 0 && i/3 < 60 && value(i/3) <= -1
		},
		"page_size=5&order_by=cost": func(*ledger.Entry) bool { return true }, // the SDKs' types have them for graphs, too
	} {
		q := fourDays()
		for pair := range strings.SplitSeq(query, "&") {
			name, v, _ := strings.Cut(pair, "=")
			q.Set(name, v)
		}
		got := s.get("graphs/requests", q)["summary"].(map[string]any)["total"]
		if want := counted(is)(list); got != want || want == 0 {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

func TestBucketsInOtherZones(t *testing.T) {
	s := newServer(t)
	for i, at := range []string{"2026-03-28T22:59:59.999999Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59.999999Z", "2026-03-29T22:00:00Z"} {
		when, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			t.Fatal(err)
		}
		s.apply(&ledger.Entry{ID: fmt.Sprint(i), WorkspaceID: s.first.ID, StartedAt: when})
	}
	for name, c := range map[string]struct {
		q      url.Values
		stamps []string
		totals []float64
	}{
		"a zone with its clock change": {
			during("2026-03-28T00:00:00+01:00", "2026-03-31T00:00:00+02:00", "interval", "1d", "time_zone", "Europe/Berlin"),
			[]string{"2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"}, []float64{1, 2, 1},
		},
		"the offset of the range": {
			during("2026-03-28T00:00:00+01:00", "2026-03-31T00:00:00+01:00", "interval", "1d"),
			[]string{"2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+01:00"}, []float64{1, 3, 0},
		},
		"UTC, an end within a bucket": {
			during("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "interval", "1d", "timeZone", "UTC"),
			[]string{"2026-03-28T00:00:00Z", "2026-03-29T00:00:00Z"}, []float64{1, 1},
		},
	} {
		points := s.get("graphs/requests", c.q)["data_points"].([]any)
		var stamps []string
		for _, p := range points {
			stamps = append(stamps, p.(map[string]any)["timestamp"].(string))
		}
		if d := cmp.Diff(c.stamps, stamps); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(c.totals, field(points, "total")); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestGroups(t *testing.T) {
	s := newServer(t)
	list := seed(s)
	// Of all pages together, each group once.
	for _, path := range []string{"users", "ai-models", "metadata/team", "ai_service", "model", "status_code", "api_key", "user", "config", "provider", "prompt", "workspaces", "workspace"} {
		var seen []string
		total := 0.
		for n := 0; ; n++ {
			got := s.get("groups/"+path, fourDays("page_size", "2", "current_page", fmt.Sprint(n)))
			if got["object"] != "list" {
				t.Fatalf("%s: %v", path, got)
			}
			total = got["total"].(float64)
			for _, row := range got["data"].([]any) {
				row := row.(map[string]any)
				if row["object"] != "analytics-group" {
					t.Errorf("%s: %v", path, row)
				}
				for _, key := range []string{"user", "ai_model", "metadata_value", path} {
					if v, ok := row[key].(string); ok {
						seen = append(seen, v)
						break
					}
				}
			}
			if len(got["data"].([]any)) == 0 {
				break
			}
		}
		if path == "workspaces" {
			seen = []string{s.first.Slug}
		}
		sorted := slices.Compact(slices.Sorted(slices.Values(seen)))
		if float64(len(seen)) != total || len(sorted) != len(seen) || total == 0 {
			t.Errorf("%s: total %v, pages have %v", path, total, seen)
		}
	}
	ann := counted(func(e *ledger.Entry) bool { return e.Metadata["_user"] == "ann" })
	for _, row := range s.get("groups/users", fourDays())["data"].([]any) {
		if row := row.(map[string]any); row["user"] == "ann" && row["requests"] != fmt.Sprint(ann(list)) {
			t.Errorf("ann: %v, want %v requests", row, ann(list))
		}
	}
	unknown := field(s.get("groups/workspace", fourDays("columns", "unknown_costs"))["data"], "unknown_costs")[0]
	if want := counted(func(e *ledger.Entry) bool { return !e.CostKnown })(list); unknown != want || want == 0 {
		t.Errorf("%v unknown costs, want %v", unknown, want)
	}
	usual, asked := s.get("groups/metadata/team", fourDays()), s.get("groups/metadata/team", fourDays("columns", "requests,cost,avg_tokens,last_seen"))
	for _, row := range usual["data"].([]any) {
		delete(row.(map[string]any), "avg_weighted_feedback")
		delete(row.(map[string]any), "requests_with_feedback")
	}
	if d := cmp.Diff(usual, asked); d != "" {
		t.Errorf("columns of a metadata key: %s", d)
	}
	for by, want := range map[string]string{"cost": "desc", "avg_latency": "asc", "p99_latency": "desc", "success_rate": "asc", "last_seen": "desc", "avg_output_tokens": ""} {
		got := s.get("groups/model", fourDays("columns", "requests,cost,avg_latency,p99_latency,success_rate,last_seen,avg_output_tokens", "order_by", by, "order_by_type", want, "include_total", "true"))
		rows := got["data"].([]any)
		if len(rows) != 3 || len(rows[0].(map[string]any)) != 9 {
			t.Fatalf("%v", rows)
		}
		sorted := slices.IsSortedFunc(rows, func(a, b any) int {
			x, y := fmt.Sprintf("%020v", a.(map[string]any)[by]), fmt.Sprintf("%020v", b.(map[string]any)[by])
			if f, ok := a.(map[string]any)[by].(float64); ok {
				x, y = fmt.Sprintf("%020.6f", f), fmt.Sprintf("%020.6f", b.(map[string]any)[by])
			}
			if want == "asc" {
				return strings.Compare(x, y)
			}
			return strings.Compare(y, x)
		})
		if !sorted {
			t.Errorf("by %s %s: %v", by, want, rows)
		}
	}
}

func TestTenancy(t *testing.T) {
	s := newServer(t)
	for i, w := range []string{s.first.ID, s.second.ID, s.second.ID, "a third, that is nobody's"} {
		s.apply(&ledger.Entry{ID: fmt.Sprint(i), WorkspaceID: w, StartedAt: monday0, Model: "m"})
	}
	key := s.key(access.Analytics)
	for _, c := range []struct {
		name, key, refs string
		want            float64
	}{
		{"a workspace key", workspaceKey, "", 1}, {"a workspace key that names another", workspaceKey, s.second.Slug, 1}, {"one scope", key, "", 1},
		{"an admin key", adminKey, "", 1}, {"an admin key that names one", adminKey, s.second.Slug, 2}, {"by id", adminKey, s.second.ID, 2},
		{"two", adminKey, s.first.Slug + "," + s.second.Slug, 3}, {"one twice", adminKey, s.second.Slug + "," + s.second.ID, 2},
	} {
		status, got := s.call(c.key, "graphs/requests", fourDays("workspace_slug", c.refs))
		if status != 200 || got["summary"].(map[string]any)["total"] != c.want {
			t.Errorf("%s: %d %v, want %v", c.name, status, got, c.want)
		}
	}
	if status, got := s.call(adminKey, "graphs/requests", fourDays("workspace_slug", s.first.Slug+",ws-nobody")); status != 403 {
		t.Errorf("a workspace that is not there: %d %v", status, got)
	}
	if status, _ := s.call(s.key(access.LogsView, access.LogsList, access.Completions), "graphs/requests", fourDays()); status != 403 {
		t.Errorf("a key without analytics.view: %d", status)
	}
	for key, want := range map[string]string{adminKey: s.second.Slug + "=2 " + s.first.Slug + "=1 ", workspaceKey: s.first.Slug + "=1 "} {
		_, got := s.call(key, "groups/workspaces", fourDays())
		text := ""
		for _, row := range got["data"].([]any) {
			text += fmt.Sprintf("%v=%v ", row.(map[string]any)["workspace"], row.(map[string]any)["requests"])
		}
		if text != want {
			t.Errorf("workspaces: %s, want %s", text, want)
		}
	}
}

func TestMistakesNameTheParameter(t *testing.T) {
	s := newServer(t)
	good := "time_of_generation_min=2026-03-02T00:00:00Z&time_of_generation_max=2026-03-06T00:00:00Z"
	for query, param := range map[string]string{
		"": "time_of_generation_min", "time_of_generation_min=2026-03-02T00:00:00Z": "time_of_generation_max",
		"time_of_generation_min=yesterday&time_of_generation_max=2026-03-06T00:00:00Z":            "time_of_generation_min",
		"time_of_generation_min=1969-01-01T00:00:00Z&time_of_generation_max=2026-03-06T00:00:00Z": "time_of_generation_min",
		"time_of_generation_min=2026-03-06T00:00:00Z&time_of_generation_max=2026-03-06T00:00:00Z": "time_of_generation_max",
		good + "&stauts_code=200": "stauts_code", good + "&status_code=ok": "status_code", good + "&time_zone=Mars/Phobos": "time_zone", good + "&time_zone=Local": "time_zone",
		good + "&interval=2h": "interval", good + "&interval=1min": "interval", good + "&weighted_feedback_min=11": "weighted_feedback_min",
		good + "&metadata=x": "metadata", good + "&order_by_type=up": "order_by_type", good + "&page_size=0": "page_size", good + "&after=x": "after",
		good + "&include_total=maybe": "include_total",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		mistake(t, s, "graphs/requests", q, param)
	}
	mistake(t, s, "groups/model", fourDays("columns", "requests,nope"), "columns")
	mistake(t, s, "groups/model", fourDays("order_by", "nope"), "order_by")
	mistake(t, s, "groups/nope", fourDays(), "by")
}

func mistake(t *testing.T, s *server, path string, q url.Values, param string) {
	t.Helper()
	status, got := s.call(adminKey, path, q)
	e, _ := got["error"].(map[string]any)
	if message, _ := got["message"].(string); status != 400 || e["param"] != param || !strings.HasPrefix(message, param+" ") {
		t.Errorf("%s?%s: %d %v, want a mistake in %s", path, q.Encode(), status, got, param)
	}
}
