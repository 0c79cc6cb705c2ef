package gateway

import (
	"net/http"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/route"
)

// A destination is where an attempt goes and what it proves itself with.
type destination struct {
	provider   *provider.Provider
	op         ai.Op // what is asked of the provider: the call's, or one that stands in for it
	endpoint   provider.Endpoint
	virtual    string // slug of the stored credential, "" if the caller's own
	key        ai.Secret
	fields     map[string]string
	base       string // "" means the row's
	model      string // as the provider knows it
	priceModel string // for prices, when the model name does not say it
	header     http.Header
}

// resolve turns a target into a destination. model is the one asked for, after
// the target's overrides. An error comes with the destination as far as it is
// known: nil where not even the provider is.
func (g *Gateway) resolve(c *Call, rec *record, t *route.Target, model string) (*destination, error) {
	d := &destination{model: model}
	id, stored, err := g.who(c, t, d)
	if err != nil {
		return nil, err
	}
	p, ok := g.Providers.Get(id)
	if !ok {
		return nil, g.unknownProvider(id)
	}
	d.provider = p
	if !d.serve(c) {
		return d, provider.Unsupported(p, c.Op)
	}
	brought := p.FromHeader(c.Headers)
	d.fields = p.Normalize(merge(brought, revealed(t.Fields)))
	if rec.entry.ConfigID == "" {
		brought = d.fields // an inline config is the request's own word too
	}
	if err := p.CheckRequest(brought); err != nil {
		return d, err
	}
	if err := g.checkURLs(d); err != nil {
		return d, err
	}
	d.key = t.APIKey
	if d.key.IsZero() {
		d.key = c.ProviderKey
	}
	d.base = customHost(c, t)
	switch {
	case stored != nil:
		err = d.useStored(stored)
	case rec.entry.ConfigID != "" && (!t.APIKey.IsZero() || len(t.Fields) > 0):
		err = d.keep("config "+rec.entry.ConfigSlug, t.CustomHost, p.Normalize(revealed(t.Fields)))
	}
	if err != nil {
		return d, err
	}
	if d.provider = p.For(&provider.Call{Base: d.base, Fields: d.fields}); d.provider != p && !d.serve(c) {
		return d, provider.Unsupported(d.provider, c.Op)
	}
	if d.endpoint.PricedAsAsked {
		d.priceModel = d.model
	}
	d.header = forwarded(c, t, stored)
	return d, nil
}

// checkURLs refuses fields of the request or its config that name a host which
// may not be called. Those of a stored credential were checked when it was saved.
func (g *Gateway) checkURLs(d *destination) error {
	for _, f := range d.provider.Fields {
		v := d.fields[f.Name]
		if !f.URL || v == "" || g.CheckHost == nil {
			continue
		}
		if err := g.CheckHost(v); err != nil {
			return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: f.Name, Code: "invalid_custom_host",
				Message: f.Name + " must be a base URL that may be called: " + err.Error()}
		}
	}
	return nil
}

// standIns are operations that a provider without them can still serve as
// another, translated.
var standIns = map[ai.Op]ai.Op{ai.CreateResponse: ai.Chat, ai.GetModel: ai.Models}

// serve decides which of the provider's operations serves the call: its own kind
// if the provider has it, else the one that stands in for it.
func (d *destination) serve(c *Call) (ok bool) {
	d.op = c.Op
	if d.endpoint, ok = d.provider.EndpointFor(d.op, c.Dialect, d.model); ok {
		return true
	}
	if other := standIns[c.Op]; other != "" {
		d.op = other
		d.endpoint, ok = d.provider.EndpointFor(d.op, c.Dialect, d.model)
	}
	return ok
}

// who decides which provider a target means, and with which stored credential:
// the target's own words first, else the request's headers, else a model of the
// form @slug/model.
func (g *Gateway) who(c *Call, t *route.Target, d *destination) (string, *directory.Integration, error) {
	ref, isSlug := firstOf(t.VirtualKey, t.Provider), t.VirtualKey != ""
	fromModel, bareModel, _ := route.SplitModel(d.model)
	if ref == "" {
		ref, isSlug = c.named(fromModel)
	}
	if ref == "" {
		return "", nil, &ai.Error{Kind: ai.Invalid, Code: "no_provider",
			Message: "Either x-portkey-config or x-portkey-provider header is required. Name a provider with x-portkey-provider, " +
				"x-portkey-virtual-key, a model of the form @slug/model, or a config"}
	}
	slug := strings.TrimPrefix(ref, "@")
	if fromModel != "" {
		if _, known := g.Directory.Integration(c.Key.Principal.WorkspaceID, fromModel); known {
			d.model = bareModel
		}
	}
	if !isSlug {
		return ref, nil, nil
	}
	stored, ok := g.Directory.Integration(c.Key.Principal.WorkspaceID, slug)
	if !ok {
		return "", nil, &ai.Error{Kind: ai.Invalid, Code: "virtual_key_not_found",
			Message: "Following keys are not valid: " + slug}
	}
	if !stored.ExpiresAt.IsZero() && time.Now().After(stored.ExpiresAt) {
		return "", nil, &ai.Error{Kind: ai.Unauthenticated, Type: "virtual_key_expired_error", Code: "01",
			Message: "Portkey Virtual Key " + slug + " expired"}
	}
	if stored.Unusable != "" {
		return "", nil, &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "virtual_key_unusable", Message: stored.Unusable}
	}
	return stored.Provider, stored, nil
}

func (d *destination) useStored(in *directory.Integration) error {
	own := d.provider.Normalize(in.Fields)
	d.fields = merge(own, d.fields)
	if err := d.keep("virtual key "+in.Slug, in.CustomHost, own); err != nil {
		return err
	}
	d.virtual = in.Slug
	d.key = in.Key
	d.base = firstOf(d.base, in.CustomHost)
	d.useDeployment(in.Deployments)
	return nil
}

// useDeployment chooses an Azure deployment: by alias, else the default, else
// the only one. A deployment named by the caller stands.
func (d *destination) useDeployment(all []directory.Deployment) {
	if len(all) == 0 || d.fields["deployment_id"] != "" {
		return
	}
	chosen := &all[0]
	for i := range all {
		if all[i].IsDefault {
			chosen = &all[i]
		}
	}
	for i := range all {
		if all[i].Alias != "" && all[i].Alias == d.model {
			chosen = &all[i]
		}
	}
	d.fields = merge(d.fields, map[string]string{"deployment_id": chosen.Name, "api_version": chosen.APIVersion})
	d.priceModel = chosen.ModelSlug
}

func (g *Gateway) unknownProvider(id string) error {
	message := "Invalid provider passed: " + quote(id)
	if near := g.Providers.Nearest(id); near != "" {
		message += "; did you mean " + near + "?"
	}
	return &ai.Error{Kind: ai.Invalid, Param: "provider", Code: "unknown_provider", Message: message}
}

// named is the provider that the request's own headers name, else the slug of
// its model.
func (c *Call) named(fromModel string) (ref string, isSlug bool) {
	ref = c.header("X-Portkey-Provider")
	if strings.HasPrefix(ref, "@") {
		return ref, true
	}
	if vk := c.header("X-Portkey-Virtual-Key"); vk != "" {
		return vk, true
	}
	if ref == "" && fromModel != "" {
		return fromModel, true
	}
	return ref, false
}

func revealed(fields map[string]ai.Secret) map[string]string {
	if len(fields) == 0 {
		return nil
	}
	out := make(map[string]string, len(fields))
	for k, v := range fields {
		out[k] = v.Reveal()
	}
	return out
}

// customHost is the caller's: the header beats the config.
func customHost(c *Call, t *route.Target) string {
	return firstOf(c.header("X-Portkey-Custom-Host"), t.CustomHost)
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// merge returns base with over's non-empty values on top. It copies only when
// both have something to say.
func merge(base, over map[string]string) map[string]string {
	if len(over) == 0 {
		return base
	}
	if len(base) == 0 {
		return over
	}
	out := make(map[string]string, len(base)+len(over))
	for k, v := range base {
		out[k] = v
	}
	for k, v := range over {
		if v != "" {
			out[k] = v
		}
	}
	return out
}
