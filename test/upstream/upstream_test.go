package upstream

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/portico-ai/portico/test/corpus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	plainBody  = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Say hello."}]}`
	streamBody = `{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Say hello."}]}`
)

// ask posts body and returns the response with its body read; err is of the
// request or of the body.
func ask(t *testing.T, url, body string, header ...string) (*http.Response, string, error) {
	t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

func scripted(t *testing.T, steps ...Step) *Server {
	t.Helper()
	s := New(t, Options{})
	if err := s.Script("openai", steps...); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDefaultCases(t *testing.T) {
	s := New(t, Options{})
	tools := `,"tools":[{"x":1}]}`
	for _, test := range []struct{ url, body, want string }{
		{s.Base("openai") + "/chat/completions", plainBody, "hello"},
		{s.Base("openai") + "/chat/completions", streamBody, "hello-stream"},
		{s.Base("openai") + "/chat/completions", strings.TrimSuffix(plainBody, "}") + tools, "tool-call"},
		{s.Base("openai") + "/chat/completions", strings.TrimSuffix(streamBody, "}") + tools, "tool-call-stream"},
		{s.Base("openai") + "/chat/completions", `{"messages":[{"role":"tool"}]` + tools, "hello"},
		{s.Base("openai") + "/embeddings", `{}`, "embedding"},
		{s.Base("openai") + "/completions", `{}`, "completion"},
		{s.Base("openai") + "/responses", `{"stream":true}`, "response-stream"},
		{s.Base("openai") + "/models", "", "models"},
		{s.Base("anyscale") + "/chat/completions", plainBody, "hello"},
		{s.Base("azure-openai") + "/deployments/d/chat/completions?api-version=1", streamBody, "hello-stream"},
		{s.Base("anthropic") + "/messages", plainBody, "hello"},
		{s.Base("anthropic") + "/messages", streamBody, "hello-stream"},
		{s.Base("anthropic") + "/messages", `{"stream":true,"messages":[{"content":"x"}]` + tools, "tool-call-stream"},
		{s.Base("anthropic") + "/messages", `{"messages":[{"content":[{"type":"tool_result"}]}]` + tools, "hello"},
		{s.Base("anthropic") + "/messages/count_tokens", `{}`, "count-tokens"},
		{s.Base("ollama") + "/api/chat", `{}`, "hello-stream"},
		{s.Base("ollama") + "/api/chat", `{"stream":false}`, "hello"},
		{s.Base("ollama") + "/v1/chat/completions", plainBody, "hello-compat"},
	} {
		s.Reset()
		resp, body, err := ask(t, test.url, test.body)
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("%s: %v %s", test.url, err, body)
			continue
		}
		r := s.Requests("")[0]
		if r.Case != test.want {
			t.Errorf("%s %s: case %s, want %s", test.url, test.body, r.Case, test.want)
		}
		e, err := s.Exchange(r.Provider, r.Case)
		if err != nil || body != string(e.Body()) {
			t.Errorf("%s: the body is not the case's: %v", test.url, err)
		}
	}
	if _, body, _ := ask(t, s.Base("openai")+"/unheard-of", "{}"); !strings.Contains(body, "nothing is known of") {
		t.Errorf("unknown path: %s", body)
	}
	if _, body, _ := ask(t, s.Base("openai")+"/chat/completions", "{}", CaseHeader, "nope"); !strings.Contains(body, `no case "nope"`) {
		t.Errorf("unknown case: %s", body)
	}
}

func TestRecordedCases(t *testing.T) {
	corpus.Dir(t)
	s := New(t, Options{Recorded: true})
	for provider, path := range map[string]string{"openai": "/chat/completions", "anthropic": "/messages", "azure-openai": "/deployments/d/chat/completions"} {
		s.Reset()
		if _, _, err := ask(t, s.Base(provider)+path, streamBody); err != nil {
			t.Fatal(err)
		}
		r := s.Requests(provider)[0]
		e, err := s.Exchange(provider, r.Case)
		if err != nil || e.Status != 200 || !e.Stream || len(e.ResponseChunks) == 0 {
			t.Errorf("%s: replayed %s (%v)", provider, r.Case, err)
		}
	}
	replayed := 0
	for _, c := range s.Cases("openai", "chat.completions") {
		if !c.Recorded || replayed == 40 {
			continue
		}
		replayed++
		resp, body, err := ask(t, s.Base("openai")+"/chat/completions", plainBody, CaseHeader, c.Name)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		e, err := s.Exchange("openai", c.Name)
		if err != nil {
			t.Fatal(err)
		}
		if e.Status != 0 && resp.StatusCode != e.Status || e.Chunking != "sse-data" && body != string(e.Body()) {
			t.Errorf("%s: status %d, %d bytes; recorded %d, %d bytes", c.Name, resp.StatusCode, len(body), e.Status, len(e.Body()))
		}
	}
}

// chunksOf posts a stream request on a bare connection and returns the chunks as
// they were framed.
func chunksOf(t *testing.T, s *Server) []string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /openai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(streamBody), streamBody)
	r := bufio.NewReader(conn)
	for line := ""; line != "\r\n"; {
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	var chunks []string
	for {
		var n int
		if _, err := fmt.Fscanf(r, "%x\r\n", &n); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, n+2)
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return chunks
		}
		chunks = append(chunks, string(b[:n]))
	}
}

func TestSplits(t *testing.T) {
	s := scripted(t, Step{}, Step{Split: "byte"}, Step{Split: "whole"}, Step{Split: "event"})
	e, err := s.Exchange("openai", "hello-stream")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e.ResponseChunks, chunksOf(t, s)); diff != "" {
		t.Error(diff)
	}
	if got := chunksOf(t, s); len(got) != len(e.Body()) || strings.Join(got, "") != string(e.Body()) {
		t.Errorf("split by byte: %d chunks, want %d", len(got), len(e.Body()))
	}
	if got := chunksOf(t, s); len(got) != 1 || got[0] != string(e.Body()) {
		t.Errorf("whole: %d chunks", len(got))
	}
	if diff := cmp.Diff(e.ResponseChunks, chunksOf(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestStatusSequence(t *testing.T) {
	s := scripted(t, Step{Status: 503, Times: 2}, Step{Status: 429, RetryAfter: "7"}, Step{}, Step{Status: 500, Times: -1})
	var got []int
	for range 6 {
		resp, body, err := ask(t, s.Base("openai")+"/chat/completions", plainBody)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, resp.StatusCode)
		if resp.StatusCode == 429 && (resp.Header.Get("Retry-After") != "7" || gjson.Get(body, "error.code").String() != "rate_limit_exceeded") {
			t.Errorf("%v %s", resp.Header, body)
		}
	}
	if diff := cmp.Diff([]int{503, 503, 429, 200, 500, 500}, got); diff != "" {
		t.Error(diff)
	}
	if err := s.Script("*", Step{Status: 529, Times: -1}); err != nil {
		t.Fatal(err)
	}
	if _, body, _ := ask(t, s.Base("anthropic")+"/messages", plainBody); gjson.Get(body, "error.type").String() != "overloaded_error" {
		t.Errorf("%s", body)
	}
}

func TestContentFaults(t *testing.T) {
	text := "not JSON"
	for name, test := range map[string]struct {
		step   Step
		body   string
		status int
		want   string
	}{
		"html":              {Step{HTML: true}, plainBody, 200, "<!DOCTYPE html>"},
		"html 502":          {Step{HTML: true, Status: 502}, plainBody, 502, "Bad Gateway"},
		"body":              {Step{Body: &text}, plainBody, 200, text},
		"case":              {Step{Case: "invalid-key"}, plainBody, 401, "Incorrect API key"},
		"echo key":          {Step{EchoKey: true}, plainBody, 401, "sk-canary"},
		"redirect":          {Step{Redirect: "canary"}, plainBody, 307, ""},
		"header":            {Step{HeaderBytes: 4000, Headers: map[string]string{"x-a": "b"}}, plainBody, 200, "Hello!"},
		"error event first": {Step{ErrorAfter: At(0)}, streamBody, 200, `data: {"error"`},
		"slow":              {Step{DelayMS: 1, ChunkDelayMS: 1}, streamBody, 200, "[DONE]"},
		"trickle":           {Step{TrickleBPS: 100000}, plainBody, 200, "Hello!"},
	} {
		s := scripted(t, test.step)
		resp, body, err := ask(t, s.Base("openai")+"/chat/completions", test.body, "Authorization", "Bearer sk-canary")
		if err != nil || resp.StatusCode != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %v %v %q", name, err, resp, body)
		}
		switch name {
		case "redirect":
			if loc := resp.Header.Get("Location"); loc != s.URL+"/__canary" {
				t.Errorf("Location %q", loc)
			}
			if _, _, err := ask(t, resp.Header.Get("Location"), ""); err != nil || len(s.Requests("__canary")) != 1 {
				t.Errorf("the canary did not sing: %v", err)
			}
		case "header":
			if len(resp.Header.Get("X-Padding")) != 4000 || resp.Header.Get("X-A") != "b" {
				t.Errorf("%v", resp.Header)
			}
		}
	}
}

func TestStreamFaults(t *testing.T) {
	for name, test := range map[string]struct {
		step   Step
		frames int
		last   string
	}{
		"error event":    {Step{ErrorAfter: At(3)}, 4, "server_error"},
		"no terminal":    {Step{DropTerminal: true}, 12, `"usage"`},
		"after terminal": {Step{AfterTerminal: true}, 14, `"role"`},
	} {
		s := scripted(t, test.step)
		_, body, err := ask(t, s.Base("openai")+"/chat/completions", streamBody)
		events := splitEvents([]byte(body))
		if err != nil || len(events) != test.frames || !bytes.Contains(events[len(events)-1], []byte(test.last)) {
			t.Errorf("%s: %v, %d events, last %s", name, err, len(events), events[len(events)-1])
		}
	}
}

func TestWireFaults(t *testing.T) {
	for name, test := range map[string]struct {
		step Step
		body string
		want error
		got  int // bytes of the body, -1 for any
	}{
		"cut":                   {Step{CutAt: At(100)}, plainBody, io.ErrUnexpectedEOF, 100},
		"cut stream":            {Step{CutAt: At(700)}, streamBody, io.ErrUnexpectedEOF, 700},
		"cut at once":           {Step{CutAt: At(0)}, plainBody, io.ErrUnexpectedEOF, 0},
		"reset":                 {Step{ResetAt: At(100)}, plainBody, syscall.ECONNRESET, 100},
		"reset before the head": {Step{ResetAt: At(-1)}, plainBody, syscall.ECONNRESET, 0},
		"length too long":       {Step{LengthOff: 10}, plainBody, io.ErrUnexpectedEOF, -1},
		"length too short":      {Step{LengthOff: -10}, plainBody, nil, -1},
		"interim":               {Step{Interim: 3}, plainBody, nil, -1},
	} {
		s := scripted(t, test.step)
		_, body, err := ask(t, s.Base("openai")+"/chat/completions", test.body)
		if !errors.Is(err, test.want) || test.got >= 0 && len(body) != test.got {
			t.Errorf("%s: %v, %d bytes; want %v, %d bytes", name, err, len(body), test.want, test.got)
		}
		if _, _, err := ask(t, s.Base("openai")+"/chat/completions", test.body); err != nil {
			t.Errorf("%s: not well afterwards: %v", name, err)
		}
	}
}

func TestHangAndStallAreJournaled(t *testing.T) {
	s := scripted(t, Step{Hang: true}, Step{StallAt: At(50)})
	client := &http.Client{Timeout: 100 * time.Millisecond}
	defer client.CloseIdleConnections()
	for range 2 {
		resp, err := client.Post(s.Base("openai")+"/chat/completions", "application/json", strings.NewReader(streamBody))
		if err == nil {
			body, readErr := io.ReadAll(resp.Body)
			resp.Body.Close()
			if len(body) != 50 || readErr == nil {
				t.Errorf("stall: %d bytes, %v", len(body), readErr)
			}
		}
	}
	for i, r := range settled(t, s, 2) {
		if !r.Gone || r.End.Sub(r.At) > 5*time.Second {
			t.Errorf("request %d: %+v", i+1, r)
		}
	}
}

// settled waits until n requests have ended.
func settled(t *testing.T, s *Server, n int) []Request {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		requests := s.Requests("")
		ended := 0
		for _, r := range requests {
			if !r.End.IsZero() {
				ended++
			}
		}
		if ended == n {
			return requests
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d requests ended", ended, n)
		}
	}
}

func TestControl(t *testing.T) {
	s := New(t, Options{})
	resp, body, _ := ask(t, s.URL+"/__script", `{"provider":"openai","steps":[{"status":418,"headers":{"x-a":"b"}}]}`)
	if resp.StatusCode != 200 {
		t.Fatal(body)
	}
	if resp, _, _ := ask(t, s.Base("openai")+"/chat/completions?a=b", plainBody, "X-Test", "1"); resp.StatusCode != 418 || resp.Header.Get("X-A") != "b" {
		t.Errorf("%v", resp)
	}
	_, body, _ = ask(t, s.URL+"/__requests?provider=openai", "")
	var got struct {
		Total    int
		Requests []Request
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Total != 1 {
		t.Fatalf("%v %s", err, body)
	}
	r := got.Requests[0]
	if r.Path != "/openai/v1/chat/completions" || r.Query != "a=b" || r.Method != "POST" || r.Body != plainBody || r.Header.Get("X-Test") != "1" || r.Status != 418 {
		t.Errorf("%+v", r)
	}
	if _, body, _ := ask(t, s.URL+"/__cases?provider=anyscale&endpoint=embeddings", ""); gjson.Get(body, "cases.0.name").String() != "embedding" {
		t.Errorf("%s", body)
	}
	if _, body, _ := ask(t, s.URL+"/__connections", ""); gjson.Get(body, "accepted").Int() < 4 {
		t.Errorf("%s", body)
	}
	ask(t, s.URL+"/__reset", "{}")
	if n := len(s.Requests("")); n != 0 {
		t.Errorf("%d requests after reset", n)
	}
	for body, want := range map[string]string{
		`{"provider":"openai","steps":[{"stauts":500}]}`:   `unknown field \"stauts\"`,
		`{"provider":"openai","steps":[{},{"status":99}]}`: "steps[1].status",
		`{"provider":"openai","steps":[{"split":"x"}]}`:    "steps[0].split",
		`{"provider":"openai","steps":[{"cut_at":-1}]}`:    "steps[0].cut_at",
		`{"provider":"openai","steps":[{"times":-2}]}`:     "steps[0].times",
		`{"provider":"openai","steps":[{"delay_ms":-2}]}`:  "steps[0].delay_ms",
		`{"steps":[]}`: "provider: is missing",
		`[]`:           "want {",
	} {
		if resp, got, _ := ask(t, s.URL+"/__script", body); resp.StatusCode != 400 || !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", body, got, want)
		}
	}
	if resp, _, _ := ask(t, s.URL+"/__nothing", ""); resp.StatusCode != 404 {
		t.Errorf("%v", resp)
	}
}

func TestRequestBodyThatBreaksOff(t *testing.T) {
	s := New(t, Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "POST /openai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
	conn.Close()
	if r := settled(t, s, 1)[0]; r.BodyErr == "" || r.Body != "half" {
		t.Errorf("%+v", r)
	}
}
