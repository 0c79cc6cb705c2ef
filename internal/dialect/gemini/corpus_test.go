package gemini

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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

// recorded loads the exchanges of generateContent, at the Gemini API and at Vertex
// AI. Streams that were stored or sent in another way become events.
func recorded(t testing.TB) (all []*corpus.Exchange) {
	t.Helper()
	for _, provider := range []string{"google", "vertex-ai"} {
		all = append(all, corpus.Exchanges(t, provider, "generateContent")...)
	}
	for _, e := range all {
		body := bytes.TrimSpace(e.Body())
		switch {
		case e.Chunking == "sse-data":
			for i, data := range e.ResponseChunks {
				e.ResponseChunks[i] = string(sse.AppendData(nil, []byte(data)))
			}
		case len(e.ResponseChunks) > 0 && bytes.HasPrefix(body, []byte("[")):
			e.ResponseChunks = nil
			for element := range jsonedit.Elements(body) {
				e.ResponseChunks = append(e.ResponseChunks, string(sse.AppendData(nil, element)))
			}
		}
	}
	return all
}

func TestCorpus(t *testing.T) {
	ran := map[string]int{}
	for _, e := range recorded(t) {
		t.Run(e.ID, func(t *testing.T) {
			if jsonedit.Kind(e.RequestBody) == '{' && jsonedit.Get(e.RequestBody, "b64") == nil && e.Status != 400 {
				ran["requests"]++
				checkRequest(t, e.RequestBody)
			}
			switch body := e.Body(); {
			case e.Status >= 400:
				ran["errors"]++
				checkError(t, e.Status, body)
			case len(e.ResponseChunks) > 0:
				ran["streams"]++
				checkStream(t, body)
			case jsonedit.Get(body, "candidates") != nil || jsonedit.Get(body, "promptFeedback") != nil:
				ran["replies"]++
				checkReply(t, body)
			case jsonedit.Get(body, "error") != nil:
				ran["errors"]++
				checkError(t, 0, body)
			default:
				t.Skipf("skipped: the recorded answer is no reply: %.80s", body)
			}
		})
	}
	t.Log(ran)
}

// usageOf reads usageMetadata with encoding/json, independently of the code under
// test.
func usageOf(t testing.TB, raw []byte) ai.Usage {
	t.Helper()
	type modality struct {
		Modality any   // a name, or its number
		Count    int64 `json:"tokenCount"`
	}
	var u struct {
		Prompt     *int64     `json:"promptTokenCount"`
		Candidates int64      `json:"candidatesTokenCount"`
		Thoughts   int64      `json:"thoughtsTokenCount"`
		Cached     int64      `json:"cachedContentTokenCount"`
		Tools      int64      `json:"toolUsePromptTokenCount"`
		In         []modality `json:"promptTokensDetails"`
		Out        []modality `json:"candidatesTokensDetails"`
		Tier       string     `json:"serviceTier"`
	}
	if len(raw) == 0 {
		return ai.Usage{}
	}
	if err := json.Unmarshal(raw, &u); err != nil {
		t.Fatal(err)
	}
	of := func(list []modality, name string, number float64) (n int64) {
		for _, m := range list {
			if m.Modality == name || m.Modality == number {
				n += m.Count
			}
		}
		return n
	}
	audio := func(list []modality) int64 { return of(list, "AUDIO", 4) }
	image := func(list []modality) int64 { return of(list, "IMAGE", 2) }
	if u.Prompt == nil {
		return ai.Usage{}
	}
	return ai.Usage{
		Known: true, InputTokens: *u.Prompt + u.Tools, OutputTokens: u.Candidates + u.Thoughts, CacheReadTokens: u.Cached,
		ReasoningTokens: u.Thoughts, InputAudioTokens: audio(u.In), OutputAudioTokens: audio(u.Out),
		InputImageTokens: image(u.In), OutputImageTokens: image(u.Out), ServiceTier: u.Tier,
	}
}

// checkRequest translates a request to the hub and back and expects it to be
// accepted, and to come back the same where nothing was lost.
func checkRequest(t *testing.T, body []byte) {
	t.Helper()
	for _, c := range []struct {
		name string
		cv   func() *dialect.Conversion
	}{{"strict", strict}, {"extended", conversion}, {"onward", onward}} {
		cv, again := c.cv(), conversion()
		hub, err := New().RequestToHub(cv, body)
		if err != nil {
			t.Fatalf("%s, to the hub: %v", c.name, err)
		}
		if _, err := jsonedit.Scan(hub); err != nil {
			t.Fatalf("%s, to the hub: %v\n%s", c.name, err, hub)
		}
		back, err := New().RequestFromHub(again, hub)
		if err != nil {
			t.Fatalf("%s, from the hub: %v\n%s", c.name, err, hub)
		}
		if _, err := jsonedit.Scan(back); err != nil {
			t.Fatalf("%s, from the hub: %v\n%s", c.name, err, back)
		}
		if c.name == "extended" {
			if len(cv.Receipts)+len(again.Receipts) > 0 {
				t.Logf("lost: %v %v", paths(cv), paths(again))
				continue
			}
			if diff := cmp.Diff(normal(t, body), normal(t, back)); diff != "" {
				t.Errorf("there and back (-want +got):\n%s", diff)
			}
		}
	}
}

func checkError(t *testing.T, status int, body []byte) {
	t.Helper()
	got := New().ParseError(status, body)
	doc := body
	for first := range jsonedit.Elements(body) {
		doc = first
	}
	var want struct {
		Error struct{ Status, Message string }
	}
	if err := json.Unmarshal(doc, &want); err != nil {
		t.Fatal(err)
	}
	if got.Message != want.Error.Message || got.Type != want.Error.Status || got.Kind != ai.Upstream || got.Status < 400 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if status >= 400 && got.Status != status {
		t.Errorf("status %d, want %d", got.Status, status)
	}
	if _, err := New().ReplyToHub(conversion(), doc); err == nil {
		t.Error("an error became a reply")
	}
	again := New().ParseError(got.Status, New().ErrorBody(got))
	if again.Message != got.Message || again.Type != got.Type || again.Status != got.Status {
		t.Errorf("written again it is %+v, want %+v", again, got)
	}
}

func checkReply(t *testing.T, body []byte) {
	t.Helper()
	want := usageOf(t, jsonedit.Get(body, "usageMetadata"))
	got := New().Usage(ai.Chat, body)
	got.WebSearches = 0
	if diff := cmp.Diff(want, got); diff != "" {
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
	want.InputImageTokens, want.OutputImageTokens = 0, 0 // for which a chat's usage has no place
	got = openai.Format{}.Usage(ai.Chat, hub)
	got.WebSearches = 0
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("usage in the hub (-want +got):\n%s", diff)
	}
	back, err := New().ReplyFromHub(conversion(), hub)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(essence(t, decode(t, body)), essence(t, decode(t, back))); diff != "" {
		t.Errorf("there and back (-want +got):\n%s\n%s", diff, hub)
	}
	strictHub, err := New().ReplyToHub(strict(), body)
	if err != nil {
		t.Fatal(err)
	}
	for _, extension := range []string{"content_blocks", "thought_signature", "groundingMetadata", "safetyRatings", "promptFeedback"} {
		if bytes.Contains(strictHub, []byte(`"`+extension+`":`)) {
			t.Errorf("a strict reply has %s: %s", extension, strictHub)
		}
	}
}

func watch(src ai.Stream) (dialect.Watcher, error) {
	w := New().Watch(ai.Chat)
	for {
		chunk, err := src.Next()
		if err != nil {
			return w, err
		}
		w.Observe(chunk)
	}
}

func checkStream(t *testing.T, body []byte) {
	t.Helper()
	whole := foldReplies(t, string(body))
	w, _ := watch(streamOf(bytes.NewReader(body)))
	if model, _ := whole["modelVersion"].(string); w.Model() != model {
		t.Errorf("model %q, want %q", w.Model(), model)
	}
	if e, ok := whole["error"].(object); ok {
		if w.Err() == nil || w.Err().Message != e["message"] {
			t.Errorf("error %v, want %v", w.Err(), e)
		}
		if _, err := drain(New().StreamToHub(conversion(), streamOf(bytes.NewReader(body)))); err == nil {
			t.Error("an error in the stream is no error")
		}
		return
	}
	finished := whole["candidates"] != nil || whole["promptFeedback"] != nil
	for _, c := range anyList(whole["candidates"]) {
		finished = finished && c.(object)["finishReason"] != nil
	}
	if w.Done() || finished && !w.Meaningful() || w.Finished() != finished || w.Err() != nil {
		t.Errorf("done %v, meaningful %v, finished %v (want %v), error %v", w.Done(), w.Meaningful(), w.Finished(), finished, w.Err())
	}
	var usage []byte
	if whole["usageMetadata"] != nil {
		usage = encode(t, whole["usageMetadata"])
	}
	got := w.Usage()
	got.WebSearches = 0
	if diff := cmp.Diff(usageOf(t, usage), got); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	hub, err := drain(New().StreamToHub(conversion(), streamOf(bytes.NewReader(body))))
	if !finished {
		if err == nil || strings.Contains(hub, "[DONE]") {
			t.Errorf("a stream without its finish reason looks whole: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), "willContinue") {
		checkPartial(t, hub)
		checkSplits(t, body, hub)
		return
	}
	checkHubStream(t, whole, hub)
	back, err := drain(New().StreamFromHub(conversion(), streamOfText(hub)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(essence(t, foldReplies(t, string(body))), essence(t, foldReplies(t, back))); diff != "" {
		t.Errorf("there and back (-want +got):\n%s", diff)
	}
	checkSplits(t, body, hub)
	checkCuts(t, body, hub)
}

// checkPartial expects calls that arrived in pieces to be whole.
func checkPartial(t *testing.T, hub string) {
	t.Helper()
	choices, _, done := foldChunks(t, hub)
	calls := choices["0"]["tool_calls"].([]any)
	if !done || choices["0"]["finish"] != "tool_calls" || len(calls) == 0 {
		t.Errorf("done %v, %v", done, choices["0"])
	}
	for _, call := range calls {
		f := call.(object)["function"].(object)
		if f["name"] == "" || f["name"] == nil {
			t.Errorf("a call without a name: %v", call)
		}
		decode(t, []byte(f["arguments"].(string)))
	}
}

func anyList(v any) []any {
	l, _ := v.([]any)
	return l
}

// checkHubStream expects a hub stream to fold to what the whole reply says.
func checkHubStream(t *testing.T, whole object, hub string) {
	t.Helper()
	reply, err := New().ReplyToHub(conversion(), encode(t, whole))
	if err != nil {
		t.Fatal(err)
	}
	want := decode(t, reply)
	got, usage, done := foldChunks(t, hub)
	if !done {
		t.Error("there is no [DONE]")
	}
	if diff := cmp.Diff(want["usage"], any(usage)); diff != "" && want["usage"] != nil {
		t.Errorf("usage (-whole +stream):\n%s", diff)
	}
	for _, c := range want["choices"].([]any) {
		choice := c.(object)
		message := choice["message"].(object)
		sum := got[choice["index"].(json.Number).String()]
		text, _ := message["content"].(string)
		if sum["content"] != text {
			t.Errorf("text %q, want %q", sum["content"], text)
		}
		if sum["finish"] != choice["finish_reason"] {
			t.Errorf("finish %v, want %v", sum["finish"], choice["finish_reason"])
		}
		if diff := cmp.Diff(message["annotations"], sum["annotations"]); diff != "" {
			t.Errorf("annotations (-whole +stream):\n%s", diff)
		}
		calls := sum["tool_calls"].([]any)
		for i, call := range calls {
			if n := call.(object)["index"].(json.Number).String(); n != encodeInt(i) {
				t.Errorf("call %d has the index %s", i, n)
			}
			delete(call.(object), "index")
		}
		wantCalls, _ := message["tool_calls"].([]any)
		for _, call := range append(append([]any{}, wantCalls...), calls...) {
			f := call.(object)["function"].(object)
			f["arguments"] = decode(t, []byte(f["arguments"].(string)))
		}
		if diff := cmp.Diff(append([]any{}, wantCalls...), append([]any{}, calls...)); diff != "" {
			t.Errorf("calls (-whole +stream):\n%s", diff)
		}
	}
}

func encodeInt(i int) string { return string(encodeNumber(i)) }

func encodeNumber(i int) []byte {
	b, _ := json.Marshal(i)
	return b
}

// work bounds how many bytes of a stream are read again for its splits and cuts.
const work = 1 << 20

func checkSplits(t *testing.T, body []byte, want string) {
	t.Helper()
	translate := func(src ai.Stream) string {
		got, err := drain(New().StreamToHub(conversion(), src))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	step := 1 + len(body)*len(body)/work
	for i := 1; i < len(body); i += step {
		if got := translate(streamOf(io.MultiReader(bytes.NewReader(body[:i]), bytes.NewReader(body[i:])))); got != want {
			t.Fatalf("split at %d:\n%s", i, cmp.Diff(want, got))
		}
	}
	if len(body) < 20000 {
		if got := translate(streamOf(iotest.OneByteReader(bytes.NewReader(body)))); got != want {
			t.Fatalf("byte by byte:\n%s", cmp.Diff(want, got))
		}
	}
}

// checkCuts ends a stream after each byte. It may look whole only where each
// candidate has its finish reason, and never otherwise.
func checkCuts(t *testing.T, body []byte, whole string) {
	t.Helper()
	step := 1 + len(body)*len(body)/work
	for i := 1; i < len(body); i += step {
		w, _ := watch(streamOf(bytes.NewReader(body[:i])))
		hub, err := drain(New().StreamToHub(conversion(), streamOf(bytes.NewReader(body[:i]))))
		if done := strings.Contains(hub, "data: [DONE]"); done != w.Finished() && !errors.Is(err, io.ErrUnexpectedEOF) || done && err != nil {
			t.Fatalf("cut at %d: done %v, finished %v, error %v", i, done, w.Finished(), err)
		}
		if !w.Finished() && err == nil {
			t.Fatalf("cut at %d the stream looks whole", i)
		}
		back, err := drain(New().StreamFromHub(conversion(), streamOfText(hub)))
		if strings.Contains(back, `"finishReason"`) != strings.Contains(hub, "data: [DONE]") {
			t.Fatalf("cut at %d it looks whole on its way back (%v)", i, err)
		}
	}
}

// essence is a reply without what the hub has no place for: details of usage and
// what was rated, and where calls stand among the other parts.
func essence(t testing.TB, reply object) object {
	t.Helper()
	out := object{"model": reply["modelVersion"]}
	if out["model"] == nil {
		out["model"] = "asked-for"
	}
	var candidates []any
	for _, c := range anyList(reply["candidates"]) {
		candidate := c.(object)
		content, _ := candidate["content"].(object)
		var said, calls []any
		for _, p := range joinParts(anyList(content["parts"])) {
			part := p.(object)
			call, ok := part["functionCall"].(object)
			if !ok {
				said = append(said, part)
				continue
			}
			if id, _ := call["id"].(string); id == "" || strings.HasPrefix(id, "call_0197fallback_") {
				delete(call, "id")
			}
			if call["args"] == nil {
				call["args"] = object{}
			}
			calls = append(calls, part)
		}
		index := "0"
		if n, ok := candidate["index"].(json.Number); ok {
			index = n.String()
		}
		finish := candidate["finishReason"]
		if n, ok := finish.(json.Number); ok {
			finish = finishName([]byte(n.String()))
		}
		if finish == nil {
			finish = "STOP"
		}
		candidates = append(candidates, object{"index": index, "parts": append(joinParts(said), calls...), "finish": finish})
	}
	if candidates == nil { // a prompt that was refused
		candidates = []any{object{"index": "0", "parts": []any{}, "finish": "SAFETY"}}
	}
	out["candidates"] = candidates
	return out
}
