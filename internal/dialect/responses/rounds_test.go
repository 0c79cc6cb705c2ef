package responses

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
)

// A conversation is a client of the Responses API that keeps what it was told and
// sends all of it back with each turn, as clients without a store do.
type conversation struct {
	t     *testing.T
	input []any
}

func (c *conversation) request() []byte {
	return encode(c.t, object{
		"model": "m", "input": c.input, "reasoning": object{"effort": "low"}, "store": false, "include": []string{"reasoning.encrypted_content"},
		"tools": []any{object{"type": "function", "name": "f", "parameters": object{"type": "object"}, "strict": false}},
	})
}

// told adds an answer's items, and a result for each call among them.
func (c *conversation) told(response object) {
	var results []any
	for _, item := range response["output"].([]any) {
		c.input = append(c.input, item)
		if call := item.(object); call["type"] == "function_call" {
			results = append(results, object{"type": "function_call_output", "call_id": call["call_id"], "output": fmt.Sprint("result of ", call["call_id"])})
		}
	}
	c.input = append(c.input, results...)
}

func (c *conversation) say(text string) {
	c.input = append(c.input, object{"role": "user", "content": text})
}

// Three turns with Anthropic behind the gateway, streamed and whole: what it
// thought comes back to it, signed as it was, before the calls that it made.
func TestRoundsWithAnthropic(t *testing.T) {
	turns := []string{
		`[{"type":"thinking","thinking":"two questions","signature":"sig-1"},{"type":"redacted_thinking","data":"secret"},{"type":"text","text":"I'll look."},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}},{"type":"tool_use","id":"toolu_2","name":"f","input":{"a":2}}]`,
		`[{"type":"thinking","thinking":"one more","signature":"sig-2"},{"type":"tool_use","id":"toolu_3","name":"f","input":{}}]`,
		`[{"type":"thinking","thinking":"done","signature":"sig-3"},{"type":"text","text":"42"}]`,
	}
	results := []string{
		`[{"type":"tool_result","tool_use_id":"toolu_1","content":"result of toolu_1"},{"type":"tool_result","tool_use_id":"toolu_2","content":"result of toolu_2"}]`,
		`[{"type":"tool_result","tool_use_id":"toolu_3","content":"result of toolu_3"}]`,
		`"thanks"`,
	}
	for _, stream := range []bool{false, true} {
		t.Run(fmt.Sprint("stream ", stream), func(t *testing.T) {
			c := &conversation{t: t}
			c.say("?")
			want := []any{object{"role": "user", "content": "?"}}
			for i, content := range turns {
				cv := conversion()
				cv.Request = c.request()
				hub, err := New().RequestToHub(cv, cv.Request)
				if err != nil {
					t.Fatal(err)
				}
				request, err := anthropic.New().RequestFromHub(cv, hub)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, decode(t, request)["messages"]); diff != "" {
					t.Errorf("turn %d (-want +got):\n%s", i, diff)
				}
				if len(cv.Receipts) != 0 {
					t.Errorf("turn %d: receipts %v", i, cv.Receipts)
				}
				c.told(answered(t, cv, content, stream))
				if i == len(turns)-1 {
					c.say("thanks")
				}
				want = append(want, decode(t, []byte(`{"role":"assistant","content":`+content+`}`)), decode(t, []byte(`{"role":"user","content":`+results[i]+`}`)))
			}
		})
	}
}

// answered is Anthropic's answer of the content, as the client is told it.
func answered(t *testing.T, cv *dialect.Conversion, content string, stream bool) object {
	t.Helper()
	if !stream {
		hub, err := anthropic.New().ReplyToHub(cv, []byte(`{"id":"msg_x","type":"message","role":"assistant","model":"claude","content":`+content+`,"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}`))
		if err != nil {
			t.Fatal(err)
		}
		reply, err := New().ReplyFromHub(cv, hub)
		if err != nil {
			t.Fatal(err)
		}
		return decode(t, reply)
	}
	got, err := drain(New().StreamFromHub(cv, anthropic.New().StreamToHub(cv, streamOf(strings.NewReader(messagesStream(content))))))
	if err != nil {
		t.Fatal(err)
	}
	return fold(t, got, true).response
}

// messagesStream writes an Anthropic message as a stream.
func messagesStream(content string) string {
	var out []byte
	put := func(data string) { out = sse.AppendEvent(out, typeOf([]byte(data)), []byte(data)) }
	put(`{"type":"message_start","message":{"id":"msg_x","model":"claude","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}`)
	i := 0
	for block := range jsonedit.Elements([]byte(content)) {
		get := func(key string) string { return string(jsonedit.Get(block, key)) }
		delta := func(d string) { put(fmt.Sprintf(`{"type":"content_block_delta","index":%d,"delta":%s}`, i, d)) }
		begin := func(b string) { put(fmt.Sprintf(`{"type":"content_block_start","index":%d,"content_block":%s}`, i, b)) }
		switch typeOf(block) {
		case "thinking":
			begin(`{"type":"thinking","thinking":"","signature":""}`)
			delta(`{"type":"thinking_delta","thinking":` + get("thinking") + `}`)
			delta(`{"type":"signature_delta","signature":` + get("signature") + `}`)
		case "text":
			begin(`{"type":"text","text":""}`)
			delta(`{"type":"text_delta","text":` + get("text") + `}`)
		case "tool_use":
			begin(`{"type":"tool_use","id":` + get("id") + `,"name":` + get("name") + `,"input":{}}`)
			delta(`{"type":"input_json_delta","partial_json":` + string(jsonedit.AppendQuoted(nil, jsonedit.Get(block, "input"))) + `}`)
		default:
			begin(string(block))
		}
		put(fmt.Sprintf(`{"type":"content_block_stop","index":%d}`, i))
		i++
	}
	put(`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}`)
	put(`{"type":"message_stop"}`)
	return string(out)
}

// Three turns with a provider of chat completions: calls side by side and their
// results keep their order; its thoughts, which it takes from nobody, get a
// receipt.
func TestRoundsWithChat(t *testing.T) {
	turns := []string{
		`{"role":"assistant","reasoning_content":"two","content":"I'll look.","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}},{"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]}`,
		`{"role":"assistant","reasoning_content":"one","content":null,"tool_calls":[{"id":"c3","type":"function","function":{"name":"f","arguments":"{}"}}]}`,
		`{"role":"assistant","content":"42"}`,
	}
	results := [][]string{{"c1", "c2"}, {"c3"}, nil}
	c := &conversation{t: t}
	c.say("?")
	want := []any{object{"role": "user", "content": "?"}}
	for i, message := range turns {
		cv := strict()
		cv.Request = c.request()
		hub, err := New().RequestToHub(cv, cv.Request)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, decode(t, hub)["messages"]); diff != "" {
			t.Errorf("turn %d (-want +got):\n%s", i, diff)
		}
		if len(cv.Receipts) != i {
			t.Errorf("turn %d: %d receipts: %v", i, len(cv.Receipts), cv.Receipts)
		}
		reply, err := New().ReplyFromHub(cv, hubReply(message, "stop"))
		if err != nil {
			t.Fatal(err)
		}
		c.told(decode(t, reply))
		said := decode(t, []byte(message))
		delete(said, "reasoning_content")
		want = append(want, said)
		for _, id := range results[i] {
			want = append(want, object{"role": "tool", "tool_call_id": id, "content": "result of " + id})
		}
	}
}

// Three turns the other way: a client of Anthropic's format, a provider of the
// Responses API. Its sealed reasoning comes back to it under the item's own id.
func TestRoundsOfMessagesWithResponses(t *testing.T) {
	turns := []string{
		`[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"two"}],"encrypted_content":"gAAA1"},{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"I'll look.","annotations":[]}]},{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\":1}"},{"type":"function_call","id":"fc_2","call_id":"c2","name":"f","arguments":"{}"}]`,
		`[{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gAAA2"},{"type":"function_call","id":"fc_3","call_id":"c3","name":"f","arguments":"{}"}]`,
		`[{"type":"message","id":"msg_2","role":"assistant","status":"completed","content":[{"type":"output_text","text":"42","annotations":[]}]}]`,
	}
	want := []any{object{"type": "message", "role": "user", "content": "?"}}
	messages := []any{object{"role": "user", "content": "?"}}
	for i, output := range turns {
		cv := conversion()
		hub, err := anthropic.New().RequestToHub(cv, encode(t, object{"model": "m", "max_tokens": 10, "messages": messages}))
		if err != nil {
			t.Fatal(err)
		}
		request, err := New().RequestFromHub(cv, hub)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, decode(t, request)["input"]); diff != "" {
			t.Errorf("turn %d (-want +got):\n%s", i, diff)
		}
		hub, err = New().ReplyToHub(cv, []byte(`{"id":"resp_1","object":"response","status":"completed","model":"m","output":`+output+`}`))
		if err != nil {
			t.Fatal(err)
		}
		reply, err := anthropic.New().ReplyFromHub(cv, hub)
		if err != nil {
			t.Fatal(err)
		}
		content := decode(t, reply)["content"].([]any)
		messages = append(messages, object{"role": "assistant", "content": content})
		var results []any
		for _, b := range content {
			if block := b.(object); block["type"] == "tool_use" {
				results = append(results, object{"type": "tool_result", "tool_use_id": block["id"], "content": "r"})
			}
		}
		messages = append(messages, object{"role": "user", "content": append(results, object{"type": "text", "text": "go on"})})
		var items []any
		for _, e := range decode(t, []byte(`{"output":`+output+`}`))["output"].([]any) {
			item := e.(object)
			if item["type"] != "reasoning" {
				delete(item, "id")
			}
			delete(item, "status")
			if item["type"] == "message" {
				item["content"] = plainText(item["content"])
			}
			items = append(items, item)
		}
		for _, r := range results {
			items = append(items, object{"type": "function_call_output", "call_id": r.(object)["tool_use_id"], "output": "r"})
		}
		want = append(append(want, items...), object{"type": "message", "role": "user", "content": "go on"})
	}
}

// A conversation that moves on from Anthropic to a provider of the Responses API
// leaves behind what that one would refuse, and nothing else.
func TestPassRequest(t *testing.T) {
	for in, want := range map[string]string{
		`{"model":"m", "input":"thinking: is this sealed?"}`:                                                "",
		`{"input":[{"type":"reasoning","encrypted_content":"gAAA"},{"role":"user","content":"thinking:"}]}`: "",
		`{ "big":12345678901234567890,"input":[ {"type":"reasoning","id":"rs_1","encrypted_content":"thinking:sig"}, {"role":"user", "content":"x"},{"type":"reasoning","encrypted_content":"redacted_thinking:d"},{"type":"reasoning","encrypted_content":"gAAA"}],"z":1}`: `{ "big":12345678901234567890,"input":[{"role":"user", "content":"x"},{"type":"reasoning","encrypted_content":"gAAA"}],"z":1}`,
	} {
		c := conversion()
		got, err := New().PassRequest(c, []byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			if string(got) != in || len(c.Receipts) != 0 {
				t.Errorf("%s became %s, receipts %v", in, got, c.Receipts)
			}
			continue
		}
		if string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if diff := cmp.Diff([]string{"input[0]", "input[2]"}, paths(c)); diff != "" {
			t.Errorf("receipts (-want +got):\n%s", diff)
		}
	}
}

func FuzzTranslate(f *testing.F) {
	for _, test := range toHubCases {
		f.Add(test.in)
	}
	f.Add(string(hubReply(`{"content":"x","reasoning_content":"h","content_blocks":[{"type":"thinking","thinking":"t","signature":"s"}],"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}`, "stop")))
	f.Add(`{"id":"resp_1","output":[{"type":"reasoning","summary":[{"text":"a"}],"encrypted_content":"x"},{"type":"message","content":[{"type":"output_text","text":"b","annotations":[{"type":"url_citation"}]}]},{"type":"function_call","arguments":5}],"usage":{"input_tokens":1}}`)
	f.Fuzz(func(t *testing.T, in string) {
		body := []byte(in)
		if _, err := jsonedit.Scan(body); err != nil {
			return
		}
		for _, c := range []*dialect.Conversion{strict(), conversion()} {
			c.Request = body
			for name, translate := range map[string]func(*dialect.Conversion, []byte) ([]byte, error){
				"RequestToHub": New().RequestToHub, "RequestFromHub": New().RequestFromHub, "ReplyToHub": New().ReplyToHub, "ReplyFromHub": New().ReplyFromHub, "PassRequest": New().PassRequest,
			} {
				out, err := translate(c, body)
				if err == nil && !json.Valid(out) {
					t.Errorf("%s wrote what is no JSON: %s", name, out)
				}
			}
		}
		New().Usage(ai.CreateResponse, body)
	})
}

func FuzzStreams(f *testing.F) {
	f.Add(hubStream(`"delta":{"content":"a"}`, `"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{}"}}]}`, `"delta":{},"finish_reason":"stop"`, "[DONE]"))
	f.Add(hubStream(`"delta":{"content_blocks":[{"index":0,"delta":{"type":"thinking_delta","thinking":"h"}},{"index":1,"delta":{"type":"server_tool_use","name":"web_search","input":{}}}]}`, "[DONE]"))
	f.Add("event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\nevent: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"function_call\",\"name\":\"f\"}}\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{}}\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		for _, e := range events(in) {
			if string(e.Data) != "[DONE]" && !json.Valid(e.Data) {
				return
			}
		}
		for name, translate := range map[string]func(*dialect.Conversion, ai.Stream) ai.Stream{"to": New().StreamToHub, "from": New().StreamFromHub} {
			out, err := drain(translate(conversion(), streamOf(strings.NewReader(in))))
			for _, e := range events(out) {
				if string(e.Data) != "[DONE]" && !json.Valid(e.Data) {
					t.Errorf("%s the hub: an event is no JSON: %s", name, e.Data)
				}
			}
			ended := strings.Contains(out, "event: response.completed") || strings.Contains(out, "event: response.incomplete")
			if name == "from" && err == nil && ended && !strings.Contains(in, "[DONE]") {
				t.Errorf("it looks done: %s", out)
			}
		}
		watch([]byte(in))
	})
}
