package responses

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// hubReply writes a chat completion of a message.
func hubReply(message, finish string) []byte {
	return []byte(`{"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"gpt-x","service_tier":"default","choices":[{"index":0,"message":` + message + `,"finish_reason":"` + finish + `"}],
		"usage":{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}`)
}

func TestReplyFromHub(t *testing.T) {
	for _, test := range []struct {
		name, message, finish, output, status, details string
		lost                                           []string
	}{
		{
			name: "text", message: `{"role":"assistant","content":"h\u00e9","refusal":null}`, finish: "stop", status: "completed",
			output: `[{"id":"msg_chatcmpl-1_0","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"hé","annotations":[],"logprobs":[]}]}]`,
		},
		{
			name: "a limit", message: `{"content":"ha"}`, finish: "length", status: "incomplete", details: `{"reason":"max_output_tokens"}`,
			output: `[{"id":"msg_chatcmpl-1_0","type":"message","status":"incomplete","role":"assistant","content":[{"type":"output_text","text":"ha","annotations":[],"logprobs":[]}]}]`,
		},
		{name: "nothing, filtered", message: `{"role":"assistant","content":null}`, finish: "content_filter", status: "incomplete", details: `{"reason":"content_filter"}`, output: `[]`},
		{
			name: "a refusal", message: `{"content":null,"refusal":"no"}`, finish: "stop", status: "completed",
			output: `[{"id":"msg_chatcmpl-1_0","type":"message","status":"completed","role":"assistant","content":[{"type":"refusal","refusal":"no"}]}]`,
		},
		{
			name: "reasoning, text and calls", finish: "tool_calls", status: "completed",
			message: `{"reasoning_content":"hm","content":"x","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":""}},{"id":"c3","type":"custom","custom":{"name":"h","input":"free"}}]}`,
			output: `[{"id":"rs_chatcmpl-1_0","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},
				{"id":"msg_chatcmpl-1_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[],"logprobs":[]}]},
				{"id":"fc_chatcmpl-1_2","type":"function_call","status":"completed","call_id":"c1","name":"f","arguments":"{\"a\":1}"},
				{"id":"fc_chatcmpl-1_3","type":"function_call","status":"completed","call_id":"c2","name":"g","arguments":"{}"},
				{"id":"ctc_chatcmpl-1_4","type":"custom_tool_call","status":"completed","call_id":"c3","name":"h","input":"free"}]`,
		},
		{
			name: "Anthropic's own blocks", finish: "tool_use", status: "completed",
			message: `{"content":"see","content_blocks":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"dd"},{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"q"}},{"type":"web_search_tool_result","tool_use_id":"s","content":[]},
				{"type":"text","text":"sé"},{"type":"text","text":"e","citations":[{"type":"web_search_result_location","url":"https://x","title":"T"},{"type":"char_location"}]}],"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}`,
			output: `[{"id":"rs_chatcmpl-1_0","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"thinking:sig"},
				{"id":"rs_chatcmpl-1_1","type":"reasoning","summary":[],"encrypted_content":"redacted_thinking:dd"},
				{"id":"ws_chatcmpl-1_2","type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}},
				{"id":"msg_chatcmpl-1_3","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"sée","annotations":[{"type":"url_citation","url":"https://x","title":"T","start_index":2,"end_index":3}],"logprobs":[]}]},
				{"id":"fc_chatcmpl-1_4","type":"function_call","status":"completed","call_id":"c1","name":"f","arguments":"{}"}]`,
			lost: []string{"content_blocks[3]", "content_blocks[5].citations"},
		},
		{
			name: "calls of both kinds, one of them empty, as some servers write them", finish: "tool_calls", status: "completed",
			message: `{"content":null,"function_call":{"name":"","arguments":""},"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"},"custom":{"name":"","input":""}},{"id":"c2","type":"custom","function":{"name":"","arguments":""},"custom":{"name":"h","input":"free"}}]}`,
			output: `[{"id":"fc_chatcmpl-1_0","type":"function_call","status":"completed","call_id":"c1","name":"f","arguments":"{}"},
				{"id":"ctc_chatcmpl-1_1","type":"custom_tool_call","status":"completed","call_id":"c2","name":"h","input":"free"}]`,
		},
		{
			name: "annotations", message: `{"content":"x","annotations":[{"type":"url_citation","url_citation":{"url":"https://x","title":"T","start_index":0,"end_index":1}}]}`, finish: "stop", status: "completed",
			output: `[{"id":"msg_chatcmpl-1_0","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[{"type":"url_citation","url":"https://x","title":"T","start_index":0,"end_index":1}],"logprobs":[]}]}]`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := conversion()
			c.Request = []byte(`{"model":"@slug/m","instructions":"be brief","metadata":{"k":"v"},"tools":[{"type":"function","name":"f"}],"temperature":0.5}`)
			got, err := New().ReplyFromHub(c, hubReply(test.message, test.finish))
			if err != nil {
				t.Fatal(err)
			}
			want := `{"id":"resp_chatcmpl-1","object":"response","created_at":5,"status":"` + test.status + `","background":false,"error":null,"incomplete_details":` + orElse(test.details, "null") + `,
				"instructions":"be brief","max_output_tokens":null,"metadata":{"k":"v"},"model":"gpt-x","output":` + test.output + `,"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},
				"service_tier":"default","store":false,"temperature":0.5,"top_p":null,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[{"type":"function","name":"f"}],"truncation":"disabled",
				"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":0},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":17}}`
			equalJSON(t, "the response", []byte(want), got)
			if diff := cmp.Diff(test.lost, paths(c)); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRepliesThatAreNone(t *testing.T) {
	for name, body := range map[string]string{
		"an error": `{"error":{"message":"boom","type":"server_error"}}`, "no choices": `{"choices":[]}`, "nothing": `{}`,
	} {
		if got, err := New().ReplyFromHub(conversion(), []byte(body)); err == nil {
			t.Errorf("%s became %s", name, got)
		}
	}
	for name, body := range map[string]string{
		"an error": `{"error":{"message":"boom","type":"server_error"}}`, "a failed response": `{"object":"response","status":"failed","output":[],"error":{"code":"server_error","message":"boom"}}`, "nothing": `{}`,
	} {
		if got, err := New().ReplyToHub(conversion(), []byte(body)); err == nil {
			t.Errorf("%s became %s", name, got)
		}
	}
}

// hubStream writes a hub stream. What begins with a delta is a choice, anything
// else the members of the chunk.
func hubStream(chunks ...string) string {
	var b []byte
	for _, c := range chunks {
		if c == "[DONE]" {
			b = sse.AppendData(b, []byte(c))
			continue
		}
		if strings.HasPrefix(c, `"delta"`) {
			c = `"choices":[{"index":0,` + c + `}]`
		}
		b = sse.AppendData(b, []byte(`{"id":"c1","object":"chat.completion.chunk","created":5,"model":"gpt-x",`+c+`}`))
	}
	return string(b)
}

func names(stream string) (list []string) {
	for _, e := range events(stream) {
		list = append(list, string(e.Name))
	}
	return list
}

// A stream folds to the response that the same answer is as a whole.
func TestStreamFromHub(t *testing.T) {
	usage := `"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":7}`
	call := func(index, id, name, args string) string {
		return `"delta":{"tool_calls":[{"index":` + index + `,"id":` + id + `,"type":"function","function":{"name":` + name + `,"arguments":` + args + `}}]},"finish_reason":null`
	}
	block := func(index, delta string) string {
		return `"delta":{"content_blocks":[{"index":` + index + `,"delta":` + delta + `}]}`
	}
	for _, test := range []struct{ name, hub, message, finish string }{
		{"text", hubStream(`"delta":{"role":"assistant","content":""}`, `"delta":{"content":"a"}`, `"delta":{"content":"b"}`, `"delta":{},"finish_reason":"length"`, usage, "[DONE]"), `{"content":"ab"}`, "length"},
		{"nothing", hubStream(`"delta":{},"finish_reason":"stop"`, usage, "[DONE]"), `{"content":""}`, "stop"},
		{"a refusal", hubStream(`"delta":{"refusal":"n"}`, `"delta":{"refusal":"o"},"finish_reason":"stop"`, usage, "[DONE]"), `{"refusal":"no"}`, "stop"},
		{
			"reasoning, text, a call", hubStream(`"delta":{"reasoning_content":"h","reasoning":"h"}`, `"delta":{"reasoning_content":"m"}`, `"delta":{"content":"a"}`, call("0", `"t1"`, `"f"`, `""`), call("0", "null", "null", `"{\"n\":1}"`), `"delta":{},"finish_reason":"tool_calls"`, usage, "[DONE]"),
			`{"reasoning_content":"hm","content":"a","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"n\":1}"}}]}`, "tool_calls",
		},
		{
			"interleaved calls", hubStream(call("0", `"t1"`, `"f"`, `"{\"a\":"`), call("1", `"t2"`, `"g"`, `"{\"b\""`), call("2", `"t3"`, `"h"`, `""`), call("1", "null", "null", `":2}"`), call("0", "null", "null", `"1}"`), `"delta":{},"finish_reason":"tool_calls"`, usage, "[DONE]"),
			`{"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"t2","type":"function","function":{"name":"g","arguments":"{\"b\":2}"}},{"id":"t3","type":"function","function":{"name":"h","arguments":""}}]}`, "tool_calls",
		},
		{
			"all calls with the same index", hubStream(call("0", `"t1"`, `"f"`, `"{}"`), call("0", `"t2"`, `"g"`, `"{}"`), `"delta":{},"finish_reason":"tool_calls"`, usage, "[DONE]"),
			`{"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"t2","type":"function","function":{"name":"g","arguments":"{}"}}]}`, "tool_calls",
		},
		{
			"a custom call", hubStream(`"delta":{"tool_calls":[{"index":0,"id":"t1","type":"custom","custom":{"name":"f","input":"a"}}]}`, `"delta":{"tool_calls":[{"index":0,"custom":{"input":"b"}}]}`, `"delta":{},"finish_reason":"tool_calls"`, usage, "[DONE]"),
			`{"tool_calls":[{"id":"t1","type":"custom","custom":{"name":"f","input":"ab"}}]}`, "tool_calls",
		},
		{
			"Anthropic's own blocks", hubStream(block("0", `{"type":"thinking_delta","thinking":"h"}`), block("0", `{"type":"thinking_delta","thinking":"m"}`), block("0", `{"type":"signature_delta","signature":"sig"}`), block("1", `{"type":"redacted_thinking","data":"dd"}`),
				block("2", `{"type":"thinking_delta","thinking":"2"}`), block("3", `{"type":"server_tool_use","id":"s","name":"web_search","input":{}}`), block("3", `{"type":"input_json_delta","partial_json":"{\"query\":"}`), block("3", `{"type":"input_json_delta","partial_json":"\"q\"}"}`),
				`"delta":{"content":"a"}`, `"delta":{},"finish_reason":"end_turn"`, usage, "[DONE]"),
			`{"content":"a","content_blocks":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"dd"},{"type":"thinking","thinking":"2"},{"type":"server_tool_use","name":"web_search","input":{"query":"q"}},{"type":"text","text":"a"}]}`, "end_turn",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := drain(New().StreamFromHub(conversion(), streamOf(strings.NewReader(test.hub))))
			if err != nil {
				t.Fatal(err)
			}
			f := fold(t, got, true)
			whole, err := New().ReplyFromHub(conversion(), []byte(`{"id":"c1","created":5,"model":"gpt-x","choices":[{"message":`+test.message+`,"finish_reason":"`+test.finish+`"}],"usage":{"prompt_tokens":10,"completion_tokens":7}}`))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, whole), f.response); diff != "" {
				t.Errorf("(-whole +stream):\n%s\n%s", diff, got)
			}
		})
	}
}

// The whole sequence of events, as OpenAI's own streams have it.
func TestStreamEvents(t *testing.T) {
	got, err := drain(New().StreamFromHub(conversion(), streamOf(strings.NewReader(hubStream(
		`"delta":{"reasoning_content":"hm"}`, `"delta":{"content":"a"}`,
		`"delta":{"tool_calls":[{"index":0,"id":"t1","function":{"name":"f","arguments":"{}"}}],"function_call":{"name":"","arguments":""}}`, `"delta":{},"finish_reason":"tool_calls"`, "[DONE]")))))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"response.created", "response.in_progress",
		"response.output_item.added", "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
		"response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "response.output_item.done",
		"response.output_item.added", "response.content_part.added", "response.output_text.delta",
		"response.output_text.done", "response.content_part.done", "response.output_item.done",
		"response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done", "response.output_item.done",
		"response.completed",
	}
	if diff := cmp.Diff(want, names(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Text is passed on as it comes.
func TestStreamFromHubIsPrompt(t *testing.T) {
	s := New().StreamFromHub(conversion(), streamOf(strings.NewReader(hubStream(`"delta":{"content":"ab"}`))))
	got, err := s.Next()
	if err != nil || !strings.Contains(string(got), `"delta":"ab"`) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestStreamErrors(t *testing.T) {
	t.Run("an error chunk from the hub", func(t *testing.T) {
		s := New().StreamFromHub(conversion(), streamOf(strings.NewReader(hubStream(`"delta":{"content":"a"}`, `"error":{"message":"boom","code":429}`, "[DONE]"))))
		got, err := drain(s)
		if e := ai.AsError(err); e.Message != "boom" || e.Status != 429 {
			t.Fatalf("got %v", err)
		}
		if strings.Contains(got, "response.completed") {
			t.Errorf("got %s", got)
		}
		end := string(s.(interface{ Fail(*ai.Error) []byte }).Fail(ai.AsError(err)))
		if diff := cmp.Diff([]string{"error", "response.failed"}, names(end)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		f := fold(t, got+strings.TrimPrefix(end, end[:strings.Index(end, "event: response.failed")]), false)
		failed, _ := f.response["error"].(object)
		if f.terminal != "response.failed" || f.response["status"] != "failed" || failed["code"] != "rate_limit_exceeded" || failed["message"] != "boom" {
			t.Errorf("got %v", f.response)
		}
		first := decode(t, events(end)[0].Data)
		if last := decode(t, events(got)[len(events(got))-1].Data); number(t, first["sequence_number"]) != number(t, last["sequence_number"])+1 {
			t.Errorf("%v follows %v", first["sequence_number"], last["sequence_number"])
		}
		if inner := first["error"].(object); first["message"] != "boom" || inner["message"] != "boom" {
			t.Errorf("the error event is %v", first)
		}
	})
	t.Run("a failed response to the hub", func(t *testing.T) {
		in := string(sse.AppendEvent(nil, "response.failed", []byte(`{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow"}}}`)))
		got, err := drain(New().StreamToHub(conversion(), streamOf(strings.NewReader(in))))
		if e := ai.AsError(err); e.Message != "slow" || e.Status != 429 || strings.Contains(got, "[DONE]") {
			t.Errorf("got %s, %v", got, err)
		}
	})
	t.Run("a cut source", func(t *testing.T) {
		src := io.MultiReader(strings.NewReader(hubStream(`"delta":{"content":"a"}`)), broken{})
		got, err := drain(New().StreamFromHub(conversion(), streamOf(src)))
		if !errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(got, "response.completed") {
			t.Errorf("got %s, %v", got, err)
		}
	})
	t.Run("a stream that never began", func(t *testing.T) {
		if got := names(string(New().ErrorEvent(ai.Errorf(ai.BadGateway, "x")))); len(got) != 1 || got[0] != "error" {
			t.Errorf("got %v", got)
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestStreamCloses(t *testing.T) {
	for name, translate := range map[string]func(ai.Stream) ai.Stream{
		"to the hub":   func(s ai.Stream) ai.Stream { return New().StreamToHub(conversion(), s) },
		"from the hub": func(s ai.Stream) ai.Stream { return New().StreamFromHub(conversion(), s) },
	} {
		src := &closer{Stream: streamOf(strings.NewReader(""))}
		if translate(src).Close(); !src.closed {
			t.Errorf("%s: the source was not closed", name)
		}
	}
}

type closer struct {
	ai.Stream
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

func TestWatch(t *testing.T) {
	event := func(data string) string { return string(sse.AppendEvent(nil, typeOf([]byte(data)), []byte(data))) }
	start := event(`{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","model":"m","usage":null}}`)
	for in, meaningful := range map[string]bool{
		"": false, start: false,
		start + event(`{"type":"response.output_item.added","item":{"type":"message"}}`):             false,
		start + event(`{"type":"response.content_part.added","part":{"type":"output_text"}}`):        false,
		start + event(`{"type":"response.output_text.delta","delta":""}`):                            false,
		start + event(`{"type":"response.output_text.delta","delta":"a"}`):                           true,
		start + event(`{"type":"response.reasoning_summary_text.delta","delta":"a"}`):                true,
		start + event(`{"type":"response.output_item.added","item":{"type":"function_call"}}`):       true,
		start + event(`{"type":"response.completed","response":{"status":"completed","output":[]}}`): true,
	} {
		if w := watch([]byte(in)); w.Meaningful() != meaningful || w.Err() != nil {
			t.Errorf("%q: meaningful %v, error %v", in, w.Meaningful(), w.Err())
		}
	}
	whole := start + event(`{"type":"response.output_text.delta","sequence_number":7,"delta":"four"}`)
	w := watch([]byte(whole))
	if w.OutputBytes() != 4 || w.Model() != "m" || w.Done() || w.Usage().Known {
		t.Errorf("%d bytes, model %s, done %v", w.OutputBytes(), w.Model(), w.Done())
	}
	end := string(w.(interface{ Fail(*ai.Error) []byte }).Fail(ai.Errorf(ai.BadGateway, "cut")))
	if diff := cmp.Diff([]string{"error", "response.failed"}, names(end)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if first := decode(t, events(end)[0].Data); number(t, first["sequence_number"]) != 8 {
		t.Errorf("the error has number %v", first["sequence_number"])
	}
	if failed := decode(t, events(end)[1].Data)["response"].(object); failed["id"] != "resp_1" || failed["status"] != "failed" {
		t.Errorf("failed: %v", failed)
	}
	again := New().Watch(ai.GetResponse)
	again.Observe([]byte(start + event(`{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":1,"output_tokens":1}}}`)))
	if !again.Done() || again.Usage().Known {
		t.Error("a stream that is told again is charged again")
	}
}

// What is held for the end of a stream is bounded.
func TestStreamThatDoesNotEnd(t *testing.T) {
	piece := hubStream(`"delta":{"content":"` + strings.Repeat("x", 1<<19) + `"}`)
	n := 0
	s := New().StreamFromHub(conversion(), endless(func() []byte { n++; return []byte(piece) }))
	for {
		if _, err := s.Next(); err != nil {
			if e := ai.AsError(err); e.Kind != ai.BadGateway || !strings.Contains(e.Message, "64 MiB") {
				t.Errorf("got %v", err)
			}
			break
		}
	}
	if held := n << 19; held > maxAnswer+1<<20 {
		t.Errorf("%d bytes were held", held)
	}
}

type endless func() []byte

func (e endless) Next() ([]byte, error) { return e(), nil }
func (endless) Close() error            { return nil }
