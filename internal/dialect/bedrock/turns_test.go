package bedrock

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
	"github.com/portico-ai/portico/test/corpus"
)

// The model's side of a conversation: it thinks, says something and calls two
// tools; then it calls one that it runs itself; then it answers.
var answers = []string{
	`{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Two cities.","signature":"sig1"}}},{"reasoningContent":{"redactedContent":"cmVk"}},` +
		`{"text":"Let me see."},{"toolUse":{"toolUseId":"t1","name":"weather","input":{"city":"Paris","n":12345678901234567890}}},{"toolUse":{"toolUseId":"t2","name":"weather","input":{"city":"Rome"}}}]}},` +
		`"stopReason":"tool_use","usage":{"inputTokens":10,"outputTokens":20,"totalTokens":130,"cacheReadInputTokens":0,"cacheWriteInputTokens":100,"cacheDetails":[{"ttl":"1h","inputTokens":100}]},"metrics":{"latencyMs":1}}`,
	`{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"One failed.","signature":"sig2"}}},{"toolUse":{"toolUseId":"t3","name":"weather","input":{}}}]}},` +
		`"stopReason":"tool_use","usage":{"inputTokens":5,"outputTokens":6,"totalTokens":111,"cacheReadInputTokens":100,"cacheWriteInputTokens":0},"metrics":{"latencyMs":1}}`,
	`{"output":{"message":{"role":"assistant","content":[{"text":"Sunny."}]}},"stopReason":"end_turn","usage":{"inputTokens":5,"outputTokens":6,"totalTokens":11},"metrics":{"latencyMs":1}}`,
}

// wanted is the conversation that Bedrock is to be sent for the third turn.
const wanted = `{"messages":[
	{"role":"user","content":[{"text":"A long text."},{"cachePoint":{"type":"default","ttl":"1h"}},{"text":"The weather in Paris and Rome?"}]},
	{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Two cities.","signature":"sig1"}}},{"reasoningContent":{"redactedContent":"cmVk"}},
		{"text":"Let me see."},{"toolUse":{"toolUseId":"t1","name":"weather","input":{"city":"Paris","n":12345678901234567890}}},{"toolUse":{"toolUseId":"t2","name":"weather","input":{"city":"Rome"}}}]},
	{"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"text":"18 degrees"}]}},{"toolResult":{"toolUseId":"t2","content":[{"text":"no such city"}],"status":"error"}},{"cachePoint":{"type":"default"}}]},
	{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"One failed.","signature":"sig2"}}},{"toolUse":{"toolUseId":"t3","name":"weather","input":{}}}]},
	{"role":"user","content":[{"toolResult":{"toolUseId":"t3","content":[{"text":"sunny"}]}},{"text":"Go on."}]}],
	"system":[{"text":"Be brief."},{"cachePoint":{"type":"default"}}],
	"inferenceConfig":{"maxTokens":4000},
	"toolConfig":{"tools":[{"toolSpec":{"name":"weather","description":"d","inputSchema":{"json":{"type":"object","properties":{"city":{"type":"string"}}}}}},{"cachePoint":{"type":"default"}}]},
	"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}}}`

// reply is what a client gets for the nth answer: translated whole, or put
// together from a stream.
type replier func(t *testing.T, n int) json.RawMessage

// checkSent expects the third request to be the one wanted, and all of them to be
// what the service takes.
func checkSent(t *testing.T, sent [][]byte) {
	t.Helper()
	equalJSON(t, "the third request", wanted, sent[2])
	if !strings.Contains(string(sent[2]), "12345678901234567890") {
		t.Error("a big number was rounded")
	}
	t.Run("model", func(t *testing.T) {
		schema := corpus.AWSShape(t, model, "ConverseRequest", false)
		for _, body := range sent {
			if err := validate(schema, body); err != nil {
				t.Error(err)
			}
		}
	})
}

// A client of Anthropic's format has a conversation of three turns: nothing of
// the model's thoughts, its parallel calls and the cache marks is lost.
func TestThreeTurnsOfAnAnthropicClient(t *testing.T) {
	ask := func(t *testing.T, messages []string) []byte {
		t.Helper()
		body := `{"model":"x","max_tokens":4000,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"thinking":{"type":"enabled","budget_tokens":2000},
			"tools":[{"name":"weather","description":"d","input_schema":{"type":"object","properties":{"city":{"type":"string"}}},"cache_control":{"type":"ephemeral"}}],
			"messages":[` + strings.Join(messages, ",") + `]}`
		cv := conversion()
		hub, err := anthropic.New().RequestToHub(cv, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		out, err := New().RequestFromHub(cv, hub)
		if err != nil {
			t.Fatal(err)
		}
		if len(cv.Receipts) > 0 {
			t.Errorf("receipts: %v", cv.Receipts)
		}
		return out
	}
	whole := func(t *testing.T, n int) json.RawMessage {
		hub, err := New().ReplyToHub(conversion(), []byte(answers[n]))
		if err != nil {
			t.Fatal(err)
		}
		out, err := anthropic.New().ReplyFromHub(conversion(), hub)
		if err != nil {
			t.Fatal(err)
		}
		return jsonedit.Get(out, "content")
	}
	streamed := func(t *testing.T, n int) json.RawMessage {
		cv := conversion()
		out, err := drain(anthropic.New().StreamFromHub(cv, New().StreamToHub(cv, streamOf(asStream(answers[n])))))
		if err != io.EOF {
			t.Fatal(err)
		}
		return foldMessage(t, out)
	}
	for name, answer := range map[string]replier{"whole": whole, "streamed": streamed} {
		t.Run(name, func(t *testing.T) {
			messages := []string{`{"role":"user","content":[{"type":"text","text":"A long text.","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"The weather in Paris and Rome?"}]}`}
			var sent [][]byte
			for n, next := range []string{
				`[{"type":"tool_result","tool_use_id":"t1","content":"18 degrees"},{"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"no such city"}],"is_error":true,"cache_control":{"type":"ephemeral"}}]`,
				`[{"type":"tool_result","tool_use_id":"t3","content":"sunny"},{"type":"text","text":"Go on."}]`, "",
			} {
				sent = append(sent, ask(t, messages))
				messages = append(messages, fmt.Sprintf(`{"role":"assistant","content":%s}`, answer(t, n)), `{"role":"user","content":`+next+`}`)
			}
			checkSent(t, sent)
		})
	}
}

// A client of OpenAI's format that keeps the extension members has the same
// conversation.
func TestThreeTurnsOfAnOpenAIClient(t *testing.T) {
	ask := func(t *testing.T, messages []string) []byte {
		t.Helper()
		cv := conversion()
		out, err := New().RequestFromHub(cv, []byte(`{"model":"x","max_completion_tokens":4000,"thinking":{"type":"enabled","budget_tokens":2000},
			"tools":[{"type":"function","function":{"name":"weather","description":"d","parameters":{"type":"object","properties":{"city":{"type":"string"}}}},"cache_control":{"type":"ephemeral"}}],
			"messages":[{"role":"system","content":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}]},`+strings.Join(messages, ",")+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		if len(cv.Receipts) > 0 {
			t.Errorf("receipts: %v", cv.Receipts)
		}
		return out
	}
	messages := []string{`{"role":"user","content":[{"type":"text","text":"A long text.","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"The weather in Paris and Rome?"}]}`}
	var sent [][]byte
	for n, next := range []string{
		`{"role":"tool","tool_call_id":"t1","content":"18 degrees"},{"role":"tool","tool_call_id":"t2","content":"no such city","is_error":true,"cache_control":{"type":"ephemeral"}}`,
		`{"role":"tool","tool_call_id":"t3","content":"sunny"},{"role":"user","content":"Go on."}`, "",
	} {
		sent = append(sent, ask(t, messages))
		hub, err := New().ReplyToHub(conversion(), []byte(answers[n]))
		if err != nil {
			t.Fatal(err)
		}
		for choice := range jsonedit.Elements(jsonedit.Get(hub, "choices")) {
			messages = append(messages, string(jsonedit.Get(choice, "message")), next)
		}
	}
	checkSent(t, sent)
}

// What a client that is strict gets of the same answers is OpenAI's own schema,
// and receipts say what is missing.
func TestStrictReplies(t *testing.T) {
	cv := conversion()
	cv.Strict = true
	got, err := New().ReplyToHub(cv, []byte(answers[0]))
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "whole", `{"id":"fallback-id","object":"chat.completion","created":1700000000,"model":"`+claudeModel+`","choices":[{"index":0,"logprobs":null,"finish_reason":"tool_calls","message":{"role":"assistant","content":"Let me see.","refusal":null,
		"tool_calls":[{"id":"t1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\",\"n\":12345678901234567890}"}},{"id":"t2","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]}}],
		"usage":{"prompt_tokens":110,"completion_tokens":20,"total_tokens":130,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0},
		"cache_read_input_tokens":0,"cache_creation_input_tokens":100,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":100}}}`, got)
	if receipts(cv) != "output.message.content[0] output.message.content[1]" {
		t.Errorf("receipts %s", receipts(cv))
	}
	cv = conversion()
	cv.Strict = true
	out, err := drain(New().StreamToHub(cv, streamOf(asStream(answers[0]))))
	if err != io.EOF || strings.Contains(out, "content_blocks") || strings.Contains(out, "sig1") || len(cv.Receipts) != 1 {
		t.Errorf("%v, receipts %v, %s", err, cv.Receipts, out)
	}
}

func TestStopReasons(t *testing.T) {
	for reason, want := range map[string][2]string{ // strict without calls, with calls
		"end_turn": {"stop", "tool_calls"}, "stop_sequence": {"stop", "tool_calls"}, "tool_use": {"tool_calls", "tool_calls"}, "max_tokens": {"length", "length"},
		"model_context_window_exceeded": {"length", "length"}, "guardrail_intervened": {"content_filter", "content_filter"}, "content_filtered": {"content_filter", "content_filter"},
		"malformed_model_output": {"stop", "tool_calls"}, "malformed_tool_use": {"stop", "tool_calls"}, "": {"stop", "tool_calls"},
	} {
		for i, tools := range []bool{false, true} {
			for _, c := range []*dialect.Conversion{{Strict: true}, {Onward: true}} {
				if got := stopToHub(reason, tools, c); got != want[i] {
					t.Errorf("%q, calls %v: %q, want %q", reason, tools, got, want[i])
				}
			}
		}
		if got := stopToHub(reason, false, &dialect.Conversion{}); got != orElse(reason, "stop") {
			t.Errorf("%q not strictly: %q", reason, got)
		}
		if got := stopFromHub(reason, false); reason != "" && got != reason {
			t.Errorf("%q from the hub: %q", reason, got)
		}
	}
	for reason, want := range map[string]string{"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "content_filtered", "": "end_turn"} {
		if got := stopFromHub(reason, false); got != want {
			t.Errorf("%q from the hub: %q, want %q", reason, got, want)
		}
	}
}

func TestCitations(t *testing.T) {
	const reply = `{"output":{"message":{"role":"assistant","content":[{"citationsContent":{"content":[{"text":"It "},{"text":"is."}],"citations":[
		{"title":"Doc","sourceContent":[{"text":"quoted"}],"location":{"documentPage":{"documentIndex":0,"start":2,"end":3}}},
		{"title":"Web","sourceContent":[{"text":"w"}],"location":{"web":{"url":"https://x.example"}}}]}}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2},"metrics":{"latencyMs":1}}`
	cv := conversion()
	hub, err := New().ReplyToHub(cv, []byte(reply))
	if err != nil {
		t.Fatal(err)
	}
	out, err := anthropic.New().ReplyFromHub(cv, hub)
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "for a client of Anthropic's format", `[{"type":"text","text":"It is.","citations":[
		{"type":"page_location","document_index":0,"start_page_number":2,"end_page_number":3,"cited_text":"quoted","document_title":"Doc"},
		{"type":"web_search_result_location","url":"https://x.example","cited_text":"w","title":"Web"}]}]`, jsonedit.Get(out, "content"))
	cv.Strict = true
	if hub, err = New().ReplyToHub(cv, []byte(reply)); err != nil || !strings.Contains(string(hub), `"content":"It is."`) || strings.Contains(string(hub), "page_location") ||
		receipts(cv) != "output.message.content[0].citations" {
		t.Errorf("strictly: %v, receipts %s, %s", err, receipts(cv), hub)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		status     int
		body       string
		wantStatus int
		kind, text string
	}{
		{400, `{"message":"bad"}`, 400, "", "bad"},
		{403, `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}`, 403, "AccessDeniedException", "no"},
		{0, `{"type":"throttlingException","message":"slow"}`, 429, "throttlingException", "slow"},
		{0, `{"type":"modelStreamErrorException","message":"x"}`, 424, "modelStreamErrorException", "x"},
		{0, `{"type":"serviceUnavailableException","message":"x"}`, 503, "serviceUnavailableException", "x"},
		{0, `{"type":"somethingNew","message":"x"}`, 502, "somethingNew", "x"},
		{503, `<html>busy</html>`, 503, "", "<html>busy</html>"},
	} {
		e := New().ParseError(c.status, []byte(c.body))
		if e.Status != c.wantStatus || e.Type != c.kind || e.Message != c.text || e.Kind != ai.Upstream {
			t.Errorf("%d %s: got %+v", c.status, c.body, e)
		}
	}
	for e, want := range map[*ai.Error]string{
		ai.Errorf(ai.Invalid, "m"):         `{"__type":"ValidationException","message":"m"}`,
		ai.Errorf(ai.Unauthenticated, "m"): `{"__type":"AccessDeniedException","message":"m"}`,
		ai.Errorf(ai.RateLimited, "m"):     `{"__type":"ThrottlingException","message":"m"}`,
		ai.Errorf(ai.Internal, "m"):        `{"__type":"InternalServerException","message":"m"}`,
		{Kind: ai.Upstream, Status: 424, Type: "modelStreamErrorException", Message: "m"}: `{"__type":"ModelStreamErrorException","message":"m"}`,
	} {
		if got := string(New().ErrorBody(e)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := string(New().ErrorEvent(e)); got != "event: error\ndata: "+want+"\n\n" {
			t.Errorf("got %s", got)
		}
	}
	for _, tr := range []func() ai.Stream{
		func() ai.Stream {
			return New().StreamToHub(conversion(), streamOf("event: messageStart\ndata: {\"role\":\"assistant\"}\n\nevent: error\ndata: {\"type\":\"throttlingException\",\"message\":\"slow\"}\n\n"))
		},
		func() ai.Stream {
			return New().StreamFromHub(conversion(), streamOf("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"error\":{\"message\":\"slow\"}}\n\ndata: [DONE]\n\n"))
		},
	} {
		out, err := drain(tr())
		if e := ai.AsError(err); e.Message != "slow" || strings.Contains(out, "DONE") || strings.Contains(out, "metadata") {
			t.Errorf("got %v after %s", err, out)
		}
	}
}

// Tool calls that a hub's provider streams side by side come out as blocks of
// their own.
func TestInterleavedCalls(t *testing.T) {
	chunk := func(delta string) string {
		return `data: {"choices":[{"index":0,"delta":` + delta + `,"finish_reason":null}]}` + "\n\n"
	}
	in := chunk(`{"role":"assistant","content":"Hm"}`) +
		chunk(`{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}},{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{\"y\""}}]}`) +
		chunk(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}},{"index":1,"function":{"arguments":":2}"}}]}`) +
		`data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}` + "\n\ndata: [DONE]\n\n"
	out, err := drain(New().StreamFromHub(conversion(), streamOf(in)))
	if err != io.EOF {
		t.Fatal(err)
	}
	got, stop := fold(t, out)
	if fmt.Sprintf("%s %v %s", got.Text, got.Tools, stop) != "Hm [{a f map[x:1]} {b g map[y:2]}] tool_use" {
		t.Errorf("got %v %s\n%s", got, stop, out)
	}
}

// asStream is a whole reply as Converse would stream it.
func asStream(reply string) string {
	var out []byte
	emit := func(event, format string, args ...any) {
		out = sse.AppendEvent(out, event, fmt.Appendf(nil, format, args...))
	}
	emit("messageStart", `{"role":"assistant"}`)
	i := 0
	for block := range jsonedit.Elements(jsonedit.Get([]byte(reply), "output", "message", "content")) {
		delta := func(d string) { emit("contentBlockDelta", `{"contentBlockIndex":%d,"delta":%s}`, i, d) }
		for key, value := range jsonedit.Members(block) {
			switch string(key) {
			case "text":
				delta(`{"text":` + string(value) + `}`)
			case "reasoningContent":
				if text := jsonedit.Get(value, "reasoningText"); text != nil {
					delta(`{"reasoningContent":{"text":` + string(jsonedit.Get(text, "text")) + `}}`)
					delta(`{"reasoningContent":{"signature":` + string(jsonedit.Get(text, "signature")) + `}}`)
				} else {
					delta(`{"reasoningContent":` + string(value) + `}`)
				}
			case "toolUse":
				emit("contentBlockStart", `{"contentBlockIndex":%d,"start":{"toolUse":{"toolUseId":%s,"name":%s}}}`, i, jsonedit.Get(value, "toolUseId"), jsonedit.Get(value, "name"))
				input := string(jsonedit.Get(value, "input"))
				for _, part := range []string{input[:len(input)/2], input[len(input)/2:]} {
					delta(`{"toolUse":{"input":` + string(jsonedit.AppendString(nil, part)) + `}}`)
				}
			}
		}
		emit("contentBlockStop", `{"contentBlockIndex":%d}`, i)
		i++
	}
	emit("messageStop", `{"stopReason":%s}`, jsonedit.Get([]byte(reply), "stopReason"))
	emit("metadata", `{"usage":%s,"metrics":{"latencyMs":1}}`, jsonedit.Get([]byte(reply), "usage"))
	return string(out)
}

// foldMessage puts the content of a stream in Anthropic's format together.
func foldMessage(t *testing.T, text string) json.RawMessage {
	t.Helper()
	var blocks []map[string]json.RawMessage
	str := func(raw json.RawMessage) string { return jsonedit.Text(raw) }
	for part := range strings.SplitSeq(text, "\n\n") {
		_, data, _ := strings.Cut(part, "\ndata: ")
		if data == "" {
			continue
		}
		var e struct {
			Type  string
			Index int
			Block map[string]json.RawMessage `json:"content_block"`
			Delta map[string]json.RawMessage
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		switch e.Type {
		case "content_block_start":
			blocks = append(blocks, e.Block)
			if e.Index != len(blocks)-1 {
				t.Fatalf("block %d begins as number %d", e.Index, len(blocks)-1)
			}
		case "content_block_delta":
			b := blocks[e.Index]
			for _, names := range [][2]string{{"text", "text"}, {"thinking", "thinking"}, {"signature", "signature"}, {"partial_json", "input"}} {
				raw, ok := e.Delta[names[0]]
				switch {
				case !ok:
				case names[1] == "input":
					before := string(b["input"])
					b["input"] = json.RawMessage(strings.TrimPrefix(before, "{}") + str(raw))
				default:
					b[names[1]] = jsonedit.AppendString(nil, str(b[names[1]])+str(raw))
				}
			}
		}
	}
	out, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
