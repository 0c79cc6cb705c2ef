package openai

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// observed is everything that a watcher tells.
type observed struct {
	Meaningful, Done, Finished bool
	Usage                      ai.Usage
	Model                      string
	Out                        int64
	Err                        string
}

func observe(stream io.Reader) observed {
	w := New().Watch(ai.Chat)
	r := sse.NewReader(stream, 1<<20)
	for {
		chunk, err := r.Next()
		if err != nil {
			break
		}
		w.Observe(chunk)
	}
	o := observed{
		Meaningful: w.Meaningful(), Done: w.Done(), Finished: w.Finished(),
		Usage: w.Usage(), Model: w.Model(), Out: w.OutputBytes(),
	}
	if e := w.Err(); e != nil {
		o.Err = e.Message
	}
	return o
}

func chunk(members string) string {
	return `data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-x",` + members + "}\n\n"
}

const done = "data: [DONE]\n\n"

func TestWatch(t *testing.T) {
	role := chunk(`"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null`)
	text := chunk(`"choices":[{"index":0,"delta":{"content":"a\"\u00e9"},"finish_reason":null}]`)
	stop := chunk(`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]`)
	usage := chunk(`"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}`)
	known := ai.Usage{Known: true, InputTokens: 3, OutputTokens: 2}

	tests := []struct {
		name, stream string
		want         observed
	}{
		{"nothing", "", observed{}},
		{"a comment", ": ping\n\n", observed{}},
		{"a role only", role, observed{Model: "gpt-x"}},
		{"text", role + text, observed{Model: "gpt-x", Meaningful: true, Out: 4}},
		{"whole", role + text + stop + usage + done, observed{Model: "gpt-x", Meaningful: true, Done: true, Finished: true, Out: 4, Usage: known}},
		{"without the terminal event", role + text + stop, observed{Model: "gpt-x", Meaningful: true, Finished: true, Out: 4}},
		{"text that says done", chunk(`"choices":[{"index":0,"delta":{"content":"[DONE]"}}]`), observed{Model: "gpt-x", Meaningful: true, Out: 6}},
		{
			"one of two choices finished",
			chunk(`"choices":[{"index":1,"delta":{"content":"x"}}]`) + text + stop,
			observed{Model: "gpt-x", Meaningful: true, Out: 5},
		},
		{
			"two choices finished",
			chunk(`"choices":[{"index":1,"delta":{"content":"x"},"finish_reason":"length"}]`) + text + stop,
			observed{Model: "gpt-x", Meaningful: true, Finished: true, Out: 5},
		},
		{
			"an empty finish reason is none",
			chunk(`"choices":[{"index":0,"delta":{"content":""},"finish_reason":""}]`),
			observed{Model: "gpt-x"},
		},
		{
			"tool calls",
			chunk(`"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c","function":{"name":"f","arguments":"{\"a\""}}]}}]`) + stop,
			observed{Model: "gpt-x", Meaningful: true, Finished: true, Out: 5},
		},
		{
			"a legacy function call",
			chunk(`"choices":[{"index":0,"delta":{"function_call":{"arguments":"{}"}}}]`),
			observed{Model: "gpt-x", Meaningful: true, Out: 2},
		},
		{"reasoning", chunk(`"choices":[{"index":0,"delta":{"content":null,"reasoning_content":"hm"}}]`), observed{Model: "gpt-x", Meaningful: true, Out: 2}},
		{"a completion", chunk(`"choices":[{"index":0,"text":"abc","finish_reason":"stop"}]`) + done, observed{Model: "gpt-x", Meaningful: true, Done: true, Finished: true, Out: 3}},
		{"a filter result before all", chunk(`"choices":[],"prompt_filter_results":[{"prompt_index":0}]`), observed{Model: "gpt-x"}},
		{
			"usage in every chunk, the last counts",
			chunk(`"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}`) +
				chunk(`"choices":[{"index":0,"delta":{"content":"b"}}],"usage":{"prompt_tokens":3,"completion_tokens":2}`) +
				chunk(`"choices":[],"usage":null`),
			observed{Model: "gpt-x", Meaningful: true, Out: 2, Usage: known},
		},
		{
			"usage in x_groq",
			chunk(`"x_groq":{"id":"r"},"choices":[]`) + chunk(`"x_groq":{"id":"r","usage":{"prompt_tokens":3,"completion_tokens":2}},"choices":[]`),
			observed{Model: "gpt-x", Usage: known},
		},
		{
			"a service tier",
			chunk(`"service_tier":"flex","choices":[]`) + usage,
			observed{Model: "gpt-x", Usage: ai.Usage{Known: true, InputTokens: 3, OutputTokens: 2, ServiceTier: "flex"}},
		},
		{"an error", text + "data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}\n\n", observed{Model: "gpt-x", Meaningful: true, Out: 4, Err: "boom"}},
		{"a named error", "event: error\ndata: {\"message\":\"boom\"}\n\n", observed{Err: "boom"}},
		{"a null error is none", chunk(`"error":null,"choices":[]`), observed{Model: "gpt-x"}},
		{"nonsense", "data: <html>\n\ndata: [1,2\n\ndata: {\"choices\":7}\n\n", observed{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, observe(strings.NewReader(tt.stream))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseUsage(t *testing.T) {
	tests := []struct {
		name, raw string
		want      ai.Usage
	}{
		{"nothing", ``, ai.Usage{}},
		{"null", `null`, ai.Usage{}},
		{"no counts", `{"cost":1}`, ai.Usage{}},
		{"zeros are known", `{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`, ai.Usage{Known: true}},
		{
			"openai", `{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
				"prompt_tokens_details":{"cached_tokens":40,"audio_tokens":5},
				"completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":6,"accepted_prediction_tokens":0}}`,
			ai.Usage{Known: true, InputTokens: 100, OutputTokens: 50, CacheReadTokens: 40, InputAudioTokens: 5, ReasoningTokens: 30, OutputAudioTokens: 6},
		},
		{"embeddings", `{"prompt_tokens":8,"total_tokens":8}`, ai.Usage{Known: true, InputTokens: 8}},
		{"a total only", `{"total_tokens":8}`, ai.Usage{Known: true, InputTokens: 8}},
		{"deepseek", `{"prompt_tokens":10,"completion_tokens":2,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":6}`, ai.Usage{Known: true, InputTokens: 10, OutputTokens: 2, CacheReadTokens: 4}},
		{"reasoning beside the completion", `{"prompt_tokens":10,"completion_tokens":2,"total_tokens":42,"completion_tokens_details":{"reasoning_tokens":30}}`, ai.Usage{Known: true, InputTokens: 10, OutputTokens: 32, ReasoningTokens: 30}},
		{"null details", `{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null}}`, ai.Usage{Known: true, InputTokens: 1, OutputTokens: 2}},
		{"floats", `{"prompt_tokens":1.0,"completion_tokens":2e1}`, ai.Usage{Known: true, InputTokens: 1, OutputTokens: 20}},
		{"negative and absurd counts are none", `{"prompt_tokens":-5,"completion_tokens":1e300}`, ai.Usage{Known: true}},
		{"images", `{"input_tokens":50,"output_tokens":4160,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens_details":{"image_tokens":4160}}`,
			ai.Usage{Known: true, InputTokens: 50, OutputTokens: 4160, InputImageTokens: 40, OutputImageTokens: 4160}},
		{"search context", `{"prompt_tokens":1,"completion_tokens":1,"search_context_size":"low"}`,
			ai.Usage{Known: true, InputTokens: 1, OutputTokens: 1, SearchContext: "low"}},
		{"searches", `{"prompt_tokens":1,"completion_tokens":1,"num_search_queries":3}`, ai.Usage{Known: true, InputTokens: 1, OutputTokens: 1, WebSearches: 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ParseUsage([]byte(tt.raw))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestUsageOfReply(t *testing.T) {
	reply := []byte(`{"model":"gpt-x","usage":{"prompt_tokens":1,"completion_tokens":2},"service_tier":"priority"}`)
	want := ai.Usage{Known: true, InputTokens: 1, OutputTokens: 2, ServiceTier: "priority"}
	if got := New().Usage(ai.Chat, reply); got != want {
		t.Errorf("got %+v", got)
	}
	if got := New().Model(ai.Chat, reply); got != "gpt-x" {
		t.Errorf("got %q", got)
	}
}

func TestParseError(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   ai.Error
	}{
		{"openai", 429, `{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}`, ai.Error{Status: 429, Message: "slow down", Type: "requests", Code: "rate_limit_exceeded"}},
		{"a number as code", 404, `{"error":{"message":"no","code":404,"param":"model"}}`, ai.Error{Status: 404, Message: "no", Code: "404", Param: "model"}},
		{"azure", 400, `{"error":{"message":"filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}`, ai.Error{Status: 400, Message: "filtered", Param: "prompt", Code: "content_filter"}},
		{"azure without a code", 400, `{"error":{"message":"filtered","innererror":{"code":"ResponsibleAIPolicyViolation"}}}`, ai.Error{Status: 400, Message: "filtered", Code: "ResponsibleAIPolicyViolation"}},
		{"azure's gateway", 401, `{ "statusCode": 401, "message": "Access denied" }`, ai.Error{Status: 401, Message: "Access denied"}},
		{"fastapi", 422, `{"detail":[{"loc":["body","messages",0,"role"],"msg":"field required","type":"missing"},{"loc":["body","n"],"msg":"too big"}]}`, ai.Error{Status: 422, Message: "messages.0.role: field required; n: too big", Param: "messages.0.role"}},
		{"fastapi's text", 404, `{"detail":"Not Found"}`, ai.Error{Status: 404, Message: "Not Found"}},
		{"a string", 404, `{"error":"model 'x' not found"}`, ai.Error{Status: 404, Message: "model 'x' not found"}},
		{"a string and a message", 400, `{"error":"Bad Request","message":"n is wrong"}`, ai.Error{Status: 400, Message: "n is wrong"}},
		{"a list", 400, `[{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}]`, ai.Error{Status: 400, Message: "bad", Type: "INVALID_ARGUMENT", Code: "400"}},
		{"errors", 400, `{"errors":[{"message":"bad","code":1}],"success":false}`, ai.Error{Status: 400, Message: "bad"}},
		{"a message that is an object", 422, `{"object":"error","message":{"detail":"x"},"type":"t"}`, ai.Error{Status: 422, Message: `{"detail":"x"}`, Type: "t"}},
		{"plain text", 502, "upstream\tconnect\n\n error\x00\x1b[0m ", ai.Error{Status: 502, Message: "upstream connect error[0m"}},
		{"html", 503, "<html>\n<body>busy</body></html>", ai.Error{Status: 503, Message: "<html> <body>busy</body></html>"}},
		{"a long text", 500, strings.Repeat("é", 600), ai.Error{Status: 500, Message: strings.Repeat("é", 500)}},
		{"other JSON", 500, `{"a":1}`, ai.Error{Status: 500, Message: `{"a":1}`}},
		{"nothing", 500, ``, ai.Error{Status: 500, Message: "no details given; status 500 Internal Server Error"}},
		{"in a stream, by code", 200, `{"error":{"message":"x","code":503}}`, ai.Error{Status: 503, Message: "x", Code: "503"}},
		{"in a stream, by type", 200, `{"error":{"message":"x","type":"invalid_request_error"}}`, ai.Error{Status: 400, Message: "x", Type: "invalid_request_error"}},
		{"in a stream, overloaded", 0, `{"error":{"message":"x","type":"overloaded_error"}}`, ai.Error{Status: 529, Message: "x", Type: "overloaded_error"}},
		{"in a stream, unknown", 0, `{"error":{"message":"x"}}`, ai.Error{Status: 502, Message: "x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Kind = ai.Upstream
			if diff := cmp.Diff(&tt.want, New().ParseError(tt.status, []byte(tt.body))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteError(t *testing.T) {
	ours := &ai.Error{Kind: ai.Invalid, Message: "bad \"model\"", Type: "invalid_request_error", Param: "model", Problems: []string{"a: b"}}
	theirs := &ai.Error{Kind: ai.Upstream, Status: 429, Message: "slow down", Provider: "groq"}
	for _, tt := range []struct{ name, got, want string }{
		{"ours", string(New().ErrorBody(ours)), `{"error":{"message":"bad \"model\"","type":"invalid_request_error","param":"model","code":null,"problems":["a: b"]},"status":"failure","message":"bad \"model\""}`},
		{"theirs", string(New().ErrorBody(theirs)), `{"error":{"message":"groq error: slow down","type":null,"param":null,"code":null},"provider":"groq","status":"failure","message":"groq error: slow down"}`},
		{"event", string(New().ErrorEvent(theirs)), "event: error\ndata: {\"error\":{\"message\":\"groq error: slow down\",\"type\":null,\"param\":null,\"code\":null},\"provider\":\"groq\",\"status\":\"failure\",\"message\":\"groq error: slow down\"}\n\n"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got  %s\nwant %s", tt.name, tt.got, tt.want)
		}
	}
	if o := observe(strings.NewReader(string(New().ErrorEvent(theirs)))); o.Err != "groq error: slow down" || o.Done {
		t.Errorf("our own event reads as %+v", o)
	}
}

func TestEnsureUsage(t *testing.T) {
	for _, tt := range []struct {
		body, want string
		changed    bool
	}{
		{`{"a": 1}`, `{"a": 1,"stream_options":{"include_usage":true}}`, true},
		{`{"stream_options":null,"a":1}`, `{"stream_options":{"include_usage":true},"a":1}`, true},
		{`{"stream_options":{"x":1}}`, `{"stream_options":{"x":1,"include_usage":true}}`, true},
		{`{"stream_options":{"include_usage":false}}`, `{"stream_options":{"include_usage":true}}`, true},
		{`{"stream_options":{"include_usage":true}}`, `{"stream_options":{"include_usage":true}}`, false},
		{`[]`, `[]`, false},
	} {
		got, changed := EnsureUsage([]byte(tt.body))
		if string(got) != tt.want || changed != tt.changed {
			t.Errorf("%s: got %s, %v", tt.body, got, changed)
		}
	}
}

// given is a stream of given chunks.
type given struct {
	chunks []string
	closed bool
}

func (s *given) Next() ([]byte, error) {
	if len(s.chunks) == 0 {
		return nil, io.EOF
	}
	c := s.chunks[0]
	s.chunks = s.chunks[1:]
	return []byte(c), nil
}

func (s *given) Close() error { s.closed = true; return nil }

func TestHideUsage(t *testing.T) {
	text := chunk(`"choices":[{"index":0,"delta":{"content":"\"usage\":{"}}],"usage":null`)
	both := chunk(`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}`)
	only := chunk(`"choices":[],"usage":{"prompt_tokens":1}`)
	bare := "data: {\"usage\":{\"prompt_tokens\":1}}\n\n"
	filter := chunk(`"choices":[],"prompt_filter_results":[]`)
	failed := "data: {\"error\":{\"message\":\"x\"},\"usage\":{\"prompt_tokens\":1}}\n\n"

	src := &given{chunks: []string{filter + text, text, ": c\n\n" + only + both, only, bare + failed, done}}
	hidden := HideUsage(src)
	var got []string
	for {
		b, err := hidden.Next()
		if err == io.EOF {
			break
		}
		got = append(got, string(b))
	}
	want := []string{filter + text, text, ": c\n\n" + both, failed, done}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if hidden.Close(); !src.closed {
		t.Error("the source was not closed")
	}
}

func FuzzWatch(f *testing.F) {
	f.Add(chunk(`"choices":[{"index":70,"delta":{"content":"\u00e"}}],"usage":{}`) + done)
	f.Fuzz(func(t *testing.T, stream string) {
		whole := observe(strings.NewReader(stream))
		if whole.Out < 0 || whole.Out > int64(len(stream)) {
			t.Errorf("%d bytes out of %d", whole.Out, len(stream))
		}
		hidden := HideUsage(&given{chunks: []string{stream}})
		if b, err := hidden.Next(); err == nil && len(b) > len(stream) {
			t.Error("hiding usage added bytes")
		}
		New().ParseError(200, []byte(stream))
	})
}

// FuzzWatchLike holds chunks that are recognised by their likeness to the ones
// before to what a watcher says that reads each of them in full.
func FuzzWatchLike(f *testing.F) {
	f.Add(`"choices":[{"index":0,"delta":{"content":"`, "a", `\"b\u00e9`, `"},"finish_reason":null}],"obfuscation":"x"`)
	f.Add(`"usage":{"total_tokens":7},"choices":[{"delta":{"content":"`, "a", `"},"finish_reason":"stop"}],"x":{"content":"b`, `"}`)
	f.Add(`"choices":[{"index":1,"delta":{"tool_calls":[{"function":{"arguments":"`, `{\"a`, `\":1}`, `"}}]}}]`)
	f.Fuzz(func(t *testing.T, before, text, other, after string) {
		var quick, slow watcher
		for _, text := range []string{text, other, text, "", other} {
			one := []byte(chunk(before + text + after))
			quick.Observe(one)
			slow.like.Forget()
			slow.Observe(one)
		}
		scratch := cmpopts.IgnoreFields(watcher{}, "like", "texts", "padding")
		if diff := cmp.Diff(slow, quick, cmp.AllowUnexported(watcher{}, sse.Decoder{}), scratch); diff != "" {
			t.Error(diff)
		}
	})
}

func BenchmarkWatch(b *testing.B) {
	one := []byte(chunk(`"created":1700000000,"system_fingerprint":"fp_1234567890","choices":[{"index":0,"delta":{"content":" hello"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"abcdefgh"`))
	w := New().Watch(ai.Chat)
	b.SetBytes(int64(len(one)))
	b.ReportAllocs()
	for b.Loop() {
		w.Observe(one)
	}
}
