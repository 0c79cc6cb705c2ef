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
	v.Body = string(s.secretNames().rewrite(body, func(f foundSecret) string { return ai.NewSecret(f.value).Hint() }))
	return nil
}

// unmaskConfig puts the secrets of old back where body has their masks. A
// secret comes back only where it would be sent to the same destination:
// otherwise a mask would be a way to send it anywhere.
func (s *Service) unmaskConfig(body, old []byte) ([]byte, error) {
	names := s.secretNames()
	var kept []foundSecret
	names.rewrite(old, func(f foundSecret) string {
		kept = append(kept, f)
		return f.value
	})
	var bad problems
	out := names.rewrite(body, func(f foundSecret) string {
		if !strings.Contains(f.value, maskStars) {
			return f.value
		}
		value, ok := unmask(f, kept)
		if !ok {
			bad.add(f.path, "this is the mask of a secret that is not stored for this destination; send the secret itself")
		}
		return value
	})
	return out, bad.err()
}

func unmask(f foundSecret, kept []foundSecret) (string, bool) {
	var candidates []string
	for _, k := range kept {
		if k.name != f.name || k.destination != f.destination || ai.NewSecret(k.value).Hint() != f.value {
			continue
		}
		if k.path == f.path {
			return k.value, true
		}
		if !slices.Contains(candidates, k.value) {
			candidates = append(candidates, k.value)
		}
	}
	if len(candidates) != 1 {
		return "", false
	}
	return candidates[0], true
}

// A foundSecret is a secret inside a config.
type foundSecret struct {
	path, name, value string
	destination       string // whatever decides where it is sent
}

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
				} else {
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
func (n secretNames) rewrite(doc []byte, replace func(foundSecret) string) []byte {
	if !gjson.ValidBytes(doc) {
		return doc
	}
	w := rewriter{names: n, replace: replace}
	w.value(gjson.ParseBytes(doc), "config", "")
	return w.out.Bytes()
}

type rewriter struct {
	names   secretNames
	replace func(foundSecret) string
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
	text, isText := value.String(), value.Type == gjson.String
	if !w.names.isSecret(name) || value.Type == gjson.Null || text == "" {
		w.value(value, path, host)
		return
	}
	if new := w.replace(foundSecret{path, name, text, where}); new != text || isText {
		w.out.Write(gjson.AppendJSONString(nil, new))
	} else {
		w.out.WriteString(value.Raw)
	}
}
