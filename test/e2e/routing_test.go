package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/test/upstream"
)

const (
	openaiTarget    = `{"provider":"openai","api_key":"sk-openai-0123456789"}`
	anyscaleTarget  = `{"provider":"anyscale","api_key":"sk-anyscale-0123456789"}`
	anthropicTarget = `{"provider":"anthropic","api_key":"sk-anthropic-0123456789","override_params":{"model":"claude-3-5-haiku-latest","max_tokens":64}}`
)

// A route is one request with a config, what the providers do, and what must
// come of it.
type routeCase struct {
	name     string
	config   string
	openai   []upstream.Step
	anyscale []upstream.Step
	stream   bool
	path     string // default /v1/chat/completions
	body     string
	headers  []string

	status   int
	option   string // x-portkey-last-used-option-index
	provider string // x-portkey-provider
	retries  string // x-portkey-retry-attempt-count
	calls    map[string]int
	atLeast  time.Duration
	atMost   time.Duration
	says     string
}

func fallback(more string, targets ...string) string {
	return `{"strategy":{"mode":"fallback"` + more + `},"targets":[` + strings.Join(targets, ",") + `]}`
}

func retry(more string) string {
	return `{"provider":"openai","api_key":"sk-openai-0123456789","retry":{` + more + `}}`
}

func conditional(query string) string {
	return `{"strategy":{"mode":"conditional","conditions":[{"query":` + query + `,"then":"b"}],"default":"a"},"targets":[` +
		strings.Replace(openaiTarget, "{", `{"name":"a",`, 1) + "," + strings.Replace(anyscaleTarget, "{", `{"name":"b",`, 1) + `]}`
}

func routeCases() []routeCase {
	all := func(status int) upstream.Step { return upstream.Step{Status: status, Times: -1} }
	once := func(status int, after string) upstream.Step { return upstream.Step{Status: status, RetryAfter: after} }
	inThreeSeconds := time.Now().Add(3 * time.Second).UTC().Format(http.TimeFormat)
	return []routeCase{
		{name: "one target", config: openaiTarget, status: 200, option: "config", provider: "openai", retries: "0", calls: map[string]int{"openai": 1}},
		{name: "an error, not retried", config: openaiTarget, openai: []upstream.Step{all(503)}, status: 503, option: "config", provider: "openai", retries: "0", calls: map[string]int{"openai": 1}},
		{name: "a retry", config: retry(`"attempts":2`), openai: []upstream.Step{once(503, "")}, status: 200, retries: "1", calls: map[string]int{"openai": 2}, atLeast: time.Second, atMost: 2 * time.Second},
		{name: "retries used up", config: retry(`"attempts":1`), openai: []upstream.Step{all(500)}, status: 500, retries: "-1", calls: map[string]int{"openai": 2}},
		{name: "529 is retried", config: retry(`"attempts":1`), openai: []upstream.Step{once(529, "")}, status: 200, retries: "1", calls: map[string]int{"openai": 2}},
		{name: "400 is not", config: retry(`"attempts":3`), openai: []upstream.Step{all(400)}, status: 400, retries: "0", calls: map[string]int{"openai": 1}},
		{name: "own codes replace the default ones", config: retry(`"attempts":1,"on_status_codes":[418]`), openai: []upstream.Step{all(503)}, status: 503, retries: "0", calls: map[string]int{"openai": 1}},
		{name: "an own code", config: retry(`"attempts":1,"on_status_codes":[418]`), openai: []upstream.Step{once(418, "")}, status: 200, retries: "1", calls: map[string]int{"openai": 2}},
		{name: "a broken connection is retried", config: retry(`"attempts":1,"on_status_codes":[418]`), openai: []upstream.Step{{ResetAt: upstream.At(-1)}}, status: 200, retries: "1", calls: map[string]int{"openai": 2}},
		{name: "Retry-After in seconds", config: retry(`"attempts":1,"use_retry_after_header":true`), openai: []upstream.Step{once(429, "2")}, status: 200, retries: "1", calls: map[string]int{"openai": 2}, atLeast: 2 * time.Second, atMost: 3 * time.Second},
		{name: "Retry-After of zero", config: retry(`"attempts":1,"use_retry_after_headers":true`), openai: []upstream.Step{once(429, "0")}, status: 200, retries: "1", calls: map[string]int{"openai": 2}, atMost: 900 * time.Millisecond},
		{name: "retry-after-ms", config: retry(`"attempts":1,"use_retry_after_header":true`), openai: []upstream.Step{{Status: 429, Headers: map[string]string{"Retry-After-Ms": "150"}, RetryAfter: "30"}}, status: 200, retries: "1", calls: map[string]int{"openai": 2}, atLeast: 150 * time.Millisecond, atMost: 900 * time.Millisecond},
		{name: "Retry-After as a date", config: retry(`"attempts":1,"use_retry_after_header":true`), openai: []upstream.Step{once(429, inThreeSeconds)}, status: 200, retries: "1", calls: map[string]int{"openai": 2}, atMost: 4 * time.Second},
		{name: "Retry-After over a minute", config: retry(`"attempts":3,"use_retry_after_header":true`), openai: []upstream.Step{once(429, "61")}, status: 429, retries: "-1", calls: map[string]int{"openai": 1}, atMost: 900 * time.Millisecond},
		{name: "Retry-After that is ignored", config: retry(`"attempts":1`), openai: []upstream.Step{once(429, "30")}, status: 200, retries: "1", calls: map[string]int{"openai": 2}, atLeast: time.Second, atMost: 2 * time.Second},
		{name: "fallback", config: fallback("", openaiTarget, anyscaleTarget), openai: []upstream.Step{all(503)}, status: 200, option: "config.targets[1]", provider: "anyscale", calls: map[string]int{"openai": 1, "anyscale": 1}},
		{name: "fallback on 4xx too", config: fallback("", openaiTarget, anyscaleTarget), openai: []upstream.Step{all(401)}, status: 200, option: "config.targets[1]", calls: map[string]int{"openai": 1, "anyscale": 1}},
		{name: "fallback on a code", config: fallback(`,"on_status_codes":[429]`, openaiTarget, anyscaleTarget), openai: []upstream.Step{all(429)}, status: 200, option: "config.targets[1]", calls: map[string]int{"anyscale": 1}},
		{name: "no fallback on another code", config: fallback(`,"on_status_codes":[429]`, openaiTarget, anyscaleTarget), openai: []upstream.Step{all(500)}, status: 500, option: "config.targets[0]", provider: "openai", calls: map[string]int{"openai": 1, "anyscale": 0}},
		{name: "all targets fail", config: fallback("", openaiTarget, anyscaleTarget), openai: []upstream.Step{all(500)}, anyscale: []upstream.Step{all(429)}, status: 429, option: "config.targets[1]", provider: "anyscale", calls: map[string]int{"openai": 1, "anyscale": 1}},
		{name: "fallback after retries", config: fallback("", `{"provider":"openai","api_key":"k","retry":{"attempts":1}}`, anyscaleTarget), openai: []upstream.Step{all(503)}, status: 200, option: "config.targets[1]", retries: "0", calls: map[string]int{"openai": 2, "anyscale": 1}},
		{name: "fallback to another dialect", config: fallback("", openaiTarget, anthropicTarget), openai: []upstream.Step{all(503)}, status: 200, provider: "anthropic", calls: map[string]int{"anthropic": 1}, says: `"object":"chat.completion"`},
		{name: "fallback of a stream that breaks before its first token", config: fallback("", openaiTarget, anyscaleTarget), stream: true, openai: []upstream.Step{{CutAt: upstream.At(100)}}, status: 200, option: "config.targets[1]", calls: map[string]int{"openai": 1, "anyscale": 1}, says: "[DONE]"},
		{name: "fallback of a stream whose first event is an error", config: fallback("", openaiTarget, anyscaleTarget), stream: true, openai: []upstream.Step{{ErrorAfter: upstream.At(0)}}, status: 200, option: "config.targets[1]", calls: map[string]int{"anyscale": 1}, says: "[DONE]"},
		{name: "retry of a stream whose first event is an error", config: retry(`"attempts":1`), stream: true, openai: []upstream.Step{{ErrorAfter: upstream.At(0)}}, status: 200, retries: "1", calls: map[string]int{"openai": 2}, says: "[DONE]"},
		{name: "fallback of a stream that does not begin in time", config: fallback("", `{"provider":"openai","api_key":"k","first_token_timeout":200}`, anyscaleTarget), stream: true, openai: []upstream.Step{{StallAt: upstream.At(20)}}, status: 200, option: "config.targets[1]", calls: map[string]int{"anyscale": 1}, atMost: time.Second},
		{name: "fallback of a cut reply", config: fallback("", openaiTarget, anyscaleTarget), openai: []upstream.Step{{CutAt: upstream.At(50)}}, status: 200, option: "config.targets[1]", calls: map[string]int{"anyscale": 1}},
		{name: "fallback after a timeout", config: fallback("", `{"provider":"openai","api_key":"k","request_timeout":150}`, anyscaleTarget), openai: []upstream.Step{{Hang: true}}, status: 200, option: "config.targets[1]", calls: map[string]int{"openai": 1, "anyscale": 1}, atLeast: 150 * time.Millisecond, atMost: time.Second},
		{name: "a redirect falls back", config: fallback("", openaiTarget, anyscaleTarget), openai: []upstream.Step{{Redirect: "canary"}}, status: 200, option: "config.targets[1]", calls: map[string]int{"__canary": 0}},
		{name: "nested", config: fallback("", fallback("", openaiTarget, openaiTarget), `{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"openai","api_key":"k","weight":0},{"provider":"anyscale","api_key":"k","weight":0.1}]}`), openai: []upstream.Step{all(500)}, status: 200, option: "config.targets[1].targets[1]", calls: map[string]int{"openai": 2, "anyscale": 1}},
		{name: "an operation the provider lacks", config: anthropicTarget, path: "/v1/embeddings", body: `{"model":"m","input":"x"}`, status: 501, provider: "anthropic", calls: map[string]int{"anthropic": 0}, says: "is not supported by anthropic"},
		{name: "fallback from an operation the provider lacks", config: fallback("", anthropicTarget, openaiTarget), path: "/v1/embeddings", body: `{"model":"m","input":"x"}`, status: 200, option: "config.targets[1]", calls: map[string]int{"openai": 1}},
		{name: "condition on metadata", config: conditional(`{"metadata.tier":"paid"}`), headers: []string{"X-Portkey-Metadata", `{"tier":"paid"}`}, status: 200, option: "config.targets[1]", calls: map[string]int{"anyscale": 1, "openai": 0}},
		{name: "the default condition", config: conditional(`{"metadata.tier":"paid"}`), headers: []string{"X-Portkey-Metadata", `{"tier":"free"}`}, status: 200, option: "config.targets[0]", calls: map[string]int{"openai": 1}},
		{name: "condition on params", config: conditional(`{"params.max_tokens":{"$gt":100},"params.model":{"$regex":"^gpt"}}`), body: `{"model":"gpt-4o-mini","max_tokens":101,"messages":[]}`, status: 200, option: "config.targets[1]"},
		{name: "condition on the path", config: conditional(`{"url.pathname":"/v1/chat/completions"}`), status: 200, option: "config.targets[1]"},
		{name: "header's timeout", config: openaiTarget, openai: []upstream.Step{{Hang: true}}, headers: []string{"X-Portkey-Request-Timeout", "150"}, status: 408, atMost: time.Second},
		{name: "no valid target", status: 400, config: strings.Replace(conditional(`{"metadata.tier":"paid"}`), `,"default":"a"`, "", 1), calls: map[string]int{"openai": 0}, says: "did not resolve"},
	}
}

// Routing configs do what they say, through the whole program, and the headers
// and the log tell it.
func TestRouting(t *testing.T) {
	t.Parallel()
	for _, c := range routeCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, up := routed(t)
			script(t, up, "openai", c.openai...)
			script(t, up, "anyscale", c.anyscale...)
			path, body := c.path, c.body
			if path == "" {
				path = "/v1/chat/completions"
			}
			if body == "" {
				body = chatBody("gpt-4o-mini", c.stream)
			}
			began := time.Now()
			got := s.call("POST", path, workspaceKey, body, append([]string{"X-Portkey-Config", c.config}, c.headers...)...)
			took := time.Since(began)
			checkRoute(t, c, got, up)
			if took < c.atLeast || c.atMost > 0 && took > c.atMost {
				t.Errorf("it took %v, want %v to %v", took, c.atLeast, c.atMost)
			}
			row := s.row(got)
			if number(row["response_status_code"]) != float64(c.status) || row["last_used_option_index"] != got.Header.Get("X-Portkey-Last-Used-Option-Index") {
				t.Errorf("logged with status %v and option %v", row["response_status_code"], row["last_used_option_index"])
			}
		})
	}
}

func checkRoute(t *testing.T, c routeCase, got response, up *upstream.Server) {
	t.Helper()
	if got.Status != c.status {
		t.Errorf("status %d, want %d: %.300s", got.Status, c.status, got.Body)
	}
	for name, want := range map[string]string{
		"X-Portkey-Last-Used-Option-Index": c.option, "X-Portkey-Provider": c.provider, "X-Portkey-Retry-Attempt-Count": c.retries,
	} {
		if v := got.Header.Get(name); want != "" && v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	if c.status != 400 {
		for _, name := range []string{"X-Portkey-Trace-Id", "X-Portkey-Request-Id", "X-Portkey-Cache-Status", "X-Portkey-Last-Used-Option-Index", "X-Portkey-Retry-Attempt-Count"} {
			if got.Header.Get(name) == "" {
				t.Errorf("no %s", name)
			}
		}
	}
	for provider, want := range c.calls {
		if n := len(up.Requests(provider)); n != want {
			t.Errorf("%s was called %d times, want %d", provider, n, want)
		}
	}
	if !strings.Contains(got.Body, c.says) {
		t.Errorf("the answer does not say %q: %.300s", c.says, got.Body)
	}
}

// routed starts an upstream for one case in front of a server of its own.
func routed(t *testing.T) (*server, *upstream.Server) {
	t.Helper()
	return withUpstream(t)
}

// strict_open_ai_compliance decides whether a provider's own members are shown.
func TestStrictFlag(t *testing.T) {
	t.Parallel()
	s, _ := withUpstream(t)
	ask := func(config string, headers ...string) string {
		got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("x", false), append([]string{"X-Portkey-Config", config}, headers...)...)
		if got.Status != 200 {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
		return got.Body
	}
	loose := strings.Replace(anthropicTarget, "{", `{"strict_open_ai_compliance":false,`, 1)
	parent := `{"strict_open_ai_compliance":false,"strategy":{"mode":"single"},"targets":[` + anthropicTarget + `]}`
	strict := ask(anthropicTarget)
	for name, got := range map[string]string{"config": ask(loose), "parent": ask(parent), "header": ask(anthropicTarget, "X-Portkey-Strict-Open-Ai-Compliance", "false")} {
		if strings.Contains(strict, "content_blocks") || !strings.Contains(got, "content_blocks") {
			t.Errorf("%s: strict %s\nnot strict %s", name, strict, got)
		}
	}
}

// weights of 0 are never drawn, and the others about as often as they say.
func TestWeights(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	config := `{"strategy":{"mode":"loadbalance"},"targets":[{"provider":"openai","api_key":"k","weight":0.75},{"provider":"anyscale","api_key":"k","weight":0.25},{"provider":"azure-openai","api_key":"k","resource_name":"r","deployment_id":"d","weight":0}]}`
	const n = 400
	for range n {
		if got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("gpt-4o-mini", false), "X-Portkey-Config", config); got.Status != 200 {
			t.Fatalf("status %d: %s", got.Status, got.Body)
		}
	}
	first, second, third := len(up.Requests("openai")), len(up.Requests("anyscale")), len(up.Requests("azure-openai"))
	if third != 0 || first+second != n || first < 240 || first > 360 { // 300 ± 7 standard deviations
		t.Errorf("%d, %d and %d calls of %d for weights 0.75, 0.25 and 0", first, second, third, n)
	}
}

// A client that leaves takes the provider's call with it, within a second, and
// pays for what had come.
func TestClientDisconnect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		stream bool
		step   upstream.Step
	}{
		{"in a stream", true, upstream.Step{Split: "event", ChunkDelayMS: 100}},
		{"before the head", false, upstream.Step{Hang: true}},
		{"in a retry's wait", false, upstream.Step{Status: 503, Times: -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, up := withUpstream(t)
			script(t, up, "openai", c.step)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			req, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/v1/chat/completions", strings.NewReader(chatBody("gpt-4o-mini", c.stream)))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Portkey-Api-Key", workspaceKey)
			req.Header.Set("X-Portkey-Config", `{"provider":"openai","api_key":"k","retry":{"attempts":5}}`)
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				resp, err := client.Do(req)
				if err != nil {
					return
				}
				defer resp.Body.Close()
				_, _ = io.ReadAll(resp.Body)
			}()
			waitFor(t, 2*time.Second, "the provider to be called", func() bool { return len(up.Requests("openai")) > 0 })
			time.Sleep(250 * time.Millisecond)
			left := time.Now()
			leave()
			<-answered
			waitFor(t, time.Second, "the call of the provider to end", func() bool {
				all := up.Requests("openai")
				return !all[len(all)-1].End.IsZero()
			})
			last := up.Requests("openai")
			if c.step.Status == 0 && !last[len(last)-1].Gone {
				t.Error("the provider was not told")
			}
			var row map[string]any
			waitFor(t, 3*time.Second, "the log", func() bool {
				for _, r := range s.logs("", 0) {
					row = r
				}
				return row != nil
			})
			if row["status"] != "client_gone" || number(row["response_status_code"]) != 499 {
				t.Errorf("logged as %v with status %v", row["status"], row["response_status_code"])
			}
			if c.stream && (row["usage_estimated"] != true || number(row["total_units"]) <= 0 || row["cost"] == nil || number(row["cost"]) <= 0) {
				t.Errorf("what was consumed is not charged: %v", row)
			}
			if n := len(up.Requests("openai")); n != 1 {
				t.Errorf("%d calls, and the last %v after the client had left", n, time.Since(left))
			}
		})
	}
}

// A stream that stalls ends with an error in the client's dialect, once
// stream_idle_timeout has passed.
func TestStalledStreams(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/v1/chat/completions": `data: {"error":`, "/v1/messages": "event: error\n"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s, up := withUpstream(t)
			script(t, up, "openai", upstream.Step{StallAt: upstream.At(1500)})
			began := time.Now()
			got := s.call("POST", path, workspaceKey, `{"model":"gpt-4o-mini","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"x"}]}`,
				"X-Portkey-Config", `{"provider":"openai","api_key":"k","stream_idle_timeout":300}`)
			if took := time.Since(began); took < 250*time.Millisecond || took > 2*time.Second {
				t.Errorf("it took %v, want about 300ms", took)
			}
			f := fold(path, got.Body)
			if got.Status != 200 || !f.failed || f.ends != 0 || f.text == "" || !strings.Contains(got.Body, want) {
				t.Errorf("status %d, %+v:\n%s", got.Status, f, got.Body)
			}
			row := s.row(got)
			if row["status"] != "truncated" || row["usage_estimated"] != true {
				t.Errorf("logged as %v", fmt.Sprint(row))
			}
		})
	}
}
