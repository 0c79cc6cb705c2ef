package mock

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
)

// A Script scripts a Handler: which requests fail or wait, and how many are
// taken a minute. It is written in YAML, or JSON, which is YAML too.
type Script struct {
	Seed   uint64  `yaml:"seed"` // of every probability; the same seed gives the same run
	Rules  []Rule  `yaml:"rules"`
	Limits []Limit `yaml:"limits"`
}

// A Rule applies to the requests that it matches; the first that does wins.
type Rule struct {
	Model       string  `yaml:"model"`       // a pattern such as "mock-*"; empty: all
	Path        string  `yaml:"path"`        // a pattern such as "/v1/chat/*"; empty: all
	Calls       string  `yaml:"calls"`       // which of the matching calls: "3", "2-4", "5-"; empty: all
	Probability float64 `yaml:"probability"` // of applying when all else matches; 0: always
	Do          string  `yaml:"do"`          // see ParseDirectives

	directives  Directives
	first, last int
}

// A Limit answers 429 to the requests above a count per credential and window.
type Limit struct {
	Model    string        `yaml:"model"` // a pattern; empty: all
	Requests int           `yaml:"requests"`
	Per      time.Duration `yaml:"per"` // 0: 1m
}

// ParseScript reads and checks a script. Errors name the rule and the field.
func ParseScript(data []byte) (*Script, error) {
	s := &Script{}
	if err := yaml.UnmarshalWithOptions(data, s, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("mock script: %w", err)
	}
	for i := range s.Rules {
		if err := s.Rules[i].compile(); err != nil {
			return nil, fmt.Errorf("mock script: rules[%d].%w", i, err)
		}
	}
	for i := range s.Limits {
		l := &s.Limits[i]
		if err := checkPattern("model", l.Model); err != nil {
			return nil, fmt.Errorf("mock script: limits[%d].%w", i, err)
		}
		if l.Requests < 1 {
			return nil, fmt.Errorf("mock script: limits[%d].requests: want a whole number from 1", i)
		}
		if l.Per == 0 {
			l.Per = time.Minute
		}
		if l.Per < 0 {
			return nil, fmt.Errorf("mock script: limits[%d].per: want a positive duration, as in 1m", i)
		}
	}
	return s, nil
}

func (r *Rule) compile() (err error) {
	if err := errors.Join(checkPattern("model", r.Model), checkPattern("path", r.Path)); err != nil {
		return err
	}
	if !(r.Probability >= 0 && r.Probability <= 1) {
		return errors.New("probability: want a number from 0 to 1")
	}
	if r.first, r.last, err = parseCalls(r.Calls); err != nil {
		return err
	}
	if strings.TrimSpace(r.Do) == "" {
		return errors.New("do: is missing; want " + directiveHelp)
	}
	if r.directives, err = ParseDirectives(r.Do); err != nil {
		return fmt.Errorf("do: %w", err)
	}
	return nil
}

func checkPattern(field, pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("%s: %q is not a pattern like mock-*", field, pattern)
	}
	return nil
}

// parseCalls reads "3", "2-4" or "5-"; last is 0 for no end.
func parseCalls(s string) (first, last int, err error) {
	if s == "" {
		return 1, 0, nil
	}
	bad := fmt.Errorf("calls: %q is not a call or a range of calls like 3, 2-4 or 5-", s)
	from, to, isRange := strings.Cut(s, "-")
	if first, err = strconv.Atoi(strings.TrimSpace(from)); err != nil || first < 1 {
		return 0, 0, bad
	}
	to = strings.TrimSpace(to)
	switch {
	case !isRange:
		return first, first, nil
	case to == "":
		return first, 0, nil
	}
	if last, err = strconv.Atoi(to); err != nil || last < first {
		return 0, 0, bad
	}
	return first, last, nil
}

func matches(pattern, s string) bool {
	if pattern == "" {
		return true
	}
	ok, _ := path.Match(pattern, s)
	return ok
}

// director runs a Script: it counts calls and throws the dice.
type director struct {
	script Script

	mu      sync.Mutex
	dice    *rand.Rand
	calls   []int // by rule
	windows []window
}

type window struct {
	start time.Time
	taken map[string]int // by credential
}

func newDirector(s *Script) *director {
	d := &director{}
	if s != nil {
		d.script = *s
	}
	d.dice = rand.New(rand.NewPCG(d.script.Seed, 0))
	d.calls = make([]int, len(d.script.Rules))
	d.windows = make([]window, len(d.script.Limits))
	return d
}

// direct returns the directives of the first rule that applies.
func (d *director) direct(model, path string) Directives {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.script.Rules {
		r := &d.script.Rules[i]
		if !matches(r.Model, model) || !matches(r.Path, path) {
			continue
		}
		d.calls[i]++
		n := d.calls[i]
		if n < r.first || r.last > 0 && n > r.last {
			continue
		}
		if r.Probability > 0 && d.dice.Float64() >= r.Probability {
			continue
		}
		return r.directives
	}
	return Directives{}
}

// happens throws the dice for a share of requests.
func (d *director) happens(share float64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dice.Float64() < share
}

// A quota is how a limit stands after one request.
type quota struct {
	limit, remaining int
	reset            time.Duration
	exceeded         bool
}

// take counts the request against every limit that matches, and returns the
// tightest; ok is false if there is none.
func (d *director) take(model, credential string, now time.Time) (q quota, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, l := range d.script.Limits {
		if !matches(l.Model, model) {
			continue
		}
		w := &d.windows[i]
		if now.Sub(w.start) >= l.Per {
			*w = window{start: now, taken: map[string]int{}}
		}
		w.taken[credential]++
		left := l.Requests - w.taken[credential]
		if !ok || left < q.remaining {
			q = quota{limit: l.Requests, remaining: left, reset: l.Per - now.Sub(w.start)}
		}
		ok = true
	}
	q.exceeded = ok && q.remaining < 0
	q.remaining = max(q.remaining, 0)
	return q, ok
}
