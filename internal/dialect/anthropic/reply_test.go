package anthropic

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
)

const message = `{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[
	{"type":"thinking","thinking":"hm","signature":"sig"},
	{"type":"text","text":"a","citations":[{"type":"char_location"}]},
	{"type":"text","text":"b\n"},
	{"type":"tool_use","id":"t1","name":"f","input":{"n":1.0},"caller":{"type":"direct"}}],
	"stop_reason":"tool_use","stop_sequence":null,
	"usage":{"input_tokens":10,"cache_creation_input_tokens":7,"cache_read_input_tokens":20,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},
		"output_tokens":9,"output_tokens_details":{"thinking_tokens":5},"server_tool_use":{"web_search_requests":2},"service_tier":"standard"}}`

const hubUsage = `"usage":{"prompt_tokens":37,"completion_tokens":9,"total_tokens":46,"prompt_tokens_details":{"cached_tokens":20,"audio_tokens":0},
	"completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":0},"cache_read_input_tokens":20,"cache_creation_input_tokens":7,
	"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"server_tool_use":{"web_search_requests":2}},"service_tier":"default"`

func TestReplyToHub(t *testing.T) {
	head := `{"id":"msg_1","object":"chat.completion","created":1700000000,"model":"claude-x","choices":[{"index":0,"logprobs":null,`
	calls := `"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"n\":1.0}"}}]`
	tests := []struct {
		name string
		c    *dialect.Conversion
		want string
		lost []string
	}{
		{"strict", strict(), head + `"finish_reason":"tool_calls","message":{"role":"assistant","content":"ab\n","refusal":null,` + calls + `}}],` + hubUsage + `}`, []string{"content[0]", "content[1].citations"}},
		{"extended", conversion(), head + `"finish_reason":"tool_use","message":{"role":"assistant","content":"ab\n","refusal":null,` + calls + `,"content_blocks":[
			{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"text","text":"a","citations":[{"type":"char_location"}]},{"type":"text","text":"b\n"}]}}],` + hubUsage + `}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := New().ReplyToHub(tt.c, []byte(message))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "reply", []byte(tt.want), got)
			if diff := cmp.Diff(tt.lost, paths(tt.c)); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestModelsToHub(t *testing.T) {
	const list = `{"data":[{"type":"model","id":"claude-x","display_name":"Claude X","created_at":"2023-11-14T22:13:20Z"},{"type":"model","id":"claude-y"}],"has_more":false,"first_id":"claude-x"}`
	for _, tt := range []struct {
		name string
		c    *dialect.Conversion
		want string
		lost []string
	}{
		{"strict", strict(), `{"object":"list","data":[{"id":"claude-x","object":"model","created":1700000000,"owned_by":"anthropic"},
			{"id":"claude-y","object":"model","created":0,"owned_by":"anthropic"}]}`, []string{"data[0].display_name", "has_more", "first_id"}},
		{"extended", conversion(), `{"object":"list","data":[{"id":"claude-x","object":"model","created":1700000000,"owned_by":"anthropic","display_name":"Claude X"},
			{"id":"claude-y","object":"model","created":0,"owned_by":"anthropic"}],"has_more":false,"first_id":"claude-x"}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.c.Op = ai.Models
			got, err := New().ReplyToHub(tt.c, []byte(list))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "list", []byte(tt.want), got)
			if diff := cmp.Diff(tt.lost, paths(tt.c)); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
	c := conversion()
	c.Op = ai.Models
	if _, err := New().ReplyToHub(c, []byte(`{"models":[]}`)); err == nil || ai.AsError(err).Kind != ai.BadGateway {
		t.Errorf("a list without data: %v", err)
	}
}

func TestUsage(t *testing.T) {
	want := ai.Usage{
		Known: true, InputTokens: 37, OutputTokens: 9, CacheReadTokens: 20, CacheWriteTokens: 7, CacheWrite1hTokens: 4,
		ReasoningTokens: 5, WebSearches: 2, ServiceTier: "standard",
	}
	if diff := cmp.Diff(want, New().Usage(ai.Chat, []byte(message))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := New().Model(ai.Chat, []byte(message)); got != "claude-x" {
		t.Errorf("model %q", got)
	}
}

func TestStopReasons(t *testing.T) {
	for _, tt := range []struct{ anthropic, hub string }{
		{"end_turn", "stop"}, {"stop_sequence", "stop"}, {"pause_turn", "stop"}, {"max_tokens", "length"}, {"tool_use", "tool_calls"},
		{"refusal", "content_filter"}, {"model_context_window_exceeded", "length"}, {"something_new", "stop"}, {"", "stop"},
	} {
		if got := stopToHub(tt.anthropic, true); got != tt.hub {
			t.Errorf("%q became %q, want %q", tt.anthropic, got, tt.hub)
		}
	}
	if got := stopToHub("pause_turn", false); got != "pause_turn" {
		t.Errorf("without strictness the reason became %q", got)
	}
	for _, tt := range []struct {
		hub       string
		tools     bool
		anthropic string
	}{
		{"stop", false, "end_turn"}, {"stop", true, "tool_use"}, {"length", false, "max_tokens"}, {"length", true, "max_tokens"},
		{"tool_calls", true, "tool_use"}, {"function_call", true, "tool_use"}, {"content_filter", false, "end_turn"}, {"", false, "end_turn"}, {"refusal", false, "refusal"},
	} {
		if got := stopFromHub(tt.hub, tt.tools); got != tt.anthropic {
			t.Errorf("%q became %q, want %q", tt.hub, got, tt.anthropic)
		}
	}
}

func TestReplyFromHub(t *testing.T) {
	tests := []struct{ name, hub, want string }{
		{
			"text and a call",
			`{"id":"c1","model":"gpt-x","choices":[{"index":0,"message":{"role":"assistant","content":"hi","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":" {\"n\":1.0} "}},{"id":"t2","function":{"name":"g","arguments":""}}]},"finish_reason":"stop"}],
				"usage":{"prompt_tokens":37,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":20},"completion_tokens_details":{"reasoning_tokens":5}},"service_tier":"default"}`,
			`{"id":"c1","type":"message","role":"assistant","model":"gpt-x","content":[{"type":"text","text":"hi"},{"type":"tool_use","id":"t1","name":"f","input":{"n":1.0}},{"type":"tool_use","id":"t2","name":"g","input":{}}],
				"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":17,"cache_creation_input_tokens":0,"cache_read_input_tokens":20,"output_tokens":9,"output_tokens_details":{"thinking_tokens":5},"service_tier":"standard"}}`,
		},
		{
			"reasoning",
			`{"choices":[{"message":{"content":"hi","reasoning_content":"hm"},"finish_reason":"length"}]}`,
			`{"id":"fallback-id","type":"message","role":"assistant","model":"asked-for","content":[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"hi"}],
				"stop_reason":"max_tokens","stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}`,
		},
		{
			"reasoning among the parts",
			`{"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"h\"m"},{"type":"text","text":"…"}],"closed":true},{"type":"text","text":"hi"}]},"finish_reason":"stop"}]}`,
			`{"id":"fallback-id","type":"message","role":"assistant","model":"asked-for","content":[{"type":"thinking","thinking":"h\"m…","signature":""},{"type":"text","text":"hi"}],
				"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}`,
		},
		{
			"a refusal, and a call of the older form",
			`{"choices":[{"message":{"content":null,"refusal":"no","function_call":{"name":"f","arguments":"{}"}},"finish_reason":"function_call"}]}`,
			`{"id":"fallback-id","type":"message","role":"assistant","model":"asked-for","content":[{"type":"text","text":"no"},{"type":"tool_use","id":"call_f","name":"f","input":{}}],
				"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}`,
		},
		{
			"an empty call of the older form, which some servers write where there is none",
			`{"choices":[{"message":{"content":"hi","function_call":{"name":"","arguments":""}},"finish_reason":"stop"}]}`,
			`{"id":"fallback-id","type":"message","role":"assistant","model":"asked-for","content":[{"type":"text","text":"hi"}],
				"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}`,
		},
		{
			"arguments cut by the limit, and a tier that Anthropic has not",
			`{"choices":[{"message":{"tool_calls":[{"id":"t","function":{"name":"f","arguments":"{\"a"}}]},"finish_reason":"length"}],"service_tier":"flex"}`,
			`{"id":"fallback-id","type":"message","role":"assistant","model":"asked-for","content":[{"type":"tool_use","id":"t","name":"f","input":{}}],
				"stop_reason":"max_tokens","stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := New().ReplyFromHub(conversion(), []byte(tt.hub))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "reply", []byte(tt.want), got)
		})
	}
}

func TestReplyFromHubHasOneAnswer(t *testing.T) {
	c := conversion()
	_, err := New().ReplyFromHub(c, []byte(`{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}`))
	if diff := cmp.Diff([]string{"choices[1]"}, paths(c)); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestBadReplies(t *testing.T) {
	toHub, fromHub := New().ReplyToHub, New().ReplyFromHub
	for _, tt := range []struct {
		translate     func(*dialect.Conversion, []byte) ([]byte, error)
		body, message string
		kind          ai.Kind
	}{
		{toHub, `{}`, "it has no content", ai.BadGateway},
		{toHub, `<html>`, "it has no content", ai.BadGateway},
		{toHub, `{"type":"error","error":{"type":"overloaded_error","message":"busy"}}`, "busy", ai.Upstream},
		{fromHub, `{"choices":[]}`, "it has no message", ai.BadGateway},
		{fromHub, `{"error":{"message":"bad"}}`, "bad", ai.Upstream},
		{fromHub, `{"choices":[{"message":{"tool_calls":[{"id":"t","function":{"name":"f","arguments":"{"}}]}}]}`, "called f with arguments", ai.BadGateway},
	} {
		_, err := tt.translate(conversion(), []byte(tt.body))
		if err == nil {
			t.Errorf("%s was accepted", tt.body)
			continue
		}
		if e := ai.AsError(err); e.Kind != tt.kind || !strings.Contains(e.Message, tt.message) {
			t.Errorf("%s: kind %d, %s", tt.body, e.Kind, e.Message)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		e    ai.Error
		want string
	}{
		{ai.Error{Kind: ai.Invalid, Message: "m"}, "invalid_request_error"},
		{ai.Error{Kind: ai.Unauthenticated, Message: "m"}, "authentication_error"},
		{ai.Error{Kind: ai.Forbidden, Message: "m"}, "permission_error"},
		{ai.Error{Kind: ai.NotFound, Message: "m"}, "not_found_error"},
		{ai.Error{Kind: ai.Timeout, Message: "m"}, "timeout_error"},
		{ai.Error{Kind: ai.Exhausted, Message: "m"}, "invalid_request_error"},
		{ai.Error{Kind: ai.TooLarge, Message: "m"}, "request_too_large"},
		{ai.Error{Kind: ai.RateLimited, Message: "m"}, "rate_limit_error"},
		{ai.Error{Kind: ai.Unavailable, Message: "m"}, "overloaded_error"},
		{ai.Error{Kind: ai.Internal, Message: "m"}, "api_error"},
		{ai.Error{Kind: ai.BadGateway, Message: "m"}, "api_error"},
		{ai.Error{Kind: ai.Upstream, Status: 402, Message: "m"}, "billing_error"},
		{ai.Error{Kind: ai.Upstream, Status: 400, Type: "billing_error", Message: "m"}, "billing_error"},
		{ai.Error{Kind: ai.Upstream, Status: 429, Type: "tokens", Message: "m"}, "rate_limit_error"},
		{ai.Error{Kind: ai.Upstream, Status: 400, Type: "invalid_request_error", Message: "m"}, "invalid_request_error"},
		{ai.Error{Kind: ai.Upstream, Status: 401, Type: "invalid_request_error", Message: "m"}, "authentication_error"},
		{ai.Error{Kind: ai.Upstream, Status: 404, Type: "invalid_request_error", Message: "m"}, "not_found_error"},
	} {
		body := New().ErrorBody(&tt.e)
		equalJSON(t, "body", []byte(`{"type":"error","error":{"type":"`+tt.want+`","message":"m"}}`), body)
		event := New().ErrorEvent(&tt.e)
		if want := "event: error\ndata: " + string(body) + "\n\n"; string(event) != want {
			t.Errorf("got %q, want %q", event, want)
		}
	}
	got := New().ParseError(529, []byte(`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}`))
	if got.Status != 529 || got.Type != "overloaded_error" || got.Message != "Overloaded" || got.Kind != ai.Upstream {
		t.Errorf("got %+v", got)
	}
}
