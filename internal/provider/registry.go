package provider

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A Registry is the set of providers this process knows. It is immutable.
type Registry struct {
	byID map[string]*Provider
	ids  []string

	byTelemetry map[string]*Provider // by names of theirs that are no ids
}

// NewRegistry makes a registry of rows. Two rows of one id are a mistake of the
// program.
func NewRegistry(rows ...*Provider) (*Registry, error) {
	r := &Registry{byID: make(map[string]*Provider, len(rows)), byTelemetry: map[string]*Provider{}}
	for _, p := range rows {
		if _, dup := r.byID[p.ID]; dup {
			return nil, fmt.Errorf("provider %s is listed twice", p.ID)
		}
		r.byID[p.ID] = p
		p.nameHeaders()
		for _, name := range p.Telemetry {
			r.byTelemetry[name] = p
		}
		for _, v := range p.Variants {
			v.Row.nameHeaders()
		}
	}
	r.ids = slices.Sorted(maps.Keys(r.byID))
	return r, nil
}

// nameHeaders works out the canonical names of the headers of the row's fields.
func (p *Provider) nameHeaders() {
	for i := range p.Fields {
		f := &p.Fields[i]
		if f.Header != "" {
			f.inKey = http.CanonicalHeaderKey(HeaderPrefix + f.Header)
		}
		if f.AlsoHeader != "" {
			f.alsoKey = http.CanonicalHeaderKey(HeaderPrefix + f.AlsoHeader)
		}
		f.outKey = http.CanonicalHeaderKey(f.Send)
	}
}

// Get finds a provider by id.
func (r *Registry) Get(id string) (*Provider, bool) {
	p, ok := r.byID[id]
	return p, ok
}

// ByTelemetry finds a provider by what traces call it: an id, or a name of
// [Provider.Telemetry], or one that begins with either, as in "anthropic.messages".
func (r *Registry) ByTelemetry(name string) (*Provider, bool) {
	for name = strings.ToLower(name); name != ""; name = name[:max(strings.LastIndexByte(name, '.'), 0)] {
		if p, ok := r.byTelemetry[name]; ok {
			return p, true
		}
		if p, ok := r.byID[strings.NewReplacer("_", "-", " ", "-").Replace(name)]; ok {
			return p, true
		}
	}
	return nil, false
}

// TelemetryName is what OpenTelemetry's conventions call a provider; an id that
// is not known is returned as it is.
func (r *Registry) TelemetryName(id string) string {
	if p, ok := r.byID[id]; ok && len(p.Telemetry) > 0 {
		return p.Telemetry[0]
	}
	return id
}

// IDs lists the known ids in order.
func (r *Registry) IDs() []string { return r.ids }

// WithBases returns a registry in which the named providers have another base
// URL: the operator's override, which replaces the row's whole base.
func (r *Registry) WithBases(bases map[string]string) (*Registry, error) {
	out := &Registry{byID: maps.Clone(r.byID), ids: r.ids, byTelemetry: r.byTelemetry}
	for id, base := range bases {
		p, ok := out.byID[id]
		if !ok {
			return nil, fmt.Errorf("base URL for an unknown provider %q; known providers: %s", id, strings.Join(r.ids, ", "))
		}
		row := *p
		row.Base = strings.TrimRight(base, "/")
		row.Ops = maps.Clone(p.Ops)
		for op, e := range row.Ops {
			e.Base = ""
			row.Ops[op] = e
		}
		out.byID[id] = &row
	}
	return out, nil
}

// Nearest suggests the known id that a mistyped one probably meant, "" if none is near.
func (r *Registry) Nearest(id string) string { return Nearest(id, r.ids) }
