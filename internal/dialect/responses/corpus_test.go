package responses

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
	"github.com/portico-ai/portico/test/corpus"
)

// speakers are the providers of which the corpus has Responses traffic.
var speakers = []string{"openai", "azure-openai", "x-ai", "bedrock", "deepseek", "chatgpt", "openrouter", "local-openai", "open-responses"}

// recorded loads the exchanges that made a response, or failed to. Payloads that
// were stored without their event framing get it back.
func recorded(t *testing.T) (all []*corpus.Exchange) {
	t.Helper()
	for _, provider := range speakers {
		for _, e := range corpus.Exchanges(t, provider, "responses") {
			if e.Method == "GET" {
				continue
			}
			if e.Chunking == "sse-data" {
				for i, data := range e.ResponseChunks {
					e.ResponseChunks[i] = string(sse.AppendEvent(nil, typeOf([]byte(data)), []byte(data)))
				}
			}
			all = append(all, e)
		}
	}
	return all
}

func TestCorpus(t *testing.T) {
	for _, e := range recorded(t) {
		t.Run(e.ID, func(t *testing.T) {
			for _, event := range events(strings.Join(e.ResponseChunks, "")) {
				if string(event.Data) != "[DONE]" && !json.Valid(event.Data) {
					t.Skipf("skipped: an event of the recording is no JSON: …%.80s", event.Data[max(0, len(event.Data)-80):])
				}
			}
			checkRequest(t, e)
			switch body := e.Body(); {
			case e.Status >= 400:
				checkError(t, e)
			case len(e.ResponseChunks) > 0:
				for _, stream := range streams(string(body)) {
					checkStream(t, stream)
				}
			case jsonedit.Get(body, "output") != nil:
				checkReply(t, body)
			default:
				t.Skipf("skipped: the recorded answer is no response: %.80s", body)
			}
		})
	}
}

// checkRequest translates a request to the hub and back and expects it to be
// accepted, or refused by the name of what needs a store; and to come back the
// same where nothing was lost.
func checkRequest(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	if jsonedit.Kind(e.RequestBody) != '{' || e.Status >= 400 || jsonedit.Get(e.RequestBody, "b64") != nil {
		return
	}
	for _, c := range []*dialect.Conversion{strict(), conversion()} {
		hub, err := New().RequestToHub(c, e.RequestBody)
		if needs := stored(e.RequestBody); needs != "" {
			if got := ai.AsError(err); err == nil || got.Kind != ai.Invalid || got.Param != needs {
				t.Errorf("%s needs a store; got %v", needs, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("to the hub: %v", err)
		}
		if _, err := jsonedit.Scan(hub); err != nil {
			t.Fatalf("to the hub: %v\n%s", err, hub)
		}
		again := conversion()
		back, err := New().RequestFromHub(again, hub)
		if err != nil {
			t.Fatalf("from the hub: %v\n%s", err, hub)
		}
		if _, err := jsonedit.Scan(back); err != nil {
			t.Fatalf("from the hub: %v\n%s", err, back)
		}
		if len(c.Receipts)+len(again.Receipts) == 0 {
			equalJSON(t, "there and back", normal(t, e.RequestBody), normal(t, back))
		}
	}
}

// stored names what of a request only a provider with a store could do.
func stored(request []byte) string {
	for _, m := range needsStore {
		if !jsonedit.IsNull(jsonedit.Get(request, m.name)) {
			return m.name
		}
	}
	return ""
}

// normal is a request with what has several spellings in one of them.
func normal(t *testing.T, request []byte) []byte {
	t.Helper()
	m := decode(t, request)
	var input []any
	if text, ok := m["instructions"].(string); ok && text != "" {
		input = append(input, object{"role": "system", "content": text})
	}
	delete(m, "instructions")
	switch in := m["input"].(type) {
	case string:
		input = append(input, object{"role": "user", "content": in})
	case []any:
		input = append(input, in...)
	}
	said := []any{}
	for _, e := range input {
		item := e.(object)
		if item["type"] == "reasoning" && item["encrypted_content"] == nil && len(reasoningTexts(encode(t, item))) == 0 {
			continue // it says nothing
		}
		said = append(said, normalItem(t, item))
	}
	m["input"] = said
	for key, usual := range map[string]string{
		"store": "false", "truncation": `"disabled"`, "background": "false", "include": "[]", "reasoning": "{}", "text": `{"format":{"type":"text"}}`,
		"tools": "[]", "metadata": "{}", "stream_options": `{"include_obfuscation":false}`,
	} {
		if v, ok := m[key]; ok && (v == nil || string(encode(t, v)) == usual) {
			delete(m, key)
		}
	}
	if r, ok := m["reasoning"].(object); ok {
		delete(r, "summary")
		if len(r) == 0 {
			delete(m, "reasoning")
		}
	}
	delete(m, "include") // what a translation asks for is its own choice
	tools, _ := m["tools"].([]any)
	for _, e := range tools {
		tool := e.(object)
		if tool["type"] == "function" && tool["strict"] == nil {
			tool["strict"] = false
		}
		if strings.HasPrefix(tool["type"].(string), "web_search") {
			tool["type"] = "web_search"
			if len(tools) == 1 && m["tool_choice"] == "auto" {
				delete(m, "tool_choice") // an option, not a tool to choose
			}
		}
		for key, v := range tool {
			if v == nil && key != "parameters" {
				delete(tool, key)
			}
		}
	}
	if tools == nil {
		delete(m, "tool_choice")
		delete(m, "parallel_tool_calls")
	}
	for key, v := range m {
		if v == nil {
			delete(m, key)
		}
	}
	return encode(t, m)
}

func normalItem(t *testing.T, item object) object {
	t.Helper()
	for _, key := range []string{"id", "status"} {
		delete(item, key)
	}
	if item["type"] == "message" {
		delete(item, "type")
	}
	if item["role"] == "developer" {
		item["role"] = "system"
	}
	if item["role"] == "assistant" || item["role"] == "system" {
		item["content"] = plainText(item["content"])
	}
	if list, ok := item["content"].([]any); ok && len(list) == 1 {
		if part := list[0].(object); part["type"] == "input_text" {
			item["content"] = part["text"]
		}
	}
	if list, ok := item["content"].([]any); ok {
		for _, e := range list {
			if part := e.(object); part["type"] == "input_image" && part["detail"] == nil {
				part["detail"] = "auto"
			}
		}
	}
	if list, ok := item["output"].([]any); ok {
		item["output"] = plainText(list)
	}
	if item["type"] == "function_call_output" {
		delete(item, "name")
	}
	return item
}

// plainText is the text of a content, which is a string or parts; parts that
// are not all text stay.
func plainText(content any) any {
	list, ok := content.([]any)
	if !ok {
		return content
	}
	var texts []string
	for _, e := range list {
		part := e.(object)
		text, ok := part["text"].(string)
		if !ok {
			return content
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "")
}

func checkError(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	got := New().ParseError(e.Status, e.Body())
	var want struct{ Error struct{ Message string } }
	if json.Unmarshal(e.Body(), &want) == nil && got.Message != want.Error.Message {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got.Kind != ai.Upstream || got.Status != e.Status || got.Message == "" {
		t.Errorf("got %+v", got)
	}
	if _, err := New().ReplyToHub(conversion(), e.Body()); err == nil && jsonedit.Kind(jsonedit.Get(e.Body(), "error")) == '{' {
		t.Error("an error became a reply")
	}
}

// usageIn reads a response's usage with encoding/json, independently of the code
// under test.
func usageIn(t *testing.T, response []byte) ai.Usage {
	t.Helper()
	var r struct {
		Tier  string `json:"service_tier"`
		Usage *struct {
			In      int64 `json:"input_tokens"`
			Out     int64 `json:"output_tokens"`
			Details struct {
				Cached int64 `json:"cached_tokens"`
				Write  int64 `json:"cache_write_tokens"`
			} `json:"input_tokens_details"`
			OutDetails struct {
				Reasoning int64 `json:"reasoning_tokens"`
			} `json:"output_tokens_details"`
		}
		Tools struct {
			Search struct {
				Requests int64 `json:"num_requests"`
			} `json:"web_search"`
		} `json:"tool_usage"`
		Output []struct {
			Type   string
			Action struct{ Type string }
		}
	}
	if err := json.Unmarshal(response, &r); err != nil {
		t.Fatal(err)
	}
	u := ai.Usage{ServiceTier: r.Tier, WebSearches: r.Tools.Search.Requests}
	if u.WebSearches == 0 {
		for _, item := range r.Output {
			if item.Type == "web_search_call" && (item.Action.Type == "" || item.Action.Type == "search") {
				u.WebSearches++
			}
		}
	}
	if r.Usage == nil {
		return u
	}
	u.Known, u.InputTokens, u.OutputTokens = true, r.Usage.In, r.Usage.Out
	u.CacheReadTokens, u.CacheWriteTokens, u.ReasoningTokens = r.Usage.Details.Cached, r.Usage.Details.Write, r.Usage.OutDetails.Reasoning
	return u
}

func checkReply(t *testing.T, body []byte) {
	t.Helper()
	want := usageIn(t, body)
	if diff := cmp.Diff(want, New().Usage(ai.CreateResponse, body)); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	if got := New().Usage(ai.GetResponse, body); got.Known {
		t.Error("a response that is read again is charged again")
	}
	hub, err := New().ReplyToHub(conversion(), body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jsonedit.Scan(hub); err != nil {
		t.Fatalf("%v\n%s", err, hub)
	}
	if diff := cmp.Diff(want, (openai.Format{}).Usage(ai.Chat, hub)); diff != "" && want.Known {
		t.Errorf("usage in the hub (-want +got):\n%s", diff)
	}
	back, err := New().ReplyFromHub(conversion(), hub)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(essence(t, decode(t, body)), essence(t, decode(t, back))); diff != "" {
		t.Errorf("there and back (-want +got):\n%s", diff)
	}
	strictHub, err := New().ReplyToHub(strict(), body)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(strictHub, []byte(`"content_blocks":`)) {
		t.Errorf("a strict reply has an extension: %s", strictHub)
	}
}

// essence is what of a response every translation carries: text, refusals, calls
// and their order, that there were thoughts and what they were, the end.
func essence(t testing.TB, r object) object {
	t.Helper()
	text, refusal, thoughts, calls := "", "", []string{}, []any{}
	for _, e := range r["output"].([]any) {
		item := e.(object)
		switch item["type"] {
		case "message":
			for _, p := range item["content"].([]any) {
				part := p.(object)
				if s, ok := part["text"].(string); ok {
					text += s
				}
				if s, ok := part["refusal"].(string); ok {
					refusal += s
				}
			}
		case "function_call", "custom_tool_call":
			argument := item["arguments"]
			if item["type"] == "custom_tool_call" {
				argument = item["input"]
			}
			if argument == "" {
				argument = "{}"
			}
			calls = append(calls, []any{item["type"], item["call_id"], item["name"], argument})
		case "reasoning":
			for _, text := range reasoningTexts(encode(t, item)) {
				thoughts = append(thoughts, jsonedit.Text(text))
			}
		}
	}
	details, _ := r["incomplete_details"].(object)
	if details == nil {
		details = object{}
	}
	return object{
		"text": text, "refusal": refusal, "thoughts": strings.Join(thoughts, "\n\n"), "calls": calls, "model": r["model"], "id": strings.TrimPrefix(r["id"].(string), "resp_"),
		"status": r["status"], "reason": details["reason"],
	}
}

// streams cuts a recording that holds several streams, one after the other.
func streams(body string) (list [][]byte) {
	for {
		next := -1
		for _, first := range []string{"event: response.created", "data: {\"type\":\"response.created\""} {
			if i := strings.Index(body[min(len(body), 1):], first) + 1; i > 0 && (next < 0 || i < next) && !strings.HasSuffix(body[:i], "response.created\n") {
				next = i
			}
		}
		if next < 0 {
			return append(list, []byte(body))
		}
		if len(events(body[:next])) > 0 { // else it is only kept alive
			list = append(list, []byte(body[:next]))
		}
		body = body[next:]
	}
}

// checkStream expects a recorded stream to be seen as what its response says, to
// fold to the same in the hub and on its way back, however it arrives, and never
// to look done where it was cut.
func checkStream(t *testing.T, body []byte) {
	t.Helper()
	whole := fold(t, untilError(string(body)), false)
	w := watch(body)
	if whole.response == nil || whole.terminal == "response.failed" {
		if w.Done() || w.Err() == nil && !strings.Contains(string(body), "response.") {
			t.Errorf("done %v, error %v", w.Done(), w.Err())
		}
		if strings.Contains(string(body), "event: error") && w.Err() == nil {
			t.Error("the error was not seen")
		}
		return
	}
	response := encode(t, whole.response)
	if w.Model() != whole.response["model"] || !w.Done() || !w.Meaningful() || !w.Finished() || w.Err() != nil {
		t.Errorf("model %q, done %v, finished %v, meaningful %v, error %v", w.Model(), w.Done(), w.Finished(), w.Meaningful(), w.Err())
	}
	want := usageIn(t, response)
	if diff := cmp.Diff(want, w.Usage()); diff != "" && want.Known {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	if items := whole.list(); len(whole.response["output"].([]any)) == 0 {
		whole.response["output"] = items // some servers leave the output of the last event out
	}
	hub, err := drain(New().StreamToHub(conversion(), streamOf(bytes.NewReader(body))))
	if err != nil {
		t.Fatal(err)
	}
	back, err := drain(New().StreamFromHub(conversion(), streamOf(strings.NewReader(hub))))
	if err != nil {
		t.Fatal(err)
	}
	got := fold(t, back, true)
	if got.response == nil {
		t.Fatalf("the stream has no end: %s", back)
	}
	if diff := cmp.Diff(essence(t, whole.response), essence(t, got.response)); diff != "" {
		t.Errorf("there and back (-want +got):\n%s", diff)
	}
	checkSplits(t, body, hub, back)
	checkCuts(t, string(body))
}

// list are the items that a stream told.
func (f told) list() []any {
	list := []any{}
	for _, item := range f.items {
		if item != nil {
			list = append(list, item)
		}
	}
	return list
}

// untilError is a stream up to its error event.
func untilError(body string) string {
	before, _, _ := strings.Cut(body, "event: error")
	return before
}

func watch(stream []byte) dialect.Watcher {
	w := New().Watch(ai.CreateResponse)
	src := streamOf(bytes.NewReader(stream))
	for {
		chunk, err := src.Next()
		if err != nil {
			return w
		}
		w.Observe(chunk)
	}
}

// work bounds how many bytes of a stream are read for its splits, and again for
// its cuts: short streams are cut at every byte, long ones at every few.
const work = 1 << 20

func positions(n int) []int {
	step := 1 + n*n/work
	var list []int
	for i := 1; i < n; i++ {
		if i%step == 0 || i > n-100 {
			list = append(list, i)
		}
	}
	return list
}

func checkSplits(t *testing.T, body []byte, hub, back string) {
	t.Helper()
	translate := func(src ai.Stream) string {
		got, err := drain(New().StreamToHub(conversion(), src))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, i := range positions(len(body)) {
		two := streamOf(&pieces{[]string{string(body[:i]), string(body[i:])}})
		if got := translate(two); got != hub {
			t.Fatalf("cut at %d:\n%s", i, cmp.Diff(hub, got))
		}
	}
	if got := translate(streamOf(iotest.OneByteReader(bytes.NewReader(body)))); got != hub {
		t.Fatalf("byte by byte:\n%s", cmp.Diff(hub, got))
	}
	got, err := drain(New().StreamFromHub(conversion(), streamOf(iotest.OneByteReader(strings.NewReader(hub)))))
	if err != nil || got != back {
		t.Fatalf("from the hub, byte by byte (%v):\n%s", err, cmp.Diff(back, got))
	}
}

// checkCuts ends a stream at any byte before the end of its terminal event. Only
// the whole one may look done, in either format.
func checkCuts(t *testing.T, body string) {
	t.Helper()
	end := max(strings.Index(body, `"type":"response.completed"`), strings.Index(body, `"type":"response.incomplete"`),
		strings.Index(body, `"type": "response.completed"`))
	if i := strings.Index(body[max(end, 0):], "\n"); end > 0 && i > 0 {
		end += i
	}
	for _, i := range positions(end) {
		if watch([]byte(body[:i])).Done() {
			t.Fatalf("cut at byte %d of %d it looks done", i, end)
		}
	}
	for at := 0; ; {
		i := strings.Index(body[at:], "\n\n")
		if i < 0 || at+i+2 > end {
			return
		}
		at += i + 2
		hub, err := drain(New().StreamToHub(conversion(), streamOf(strings.NewReader(body[:at]))))
		if err != nil || strings.Contains(hub, "data: [DONE]") {
			t.Fatalf("cut at byte %d the hub's stream looks done (%v)", at, err)
		}
		back, err := drain(New().StreamFromHub(conversion(), streamOf(strings.NewReader(hub))))
		if err != nil || slices.ContainsFunc([]string{"completed", "incomplete", "failed"}, func(end string) bool { return strings.Contains(back, "event: response."+end) }) {
			t.Fatalf("cut at byte %d the stream looks done on its way back (%v)", at, err)
		}
	}
}

// pieces is a source that returns one piece a read.
type pieces struct{ list []string }

func (p *pieces) Read(b []byte) (int, error) {
	for len(p.list) > 0 && p.list[0] == "" {
		p.list = p.list[1:]
	}
	if len(p.list) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.list[0])
	p.list[0] = p.list[0][n:]
	return n, nil
}
