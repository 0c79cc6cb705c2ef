package anthropic

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
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
		Tier string `json:"service_tier"`
	}
	if err := json.Unmarshal(raw, &u); err != nil {
		t.Fatal(err)
	}
	return ai.Usage{
		Known: true, InputTokens: u.In + u.Read + u.Write, OutputTokens: u.Out, CacheReadTokens: u.Read, CacheWriteTokens: u.Write,
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

// essence is a message without what no translation carries: where calls stand
// among the other blocks, who called, and details of usage and context.
func essence(t *testing.T, body []byte) []byte {
	t.Helper()
	m := decode(t, body)
	var blocks, calls []any
	for _, b := range m["content"].([]any) {
		block := b.(object)
		if block["type"] == "tool_use" {
			delete(block, "caller")
			calls = append(calls, block)
		} else {
			blocks = append(blocks, block)
		}
	}
	m["content"] = append(blocks, calls...)
	delete(m, "usage")
	for _, key := range []string{"container", "context_management", "stop_details", "diagnostics"} {
		delete(m, key)
	}
	return encode(t, m)
}

// normal is a request with what has several spellings in one of them: text as
// blocks, absent defaults, turns of one role as one turn.
func normal(t *testing.T, body []byte) []byte {
	t.Helper()
	m := decode(t, body)
	system := asBlocks(m["system"])
	var turns []any
	for _, e := range m["messages"].([]any) {
		turn := e.(object)
		turn["content"] = asBlocks(turn["content"])
		if turn["role"] == "system" {
			system = append(system, turn["content"].([]any)...)
			continue
		}
		if turn["role"] == "assistant" {
			turn["content"] = decode(t, essence(t, encode(t, turn)))["content"]
		}
		if n := len(turns); n > 0 && turns[n-1].(object)["role"] == turn["role"] {
			last := turns[n-1].(object)
			last["content"] = append(last["content"].([]any), turn["content"].([]any)...)
			continue
		}
		turns = append(turns, turn)
	}
	m["messages"] = turns
	if m["system"] = system; len(system) == 0 {
		delete(m, "system")
	}
	if config, ok := m["output_config"].(object); ok && config["effort"] != nil && m["thinking"] == nil {
		m["thinking"] = object{"type": "adaptive"}
	}
	if format, ok := m["output_format"]; ok {
		config, _ := m["output_config"].(object)
		if config == nil {
			config = object{}
		}
		config["format"] = format
		m["output_config"] = config
		delete(m, "output_format")
	}
	for _, key := range []string{"tools", "stop_sequences"} {
		if list, ok := m[key].([]any); ok && len(list) == 0 {
			delete(m, key)
		}
	}
	if m["tools"] == nil {
		delete(m, "tool_choice")
	}
	tools, _ := m["tools"].([]any)
	for _, e := range tools {
		tool := e.(object)
		dropNulls(tool)
		if tool["type"] == "custom" {
			delete(tool, "type")
		}
		if tool["strict"] == false {
			delete(tool, "strict")
		}
		if tool["description"] == "" {
			delete(tool, "description")
		}
	}
	return encode(t, m)
}

func dropNulls(o object) {
	for key, value := range o {
		if value == nil {
			delete(o, key)
		}
	}
}

func asBlocks(content any) []any {
	list := []any{}
	switch c := content.(type) {
	case string:
		if c != "" {
			list = append(list, object{"type": "text", "text": c})
		}
	case []any:
		for _, b := range c {
			block := b.(object)
			dropNulls(block)
			if block["type"] == "tool_result" && block["content"] != nil {
				block["content"] = asBlocks(block["content"])
			}
			if block["type"] == "text" && block["text"] == "" {
				continue
			}
			list = append(list, block)
		}
	}
	return list
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
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

func joined(blocks []any) (list []any) {
	for _, b := range blocks {
		block := b.(object)
		if block["type"] == "text" && block["text"] == "" && block["citations"] == nil {
			continue
		}
		if n := len(list); n > 0 && block["type"] == "text" {
			if last := list[n-1].(object); last["type"] == "text" {
				last["text"] = last["text"].(string) + block["text"].(string)
				a, _ := last["citations"].([]any)
				b, _ := block["citations"].([]any)
				if len(a)+len(b) > 0 {
					last["citations"] = append(a, b...)
				}
				continue
			}
		}
		list = append(list, block)
	}
	return list
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

// Another project's reading of real usage objects. Only what both name is
// compared.
func TestUsageVectors(t *testing.T) {
	f, err := os.Open(filepath.Join(corpus.Dir(t), "vectors", "usage", "genai-prices-usages.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Body      json.RawMessage
		Extracted []struct {
			Extractors []struct {
				Provider string `json:"provider_id"`
				Flavor   string `json:"api_flavor"`
			}
			Usage map[string]int64
		}
	}
	if err := json.NewDecoder(z).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, c := range cases {
		// The list reads OpenAI's responses as Anthropic's, too.
		if jsonedit.Get(c.Body, "usage", "total_tokens") != nil {
			continue
		}
		for _, x := range c.Extracted {
			if len(x.Extractors) == 0 || x.Extractors[0].Provider != "anthropic" || x.Extractors[0].Flavor != "default" {
				continue
			}
			compared++
			u := New().Usage(ai.Chat, c.Body)
			for name, got := range map[string]int64{
				"input_tokens": u.InputTokens, "output_tokens": u.OutputTokens, "cache_read_tokens": u.CacheReadTokens,
				"cache_write_tokens": u.CacheWriteTokens, "web_searches": u.WebSearches, "output_reasoning_tokens": u.ReasoningTokens,
			} {
				if want, named := x.Usage[name]; named && got != want {
					t.Errorf("case %d, %s: got %d, want %d, of %s", i, name, got, want, c.Body)
				}
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d cases were compared", compared)
	}
}
