package route

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/portico-ai/portico/internal/ai"
)

type parser struct {
	opt      Options
	cfg      *Config
	problems []string
	warnings []string

	conditions int                       // read so far
	paths      map[string]bool           // of the request's JSON, that conditions look at
	patterns   map[string]*regexp.Regexp // compiled so far
	program    int                       // their size
}

func (p *parser) problem(path, format string, args ...any) {
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, path+": "+fmt.Sprintf(format, args...))
	}
}

func (p *parser) warn(path, format string, args ...any) {
	if len(p.warnings) < maxProblems {
		p.warnings = append(p.warnings, path+": "+fmt.Sprintf(format, args...))
	}
}

// root reads the top of the config and what may stand only there.
func (p *parser) root(v gjson.Result) {
	o, ok := p.object("config", v)
	if !ok {
		return
	}
	if legacy, ok := o.values["options"]; ok && legacy.IsArray() && !o.values["targets"].Exists() {
		p.problem("config.options", "This version of config is not supported in this route. Please migrate to the latest version: strategy and targets")
		return
	}
	p.cfg.DefaultInputGuardrails = o.elements("default_input_guardrails", true)
	p.cfg.DefaultOutputGuardrails = o.elements("default_output_guardrails", true)
	root := &Target{Path: "config"}
	p.target(o, root, Settings{Retry: Retry{OnStatusCodes: defaultRetryCodes}})
	p.cfg.Root = root
}

// target reads o into t, whose Path, parent and index are set, and everything
// below it.
func (p *parser) target(o *object, t *Target, inherited Settings) {
	t.Name = o.str("name")
	t.ID = o.str("id")
	if t.parent != nil && t.parent.ID != "" {
		t.ID = t.parent.ID
	}
	t.Weight = 1
	if w, ok := o.number("weight", 0, maxWeight); ok {
		t.Weight = w
	}
	p.identity(o, t)
	p.settings(o, &t.Settings, inherited)
	if o.statusCodes("on_status_codes") != nil {
		p.warn(o.at("on_status_codes"), "has no effect here; put it in strategy or in retry")
	}

	strategy, hasStrategy := o.take("strategy")
	targets, hasTargets := o.take("targets")
	switch {
	case hasTargets:
		p.group(o, t, strategy, targets)
	case hasStrategy && t.NamesProvider() && strategy.Get("mode").Str == modeSingle.String():
		p.warn(o.at("strategy"), "has no effect on a target that names its provider")
		p.leaf(o, t)
	case hasStrategy:
		o.missing(`has a "strategy" but no "targets" to apply it to`)
	default:
		p.leaf(o, t)
	}
	o.close()
}

// group completes a target that chooses among others.
func (p *parser) group(o *object, t *Target, strategy, targets gjson.Result) {
	for _, key := range []string{"provider", "virtual_key", "api_key", "prompt_id", "passthrough"} {
		if v, ok := o.values[key]; ok && v.Type != gjson.Null {
			p.warn(o.at(key), "has no effect beside targets, which do not inherit it")
		}
	}
	t.Provider, t.VirtualKey, t.APIKey, t.PromptID, t.Passthrough = "", "", ai.Secret{}, "", false
	if !strategy.Exists() || strategy.Type == gjson.Null {
		o.missing(`has "targets" but no "strategy"; give it {"mode": "fallback"} (or loadbalance, conditional, single)`)
		return
	}
	s, ok := p.object(o.at("strategy"), strategy)
	if !ok {
		return
	}
	t.Strategy = &Strategy{fallthru: -1}
	p.strategy(s, t)
	p.children(o, t, targets)
	p.finishStrategy(s, t)
	s.close()
}

func (p *parser) children(o *object, t *Target, targets gjson.Result) {
	path := o.at("targets")
	if !targets.IsArray() {
		p.problem(path, "must be an array of targets, got %s", describe(targets))
		return
	}
	items := targets.Array()
	if len(items) == 0 {
		o.missing(`must have at least one target in "targets", got []`)
		return
	}
	if !p.roomFor(t, path, len(items)) {
		return
	}
	t.Targets = make([]*Target, 0, len(items))
	for i, item := range items {
		child := &Target{
			Path:     path + "[" + strconv.Itoa(i) + "]",
			parent:   t,
			index:    i,
			fallback: t.fallback || t.Strategy.mode == modeFallback && i > 0,
		}
		t.Targets = append(t.Targets, child)
		if c, ok := p.object(child.Path, item); ok {
			p.target(c, child, t.Settings)
		}
	}
}

// roomFor checks the limits on the size of the tree before its children are read.
func (p *parser) roomFor(t *Target, path string, n int) bool {
	depth, branch := 0, (*Target)(nil) // branch: the child of the root that t is in
	for a := t; a.parent != nil; a = a.parent {
		depth, branch = depth+1, a
	}
	limit := MaxNested
	switch {
	case depth >= MaxDepth:
		p.problem(path, "must not nest deeper than %d levels", MaxDepth)
		return false
	case branch == nil && t.Strategy.mode == modeConditional:
		limit = MaxConditionalTargets
	case branch == nil:
		limit = MaxTargets
	default:
		branch.walk(func(*Target) bool { n++; return true })
		n-- // the branch itself
	}
	if n > limit {
		p.problem(path, "must have at most %d targets here, got %d", limit, n)
		return false
	}
	return true
}

// modePath joins the strategies from the root down to a leaf; a single strategy
// is only worth naming where there is no other.
func (t *Target) modePath() string {
	path := ""
	for a := t.parent; a != nil; a = a.parent {
		switch {
		case a.Strategy.mode == modeSingle:
		case path == "":
			path = a.Strategy.mode.String()
		default:
			path = a.Strategy.mode.String() + "," + path
		}
	}
	if path == "" {
		return modeSingle.String()
	}
	return path
}
