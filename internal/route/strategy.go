package route

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

const minCooldown = 30_000 // ms

// What the router answers, in the words clients of the product know.
const (
	noConditions     = "No conditions passed in the query router"
	noTarget         = "Query router did not resolve to any valid target"
	unknownTarget    = "Invalid target name found in the query router: "
	unknownOperation = "Unsupported operator used in the query router: "
)

// strategy reads what does not depend on the targets.
func (p *parser) strategy(o *object, t *Target) {
	s := t.Strategy
	name := o.str("mode")
	m := slices.Index(modeNames, name)
	switch v, given := o.take("mode"); {
	case !given:
		o.missing(`must have "mode": one of %s`, strings.Join(modeNames, ", "))
	case m < 0 && v.Type == gjson.String:
		hint := ""
		if near, ok := nearest(name, modeNames); ok {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		p.problem(o.at("mode"), "must be one of %s, got %s%s", strings.Join(modeNames, ", "), describe(v), hint)
	}
	s.mode = mode(max(m, 0))
	s.codes = o.statusCodes("on_status_codes")
	switch {
	case s.codes != nil && s.mode != modeFallback:
		p.warn(o.at("on_status_codes"), "has no effect unless the mode is fallback")
	case s.codes != nil && len(s.codes) == 0:
		p.warn(o.at("on_status_codes"), "is empty: nothing makes it fall back")
	}
	s.CircuitBreaker = p.circuitBreaker(o)
	if s.CircuitBreaker == nil && t.parent != nil {
		s.CircuitBreaker = t.parent.Strategy.CircuitBreaker
	}
	s.Sticky = sticky(o)
}

// finishStrategy reads what refers to the targets.
func (p *parser) finishStrategy(o *object, t *Target) {
	conditions, _ := o.list("conditions", "an array of conditions")
	_, hasDefault := o.take("default")
	switch t.Strategy.mode {
	case modeLoadbalance:
		p.weights(t)
	case modeConditional:
		p.conditional(o, t, conditions, hasDefault)
	case modeSingle:
		if len(t.Targets) > 1 {
			p.warn(o.path, "the mode is single: only targets[0] is ever called")
		}
	}
}

func (p *parser) weights(t *Target) {
	sum := 0.0
	for _, child := range t.Targets {
		sum += child.Weight
		t.Strategy.sums = append(t.Strategy.sums, sum)
	}
	if sum == 0 && len(t.Targets) > 0 {
		p.problem(t.Path+".targets", `at least one "weight" must be above 0: with every weight 0 no target can be chosen`)
	}
}

func (p *parser) conditional(o *object, t *Target, conditions []gjson.Result, hasDefault bool) {
	if len(conditions) == 0 {
		o.broken = true
		p.problem(o.at("conditions"), noConditions)
	}
	if p.conditions += len(conditions); p.conditions > MaxConditions {
		p.problem(o.at("conditions"), "a config must have at most %d conditions in all", MaxConditions)
		return
	}
	for i, v := range conditions {
		c, ok := p.object(o.item("conditions", i), v)
		if !ok {
			continue
		}
		t.Strategy.conditions = append(t.Strategy.conditions, condition{
			query: p.conditionQuery(c),
			then:  p.named(t, c, "then"),
		})
		c.close()
	}
	switch {
	case hasDefault:
		t.Strategy.fallthru = p.named(t, o, "default")
	case p.opt.ForSave:
		o.missing(`must have "default", the name of the target for requests that no condition matches`)
	default:
		p.warn(o.path, `has no "default": a request that no condition matches is refused`)
	}
}

func (p *parser) conditionQuery(c *object) query {
	v, ok := c.take("query")
	if !ok {
		c.missing(`must have "query", an object such as {"metadata.tier": "paid"}`)
		return all{}
	}
	return p.query(c.at("query"), v, 0)
}

// named resolves the target name under key to an index.
func (p *parser) named(t *Target, o *object, key string) int {
	name := o.str(key)
	v, given := o.take(key)
	if !given {
		o.missing("must have %q, the name of a target", key)
		return -1
	}
	if v.Type != gjson.String {
		return -1 // reported by str
	}
	found := -1
	for i, child := range t.Targets {
		switch {
		case child.Name != name || name == "":
		case found < 0:
			found = i
		default:
			p.warn(o.at(key), "two targets are named %q: the first is used", name)
		}
	}
	if found < 0 && len(t.Targets) > 0 {
		p.problem(o.at(key), unknownTarget+"%s; %s", name, namesOf(t.Targets))
	}
	return found
}

func namesOf(targets []*Target) string {
	const enough = 10
	var names []string
	for _, t := range targets {
		if t.Name != "" && len(names) < enough {
			names = append(names, t.Name)
		}
	}
	if names == nil {
		return "no target has a name"
	}
	return "the targets are named " + strings.Join(names, ", ")
}

func (p *parser) circuitBreaker(o *object) json.RawMessage {
	c, ok := o.child("cb_config")
	if !ok {
		return nil
	}
	report := p.warn // an incomplete one gives way to the parent's
	if p.opt.ForSave {
		report = p.problem
	}
	_, count := c.number("failure_threshold", 0, maxWeight)
	_, share := c.number("failure_threshold_percentage", 0, 100)
	c.number("minimum_requests", 0, maxWeight)
	c.statusCodes("failure_status_codes")
	cooldown, rests := c.number("cooldown_interval", 0, maxTimeout)
	if !count && !share {
		report(c.path, `must have "failure_threshold" or "failure_threshold_percentage"`)
	}
	switch {
	case !rests:
		report(c.path, `must have "cooldown_interval" (milliseconds, at least %d)`, minCooldown)
	case cooldown < minCooldown:
		report(c.at("cooldown_interval"), "below %d milliseconds counts as %d", minCooldown, minCooldown)
	}
	c.close()
	if !rests || !count && !share {
		return nil
	}
	return json.RawMessage(o.values["cb_config"].Raw)
}

func sticky(o *object) json.RawMessage {
	c, ok := o.child("sticky")
	if !ok {
		return nil
	}
	c.boolean("enabled")
	c.number("ttl", 0, maxMaxAge)
	c.strings("hash_fields", `a field like "metadata.user", "params.user" or "headers.x-user"`, func(field string) bool {
		part, rest, _ := strings.Cut(field, ".")
		return rest != "" && slices.Contains([]string{"metadata", "params", "headers"}, part)
	})
	c.close()
	return json.RawMessage(o.values["sticky"].Raw)
}
