package control

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// keyField is what a provider needs that lists nothing.
var keyField = FieldInfo{Name: apiKeyField, Label: "API key", Secret: true, Required: true}

func (p ProviderInfo) fields() []FieldInfo {
	if p.Fields == nil {
		return []FieldInfo{keyField}
	}
	return p.Fields
}

// names are the spellings a field is accepted under: its own, and the one its
// header has.
func (f FieldInfo) names() []string {
	own := SnakeCase(f.Name)
	if header, ok := strings.CutPrefix(strings.ToLower(f.Header), "x-portkey-"); ok && SnakeCase(header) != own {
		return []string{own, SnakeCase(header)}
	}
	return []string{own}
}

// applyDetails takes the provider's own fields out of the input. Other details
// are ignored: clients leave all kinds of things in a body.
func applyDetails(bad *problems, k *VirtualKey, secrets *credential, info ProviderInfo, details map[string]json.RawMessage) {
	for _, f := range info.fields() {
		for _, name := range f.names() {
			raw, sent := details[name]
			if !sent || string(raw) == "null" {
				continue
			}
			text, ok := detailText(raw)
			if !ok {
				bad.add(name, "%s must be a string", name)
				continue
			}
			switch {
			case f.Name == apiKeyField:
				bad.checkSecret(name, text)
				secrets.Key = text
			case f.Secret:
				bad.checkSecret(name, text)
				secrets.set(f.Name, text)
			default:
				bad.checkField(info, f.Name, name, text)
				k.setField(f.Name, text)
			}
		}
	}
}

// detailText accepts a string, or an object where a provider takes JSON as
// text, such as a service account.
func detailText(raw json.RawMessage) (string, bool) {
	switch v := gjson.ParseBytes(raw); {
	case v.Type == gjson.String:
		return v.String(), true
	case v.IsObject():
		return v.Get("@ugly").Raw, true
	}
	return "", false
}

func (k *VirtualKey) setField(name, text string) {
	if text == "" {
		delete(k.Fields, name)
	} else {
		k.Fields[name] = text
	}
}

var (
	hostPart   = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)
	headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
)

// hasControl reports whether a value cannot be sent in a header.
func hasControl(value string) bool {
	return strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// checkField keeps a field that becomes part of the host from becoming more.
func (p *problems) checkField(info ProviderInfo, field, path, text string) {
	if strings.Contains(hostOf(info.BaseURL), "{"+field+"}") && !hostPart.MatchString(text) {
		p.add(path, "%s becomes part of a host name: letters, digits, dots and dashes only", path)
	}
	if len(text) > 16<<10 || strings.ContainsAny(text, "\r\n\x00") && !gjson.Valid(text) {
		p.add(path, "%s is too long or has line breaks", path)
	}
}

// decidesHost reports whether the field is part of the host that secrets are
// sent to, or names that host.
func (p ProviderInfo) decidesHost(f FieldInfo) bool {
	placeholder := "{" + f.Name + "}"
	if strings.Contains(hostOf(p.BaseURL), placeholder) || strings.HasPrefix(p.BaseURL, placeholder) {
		return true
	}
	name := SnakeCase(f.Name)
	return strings.HasSuffix(name, "_url") || strings.HasSuffix(name, "_host") || strings.HasSuffix(name, "_endpoint")
}

// hostOf is the host of a base URL that may have placeholders.
func hostOf(base string) string {
	_, rest, _ := strings.Cut(base, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// checkSecret refuses a secret that could not be sent in a header, and a mask.
func (p *problems) checkSecret(path, value string) {
	switch {
	case strings.Contains(value, "*****"):
		p.add(path, "this is a mask, not a secret; leave %s out to keep the stored one", path)
	case len(value) > 16<<10:
		p.add(path, "%s is longer than 16 KiB", path)
	case !gjson.Valid(value) && hasControl(value):
		p.add(path, "%s has line breaks or control characters", path)
	}
}

// checkURLs judges the fields that are the provider's base URL as a custom host.
func (p *problems) checkURLs(info ProviderInfo, fields map[string]string, judge func(url string) error) {
	for _, f := range info.fields() {
		if strings.HasPrefix(info.BaseURL, "{"+f.Name+"}") {
			p.checkHost(f.Name, fields[f.Name], judge)
		}
	}
}

func (p *problems) checkHost(path, host string, judge func(url string) error) {
	if host == "" {
		return
	}
	u, err := url.Parse(host)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		p.add(path, "%s is a base URL such as https://llm.example.com/v1, without user, query or fragment", path)
		return
	}
	if judge != nil {
		if err := judge(host); err != nil {
			p.add(path, "%v", err)
		}
	}
}

func (p *problems) checkHeaders(headers map[string]string) {
	for name, value := range headers {
		if !headerName.MatchString(name) || hasControl(value) {
			p.add("custom_headers."+name, "this is not a valid HTTP header")
		}
	}
}

// applyDeployments sets the deployments, from their list or from the fields of
// a single one.
func applyDeployments(bad *problems, k *VirtualKey, in VirtualKeyInput) {
	list := in.Deployments
	if list == nil {
		one := Deployment{IsDefault: true}
		one.Name, _ = detailText(in.Details["deployment_name"])
		one.APIVersion, _ = detailText(in.Details["api_version"])
		if one.Name == "" {
			return
		}
		list = &[]Deployment{one}
	}
	aliases, defaults := map[string]bool{}, 0
	for i, d := range *list {
		path := "deployment_config[" + strconv.Itoa(i) + "]"
		if d.Name == "" {
			bad.add(path+".deploymentName", "deploymentName is required")
		}
		if d.APIVersion == "" && in.Deployments != nil {
			bad.add(path+".apiVersion", "apiVersion is required")
		}
		if d.Alias != "" && aliases[d.Alias] {
			bad.add(path+".alias", "the alias %q is there twice", d.Alias)
		}
		aliases[d.Alias] = true
		if d.IsDefault {
			defaults++
		}
	}
	if defaults > 1 {
		bad.add("deployment_config", "only one deployment can be the default")
	}
	k.Deployments = *list
}
