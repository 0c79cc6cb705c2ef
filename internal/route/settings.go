package route

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

const (
	maxWeight  = 1e12
	maxTimeout = 24 * 60 * 60 * 1000 // ms
	maxMaxAge  = 1e9                 // s; the cache has a tighter range of its own
)

var defaultRetryCodes = []int{429, 500, 502, 503, 504, 529}

// settings merges what o sets over what its ancestors set.
func (p *parser) settings(o *object, s *Settings, inherited Settings) {
	*s = inherited
	s.OverrideParams = mergeParams(s.OverrideParams, params(o, "override_params"))
	s.DefaultParams = mergeParams(s.DefaultParams, params(o, "default_params"))
	s.DropParams = dropParams(o, s.DropParams)
	if r, ok := o.child("retry"); ok {
		s.Retry = p.retry(r)
	}
	s.Cache = p.cache(o, s.Cache)
	timeout(o, "request_timeout", &s.RequestTimeout)
	timeout(o, "first_token_timeout", &s.FirstTokenTimeout)
	timeout(o, "stream_idle_timeout", &s.StreamIdleTimeout)
	if host := o.str("custom_host"); host != "" {
		s.CustomHost = host
		if p.opt.CheckHost != nil {
			if err := p.opt.CheckHost(host); err != nil {
				p.problem(o.at("custom_host"), "must be a base URL that may be called: %v", err)
			}
		}
	}
	if names := p.forwardHeaders(o); names != nil {
		s.ForwardHeaders = names
	}
	if strict := o.boolean("strict_open_ai_compliance"); strict != nil {
		s.Strict = strict
	}
	if lossless := o.boolean("strict_translation"); lossless != nil {
		s.Lossless = *lossless
	}
	s.Before = hooks(o, s.Before, "before_request_hooks", "input_guardrails", "input_mutators")
	s.After = hooks(o, s.After, "after_request_hooks", "output_guardrails", "output_mutators")
	if v, ok := o.take("metadata"); ok && !v.IsObject() {
		o.wrong("metadata", "an object", v)
	}
}

func timeout(o *object, key string, d *time.Duration) {
	if ms, ok := o.number(key, 0, maxTimeout); ok && ms > 0 {
		*d = time.Duration(ms * float64(time.Millisecond))
	}
}

func params(o *object, key string) []Param {
	c, ok := o.child(key)
	if !ok {
		return nil
	}
	if len(c.order) > MaxParams {
		o.p.problem(c.path, "must have at most %d keys, got %d", MaxParams, len(c.order))
		return nil
	}
	params := make([]Param, 0, len(c.order))
	for _, name := range c.order {
		params = append(params, Param{Name: name, Value: json.RawMessage(c.values[name].Raw)})
	}
	return params
}

// mergeParams puts child over parent, key by key, without touching either.
func mergeParams(parent, child []Param) []Param {
	if len(child) == 0 {
		return parent
	}
	merged := slices.Clone(parent)
	for _, c := range child {
		i := slices.IndexFunc(merged, func(m Param) bool { return m.Name == c.Name })
		if i >= 0 {
			merged[i] = c
		} else {
			merged = append(merged, c)
		}
	}
	return merged
}

// A path to drop: names parted by dots, each with any number of [index] or [*].
var dropPath = regexp.MustCompile(`^[^.\[\]]+(\[(\d{1,9}|\*)\])*(\.[^.\[\]]+(\[(\d{1,9}|\*)\])*)*$`)

func dropParams(o *object, parent []string) []string {
	all := parent[:len(parent):len(parent)]
	for _, path := range o.strings("drop_params", `a path like "user", "a.b", "a[0].b" or "a[*].b"`, dropPath.MatchString) {
		if !slices.Contains(all, path) {
			all = append(all, path)
		}
	}
	return all
}

func (p *parser) retry(o *object) Retry {
	r := Retry{OnStatusCodes: defaultRetryCodes}
	attempts, ok := o.number("attempts", 0, math.MaxFloat64)
	switch v, given := o.values["attempts"]; {
	case !given || v.Type == gjson.Null:
		o.missing(`must have "attempts", the number of retries (0 to %d)`, MaxAttempts)
	case ok && attempts != math.Trunc(attempts):
		o.wrong("attempts", "a whole number ≥ 0", v)
	case attempts > MaxAttempts:
		p.warn(o.at("attempts"), "more than %d count as %d", MaxAttempts, MaxAttempts)
	}
	r.Attempts = int(min(attempts, MaxAttempts))
	if codes := o.statusCodes("on_status_codes"); codes != nil {
		r.OnStatusCodes = codes
	}
	// The product's documentation has the plural, its open source the singular.
	for _, key := range []string{"use_retry_after_headers", "use_retry_after_header"} {
		if b := o.boolean(key); b != nil {
			r.UseRetryAfter = r.UseRetryAfter || *b
		}
	}
	o.close()
	return r
}

// cache reads {"mode": …, "max_age": …}; true stands for the simple mode, false
// for none.
func (p *parser) cache(o *object, parent *Cache) *Cache {
	v, ok := o.take("cache")
	switch {
	case !ok:
		return parent
	case v.Type == gjson.True:
		return &Cache{Mode: "simple", Raw: json.RawMessage(`{"mode":"simple"}`)}
	case v.Type == gjson.False:
		return nil
	}
	c, ok := p.object(o.at("cache"), v)
	if !ok {
		return parent
	}
	cache := &Cache{Mode: c.str("mode"), Raw: json.RawMessage(v.Raw)}
	switch given, present := c.take("mode"); {
	case !present:
		c.missing(`must have "mode": "simple" or "semantic"`)
	case given.Type == gjson.String && cache.Mode != "simple" && cache.Mode != "semantic":
		c.wrong("mode", `"simple" or "semantic"`, given)
	}
	if seconds, ok := c.number("max_age", 0, maxMaxAge); ok {
		cache.MaxAge = time.Duration(seconds * float64(time.Second))
	}
	c.close()
	return cache
}

// A header that named itself would be forwarded from gateway to gateway.
const forwardHeadersHeader = "x-portkey-forward-headers"

var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func (p *parser) forwardHeaders(o *object) []string {
	names := o.strings("forward_headers", "the name of an HTTP header", func(name string) bool {
		return headerName.MatchString(strings.TrimSpace(name))
	})
	for i, name := range names {
		names[i] = strings.ToLower(strings.TrimSpace(name))
	}
	if slices.Contains(names, forwardHeadersHeader) {
		p.problem(o.at("forward_headers"), "forward_headers must not contain the '%s' header", forwardHeadersHeader)
	}
	return names
}

// hooks reads one side's lists; if the target sets any, they replace the
// parent's side as a whole.
func hooks(o *object, parent Hooks, list, guardrails, mutators string) Hooks {
	own := Hooks{
		Hooks:      o.elements(list, false),
		Guardrails: o.elements(guardrails, true),
		Mutators:   o.elements(mutators, true),
	}
	if own.IsZero() {
		return parent
	}
	return own
}
