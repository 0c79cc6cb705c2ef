package control

import (
	"encoding/json"
	"maps"
	"net"
	"net/url"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/directory"
	"github.com/portico-ai/portico/internal/secret"
)

// A credential is all that is secret in a virtual key. It exists in memory
// between opening and sealing only.
type credential struct {
	Key     string            `json:"key,omitempty"`
	Fields  map[string]string `json:"fields,omitempty"`
	Headers map[string]string `json:"headers,omitempty"` // custom headers; any may be one
}

func (c *credential) set(field, value string) {
	if c.Fields == nil {
		c.Fields = map[string]string{}
	}
	c.Fields[field] = value
}

func (c *credential) empty() bool { return c.Key == "" && len(c.Fields) == 0 && len(c.Headers) == 0 }

// merge takes over what was sent.
func (c *credential) merge(sent credential) {
	if sent.Key != "" {
		c.Key = sent.Key
	}
	fields := maps.Clone(c.Fields)
	for name, value := range sent.Fields {
		if fields == nil {
			fields = map[string]string{}
		}
		fields[name] = value
	}
	c.Fields = fields
	if sent.Headers != nil {
		c.Headers = sent.Headers
	}
}

// covers reports whether c has a value for every secret that held has. Headers
// that a caller removes on purpose do not count.
func (c *credential) covers(held credential) bool {
	if held.Key != "" && c.Key == "" || len(held.Headers) > 0 && c.Headers == nil {
		return false
	}
	for name := range held.Fields {
		if c.Fields[name] == "" {
			return false
		}
	}
	return true
}

// destination is where the secrets of k are sent: its own host, or the
// provider's, with the fields that decide which host that is.
func destination(info ProviderInfo, k *VirtualKey) string {
	if k.CustomHost != "" {
		return "host " + hostPort(k.CustomHost)
	}
	where := "provider " + info.ID
	for _, f := range info.fields() {
		if !f.Secret && info.decidesHost(f) {
			where += " " + f.Name + "=" + k.Fields[f.Name]
		}
	}
	return where
}

// hostPort is the origin of a URL that checkHost has accepted.
func hostPort(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func (k *VirtualKey) binding() secret.Binding {
	return secret.Binding{Tenant: k.OrgID + "/" + k.WorkspaceID, Kind: "virtual-key", ID: k.ID, Host: k.Destination}
}

// sealCredential stores the secrets in k, bound to where k sends them.
func (s *Service) sealCredential(k *VirtualKey, c credential) {
	info, _ := s.providers.Provider(k.Provider)
	k.Destination = destination(info, k)
	k.Sealed, k.Masked = "", ""
	if c.Key != "" {
		k.Masked = ai.NewSecret(c.Key).Hint()
	}
	if !c.empty() {
		plain, _ := json.Marshal(c) // maps of strings always marshal
		k.Sealed = s.ring.Load().data.Seal(plain, k.binding())
	}
}

func (s *Service) openCredential(k VirtualKey) (c credential, err error) {
	if k.Sealed == "" {
		return c, nil
	}
	plain, err := s.ring.Load().data.Open(k.Sealed, k.binding())
	if err == nil {
		err = json.Unmarshal(plain, &c)
	}
	if err != nil {
		return c, &ai.Error{Kind: ai.Internal, Op: "open virtual key " + k.ID, Message: "The secrets of this virtual key cannot be opened; send them again in a new one", Err: err}
	}
	return c, nil
}

// checkRequiredFields adds what a virtual key of the provider lacks of what is
// not secret.
func checkRequiredFields(bad *problems, info ProviderInfo, k VirtualKey) {
	for _, f := range info.fields() {
		if f.Required && !f.Secret && k.Fields[f.Name] == "" {
			bad.add(f.Name, "%s needs %s (%s)", info.Name, f.Name, f.Label)
		}
	}
}

// checkRequiredSecrets adds the secrets that it lacks.
func checkRequiredSecrets(bad *problems, info ProviderInfo, c credential) {
	for _, f := range info.fields() {
		switch {
		case !f.Required || !f.Secret:
		case f.Name == apiKeyField && c.Key == "":
			bad.add("key", "key is required: the API key of %s", info.Name)
		case f.Name != apiKeyField && c.Fields[f.Name] == "":
			bad.add(f.Name, "%s needs %s (%s)", info.Name, f.Name, f.Label)
		}
	}
}

const hostChanged = "the secrets of virtual key %s were dropped when its host changed; send them again with PUT /v1/virtual-keys/%s"

// integration is the data plane's view of a virtual key. One whose secrets do
// not open, or would go to a host they are not bound to, is there but unusable.
func (s *Service) integration(k VirtualKey) *directory.Integration {
	i := &directory.Integration{
		ID: k.ID, Slug: k.Slug, Name: k.Name, WorkspaceID: k.WorkspaceID, Provider: k.Provider,
		Fields: maps.Clone(k.Fields), CustomHost: k.CustomHost, Deployments: k.publicDeployments(), ExpiresAt: k.ExpiresAt,
	}
	c, err := s.openCredential(k)
	switch {
	case err != nil || k.CustomHost != "" && k.Destination != "host "+hostPort(k.CustomHost):
		s.log.Error("a virtual key cannot be opened", "virtual_key", k.ID, "error", err)
		i.Unusable = "the secrets of virtual key " + k.Slug + " cannot be opened"
		return i
	case k.Status == SecretMissing:
		i.Unusable = strings.ReplaceAll(hostChanged, "%s", k.Slug)
	}
	if i.Fields == nil {
		i.Fields = map[string]string{}
	}
	maps.Copy(i.Fields, c.Fields)
	i.Key, i.CustomHeaders = ai.NewSecret(c.Key), c.Headers
	return i
}

func (s *Service) publishVirtualKey(k VirtualKey) { s.directory.PutIntegration(s.integration(k)) }
