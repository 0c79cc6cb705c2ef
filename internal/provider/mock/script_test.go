package mock

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
)

func TestParseDirectives(t *testing.T) {
	got, err := ParseDirectives(" status=503 , retry-after=2;latency=200ms,chunk-delay=20ms, fail-after=3,cut,,hang , html, reply=Yes, really; so")
	if err != nil {
		t.Fatal(err)
	}
	want := Directives{
		Status: 503, RetryAfter: 2 * time.Second, Latency: 200 * time.Millisecond, ChunkDelay: 20 * time.Millisecond,
		FailAfter: 3, Cut: true, Hang: true, HTML: true, Reply: "Yes, really; so",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := ParseDirectives("rate=0.3:429"); err != nil || got.Rate != 0.3 || got.Status != 429 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseDirectivesRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"stauts=503": "want one of status", "status=99": "200 to 599", "status=x": "200 to 599", "status": "200 to 599",
		"latency=5": "200ms", "latency=-1s": "200ms", "chunk-delay=2h": "200ms", "fail-after=0": "from 1",
		"retry-after=soon": "from 1", "cut=yes": "no value", "rate=2:429": "0 to 1", "rate=0.5": "200 to 599",
		"rate=NaN:429": "0 to 1",
	} {
		if _, err := ParseDirectives("hang," + s); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), s) {
			t.Errorf("%q: %v, want an error with %q", s, err, want)
		}
	}
}

func TestParseScriptRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"rules: [{do: status=503, modle: x}]":         "modle",
		"rules: [{model: x}]":                         "rules[0].do: is missing",
		"rules: [{do: hang}, {do: oops}]":             "rules[1].do: mock directive \"oops\"",
		"rules: [{do: hang, calls: 0}]":               "rules[0].calls",
		"rules: [{do: hang, calls: 4-2}]":             "rules[0].calls",
		"rules: [{do: hang, probability: 1.5}]":       "rules[0].probability",
		"rules: [{do: hang, path: '['}]":              "rules[0].path",
		"limits: [{requests: 0}]":                     "limits[0].requests",
		"limits: [{requests: 1, per: -1s}]":           "limits[0].per",
		"limits: [{requests: 1, model: '['}]":         "limits[0].model",
		"rules: 7":                                    "mock script",
		`{"rules": [{"do": "hang", "calls": "x"}]}`:   "rules[0].calls",
		`{"rules": [{"do": "hang", "calls": "1-x"}]}`: "rules[0].calls",
	} {
		if _, err := ParseScript([]byte(s)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", s, err, want)
		}
	}
}

func scripted(t *testing.T, script string) *Handler {
	t.Helper()
	s, err := ParseScript([]byte(script))
	if err != nil {
		t.Fatal(err)
	}
	return New(s)
}

// statuses sends n chat requests and lists what was answered.
func statuses(t *testing.T, h http.Handler, model string, n int, header ...string) []int {
	t.Helper()
	var got []int
	for range n {
		w := post(t, h, "/v1/chat/completions", `{"model":"`+model+`","messages":[{"role":"user","content":"x"}]}`, header...)
		got = append(got, w.Code)
	}
	return got
}

func TestRules(t *testing.T) {
	h := scripted(t, `
rules:
  - {model: mock-gpt, calls: 2-3, do: "status=503, retry-after=1"}
  - {model: mock-gpt, path: /v1/chat/*, calls: 5-, do: status=429}
  - {model: mock-claude, calls: 1, do: "reply=Scripted"}
`)
	// The second rule counts only the calls that the first let pass.
	if diff := cmp.Diff([]int{200, 503, 503, 200, 200, 200, 429, 429}, statuses(t, h, "mock-gpt", 8)); diff != "" {
		t.Error(diff)
	}
	w := post(t, h, "/v1/chat/completions", `{"model":"mock-claude","messages":[{}]}`)
	if text := gjson.Get(w.Body.String(), "choices.0.message.content").String(); text != "Scripted" {
		t.Errorf("text %q", text)
	}
	if diff := cmp.Diff([]int{200, 404}, append(statuses(t, h, "other", 1), statuses(t, h, "mock-gpt", 1, Header, "status=404")...)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{502, 400}, append(statuses(t, h, "mock-x:status=502", 1), statuses(t, h, "mock-x:oops", 1)...)); diff != "" {
		t.Error(diff)
	}
}

func TestChanceIsReproducible(t *testing.T) {
	script := "seed: 7\nrules: [{probability: 0.3, do: status=500}]"
	first := statuses(t, scripted(t, script), "m", 200)
	if diff := cmp.Diff(first, statuses(t, scripted(t, script), "m", 200)); diff != "" {
		t.Error(diff)
	}
	failed := 0
	for _, s := range first {
		if s == 500 {
			failed++
		}
	}
	if failed < 35 || failed > 85 {
		t.Errorf("%d of 200 failed, want about 60", failed)
	}
	other := statuses(t, scripted(t, "seed: 8\nrules: [{probability: 0.3, do: status=500}]"), "m", 200)
	if cmp.Equal(first, other) {
		t.Error("another seed gave the same run")
	}
	rated := statuses(t, New(nil), "m", 200, Header, "rate=0.5:429")
	if cmp.Equal(rated, statuses(t, New(nil), "m", 200)) {
		t.Error("rate=0.5 failed nothing")
	}
}

func TestLimits(t *testing.T) {
	h := scripted(t, "limits: [{model: mock-*, requests: 2, per: 30s}]")
	now := time.Unix(1000, 0)
	h.now = func() time.Time { return now }
	body := `{"model":"mock-gpt","messages":[{}]}`
	for i, want := range []int{200, 200, 429} {
		w := post(t, h, "/v1/chat/completions", body, "Authorization", "Bearer a")
		if w.Code != want {
			t.Errorf("request %d: %d, want %d", i+1, w.Code, want)
		}
		if want == 429 && (w.Header().Get("Retry-After") != "30" || w.Header().Get("X-Ratelimit-Remaining-Requests") != "0" || gjson.Get(w.Body.String(), "error.code").String() != "rate_limit_exceeded") {
			t.Errorf("%v %s", w.Header(), w.Body)
		}
	}
	if got := statuses(t, h, "mock-gpt", 1, "Authorization", "Bearer b"); got[0] != 200 {
		t.Error("another credential shares the limit")
	}
	if got := statuses(t, h, "other", 3, "Authorization", "Bearer a"); got[2] != 200 {
		t.Error("another model shares the limit")
	}
	now = now.Add(30 * time.Second)
	if got := statuses(t, h, "mock-gpt", 1, "Authorization", "Bearer a"); got[0] != 200 {
		t.Error("the window does not end")
	}
}

func TestErrorsInEachDialect(t *testing.T) {
	for status, want := range map[int][2]string{
		400: {"invalid_request_error", "invalid_request_error"}, 401: {"invalid_request_error", "authentication_error"},
		429: {"requests", "rate_limit_error"}, 500: {"server_error", "api_error"}, 529: {"server_error", "overloaded_error"},
	} {
		w := httptest.NewRecorder()
		openAI.fail(w, status, "no")
		if got := gjson.Get(w.Body.String(), "error.type").String(); got != want[0] || w.Code != status {
			t.Errorf("openai %d: %s", status, w.Body)
		}
		w = httptest.NewRecorder()
		anthropic.fail(w, status, "no")
		if got := gjson.Get(w.Body.String(), "error.type").String(); got != want[1] || gjson.Get(w.Body.String(), "type").String() != "error" {
			t.Errorf("anthropic %d: %s", status, w.Body)
		}
	}
}

func TestBreaks(t *testing.T) {
	srv := httptest.NewServer(New(nil))
	defer srv.Close()
	chat := `{"model":"mock-gpt","messages":[{"role":"user","content":"x"}]`
	for directive, test := range map[string]struct {
		body   string
		frames int // of the stream; -1 if not one
		err    error
	}{
		"fail-after=3":  {chat + `,"stream":true}`, 3, io.ErrUnexpectedEOF},
		"error-after=2": {chat + `,"stream":true}`, 3, nil},
		"cut":           {chat + `}`, -1, io.ErrUnexpectedEOF},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/v1/chat/completions", strings.NewReader(test.body))
		req.Header.Set(Header, directive)
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatalf("%s: %v", directive, err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !errors.Is(err, test.err) {
			t.Errorf("%s: %v, want %v", directive, err, test.err)
		}
		if n := bytes.Count(body, []byte("\n\n")); test.frames >= 0 && n != test.frames {
			t.Errorf("%s: %d frames, want %d", directive, n, test.frames)
		}
		if bytes.Contains(body, []byte("[DONE]")) {
			t.Errorf("%s: a broken stream ends well", directive)
		}
	}
	html := post(t, New(nil), "/v1/chat/completions", chat+"}", Header, "html,status=200")
	if html.Code != 200 || !strings.HasPrefix(html.Body.String(), "<!doctype html>") {
		t.Errorf("%d %s", html.Code, html.Body)
	}
}

func TestDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		w := post(t, New(nil), "/v1/chat/completions", `{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}`, Header, "latency=200ms,chunk-delay=20ms,reply=two words")
		frames := time.Duration(bytes.Count(w.Body.Bytes(), []byte("\n\n")))
		if want, got := 200*time.Millisecond+(frames-1)*20*time.Millisecond, time.Since(start); got != want {
			t.Errorf("took %v, want %v", got, want)
		}
	})
}
