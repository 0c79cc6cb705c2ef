package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/test/upstream"
)

// Paths that different readers could decode differently, and methods and hosts
// that mean trouble, reach no handler.
func TestPathAndMethodTricks(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	body := chatBody("gpt-4o-mini", false)
	headers := map[string]string{"X-Portkey-Provider": "openai", "Authorization": "Bearer sk-upstream"}
	for _, c := range []struct {
		method, path, host string
		status             []int
	}{
		{"POST", "/v1/%2e%2e/admin", "x", []int{400}},
		{"POST", "/v1/%252e%252e/admin", "x", []int{400}},
		{"POST", "/v1/../v1/chat/completions", "x", []int{400}},
		{"POST", "/v1/./chat/completions", "x", []int{400}},
		{"POST", "//v1/chat/completions", "x", []int{400}},
		{"POST", "/v1//chat/completions", "x", []int{400}},
		{"POST", "/v1/chat%2fcompletions", "x", []int{400}},
		{"POST", "/v1/chat%2Fcompletions", "x", []int{400}},
		{"POST", "/v1/chat%252fcompletions", "x", []int{400, 404}},
		{"POST", "/v1/chat%5ccompletions", "x", []int{400}},
		{"POST", `/v1/chat\completions`, "x", []int{400}},
		{"POST", "/v1/chat%00/completions", "x", []int{400}},
		{"POST", "/v1/chat;x=1/completions", "x", []int{404}},
		{"POST", "/v1/chat/completions;x", "x", []int{404}},
		{"POST", "/v1/chat/completions/", "x", []int{404}},
		{"POST", "/V1/chat/completions", "x", []int{404}},
		{"POST", "/v1/chat/completions%20", "x", []int{404}},
		{"POST", "/v1/logs/..%2f..%2fconfigs", "x", []int{400}},
		{"GET", "/v1/configs/%2e%2e", "x", []int{400}},
		{"GET", "/console/%2e%2e/%2e%2e/etc/passwd", "x", []int{400}},
		{"GET", "/console/..%5c..%5cetc", "x", []int{400}},
		{"TRACE", "/v1/chat/completions", "x", []int{405}},
		{"CONNECT", "/v1/chat/completions", "x", []int{400, 404, 405}},
		{"PATCH", "/v1/chat/completions", "x", []int{200}}, // these two are calls of the provider's that pass through
		{"GET", "/v1/chat/completions", "x", []int{200}},
		{"post", "/v1/chat/completions", "x", []int{400, 404, 405}},
		{"POST", "/v1/chat/completions", "a/v1/x?", []int{400}},
		{"POST", "/v1/chat/completions", "a b", []int{400}},
	} {
		t.Run(c.method+" "+c.path+" "+c.host, func(t *testing.T) {
			got := s.rawReply(httpRequest(c.method, c.path, c.host, headers, body))
			ok := false
			for _, status := range c.status {
				ok = ok || got.Status == status
			}
			if !ok {
				t.Errorf("status %d, want one of %v: %.300s", got.Status, c.status, got.Body)
			}
			if c.host == "x" && got.Header.Get("X-Portkey-Trace-Id") == "" {
				t.Error("no x-portkey-trace-id")
			}
			if loc := got.Header.Get("Location"); loc != "" {
				t.Errorf("redirected to %s: the client would send its body again", loc)
			}
		})
	}
	for _, r := range up.Requests("") {
		if r.Path != "/openai/v1/chat/completions" || r.Method != "PATCH" && r.Method != "GET" {
			t.Errorf("%s %s reached a provider", r.Method, r.Path)
		}
	}
	t.Run("absolute form and a strange Host change nothing", func(t *testing.T) {
		for _, c := range []struct{ path, host string }{{"/v1/chat/completions", "evil.example"}, {"http://evil.example/v1/chat/completions", "x"}} {
			got := s.rawReply(httpRequest("POST", c.path, c.host, headers, body))
			if got.Status != 200 || strings.Contains(got.Body+fmt.Sprint(got.Header), "evil.example") {
				t.Errorf("status %d: %s %v", got.Status, got.Body, got.Header)
			}
		}
		for _, r := range up.Requests("openai") {
			if strings.Contains(r.Host, "evil") {
				t.Errorf("the provider was asked as host %s", r.Host)
			}
		}
	})
	s.alive()
}

// Requests that are framed in two ways are not answered twice.
func TestRequestSmuggling(t *testing.T) {
	t.Parallel()
	s, _ := withUpstream(t)
	inner := "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
	head := "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Portkey-Api-Key: " + workspaceKey + "\r\n"
	for name, request := range map[string]string{
		"content length and chunks": head + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s", 5+len(inner), inner),
		"two content lengths":       head + "Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}" + inner,
		"two transfer encodings":    head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + inner,
		"odd transfer encoding":     head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + inner,
		"signed content length":     head + "Content-Length: +2\r\n\r\n{}" + inner,
		"bare line feed in a chunk": head + "Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n" + inner,
		"space before the colon":    head + "Content-Length : 2\r\n\r\n{}" + inner,
	} {
		t.Run(name, func(t *testing.T) {
			answer := s.raw(request)
			if n := strings.Count(answer, "HTTP/1.1 "); n != 1 {
				t.Errorf("%d answers, want 1:\n%s", n, answer)
			}
			if strings.Contains(answer, " 200 ") {
				t.Errorf("answered well:\n%s", answer)
			}
		})
	}
	s.alive()
}

// Nothing that a header holds breaks out of it: not towards the provider, not
// into an answer, not into the program's own log.
func TestHeaderInjection(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	for _, value := range []string{"a\r\n X-Injected: 1", "a\r\n\tX-Injected: 1", "a\x00b", "a\rX-Injected: 1", "a\x7fb", "a\x0bb"} {
		got := s.raw("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nX-Portkey-Api-Key: " + workspaceKey +
			"\r\nX-Portkey-Provider: openai\r\nAuthorization: Bearer sk-upstream\r\nX-Portkey-Trace-Id: " + value + "\r\nX-Portkey-Forward-Headers: x-injected\r\nContent-Length: 2\r\n\r\n{}")
		if strings.Contains(got, "\nX-Injected") || strings.Contains(got, "\rX-Injected") {
			t.Errorf("%q came back as a header:\n%s", value, got)
		}
	}
	for _, c := range []struct{ name, header, value string }{
		{"escaped break in metadata", "X-Portkey-Metadata", `{"_user":"a\r\nX-Injected: 1","b\r\nc":"d"}`},
		{"huge trace id", "X-Portkey-Trace-Id", strings.Repeat("t", 30_000)},
		{"metadata is not JSON", "X-Portkey-Metadata", `{{{`},
		{"metadata is an array", "X-Portkey-Metadata", `["x"]`},
		{"a thousand metadata keys", "X-Portkey-Metadata", manyKeys(1000)},
		{"a bad timeout", "X-Portkey-Request-Timeout", "soon"},
		{"bad traceparent", "Traceparent", "00-zz-yy-xx"},
		{"hop by hop", "Connection", "close, X-Portkey-Api-Key, Authorization"},
	} {
		got := s.chat(false, c.header, c.value)
		if got.Status != 200 {
			t.Errorf("%s: status %d: %.300s", c.name, got.Status, got.Body)
		}
		if trace := got.Header.Get("X-Portkey-Trace-Id"); trace == "" || len(trace) > 256 {
			t.Errorf("%s: x-portkey-trace-id has %d characters", c.name, len(trace))
		}
	}
	for _, r := range up.Requests("openai") {
		for name := range r.Header {
			if name == "X-Injected" || strings.HasPrefix(name, "X-Portkey-") || name == "Connection" {
				t.Errorf("the provider was sent %s: %v", name, r.Header[name])
			}
		}
		if got := r.Header.Get("Authorization"); got != "Bearer sk-upstream" {
			t.Errorf("the provider was sent Authorization: %s", got)
		}
	}
	s.alive()
}

func manyKeys(n int) string {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprint("key-", i)] = strings.Repeat("v", 40)
	}
	b, _ := json.Marshal(m)
	return string(b)
}

// forward_headers passes on what it names, but never what belongs to the gateway,
// to the connection, or opens a cloud's metadata service.
func TestForwardHeadersAbuse(t *testing.T) {
	t.Parallel()
	up := upstream.New(t, upstream.Options{})
	s := start(t, t.TempDir(), map[string]string{"openai": up.Base("openai"), "anthropic": up.Base("anthropic")})
	vk := s.virtualKey("stored", "anthropic", map[string]any{"key": storedSecret})
	sent := map[string]string{
		"X-Mine": "mine", "X-Portkey-Api-Key": workspaceKey, "Authorization": "Bearer " + workspaceKey, "X-Portkey-Metadata": `{"a":"b"}`,
		"Cookie": "session=1", "Metadata-Flavor": "Google", "Metadata": "true", "X-Aws-Ec2-Metadata-Token": "t", "Proxy-Authorization": "Basic x",
		"Te": "trailers", "Upgrade": "h2c", "Expect": "", "Accept-Encoding": "gzip", "X-Api-Key": workspaceKey,
	}
	headers := []string{"X-Portkey-Virtual-Key", vk}
	var names []string
	for name, value := range sent {
		names = append(names, name)
		if value != "" {
			headers = append(headers, name, value)
		}
	}
	names = append(names, "Host", "Content-Length", "Transfer-Encoding", "Connection", "", " ", "no such", "x-mine\r\nx: y")
	list := strings.NewReplacer("\r", "", "\n", "").Replace(strings.Join(names, ","))
	got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("claude-3-5-haiku-latest", false), append(headers, "X-Portkey-Forward-Headers", list)...)
	if got.Status != 200 {
		t.Fatalf("status %d: %s", got.Status, got.Body)
	}
	requests := up.Requests("anthropic")
	if len(requests) != 1 {
		t.Fatalf("%d requests reached the provider, want 1", len(requests))
	}
	r := requests[0]
	if r.Header.Get("X-Mine") != "mine" {
		t.Error("the header that was asked for is not passed on: this test would see nothing")
	}
	if r.Header.Get("X-Api-Key") != storedSecret {
		t.Errorf("x-api-key is %q, not the stored secret", r.Header.Get("X-Api-Key"))
	}
	for name, values := range r.Header {
		if strings.Contains(fmt.Sprint(values), workspaceKey) {
			t.Errorf("the provider was sent the gateway's key in %s", name)
		}
		if name != http.CanonicalHeaderKey("X-Mine") && name != "X-Api-Key" && sent[name] != "" && strings.Contains(fmt.Sprint(values), sent[name]) {
			t.Errorf("the provider was sent %s: %v", name, values)
		}
	}
}
