package provider

import (
	"net/http"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
)

// HeaderPrefix is the prefix of every header that is addressed to the gateway.
const HeaderPrefix = "X-Portkey-"

// FromHeader reads the row's fields from a client's x-portkey-* headers, and
// from the plain ones where the row allows it.
func (p *Provider) FromHeader(h http.Header) map[string]string {
	var out map[string]string
	for i := range p.Fields {
		f := &p.Fields[i]
		v := first(h[f.inKey])
		if v == "" && f.alsoKey != "" {
			v = first(h[f.alsoKey])
		}
		if v == "" && f.Plain {
			v = first(h[f.outKey])
		}
		if v == "" {
			continue
		}
		if out == nil {
			out = make(map[string]string, len(p.Fields))
		}
		out[f.Name] = v
	}
	return out
}

// CheckRequest refuses values that a request may not bring by itself.
func (p *Provider) CheckRequest(fields map[string]string) error {
	for i := range p.Fields {
		f := &p.Fields[i]
		if v := fields[f.Name]; v != "" && slices.Contains(f.StoredOnly, strings.ToLower(v)) && fields[f.StoredUnless] == "" {
			return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: f.Name, Code: "stored_only",
				Message: f.Name + " " + v + " uses an identity of the server's own: set it in a virtual key or a saved config, not in a request"}
		}
	}
	return nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// Normalize renames aliases of the row's fields to their names. Unknown keys
// are kept: they may belong to a later version.
func (p *Provider) Normalize(fields map[string]string) map[string]string {
	for i := range p.Fields {
		f := &p.Fields[i]
		if fields[f.Name] != "" {
			continue
		}
		for _, alias := range f.Aliases {
			if v := fields[alias]; v != "" {
				out := make(map[string]string, len(fields)+1)
				for k, v := range fields {
					out[k] = v
				}
				out[f.Name] = v
				fields = out
				break
			}
		}
	}
	return fields
}
