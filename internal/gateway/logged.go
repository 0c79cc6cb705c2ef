package gateway

import (
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/provider"
)

const loggedPrefix = "X-Portkey-"

// loggedHeaders are the x-portkey-* headers of a request as its log shows them:
// without the caller's key, and with every other secret masked.
func (g *Gateway) loggedHeaders(c *Call) map[string]string {
	out := make(map[string]string, 8)
	for name, values := range c.Headers {
		short, ours := strings.CutPrefix(name, loggedPrefix)
		if !ours || short == "Api-Key" || len(values) == 0 {
			continue
		}
		value := values[0]
		switch {
		case short == "Config" && (strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[")):
			value = g.inline.shown(value)
		case g.secrets.header[short]:
			value = ai.NewSecret(value).Hint()
		}
		out[lower(name)] = value
	}
	return out
}

// lowered holds the names that nearly every request carries, so that writing
// them in lower case allocates nothing.
var lowered = func() map[string]string {
	m := map[string]string{}
	for _, name := range []string{"provider", "virtual-key", "config", "trace-id", "span-id", "span-name", "parent-span-id", "metadata",
		"package-version", "runtime", "runtime-version", "strict-open-ai-compliance", "custom-host", "request-timeout", "forward-headers",
		"debug", "cache-namespace", "cache-force-refresh"} {
		m[http.CanonicalHeaderKey(loggedPrefix+name)] = strings.ToLower(loggedPrefix) + name
	}
	return m
}()

func lower(canonical string) string {
	if s, ok := lowered[canonical]; ok {
		return s
	}
	return strings.ToLower(canonical)
}

// secretNames are the headers and config keys whose values are secrets: those of
// every provider's secret fields.
type secretNames struct {
	header map[string]bool // canonical, without the prefix
	key    map[string]bool
}

func newSecretNames(providers *provider.Registry) secretNames {
	s := secretNames{header: map[string]bool{}, key: map[string]bool{"api_key": true}}
	for _, id := range providers.IDs() {
		p, _ := providers.Get(id)
		for _, f := range p.Fields {
			if !f.Secret {
				continue
			}
			s.header[http.CanonicalHeaderKey(f.Header)] = true
			s.key[f.Name] = true
			for _, alias := range f.Aliases {
				s.key[alias] = true
			}
		}
	}
	return s
}

// hint stands for a secret. One that is no string is a mistake, but no less secret.
func hint(value []byte) string {
	if jsonedit.Kind(value) != '"' {
		return ai.NewSecret(string(value)).Hint()
	}
	return ai.NewSecret(jsonedit.Text(value)).Hint()
}

// mask appends a JSON document with the values of secret keys masked.
func (s secretNames) mask(dst, doc []byte) []byte {
	switch jsonedit.Kind(doc) {
	case '{':
		dst = append(dst, '{')
		n := 0
		for key, value := range jsonedit.Members(doc) {
			if n++; n > 1 {
				dst = append(dst, ',')
			}
			dst = append(jsonedit.AppendString(dst, string(key)), ':')
			if s.key[string(key)] {
				dst = jsonedit.AppendString(dst, hint(value))
				continue
			}
			dst = s.mask(dst, value)
		}
		return append(dst, '}')
	case '[':
		dst = append(dst, '[')
		n := 0
		for value := range jsonedit.Elements(doc) {
			if n++; n > 1 {
				dst = append(dst, ',')
			}
			dst = s.mask(dst, value)
		}
		return append(dst, ']')
	}
	return append(dst, doc...)
}
