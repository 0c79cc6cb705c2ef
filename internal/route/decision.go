package route

import (
	"fmt"
	"strconv"
	"strings"
)

// A Decision is one choice that a strategy made, in order.
type Decision struct {
	Path   string // of the strategy: "config.targets[1]"
	Mode   string // loadbalance, fallback, conditional, single
	Chosen int    // index of the target
	Reason string // for people: "weight 0.9 of 1 (90%)", "config.targets[0] answered 503"
}

// A choice is a Decision before anybody asks for its words.
type choice struct {
	group     *Target
	child     int
	condition int  // conditional: the number from 1 of the one that matched; 0: the default
	status    int  // fallback: what the target before it answered; 0 on entry
	stays     bool // fallback: the status is none it goes on for
}

// Decisions explains the walk so far.
func (p *Plan) Decisions() []Decision { return explain(p.choices) }

func explain(choices []choice) []Decision {
	all := make([]Decision, len(choices))
	for i, c := range choices {
		all[i] = Decision{Path: c.group.Path, Mode: c.group.Strategy.Mode(), Chosen: c.child, Reason: c.reason()}
	}
	return all
}

func (c choice) reason() string {
	s := c.group.Strategy
	switch s.mode {
	case modeLoadbalance:
		sum := s.sums[len(s.sums)-1]
		w := c.group.Targets[c.child].Weight
		return fmt.Sprintf("weight %s of %s (%.4g%%)", formatWeight(w), formatWeight(sum), 100*w/sum)
	case modeConditional:
		if c.condition == 0 {
			return "no condition matched: default"
		}
		return fmt.Sprintf("condition %d matched: %s", c.condition, shorten(s.conditions[c.condition-1].query.String()))
	case modeFallback:
		return c.fallbackReason()
	}
	return "first target"
}

func (c choice) fallbackReason() string {
	targets := c.group.Targets
	switch {
	case c.stays:
		return fmt.Sprintf("%s answered %d, which is not in on_status_codes %s", targets[c.child].Path, c.status, listCodes(c.group.Strategy.codes))
	case c.child > 0:
		return fmt.Sprintf("%s answered %d", targets[c.child-1].Path, c.status)
	}
	return "first target"
}

func listCodes(codes []int) string {
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = strconv.Itoa(c)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// formatWeight hides the noise of adding decimal fractions.
func formatWeight(w float64) string { return strconv.FormatFloat(w, 'g', 10, 64) }

// shorten keeps a log row small whatever a query lists.
func shorten(s string) string {
	const room = 200
	if len(s) <= room {
		return s
	}
	return strings.ToValidUTF8(s[:room], "") + "…"
}
