package control

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/secret"
	"github.com/tidwall/gjson"
)

// maskStars is what a masked secret contains, as ai.Secret.Hint writes it.
const maskStars = "********"

func (v ConfigVersion) binding() secret.Binding {
	return secret.Binding{Tenant: v.OrgID + "/" + v.WorkspaceID, Kind: "config", ID: v.ID}
}

func (s *Service) openVersion(v ConfigVersion) ([]byte, error) {
	body, err := s.ring.Load().data.Open(v.Body, v.binding())
	if err != nil {
		return nil, &ai.Error{Kind: ai.Internal, Op: "open config version " + v.ID, Message: "This config cannot be opened", Err: err}
	}
	return body, nil
}

// maskVersion opens a stored version and hides the secrets in it.
func (s *Service) maskVersion(v *ConfigVersion) error {
	body, err := s.openVersion(*v)
	if err != nil {
		return err
	}
	v.Body = string(s.secretNames().rewrite(body, func(f foundSecret) []byte { return jsonText(f.hint()) }))
	return nil
}

// unmaskConfig puts the secrets of old back where body has their masks. A
// secret comes back only where it would be sent to the same destination:
// otherwise a mask would be a way to send it anywhere.
func (s *Service) unmaskConfig(body, old []byte) ([]byte, error) {
	names := s.secretNames()
	var kept []foundSecret
	names.rewrite(old, func(f foundSecret) []byte {
		kept = append(kept, f)
		return f.raw
	})
	var bad problems
	out := names.rewrite(body, func(f foundSecret) []byte {
		if !strings.Contains(f.value, maskStars) {
			return f.raw
		}
		if k := unmask(f, kept); k != nil {
			return k.raw
		}
		bad.add(f.path, "this is the mask of a secret that is not stored for this destination; send the secret itself")
		return f.raw
	})
	return out, bad.err()
}

// unmask finds the kept secret that f is the mask of: the one at the same path,
// else the only one that fits; nil if there is none.
func unmask(f foundSecret, kept []foundSecret) *foundSecret {
	var only *foundSecret
	for i := range kept {
		k := &kept[i]
		if k.name != f.name || k.destination != f.destination || k.hint() != f.value {
			continue
		}
		if k.path == f.path {
			return k
		}
		if only != nil && only.value != k.value {
			return nil
		}
		only = k
	}
	return only
}

// A foundSecret is a secret inside a config.
type foundSecret struct {
	path, name, value string
	raw               []byte // as it stands in the JSON
	destination       string // whatever decides where it is sent
}

func (f *foundSecret) hint() string { return ai.NewSecret(f.value).Hint() }

func jsonText(s string) []byte { return gjson.AppendJSONString(nil, s) }

// secretNames tells the fields of a config that are secret, and those that say
// where a secret goes.
type secretNames struct{ secret, destination map[string]bool }

func (s *Service) secretNames() secretNames {
	n := secretNames{
		secret:      map[string]bool{apiKeyField: true, "authorization": true, "x_api_key": true},
		destination: map[string]bool{"provider": true},
	}
	for _, p := range s.providers.Providers() {
		for _, f := range p.Fields {
			for _, name := range f.names() {
				if f.Secret {
					n.secret[name] = true
				} else if p.decidesHost(f) {
					n.destination[name] = true
				}
			}
		}
	}
	return n
}

// secretEndings mark fields of guardrails and headers, which no provider lists.
var secretEndings = []string{"_api_key", "_secret", "_password", "_access_key", "_auth_token", "_ad_token", "_session_token", "_account_json"}

func (n secretNames) isSecret(name string) bool {
	return n.secret[name] || slices.ContainsFunc(secretEndings, func(end string) bool { return strings.HasSuffix(name, end) })
}

// rewrite replaces every secret in a JSON document. Everything else keeps its
// bytes and order. It returns what is not JSON unchanged.
func (n secretNames) rewrite(doc []byte, replace func(foundSecret) []byte) []byte {
	if !gjson.ValidBytes(doc) {
		return doc
	}
	w := rewriter{names: n, replace: replace}
	w.value(gjson.ParseBytes(doc), "config", "")
	return w.out.Bytes()
}

type rewriter struct {
	names   secretNames
	replace func(foundSecret) []byte
	out     bytes.Buffer
}

// value copies v. host is the custom host in force, which targets inherit.
func (w *rewriter) value(v gjson.Result, path, host string) {
	switch {
	case v.IsObject():
		w.object(v, path, host)
	case v.IsArray():
		w.array(v, path, host)
	default:
		w.out.WriteString(v.Raw)
	}
}

func (w *rewriter) array(v gjson.Result, path, host string) {
	w.out.WriteByte('[')
	for i, element := range v.Array() {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.value(element, fmt.Sprintf("%s[%d]", path, i), host)
	}
	w.out.WriteByte(']')
}

func (w *rewriter) object(v gjson.Result, path, host string) {
	destination := []string{}
	v.ForEach(func(key, value gjson.Result) bool {
		switch name := SnakeCase(key.String()); {
		case name == "custom_host":
			host = value.String()
		case w.names.destination[name]:
			destination = append(destination, name+"="+value.String())
		}
		return true
	})
	slices.Sort(destination)
	where := strings.Join(append(destination, "custom_host="+host), "\n")
	w.out.WriteByte('{')
	first := true
	v.ForEach(func(key, value gjson.Result) bool {
		if !first {
			w.out.WriteByte(',')
		}
		first = false
		w.out.WriteString(key.Raw)
		w.out.WriteByte(':')
		w.member(SnakeCase(key.String()), value, path+"."+key.String(), host, where)
		return true
	})
	w.out.WriteByte('}')
}

func (w *rewriter) member(name string, value gjson.Result, path, host, where string) {
	// A tool's schema may have a property called api_key; only text is a secret,
	// and an object where a field takes JSON.
	secret := value.Type == gjson.String && value.String() != "" || value.IsObject() && strings.HasSuffix(name, "_json")
	if !secret || !w.names.isSecret(name) {
		w.value(value, path, host)
		return
	}
	w.out.Write(w.replace(foundSecret{path, name, value.String(), []byte(value.Raw), where}))
}
