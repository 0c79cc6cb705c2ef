// Package sample makes log entries that look like those of a busy organisation:
// for benchmarks, and for a console that is to be seen full. The same seed makes
// the same entries.
package sample

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/price"
)

// Options say what the entries are about.
type Options struct {
	Rows       int
	From, To   time.Time // entries are spread over this span, in order
	OrgID      string
	Workspaces []string // ids; the first has four fifths of the traffic if there are more
	Prices     *price.Catalogue
	Seed       uint64
}

// A Generator makes entries one after the other.
type Generator struct {
	opt    Options
	rnd    *rand.Rand
	zipf   *rand.Zipf
	models []model
	made   int
}

// A model is one of those that are asked, with what a call of it is like.
type model struct {
	provider, name, key string
	share               float64 // of the traffic
	latency             float64 // median in seconds
	tokens              float64 // median of the prompt
	price               price.Price
	priced              bool
}

var catalogue = []model{
	{provider: "openai", name: "gpt-4o-mini", key: "openai-prod", share: 0.34, latency: 0.9, tokens: 700},
	{provider: "openai", name: "gpt-4o", key: "openai-prod", share: 0.18, latency: 1.8, tokens: 1400},
	{provider: "anthropic", name: "claude-3-5-sonnet-20241022", key: "anthropic-prod", share: 0.16, latency: 2.6, tokens: 2600},
	{provider: "anthropic", name: "claude-3-5-haiku-20241022", key: "anthropic-prod", share: 0.09, latency: 1.1, tokens: 1100},
	{provider: "google", name: "gemini-2.0-flash", key: "google-eu", share: 0.08, latency: 0.8, tokens: 1800},
	{provider: "openai", name: "text-embedding-3-small", key: "openai-batch", share: 0.07, latency: 0.12, tokens: 380},
	{provider: "openai", name: "o3-mini", key: "openai-prod", share: 0.04, latency: 7, tokens: 1900},
	{provider: "cohere", name: "command-r-plus", key: "cohere", share: 0.02, latency: 2.2, tokens: 1200},
	{provider: "openai", name: "acme-internal-7b", key: "openai-prod", share: 0.02, latency: 1, tokens: 500},
}

// users is how many there are; a few of them make most of the requests.
const users = 20_000

// New makes a Generator. Rows must be positive and From before To.
func New(o Options) *Generator {
	rnd := rand.New(rand.NewPCG(o.Seed, 11)) //nolint:gosec // not for secrets
	g := &Generator{opt: o, rnd: rnd, zipf: rand.NewZipf(rnd, 1.15, 40, users-1), models: catalogue}
	for i := range g.models {
		m := &g.models[i]
		m.price, m.priced = o.Prices.Lookup(m.provider, m.name, o.To)
	}
	return g
}

// Next makes the next entry; false after the last.
func (g *Generator) Next() (ledger.Entry, bool) {
	if g.made == g.opt.Rows {
		return ledger.Entry{}, false
	}
	at := g.start()
	g.made++
	m := g.model()
	e := ledger.Entry{
		ID: g.id(at), StartedAt: at, OrgID: g.opt.OrgID, WorkspaceID: g.workspace(), KeyID: fmt.Sprintf("018f0000-0000-7000-8000-0000000001%02d", g.rnd.IntN(24)),
		TraceID: g.hex(16), SpanID: g.hex(8), Op: ai.Chat, Dialect: ai.OpenAI, Method: "POST", Path: "/v1/chat/completions",
		Stream: g.chance(0.35), Mode: "single", LastStep: "config", Cache: "DISABLED", Provider: m.provider, Model: m.name, AskModel: m.name,
		Virtual: m.key, URL: "https://api." + m.provider + ".test/v1/chat/completions", State: ledger.OK, Status: 200,
		ClientIP: fmt.Sprintf("203.0.113.%d", g.rnd.IntN(250)), SDK: "portkey-3.1.0", Runtime: "node v22.1.0", PriceVersion: g.opt.Prices.Version(),
	}
	if m.latency < 0.5 {
		e.Op, e.Path, e.Stream = ai.Embed, "/v1/embeddings", false
	}
	g.metadata(&e)
	g.route(&e)
	g.outcome(&e, m)
	return e, true
}

// busiest is when most requests come, as the angle of the day's circle: 14:00.
const busiest = 14. / 24 * 2 * math.Pi

// start spreads the entries evenly over the days by their number, and within a day
// so that office hours have seven times the traffic of the night. It keeps their
// order.
func (g *Generator) start() time.Time {
	days := g.opt.To.Sub(g.opt.From).Hours() / 24
	day, rest := math.Modf((float64(g.made) + g.rnd.Float64()) / float64(g.opt.Rows) * days)
	angle := rest * 2 * math.Pi
	angle -= 0.75 * (math.Sin(angle-busiest) + math.Sin(busiest))
	at := g.opt.From.Add(time.Duration((day + angle/(2*math.Pi)) * 24 * float64(time.Hour)))
	return at.UTC().Truncate(time.Microsecond)
}

func (g *Generator) chance(p float64) bool { return g.rnd.Float64() < p }

// around is log-normal: most values are near the median, some many times it.
func (g *Generator) around(median, spread float64) float64 {
	return median * math.Exp(spread*g.rnd.NormFloat64())
}

func (g *Generator) model() *model {
	x := g.rnd.Float64()
	for i := range g.models {
		if x -= g.models[i].share; x < 0 {
			return &g.models[i]
		}
	}
	return &g.models[0]
}

func (g *Generator) workspace() string {
	all := g.opt.Workspaces
	if len(all) == 1 || g.chance(0.8) {
		return all[0]
	}
	return all[1+g.rnd.IntN(len(all)-1)]
}

// id is a UUID of version 7, as the gateway makes them.
func (g *Generator) id(at time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(at.UnixMilli())<<16|0x7000|g.rnd.Uint64()&0xfff) //nolint:gosec // positive
	binary.BigEndian.PutUint64(b[8:], g.rnd.Uint64()>>2|1<<63)
	var text [36]byte
	hex.Encode(text[:8], b[:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:], b[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

func (g *Generator) hex(n int) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], g.rnd.Uint64())
	binary.BigEndian.PutUint64(b[8:], g.rnd.Uint64())
	return hex.EncodeToString(b[:n])
}

var (
	environments = []string{"production", "production", "production", "staging", "development"}
	teams        = []string{"search", "support", "growth", "research", "billing", "mobile"}
	features     = []string{"chat", "summary", "extract", "classify", "rewrite", "agent", "translate", "rank"}
)

func (g *Generator) metadata(e *ledger.Entry) {
	if g.chance(0.05) {
		return
	}
	e.Metadata = map[string]string{
		"_environment": environments[g.rnd.IntN(len(environments))],
		"team":         teams[g.rnd.IntN(len(teams))],
		"feature":      features[g.rnd.IntN(len(features))],
	}
	if g.chance(0.9) {
		e.Metadata[ledger.UserKey] = fmt.Sprintf("user-%05d@example.com", g.zipf.Uint64())
	}
}

// route gives most entries a saved config, and a few of these a rescue.
func (g *Generator) route(e *ledger.Entry) {
	e.Decisions = []ledger.Decision{{Path: "config", Mode: "single", Reason: "only one"}}
	if g.chance(0.4) {
		return
	}
	n := g.rnd.IntN(6)
	e.ConfigID, e.ConfigSlug, e.ConfigVersion = fmt.Sprintf("018f0000-0000-7000-8000-0000000002%02d", n), fmt.Sprintf("pc-route%d-4f3a2b", n), "3"
	e.Mode, e.LastStep = "fallback", "config.targets[0]"
	switch x := g.rnd.Float64(); {
	case x < 0.02:
		e.Fallback, e.LastStep = true, "config.targets[1]"
	case x < 0.05:
		e.Retries = 1 + g.rnd.IntN(3)
	}
	if g.chance(0.3) {
		e.Cache = "MISS"
		switch x := g.rnd.Float64(); {
		case x < 0.22:
			e.Cache = "HIT"
		case x < 0.3:
			e.Cache = "SEMANTIC HIT"
		}
	}
}

// failures are how calls go wrong, of which 3.5 in a hundred do.
var failures = []struct {
	state   ledger.State
	status  int
	message string
	code    string
}{
	{ledger.Failed, 429, "Rate limit reached for requests", "rate_limit_exceeded"},
	{ledger.Failed, 429, "Rate limit reached for requests", "rate_limit_exceeded"},
	{ledger.Failed, 500, "The server had an error while processing your request", "server_error"},
	{ledger.Failed, 503, "The engine is currently overloaded", "overloaded"},
	{ledger.Refused, 400, "model is missing", "invalid_request_error"},
	{ledger.Refused, 401, "This API key is not valid", "invalid_api_key"},
	{ledger.Failed, 408, "The provider did not answer in time", "timeout"},
	{ledger.ClientGone, 499, "", ""},
	{ledger.Truncated, 200, "The stream ended before it was complete", "stream_truncated"},
}

func (g *Generator) outcome(e *ledger.Entry, m *model) {
	seconds := g.around(m.latency, 0.6)
	attempt := ledger.Attempt{Step: e.LastStep, Provider: m.provider, Model: m.name, Virtual: m.key, URL: e.URL, Status: 200, StartMicros: 300, Upstream: "req_" + g.hex(8)}
	hit := e.Cache == "HIT" || e.Cache == "SEMANTIC HIT"
	switch {
	case hit:
		seconds = g.around(0.006, 0.4)
	case g.chance(0.035):
		f := failures[g.rnd.IntN(len(failures))]
		e.State, e.Status, attempt.Status = f.state, f.status, f.status
		if f.message != "" {
			e.Error = &ledger.ErrorInfo{Message: f.message, Type: "server_error", Code: f.code}
		}
		if f.state != ledger.Truncated {
			e.TotalMicros, e.Attempts, e.Cache = int64(seconds*2e5), []ledger.Attempt{attempt}, "DISABLED"
			return
		}
	}
	e.TotalMicros = int64(seconds * 1e6)
	e.UpstreamMicros = e.TotalMicros - 400
	if e.Stream {
		e.FirstTokenMicros = e.TotalMicros / 4
	}
	e.Usage = ai.Usage{Known: true, InputTokens: int64(g.around(m.tokens, 0.9)) + 1}
	if e.Op == ai.Chat {
		e.Usage.OutputTokens = int64(g.around(180, 0.8)) + 1
	}
	if hit {
		e.CostKnown = true
		return
	}
	attempt.HeadMicros, attempt.TotalMicros = e.TotalMicros/3, e.UpstreamMicros
	e.Attempts = []ledger.Attempt{attempt}
	if m.priced {
		bill := price.Cost(m.price, e.Usage, "")
		e.CostNano, e.CostKnown = bill.Nano, bill.Known
	}
}
