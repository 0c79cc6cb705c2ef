package cohere

import (
	"bytes"
	"encoding/json"
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

// recordedChats loads the exchanges of version 2 of the chat. Payloads that were
// stored without their event framing get it back.
func recordedChats(t *testing.T) (list []*corpus.Exchange) {
	t.Helper()
	for _, e := range corpus.Exchanges(t, "cohere", "chat") {
		if strings.HasSuffix(e.URL, "/v1/chat") {
			continue // another format
		}
		if e.Chunking == "sse-data" {
			for i, data := range e.ResponseChunks {
				e.ResponseChunks[i] = string(sse.AppendEvent(nil, typeOf([]byte(data)), []byte(data)))
			}
		}
		list = append(list, e)
	}
	return list
}

func TestRecordedChats(t *testing.T) {
	n := 0
	for _, e := range recordedChats(t) {
		t.Run(e.ID, func(t *testing.T) {
			checkRequest(t, e)
			switch {
			case e.Status >= 400:
				checkError(t, e)
			case len(e.ResponseChunks) > 0:
				checkStream(t, string(e.Body()))
			default:
				checkReply(t, e.Body())
			}
		})
		n++
	}
	if n < 75 {
		t.Errorf("%d chats were found, want at least 75", n)
	}
}

// checkRequest translates a request to the hub and back and expects it to come
// back the same where nothing was lost.
func checkRequest(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	if jsonedit.Kind(e.RequestBody) != '{' || e.Status == 400 || e.Status == 422 {
		return
	}
	for _, c := range []bool{true, false} {
		cv := conversion(ai.Chat)
		cv.Strict = c
		hub, err := Format{}.RequestToHub(cv, e.RequestBody)
		if err != nil {
			t.Fatalf("strict %v, to the hub: %v", c, err)
		}
		if _, err := jsonedit.Scan(hub); err != nil {
			t.Fatalf("strict %v, to the hub: %v\n%s", c, err, hub)
		}
		again := conversion(ai.Chat)
		back, err := Format{}.RequestFromHub(again, hub)
		if err != nil {
			t.Fatalf("strict %v, from the hub: %v\n%s", c, err, hub)
		}
		if _, err := jsonedit.Scan(back); err != nil {
			t.Fatalf("strict %v, from the hub: %v\n%s", c, err, back)
		}
		if !c && len(cv.Receipts)+len(again.Receipts) == 0 {
			if diff := cmp.Diff(normal(t, e.RequestBody), normal(t, back)); diff != "" {
				t.Errorf("strict %v, there and back (-want +got):\n%s", c, diff)
			}
		}
	}
}

// normal is a request with what has several spellings in one of them.
func normal(t *testing.T, body []byte) object {
	t.Helper()
	m := decode(t, body)
	for key, value := range m {
		if list, ok := value.([]any); ok && len(list) == 0 || value == nil {
			delete(m, key)
		}
	}
	if choice, ok := m["tool_choice"].(string); ok {
		m["tool_choice"] = strings.ToUpper(choice)
	}
	if m["strict_tools"] == false {
		delete(m, "strict_tools")
	}
	if format, ok := m["response_format"].(object); ok && format["json_schema"] != nil {
		format["type"] = "json_object"
	}
	for _, e := range m["messages"].([]any) {
		message := e.(object)
		if message["role"] != "assistant" {
			continue
		}
		for _, key := range []string{"content", "citations", "tool_plan", "tool_calls"} {
			if list, ok := message[key].([]any); ok && len(list) == 0 || message[key] == nil {
				delete(message, key)
			}
		}
		if message["tool_calls"] == nil && message["content"] == nil { // a plan without calls is a text
			message["content"] = message["tool_plan"]
			delete(message, "tool_plan")
		}
		blocks, _ := message["content"].([]any)
		if len(blocks) == 1 && blocks[0].(object)["text"] != nil {
			message["content"] = blocks[0].(object)["text"]
		}
		if text, ok := message["content"].(string); ok && message["tool_calls"] != nil {
			delete(message, "content")
			if text != "" {
				plan, _ := message["tool_plan"].(string)
				message["tool_plan"] = plan + text
			}
		}
	}
	return m
}

func checkError(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	var want struct{ Message string }
	if err := json.Unmarshal(e.Body(), &want); err != nil {
		t.Fatal(err)
	}
	got := Format{}.ParseError(e.Status, e.Body())
	if got.Message != want.Message || got.Status != e.Status || got.Kind != ai.Upstream {
		t.Errorf("got %+v, want %s", got, want.Message)
	}
}

// checkReply expects a whole reply to come back the same from the hub, and the
// hub to read the same usage of it.
func checkReply(t *testing.T, body []byte) {
	t.Helper()
	hub, err := Format{}.ReplyToHub(conversion(ai.Chat), body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jsonedit.Scan(hub); err != nil {
		t.Fatalf("%v\n%s", err, hub)
	}
	want := Format{}.Usage(ai.Chat, body)
	if diff := cmp.Diff(want, (openai.Format{}).Usage(ai.Chat, hub)); diff != "" {
		t.Errorf("usage in the hub (-want +got):\n%s", diff)
	}
	back, err := Format{}.ReplyFromHub(conversion(ai.Chat), hub)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(essence(decode(t, body)), essence(decode(t, back))); diff != "" {
		t.Errorf("there and back (-want +got):\n%s", diff)
	}
	plain := strict(ai.Chat)
	strictHub, err := Format{}.ReplyToHub(plain, body)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(strictHub, []byte(`"content_blocks":`)) || bytes.Contains(strictHub, []byte(`"cohere":`)) {
		t.Errorf("a strict reply has extensions: %s", strictHub)
	}
}

// essence is a reply without what the hub does not keep: details of usage, the
// difference between several words for the end, ids of tokens, empty members.
func essence(reply object) object {
	delete(reply, "usage")
	if reply["finish_reason"] == "STOP_SEQUENCE" {
		reply["finish_reason"] = "COMPLETE"
	}
	message := reply["message"].(object)
	for _, key := range []string{"content", "tool_calls", "citations"} {
		if list, ok := message[key].([]any); ok && len(list) == 0 {
			delete(message, key)
		}
	}
	calls, _ := message["tool_calls"].([]any)
	for _, c := range calls {
		f := c.(object)["function"].(object)
		if f["arguments"] == "null" || f["arguments"] == "" {
			f["arguments"] = "{}"
		}
	}
	if calls != nil { // text beside calls is their plan
		var kept []any
		blocks, _ := message["content"].([]any)
		for _, b := range blocks {
			if text, ok := b.(object)["text"].(string); ok {
				plan, _ := message["tool_plan"].(string)
				message["tool_plan"] = plan + text
			} else {
				kept = append(kept, b)
			}
		}
		delete(message, "content")
		if kept != nil {
			message["content"] = kept
		}
	}
	list, _ := reply["logprobs"].([]any)
	for _, l := range list {
		delete(l.(object), "token_ids")
		if len(l.(object)["logprobs"].([]any)) > 1 {
			delete(reply, "logprobs")
		}
	}
	return reply
}

// checkStream expects a stream to become what its whole reply would, to come
// back from the hub, to be the same however it is cut into reads, and never to
// look done when it was cut short.
func checkStream(t *testing.T, body string) {
	t.Helper()
	whole, done := fold(t, body)
	hub, err := streamToHubText(body)
	if !done {
		if err == nil || strings.Contains(hub, "[DONE]") {
			t.Errorf("a stream that failed looks done: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	checkReply(t, encoded)
	reply, err := Format{}.ReplyToHub(conversion(ai.Chat), encoded)
	if err != nil {
		t.Fatal(err)
	}
	checkHubStream(t, decode(t, reply), hub)
	back, err := streamFromHubText(hub)
	if err != nil {
		t.Fatal(err)
	}
	again, done := fold(t, back)
	if !done {
		t.Error("there is no message-end")
	}
	// In a stream it is not known before its calls that a text is their plan.
	if diff := cmp.Diff(essence(whole), essence(again)); diff != "" {
		t.Errorf("there and back (-want +got):\n%s", diff)
	}
	checkSplits(t, body, hub)
	checkCuts(t, body)
}

// checkHubStream expects a hub stream to fold to what the whole reply says.
func checkHubStream(t *testing.T, whole object, hub string) {
	t.Helper()
	choice := whole["choices"].([]any)[0].(object)
	want := choice["message"].(object)
	if want["content"] == nil {
		want["content"] = ""
	}
	got, finish, usage, done := foldHub(t, hub)
	if blocks, ok := want["content_blocks"].([]any); ok {
		var kept []any
		for _, b := range blocks { // text is in content alone
			block := b.(object)
			delete(block, "text")
			delete(block, "signature")
			if block["type"] == "text" {
				delete(block, "type")
			}
			kept = append(kept, block)
		}
		want["content_blocks"] = kept
		for own, _ := got["content_blocks"].([]any); len(own) < len(kept); {
			own = append(own, object{})
			got["content_blocks"] = own
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("message (-whole +stream):\n%s", diff)
	}
	if finish != choice["finish_reason"] || !done {
		t.Errorf("finish %v, want %v; done %v", finish, choice["finish_reason"], done)
	}
	if diff := cmp.Diff(whole["usage"], usage); diff != "" {
		t.Errorf("usage (-whole +stream):\n%s", diff)
	}
}

// checkSplits reads a stream in two parts, split at every byte of a short one.
func checkSplits(t *testing.T, body, want string) {
	t.Helper()
	step := 1 + len(body)*len(body)/(2<<20)
	for i := 1; i < len(body); i += step {
		src := streamOf(iotest.DataErrReader(&twoParts{[]string{body[:i], body[i:]}}))
		got, err := drain(Format{}.StreamToHub(conversion(ai.Chat), src))
		if err != nil || got != want {
			t.Fatalf("split at %d: %v\n%s", i, err, cmp.Diff(want, got))
		}
	}
}

// checkCuts ends a stream before each of its bytes, as far as is affordable.
// None may look done, in either format.
func checkCuts(t *testing.T, body string) {
	t.Helper()
	end := strings.Index(body, "event: message-end")
	end += strings.Index(body[end:], "\n\n")
	step := 1 + end*end/(1<<20)
	for i := 1; i < end; i++ {
		if i%step != 0 && i < end-200 {
			continue
		}
		w := Format{}.Watch(ai.Chat)
		src := streamOf(strings.NewReader(body[:i]))
		for chunk, err := src.Next(); err == nil; chunk, err = src.Next() {
			w.Observe(chunk)
		}
		hub, _ := streamToHubText(body[:i])
		back, _ := streamFromHubText(hub)
		if w.Done() || w.Finished() || strings.Contains(hub, "[DONE]") || strings.Contains(back, "message-end") {
			t.Fatalf("cut at %d of %d it looks done", i, end)
		}
	}
}

type twoParts struct{ left []string }

func (p *twoParts) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return strings.NewReader("").Read(b)
	}
	n := copy(b, p.left[0])
	if p.left[0] = p.left[0][n:]; p.left[0] == "" {
		p.left = p.left[1:]
	}
	return n, nil
}

func TestRecordedEmbeddings(t *testing.T) {
	for _, e := range corpus.Exchanges(t, "cohere", "embeddings") {
		t.Run(e.ID, func(t *testing.T) {
			if e.Status >= 400 {
				checkError(t, e)
				return
			}
			if jsonedit.Kind(e.RequestBody) == '{' {
				there := conversion(ai.Embed)
				hub, err := Format{}.RequestToHub(there, e.RequestBody)
				if err != nil {
					t.Fatal(err)
				}
				back, err := Format{}.RequestFromHub(conversion(ai.Embed), hub)
				if err != nil {
					t.Fatal(err)
				}
				want := decode(t, e.RequestBody)
				delete(want, "truncate") // null in all of them
				if want["embedding_types"] == nil {
					want["embedding_types"] = []any{"float"}
				}
				got := decode(t, back)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("there and back (-want +got):\n%s", diff)
				}
			}
			checkVectors(t, e.Body())
		})
	}
}

// checkVectors expects the vectors of a reply in OpenAI's form, in order.
func checkVectors(t *testing.T, body []byte) {
	t.Helper()
	hub, err := Format{}.ReplyToHub(conversion(ai.Embed), body)
	if err != nil {
		t.Fatal(err)
	}
	embeddings := decode(t, body)["embeddings"]
	if byType, ok := embeddings.(object); ok {
		for _, list := range byType {
			embeddings = list
		}
	}
	var got []any
	for i, d := range decode(t, hub)["data"].([]any) {
		item := d.(object)
		if n, _ := item["index"].(json.Number).Int64(); int(n) != i || item["object"] != "embedding" {
			t.Errorf("item %d: %v", i, item)
		}
		got = append(got, item["embedding"])
	}
	if diff := cmp.Diff(embeddings, any(got)); diff != "" {
		t.Errorf("vectors (-want +got):\n%s", diff)
	}
	if want, got := (Format{}).Usage(ai.Embed, body), (openai.Format{}).Usage(ai.Embed, hub); want != got {
		t.Errorf("usage %+v, want %+v", got, want)
	}
	back, err := Format{}.ReplyFromHub(conversion(ai.Embed), hub)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(got), decode(t, back)["embeddings"].(object)["float"]); diff != "" {
		t.Errorf("vectors back (-want +got):\n%s", diff)
	}
}

func TestRecordedRankings(t *testing.T) {
	for _, e := range corpus.Exchanges(t, "cohere", "rerank") {
		t.Run(e.ID, func(t *testing.T) {
			cv := conversion(ai.Rerank)
			cv.Request = e.RequestBody
			sent, err := Format{}.RequestFromHub(cv, e.RequestBody)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range decode(t, sent)["documents"].([]any) {
				if _, ok := d.(string); !ok {
					t.Errorf("document %v is sent", d)
				}
			}
			hub, err := Format{}.ReplyToHub(cv, e.Body())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, e.Body())["results"], decode(t, hub)["results"]); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			want := ai.Usage{Known: true, SearchUnits: 1} // of all of them
			if got := (openai.Format{}).Usage(ai.Rerank, hub); got != want || (Format{}).Usage(ai.Rerank, e.Body()) != want {
				t.Errorf("usage %+v, want %+v", got, want)
			}
		})
	}
}
