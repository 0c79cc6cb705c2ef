// Package logs reads the query of the log endpoints and shapes entries into
// their JSON: the names and units are Portkey's, money in cents.
package logs

import (
	"encoding/json"
	"maps"
	"math"
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// ParseFilter reads the query of GET /v1/logs. Every parameter may also be
// spelled in camelCase, and lists are separated by commas or repeated. The error
// is an *ai.Error of kind Invalid that names the parameter.
func ParseFilter(q url.Values) (ledger.Filter, ledger.Page, error) {
	r := NewQuery(q)
	f, p := r.filter(), r.page()
	if err := r.Err(); err != nil {
		return ledger.Filter{}, ledger.Page{}, err
	}
	return f, p, nil
}

func (r *Query) page() ledger.Page {
	p := ledger.Page{Size: r.Number("page_size", 1, ledger.MaxPage, ledger.DefaultPage), After: r.Get("after")}
	p.Offset = p.Size * r.Number("current_page", 0, 1_000_000, 0)
	if p.After != "" {
		if _, _, err := ledger.ParseCursor(p.After); err != nil {
			r.Fail("after", "is not a cursor of this list; pass the next of the page before it, unchanged")
		}
	}
	return p
}

func (r *Query) filter() ledger.Filter {
	return ledger.Filter{
		From: r.time("time_of_generation_min"), To: r.time("time_of_generation_max"),
		IDs: r.List("id"), TraceIDs: r.List("trace_id"), SpanIDs: r.List("span_id"),
		Statuses: r.statuses("status_code"), States: r.states("status"),
		Providers: r.List("ai_org"), Models: r.List("ai_model"), ProviderModels: r.pairs("ai_org_model"),
		Virtual: r.List("virtual_keys"), Configs: r.List("configs"), KeyIDs: r.List("api_key_ids"), Users: r.List("users"), Caches: r.List("cache_status"),
		CostMin: r.cents("cost_min", true), CostMax: r.cents("cost_max", false),
		TokensMin: r.count("total_units_min"), TokensMax: r.count("total_units_max"),
		InputMin: r.count("prompt_token_min"), InputMax: r.count("prompt_token_max"),
		OutputMin: r.count("completion_token_min"), OutputMax: r.count("completion_token_max"),
		Prompts: r.List("prompt_slug"), FeedbackMin: r.score("weighted_feedback_min"), FeedbackMax: r.score("weighted_feedback_max"),
		Metadata: r.metadata("metadata"), Text: r.Get("q"),
	}
}

// A Query reads the parameters of a request and keeps the first fault.
type Query struct {
	q     url.Values
	asked []string // names that mean something
	err   *ai.Error
}

// NewQuery reads q. A parameter may be spelled as it is named or in camelCase.
func NewQuery(q url.Values) *Query { return &Query{q: q} }

// Err is the first fault, an *ai.Error of kind Invalid that names the parameter.
func (r *Query) Err() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

// OnlyKnown finds fault with a parameter that is none of names, in either spelling.
func (r *Query) OnlyKnown(names []string) {
	for _, name := range slices.Sorted(maps.Keys(r.q)) {
		known := slices.ContainsFunc(names, func(n string) bool { return name == n || name == camel(n) })
		if !known {
			r.Fail(name, "is not a parameter of this endpoint; it takes "+strings.Join(names, ", "))
			return
		}
	}
}

// Fail notes a fault: its problem follows the name of the parameter.
func (r *Query) Fail(name, problem string) {
	if r.err == nil {
		r.err = ai.Errorf(ai.Invalid, "%s %s", name, problem)
		r.err.Param = name
	}
}

// values returns a parameter in its own or, failing that, its camelCase spelling.
func (r *Query) values(name string) []string {
	r.asked = append(r.asked, name)
	if v, ok := r.q[name]; ok {
		return v
	}
	return r.q[camel(name)]
}

func camel(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

// Get is a parameter that may be given once, "" if it is not.
func (r *Query) Get(name string) string {
	v := r.values(name)
	if len(v) > 1 {
		r.Fail(name, "is given more than once; give it once")
		return ""
	}
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

// List is a parameter of several values, separated by commas or repeated.
func (r *Query) List(name string) []string {
	var list []string
	for _, v := range r.values(name) {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
	}
	return list
}

func (r *Query) time(name string) time.Time {
	v := r.Get(name)
	if v == "" {
		return time.Time{}
	}
	if t, err := time.Parse(time.DateOnly, v); err == nil { // as Portkey's examples have it
		return t
	}
	// A plus sign that was not escaped arrives as a space.
	t, err := time.Parse(time.RFC3339Nano, strings.Replace(v, " ", "+", 1))
	if err != nil {
		r.Fail(name, "must be an RFC 3339 time such as 2024-05-01T00:00:00Z")
	}
	return t.UTC()
}

func (r *Query) statuses(name string) []int {
	var list []int
	for _, v := range r.List(name) {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > 999 {
			r.Fail(name, "must be HTTP status codes separated by commas, such as 200,429")
			return nil
		}
		list = append(list, n)
	}
	return list
}

// scores are values of feedback.
func (r *Query) scores(name string) []int {
	var list []int
	for _, v := range r.List(name) {
		n, err := strconv.Atoi(v)
		if err != nil || n < -10 || n > 10 {
			r.Fail(name, "must be whole numbers from -10 to 10, separated by commas")
			return nil
		}
		list = append(list, n)
	}
	return list
}

var states = []string{
	string(ledger.OK), string(ledger.Failed), string(ledger.Refused),
	string(ledger.Truncated), string(ledger.ClientGone), string(ledger.Interrupted),
}

func (r *Query) states(name string) []ledger.State {
	var list []ledger.State
	for _, v := range r.List(name) {
		if !slices.Contains(states, v) {
			r.Fail(name, "must be some of "+strings.Join(states, ", "))
			return nil
		}
		list = append(list, ledger.State(v))
	}
	return list
}

func (r *Query) pairs(name string) []ledger.ProviderModel {
	var list []ledger.ProviderModel
	for _, v := range r.List(name) {
		provider, model, ok := strings.Cut(v, "__")
		if !ok || provider == "" || model == "" {
			r.Fail(name, "must be provider__model pairs separated by commas, such as openai__gpt-4o")
			return nil
		}
		list = append(list, ledger.ProviderModel{Provider: provider, Model: model})
	}
	return list
}

var decimal = regexp.MustCompile(`^\d{1,10}(\.\d{1,20})?$`)

// cents reads an amount in cents as nano-dollars. What lies between two of them
// is rounded into the range that the bound opens.
func (r *Query) cents(name string, lower bool) *int64 {
	v := r.Get(name)
	if v == "" {
		return nil
	}
	amount, ok := new(big.Rat).SetString(v)
	if !decimal.MatchString(v) || !ok {
		r.Fail(name, "must be an amount in cents, such as 0.25")
		return nil
	}
	amount.Mul(amount, big.NewRat(nanoPerCent, 1))
	nano, rest := new(big.Int).QuoRem(amount.Num(), amount.Denom(), new(big.Int))
	n := nano.Int64()
	if lower && rest.Sign() > 0 {
		n++
	}
	return &n
}

func (r *Query) count(name string) *int64 {
	v := r.Get(name)
	if v == "" {
		return nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		r.Fail(name, "must be a whole number of tokens, 0 or more")
		return nil
	}
	return &n
}

// score reads a mean of weighted feedback, in millionths.
func (r *Query) score(name string) *int64 {
	v := r.Get(name)
	if v == "" {
		return nil
	}
	mean, err := strconv.ParseFloat(v, 64)
	if err != nil || !(mean >= -10 && mean <= 10) {
		r.Fail(name, "must be a number from -10 to 10")
		return nil
	}
	n := int64(math.Round(mean * ledger.FullWeight))
	return &n
}

func (r *Query) Number(name string, low, high, otherwise int) int {
	v := r.Get(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		r.Fail(name, "must be a whole number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high))
		return otherwise
	}
	return n
}

func (r *Query) metadata(name string) map[string]string {
	v := r.Get(name)
	if v == "" {
		return nil
	}
	var m map[string]string
	if err := json.Unmarshal([]byte(v), &m); err != nil {
		r.Fail(name, `must be a JSON object of strings, such as {"_user":"ann"}`)
	}
	return m
}
