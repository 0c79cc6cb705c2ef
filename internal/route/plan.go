package route

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// retryAfterBudget is how long one target's Retry-After waits may add up to.
const retryAfterBudget = 60 * time.Second

// A Step is the next call to make.
type Step struct {
	Target  *Target // with its effective settings
	Path    string  // the target's path, as x-portkey-last-used-option-index shows it
	Attempt int     // 0 is the target's first try
	Wait    time.Duration
}

// An Outcome is how a step ended.
type Outcome struct {
	Status        int           // as the client would see it; failures of ours are mapped to one
	RetryAfter    time.Duration // what the provider asked for, see ParseRetryAfter
	HasRetryAfter bool
	NoResponse    bool // no answer came (dial, TLS, reset): retried whatever the codes say
	Fatal         bool // the config or the gateway is wrong: stop everything
	Committed     bool // bytes have reached the client: nothing can be tried any more
}

// OK reports whether the status is a success, which 246 is and 446 is not.
func (o Outcome) OK() bool {
	return o.Status >= http.StatusOK && o.Status < http.StatusMultipleChoices
}

// A Plan is one request's walk through a Config. It is not safe for concurrent
// use.
type Plan struct {
	lookup  lookup
	rnd     *rand.Rand
	leaf    *Target // of the step in hand
	attempt int
	budget  time.Duration // left for Retry-After waits on leaf
	spent   bool          // leaf's retries ended on a status worth another
	started bool
	done    bool
	err     error

	choices []choice
	room    [4]choice // backs choices of most requests
}

// Plan starts a walk for a request with these attributes. Draws come from rnd,
// or from the global source if it is nil. The error is an *ai.Error of kind
// Invalid if a condition on the way to the first target leads nowhere.
func (c *Config) Plan(a Attrs, rnd *rand.Rand) (*Plan, error) {
	p := &Plan{lookup: lookup{attrs: a}, rnd: rnd}
	p.choices = p.room[:0]
	if !p.enter(c.Root) {
		return nil, p.err
	}
	return p, nil
}

// Next returns the step to take, given how the previous one ended; the first
// call passes the zero Outcome. It returns false when there is nothing left to
// try, and then the previous outcome is the request's, unless Err is set.
func (p *Plan) Next(last Outcome) (Step, bool) {
	switch {
	case p.done:
		return Step{}, false
	case !p.started:
		p.started = true
		return p.step(0), true
	case last.Fatal || last.Committed:
		p.done = true
		return Step{}, false
	}
	if wait, again := p.retry(last); again {
		p.attempt++
		return p.step(wait), true
	}
	if p.fallBack(last) {
		return p.step(0), true
	}
	p.done = true
	return Step{}, false
}

// Err is an *ai.Error of kind Invalid if the walk ended because a condition
// below a later target led nowhere.
func (p *Plan) Err() error { return p.err }

// Retries is the value of x-portkey-retry-attempt-count for the last step's
// target: the number of retries it took, or -1 if they were exhausted.
func (p *Plan) Retries() int {
	if p.spent {
		return -1
	}
	return p.attempt
}

// Mode lists the strategies on the way to the last step's target, outermost
// first: "loadbalance,fallback"; "single" if there are none.
func (p *Plan) Mode() string { return p.leaf.mode }

// FellBack reports whether the last step's target is not the first of some
// fallback.
func (p *Plan) FellBack() bool { return p.leaf.fallback }

func (p *Plan) step(wait time.Duration) Step {
	return Step{Target: p.leaf, Path: p.leaf.Path, Attempt: p.attempt, Wait: wait}
}

// enter goes down from t to the leaf that its strategies choose.
func (p *Plan) enter(t *Target) bool {
	for !t.IsLeaf() {
		c := choice{group: t}
		switch t.Strategy.mode {
		case modeLoadbalance:
			c.child = t.Strategy.draw(p.random())
		case modeConditional:
			c.child, c.condition = t.Strategy.resolve(&p.lookup)
			if c.child < 0 {
				p.err = &ai.Error{
					Kind: ai.Invalid, Type: "invalid_request_error", Param: t.Path,
					Message: noTarget,
				}
				return false
			}
		}
		p.choices = append(p.choices, c)
		t = t.Targets[c.child]
	}
	p.leaf, p.attempt, p.spent, p.budget = t, 0, false, retryAfterBudget
	return true
}

func (p *Plan) random() float64 {
	if p.rnd == nil {
		return rand.Float64()
	}
	return p.rnd.Float64()
}

// retry says whether the leaf gets another try, and after which wait: 1, 2, 4,
// 8, 16 s, or what a 429 asked for.
func (p *Plan) retry(last Outcome) (time.Duration, bool) {
	r := &p.leaf.Retry
	if r.Attempts == 0 || !last.NoResponse && !slices.Contains(r.OnStatusCodes, last.Status) {
		return 0, false
	}
	if p.attempt == r.Attempts {
		p.spent = true
		return 0, false
	}
	if r.UseRetryAfter && last.HasRetryAfter && last.Status == http.StatusTooManyRequests {
		wait := max(last.RetryAfter, 0)
		p.spent = wait > p.budget
		p.budget -= wait
		return wait, !p.spent
	}
	return time.Second << p.attempt, true
}

// fallBack goes up from the leaf to the nearest fallback that has a target left
// and takes the status for a failure, and enters that target.
func (p *Plan) fallBack(last Outcome) bool {
	for t := p.leaf; t.parent != nil; t = t.parent {
		group := t.parent
		if group.Strategy.mode != modeFallback {
			continue
		}
		if !group.Strategy.continues(last) {
			if !last.OK() {
				p.choices = append(p.choices, choice{group: group, child: t.index, status: last.Status, stays: true})
			}
			continue
		}
		next := t.index + 1
		if next == len(group.Targets) {
			continue
		}
		p.choices = append(p.choices, choice{group: group, child: next, status: last.Status})
		return p.enter(group.Targets[next])
	}
	return false
}

// continues reports whether an outcome makes a fallback go on.
func (s *Strategy) continues(last Outcome) bool {
	if s.codes == nil {
		return !last.OK()
	}
	return slices.Contains(s.codes, last.Status)
}

// draw turns a number in [0, 1) into an index, in proportion to the weights.
func (s *Strategy) draw(r float64) int {
	sum := s.sums[len(s.sums)-1]
	at := r * sum
	last := 0
	for i, upTo := range s.sums {
		if at < upTo {
			return i
		}
		if i > 0 && upTo > s.sums[i-1] {
			last = i
		}
	}
	return last // rounding took at up to the sum
}

// resolve returns the index of the target that the first matching condition
// names, and that condition's number from 1; the default's number is 0. The
// index is -1 if nothing matches and there is no default.
func (s *Strategy) resolve(l *lookup) (child, number int) {
	for i, c := range s.conditions {
		if c.query.match(l) {
			return c.then, i + 1
		}
	}
	return s.fallthru, 0
}
