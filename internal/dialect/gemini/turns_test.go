package gemini

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
)

// Gemini's answers of three turns: parallel calls of which the first is signed, a
// second round with a thought and a signed call, and a signed text.
var geminiTurns = []string{
	`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"weather","args":{"city":"Paris"}},"thoughtSignature":"U0lHMQ=="},{"functionCall":{"name":"weather","args":{"city":"Rome"}}}],"role":"model"},"finishReason":"STOP"}],"modelVersion":"gemini-3-flash","responseId":"r1"}`,
	`{"candidates":[{"content":{"parts":[{"text":"Both are known.","thought":true},{"functionCall":{"name":"compare","args":{"a":20,"b":30}},"thoughtSignature":"U0lHMg=="}],"role":"model"},"finishReason":"STOP"}],"modelVersion":"gemini-3-flash","responseId":"r2"}`,
	`{"candidates":[{"content":{"parts":[{"text":"Rome is warmer.","thoughtSignature":"U0lHMw=="}],"role":"model"},"finishReason":"STOP"}],"modelVersion":"gemini-3-flash","responseId":"r3"}`,
}

// wantSigned is what Gemini must be sent as history after those turns: each
// signature in the part in which it came, results by the ids of their calls.
func wantSigned(t *testing.T, body []byte, thoughts bool) {
	t.Helper()
	var got []string
	ids := map[string]string{}
	for _, c := range decode(t, body)["contents"].([]any) {
		for _, p := range c.(object)["parts"].([]any) {
			part := p.(object)
			signature, _ := part["thoughtSignature"].(string)
			switch call, result := part["functionCall"], part["functionResponse"]; {
			case call != nil:
				id := call.(object)["id"].(string)
				args := encodeString(t, call.(object)["args"])
				if ids[id] != "" || strings.Contains(id, "U0lH") {
					t.Errorf("the id %q is not one call's alone", id)
				}
				ids[id] = args
				got = append(got, "call "+args+" "+signature)
			case result != nil:
				got = append(got, "result of "+ids[result.(object)["id"].(string)])
			case part["thought"] == true:
				got = append(got, "thought "+part["text"].(string)+" "+signature)
			default:
				got = append(got, part["text"].(string)+" "+signature)
			}
		}
	}
	want := []string{"Compare. ", `call {"city":"Paris"} U0lHMQ==`, `call {"city":"Rome"} `, `result of {"city":"Paris"}`, `result of {"city":"Rome"}`,
		"thought Both are known. ", `call {"a":20,"b":30} U0lHMg==`, `result of {"a":20,"b":30}`, "Rome is warmer. U0lHMw==", "Thanks. "}
	if !thoughts { // which a client of OpenAI's is not told
		want[5], want[8] = "", "Rome is warmer. "
		want = append(want[:5:5], want[6:]...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s\n%s", diff, body)
	}
}

// streamed is a reply as a stream of one chunk for each of its parts.
func streamed(t *testing.T, reply string) string {
	t.Helper()
	var datas []string
	for part := range jsonedit.Elements(jsonedit.Get([]byte(first(get([]byte(reply), "candidates"))), "content", "parts")) {
		datas = append(datas, `{"candidates":[{"content":{"parts":[`+string(part)+`],"role":"model"}}]}`)
	}
	return sseOf(append(datas, `{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}]}`)...)
}

func first(list []byte) string {
	for e := range jsonedit.Elements(list) {
		return string(e)
	}
	return ""
}

// An OpenAI client that keeps nothing but what OpenAI's schema has gives the
// signatures of calls back, because they are in the ids.
func TestTurnsOpenAIToGemini(t *testing.T) {
	for _, stream := range []bool{false, true} {
		messages := []any{object{"role": "user", "content": "Compare."}}
		for i, reply := range geminiTurns {
			c := strict()
			c.ID = "turn-" + encodeInt(i)
			var message object
			if stream {
				hub, err := drain(New().StreamToHub(c, streamOfText(streamed(t, reply))))
				if err != nil {
					t.Fatal(err)
				}
				choices, _, _ := foldChunks(t, hub)
				message = object{"content": choices["0"]["content"], "tool_calls": choices["0"]["tool_calls"]}
			} else {
				hub, err := New().ReplyToHub(c, []byte(reply))
				if err != nil {
					t.Fatal(err)
				}
				message = decode(t, hub)["choices"].([]any)[0].(object)["message"].(object)
			}
			kept := object{"role": "assistant", "content": message["content"]}
			if calls := anyList(message["tool_calls"]); len(calls) > 0 {
				kept["tool_calls"] = calls
			}
			messages = append(messages, kept)
			for _, call := range anyList(message["tool_calls"]) {
				messages = append(messages, object{"role": "tool", "tool_call_id": call.(object)["id"], "content": "20"})
			}
		}
		messages = append(messages, object{"role": "user", "content": "Thanks."})
		c := conversion()
		c.Model = "gemini-3-flash"
		body, err := New().RequestFromHub(c, encode(t, object{"model": "gemini-3-flash", "messages": messages}))
		if err != nil {
			t.Fatal(err)
		}
		wantSigned(t, body, false)
	}
}

// An Anthropic client gives thoughts and signatures back as thinking blocks.
func TestTurnsAnthropicToGemini(t *testing.T) {
	claude := anthropic.New()
	messages := []any{object{"role": "user", "content": "Compare."}}
	for i, reply := range geminiTurns {
		c := onward()
		c.ID = "turn-" + encodeInt(i)
		hub, err := New().ReplyToHub(c, []byte(reply))
		if err != nil {
			t.Fatal(err)
		}
		own, err := claude.ReplyFromHub(c, hub)
		if err != nil {
			t.Fatal(err)
		}
		message := decode(t, own)
		if reason := message["stop_reason"]; i < 2 && reason != "tool_use" || i == 2 && reason != "end_turn" {
			t.Errorf("turn %d: stop reason %v", i, reason)
		}
		streamHub, err := drain(claude.StreamFromHub(c, New().StreamToHub(c, streamOfText(streamed(t, reply)))))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"U0lHMQ==", "U0lHMg==", "U0lHMw=="}[i : i+1] {
			if !strings.Contains(streamHub, s) || !strings.Contains(streamHub, "event: message_stop") {
				t.Errorf("turn %d: the stream has lost the signature:\n%s", i, streamHub)
			}
		}
		messages = append(messages, object{"role": "assistant", "content": message["content"]})
		var results []any
		for _, b := range message["content"].([]any) {
			if block := b.(object); block["type"] == "tool_use" {
				results = append(results, object{"type": "tool_result", "tool_use_id": block["id"], "content": "20"})
			}
		}
		if results != nil {
			messages = append(messages, object{"role": "user", "content": results})
		}
	}
	messages = append(messages, object{"role": "user", "content": "Thanks."})
	c := onward()
	c.Model = "gemini-3-flash"
	hub, err := claude.RequestToHub(c, encode(t, object{"model": "gemini-3-flash", "max_tokens": 10, "messages": messages}))
	if err != nil {
		t.Fatal(err)
	}
	body, err := New().RequestFromHub(c, hub)
	if err != nil {
		t.Fatal(err)
	}
	wantSigned(t, body, true)
}

// A Gemini client of an OpenAI model: parallel calls find their results by name and
// order even if the client sends no ids.
func TestTurnsGeminiToOpenAI(t *testing.T) {
	replies := []string{
		`{"id":"c1","choices":[{"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_x","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}},{"id":"call_y","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]},"finish_reason":"tool_calls"}]}`,
		`{"id":"c2","choices":[{"message":{"role":"assistant","content":"One more.","tool_calls":[{"id":"call_z","type":"function","function":{"name":"compare","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}`,
		`{"id":"c3","choices":[{"message":{"role":"assistant","content":"Rome."},"finish_reason":"stop"}]}`,
	}
	for _, ids := range []bool{true, false} {
		contents := []any{object{"role": "user", "parts": []any{object{"text": "Compare."}}}}
		for _, reply := range replies {
			own, err := New().ReplyFromHub(onward(), []byte(reply))
			if err != nil {
				t.Fatal(err)
			}
			content := decode(t, own)["candidates"].([]any)[0].(object)["content"].(object)
			contents = append(contents, content)
			var results []any
			for _, p := range content["parts"].([]any) {
				call, ok := p.(object)["functionCall"].(object)
				if !ok {
					continue
				}
				result := object{"name": call["name"], "response": object{"output": encodeString(t, call["args"])}}
				if ids {
					result["id"] = call["id"]
				}
				results = append(results, object{"functionResponse": result})
			}
			if ids {
				slices.Reverse(results) // which only ids tell
			}
			if results != nil {
				contents = append(contents, object{"role": "user", "parts": results})
			}
		}
		hub, err := New().RequestToHub(strict(), encode(t, object{"contents": contents}))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range decode(t, hub)["messages"].([]any) {
			message := m.(object)
			line := message["role"].(string)
			for _, call := range anyList(message["tool_calls"]) {
				line += " " + call.(object)["id"].(string)
			}
			if id, ok := message["tool_call_id"].(string); ok {
				line += " " + id + " " + message["content"].(string)
			}
			got = append(got, line)
		}
		want := []string{"user", "assistant call_x call_y", `tool call_x {"city":"Paris"}`, `tool call_y {"city":"Rome"}`, "assistant call_z", "tool call_z {}", "assistant"}
		if ids {
			want[2], want[3] = want[3], want[2]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ids sent: %v (-want +got):\n%s", ids, diff)
		}
	}
}

// A Gemini client of Claude: thoughts with their signatures, hidden ones included,
// come back to Claude as they were, also when they were streamed in pieces.
func TestTurnsGeminiToAnthropic(t *testing.T) {
	claude := anthropic.New()
	const reply = `{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"thinking","thinking":"I should look.","signature":"Q0xBVURF"},{"type":"redacted_thinking","data":"aGlkZGVu"},
		{"type":"text","text":"Let me see."},{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city":"Paris"}},{"type":"tool_use","id":"toolu_2","name":"weather","input":{"city":"Rome"}}],"stop_reason":"tool_use","usage":{"input_tokens":5,"output_tokens":7}}`
	const stream = `event: message_start
data: {"type":"message_start","message":{"id":"msg_1","role":"assistant","model":"claude","content":[],"usage":{"input_tokens":5,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"I should "}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"look."}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"Q0xBVURF"}}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"aGlkZGVu"}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Let me see."}}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"city\":\"Paris\"}"}}

event: content_block_start
data: {"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_2","name":"weather","input":{"city":"Rome"}}}

event: content_block_stop
data: {"type":"content_block_stop","index":4}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":7}}

event: message_stop
data: {"type":"message_stop"}

`
	for _, streamed := range []bool{false, true} {
		c := onward()
		var parts []any
		if streamed {
			out, err := drain(New().StreamFromHub(c, claude.StreamToHub(c, streamOfText(stream))))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events(t, out) { // a client keeps the parts as they came
				for _, candidate := range e["candidates"].([]any) {
					parts = append(parts, candidate.(object)["content"].(object)["parts"].([]any)...)
				}
			}
		} else {
			hub, err := claude.ReplyToHub(c, []byte(reply))
			if err != nil {
				t.Fatal(err)
			}
			own, err := New().ReplyFromHub(c, hub)
			if err != nil {
				t.Fatal(err)
			}
			candidate := decode(t, own)["candidates"].([]any)[0].(object)
			if candidate["finishReason"] != "STOP" {
				t.Errorf("finish reason %v", candidate["finishReason"])
			}
			parts = candidate["content"].(object)["parts"].([]any)
		}
		var results []any
		for _, city := range []string{"20", "30"} {
			results = append(results, object{"functionResponse": object{"name": "weather", "response": object{"output": city}}})
		}
		body := encode(t, object{"contents": []any{
			object{"role": "user", "parts": []any{object{"text": "Compare."}}}, object{"role": "model", "parts": parts}, object{"role": "user", "parts": results}}})
		back, err := toAnthropic(claude, body)
		if err != nil {
			t.Fatal(err)
		}
		want := decode(t, []byte(`{"m":[{"role":"user","content":"Compare."},{"role":"assistant","content":[{"type":"thinking","thinking":"I should look.","signature":"Q0xBVURF"},{"type":"redacted_thinking","data":"aGlkZGVu"},
			{"type":"text","text":"Let me see."},{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city":"Paris"}},{"type":"tool_use","id":"toolu_2","name":"weather","input":{"city":"Rome"}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"20"},{"type":"tool_result","tool_use_id":"toolu_2","content":"30"}]}]}`))["m"]
		if diff := cmp.Diff(want, decode(t, back)["messages"]); diff != "" {
			t.Errorf("streamed %v (-want +got):\n%s", streamed, diff)
		}
	}
}

func toAnthropic(claude dialect.Translator, body []byte) ([]byte, error) {
	c := &dialect.Conversion{Op: ai.Chat, Model: "claude", Onward: true}
	hub, err := New().RequestToHub(c, body)
	if err != nil {
		return nil, err
	}
	return claude.RequestFromHub(c, hub)
}
