package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/sign"
	"github.com/portico-ai/portico/test/corpus"
)

// A usageRig answers for every provider with the replay that is set.
type usageRig struct {
	*rig
	now    atomic.Pointer[replay]
	prices map[string]priceList
	count  map[string]int
}

func newUsageRig(t *testing.T) *usageRig {
	t.Helper()
	u := &usageRig{prices: readPrices(t), count: map[string]int{}}
	registry, err := all.New(sign.Clients{})
	check(t, err)
	handlers := map[string]http.HandlerFunc{}
	for _, id := range registry.IDs() {
		if id != "mock" && corpus.Has(t, id, "") {
			handlers[id] = func(w http.ResponseWriter, r *http.Request) { u.now.Load().ServeHTTP(w, r) }
		}
	}
	u.rig = newRig(t, handlers)
	u.CheckHost = nil // variants are called by a custom host
	return u
}

// TestRecordedUsageIsChargedOnce sends every recorded answer through the gateway,
// to a client of its own format and to those of others, and expects in the ledger
// what a slow reading of the recording and of the price file makes of it.
func TestRecordedUsageIsChargedOnce(t *testing.T) {
	corpus.Dir(t)
	u := newUsageRig(t)
	for _, id := range u.Providers.IDs() {
		if id == "mock" || !corpus.Has(t, id, "") {
			continue
		}
		t.Run(id, func(t *testing.T) {
			row, _ := u.Providers.Get(id)
			for _, e := range corpus.Exchanges(t, id, "") {
				u.checkExchange(t, row.For(&provider.Call{Base: hostOf(row, e)}), e)
			}
		})
	}
	u.report(t)
	if u.count["with cost"] < 4000 || u.count["cost is the provider's own figure"] < 200 {
		t.Error("too few recordings")
	}
}

func (r *usageRig) report(t *testing.T) {
	var elsewhere []string
	for _, what := range slices.Sorted(maps.Keys(r.count)) {
		if name, ok := strings.CutPrefix(what, noEndpoint); ok {
			elsewhere = append(elsewhere, fmt.Sprintf("%s %d", name, r.count[what]))
			continue
		}
		t.Logf("%5d %s", r.count[what], what)
	}
	t.Logf("not run, for there is no such endpoint here: %s", strings.Join(elsewhere, ", "))
}

const noEndpoint = "no endpoint: "

// variants are the ends of base URLs that a provider serves in another way, by
// the endpoint that the recording is of.
var variants = map[string]string{"azure-ai messages": "/anthropic", "workers-ai ai.run": "/ai/run"}

// hostOf is the custom host of calls to a variant, "" for others.
func hostOf(row *provider.Provider, e *corpus.Exchange) string {
	if end := variants[e.Provider+" "+e.Endpoint]; end != "" {
		return strings.TrimSuffix(row.Base, "/v1") + end
	}
	return ""
}

func (r *usageRig) checkExchange(t *testing.T, row *provider.Provider, e *corpus.Exchange) {
	asked := modelAsked(e)
	as, ok := r.runs(row, e, asked)
	if !ok {
		return
	}
	p := replayOf(t, e)
	if len(p.docs) == 0 || p.broken {
		r.count["not run: not JSON"]++
		return
	}
	for _, client := range clientsOf(as, p) {
		if there, ok := row.EndpointFor(client.op, client.dialect, asked); !ok || there.Dialect != as.dialect {
			continue // such a call goes elsewhere
		}
		entry, sent := r.run(t, row, e, p, as, client, asked)
		r.checkEntry(t, e, p, as, client, asked, entry, sent)
	}
}

// runs reports as which operation an exchange is run, and counts those that are not.
func (r *usageRig) runs(row *provider.Provider, e *corpus.Exchange, asked string) (recordedAs, bool) {
	if e.Status >= 300 || e.Is("stream-error") || strings.Contains(e.ID, "failure-malformed") {
		r.count["not run: errors"]++
		return recordedAs{}, false
	}
	as, ok := endpointOf(row, e, asked)
	if !ok {
		r.count[noEndpoint+e.Provider+" "+e.Endpoint]++
	}
	return as, ok
}

// endpointOf finds as which of the row's operations an exchange was recorded.
func endpointOf(row *provider.Provider, e *corpus.Exchange, model string) (recordedAs, bool) {
	if e.Provider == "cohere" && strings.Contains(e.URL, "/v1/chat") || e.Endpoint == "invoke" && strings.HasPrefix(string(e.RequestBody), `{"prompt"`) {
		return recordedAs{}, false // older formats
	}
	for _, as := range endpoints[e.Endpoint] {
		if as.op == ai.Embed && e.Endpoint == "invoke" && !strings.Contains(model, "embed") {
			continue
		}
		if p, ok := row.EndpointFor(as.op, as.dialect, model); ok && p.Dialect == as.dialect {
			return as, true
		}
	}
	return recordedAs{}, false
}

// clientsOf are the formats that the answer is asked for in: its own first.
func clientsOf(as recordedAs, p *replay) []recordedAs {
	own := as
	switch as.dialect {
	case ai.WorkersAI, ai.Voyage, ai.Jina, ai.Nomic, ai.OCI, ai.TEI, ai.PaLM:
		own.dialect = ai.OpenAI // they have no clients of their own
	}
	list := []recordedAs{own}
	switch {
	case as.op == ai.Chat:
		for _, other := range []ai.Dialect{ai.OpenAI, ai.Anthropic, ai.Gemini} {
			if other != own.dialect {
				list = append(list, recordedAs{ai.Chat, other})
			}
		}
	case own.dialect != ai.OpenAI && as.op == ai.Embed || as.op == ai.Rerank:
		list = append(list, recordedAs{as.op, ai.OpenAI})
	}
	return list
}

const ask = "What is the capital of France?"

// request is the recorded request where the client's format is the recording's,
// else a small one.
func request(e *corpus.Exchange, as, client recordedAs, model string, stream bool) string {
	if as == client && strings.HasPrefix(string(e.RequestBody), "{") && !strings.HasPrefix(string(e.RequestBody), `{"base64"`) {
		return string(e.RequestBody)
	}
	body := map[string]any{"model": model}
	if stream {
		body["stream"] = true
	}
	message := []any{map[string]any{"role": "user", "content": ask}}
	switch {
	case client.op == ai.Embed:
		body["input"] = ask
	case client.op == ai.Rerank:
		body["query"], body["documents"] = ask, []string{"Paris", "Berlin"}
	case client.op == ai.CreateResponse:
		body["input"] = ask
	case client.op != ai.Chat:
		body["prompt"] = ask
	case client.dialect == ai.Gemini:
		body = map[string]any{"contents": []any{map[string]any{"role": "user", "parts": []any{map[string]any{"text": ask}}}}}
	case client.dialect == ai.Bedrock:
		body = map[string]any{"messages": []any{map[string]any{"role": "user", "content": []any{map[string]any{"text": ask}}}}}
	default:
		body["messages"], body["max_tokens"] = message, 100
	}
	text, _ := json.Marshal(body)
	return string(text)
}

// run makes the call and reads all of the reply. It returns the entry and what
// the provider was sent.
func (r *usageRig) run(t *testing.T, row *provider.Provider, e *corpus.Exchange, p *replay, as, client recordedAs, model string) (ledger.Entry, []byte) {
	t.Helper()
	r.now.Store(p)
	c := r.callOf(row, e, p, as, client, model)
	status, _, body := r.answer(t, c)
	entry := r.last()
	sent := r.sent()
	if sent == nil {
		t.Errorf("%s for %s: nothing was sent: status %d: %.300s", e.ID, client.dialect, status, body)
	}
	return entry, sent
}

// sent is the body of the request that the provider received, nil if none.
func (r *usageRig) sent() []byte {
	select {
	case req := <-r.requests:
		body, _ := io.ReadAll(req.Body)
		return body
	default:
		return nil
	}
}

func (r *usageRig) callOf(row *provider.Provider, e *corpus.Exchange, p *replay, as, client recordedAs, model string) *gateway.Call {
	c := &gateway.Call{Key: r.key, Headers: http.Header{"X-Portkey-Provider": {row.ID}}, Method: "POST", Path: "/", Started: time.Now(), TraceID: "trace",
		ProviderKey: ai.NewSecret("sk-of-the-caller")}
	for _, f := range row.Fields {
		if f.Required && !f.Secret && !f.URL || slices.Contains([]string{"vertex_region", "vertex_project_id", "deployment_id", "api_version"}, f.Name) {
			c.Headers.Set("X-Portkey-"+f.Header, "f")
		}
	}
	if host := hostOf(row, e); host != "" {
		c.Headers.Set("X-Portkey-Custom-Host", host)
	}
	c.ID, c.Op, c.Dialect, c.Model, c.Stream = e.ID, client.op, client.dialect, model, p.stream()
	c.Body = []byte(request(e, as, client, model, c.Stream))
	return c
}

func (r *usageRig) last() ledger.Entry {
	r.ledger.mu.Lock()
	defer r.ledger.mu.Unlock()
	if len(r.ledger.settled) == 0 {
		return ledger.Entry{}
	}
	e := r.ledger.settled[len(r.ledger.settled)-1]
	r.ledger.settled = r.ledger.settled[:0]
	r.ledger.reserved = r.ledger.reserved[:0]
	return e
}

func (r *usageRig) checkEntry(t *testing.T, e *corpus.Exchange, p *replay, as, client recordedAs, asked string, got ledger.Entry, sent []byte) {
	t.Helper()
	name := fmt.Sprintf("%s for %s", e.ID, client.dialect)
	want, model := told(e, as, asked, p.docs)
	r.count["run: "+map[bool]string{true: "streamed", false: "whole"}[p.stream()]]++
	if got.State != ledger.OK && !(p.stream() && got.State == ledger.Truncated) {
		t.Errorf("%s: state %s, error %+v", name, got.State, got.Error)
		return
	}
	if !want.Known {
		r.count["told no usage"]++
		if as.op == ai.Transcribe && got.Usage.Known || as.op != ai.Transcribe && !got.Usage.Estimated {
			t.Errorf("%s: usage %+v, and nothing is told", name, got.Usage)
		}
		if got.Usage.InputTokens > int64(len(sent)+3)/4 {
			t.Errorf("%s: input estimated at %d tokens of %d bytes", name, got.Usage.InputTokens, len(sent))
		}
		want = got.Usage
	}
	if diff := cmp.Diff(want, got.Usage); diff != "" {
		t.Errorf("%s: usage (-told +ledger):\n%s", name, diff)
	}
	r.checkCost(t, name, e, model, asked, &got)
	if billed := billedBy(p.docs); billed > 0 && got.CostKnown {
		if diff := got.CostNano - billed; diff >= -1 && diff <= 1 {
			r.count["cost is the provider's own figure"]++
		} else {
			r.count["cost is not the provider's own figure (its prices were others then, or it rounds)"]++
		}
	}
}

// checkReceipt expects the entry to say by which price it was charged, and how its
// cost adds up; and that it is charged the same when that is done once more, from
// what the journal keeps.
func (r *usageRig) checkReceipt(t *testing.T, name, key string, got *ledger.Entry) {
	t.Helper()
	c := got.Charge
	if c == nil {
		t.Errorf("%s: no receipt", name)
		return
	}
	var total int64
	for _, l := range c.Lines {
		total += l.Nano
		if exact := new(big.Int).Mul(big.NewInt(l.Count), big.NewInt(l.Rate)); exact.Div(exact, big.NewInt(1e6)).Int64()-l.Nano > 1 {
			t.Errorf("%s: receipt %+v", name, l)
		}
	}
	if total != got.CostNano || (c.Missing == "") != got.CostKnown {
		t.Errorf("%s: cost %d (known %v), receipt %+v", name, got.CostNano, got.CostKnown, c)
	}
	if key != "*" && c.Model != key {
		t.Errorf("%s: charged by %s, want %s", name, c.Model, key)
	}
	var again ledger.Entry
	check(t, json.Unmarshal(got.AppendJSON(nil), &again))
	again.CostNano, again.CostKnown, again.PriceVersion, again.Charge = 0, false, "", nil
	if gateway.Charge(r.Prices.Catalogue(), &again); again.CostNano != got.CostNano || again.CostKnown != got.CostKnown || !cmp.Equal(again.Charge, c) {
		t.Errorf("%s: charged again: cost %d (known %v), %+v; want %d, %+v", name, again.CostNano, again.CostKnown, again.Charge, got.CostNano, c)
	}
}

// billedBy is what an answer says that it cost, in nano-dollars; 0 if it does not.
func billedBy(docs []json.RawMessage) int64 {
	var usage doc
	for _, raw := range docs {
		var d doc
		_ = json.Unmarshal(raw, &d)
		usage = usage.over(d.in("usage"))
	}
	dollars, _ := usage["cost"].(float64)                      // OpenRouter
	if ticks, ok := usage["cost_in_usd_ticks"].(float64); ok { // xAI
		dollars = ticks / 1e10
	}
	if total, ok := usage.in("cost")["total_cost"].(float64); ok { // Perplexity, rounded
		dollars = total
	}
	return int64(math.Round(dollars * 1e9))
}

func (r *usageRig) checkCost(t *testing.T, name string, e *corpus.Exchange, model, asked string, got *ledger.Entry) {
	t.Helper()
	names := []string{model, asked}
	if e.Provider == "bedrock" {
		names = []string{asked} // whose replies leave the region out
	}
	var key string
	var entry doc
	for _, n := range names {
		if key, entry = r.prices[e.Provider].find(e.Provider, n); entry != nil {
			break
		}
	}
	if entry == nil {
		r.count["unknown price"]++
		if got.CostKnown || got.CostNano != 0 {
			t.Errorf("%s: cost %d of %v, which is on no list", name, got.CostNano, names)
		}
		return
	}
	cost, known := charge(entry, got.Usage)
	if got.CostKnown != known || got.CostNano != cost {
		t.Errorf("%s: cost %d (known %v), want %d (known %v) of %s by %s; usage %+v", name, got.CostNano, got.CostKnown, cost, known, model, key, got.Usage)
	}
	r.checkReceipt(t, name, key, got)
	if known {
		r.count["with cost"]++
	} else {
		r.count["cost unknown though there is a price"]++
	}
}
