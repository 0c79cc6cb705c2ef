package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// A badBody is a request body that must be refused before anybody is called.
type badBody struct {
	name, body string
	status     int
	says       []string
	headers    []string
}

func badBodies() []badBody {
	const messages = `"messages":[{"role":"user","content":"hi"}]`
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	wide := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"model":"gpt-4o-mini","model":"x"`)
		for i := range n {
			fmt.Fprintf(&b, `,"k%d":1`, i)
		}
		return b.String() + "}"
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, chatBody("gpt-4o-mini", false))
	_ = w.Close()
	return []badBody{
		{name: "empty", body: "", status: 400, says: []string{"empty"}},
		{name: "only spaces", body: " \n\t", status: 400, says: []string{"empty"}},
		{name: "not JSON", body: "hello", status: 400, says: []string{"JSON object"}},
		{name: "array", body: `[{"model":"x"}]`, status: 400, says: []string{"JSON object"}},
		{name: "string", body: `"model"`, status: 400, says: []string{"JSON object"}},
		{name: "number", body: `42`, status: 400, says: []string{"JSON object"}},
		{name: "null", body: `null`, status: 400, says: []string{"JSON object"}},
		{name: "truncated", body: `{"model":"gpt-4o-mini","messages":[{"role":"us`, status: 400},
		{name: "truncated after comma", body: `{"model":"gpt-4o-mini",`, status: 400},
		{name: "trailing data", body: `{"model":"gpt-4o-mini",` + messages + `} {"model":"o1"}`, status: 400, says: []string{"after the end"}},
		{name: "trailing comma", body: `{"model":"gpt-4o-mini",` + messages + `,}`, status: 400},
		{name: "single quotes", body: `{'model':'x'}`, status: 400},
		{name: "comment", body: `{"model":"x"/* y */}`, status: 400},
		{name: "NaN", body: `{"model":"x","temperature":NaN,` + messages + `}`, status: 400},
		{name: "control character", body: "{\"model\":\"a\nb\"," + messages + "}", status: 400},
		{name: "byte order mark", body: "\xef\xbb\xbf" + chatBody("gpt-4o-mini", false), status: 400, says: []string{"byte order mark"}},
		{name: "UTF-16", body: utf16Text(chatBody("gpt-4o-mini", false)), status: 400},
		{name: "invalid UTF-8", body: "{\"model\":\"gpt-\xff\"," + messages + "}", status: 400, says: []string{"UTF-8"}},
		{name: "overlong UTF-8", body: "{\"model\":\"gpt-\xc0\xaf\"," + messages + "}", status: 400, says: []string{"UTF-8"}},
		{name: "1,001 levels", body: `{"model":"x","messages":` + deep(1000) + `}`, status: 400, says: []string{"1000"}},
		{name: "100,000 levels", body: `{"model":"x","messages":` + deep(100_000) + `}`, status: 400, says: []string{"1000"}},
		{name: "a million keys", body: wide(1_000_000), status: 400, says: []string{"model", "twice"}},
		{name: "model twice", body: `{"model":"gpt-4o-mini","model":"o1",` + messages + `}`, status: 400, says: []string{"model", "twice"}},
		{name: "stream twice", body: `{"model":"gpt-4o-mini","stream":false,"stream":true,` + messages + `}`, status: 400, says: []string{"stream", "twice"}},
		{name: "max_tokens twice", body: `{"model":"x","max_tokens":1,"max_tokens":100000,` + messages + `}`, status: 400, says: []string{"max_tokens", "twice"}},
		{name: "Model", body: `{"Model":"o1",` + messages + `}`, status: 400, says: []string{"Model", `write it as`}},
		{name: "model and MODEL", body: `{"model":"gpt-4o-mini","MODEL":"o1",` + messages + `}`, status: 400, says: []string{"MODEL"}},
		{name: "escaped model", body: `{"model":"gpt-4o-mini","\u006dodel":"o1",` + messages + `}`, status: 400, says: []string{"model"}},
		{name: "Kelvin sign", body: `{"model":"x","max_toKens":9,` + messages + `}`, status: 400, says: []string{"max_tokens"}},
		{name: "model is a number", body: `{"model":4,` + messages + `}`, status: 400, says: []string{"model must be a string"}},
		{name: "model is an object", body: `{"model":{"a":1},` + messages + `}`, status: 400, says: []string{"model must be a string"}},
		{name: "stream is a string", body: `{"model":"x","stream":"true",` + messages + `}`, status: 400, says: []string{"stream must be true or false"}},
		{name: "stream is a number", body: `{"model":"x","stream":1,` + messages + `}`, status: 400, says: []string{"stream must be true or false"}},
		{name: "max_tokens is a string", body: `{"model":"x","max_tokens":"many",` + messages + `}`, status: 400, says: []string{"max_tokens must be a whole number"}},
		{name: "max_tokens is 1e999999", body: `{"model":"x","max_tokens":1e999999,` + messages + `}`, status: 400, says: []string{"max_tokens"}},
		{name: "gzip", body: zipped.String(), status: 415, says: []string{"Content-Encoding", "uncompressed"}, headers: []string{"Content-Encoding", "gzip"}},
		{name: "plain text", body: chatBody("x", false), status: 400, says: []string{"content type"}, headers: []string{"Content-Type", "text/plain"}},
		{name: "form", body: "model=x", status: 400, says: []string{"content type"}, headers: []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{name: "XML", body: "<model/>", status: 400, says: []string{"content type"}, headers: []string{"Content-Type", "application/xml"}},
		{name: "broken content type", body: chatBody("x", false), status: 400, says: []string{"content type"}, headers: []string{"Content-Type", ";;"}},
	}
}

func utf16Text(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// A body that is not acceptable is refused in words that help, on every door,
// and no provider hears of it.
func TestBadBodiesAreRefused(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	doors := []string{"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages"}
	replies := map[string]response{}
	for i, c := range badBodies() {
		for j, path := range doors {
			if len(c.body) > 1<<20 && j > 0 {
				continue // large ones once
			}
			t.Run(fmt.Sprint(c.name, path), func(t *testing.T) {
				got := s.call("POST", path, workspaceKey, c.body,
					append([]string{"X-Portkey-Provider", "openai", "Authorization", "Bearer sk-upstream"}, c.headers...)...)
				wantError(t, got, c.status, c.says...)
				replies[fmt.Sprint(i, c.name, path)] = got
			})
		}
	}
	s.refused(replies)
	if n := len(up.Requests("")); n != 0 {
		t.Errorf("%d refused requests reached a provider", n)
	}
	s.alive()
	if got := s.chat(false); got.Status != 200 {
		t.Errorf("a good request is answered %d afterwards: %s", got.Status, got.Body)
	}
}

func TestOversizedRequestsAreRefused(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t, "--max-body", "64KiB")
	big := fmt.Sprintf(`{"model":"gpt-4o-mini","messages":[{"role":"user","content":%q}]}`, strings.Repeat("a", 100<<10))
	replies := map[string]response{}

	got := s.chatBody(t, strings.NewReader(big))
	wantError(t, got, 413, "64", "--max-body")
	replies["with a Content-Length"] = got

	got = s.chatBody(t, io.MultiReader(strings.NewReader(big))) // hides the length: chunked
	wantError(t, got, 413, "64", "--max-body")
	replies["without a Content-Length"] = got
	s.refused(replies)

	got = s.chatBody(t, strings.NewReader(chatBody("gpt-4o-mini", false)+strings.Repeat(" ", 60<<10)))
	if got.Status != 200 {
		t.Errorf("a body just below the limit is answered %d: %s", got.Status, got.Body)
	}
	got = s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), "X-Padding", strings.Repeat("x", 100<<10))
	if got.Status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("headers over 64 KiB are answered %d, want 431", got.Status)
	}
	if n := len(up.Requests("")); n != 1 {
		t.Errorf("%d requests reached the provider, want only the one that fits", n)
	}
	s.alive()
}

func (s *server) chatBody(t *testing.T, body io.Reader) response {
	t.Helper()
	req, err := http.NewRequest("POST", s.URL+"/v1/chat/completions", body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "X-Portkey-Api-Key": workspaceKey,
		"X-Portkey-Provider": "openai", "Authorization": "Bearer sk-upstream"} {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(text)}
}

// Who is not let in learns why, and a caller that is not known leaves no log.
func TestBadCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	made := s.call("POST", "/v1/api-keys/workspace/service", adminKey,
		map[string]any{"name": "soon", "expires_at": time.Now().Add(1500 * time.Millisecond).UTC().Format(time.RFC3339Nano)})
	soon, _ := made.JSON(t)["key"].(string)
	if soon == "" {
		t.Fatalf("make a key: %d: %s", made.Status, made.Body)
	}
	narrow := s.newKey("narrow", "logs.view")
	other := s.newKey("other", "completions.write")
	for _, c := range []struct {
		name    string
		key     string
		status  int
		says    []string
		headers []string
	}{
		{name: "none", status: 401, says: []string{"x-portkey-api-key"}},
		{name: "unknown", key: "nobody", status: 401, says: []string{"Invalid API Key"}},
		{name: "unknown bearer", status: 401, says: []string{"Invalid API Key"}, headers: []string{"Authorization", "Bearer nobody"}},
		{name: "basic", status: 401, headers: []string{"Authorization", "Basic " + workspaceKey}},
		{name: "one character more", key: workspaceKey + "x", status: 401},
		{name: "other letter case", key: strings.ToUpper(workspaceKey), status: 401},
		{name: "huge", key: strings.Repeat("k", 10_000), status: 401},
		{name: "admin", key: adminKey, status: 403, says: []string{"admin key", "/v1/api-keys/workspace/service"}},
		{name: "without the scope", key: narrow, status: 403, says: []string{"completions.write"}},
		{name: "two different keys", key: workspaceKey, status: 400, says: []string{"two different"}, headers: []string{"Authorization", "Bearer " + other}},
		{name: "two different keys, the other way", key: workspaceKey, status: 400, says: []string{"two different"}, headers: []string{"X-Api-Key", other}},
		{name: "a workspace and an admin key", key: workspaceKey, status: 400, says: []string{"two different"}, headers: []string{"Authorization", "Bearer " + adminKey}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
				got := s.call("POST", path, c.key, chatBody("gpt-4o-mini", false),
					append([]string{"X-Portkey-Provider", "openai"}, c.headers...)...)
				wantError(t, got, c.status, c.says...)
			}
		})
	}
	t.Run("two values of one header", func(t *testing.T) {
		got := s.rawReply("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Portkey-Api-Key: " + workspaceKey +
			"\r\nX-Portkey-Api-Key: " + other + "\r\nX-Portkey-Provider: openai\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
		wantError(t, got, 400, "two different")
	})
	t.Run("expired", func(t *testing.T) {
		waitFor(t, 3*time.Second, "the key to expire", func() bool {
			return s.call("GET", "/v1/models", soon, nil).Status == 401
		})
		got := s.call("POST", "/v1/chat/completions", soon, chatBody("gpt-4o-mini", false), "X-Portkey-Provider", "openai")
		wantError(t, got, 401, "expired")
	})
	if n := len(up.Requests("")); n != 0 {
		t.Errorf("%d refused requests reached a provider", n)
	}
	if rows := s.logs("", 0); len(rows) != 0 {
		t.Errorf("%d unauthenticated requests are in the log", len(rows))
	}
	s.alive()
}

// newKey makes a service key of the default workspace with the given scopes.
func (s *server) newKey(name string, scopes ...string) string {
	s.t.Helper()
	got := s.call("POST", "/v1/api-keys/workspace/service", adminKey, map[string]any{"name": name, "scopes": scopes})
	key, _ := got.JSON(s.t)["key"].(string)
	if key == "" {
		s.t.Fatalf("make a key: %d: %s", got.Status, got.Body)
	}
	return key
}

func waitFor(t *testing.T, d time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain for %s", d, what)
		}
	}
}

// A request whose routing makes no sense is refused with the way out.
func TestBadRoutingIsRefused(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	replies := map[string]response{}
	for _, c := range []struct {
		name    string
		model   string
		status  int
		says    []string
		headers []string
	}{
		{name: "no provider", status: 400, says: []string{"x-portkey-provider", "x-portkey-config"}},
		{name: "misspelt provider", status: 400, says: []string{"opnai", "did you mean openai?"}, headers: []string{"X-Portkey-Provider", "opnai"}},
		{name: "unknown provider", status: 400, says: []string{"zzzzzz"}, headers: []string{"X-Portkey-Provider", "zzzzzz"}},
		{name: "huge provider", status: 400, headers: []string{"X-Portkey-Provider", strings.Repeat("p", 20_000)}},
		{name: "unknown virtual key", status: 400, says: []string{"no-such-vk"}, headers: []string{"X-Portkey-Virtual-Key", "no-such-vk"}},
		{name: "unknown @slug", status: 400, says: []string{"no-such-vk"}, headers: []string{"X-Portkey-Provider", "@no-such-vk"}},
		{name: "unknown @slug in the model", model: "@no-such-vk/gpt", status: 400, says: []string{"no-such-vk"}},
		{name: "unknown config", status: 400, says: []string{"pc-no-such"}, headers: []string{"X-Portkey-Config", "pc-no-such"}},
		{name: "unknown virtual key in a config", status: 400, says: []string{"no-such-vk"},
			headers: []string{"X-Portkey-Config", `{"virtual_key":"no-such-vk"}`}},
		{name: "no provider key", status: 401, says: []string{"No API key for the provider", "virtual key"}, headers: []string{"X-Portkey-Provider", "openai"}},
		{name: "forward-headers names itself", status: 400, says: []string{"x-portkey-forward-headers"},
			headers: []string{"X-Portkey-Provider", "openai", "Authorization", "Bearer sk-up", "X-Portkey-Forward-Headers", "x-portkey-forward-headers"}},
		{name: "azure without a resource", status: 400, says: []string{"resource_name"}, headers: []string{"X-Portkey-Provider", "azure-openai", "Authorization", "Bearer sk-up",
			"X-Portkey-Azure-Deployment-Id", "../../x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			model := c.model
			if model == "" {
				model = "gpt-4o-mini"
			}
			got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody(model, false), c.headers...)
			if c.name == "azure without a resource" { // its base is overridden here: only the deployment can be wrong
				wantError(t, got, 400, "deployment_id")
			} else {
				wantError(t, got, c.status, c.says...)
			}
			replies[c.name] = got
		})
	}
	s.refused(replies)
	if n := len(up.Requests("")); n != 0 {
		t.Errorf("%d refused requests reached a provider", n)
	}
	s.alive()
}

// What control-plane clients send by mistake is a clear 400, never a 500.
func TestBadControlPlaneBodies(t *testing.T) {
	t.Parallel()
	s, _ := withUpstream(t)
	for _, c := range badBodies() {
		if len(c.body) > 1<<20 {
			continue
		}
		for _, path := range []string{"/v1/configs", "/v1/virtual-keys", "/v1/api-keys/workspace/service", "/v2/configs"} {
			got := s.call("POST", path, adminKey, c.body, c.headers...)
			if got.Status < 400 || got.Status > 499 {
				t.Errorf("%s to %s: status %d, want a 4xx: %.200s", c.name, path, got.Status, got.Body)
			} else if got.errorMessage(t) == "" {
				t.Errorf("%s to %s: no error.message: %.200s", c.name, path, got.Body)
			}
		}
	}
	got := s.call("POST", "/v1/configs", adminKey, `{"name":"x","config":`+strings.Repeat("[", 2<<20))
	wantError(t, got, 413)
	for _, name := range []string{strings.Repeat("n", 100_000), "", "a\x00b", "<script>alert(1)</script>"} {
		body, _ := json.Marshal(map[string]any{"name": name, "config": map[string]any{"provider": "openai"}})
		if got := s.call("POST", "/v1/configs", adminKey, string(body)); got.Status >= 500 {
			t.Errorf("name %.30q: status %d: %s", name, got.Status, got.Body)
		}
	}
	s.alive()
}
