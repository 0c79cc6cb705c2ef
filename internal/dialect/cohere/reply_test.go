package cohere

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
)

const citedReply = `{"id":"x","message":{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Quack."}],` +
	`"citations":[{"start":0,"end":5,"text":"Quack","sources":[{"type":"document","id":"d1","document":{"id":"d1","title":"Atlas"}}],"type":"TEXT_CONTENT","content_index":1}]},` +
	`"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":40,"output_tokens":10},"tokens":{"input_tokens":1693,"output_tokens":93},"cached_tokens":16}}`

func TestReplyToHub(t *testing.T) {
	c := strict(ai.Chat)
	hub, err := Format{}.ReplyToHub(c, []byte(citedReply))
	if err != nil {
		t.Fatal(err)
	}
	usage := `{"prompt_tokens":40,"completion_tokens":10,"total_tokens":50,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}`
	equalJSON(t, "strict", []byte(`{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Quack."},"logprobs":null,"finish_reason":"stop"}],"usage":`+usage+`}}`), hub)
	if diff := cmp.Diff([]string{"content[0]", "citations"}, paths(c)); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}

	c = conversion(ai.Chat)
	c.Onward = false
	if hub, err = (Format{}).ReplyToHub(c, []byte(citedReply)); err != nil {
		t.Fatal(err)
	}
	own := `{"start":0,"end":5,"text":"Quack","sources":[{"type":"document","id":"d1","document":{"id":"d1","title":"Atlas"}}],"type":"TEXT_CONTENT","content_index":1}`
	equalJSON(t, "extended", []byte(`{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Quack.",`+
		`"content_blocks":[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"Quack.","citations":[{"type":"search_result_location","cited_text":"Quack","source":"d1","title":"Atlas","search_result_index":0,"start_block_index":0,"end_block_index":1,"cohere":`+own+`}]}]},`+
		`"logprobs":null,"finish_reason":"COMPLETE"}],"usage":`+usage+`,"cohere":{"billed_units":{"input_tokens":40,"output_tokens":10},"tokens":{"input_tokens":1693,"output_tokens":93},"cached_tokens":16}}}`), hub)
	if len(c.Receipts) > 0 {
		t.Errorf("receipts %v", paths(c))
	}
}

func TestLogprobsCoverTheAnswer(t *testing.T) {
	reply := `{"message":{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Hé!"}]},"finish_reason":"COMPLETE",` +
		`"logprobs":[{"text":"hm","token_ids":[1],"logprobs":[-1]},{"text":"Hé","token_ids":[2,3],"logprobs":[-0.5,-0.25]},{"text":"!","token_ids":[4],"logprobs":[0]}]}`
	hub, err := Format{}.ReplyToHub(strict(ai.Chat), []byte(reply))
	if err != nil {
		t.Fatal(err)
	}
	want := decode(t, []byte(`{"content":[{"token":"Hé","logprob":-0.75,"bytes":[72,195,169],"top_logprobs":[]},{"token":"!","logprob":0,"bytes":[33],"top_logprobs":[]}],"refusal":null}`))
	if diff := cmp.Diff(any(want), decode(t, hub)["choices"].([]any)[0].(object)["logprobs"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUsage(t *testing.T) {
	for raw, want := range map[string]ai.Usage{
		`{}`: {},
		`{"usage":{"billed_units":{"input_tokens":1,"output_tokens":2},"tokens":{"input_tokens":100,"output_tokens":9,"reasoning_tokens":5}}}`: {Known: true, InputTokens: 1, OutputTokens: 2, ReasoningTokens: 2},
		`{"usage":{"tokens":{"input_tokens":100,"output_tokens":9,"reasoning_tokens":5}}}`:                                                     {Known: true, InputTokens: 100, OutputTokens: 9, ReasoningTokens: 5},
		`{"usage":{"billed_units":{"input_tokens":1,"image_tokens":7,"output_tokens":2.0}}}`:                                                   {Known: true, InputTokens: 8, OutputTokens: 2},
	} {
		if got := (Format{}).Usage(ai.Chat, []byte(raw)); got != want {
			t.Errorf("%s: got %+v, want %+v", raw, got, want)
		}
	}
}

func TestFailedReplies(t *testing.T) {
	for body, status := range map[string]int{
		`{"message":{"content":[]},"finish_reason":"ERROR"}`:   502,
		`{"message":{"content":[]},"finish_reason":"TIMEOUT"}`: 504,
		`{}`: 502, `{"message":"no"}`: 502, `[]`: 502, ``: 502,
	} {
		_, err := Format{}.ReplyToHub(conversion(ai.Chat), []byte(body))
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.HTTPStatus() != status || e.Message == "" {
			t.Errorf("%s: %v", body, err)
		}
	}
	for _, op := range []ai.Op{ai.Embed, ai.Rerank, ai.Models} {
		if _, err := (Format{}).ReplyToHub(conversion(op), []byte(`{}`)); ai.AsError(err).Kind != ai.BadGateway {
			t.Errorf("%s: %v", op, err)
		}
	}
	for _, op := range []ai.Op{ai.Chat, ai.Embed, ai.Rerank} {
		if _, err := (Format{}).ReplyFromHub(conversion(op), []byte(`{}`)); ai.AsError(err).Kind != ai.BadGateway {
			t.Errorf("%s from the hub: %v", op, err)
		}
	}
}

func TestErrorsAreRead(t *testing.T) {
	e := &ai.Error{Kind: ai.RateLimited, Message: "slow down", Provider: "p"}
	if got := string(Format{}.ErrorBody(e)); got != `{"message":"p error: slow down"}` {
		t.Errorf("body %s", got)
	}
	w := Format{}.Watch(ai.Chat)
	if w.Observe(Format{}.ErrorEvent(e)); w.Err() == nil || w.Err().Message != "p error: slow down" || w.Done() || w.Finished() {
		t.Errorf("event: %v, done %v", w.Err(), w.Done())
	}
	_, err := streamToHubText(string(Format{}.ErrorEvent(e)))
	if ai.AsError(err).Message != "p error: slow down" {
		t.Errorf("stream: %v", err)
	}
}

// event is one event of a stream of Cohere's.
func event(data string) string {
	return string(sse.AppendEvent(nil, typeOf([]byte(data)), []byte(data)))
}

const streamStart = `{"type":"message-start","id":"x","delta":{"message":{"role":"assistant"}}}`

func streamed(events ...string) string {
	var b strings.Builder
	for _, e := range append([]string{streamStart}, events...) {
		b.WriteString(event(e))
	}
	return b.String()
}

const streamEnd = `{"type":"message-end","delta":{"finish_reason":"MAX_TOKENS","usage":{"billed_units":{"input_tokens":1,"output_tokens":2}}}}`

func TestStreamToHub(t *testing.T) {
	body := streamed(
		`{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}`,
		`{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"hm"}}}}`,
		`{"type":"content-end","index":0}`,
		`{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}`,
		`{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hi"}}},"logprobs":{"text":"Hi","token_ids":[1],"logprobs":[-1]}}`,
		`{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":0,"end":2,"text":"Hi","sources":[{"id":"d"}]}}}}`,
		`{"type":"debug","prompt":"p"}`, streamEnd)
	c := conversion(ai.Chat)
	hub, err := drain(Format{}.StreamToHub(c, streamOf(strings.NewReader(body))))
	if err != nil {
		t.Fatal(err)
	}
	head := `{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[`
	delta := func(delta, logprobs, finish string) string {
		return head + `{"index":0,"delta":` + delta + `,"logprobs":` + logprobs + `,"finish_reason":` + finish + `}]}`
	}
	want := []string{
		delta(`{"role":"assistant","content":""}`, "null", "null"),
		delta(`{"content_blocks":[{"index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}]}`, "null", "null"),
		delta(`{"content":"Hi"}`, `{"content":[{"token":"Hi","logprob":-1,"bytes":[72,105],"top_logprobs":[]}],"refusal":null}`, "null"),
		delta(`{"content_blocks":[{"index":1,"delta":{"type":"citations_delta","citation":{"type":"search_result_location","cited_text":"Hi","source":"d","title":null,"search_result_index":0,"start_block_index":0,"end_block_index":1,"cohere":{"start":0,"end":2,"text":"Hi","sources":[{"id":"d"}]}}}}]}`, "null", "null"),
		delta(`{}`, "null", `"length"`),
	}
	got := datas(hub)
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got) != len(want)+2 || got[len(got)-1] != "[DONE]" || !strings.Contains(got[len(got)-2], `"completion_tokens":2`) {
		t.Errorf("end %v", got[len(want):])
	}

	plain := strict(ai.Chat)
	if hub, err = drain(Format{}.StreamToHub(plain, streamOf(strings.NewReader(body)))); err != nil || strings.Contains(hub, "content_blocks") {
		t.Errorf("strict: %v\n%s", err, hub)
	}
	if diff := cmp.Diff([]string{"content.thinking", "citations"}, paths(plain)); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
}

func TestStreamFromHub(t *testing.T) {
	chunk := func(delta string) string {
		return `data: {"id":"x","choices":[{"index":0,"delta":` + delta + `}]}` + "\n\n"
	}
	hub := chunk(`{"role":"assistant","content":""}`) + chunk(`{"reasoning_content":"hm"}`) + chunk(`{"content":"Hi"}`) +
		chunk(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}`) +
		chunk(`{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}`) +
		chunk(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}}]}`) +
		chunk(`{"tool_calls":[{"index":1,"function":{"arguments":"}"}}]}`) +
		`data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}` + "\n\ndata: [DONE]\n\n"
	out, err := streamFromHubText(hub)
	if err != nil {
		t.Fatal(err)
	}
	got, done := fold(t, out)
	want := decode(t, []byte(`{"id":"x","message":{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Hi"}],`+
		`"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},`+
		`"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":1,"output_tokens":2},"tokens":{"input_tokens":1,"output_tokens":2}}}`))
	if diff := cmp.Diff(want, got); diff != "" || !done {
		t.Errorf("done %v (-want +got):\n%s", done, diff)
	}
	same, err := streamFromHubText(chunk(`{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}`) +
		chunk(`{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]}`) +
		chunk(`{"function_call":{"name":"","arguments":""}}`) + "data: [DONE]\n\n")
	if n := strings.Count(same, `"type":"tool-call-start"`); err != nil || n != 2 {
		t.Errorf("calls of the same index: %d, %v in\n%s", n, err, same)
	}
	if n := strings.Count(out, "tool-call-end") / 2; n != 2 {
		t.Errorf("%d calls ended", n)
	}
	if _, err := streamFromHubText(`data: {"error":{"message":"no"}}` + "\n\n"); ai.AsError(err).Message != "no" {
		t.Errorf("an error chunk: %v", err)
	}
}

// Three turns of a conversation with tools and thinking, as a client of each
// format sends them: nothing is lost on the way to Cohere, and what Cohere
// answers is what the client sends back with the next turn.
func TestThreeTurns(t *testing.T) {
	first := `{"id":"1","message":{"role":"assistant","content":[{"type":"thinking","thinking":"look it up"}],"tool_plan":"I will look.","tool_calls":[{"id":"t1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}},{"id":"t2","type":"function","function":{"name":"clock","arguments":"{}"}}]},"finish_reason":"TOOL_CALL"}`
	second := `{"id":"2","message":{"role":"assistant","content":[{"type":"thinking","thinking":"now answer"},{"type":"text","text":"Sunny."}]},"finish_reason":"COMPLETE"}`
	tools := `"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}},{"type":"function","function":{"name":"clock","parameters":{"type":"object"}}}]`
	want := `{"model":"m","messages":[{"role":"user","content":"weather?"},` +
		`{"role":"assistant","content":[{"type":"thinking","thinking":"look it up"}],"tool_plan":"I will look.","tool_calls":[{"id":"t1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}},{"id":"t2","type":"function","function":{"name":"clock","arguments":"{}"}}]},` +
		`{"role":"tool","tool_call_id":"t1","content":"sun"},{"role":"tool","tool_call_id":"t2","content":"noon"},` +
		`{"role":"assistant","content":[{"type":"thinking","thinking":"now answer"},{"type":"text","text":"Sunny."}]},{"role":"user","content":"thanks"}],` + tools + `}`

	t.Run("openai", func(t *testing.T) {
		message := func(reply string) string {
			hub, err := Format{}.ReplyToHub(conversion(ai.Chat), []byte(reply))
			if err != nil {
				t.Fatal(err)
			}
			return string(get(hub))
		}
		body := `{"model":"m","messages":[{"role":"user","content":"weather?"},` + message(first) +
			`,{"role":"tool","tool_call_id":"t1","content":"sun"},{"role":"tool","tool_call_id":"t2","content":"noon"},` + message(second) +
			`,{"role":"user","content":"thanks"}],` + tools + `}`
		c := conversion(ai.Chat)
		got, err := Format{}.RequestFromHub(c, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, "request", []byte(want), got)
		if len(c.Receipts) > 0 {
			t.Errorf("receipts %v", paths(c))
		}
	})
	t.Run("anthropic", func(t *testing.T) {
		content := func(reply string) string {
			c := conversion(ai.Chat)
			hub, err := Format{}.ReplyToHub(c, []byte(reply))
			if err != nil {
				t.Fatal(err)
			}
			out, err := anthropic.New().ReplyFromHub(c, hub)
			if err != nil {
				t.Fatal(err)
			}
			return string(getContent(out))
		}
		body := `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"weather?"},{"role":"assistant","content":` + content(first) +
			`},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"sun"},{"type":"tool_result","tool_use_id":"t2","content":"noon"}]},` +
			`{"role":"assistant","content":` + content(second) + `},{"role":"user","content":"thanks"}],` +
			`"tools":[{"name":"weather","input_schema":{"type":"object"}},{"name":"clock","input_schema":{"type":"object"}}]}`
		c := conversion(ai.Chat)
		hub, err := anthropic.New().RequestToHub(c, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Format{}.RequestFromHub(c, hub)
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, "request", []byte(strings.Replace(want, `"model":"m",`, `"model":"m","max_tokens":9,`, 1)), got)
		if len(c.Receipts) > 0 {
			t.Errorf("receipts %v", paths(c))
		}
	})
}
