package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/portico-ai/portico/test/upstream"
)

// forbiddenHosts are spellings of places that no caller may send the gateway to.
// PORT is the canaries' port.
var forbiddenHosts = []string{
	"http://127.0.0.1:PORT/v1", "https://127.0.0.1:PORT", "http://127.0.0.7:PORT", "http://localhost:PORT", "http://LOCALHOST:PORT",
	"http://x.localhost:PORT", "http://localhost.:PORT", "http://127.0.0.1.:PORT",
	"http://2130706433:PORT", "http://0x7f000001:PORT", "http://0x7f.0.0.1:PORT", "http://017700000001:PORT", "http://0177.0.0.1:PORT",
	"http://127.1:PORT", "http://127.0.1:PORT", "http://127.000.000.001:PORT", "http://0:PORT", "http://0.0.0.0:PORT",
	"http://[::1]:PORT", "http://[::]:PORT", "http://[::ffff:127.0.0.1]:PORT", "http://[::ffff:7f00:1]:PORT", "http://[::127.0.0.1]:PORT",
	"http://[64:ff9b::7f00:1]:PORT", "http://[2002:7f00:1::]:PORT", "http://[fe80::1%25lo]:PORT", "http://[fd00:ec2::254]", "http://[::1:PORT",
	"http://169.254.169.254/latest", "http://0xa9fea9fe", "http://2852039166", "http://[::ffff:169.254.169.254]", "http://100.100.100.200",
	"http://192.0.0.192", "http://168.63.129.16", "http://metadata.google.internal/computeMetadata/v1", "http://metadata", "http://instance-data",
	"http://METADATA.google.internal", "http://10.0.0.1", "http://172.16.0.1", "http://192.168.1.1", "http://100.64.0.1", "http://198.18.0.1", "http://240.0.0.1",
	"http://224.0.0.1", "http://255.255.255.255", "http://service.internal", "http://printer.local", "http://db.svc.cluster.local",
	"http://user:pass@127.0.0.1:PORT", "http://api.openai.com@127.0.0.1:PORT", "http://127.0.0.1:PORT#@api.openai.com", `http://127.0.0.1:PORT\@api.openai.com`,
	"http://api.openai.com:PORT@127.0.0.1", "//127.0.0.1:PORT", "127.0.0.1:PORT", "file:///etc/passwd", "gopher://127.0.0.1:PORT", "ftp://127.0.0.1:PORT",
	"unix:///tmp/x.sock", "http://", "http:///v1", "http://127.0.0.1:0", "http://127.0.0.1:99999", "http://127.0.0.1:PORT:80", "http://127.0.0.1%3aPORT",
	"http://1\u06f27.0.0.1:PORT", "http://\u2460\u2461\u2466.0.0.1:PORT", "http://127\u30020.0.1:PORT", "http://127.0.0.1 :PORT", "http://api.openai.com:22", "http://api.openai.com:6379",
	"javascript:alert(1)", "http://" + strings.Repeat("a.", 2000) + "com",
}

// No spelling of a private place is connected to: not from a header, not from an
// inline config, not from a saved one.
func TestCustomHostsOutsidePolicyAreRefused(t *testing.T) {
	t.Parallel()
	seven := newCanary(t, "127.0.0.7:0")
	one := newCanary(t, "127.0.0.1:"+seven.port())
	s, up := withUpstream(t)
	replies := map[string]response{}
	for _, spelling := range forbiddenHosts {
		host := strings.ReplaceAll(spelling, "PORT", seven.port())
		t.Run(spelling, func(t *testing.T) {
			config := fmt.Sprintf(`{"provider":"openai","api_key":"sk-x","custom_host":%s}`, jsonText(host))
			if !strings.ContainsFunc(host, func(r rune) bool { return r > 0x7f }) {
				got := s.chat(false, "X-Portkey-Custom-Host", host)
				wantError(t, got, 400, "custom_host")
				replies["header "+spelling] = got
				got = s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), "X-Portkey-Config", config)
				wantError(t, got, 400, "custom_host")
				replies["config "+spelling] = got
			}
			wantError(t, s.call("POST", "/v1/configs", adminKey, `{"name":"x","config":`+config+`}`), 400, "custom_host")
		})
	}
	s.refused(replies)
	seven.silent(t)
	one.silent(t)
	if n := len(up.Requests("")); n != 0 {
		t.Errorf("%d refused requests reached a provider", n)
	}
	s.alive()
}

// What only resolves to a private address is refused when it is dialled. The
// operator's trust in a provider's base URL does not open its host to callers.
func TestTrustedBasesDoNotOpenTheirHosts(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	host := strings.TrimPrefix(up.URL, "http://")
	for _, target := range []string{up.Base("openai"), up.URL + "/anthropic/v1", "http://localhost" + host[strings.IndexByte(host, ':'):]} {
		wantError(t, s.chat(false, "X-Portkey-Custom-Host", target), 400, "custom_host")
	}
	if n := len(up.Requests("")); n != 0 {
		t.Errorf("%d requests reached a host that only the operator may name", n)
	}
}

const storedSecret = "sk-stored-secret-0123456789abcdef"

// A stored secret never leaves for a host that a caller names, even one that
// callers may name.
func TestStoredSecretsStayWithTheirHost(t *testing.T) {
	t.Parallel()
	thief := newCanary(t, "127.0.0.9:0")
	up := upstream.New(t, upstream.Options{})
	s := start(t, t.TempDir(), map[string]string{"openai": up.Base("openai"), "azure-openai": up.Base("azure-openai")}, "--egress-allow", "127.0.0.9")
	vk := s.virtualKey("stored", "openai", map[string]any{"key": storedSecret})
	azure := s.virtualKey("azure", "azure-openai", map[string]any{"key": storedSecret, "resource_name": "ours", "deployment_name": "d", "api_version": "2024-10-21"})
	host := "http://" + thief.Addr + "/v1"
	saved := s.saveConfig("keyed", `{"provider":"openai","api_key":"`+storedSecret+`"}`)
	tree := s.saveConfig("tree", `{"strategy":{"mode":"fallback"},"targets":[{"provider":"openai","api_key":"`+storedSecret+`"},{"virtual_key":"`+vk+`"}]}`)
	replies := map[string]response{}
	for _, c := range []struct {
		name, model string
		headers     []string
	}{
		{"virtual key header", "", []string{"X-Portkey-Virtual-Key", vk, "X-Portkey-Custom-Host", host}},
		{"@slug provider", "", []string{"X-Portkey-Provider", "@" + vk, "X-Portkey-Custom-Host", host}},
		{"@slug model", "@" + vk + "/gpt-4o-mini", []string{"X-Portkey-Custom-Host", host}},
		{"inline config", "", []string{"X-Portkey-Config", `{"virtual_key":"` + vk + `","custom_host":"` + host + `"}`}},
		{"inline config, inherited", "", []string{"X-Portkey-Config", `{"custom_host":"` + host + `","strategy":{"mode":"single"},"targets":[{"virtual_key":"` + vk + `"}]}`}},
		{"saved config with a key", "", []string{"X-Portkey-Config", saved, "X-Portkey-Custom-Host", host}},
		{"saved tree", "", []string{"X-Portkey-Config", tree, "X-Portkey-Custom-Host", host}},
		{"other port", "", []string{"X-Portkey-Virtual-Key", vk, "X-Portkey-Custom-Host", "http://127.0.0.9:1/v1"}},
		{"azure key", "", []string{"X-Portkey-Virtual-Key", azure, "X-Portkey-Custom-Host", host}},
	} {
		t.Run(c.name, func(t *testing.T) {
			model := c.model
			if model == "" {
				model = "gpt-4o-mini"
			}
			got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody(model, false), c.headers...)
			wantError(t, got, 400, "custom_host")
			replies[c.name] = got
		})
	}
	s.refused(replies)
	thief.silent(t)
	if got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), "X-Portkey-Config", saved); got.Status != 200 {
		t.Errorf("the saved config alone is answered %d: %s", got.Status, got.Body)
	}
	got := s.chat(false, "X-Portkey-Custom-Host", host) // the caller's own key may go where the caller says
	if thief.conns.Load() == 0 || got.Status == 400 {
		t.Errorf("the canary would not have heard anything: status %d", got.Status)
	}
}

// The parts of a stored credential that decide where it goes are not the
// caller's to choose.
func TestStoredSecretsStayWithTheirResource(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), nil) // azure's own base, with the resource in its host
	vk := s.virtualKey("azure", "azure-openai", map[string]any{"key": storedSecret, "resource_name": "ours-that-does-not-exist", "deployment_name": "d", "api_version": "2024-10-21"})
	saved := s.saveConfig("keyed", `{"provider":"azure-openai","api_key":"`+storedSecret+`","deployment_id":"d"}`)
	for _, ref := range []string{"X-Portkey-Virtual-Key " + vk, "X-Portkey-Config " + saved} {
		name, value, _ := strings.Cut(ref, " ")
		got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), name, value, "X-Portkey-Azure-Resource-Name", "theirs-that-does-not-exist")
		wantError(t, got, 400, "resource_name")
	}
}

// saveConfig stores a routing config and returns its slug.
func (s *server) saveConfig(name, config string) string {
	s.t.Helper()
	got := s.call("POST", "/v1/configs", adminKey, `{"name":"`+name+`","config":`+config+`}`)
	v := got.JSON(s.t)
	if data, ok := v["data"].(map[string]any); ok && v["slug"] == nil {
		v = data
	}
	slug, _ := v["slug"].(string)
	if slug == "" {
		s.t.Fatalf("save config: %d: %s", got.Status, got.Body)
	}
	return slug
}
