package anthropic

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/test/corpus"
)

// recorded loads the exchanges of Anthropic's messages API. Payloads that were
// stored without their event framing get it back.
func recorded(t *testing.T) []*corpus.Exchange {
	t.Helper()
	all := corpus.Exchanges(t, "anthropic", "messages")
	for _, e := range all {
		if e.Chunking != "sse-data" {
			continue
		}
		for i, data := range e.ResponseChunks {
			e.ResponseChunks[i] = string(sse.AppendEvent(nil, typeOf([]byte(data)), []byte(data)))
		}
	}
	return all
}

func TestCorpus(t *testing.T) {
	for _, e := range recorded(t) {
		t.Run(e.ID, func(t *testing.T) {
			checkRequest(t, e)
			switch {
			case e.Status >= 400 || jsonedit.Get(e.Body(), "error") != nil:
				checkError(t, e)
			case len(e.ResponseChunks) > 0:
				for _, stream := range streams(string(e.Body())) {
					checkStream(t, stream)
				}
			case jsonedit.Get(e.Body(), "content") != nil:
				checkReply(t, e)
			default:
				t.Skipf("skipped: the recorded answer is no message: %.80s", e.Body())
			}
		})
	}
}

// usageOf reads a usage object with encoding/json, independently of the code
// under test.
func usageOf(t *testing.T, raw []byte) ai.Usage {
	t.Helper()
	var u struct {
		In       int64 `json:"input_tokens"`
		Out      int64 `json:"output_tokens"`
		Read     int64 `json:"cache_read_input_tokens"`
		Write    int64 `json:"cache_creation_input_tokens"`
		Creation struct {
			Hour int64 `json:"ephemeral_1h_input_tokens"`
		} `json:"cache_creation"`
		Details struct {
			Thinking int64 `json:"thinking_tokens"`
		} `json:"output_tokens_details"`
		Server struct {
			Searches int64 `json:"web_search_requests"`
		} `json:"server_tool_use"`
		Tier       string `json:"service_tier"`
		Iterations []struct {
			Type string `json:"type"`
			In   int64  `json:"input_tokens"`
			Out  int64  `json:"output_tokens"`
		} `json:"iterations"`
	}
	if err := json.Unmarshal(raw, &u); err != nil {
		t.Fatal(err)
	}
	var others int64
	for _, i := range u.Iterations {
		if i.Type == "advisor_message" {
			others += i.In + i.Out
		}
	}
	return ai.Usage{
		Known: true, OtherTokens: others, InputTokens: u.In + u.Read + u.Write, OutputTokens: u.Out, CacheReadTokens: u.Read, CacheWriteTokens: u.Write,
		CacheWrite1hTokens: u.Creation.Hour, ReasoningTokens: u.Details.Thinking, WebSearches: u.Server.Searches, ServiceTier: u.Tier,
	}
}

// checkRequest translates a request to the hub and back and expects it to be
// accepted, and to come back the same where nothing was lost.
func checkRequest(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	if jsonedit.Kind(e.RequestBody) != '{' || e.Status >= 400 {
		return
	}
	if jsonedit.Get(e.RequestBody, "b64") != nil {
		return
	}
	for _, c := range []struct {
		name   string
		strict bool
	}{{"strict", true}, {"extended", false}} {
		cv := conversion()
		cv.Strict = c.strict
		hub, err := New().RequestToHub(cv, e.RequestBody)
		if err != nil {
			t.Fatalf("%s, to the hub: %v", c.name, err)
		}
		if _, err := jsonedit.Scan(hub); err != nil {
			t.Fatalf("%s, to the hub: %v\n%s", c.name, err, hub)
		}
		again := conversion()
		back, err := New().RequestFromHub(again, hub)
		if err != nil {
			t.Fatalf("%s, from the hub: %v\n%s", c.name, err, hub)
		}
		if _, err := jsonedit.Scan(back); err != nil {
			t.Fatalf("%s, from the hub: %v\n%s", c.name, err, back)
		}
		if !c.strict && len(cv.Receipts)+len(again.Receipts) == 0 {
			equalJSON(t, "there and back", normal(t, e.RequestBody), normal(t, back))
		}
	}
}

func checkError(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	got := New().ParseError(e.Status, e.Body())
	var want struct {
		Error struct{ Type, Message string }
	}
	if err := json.Unmarshal(e.Body(), &want); err != nil {
		t.Fatal(err)
	}
	if got.Message != want.Error.Message || got.Type != want.Error.Type || got.Kind != ai.Upstream {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if e.Status >= 400 && got.Status != e.Status {
		t.Errorf("status %d, want %d", got.Status, e.Status)
	}
	if _, err := New().ReplyToHub(conversion(), e.Body()); err == nil {
		t.Error("an error became a reply")
	}
}

func checkReply(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	body := e.Body()
	want := usageOf(t, jsonedit.Get(body, "usage"))
	if diff := cmp.Diff(want, New().Usage(ai.Chat, body)); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	hub, err := New().ReplyToHub(conversion(), body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jsonedit.Scan(hub); err != nil {
		t.Fatalf("%v\n%s", err, hub)
	}
	want.ServiceTier = tierToHub(want.ServiceTier)
	want.OtherTokens = 0 // the hub has no place for them; what is charged is read from the reply itself
	if diff := cmp.Diff(want, (openai.Format{}).Usage(ai.Chat, hub)); diff != "" {
		t.Errorf("usage in the hub (-want +got):\n%s", diff)
	}
	back, err := New().ReplyFromHub(conversion(), hub)
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "there and back", essence(t, body), essence(t, back))

	strictHub, err := New().ReplyToHub(strict(), body)
	if err != nil {
		t.Fatal(err)
	}
	for _, extension := range []string{"content_blocks", "stop_sequence"} {
		if bytes.Contains(strictHub, []byte(`"`+extension+`":`)) {
			t.Errorf("a strict reply has %s: %s", extension, strictHub)
		}
	}
}

// streams cuts a recording that holds several streams, one after the other.
func streams(body string) (list [][]byte) {
	const first = "event: message_start"
	for {
		next := strings.Index(body[min(len(body), 1):], first) + 1
		if next == 0 {
			return append(list, []byte(body))
		}
		list, body = append(list, []byte(body[:next])), body[next:]
	}
}

func checkStream(t *testing.T, body []byte) {
	t.Helper()
	whole, done := foldMessages(t, string(body))
	if done != strings.Contains(string(body), "message_stop") {
		t.Fatal("the recording does not fold")
	}
	w := watch(body)
	if got := w.Model(); got != whole["model"] {
		t.Errorf("model %q, want %v", got, whole["model"])
	}
	if w.Done() != done || !w.Meaningful() || w.Finished() != (whole["stop_reason"] != nil) || w.Err() != nil {
		t.Errorf("done %v, finished %v, meaningful %v, error %v", w.Done(), w.Finished(), w.Meaningful(), w.Err())
	}
	want := usageOf(t, encode(t, whole["usage"]))
	if diff := cmp.Diff(want, w.Usage()); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	if !done {
		return
	}
	hub, err := drain(New().StreamToHub(conversion(), streamOf(bytes.NewReader(body))))
	if err != nil {
		t.Fatal(err)
	}
	checkHubStream(t, whole, hub)
	back, err := drain(New().StreamFromHub(conversion(), streamOf(strings.NewReader(hub))))
	if err != nil {
		t.Fatal(err)
	}
	checkBack(t, whole, back)
	checkSplits(t, body, hub)
	checkCuts(t, string(body))
}

func watch(stream []byte) interface {
	Model() string
	Done() bool
	Finished() bool
	Meaningful() bool
	Err() *ai.Error
	Usage() ai.Usage
} {
	w := New().Watch(ai.Chat)
	src := streamOf(bytes.NewReader(stream))
	for {
		chunk, err := src.Next()
		if err != nil {
			return w
		}
		w.Observe(chunk)
	}
}

// checkHubStream expects a hub stream to fold to what the whole reply says.
func checkHubStream(t *testing.T, whole object, hub string) {
	t.Helper()
	reply, err := New().ReplyToHub(conversion(), encode(t, whole))
	if err != nil {
		t.Fatal(err)
	}
	want := decode(t, reply)
	choice := want["choices"].([]any)[0].(object)
	message := choice["message"].(object)
	delete(message, "content_blocks")
	delete(message, "refusal")
	if message["content"] == nil {
		message["content"] = ""
	}
	got, finish, usage, done := foldHub(t, hub)
	for _, m := range []object{message, got} {
		calls, _ := m["tool_calls"].([]any)
		for _, c := range calls {
			f := c.(object)["function"].(object)
			f["arguments"] = decode(t, []byte(f["arguments"].(string)))
		}
	}
	if diff := cmp.Diff(message, got); diff != "" {
		t.Errorf("message (-whole +stream):\n%s", diff)
	}
	if finish != choice["finish_reason"] || !done {
		t.Errorf("finish %q, want %v; done %v", finish, choice["finish_reason"], done)
	}
	if diff := cmp.Diff(want["usage"], any(usage)); diff != "" {
		t.Errorf("usage (-whole +stream):\n%s", diff)
	}
}

// checkBack expects the stream that went through the hub to fold to the same
// message. Blocks of text that stood side by side may have become one.
func checkBack(t *testing.T, whole object, back string) {
	t.Helper()
	got, done := foldMessages(t, back)
	if !done {
		t.Error("there is no message_stop")
	}
	for _, m := range []object{whole, got} {
		delete(m, "stop_sequence")
		m["content"] = joined(m["content"].([]any))
	}
	if diff := cmp.Diff(decode(t, essence(t, encode(t, whole))), decode(t, essence(t, encode(t, got)))); diff != "" {
		t.Errorf("there and back (-want +got):\n%s", diff)
	}
}

func checkSplits(t *testing.T, body []byte, want string) {
	t.Helper()
	translate := func(src ai.Stream) string {
		got, err := drain(New().StreamToHub(conversion(), src))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	step := 1 + len(body)/50
	for i := 1; i < len(body); i += step {
		two := streamOf(&pieces{[]string{string(body[:i]), string(body[i:])}})
		if got := translate(two); got != want {
			t.Fatalf("cut at %d:\n%s", i, cmp.Diff(want, got))
		}
	}
	if len(body) < 8000 {
		if got := translate(streamOf(iotest.OneByteReader(bytes.NewReader(body)))); got != want {
			t.Fatalf("byte by byte:\n%s", cmp.Diff(want, got))
		}
	}
}

// checkCuts ends a stream after each of its events. Only the whole one may look
// done, in either format.
func checkCuts(t *testing.T, body string) {
	t.Helper()
	stop := strings.Index(body, "event: message_stop")
	for at := 0; ; {
		i := strings.Index(body[at:], "\n\n")
		if i < 0 || at+i+2 > stop {
			return
		}
		at += i + 2
		if watch([]byte(body[:at])).Done() {
			t.Fatalf("cut at byte %d it looks done", at)
		}
		hub, err := drain(New().StreamToHub(conversion(), streamOf(strings.NewReader(body[:at]))))
		if err != nil || strings.Contains(hub, "data: [DONE]") {
			t.Fatalf("cut at byte %d the hub's stream looks done (%v)", at, err)
		}
		back, err := drain(New().StreamFromHub(conversion(), streamOf(strings.NewReader(hub))))
		if err != nil || strings.Contains(back, "event: message_stop") {
			t.Fatalf("cut at byte %d the stream looks done on its way back (%v)", at, err)
		}
	}
}

// pieces is a source that returns one piece a read.
type pieces struct{ list []string }

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.list) == 0 {
		return 0, os.ErrClosed
	}
	n := copy(b, p.list[0])
	if p.list[0] = p.list[0][n:]; p.list[0] == "" {
		p.list = p.list[1:]
	}
	if len(p.list) == 0 {
		return n, io.EOF
	}
	return n, nil
}
