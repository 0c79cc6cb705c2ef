package gateway

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
)

// keep refuses a call that would send a stored secret to another host than the
// one it is stored for. what names where the secret is stored; base is its own
// custom host, "" for the provider's; fields are those stored with it.
func (d *destination) keep(what, base string, fields map[string]string) error {
	for _, f := range d.provider.Fields {
		if f.Bound && d.fields[f.Name] != fields[f.Name] {
			return notBound(what, f.Name)
		}
	}
	if d.base != "" {
		if base == "" {
			base, _ = d.provider.Expand(d.provider.Base, fields) // without its fields there is no host to be the same
		}
		if sameHost(d.base, base) {
			return nil
		}
		return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "custom_host", Code: "custom_host_not_bound",
			Message: "custom_host is not the host that " + what + " is bound to; a stored secret is sent only there. " +
				"Set custom_host in the " + what + " itself, or send the provider's key with the request"}
	}
	if base != "" {
		return nil
	}
	for _, f := range d.provider.Fields {
		if strings.Contains(d.provider.Base, "{"+f.Name+"}") && d.fields[f.Name] != fields[f.Name] {
			return notBound(what, f.Name)
		}
	}
	return nil
}

func notBound(what, field string) error {
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: field, Code: "field_not_bound",
		Message: field + " is not the one that " + what + " is bound to; a stored secret is used only so. " +
			"Set " + field + " in the " + what + " itself, or send the provider's key with the request"}
}

func sameHost(a, b string) bool {
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	return errA == nil && errB == nil && ua.Scheme == ub.Scheme && strings.EqualFold(ua.Host, ub.Host)
}

// shortest is the length below which a secret is not looked for: it would be
// found in innocent text.
const shortest = 12

// secrets yields what an attempt proves itself with.
func (d *destination) secrets(yield func(string) bool) {
	if v := bare(d.key.Reveal()); len(v) >= shortest && !yield(v) {
		return
	}
	for _, f := range d.provider.Fields {
		if v := d.fields[f.Name]; f.Secret && len(v) >= shortest && !yield(v) {
			return
		}
	}
}

// mask hides an attempt's secrets in a text that came back.
func (d *destination) mask(text string) string {
	for v := range d.secrets {
		text = strings.ReplaceAll(text, v, ai.NewSecret(v).Hint())
	}
	return text
}

// maskBody is mask for a body, which it returns itself if it holds none.
func (d *destination) maskBody(b []byte) []byte {
	for v := range d.secrets {
		if bytes.Contains(b, []byte(v)) {
			b = bytes.ReplaceAll(b, []byte(v), []byte(ai.NewSecret(v).Hint()))
		}
	}
	return b
}

func (d *destination) maskHeader(h http.Header) {
	for _, values := range h {
		for i, v := range values {
			values[i] = d.mask(v)
		}
	}
}
