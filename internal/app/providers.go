package app

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/provider/mock"
)

// openEgress makes the one client that connects to the outside, and the
// providers that call through it.
func (a *App) openEgress(context.Context) error {
	rules, err := egress.ParseAllow(a.cfg.EgressAllow)
	if err != nil {
		return err
	}
	policy := &egress.Policy{Allow: rules}
	for id, base := range a.cfg.ProviderBases {
		host, err := hostPort(base)
		if err != nil {
			return fmt.Errorf("base URL of provider %s: %w", id, err)
		}
		if err := policy.Trust(host); err != nil {
			return fmt.Errorf("base URL of provider %s: %w", id, err)
		}
	}
	a.policy = policy
	a.http = egress.New(policy, egress.Options{Lean: true, Handlers: map[string]http.Handler{provider.MockHost: mock.New(nil)}})
	if a.rows, err = all.New(signing(policy)); err != nil {
		return err
	}
	a.providers, err = a.rows.WithBases(a.cfg.ProviderBases)
	return err
}

// checkHost judges a custom host that a caller or a config names.
func (a *App) checkHost(raw string) error {
	_, err := a.policy.CheckURL(raw)
	return err
}

func hostPort(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", fmt.Errorf("%q must start with http:// or https:// and name a host", base)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

// providerInfos shows the provider table to the control plane: the rows' own base
// URLs, since those decide which host a secret is bound to.
type providerInfos struct{ registry *provider.Registry }

// Provider implements control.Providers.
func (p providerInfos) Provider(id string) (control.ProviderInfo, bool) {
	row, ok := p.registry.Get(id)
	if !ok {
		return control.ProviderInfo{}, false
	}
	info := control.ProviderInfo{ID: row.ID, Name: row.Name, Docs: row.Docs, BaseURL: row.Base, Ops: slices.Sorted(maps.Keys(row.Ops))}
	info.Fields = append(info.Fields, control.FieldInfo{
		Name: "api_key", Label: "API key", Secret: true, Required: !row.Quirks.NoKey && !row.Quirks.OptionalKey,
		Help: "The provider's own key; it is sealed and never shown again",
	})
	for _, f := range row.Fields {
		info.Fields = append(info.Fields, control.FieldInfo{
			Name: f.Name, Header: f.Header, Label: f.Label, Secret: f.Secret, Required: f.Required, Help: f.Help,
		})
	}
	if row.Base == "" {
		info.Fields = append(info.Fields, control.FieldInfo{Name: "custom_host", Header: "custom-host", Label: "Base URL", Required: true,
			Help: "Where the server runs, such as http://localhost:11434"})
	}
	return info, true
}

// Providers implements control.Providers.
func (p providerInfos) Providers() []control.ProviderInfo {
	var out []control.ProviderInfo
	for _, id := range p.registry.IDs() {
		info, _ := p.Provider(id)
		out = append(out, info)
	}
	return out
}
