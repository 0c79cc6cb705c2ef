package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/portico-ai/portico/test/upstream"
)

// A cutter replays a stream up to the byte that the request's model names, and
// ends it in the way the model names: "cut-abort-120".
type cutter struct{ streams map[string][]byte }

// The model stands in the body, or, as Google has it, in the path.
var (
	cutModel = regexp.MustCompile(`"model":\s*"(\w[\w-]*)/(abort|close|clean)/(\d+)"`)
	cutPath  = regexp.MustCompile(`/models/(\w[\w-]*)/(abort|close|clean)/(\d+):`)
)

func (c cutter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, _ := io.ReadAll(r.Body)
	m := cutModel.FindSubmatch(asked)
	if m == nil {
		m = cutPath.FindSubmatch([]byte(r.URL.Path))
	}
	if m == nil {
		http.Error(w, "no such model", http.StatusBadRequest)
		return
	}
	n, _ := strconv.Atoi(string(m[3]))
	body := c.streams[string(m[1])]
	body = body[:min(n, len(body))]
	if string(m[2]) == "close" { // no framing: the end of the connection is the end of the body
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"+string(body))
		_ = conn.Close()
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = w.Write(body)
	_ = http.NewResponseController(w).Flush()
	if string(m[2]) == "abort" {
		panic(http.ErrAbortHandler)
	}
}

// A folded is what a client makes of a stream.
type folded struct {
	text     string // with the arguments of tool calls
	finished bool   // a reason was given why it ended
	clean    bool   // the dialect's own terminal event is the last
	failed   bool   // an error is the last event
	ends     int    // terminal events
	broken   bool   // some event holds no JSON
}

func fold(path, body string) folded {
	var f folded
	for block := range strings.SplitSeq(strings.ReplaceAll(body, "\r\n", "\n"), "\n\n") {
		name, data := "", ""
		for line := range strings.SplitSeq(block, "\n") {
			if v, ok := strings.CutPrefix(line, "event: "); ok {
				name = v
			}
			if v, ok := strings.CutPrefix(line, "data: "); ok {
				data += v
			}
		}
		if data == "" {
			f.broken = f.broken || name != "" // clients parse it all the same
			continue
		}
		v := gjson.Parse(data)
		if path == responsesPath {
			f.broken = f.broken || !gjson.Valid(data)
			if strings.HasSuffix(name, ".delta") {
				f.text += v.Get("delta").Str
			}
			f.finished = f.finished || v.Get("response.status").Str == "completed"
			f.clean, f.failed = name == "response.completed", name == "response.failed" && v.Get("response.error.message").Str != ""
			if f.clean {
				f.ends++
			}
			continue
		}
		if path == geminiPath { // it has no terminal event
			f.broken = f.broken || !gjson.Valid(data)
			for _, part := range v.Get("candidates.0.content.parts").Array() {
				f.text += part.Get("text").Str + part.Get("functionCall.args").Raw
			}
			f.clean, f.failed = v.Get("candidates.0.finishReason").Str != "", v.Get("error.message").Str != ""
			f.finished = f.finished || f.clean
			continue
		}
		if path == "/v1/messages" {
			f.broken = f.broken || !gjson.Valid(data)
			f.text += v.Get("delta.text").Str + v.Get("delta.partial_json").Str
			f.finished = f.finished || v.Get("delta.stop_reason").Str != ""
			f.clean, f.failed = name == "message_stop", name == "error" && v.Get("error.message").Str != ""
		} else {
			f.text += v.Get("choices.0.delta.content").Str + v.Get("choices.0.delta.tool_calls.0.function.arguments").Str
			f.finished = f.finished || v.Get("choices.0.finish_reason").Str != ""
			f.clean, f.failed = data == "[DONE]", v.Get("error.message").Str != ""
			f.broken = f.broken || !f.clean && !gjson.Valid(data)
		}
		if f.clean {
			f.ends++
		}
	}
	return f
}

const (
	geminiPath    = "/v1beta/models/"
	responsesPath = "/v1/responses"
)

// unlisted is a stream that Google's door answers as one JSON array, as events; one
// that is not closed is none.
func unlisted(body string) string {
	list := gjson.Parse(body)
	if !gjson.Valid(body) || !list.IsArray() {
		return "data: " + body + "\n\n"
	}
	events := ""
	for _, e := range list.Array() {
		events += "data: " + strings.ReplaceAll(e.Raw, "\n", " ") + "\n\n"
	}
	return events
}

// However a provider's stream is cut, and at whichever byte, no client takes a
// part of an answer for the whole, and the log knows the difference.
func TestStreamsCutAtEveryByte(t *testing.T) {
	t.Parallel()
	up := upstream.New(t, upstream.Options{})
	c := cutter{map[string][]byte{}}
	providers := []string{"openai", "anthropic", "google"}
	for _, provider := range providers {
		for _, name := range []string{"hello-stream", "tool-call-stream"} {
			e, err := up.Exchange(provider, name)
			if err != nil {
				t.Fatal(err)
			}
			c.streams[provider+"-"+name] = []byte(strings.Join(e.ResponseChunks, ""))
		}
	}
	cutting := httptest.NewServer(c)
	defer cutting.Close()
	s := start(t, t.TempDir(), map[string]string{"openai": cutting.URL, "anthropic": cutting.URL, "google": cutting.URL})
	states := map[string]string{} // request id to the state it must be logged with
	for _, provider := range providers {
		for _, path := range []string{"/v1/chat/completions", "/v1/messages", geminiPath, geminiPath + "as a list", responsesPath} {
			if provider == "openai" && path == responsesPath {
				continue // it is asked for a response itself
			}
			for _, name := range []string{"hello-stream", "tool-call-stream"} {
				cutEverywhere(t, s, provider, path, provider+"-"+name, len(c.streams[provider+"-"+name]), states)
			}
		}
	}
	rows := map[string]map[string]any{}
	waitFor(t, 10*time.Second, "the log to be complete", func() bool {
		for _, row := range s.logs("", 0) {
			rows[row["id"].(string)] = row
		}
		return len(rows) >= len(states)
	})
	wrong := 0
	for id, want := range states {
		if got := rows[id]["status"]; got != want {
			if wrong++; wrong < 10 {
				t.Errorf("%v: logged as %v, want %s", rows[id]["request_model"], got, want)
			}
		}
	}
	t.Logf("%d streams were cut, %d logged wrongly", len(states), wrong)
}

// cutEverywhere cuts one stream: aborted at every byte, and in the other ways at
// every eleventh and at the last fifty.
func cutEverywhere(t *testing.T, s *server, provider, path, stream string, size int, states map[string]string) {
	path, asList := strings.CutSuffix(path, "as a list")
	ask := func(framing string, n int) response {
		model := fmt.Sprintf("%s/%s/%d", stream, framing, n)
		at, body := path, `{"model":"`+model+`","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"x"}]}`
		if path == geminiPath {
			at, body = path+model+":streamGenerateContent?alt=sse", `{"contents":[{"role":"user","parts":[{"text":"x"}]}]}`
		}
		if asList {
			at = strings.TrimSuffix(at, "?alt=sse")
		}
		if path == responsesPath {
			body = `{"model":"` + model + `","stream":true,"input":"x"}`
		}
		got, err := s.try("POST", at, workspaceKey, body,
			"X-Portkey-Provider", provider, "Authorization", "Bearer sk-upstream")
		if err != nil {
			t.Errorf("%s %s %d: %v", stream, framing, n, err)
		}
		if asList && got.Status == http.StatusOK {
			got.Body = unlisted(got.Body)
		}
		return got
	}
	whole := fold(path, ask("clean", size).Body)
	if whole.text == "" || !whole.finished || !whole.clean {
		t.Fatalf("%s through %s: the whole stream is %+v", stream, path, whole)
	}
	var mu sync.Mutex
	var workers sync.WaitGroup
	jobs := make(chan func())
	for range 8 {
		workers.Go(func() {
			for job := range jobs {
				job()
			}
		})
	}
	for n := range size {
		for _, framing := range []string{"abort", "close", "clean"} {
			if (framing != "abort" || asList) && n%11 != 0 && n < size-50 {
				continue
			}
			jobs <- func() {
				got := ask(framing, n)
				state := cutState(t, fmt.Sprintf("%s through %s, %s at byte %d", stream, path, framing, n), path, got, whole)
				mu.Lock()
				defer mu.Unlock()
				states[got.id()] = state
			}
		}
	}
	close(jobs)
	workers.Wait()
}

// cutState checks one cut stream and returns how it must be logged.
func cutState(t *testing.T, name, path string, got response, whole folded) string {
	f := fold(path, got.Body)
	switch {
	case got.Status == 502:
		if !strings.Contains(got.Body, `"error"`) || f.clean {
			t.Errorf("%s: status 502 with %s", name, got.Body)
		}
		return "error"
	case got.Status != 200:
		t.Errorf("%s: status %d: %s", name, got.Status, got.Body)
	case f.broken, f.clean == f.failed, f.failed && f.ends > 0:
		t.Errorf("%s: %+v, want either a clean end or an error:\n%s", name, f, got.Body)
	case f.clean && (f.text != whole.text || !f.finished):
		t.Errorf("%s: a clean end after %q", name, f.text)
	case !strings.HasPrefix(whole.text, f.text):
		t.Errorf("%s: %q is not a beginning of the answer", name, f.text)
	case f.failed:
		return "truncated"
	}
	return "success"
}
