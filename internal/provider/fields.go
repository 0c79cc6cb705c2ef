package provider

import "net/http"

// HeaderPrefix is the prefix of every header that is addressed to the gateway.
const HeaderPrefix = "X-Portkey-"

// FromHeader reads the row's fields from a client's x-portkey-* headers, and
// from the plain ones where the row allows it.
func (p *Provider) FromHeader(h http.Header) map[string]string {
	var out map[string]string
	for i := range p.Fields {
		f := &p.Fields[i]
		v := first(h[f.inKey])
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
