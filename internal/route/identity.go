package route

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/portico-ai/portico/internal/ai"
)

// identity reads the keys that say who is called.
func (p *parser) identity(o *object, t *Target) {
	provider := strings.TrimSpace(o.str("provider"))
	t.VirtualKey = strings.TrimPrefix(strings.TrimSpace(o.str("virtual_key")), "@")
	t.APIKey = ai.NewSecret(o.secret("api_key"))
	t.PromptID = o.str("prompt_id")
	if b := o.boolean("passthrough"); b != nil {
		t.Passthrough = *b
	}
	slug, stored := strings.CutPrefix(provider, "@")
	switch {
	case stored && slug == "":
		p.problem(o.at("provider"), `must be a provider's id or "@slug" of a stored one, got "@"`)
	case stored:
		if t.VirtualKey != "" && t.VirtualKey != slug {
			p.warn(o.at("virtual_key"), "has no effect: provider %q decides", provider)
		}
		t.VirtualKey = slug
	case provider == "" || p.opt.KnownProvider == nil:
		t.Provider = provider
	default:
		id, known := p.opt.KnownProvider(provider)
		if !known {
			p.problem(o.at("provider"), "must be a provider's id or \"@slug\" of a stored one, got unknown provider %q", provider)
		}
		t.Provider = id
	}
}

// leaf completes a target that is called itself.
func (p *parser) leaf(o *object, t *Target) {
	t.mode = t.modePath()
	p.modelSlug(o, t)
	for _, key := range o.unknown() {
		if v := o.values[key]; v.Type != gjson.Null {
			if t.Fields == nil {
				t.Fields = map[string]ai.Secret{}
			}
			t.Fields[key] = ai.NewSecret(p.field(o, key, v))
		}
	}
	switch {
	case t.NamesProvider() || t.Passthrough || p.badly(o, "provider", "virtual_key", "prompt_id", "passthrough", "override_params"):
		// It works, or its author knows already why it does not.
	case t.parent != nil:
		o.missing("%s%s", noProvider, emptyHint(o))
	case !p.says(o):
		o.missing("%s%s", saysNothing, emptyHint(o))
	}
}

const (
	noProvider = `names no provider; give it "provider" (a provider's id, or "@slug" of a stored one), "virtual_key", ` +
		`"override_params.model" written "@slug/model", "prompt_id", or "strategy" with "targets"`
	saysNothing = `names no provider and sets nothing; give it "provider" with "api_key", "virtual_key", "strategy" with "targets", ` +
		`or settings for the request's own provider such as "retry", "cache" or "request_timeout"`
)

func emptyHint(o *object) string {
	if len(o.order) == 0 {
		return "; it is {}: was a variable unset?"
	}
	return ""
}

// badly reports whether one of the keys has been complained about already.
func (p *parser) badly(o *object, keys ...string) bool {
	for _, key := range keys {
		for _, problem := range p.problems {
			if strings.HasPrefix(problem, o.at(key)+":") || strings.HasPrefix(problem, o.at(key)+".") {
				return true
			}
		}
	}
	return false
}

// says reports whether o sets anything this package knows.
func (p *parser) says(o *object) bool {
	for _, key := range o.known {
		if v, ok := o.values[key]; ok && v.Type != gjson.Null {
			return true
		}
	}
	return false
}

// modelSlug takes the credential out of a model written "@slug/model", where
// nothing else names one.
func (p *parser) modelSlug(o *object, t *Target) {
	for i, param := range t.OverrideParams {
		if param.Name != "model" {
			continue
		}
		slug, model, ok := SplitModel(gjson.ParseBytes(param.Value).Str)
		switch {
		case !ok:
		case t.VirtualKey == slug || t.VirtualKey == "" && t.Provider == "":
			t.VirtualKey = slug
			own := append([]Param(nil), t.OverrideParams...)
			own[i].Value = quote(model)
			t.OverrideParams = own
		default:
			p.warn(o.at("override_params")+".model", "names the provider %q, but the target names another one, which decides", "@"+slug)
		}
	}
}

// SplitModel takes a model written "@slug/model" apart. Models whose own names
// start with @cf/ or @hf/ are left alone.
func SplitModel(s string) (slug, model string, ok bool) {
	rest, ok := strings.CutPrefix(s, "@")
	if !ok {
		return "", s, false
	}
	slug, model, ok = strings.Cut(rest, "/")
	if !ok || slug == "" || model == "" || slug == "cf" || slug == "hf" {
		return "", s, false
	}
	return slug, model, true
}
