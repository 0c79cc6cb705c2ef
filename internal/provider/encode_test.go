package provider_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/sign"
)

// row has every kind of field and placeholder that a row may have. Like any row
// it is used through a registry.
func row() *provider.Provider {
	p := &provider.Provider{
		ID: "example", Name: "Example", Docs: "https://example.com/docs", Base: "https://{region}.example.com/{project}/v1",
		Fields: []provider.Field{
			{Name: "region", Header: "example-region", Default: "eu", URLPart: true},
			{Name: "project", Header: "example-project", Aliases: []string{"example_project", "project_id"}, URLPart: true, Required: true},
			{Name: "zone", URLPart: true, Required: true},
			{Name: "beta", Header: "example-beta", Send: "X-Beta", Plain: true},
			{Name: "team", Header: "example-team", Send: "X-Team", Default: "none"},
		},
		Ops: map[ai.Op]provider.Endpoint{
			ai.Chat:   {Dialect: ai.OpenAI, Path: "/zones/{zone}/models/{model}/chat"},
			ai.Models: {Dialect: ai.OpenAI, Path: "/models", Method: http.MethodGet},
		},
	}
	if _, err := provider.NewRegistry(p); err != nil {
		panic(err)
	}
	return p
}

func TestEncodeFillsTheURL(t *testing.T) {
	needed := map[string]string{"project": "p", "zone": "z"}
	for _, c := range []struct {
		name string
		call provider.Call
		more map[string]string
		want string
	}{
		{name: "default", call: provider.Call{Op: ai.Chat, Model: "m"}, want: "https://eu.example.com/p/v1/zones/z/models/m/chat"},
		{name: "field", call: provider.Call{Op: ai.Chat, Model: "m"}, more: map[string]string{"region": "us-1.a_b"}, want: "https://us-1.a_b.example.com/p/v1/zones/z/models/m/chat"},
		{name: "model is one segment", call: provider.Call{Op: ai.Chat, Model: "a/../b?c#d e%2f"}, want: "https://eu.example.com/p/v1/zones/z/models/a%2F..%2Fb%3Fc%23d%20e%252f/chat"},
		{name: "own base", call: provider.Call{Op: ai.Models, Base: "http://127.0.0.1:9/root/"}, want: "http://127.0.0.1:9/root/models"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.call.Key, c.call.Fields = ai.NewSecret("k"), map[string]string{}
			for _, from := range []map[string]string{needed, c.more} {
				for k, v := range from {
					c.call.Fields[k] = v
				}
			}
			r, err := row().Encode(t.Context(), &c.call)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.URL.String(); got != c.want || r.Host != r.URL.Host {
				t.Errorf("got %s (host %s), want %s", got, r.Host, c.want)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, c := range []struct {
		name, field, value, param, message string
	}{
		{name: "missing in the base", field: "project", param: "project", message: "Example needs project: set project in the config's target or the virtual key, or the header x-portkey-example-project"},
		{name: "missing in the path", field: "zone", param: "zone", message: "Example needs zone: set zone in the config's target or the virtual key"},
		{name: "another host", field: "region", value: "evil.example#", param: "region", message: "region may hold only letters, digits, '-', '_' and '.'"},
		{name: "up the path", field: "zone", value: "x/..", param: "zone", message: "zone may hold only letters, digits, '-', '_' and '.'"},
		{name: "user info", field: "region", value: "a@b", param: "region", message: "region may hold only letters, digits, '-', '_' and '.'"},
		{name: "letters that only look like it", field: "region", value: "\u0435u", param: "region", message: "region may hold only letters, digits, '-', '_' and '.'"},
		{name: "dots", field: "zone", value: "..", param: "zone", message: "zone may hold only letters, digits, '-', '_' and '.'"},
		{name: "no model", field: "model", param: "model", message: "model must name a model of Example: it is part of the URL"},
		{name: "model that is a step up", field: "model", value: "..", param: "model", message: "model must name a model of Example: it is part of the URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := &provider.Call{Op: ai.Chat, Model: "m", Key: ai.NewSecret("k"), Fields: map[string]string{"project": "p", "zone": "z"}}
			if c.field == "model" {
				call.Model = c.value
			} else {
				call.Fields[c.field] = c.value
			}
			_, err := row().Encode(t.Context(), call)
			e, ok := errors.AsType[*ai.Error](err)
			if !ok || e.Kind != ai.Invalid || e.Param != c.param || e.Message != c.message {
				t.Errorf("got %+v, want %s: %s", e, c.param, c.message)
			}
		})
	}
}

// The headers of a request are, from weak to strong: content type, the row's
// fields, what is forwarded, the signature.
func TestNewRequestHeaders(t *testing.T) {
	p := row()
	p.Sign = sign.Header("X-Key")
	c := &provider.Call{
		Op: ai.Chat, Body: []byte("{}"), Key: ai.NewSecret("k"), Fields: map[string]string{"beta": "b"},
		Header: http.Header{"Content-Type": {"application/vnd"}, "X-Beta": {"forwarded"}, "X-Key": {"forwarded"}, "Accept": {"a", "b"}},
	}
	r, err := provider.NewRequest(t.Context(), p, c, "", "https://example.com/x")
	if err != nil {
		t.Fatal(err)
	}
	want := http.Header{"Content-Type": {"application/vnd"}, "X-Beta": {"forwarded"}, "X-Team": {"none"}, "X-Key": {"k"}, "Accept": {"a", "b"}}
	if diff := cmp.Diff(want, r.Header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Method != http.MethodPost || c.Header.Get("X-Key") != "forwarded" {
		t.Errorf("method %s; the call's own headers: %v", r.Method, c.Header)
	}
}

func TestNewRequestRefusesBadURLs(t *testing.T) {
	_, err := provider.NewRequest(t.Context(), row(), &provider.Call{Key: ai.NewSecret("k")}, "", "https://exa mple.com/\x7f")
	e, ok := errors.AsType[*ai.Error](err)
	if !ok || e.Kind != ai.Invalid || !strings.Contains(e.Message, "example") {
		t.Errorf("got %v", err)
	}
}

// A body that is empty has a length, and one that a client sends with DELETE is
// not lost.
func TestBodies(t *testing.T) {
	for _, c := range []struct {
		method, body string
		none         bool
	}{
		{"POST", "", true}, {"PUT", "", true}, {"DELETE", "", true}, {"GET", "", true}, {"POST", "{}", false}, {"DELETE", "{}", false},
	} {
		r, err := row().Encode(t.Context(), &provider.Call{Op: ai.Proxy, Method: c.method, Rest: "/x", Body: []byte(c.body), Key: ai.NewSecret("k"),
			Fields: map[string]string{"project": "p", "zone": "z"}})
		if err != nil {
			t.Fatal(err)
		}
		if none := r.Body == nil || r.Body == http.NoBody; none != c.none || r.ContentLength != int64(len(c.body)) {
			t.Errorf("%s %q: length %d, none %v", c.method, c.body, r.ContentLength, none)
		}
	}
}
