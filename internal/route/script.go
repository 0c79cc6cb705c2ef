package route

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Script says how targets answer, by path, for rehearsals: the first call of a
// target ends with its first outcome and so on, and the last one repeats. Where
// it has nothing for a target, that target answers 200.
type Script map[string][]Outcome

// ParseOutcomes reads "503, 429;2s, 200": statuses, each with remarks after
// semicolons, which are a Retry-After ("2s", or seconds) or one of the words
// no-response, fatal and committed.
func ParseOutcomes(s string) ([]Outcome, error) {
	var all []Outcome
	for item := range strings.SplitSeq(s, ",") {
		status, remarks, _ := strings.Cut(strings.TrimSpace(item), ";")
		code, err := strconv.Atoi(strings.TrimSpace(status))
		if err != nil || code < 100 || code > 599 {
			return nil, fmt.Errorf("%q must start with an HTTP status code", strings.TrimSpace(item))
		}
		o := Outcome{Status: code}
		for remark := range strings.SplitSeq(remarks, ";") {
			if err := o.remark(strings.TrimSpace(remark)); err != nil {
				return nil, err
			}
		}
		all = append(all, o)
	}
	return all, nil
}

func (o *Outcome) remark(s string) error {
	switch s {
	case "":
	case "no-response":
		o.NoResponse = true
	case "fatal":
		o.Fatal = true
	case "committed":
		o.Committed = true
	default:
		d, err := time.ParseDuration(s)
		if seconds, ok := parseWait(s, time.Second); ok {
			d, err = seconds, nil
		}
		if err != nil || d < 0 {
			return fmt.Errorf("%q must be a Retry-After such as 2s, or no-response, fatal or committed", s)
		}
		o.RetryAfter, o.HasRetryAfter = d, true
	}
	return nil
}

// ParseScript reads one "path: outcomes" or "path=outcomes" a line; empty lines
// and lines that start with # are skipped.
func ParseScript(text string) (Script, error) {
	script := Script{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := script.Add(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return script, nil
}

// Add adds one "path: outcomes" or "path=outcomes".
func (s Script) Add(line string) error {
	at := strings.IndexAny(line, ":=")
	if at < 0 {
		return fmt.Errorf("%q must be a target's path, a colon or equals sign, and statuses: config.targets[0]: 503, 200", line)
	}
	outcomes, err := ParseOutcomes(line[at+1:])
	if err != nil {
		return err
	}
	s[strings.TrimSpace(line[:at])] = outcomes
	return nil
}

// Unknown lists, sorted, the paths of the script that are no leaves of c.
func (s Script) Unknown(c *Config) []string {
	leaves := map[string]bool{}
	for t := range c.Leaves() {
		leaves[t.Path] = true
	}
	var unknown []string
	for path := range s {
		if !leaves[path] {
			unknown = append(unknown, path)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// A Rehearsal is a walk that was played to its end.
type Rehearsal struct {
	Plan  *Plan
	Calls []Call     // never empty
	After []Decision // made after the last call: why nothing followed
}

// A Call is one step and how the script ended it.
type Call struct {
	Before  []Decision // made since the call before it
	Step    Step
	Outcome Outcome
}

// Last is the call whose outcome is the request's.
func (r Rehearsal) Last() Call { return r.Calls[len(r.Calls)-1] }

// Rehearse walks c with the script's answers; see Plan for rnd and the error,
// which is also what ends a walk that a condition leads astray.
func (s Script) Rehearse(c *Config, a Attrs, rnd *rand.Rand) (Rehearsal, error) {
	p, err := c.Plan(a, rnd)
	if err != nil {
		return Rehearsal{}, err
	}
	r := Rehearsal{Plan: p}
	calls, explained := map[string]int{}, 0
	for step, ok := p.Next(Outcome{}); ok; step, ok = p.Next(r.Last().Outcome) {
		r.Calls = append(r.Calls, Call{
			Before:  explain(p.choices[explained:]),
			Step:    step,
			Outcome: s.answer(step.Path, calls[step.Path]),
		})
		calls[step.Path]++
		explained = len(p.choices)
	}
	r.After = explain(p.choices[explained:])
	return r, p.Err()
}

func (s Script) answer(path string, call int) Outcome {
	outcomes := s[path]
	if len(outcomes) == 0 {
		return Outcome{Status: 200}
	}
	return outcomes[min(call, len(outcomes)-1)]
}
