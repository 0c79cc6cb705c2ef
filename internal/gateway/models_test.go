package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/gateway"
)

func (r *rig) retrieve(client ai.Dialect, model string, headers ...string) *gateway.Call {
	c := r.chat("", headers...)
	c.Op, c.Dialect, c.Method, c.Path, c.Model = ai.GetModel, client, "GET", "/v1/models/"+model, model
	return c
}

// A single model is told in the client's format, by the provider where one is
// named, else from what is known here.
func TestOneModel(t *testing.T) {
	const (
		one  = `{"id":"gpt-4o","object":"model","created":1715367049,"owned_by":"system"}`
		list = `{"object":"list","data":[{"id":"other","object":"model"},` + one + `]}`
	)
	for name, test := range map[string]struct {
		provider, reply string
		call            func(*rig) *gateway.Call
		status          int
		want, path      string // path is "" if no provider is called
	}{
		"the provider's own": {"openai", one, func(r *rig) *gateway.Call {
			return r.retrieve(ai.OpenAI, "gpt-4o", "x-portkey-virtual-key", "my-openai")
		}, 200, one, "/v1/models/gpt-4o"},
		"for Anthropic's client": {"openai", one, func(r *rig) *gateway.Call {
			return r.retrieve(ai.Anthropic, "gpt-4o", "x-portkey-virtual-key", "my-openai")
		}, 200, `{"type":"model","id":"gpt-4o","display_name":"gpt-4o","created_at":"2024-05-10T18:50:49Z"}`, "/v1/models/gpt-4o"},
		"from the provider's list": {"together-ai", list, func(r *rig) *gateway.Call {
			return r.retrieve(ai.OpenAI, "gpt-4o", "x-portkey-virtual-key", "my-together-ai")
		}, 200, one, "/v1/v1/models"},
		"not in the provider's list": {"together-ai", list, func(r *rig) *gateway.Call {
			return r.retrieve(ai.OpenAI, "gpt-5", "x-portkey-virtual-key", "my-together-ai")
		}, 404, `"code":"model_not_found"`, "/v1/v1/models"},
		"Google's": {"google", `{"name":"models/gemini-2.5-flash","displayName":"G"}`, func(r *rig) *gateway.Call {
			return r.retrieve(ai.Gemini, "gemini-2.5-flash", "x-portkey-virtual-key", "my-google")
		}, 200, `{"name":"models/gemini-2.5-flash","displayName":"G"}`, "/v1/models/gemini-2.5-flash"},
		"known here": {"openai", one, func(r *rig) *gateway.Call { return r.retrieve(ai.OpenAI, "@my-openai/gpt-4o") },
			200, `{"id":"@my-openai/gpt-4o","slug":"gpt-4o",`, ""},
		"known here, by its name": {"openai", one, func(r *rig) *gateway.Call { return r.retrieve(ai.Gemini, "gpt-4o") },
			200, `{"name":"models/@my-openai/gpt-4o",`, ""},
		"known to the provider alone": {"openai", one, func(r *rig) *gateway.Call { return r.retrieve(ai.OpenAI, "@my-openai/ft:gpt-4o:acme") },
			200, one, "/v1/models/ft:gpt-4o:acme"},
		"not known": {"openai", one, func(r *rig) *gateway.Call { return r.retrieve(ai.OpenAI, "nothing") },
			404, `"code":"model_not_found"`, ""},
		"not known to Anthropic's client": {"openai", one, func(r *rig) *gateway.Call { return r.retrieve(ai.Anthropic, "@nobody/m") },
			404, `"type":"not_found_error"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{test.provider: reply(200, test.reply)})
			status, _, body := r.answer(t, test.call(r))
			if status != test.status || !strings.Contains(body, test.want) {
				t.Errorf("%d %s", status, body)
			}
			path := ""
			select {
			case seen := <-r.requests:
				path = seen.Method + " " + seen.URL.Path
			default:
			}
			if want := test.path; want == "" && path != "" || want != "" && path != "GET "+want {
				t.Errorf("the provider was asked for %q", path)
			}
		})
	}
}

// The list has Anthropic's shape for its clients.
func TestModelsOfAnthropicsClients(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, `{}`)})
	c := r.retrieve(ai.Anthropic, "")
	c.Op = ai.Models
	status, _, body := r.answer(t, c)
	if status != 200 || !strings.Contains(body, `{"type":"model","id":"@my-openai/gpt-4o","display_name":"@my-openai/gpt-4o",`) || !strings.HasSuffix(body, `"has_more":false}`) {
		t.Errorf("%d %.300s", status, body)
	}
}
