package gateway_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

const (
	askJSON = `{ "model":"gpt-4o-mini", "messages":[{"role":"user","content":"hi"}], "unknown":12345678901234567890 }`
	okJSON  = `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-mini-2024-07-18","extra":1.0,"choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":10,"total_tokens":1010}}`

	askStream = `{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"hi"}]}`
	firstPart = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n"
	textPart  = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"},\"finish_reason\":null}]}\n\n"
	endPart   = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
	usagePart = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1,\"total_tokens\":8}}\n\n"
	done      = "data: [DONE]\n\n"
	whole     = firstPart + textPart + endPart + usagePart + done
)

func TestSameDialectPassesThroughByteForByte(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, okJSON)})
	status, header, body := r.answer(t, r.chat(askJSON, "X-Portkey-Virtual-Key", "my-openai"))
	if status != 200 || body != okJSON {
		t.Fatalf("status %d, body %s", status, body)
	}
	sent := <-r.requests
	if got, _ := io.ReadAll(sent.Body); string(got) != askJSON {
		t.Errorf("the provider received %s", got)
	}
	if got := sent.Header.Get("Authorization"); got != "Bearer sk-stored-openai" {
		t.Errorf("the provider was shown %q", got)
	}
	for name, want := range map[string]string{
		"X-Portkey-Trace-Id": "trace-1", "X-Portkey-Request-Id": "req-1", "X-Portkey-Provider": "openai",
		"X-Portkey-Last-Used-Option-Index": "config", "X-Portkey-Retry-Attempt-Count": "0", "X-Portkey-Cache-Status": "DISABLED",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	e := r.ledger.only(t)
	if e.State != ledger.OK || e.Usage.InputTokens != 1000 || e.Usage.OutputTokens != 10 || e.Model != "gpt-4o-mini-2024-07-18" {
		t.Errorf("the entry is %+v", e)
	}
	// $0.15 and $0.60 a million tokens.
	if want := int64(1000*150 + 10*600); !e.CostKnown || e.CostNano != want {
		t.Errorf("cost is %d (known %v), want %d", e.CostNano, e.CostKnown, want)
	}
	if r.ledger.body(e.Request) != askJSON || r.ledger.body(e.Reply) != okJSON || !e.Upstream.IsZero() {
		t.Error("the bodies kept are not those of the call")
	}
}

func TestNothingOfOursReachesTheProvider(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, okJSON)})
	c := r.chat(askJSON, "X-Portkey-Virtual-Key", "my-openai", "X-Portkey-Forward-Headers", "x-mine, authorization, x-portkey-api-key, cookie",
		"X-Mine", "yes", "Authorization", "Bearer portico-key", "X-Portkey-Api-Key", "portico-key", "Cookie", "a=b")
	c.Carrier = "Authorization"
	r.answer(t, c)
	sent := <-r.requests
	if sent.Header.Get("X-Mine") != "yes" {
		t.Error("a header that was to be forwarded was not")
	}
	for name, values := range sent.Header {
		if strings.HasPrefix(name, "X-Portkey-") || strings.Contains(strings.Join(values, " "), "portico-key") || name == "Cookie" {
			t.Errorf("the provider received %s: %v", name, values)
		}
	}
}

func TestFallback(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{
		"openai":       reply(503, `{"error":{"message":"overloaded","type":"server_error"}}`),
		"azure-openai": reply(200, okJSON),
	})
	config := `{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"my-openai"},{"virtual_key":"my-azure-openai"}]}`
	status, header, _ := r.answer(t, r.chat(askJSON, "X-Portkey-Config", config))
	if status != 200 || header.Get("X-Portkey-Last-Used-Option-Index") != "config.targets[1]" {
		t.Fatalf("status %d from %s", status, header.Get("X-Portkey-Last-Used-Option-Index"))
	}
	e := r.ledger.only(t)
	if !e.Fallback || e.Mode != "fallback" || len(e.Attempts) != 2 || e.Attempts[0].Status != 503 || e.Provider != "azure-openai" {
		t.Errorf("the entry is %+v", e)
	}
	if e.Attempts[0].Error == nil || r.ledger.body(e.Attempts[0].Reply) == "" {
		t.Error("the failed attempt's answer is not kept")
	}
	<-r.requests
	if second := <-r.requests; second.URL.Path != "/v1/deployments/dep/chat/completions" || second.Header.Get("Api-Key") != "sk-stored-azure-openai" {
		t.Errorf("azure was called at %s", second.URL)
	}
}

func TestUnsupportedOperationFallsBack(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"anthropic": reply(500, `{}`), "openai": reply(200, `{"object":"list","data":[],"usage":{"prompt_tokens":3,"total_tokens":3}}`)})
	c := r.chat(`{"model":"text-embedding-3-small","input":"x"}`, "X-Portkey-Config",
		`{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"my-anthropic"},{"virtual_key":"my-openai"}]}`)
	c.Op = ai.Embed
	if status, _, body := r.answer(t, c); status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	if e := r.ledger.only(t); e.Attempts[0].Status != 501 || !strings.Contains(e.Attempts[0].Error.Message, "embed is not supported by anthropic") {
		t.Errorf("the first attempt is %+v", e.Attempts[0])
	}
}

// What cannot be carried is refused where that is asked for, and a provider that
// can carry it gets the call.
func TestStrictTranslation(t *testing.T) {
	const ask = `{"model":"m","messages":[{"role":"user","content":"hi"}],"logit_bias":{"1":2}}`
	const message = `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}`
	handlers := map[string]http.HandlerFunc{"anthropic": reply(200, message), "openai": reply(200, okJSON)}
	for name, test := range map[string]struct {
		headers []string
		status  int
		calls   int
	}{
		"not asked for":  {[]string{"X-Portkey-Virtual-Key", "my-anthropic"}, 200, 1},
		"by the header":  {[]string{"X-Portkey-Virtual-Key", "my-anthropic", "X-Portico-Strict-Translation", "true"}, 400, 0},
		"by the config":  {[]string{"X-Portkey-Config", `{"strict_translation":true,"virtual_key":"my-anthropic"}`}, 400, 0},
		"header says no": {[]string{"X-Portkey-Config", `{"strict_translation":true,"virtual_key":"my-anthropic"}`, "X-Portico-Strict-Translation", "false"}, 200, 1},
		"fallback": {[]string{"X-Portkey-Config",
			`{"strict_translation":true,"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"my-anthropic"},{"virtual_key":"my-openai"}]}`}, 200, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, handlers)
			status, _, body := r.answer(t, r.chat(ask, test.headers...))
			if status != test.status || len(r.requests) != test.calls {
				t.Errorf("status %d, %d calls: %s", status, len(r.requests), body)
			}
			if status == 400 && (!strings.Contains(body, "logit_bias") || !strings.Contains(body, "lossy_translation")) {
				t.Errorf("the error does not say what would be lost: %s", body)
			}
		})
	}
}

func TestStreamHidesUsageThatWasNotAskedFor(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, whole)})
	_, _, body := r.answer(t, r.chat(askStream, "X-Portkey-Virtual-Key", "my-openai"))
	if body != firstPart+textPart+endPart+done {
		t.Errorf("the client received %q", body)
	}
	sent := <-r.requests
	if got, _ := io.ReadAll(sent.Body); !strings.Contains(string(got), `"include_usage":true`) {
		t.Errorf("usage was not asked for: %s", got)
	}
	if e := r.ledger.only(t); e.Usage.InputTokens != 7 || e.Usage.Estimated || e.State != ledger.OK {
		t.Errorf("the entry is %+v", e)
	}
}

func TestStreamShowsUsageThatWasAskedFor(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, whole)})
	ask := strings.Replace(askStream, `"stream":true`, `"stream":true,"stream_options":{"include_usage":true}`, 1)
	if _, _, body := r.answer(t, r.chat(ask, "X-Portkey-Virtual-Key", "my-openai")); body != whole {
		t.Errorf("the client received %q", body)
	}
}

func TestStreamThatBreaksBeforeItsFirstTokenFallsBack(t *testing.T) {
	for name, broken := range map[string]http.HandlerFunc{
		"cut after the role":   cut(firstPart),
		"nothing at all":       cut("data:"),
		"an error event":       reply(200, "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"overloaded_error\"}}\n\n"),
		"a clean early end":    reply(200, firstPart),
		"HTML with status 200": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>login</html>") },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"openai": broken, "azure-openai": reply(200, whole)})
			config := `{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"my-openai"},{"virtual_key":"my-azure-openai"}]}`
			status, header, body := r.answer(t, r.chat(askStream, "X-Portkey-Config", config))
			if status != 200 || !strings.Contains(body, "hello") || !strings.HasSuffix(body, done) {
				t.Fatalf("status %d: %q", status, body)
			}
			if header.Get("X-Portkey-Last-Used-Option-Index") != "config.targets[1]" {
				t.Error("the first target is said to have answered")
			}
		})
	}
}

func TestStreamThatBreaksLaterEndsInAnError(t *testing.T) {
	for name, broken := range map[string]http.HandlerFunc{
		"cut":               cut(firstPart + textPart),
		"a clean early end": reply(200, firstPart+textPart),
		"an error event":    reply(200, firstPart+textPart+"data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}\n\n"),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"openai": broken})
			_, _, body := r.answer(t, r.chat(askStream, "X-Portkey-Virtual-Key", "my-openai"))
			if !strings.Contains(body, `"error"`) || strings.Contains(body, "[DONE]") || !strings.Contains(body, "hello") {
				t.Errorf("the client received %q", body)
			}
			if e := r.ledger.only(t); e.State != ledger.Truncated || !e.Usage.Estimated || e.Error == nil {
				t.Errorf("the entry is %+v", e)
			}
		})
	}
}

func TestStreamWhoseOnlyFaultIsAMissingDone(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, firstPart+textPart+endPart)})
	if _, _, body := r.answer(t, r.chat(askStream, "X-Portkey-Virtual-Key", "my-openai")); !strings.HasSuffix(body, done) || strings.Contains(body, `"error"`) {
		t.Errorf("the client received %q", body)
	}
}

func TestStreamTooLongToKeep(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, firstPart+textPart+endPart+done)})
	r.Limits.LogBytes = len(firstPart) + 1
	_, _, body := r.answer(t, r.chat(askStream, "X-Portkey-Virtual-Key", "my-openai"))
	e := r.ledger.only(t)
	if kept := r.ledger.body(e.Reply); !strings.HasSuffix(body, done) || !e.BodiesLost || kept != "" && !strings.HasPrefix(body, kept) {
		t.Errorf("received %q, kept %q, lost: %v", body, kept, e.BodiesLost)
	}
}

func TestClientThatLeavesIsChargedWhatItReceived(t *testing.T) {
	gone := make(chan struct{})
	r := newRig(t, map[string]http.HandlerFunc{"openai": func(w http.ResponseWriter, req *http.Request) {
		reply(200, firstPart+textPart)(w, req)
		_ = http.NewResponseController(w).Flush()
		<-req.Context().Done()
		close(gone)
	}})
	ctx, leave := context.WithCancel(t.Context())
	got := r.Do(ctx, r.chat(askStream, "X-Portkey-Virtual-Key", "my-openai"))
	if _, err := got.Stream.Next(); err != nil {
		t.Fatal(err)
	}
	leave()
	_ = got.Stream.Close()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Fatal("the provider's call was not cancelled")
	}
	if e := r.ledger.only(t); e.State != ledger.ClientGone || e.Status != 499 || !e.Usage.Estimated || e.Usage.OutputTokens == 0 || e.CostNano == 0 {
		t.Errorf("the entry is %+v", e)
	}
}

func TestCallsThatCannotWork(t *testing.T) {
	for name, test := range map[string]struct {
		headers []string
		body    string
		status  int
		message string
	}{
		"no provider":           {nil, askJSON, 400, "x-portkey-provider"},
		"unknown provider":      {[]string{"X-Portkey-Provider", "opnai"}, askJSON, 400, "did you mean openai?"},
		"no provider key":       {[]string{"X-Portkey-Provider", "openai"}, askJSON, 401, "No API key for the provider"},
		"unknown virtual key":   {[]string{"X-Portkey-Virtual-Key", "nope"}, askJSON, 400, "Following keys are not valid: nope"},
		"unknown slug in model": {nil, `{"model":"@nope/gpt-4o","messages":[]}`, 400, "Following keys are not valid: nope"},
		"unknown config":        {[]string{"X-Portkey-Config", "pc-nope"}, askJSON, 400, "Invalid config id passed"},
		"config is not JSON":    {[]string{"X-Portkey-Config", "{"}, askJSON, 400, "valid json"},
		"all weights zero": {[]string{"X-Portkey-Config", `{"strategy":{"mode":"loadbalance"},"targets":[{"virtual_key":"my-openai","weight":0}]}`},
			askJSON, 400, "weight"},
		"stored secret to another host": {[]string{"X-Portkey-Virtual-Key", "my-openai", "X-Portkey-Custom-Host", "https://evil.example.com/v1"},
			askJSON, 400, "bound to"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, okJSON)})
			status, _, body := r.answer(t, r.chat(test.body, test.headers...))
			if status != test.status || !strings.Contains(body, test.message) {
				t.Errorf("status %d, want %d with %q: %s", status, test.status, test.message, body)
			}
			if e := r.ledger.only(t); e.Status != test.status || e.CostNano != 0 {
				t.Errorf("the entry is %+v", e)
			}
			select {
			case sent := <-r.requests:
				t.Errorf("the provider was called: %s", sent.URL)
			default:
			}
		})
	}
}

// Streams that are not chats end in their own ways, and without any of them they
// are not taken for complete.
func TestStreamsOfThePlatform(t *testing.T) {
	const (
		partial   = "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"AA\"}\n\n"
		completed = "event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"AAAA\",\"usage\":{\"input_tokens\":50,\"output_tokens\":70,\"total_tokens\":120}}\n\n"
		delta     = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"hi\"}\n\n"
		heard     = "data: {\"type\":\"transcript.text.done\",\"text\":\"hi\",\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}\n\n"
		run       = "event: thread.run.created\ndata: {\"id\":\"run_1\"}\n\n"
		ended     = "event: done\ndata: [DONE]\n\n"
	)
	for name, test := range map[string]struct {
		op     ai.Op
		stream string
		tokens int64
		broken bool
	}{
		"two images":           {ai.ImageGenerate, partial + completed + partial + completed, 120, false},
		"an image cut":         {ai.ImageGenerate, partial + completed + partial, 120, true},
		"a transcript":         {ai.Transcribe, delta + heard, 10, false},
		"a transcript cut":     {ai.Transcribe, delta, 0, true},
		"a run":                {ai.Proxy, run + ended, 0, false},
		"a stream not known":   {ai.Proxy, run, 0, false},
		"an error in a stream": {ai.Proxy, run + "event: error\ndata: {\"error\":{\"message\":\"boom\"}}\n\n", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, test.stream)})
			c := r.chat(askStream, "X-Portkey-Virtual-Key", "my-openai")
			c.Op, c.Method, c.Rest = test.op, http.MethodPost, "/any/path"
			_, _, body := r.answer(t, c)
			if !test.broken && body != test.stream || test.broken && !strings.Contains(body, `"error"`) {
				t.Errorf("the client received %q", body)
			}
			e := r.ledger.only(t)
			if (e.State == ledger.OK) == test.broken || e.Usage.TotalTokens() != test.tokens || e.Usage.Estimated {
				t.Errorf("the entry is %+v", e)
			}
		})
	}
}

func TestProviderErrorKeepsItsStatusAndHidesTheKey(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(401, `{"error":{"message":"Incorrect API key provided: sk-stored-openai.","type":"invalid_request_error","code":"invalid_api_key"}}`)})
	status, _, body := r.answer(t, r.chat(askJSON, "X-Portkey-Virtual-Key", "my-openai"))
	if status != 401 || !strings.Contains(body, "openai error: Incorrect API key") || !strings.Contains(body, `"code":"invalid_api_key"`) {
		t.Errorf("status %d: %s", status, body)
	}
	if strings.Contains(body, "sk-stored-openai") {
		t.Errorf("the stored key is shown: %s", body)
	}
}

func TestRequestTimeout(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }})
	config := `{"virtual_key":"my-openai","request_timeout":30}`
	status, _, body := r.answer(t, r.chat(askJSON, "X-Portkey-Config", config))
	if status != 408 || !strings.Contains(body, "Request exceeded the timeout sent in the request: 30ms") {
		t.Errorf("status %d: %s", status, body)
	}
}

func TestStalledStream(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": func(w http.ResponseWriter, req *http.Request) {
		reply(200, firstPart+textPart)(w, req)
		_ = http.NewResponseController(w).Flush()
		<-req.Context().Done()
	}})
	config := `{"virtual_key":"my-openai","stream_idle_timeout":30}`
	_, _, body := r.answer(t, r.chat(askStream, "X-Portkey-Config", config))
	if !strings.Contains(body, "stalled") || strings.Contains(body, "[DONE]") {
		t.Errorf("the client received %q", body)
	}
}

func TestJournalThatRefusesStopsSpending(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, okJSON)})
	r.ledger.refuse = ai.Errorf(ai.Unavailable, "storage_exhausted")
	if status, _, _ := r.answer(t, r.chat(askJSON, "X-Portkey-Virtual-Key", "my-openai")); status != 503 {
		t.Errorf("status %d", status)
	}
	if len(r.requests) > 0 {
		t.Error("the provider was called although nothing could be accounted")
	}
}

func TestModelsOfTheCaller(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, `{"object":"list","data":[]}`)})
	c := r.chat("")
	c.Op, c.Body, c.Method = ai.Models, nil, http.MethodGet
	if _, _, body := r.answer(t, c); !strings.Contains(body, `"@my-openai/gpt-4o-mini"`) {
		t.Errorf("the list is %.300s", body)
	}
	c.Headers.Set("X-Portkey-Provider", "@my-openai")
	if _, _, body := r.answer(t, c); body != `{"object":"list","data":[]}` {
		t.Errorf("the provider's own list is %s", body)
	}
}

// A virtual key's identity is asked for what is stored with it alone: a request
// cannot name another of the server's identities, or another use of its token.
func TestStoredIdentityIsNotChangedByRequests(t *testing.T) {
	for field, provider := range map[string]string{
		"Azure-Managed-Client-Id": "azure-openai", "Azure-Workload-Client-Id": "azure-openai", "Azure-Entra-Scope": "azure-openai",
		"Azure-Entra-Tenant-Id": "azure-openai", "Azure-Entra-Client-Id": "azure-openai", "Oracle-Compartment-Id": "oracle", "Vertex-Project-Id": "vertex-ai",
	} {
		r := newRig(t, map[string]http.HandlerFunc{provider: reply(200, okJSON)})
		c := r.chat(askJSON, "X-Portkey-Virtual-Key", "my-"+provider, "X-Portkey-"+field, "another")
		if status, _, body := r.answer(t, c); status != 400 || !strings.Contains(body, "field_not_bound") {
			t.Errorf("%s: status %d: %s", field, status, body)
		}
	}
}

// However a config is spelt, its secrets are not in the log.
func TestSecretsOfInlineConfigsAreNotLogged(t *testing.T) {
	for name, config := range map[string]string{
		"a string":    `{"provider":"openai","api_key":"sk-hidden-0123456789"}`,
		"an object":   `{"provider":"vertex-ai","vertex_service_account_json":{"private_key":"sk-hidden-0123456789"}}`,
		"a list":      `[{"provider":"openai","api_key":"sk-hidden-0123456789"}]`,
		"in a list":   `{"targets":[{"provider":"openai","api_key":["sk-hidden-0123456789"]}]}`,
		"broken JSON": `{"provider":"openai","api_key":"sk-hidden-0123456789"`,
	} {
		r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, okJSON)})
		r.answer(t, r.chat(askJSON, "X-Portkey-Config", config))
		if e := r.ledger.only(t); strings.Contains(e.Headers["x-portkey-config"], "hidden") {
			t.Errorf("%s: the log holds %s", name, e.Headers)
		}
	}
}

func TestServerIdentityIsNotForRequests(t *testing.T) {
	for name, headers := range map[string][]string{
		"header":                      {"X-Portkey-Provider", "azure-openai", "X-Portkey-Azure-Auth-Mode", "managed", "X-Portkey-Azure-Deployment-Id", "d"},
		"inline config":               {"X-Portkey-Config", `{"provider":"azure-openai","azure_auth_mode":"workload","deployment_id":"d"}`},
		"header beside a virtual key": {"X-Portkey-Virtual-Key", "my-azure-openai", "X-Portkey-Azure-Auth-Mode", "Managed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"azure-openai": reply(200, okJSON)})
			if status, _, body := r.answer(t, r.chat(askJSON, headers...)); status != 400 || !strings.Contains(body, "identity of the server's own") {
				t.Errorf("status %d: %s", status, body)
			}
		})
	}
}
