package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-ai/portico/test/upstream"
)

// A provider that answers badly becomes an error with the documented status and
// body, is logged with it, and does no other harm.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	broken := `{"id":"x","choices":[`
	text, empty := "just text", ""
	for _, c := range []struct {
		name   string
		step   upstream.Step
		stream bool
		config string
		status int
		says   []string
	}{
		{name: "hangs", step: upstream.Step{Hang: true}, config: `{"request_timeout":200}`, status: 408,
			says: []string{`"message":"Request exceeded the timeout sent in the request: 200ms"`, `"type":"timeout_error"`}},
		{name: "hangs on a stream", step: upstream.Step{Hang: true}, stream: true, config: `{"request_timeout":200}`, status: 408, says: []string{"timeout_error"}},
		{name: "redirects", step: upstream.Step{Redirect: "canary"}, status: 502, says: []string{"redirect", "307"}},
		{name: "HTML with 200", step: upstream.Step{HTML: true}, status: 502, says: []string{"DOCTYPE html"}},
		{name: "HTML with 502", step: upstream.Step{HTML: true, Status: 502}, status: 502, says: []string{"DOCTYPE html"}},
		{name: "HTML with 403", step: upstream.Step{HTML: true, Status: 403}, status: 403, says: []string{"DOCTYPE html"}},
		{name: "HTML for a stream", step: upstream.Step{HTML: true}, stream: true, status: 502, says: []string{"DOCTYPE html"}},
		{name: "invalid JSON with 200", step: upstream.Step{Body: &broken}, status: 502, says: []string{"Invalid response received from openai"}},
		{name: "text with 200", step: upstream.Step{Body: &text}, status: 502, says: []string{"just text"}},
		{name: "nothing with 200", step: upstream.Step{Body: &empty}, status: 502, says: []string{"empty"}},
		{name: "length too long", step: upstream.Step{LengthOff: 50}, status: 502, says: []string{"cut short"}},
		{name: "length too short", step: upstream.Step{LengthOff: -50}, status: 502},
		{name: "cut", step: upstream.Step{CutAt: upstream.At(40)}, status: 502, says: []string{"cut short"}},
		{name: "reset before the head", step: upstream.Step{ResetAt: upstream.At(-1)}, status: 502, says: []string{"connection_error"}},
		{name: "reset in the body", step: upstream.Step{ResetAt: upstream.At(40)}, status: 502},
		{name: "flood of interim answers", step: upstream.Step{Interim: 20_000}, status: 502},
		{name: "giant header", step: upstream.Step{HeaderBytes: 1 << 20}, status: 502},
		{name: "stalls", step: upstream.Step{StallAt: upstream.At(40)}, config: `{"stream_idle_timeout":200}`, status: 408, says: []string{"timeout_error"}},
		{name: "429", step: upstream.Step{Status: 429, RetryAfter: "7"}, status: 429, says: []string{"openai error"}},
		{name: "error as the first event", step: upstream.Step{ErrorAfter: upstream.At(0)}, stream: true, status: 500, says: []string{"told to break"}},
		{name: "stream without a first token", step: upstream.Step{StallAt: upstream.At(10)}, stream: true, config: `{"first_token_timeout":200}`, status: 408, says: []string{"first_token_timeout", "200ms"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			up.Reset()
			script(t, up, "openai", c.step)
			headers := []string{}
			if c.config != "" {
				headers = []string{"X-Portkey-Config", c.config}
			}
			began := time.Now()
			got := s.chat(c.stream, headers...)
			wantError(t, got, c.status, c.says...)
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
			row := s.row(got)
			if number(row["response_status_code"]) != float64(c.status) || row["status"] != "error" {
				t.Errorf("logged as %v with status %v", row["status"], row["response_status_code"])
			}
			if c.step.RetryAfter != "" && got.Header.Get("Retry-After") != c.step.RetryAfter {
				t.Errorf("Retry-After: %q, want the provider's", got.Header.Get("Retry-After"))
			}
			if followed := up.Requests("__canary"); len(followed) != 0 {
				t.Error("the redirect was followed")
			}
		})
	}
	s.alive()
	if got := s.chat(false); got.Status != 200 {
		t.Errorf("a good answer becomes %d afterwards", got.Status)
	}
}

// A key that a provider sends back is masked: in the answer, in its headers, in
// error events, and in the log.
func TestEchoedKeysAreMasked(t *testing.T) {
	t.Parallel()
	const key = "sk-echoed-0123456789abcdefghij"
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Debug", r.Header.Get("Authorization"))
		switch r.Header.Get("X-Mode") {
		case "error":
			w.WriteHeader(401)
			fmt.Fprintf(w, `{"error":{"message":"Incorrect API key provided: %s","code":%q}}`, key, key)
		case "html":
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(500)
			fmt.Fprintf(w, "<p>%s</p>", key)
		case "reply":
			fmt.Fprintf(w, `{"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}]}`, key)
		case "first event", "later event":
			w.Header().Set("Content-Type", "text/event-stream")
			if r.Header.Get("X-Mode") == "later event" {
				fmt.Fprint(w, `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hi"}}]}`+"\n\n")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(50 * time.Millisecond)
			}
			fmt.Fprintf(w, "data: {\"error\":{\"message\":\"bad key %s\"}}\n\n", key)
		}
	}))
	defer echo.Close()
	s := start(t, t.TempDir(), map[string]string{"openai": echo.URL})
	vk := s.virtualKey("echo", "openai", map[string]any{"key": key})
	for _, mode := range []string{"error", "html", "reply", "first event", "later event"} {
		t.Run(mode, func(t *testing.T) {
			got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("m", strings.Contains(mode, "event")),
				"X-Portkey-Virtual-Key", vk, "X-Mode", mode, "X-Portkey-Forward-Headers", "x-mode")
			if strings.Contains(got.Body, key) || strings.Contains(fmt.Sprint(got.Header), key) {
				t.Errorf("the key came back: %s %v", got.Body, got.Header)
			}
			if !strings.Contains(got.Body, "sk********") {
				t.Errorf("the answer does not show where the key was: %s", got.Body)
			}
			s.row(got)
			detail := s.call("GET", "/v1/logs/"+got.id(), workspaceKey, nil)
			if detail.Status != 200 || strings.Contains(detail.Body, key) {
				t.Errorf("the log (status %d) holds the key: %s", detail.Status, detail.Body)
			}
		})
	}
}

// What a provider's headers say is for the gateway, not against its callers.
func TestHostileHeaders(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	hostile := map[string]string{
		"Set-Cookie": "session=stolen", "X-Portkey-Trace-Id": "forged", "X-Portkey-Request-Id": "forged", "X-Portkey-Cache-Status": "HIT",
		"X-Portkey-Provider": "evil", "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true", "Location": "http://evil.example",
		"Alt-Svc": `h2="evil.example:443"`, "Strict-Transport-Security": "max-age=1", "Www-Authenticate": "Basic", "Refresh": "0; url=http://evil.example",
		"Clear-Site-Data": `"*"`, "Link": "<http://evil.example>; rel=preload", "Content-Security-Policy": "default-src *", "Server": "evil",
		"Service-Worker-Allowed": "/", "Content-Disposition": "attachment; filename=evil.exe", "Connection": "X-Portkey-Request-Id", "Content-Type": "text/html",
		"Content-Location": "http://evil.example", "Nel": "{}", "Report-To": "{}", "Cross-Origin-Resource-Policy": "cross-origin", "X-Frame-Options": "ALLOWALL",
	}
	for _, c := range []struct {
		name   string
		step   upstream.Step
		stream bool
	}{{"reply", upstream.Step{}, false}, {"error", upstream.Step{Status: 400}, false}} {
		t.Run(c.name, func(t *testing.T) {
			c.step.Headers = hostile
			script(t, up, "openai", c.step)
			got := s.chat(c.stream)
			for name, value := range hostile {
				for _, v := range got.Header.Values(name) {
					if v == value {
						t.Errorf("%s: %s was passed on", name, v)
					}
				}
			}
			if ct := got.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("Content-Type: %s, X-Content-Type-Options: %s", ct, got.Header.Get("X-Content-Type-Options"))
			}
			if len(got.Header.Values("X-Portkey-Trace-Id")) != 1 || len(got.Header.Values("X-Portkey-Request-Id")) != 1 {
				t.Errorf("the gateway's own headers: %v", got.Header)
			}
			s.row(got)
		})
	}
}

// A provider that sends without end is cut off; memory stays bounded and others
// are served meanwhile.
func TestEndlessAnswers(t *testing.T) {
	t.Parallel()
	var gone atomic.Int64
	var mode atomic.Value
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := mode.Load().(string)
		head := map[string]string{"body": "application/json", "line": "text/event-stream", "gzip": "application/json"}[kind]
		w.Header().Set("Content-Type", head)
		filler := bytes.Repeat([]byte("x"), 1<<20)
		if kind == "gzip" { // little as it comes, and much once it is unpacked
			w.Header().Set("Content-Encoding", "gzip")
			zw := gzip.NewWriter(w)
			_, _ = io.WriteString(zw, `{"a":"`)
			for range 200 {
				_, _ = zw.Write(filler)
			}
			_ = zw.Close()
			return
		}
		_, _ = io.WriteString(w, map[string]string{"body": `{"a":"`, "line": "data: {\"a\":\""}[kind])
		for range 200 { // MiB: more than any limit
			if _, err := w.Write(filler); err != nil {
				gone.Add(1)
				return
			}
		}
	}))
	defer endless.Close()
	s := start(t, t.TempDir(), map[string]string{"openai": endless.URL})
	for i, c := range []struct {
		mode   string
		stream bool
		gone   int64
	}{{"body", false, 1}, {"line", true, 2}, {"gzip", false, 2}} {
		mode.Store(c.mode)
		got := s.chat(c.stream)
		wantError(t, got, 502)
		waitFor(t, 5*time.Second, "the provider's connection to be closed", func() bool { return gone.Load() >= c.gone })
		if rss := residentMiB(t, s.cmd.Process.Pid); rss > 700 {
			t.Errorf("%d: %s: the process holds %d MiB", i, c.mode, rss)
		}
	}
	s.alive()
}

// A trickling provider keeps nobody else waiting, and what it says arrives as it
// comes.
func TestTricklingStream(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	events := []string{`{"choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}]}`, `{"choices":[{"index":0,"delta":{"content":"b"}}]}`, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`}
	gate := make(chan struct{})
	trickle := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, e := range events {
			for _, b := range []byte("data: " + e + "\n\n") {
				_, _ = w.Write([]byte{b})
				_ = http.NewResponseController(w).Flush()
			}
			<-gate
		}
		_, _ = io.WriteString(w, "data: [DONE]\n\n")
	}))
	defer trickle.Close()
	s := start(t, t.TempDir(), map[string]string{"openai": trickle.URL})
	body := s.open(chatBody("m", true))
	defer body.Close()
	lines := bufio.NewReader(body)
	for _, want := range []string{`"content":"a"`, `"content":"b"`, `"finish_reason":"stop"`} {
		got := nextData(t, lines)
		if !strings.Contains(got, want) {
			t.Fatalf("the event is %q, want one with %s before the provider goes on", got, want)
		}
		gate <- struct{}{}
	}
	if got := nextData(t, lines); got != "[DONE]" {
		t.Errorf("the stream ends with %q", got)
	}
}

// A reply that comes slowly but steadily has not stalled.
func TestSlowReplyIsNotStalled(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	script(t, up, "openai", upstream.Step{TrickleBPS: 1000})
	began := time.Now()
	got := s.chat(false, "X-Portkey-Config", `{"stream_idle_timeout":200}`)
	if took := time.Since(began); got.Status != 200 || took < 300*time.Millisecond {
		t.Errorf("status %d after %v: %s", got.Status, took, got.Body)
	}
}

// open starts a streamed chat completion and returns its body.
func (s *server) open(body string) io.ReadCloser {
	s.t.Helper()
	req, err := http.NewRequest("POST", s.URL+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "X-Portkey-Api-Key": workspaceKey,
		"X-Portkey-Provider": "openai", "Authorization": "Bearer sk-upstream"} {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.Body
}

// nextData reads the data of the next event.
func nextData(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended: %v", err)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			return strings.TrimSpace(data)
		}
	}
}
