// Package logs shapes the ledger for HTTP: what a query string asks of it, and
// how its entries look as JSON, in Portkey's terms and ours.
package logs

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

const (
	defaultPage = 50
	maxPage     = 500
)

// ParseFilter reads a list's query string. Names are analytics' own, in snake or
// camel case; lists are separated by commas. A value that is not what its
// parameter takes is an *ai.Error of kind Invalid that names the parameter.
func ParseFilter(q url.Values) (ledger.Filter, ledger.Page, error) {
	p := query{values: normalized(q)}
	f := ledger.Filter{
		From: p.time("time_of_generation_min"), To: p.time("time_of_generation_max"),
		TraceIDs: p.list("trace_id"), SpanIDs: p.list("span_id"), Statuses: p.codes("status_code"), States: p.states("status"),
		Providers: p.list("ai_org"), Models: p.list("ai_model"), Virtual: p.list("virtual_keys"), Configs: p.list("configs"),
		KeyIDs: p.list("api_key_ids"), UserIDs: p.list("user_ids"), Caches: p.list("cache_status"),
		CostMin: p.cents("cost_min"), CostMax: p.cents("cost_max"),
		TokensMin: p.count("total_units_min"), TokensMax: p.count("total_units_max"),
		InputMin: p.count("prompt_token_min"), InputMax: p.count("prompt_token_max"),
		OutputMin: p.count("completion_token_min"), OutputMax: p.count("completion_token_max"),
		Metadata: p.object("metadata"), Text: p.one("q"),
	}
	p.providerModels(&f)
	page := ledger.Page{Size: p.number("page_size", defaultPage, 1, maxPage), After: p.one("after")}
	page.Offset = p.number("current_page", 0, 0, 1<<20) * page.Size
	return f, page, p.err
}

// A query reads parameters and keeps the first thing that was wrong.
type query struct {
	values url.Values
	err    error
}

// normalized spells every name in snake case.
func normalized(q url.Values) url.Values {
	out := make(url.Values, len(q))
	for name, v := range q {
		var b strings.Builder
		for _, r := range name {
			if r >= 'A' && r <= 'Z' {
				b.WriteByte('_')
				r += 'a' - 'A'
			}
			b.WriteRune(r)
		}
		out[b.String()] = append(out[b.String()], v...)
	}
	return out
}

func (p *query) fail(name, want, got string) {
	if p.err == nil {
		p.err = &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: name,
			Message: fmt.Sprintf("%s must be %s, got %q", name, want, got)}
	}
}

func (p *query) one(name string) string { return strings.TrimSpace(p.values.Get(name)) }

func (p *query) list(name string) []string {
	var out []string
	for _, v := range p.values[name] {
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item != "" {
				out = append(out, item)
			}
		}
	}
	return out
}

func (p *query) time(name string) time.Time {
	v := p.one(name)
	if v == "" {
		return time.Time{}
	}
	// A "+" of an offset that was not escaped arrives as a space.
	t, err := time.Parse(time.RFC3339, strings.ReplaceAll(v, " ", "+"))
	if err != nil {
		p.fail(name, "a time such as 2026-01-31T13:00:00Z", v)
	}
	return t.UTC()
}

func (p *query) codes(name string) []int {
	var out []int
	for _, item := range p.list(name) {
		n, err := strconv.Atoi(item)
		if err != nil || n < 0 || n > 999 {
			p.fail(name, "status codes such as 200,429", item)
		}
		out = append(out, n)
	}
	return out
}

func (p *query) states(name string) []ledger.State {
	known := []ledger.State{ledger.OK, ledger.Failed, ledger.Refused, ledger.Truncated, ledger.ClientGone, ledger.Interrupted}
	var out []ledger.State
next:
	for _, item := range p.list(name) {
		for _, s := range known {
			if string(s) == item {
				out = append(out, s)
				continue next
			}
		}
		p.fail(name, "success, error, refused, truncated, client_gone or interrupted", item)
	}
	return out
}

func (p *query) count(name string) *int64 {
	v := p.one(name)
	if v == "" {
		return nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		p.fail(name, "a whole number", v)
	}
	return &n
}

// cents reads an amount in US cents as nano-dollars.
func (p *query) cents(name string) *int64 {
	v := p.one(name)
	if v == "" {
		return nil
	}
	amount, ok := new(big.Rat).SetString(v)
	if !ok || amount.Sign() < 0 || strings.ContainsAny(v, "/eE") {
		p.fail(name, "an amount in cents such as 0.25", v)
		return nil
	}
	amount.Mul(amount, big.NewRat(nanoPerCent, 1))
	nano := new(big.Int).Quo(amount.Num(), amount.Denom())
	if !nano.IsInt64() {
		p.fail(name, "an amount in cents such as 0.25", v)
		return nil
	}
	n := nano.Int64()
	return &n
}

func (p *query) object(name string) map[string]string {
	v := p.one(name)
	if v == "" {
		return nil
	}
	out := map[string]string{}
	if err := json.Unmarshal([]byte(v), &out); err != nil {
		p.fail(name, `a JSON object of strings such as {"_user":"ada"}`, v)
	}
	return out
}

func (p *query) number(name string, absent, least, most int) int {
	v := p.one(name)
	if v == "" {
		return absent
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		p.fail(name, fmt.Sprintf("a whole number from %d to %d", least, most), v)
		return absent
	}
	return n
}

// providerModels reads ai_org_model, "openai__gpt-4o". The filter asks for the
// provider and the model apart, which is the same while models of one name are
// wanted from each provider that is named.
func (p *query) providerModels(f *ledger.Filter) {
	for _, item := range p.list("ai_org_model") {
		org, model, ok := strings.Cut(item, "__")
		if !ok || org == "" || model == "" {
			p.fail("ai_org_model", "pairs such as openai__gpt-4o", item)
			return
		}
		f.Providers, f.Models = append(f.Providers, org), append(f.Models, model)
	}
}
