package stores

import (
	"math/rand/v2"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 5)) }

// A generator makes random questions that find something in the sample's requests.
type generator struct {
	*rand.Rand
	some []ledger.Entry
}

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

func (g *generator) entry() ledger.Entry { return pick(g, g.some...) }

func (g *generator) instant() time.Time {
	return from.Add(time.Duration(g.Int64N(int64(to.Sub(from))))).Truncate(time.Microsecond)
}

// filter narrows by up to three criteria, which are values of requests there are.
func (g *generator) filter() ledger.Filter {
	var f ledger.Filter
	set := []func(){
		func() { f.From = g.instant() },
		func() { f.To = g.instant() },
		func() { f.From = g.instant(); f.To = f.From.Add(time.Duration(g.IntN(14)+1) * 24 * time.Hour) },
		func() { f.From = g.entry().StartedAt },
		func() { f.To = g.entry().StartedAt },
		func() {
			for range 20 {
				f.IDs = append(f.IDs, g.entry().ID)
			}
		},
		func() { f.TraceIDs = []string{g.entry().TraceID, g.entry().TraceID} },
		func() { f.SpanIDs = []string{g.entry().SpanID} },
		func() { f.Statuses = pick(g, []int{200}, []int{429, 503}, []int{401, 400, 499}) },
		func() { f.States = pick(g, []ledger.State{ledger.OK}, []ledger.State{ledger.Failed, ledger.Truncated}) },
		func() { f.Providers = []string{g.entry().Provider} },
		func() { f.Models = []string{g.entry().Model, g.entry().Model} },
		func() {
			e := g.entry()
			f.ProviderModels = []ledger.ProviderModel{{Provider: e.Provider, Model: e.Model}, {Provider: e.Provider, Model: g.entry().Model}}
		},
		func() { f.Virtual = []string{g.entry().Virtual} },
		func() { f.Configs = []string{g.entry().ConfigSlug, g.entry().ConfigID} },
		func() { f.KeyIDs = []string{g.entry().KeyID, g.entry().KeyID, g.entry().KeyID} },
		func() { a, b := g.entry(), g.entry(); f.Users = []string{a.EndUser(), b.EndUser()} },
		func() { f.Caches = pick(g, []string{ledger.Hit, ledger.Semantic}, []string{"MISS"}) },
		func() { n := g.entry().CostNano; f.CostMin = &n },
		func() { n := g.entry().CostNano; f.CostMax = &n },
		func() { n := g.entry().Usage.TotalTokens(); f.TokensMin = &n },
		func() { n := g.entry().Usage.InputTokens; f.InputMax = &n },
		func() { n := g.entry().Usage.OutputTokens; f.OutputMin = &n },
		func() { f.Metadata = map[string]string{"team": "search"} },
		func() { f.Metadata = map[string]string{"feature": "chat", "_environment": "production"} },
		func() { e := g.entry(); f.Metadata = map[string]string{ledger.UserKey: e.EndUser()} },
		func() { low := g.Int64N(10_000_000) - 8_000_000; f.FeedbackMin = &low },
		func() { high := g.Int64N(10_000_000) - 2_000_000; f.FeedbackMax = &high },
		func() {
			f.Text = pick(g, "overloaded", "RATE LIMIT", "claude", "user-0000", "EMBED", "%", "_user", g.entry().ID[:8])
		},
	}
	for range g.IntN(4) {
		pick(g, set...)()
	}
	return f
}

func (g *generator) feedbackFilter() ledger.FeedbackFilter {
	var f ledger.FeedbackFilter
	set := []func(){
		func() { f.Values = []int{g.IntN(21) - 10, g.IntN(21) - 10} },
		func() { f.TraceIDs = []string{g.entry().TraceID, g.entry().TraceID} },
		func() { f.From = g.instant() },
		func() { f.To = g.instant() },
	}
	for range g.IntN(3) {
		pick(g, set...)()
	}
	return f
}

func (g *generator) page() ledger.Page {
	p := ledger.Page{Size: pick(g, 0, 1, 50, 200, ledger.MaxPage)}
	switch g.IntN(3) {
	case 0:
		p.Offset = g.IntN(500)
	case 1:
		e := g.entry()
		p.After = ledger.Cursor(&e)
	}
	return p
}

var zones = func() (list []*time.Location) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"} {
		z, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		list = append(list, z)
	}
	return list
}()

// edges are the beginnings of months, days or hours of a place's clock.
func edges(from, to time.Time, zone *time.Location, years, months, days, hours int) []time.Time {
	at := from.In(zone)
	at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour()*min(hours, 1), 0, 0, 0, zone)
	if months > 0 {
		at = time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, zone)
	}
	list := []time.Time{at}
	for at.Before(to) {
		if hours > 0 {
			at = at.Add(time.Duration(hours) * time.Hour)
		} else {
			at = at.AddDate(years, months, days)
		}
		list = append(list, at)
	}
	return list
}

func (g *generator) edges() []time.Time {
	zone, a := pick(g, zones...), g.instant()
	switch g.IntN(6) {
	case 0:
		return nil
	case 1:
		return edges(from, to, zone, 0, 1, 0, 0)
	case 2:
		return edges(from, to, zone, 0, 0, 7, 0)
	case 3, 4:
		return edges(from, to, zone, 0, 0, 1, 0)
	}
	return edges(a, a.AddDate(0, 0, 3), zone, 0, 0, 0, 1)
}

var (
	fields = []ledger.Dimension{
		{Field: ledger.ByWorkspace}, {Field: ledger.ByProvider}, {Field: ledger.ByModel}, {Field: ledger.ByStatus}, {Field: ledger.ByKey},
		{Field: ledger.ByUser}, {Field: ledger.ByConfig}, {Field: ledger.ByVirtual}, {Field: ledger.ByCache}, {Field: ledger.ByRetries},
		{Field: ledger.ByMetadata, Name: ledger.UserKey}, {Field: ledger.ByMetadata, Name: "team"}, {Field: ledger.ByMetadata, Name: "none"},
	}
	conditions = []ledger.Condition{
		ledger.Always, ledger.Always, ledger.Succeeded, ledger.NotSucceeded, ledger.SimpleHit, ledger.SemanticHit, ledger.CacheHit, ledger.NoCacheHit,
		ledger.RescuedByRetry, ledger.RescuedByFallback, ledger.OfUser, ledger.Charged, ledger.CostUnknown,
	}
)

func (g *generator) measure() ledger.Measure {
	m := ledger.Measure{How: pick(g, ledger.Count, ledger.Sum, ledger.Sum, ledger.Min, ledger.Max, ledger.Distinct, ledger.Percentile, ledger.Percentile), Where: pick(g, conditions...)}
	switch m.How {
	case ledger.Count:
	case ledger.Distinct:
		m.What = ledger.Users
	case ledger.Percentile:
		m.What, m.Rank = ledger.Latency, 1+g.IntN(99)
	case ledger.Sum:
		m.What = pick(g, ledger.Cost, ledger.InputTokens, ledger.OutputTokens, ledger.Tokens, ledger.Latency)
	case ledger.Min, ledger.Max:
		m.What = pick(g, ledger.Cost, ledger.InputTokens, ledger.OutputTokens, ledger.Tokens, ledger.Latency, ledger.StartTime)
	}
	return m
}

func (g *generator) question() ledger.Question {
	q := ledger.Question{Filter: g.filter(), Edges: g.edges(), Only: pick(g, conditions...)}
	if q.Edges == nil || g.IntN(3) == 0 {
		for range 1 + g.IntN(2) {
			q.By = append(q.By, pick(g, fields...))
		}
	}
	if g.IntN(6) == 0 {
		q.Of, q.Measures = ledger.Feedbacks, []ledger.Measure{{How: ledger.Count}, {How: ledger.Sum, What: ledger.Weighted}}
		if g.IntN(2) == 0 {
			q.By = append(q.By, ledger.Dimension{Field: ledger.ByScore})
		}
	}
	for q.Of == ledger.Entries && len(q.Measures) < 1+g.IntN(5) {
		q.Measures = append(q.Measures, g.measure())
	}
	if g.IntN(2) == 0 {
		q.Order = &ledger.Order{Measure: g.IntN(len(q.Measures)), Per: g.IntN(len(q.Measures)+1) - 1, Descending: g.IntN(2) == 0}
		if o := q.Order; o.Per >= 0 && (q.Measures[o.Measure].How == ledger.Percentile || q.Measures[o.Per].How == ledger.Percentile) {
			o.Per = -1
		}
		q.Limit, q.Offset = 1+g.IntN(100), g.IntN(20)
	}
	return q
}
