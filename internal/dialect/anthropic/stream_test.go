package anthropic

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// messagesStream writes a stream of messages events of their data.
func messagesStream(data ...string) string {
	var b []byte
	for _, d := range data {
		b = sse.AppendEvent(b, typeOf([]byte(d)), []byte(d))
	}
	return string(b)
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
		b = sse.AppendData(b, []byte(`{"id":"c1","object":"chat.completion.chunk","model":"gpt-x",`+c+`}`))
	}
	return string(b)
}

const (
	start = `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}`
	ping  = `{"type":"ping"}`
	stop  = `{"type":"message_stop"}`
)

func ended(reason string) string {
	return `{"type":"message_delta","delta":{"stop_reason":"` + reason + `","stop_sequence":null},"usage":{"output_tokens":7}}`
}

func TestStreamToHub(t *testing.T) {
	in := messagesStream(start, ping,
		`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}}`,
		`{"type":"content_block_stop","index":0}`,
		`{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"h\u00e9"}}`,
		`{"type":"content_block_stop","index":1}`,
		`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}}`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"n\":"}}`,
		`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}`,
		`{"type":"content_block_stop","index":2}`,
		`{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t2","name":"g","input":{}}}`,
		`{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}`,
		`{"type":"content_block_stop","index":3}`,
		ended("tool_use"), stop)

	chunk := func(delta, finish string) string {
		return `{"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude-x","choices":[{"index":0,"delta":` + delta + `,"logprobs":null,"finish_reason":` + finish + `}]}`
	}
	want := []string{
		chunk(`{"role":"assistant","content":""}`, "null"),
		chunk(`{"content":"h\u00e9"}`, "null"),
		chunk(`{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}]}`, "null"),
		chunk(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"n\":"}}]}`, "null"),
		chunk(`{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`, "null"),
		chunk(`{"tool_calls":[{"index":1,"id":"t2","type":"function","function":{"name":"g","arguments":""}}]}`, "null"),
		chunk(`{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}`, "null"),
		chunk(`{}`, `"tool_calls"`),
		`{"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"claude-x","choices":[],"usage":{"prompt_tokens":15,"completion_tokens":7,"total_tokens":22,"prompt_tokens_details":{"cached_tokens":5,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0},"cache_read_input_tokens":5,"cache_creation_input_tokens":0}}`,
		"[DONE]",
	}
	got, err := drain(New().StreamToHub(strict(), streamOf(strings.NewReader(in))))
	if err != nil {
		t.Fatal(err)
	}
	compareEvents(t, want, got)

	got, err = drain(New().StreamToHub(conversion(), streamOf(strings.NewReader(in))))
	if err != nil {
		t.Fatal(err)
	}
	extended := append([]string{want[0],
		chunk(`{"content_blocks":[{"index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}]}`, "null"),
		chunk(`{"content_blocks":[{"index":0,"delta":{"type":"signature_delta","signature":"sig"}}]}`, "null"),
	}, want[1:]...)
	extended[9] = chunk(`{}`, `"tool_use"`)
	compareEvents(t, extended, got)
}

func compareEvents(t *testing.T, want []string, stream string) {
	t.Helper()
	var got []string
	for _, e := range events(stream) {
		got = append(got, string(e.Data))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestStreamFromHub(t *testing.T) {
	usage := `"choices":[],"usage":{"prompt_tokens":15,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":5}}`
	call := func(index, id, name, args string) string {
		return `"delta":{"tool_calls":[{"index":` + index + `,"id":` + id + `,"type":"function","function":{"name":` + name + `,"arguments":` + args + `}}]},"finish_reason":null`
	}
	tests := []struct {
		name, hub, content, stop string
	}{
		{
			"text", hubStream(`"delta":{"role":"assistant","content":""}`, `"delta":{"content":"a"}`, `"delta":{"content":"b"}`, `"delta":{},"finish_reason":"length"`, usage, "[DONE]"),
			`[{"type":"text","text":"ab"}]`, "max_tokens",
		},
		{
			"reasoning, text, a call", hubStream(`"delta":{"reasoning_content":"h"}`, `"delta":{"reasoning_content":"m"}`, `"delta":{"content":"a"}`, call("0", `"t1"`, `"f"`, `""`), call("0", "null", "null", `"{\"n\":1}"`), `"delta":{},"finish_reason":"tool_calls"`, usage, "[DONE]"),
			`[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"a"},{"type":"tool_use","id":"t1","name":"f","input":{"n":1}}]`, "tool_use",
		},
		{
			"reasoning among the parts", hubStream(`"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"h"}]}]}`, `"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"m"}]}]}`, `"delta":{"content":[{"type":"text","text":"a"}]}`, `"delta":{"content":"b"},"finish_reason":"stop"`, usage, "[DONE]"),
			`[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"ab"}]`, "end_turn",
		},
		{
			"calls one after the other", hubStream(call("0", `"t1"`, `"f"`, `"{\"a\":"`), call("0", "null", "null", `"1}"`), call("1", `"t2"`, `"g"`, `"{}"`), call("2", `"t3"`, `"h"`, `""`), `"delta":{},"finish_reason":"stop"`, usage, "[DONE]"),
			`[{"type":"tool_use","id":"t1","name":"f","input":{"a":1}},{"type":"tool_use","id":"t2","name":"g","input":{}},{"type":"tool_use","id":"t3","name":"h","input":{}}]`, "tool_use",
		},
		{
			"interleaved calls", hubStream(call("0", `"t1"`, `"f"`, `"{\"a\":"`), call("1", `"t2"`, `"g"`, `"{\"b\""`), call("2", `"t3"`, `"h"`, `"{\"c\":3}"`), call("1", "null", "null", `":2"`), call("0", "null", "null", `"1}"`), call("1", "null", "null", `"}"`), `"delta":{},"finish_reason":"tool_calls"`, usage, "[DONE]"),
			`[{"type":"tool_use","id":"t1","name":"f","input":{"a":1}},{"type":"tool_use","id":"t2","name":"g","input":{"b":2}},{"type":"tool_use","id":"t3","name":"h","input":{"c":3}}]`, "tool_use",
		},
		{
			"all calls with the same index", hubStream(call("0", `"t1"`, `"f"`, `"{\"a\":1}"`), call("0", `"t2"`, `"g"`, `"{\"b\":2}"`), `"delta":{},"finish_reason":"tool_calls"`, usage, "[DONE]"),
			`[{"type":"tool_use","id":"t1","name":"f","input":{"a":1}},{"type":"tool_use","id":"t2","name":"g","input":{"b":2}}]`, "tool_use",
		},
		{
			"text after a call", hubStream(call("0", `"t1"`, `"f"`, `"{}"`), `"delta":{"content":"a"},"finish_reason":"tool_calls"`, usage, "[DONE]"),
			`[{"type":"tool_use","id":"t1","name":"f","input":{}},{"type":"text","text":"a"}]`, "tool_use",
		},
		{
			"Anthropic's own blocks", hubStream(
				`"delta":{"content_blocks":[{"index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}]}`,
				`"delta":{"content_blocks":[{"index":0,"delta":{"signature":"sig"}}]}`,
				`"delta":{"content_blocks":[{"index":1,"delta":{"type":"redacted_thinking","data":"d"}}]}`,
				`"delta":{"content_blocks":[{"index":2,"delta":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}]}`,
				`"delta":{"content_blocks":[{"index":2,"delta":{"type":"input_json_delta","partial_json":"{\"q\":1}"}}]}`,
				`"delta":{"content":"a"}`,
				`"delta":{"content_blocks":[{"index":3,"delta":{"type":"citations_delta","citation":{"x":1}}}]}`,
				`"delta":{},"finish_reason":"end_turn"`, usage, "[DONE]"),
			`[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"d"},{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":1}},{"type":"text","text":"a","citations":[{"x":1}]}]`, "end_turn",
		},
		{"nothing", hubStream(`"delta":{},"finish_reason":"stop"`, usage, "[DONE]"), `[]`, "end_turn"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := drain(New().StreamFromHub(conversion(), streamOf(strings.NewReader(tt.hub))))
			if err != nil {
				t.Fatal(err)
			}
			message, done := foldMessages(t, got)
			if !done {
				t.Error("there is no message_stop")
			}
			want := `{"id":"c1","type":"message","role":"assistant","model":"gpt-x","content":` + tt.content + `,"stop_reason":"` + tt.stop + `","stop_sequence":null,
				"usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":7}}`
			if diff := cmp.Diff(decode(t, []byte(want)), message); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, got)
			}
		})
	}
}

// A first call's arguments are passed on as they come, not when they are whole.
func TestStreamFromHubIsPrompt(t *testing.T) {
	hub := hubStream(`"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{\"a"}}]}`)
	got, err := New().StreamFromHub(conversion(), streamOf(strings.NewReader(hub))).Next()
	if err != nil || !strings.Contains(string(got), `"partial_json":"{\"a"`) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestStreamErrors(t *testing.T) {
	text := `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}`
	failed := `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`
	toHub, fromHub := New().StreamToHub, New().StreamFromHub
	t.Run("an error event to the hub", func(t *testing.T) {
		got, err := drain(toHub(conversion(), streamOf(strings.NewReader(messagesStream(start, text, failed, stop)))))
		if e := ai.AsError(err); e.Message != "Overloaded" || e.Status != 529 || e.Kind != ai.Upstream {
			t.Errorf("got %v", err)
		}
		if !strings.Contains(got, `"content":"a"`) || strings.Contains(got, "[DONE]") {
			t.Errorf("got %s", got)
		}
	})
	t.Run("an error chunk from the hub", func(t *testing.T) {
		got, err := drain(fromHub(conversion(), streamOf(strings.NewReader(hubStream(`"delta":{"content":"a"}`, `"error":{"message":"boom","code":503}`, "[DONE]")))))
		if e := ai.AsError(err); e.Message != "boom" || e.Status != 503 {
			t.Errorf("got %v", err)
		}
		if !strings.Contains(got, `"text":"a"`) || strings.Contains(got, "message_stop") {
			t.Errorf("got %s", got)
		}
	})
	t.Run("a cut source", func(t *testing.T) {
		src := io.MultiReader(strings.NewReader(hubStream(`"delta":{"content":"a"}`)), broken{})
		got, err := drain(fromHub(conversion(), streamOf(src)))
		if !errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(got, "message_stop") {
			t.Errorf("got %s, %v", got, err)
		}
	})
	t.Run("a call that goes on after its end", func(t *testing.T) {
		_, err := drain(fromHub(conversion(), streamOf(strings.NewReader(hubStream(
			`"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{\"a\":"}}]}`,
			`"delta":{"content":"x"}`, `"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`)))))
		if ai.AsError(err).Kind != ai.BadGateway {
			t.Errorf("got %v", err)
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestStreamCloses(t *testing.T) {
	src := &closer{Stream: streamOf(strings.NewReader(""))}
	if New().StreamToHub(conversion(), src).Close(); !src.closed {
		t.Error("the source was not closed")
	}
}

type closer struct {
	ai.Stream
	closed bool
}

func (c *closer) Close() error { c.closed = true; return nil }

// The splits of usage between the first and the last event that are known.
func TestWatchUsage(t *testing.T) {
	started := func(usage string) string {
		return `{"type":"message_start","message":{"model":"m","usage":` + usage + `}}`
	}
	last := func(usage string) string {
		return `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":` + usage + `}`
	}
	want := ai.Usage{Known: true, InputTokens: 30, OutputTokens: 9, CacheReadTokens: 20}
	for name, in := range map[string]string{
		"input first, output last":       messagesStream(started(`{"input_tokens":10,"cache_read_input_tokens":20,"output_tokens":1}`), last(`{"output_tokens":9}`)),
		"all repeated, not added":        messagesStream(started(`{"input_tokens":10,"cache_read_input_tokens":20,"output_tokens":1}`), last(`{"input_tokens":10,"cache_read_input_tokens":20,"output_tokens":9}`)),
		"cache reads only at the end":    messagesStream(started(`{"input_tokens":10,"output_tokens":1}`), last(`{"cache_read_input_tokens":20,"output_tokens":9}`)),
		"nothing before the end":         messagesStream(started(`{"input_tokens":0,"output_tokens":0}`), last(`{"input_tokens":10,"cache_read_input_tokens":20,"output_tokens":9}`)),
		"corrected at the end":           messagesStream(started(`{"input_tokens":30,"output_tokens":0}`), last(`{"input_tokens":10,"cache_read_input_tokens":20,"output_tokens":9}`)),
		"zeros at the end take not back": messagesStream(started(`{"input_tokens":10,"cache_read_input_tokens":20,"output_tokens":0}`), last(`{"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":9}`)),
	} {
		if diff := cmp.Diff(want, watch([]byte(in)).Usage()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWatchMeaningful(t *testing.T) {
	block := func(block string) string {
		return `{"type":"content_block_start","index":0,"content_block":` + block + `}`
	}
	for in, want := range map[string]bool{
		"":                          false,
		messagesStream(start, ping): false,
		messagesStream(start, block(`{"type":"text","text":""}`)):                                                  false,
		messagesStream(start, block(`{"type":"thinking","thinking":"","signature":""}`)):                           false,
		messagesStream(start, block(`{"type":"tool_use","id":"t","name":"f","input":{}}`)):                         true,
		messagesStream(start, `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}`): true,
		messagesStream(start, ended("end_turn")):                                                                   true,
	} {
		if got := watch([]byte(in)).Meaningful(); got != want {
			t.Errorf("%q: got %v", in, got)
		}
	}
	w := watch([]byte(messagesStream(start, `{"type":"error","error":{"type":"api_error","message":"x"}}`)))
	if w.Err() == nil || w.Err().Message != "x" || w.Done() {
		t.Errorf("got %v", w.Err())
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add(message)
	f.Add(`{"model":"m","system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image","source":{}}]}]}]}`)
	f.Add(`{"messages":[{"role":"assistant","content":[{"type":"text"}],"tool_calls":[{"function":{"arguments":7}}]}],"tools":[{}],"tool_choice":{}}`)
	f.Add(messagesStream(start, ended("end_turn"), stop))
	f.Add(hubStream(`"delta":{"content":"a","tool_calls":[{}]}`, "[DONE]"))
	f.Fuzz(func(t *testing.T, in string) {
		body := []byte(in)
		valid := func(what string, out []byte, err error) {
			if err == nil {
				if _, bad := jsonedit.Scan(out); bad != nil {
					t.Fatalf("%s made %s: %v", what, out, bad)
				}
			} else if _, ok := errors.AsType[*ai.Error](err); !ok {
				t.Fatalf("%s: %v is no *ai.Error", what, err)
			}
		}
		if _, err := jsonedit.Scan(body); err == nil {
			for _, c := range []bool{true, false} {
				cv := conversion()
				cv.Strict = c
				out, err := New().RequestToHub(cv, body)
				valid("RequestToHub", out, err)
				out, err = New().RequestFromHub(cv, body)
				valid("RequestFromHub", out, err)
				out, err = New().ReplyToHub(cv, body)
				valid("ReplyToHub", out, err)
				out, err = New().ReplyFromHub(cv, body)
				valid("ReplyFromHub", out, err)
			}
		}
		_, _ = New().RequestToHub(conversion(), body)
		_, _ = New().RequestFromHub(conversion(), body)
		_, _ = New().ReplyToHub(conversion(), body)
		_, _ = New().ReplyFromHub(conversion(), body)
		if hub, err := drain(New().StreamToHub(conversion(), streamOf(strings.NewReader(in)))); err == nil {
			_, _ = drain(New().StreamFromHub(conversion(), streamOf(strings.NewReader(hub))))
		}
		_, _ = drain(New().StreamFromHub(conversion(), streamOf(strings.NewReader(in))))
		watch(body)
	})
}

func BenchmarkStreamToHub(b *testing.B) {
	delta := messagesStream(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" hello there"}}`)
	in := messagesStream(start) + strings.Repeat(delta, 1000) + messagesStream(ended("end_turn"), stop)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := drain(New().StreamToHub(strict(), streamOf(strings.NewReader(in)))); err != nil {
			b.Fatal(err)
		}
	}
}
