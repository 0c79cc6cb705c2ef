package storetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

const workspaces = 3

func workspace(n int) string { return fmt.Sprintf("ws-%d", n) }

// A generator makes random entries, and filters that have a fair chance to match
// some: both draw from the same small sets of values.
type generator struct {
	rnd  *rand.Rand
	n    int
	made []string // ids of entries
}

func newGenerator(seed uint64) *generator { return &generator{rnd: rand.New(rand.NewPCG(seed, 7))} }

var (
	providers = []string{"openai", "anthropic", "acme"}
	models    = []string{"gpt-4o", "claude-x", "GPT-4o-mini", ""}
	states    = []ledger.State{ledger.OK, ledger.Failed, ledger.Refused, ledger.Truncated, ledger.ClientGone, ledger.Interrupted}
	statuses  = []int{101, 200, 200, 400, 429, 503, 0}
	caches    = []string{"DISABLED", "MISS", ledger.Hit, ledger.Semantic}
	users     = []string{"", "ann", "bob", `q"uote`}
	texts     = []string{"", "Overloaded", "bad %_ thing", "ünï", "GPT", "e", "-000000000012"}
)

func pick[T any](g *generator, list []T) T { return list[g.rnd.IntN(len(list))] }

func (g *generator) some(prefix string) string { return fmt.Sprintf("%s-%d", prefix, g.rnd.IntN(4)) }

func (g *generator) maybe() bool { return g.rnd.IntN(2) == 0 }

// start is in a span of some minutes, in whole microseconds, with ties.
func (g *generator) start() time.Time {
	return time.Unix(1_700_000_000+g.rnd.Int64N(300), g.rnd.Int64N(3)*1000).UTC()
}

func (g *generator) entries(n int) []ledger.Entry {
	list := make([]ledger.Entry, n)
	for i := range list {
		list[i] = g.entry()
	}
	return list
}

func (g *generator) entry() ledger.Entry {
	g.n++
	e := ledger.Entry{
		ID: fmt.Sprintf("%08x-0000-7000-8000-%012d", g.rnd.Uint32(), g.n), StartedAt: g.start(),
		OrgID: "org", WorkspaceID: workspace(g.rnd.IntN(workspaces)), KeyID: g.some("key"), UserID: pick(g, users),
		TraceID: g.some("Trace"), SpanID: g.some("span"), ParentSpanID: g.some("span"), SpanName: "name",
		Op: ai.Chat, Dialect: ai.OpenAI, Method: "POST", Path: "/v1/chat/completions", Stream: g.maybe(),
		State: pick(g, states), Status: pick(g, statuses), LastStep: "config.targets[0]", Mode: "fallback", Retries: g.rnd.IntN(3) - 1, Fallback: g.maybe(),
		Cache: pick(g, caches), Provider: pick(g, providers), Model: pick(g, models), AskModel: pick(g, models), Virtual: g.some("vk"), URL: "https://x.test/v1",
		ConfigID: g.some("cfg"), ConfigSlug: g.some("pc"), ConfigVersion: "1",
		Usage:    ai.Usage{Known: g.maybe(), Estimated: g.maybe(), InputTokens: g.rnd.Int64N(10), OutputTokens: g.rnd.Int64N(10), CacheReadTokens: 1, CacheWriteTokens: 2, CacheWrite1hTokens: 1, ReasoningTokens: 3, InputAudioTokens: 4, OutputAudioTokens: 5, WebSearches: 6, ServiceTier: "flex"},
		CostNano: g.rnd.Int64N(10), CostKnown: g.maybe(), PriceModel: "m", PriceVersion: "v1",
		Charge: &ledger.Charge{Model: "m", Source: []string{"a", "b"}, Lines: []ledger.ChargeLine{{Name: "input", Count: 1, Rate: 2, Nano: 3}}}, TotalMicros: g.rnd.Int64N(1e6), FirstTokenMicros: 5, UpstreamMicros: 7,
		ClientIP: "192.0.2.1", SDK: "sdk", Runtime: "go", BodiesLost: g.maybe(),
	}
	if g.maybe() {
		u := &e.Usage
		u.InputImageTokens, u.OutputImageTokens, u.Images, u.ImageQuality, u.ImageSize = 1, 2, 3, "hd", "1x1"
		u.AudioMillis, u.Characters, u.SearchUnits, u.Pages, u.SearchContext = g.rnd.Int64N(1e6), 5, 6, 7, "low"
	}
	if g.maybe() {
		e.Error = &ledger.ErrorInfo{Message: pick(g, texts), Type: "t", Code: pick(g, texts)}
	}
	if g.rnd.IntN(4) == 0 {
		e.Source = ledger.Inserted
		e.Op = pick(g, []ai.Op{ai.Chat, ai.Span})
	}
	if g.maybe() {
		e.Metadata = map[string]string{"_user": pick(g, users), "env": pick(g, texts)}
		if g.maybe() {
			e.Metadata[ledger.PromptKey] = pick(g, texts)
		}
	}
	if g.maybe() {
		ref := ledger.BodyRef{Segment: 1, Offset: g.rnd.Int64N(1e6), Length: 10}
		e.Request, e.Reply, e.Upstream, e.UpstreamRaw = ref, ref, ref, ref
		e.Attempts = []ledger.Attempt{{Step: "config", Provider: "openai", Status: 503, Error: &ledger.ErrorInfo{Message: "busy"}, Reply: ref}}
		e.Decisions = []ledger.Decision{{Path: "config", Mode: "fallback", Chosen: 1, Reason: "answered 503"}}
		e.Receipts = []ai.Receipt{{Path: "a", Reason: "b"}}
	}
	g.made = append(g.made, e.ID)
	return e
}

// filter narrows by about two random criteria.
func (g *generator) filter() ledger.Filter {
	var f ledger.Filter
	set := []func(){
		func() { f.From = g.start() },
		func() { f.To = g.start() },
		func() { f.IDs = g.someIDs() },
		func() { f.TraceIDs = []string{g.some("Trace"), g.some("Trace")} },
		func() { f.SpanIDs = []string{g.some("span"), "none"} },
		func() { f.Statuses = []int{pick(g, statuses), pick(g, statuses)} },
		func() { f.States = []ledger.State{pick(g, states), pick(g, states)} },
		func() { f.Providers = []string{pick(g, providers)} },
		func() { f.Models = []string{pick(g, models)} },
		func() {
			f.ProviderModels = []ledger.ProviderModel{{Provider: pick(g, providers), Model: pick(g, models)}, {Provider: "openai", Model: "gpt-4o"}}
		},
		func() { f.Virtual = []string{g.some("vk")} },
		func() { f.Configs = []string{g.some("pc"), g.some("cfg")} },
		func() { f.KeyIDs = []string{g.some("key")} },
		func() { f.Users = []string{pick(g, users), pick(g, users)} },
		func() { f.Caches = []string{pick(g, caches)} },
		func() { f.CostMin, f.CostMax = g.bounds() },
		func() { f.TokensMin, f.TokensMax = g.bounds() },
		func() { f.InputMin, f.InputMax = g.bounds() },
		func() { f.OutputMin, f.OutputMax = g.bounds() },
		func() { f.Metadata = map[string]string{"_user": pick(g, users)} },
		func() { f.Metadata = map[string]string{"_user": pick(g, users), "env": pick(g, texts)} },
		func() { f.Prompts = []string{pick(g, texts), pick(g, texts)} },
		func() { f.FeedbackMin, f.FeedbackMax = g.feedbackBounds() },
		func() { f.Text = pick(g, texts) },
	}
	for range g.rnd.IntN(4) {
		pick(g, set)()
	}
	return f
}

// someIDs are of entries made before, and one of none.
func (g *generator) someIDs() []string {
	list := []string{"none"}
	for range 40 {
		list = append(list, pick(g, g.made))
	}
	return list
}

// bounds are a lower one, an upper one, or both.
func (g *generator) bounds() (low, high *int64) {
	a, b := g.rnd.Int64N(10), g.rnd.Int64N(20)
	switch g.rnd.IntN(3) {
	case 0:
		return &a, nil
	case 1:
		return nil, &b
	}
	return &a, &b
}

func (g *generator) page() ledger.Page {
	p := ledger.Page{Size: pick(g, []int{0, 1, 7, 100, 1000})}
	switch g.rnd.IntN(3) {
	case 0:
		p.Offset = g.rnd.IntN(30)
	case 1:
		e := ledger.Entry{ID: fmt.Sprintf("%08x", g.rnd.Uint32()), StartedAt: g.start()}
		p.After = ledger.Cursor(&e)
	}
	return p
}
