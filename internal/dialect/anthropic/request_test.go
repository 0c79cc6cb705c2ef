package anthropic

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
)

const hello = `"messages":[{"role":"user","content":"hi"}]`

func TestRequestFromHub(t *testing.T) {
	tests := []struct {
		name, hub, want string
		receipts        []string
	}{
		{"the least", `{"model":"m",` + hello + `}`, `{"model":"m","max_tokens":64000,` + hello + `}`, nil},
		{"the model asked for", `{` + hello + `}`, `{"model":"asked-for","max_tokens":64000,` + hello + `}`, nil},
		{
			"limits and sampling",
			`{"model":"m","max_tokens":5,"max_completion_tokens":7,"temperature":1.5,"top_p":0.25,"top_k":3,"stop":"END","stream":true,"stream_options":{"include_usage":true},"user":"u1",` + hello + `}`,
			`{"model":"m","max_tokens":7,"temperature":1,"top_p":0.25,"top_k":3,"stop_sequences":["END"],"stream":true,"metadata":{"user_id":"u1"},` + hello + `}`,
			[]string{"temperature"},
		},
		{
			"defaults need no receipt",
			`{"model":"m","n":1,"store":false,"logprobs":false,"frequency_penalty":0,"presence_penalty":0.0,"logit_bias":{},"stop":null,"seed":null,"tools":[],"response_format":{"type":"text"},` + hello + `}`,
			`{"model":"m","max_tokens":64000,` + hello + `}`, nil,
		},
		{
			"what Anthropic has not",
			`{"model":"m","n":2,"logprobs":true,"top_logprobs":2,"seed":1,"logit_bias":{"1":2},"presence_penalty":0.5,"prediction":{"x":1},"response_format":{"type":"json_object"},"metadata":{"a":"b","user_id":"u2"},"service_tier":"flex","tool_choice":"required",` + hello + `}`,
			`{"model":"m","max_tokens":64000,"metadata":{"user_id":"u2"},` + hello + `}`,
			[]string{"tool_choice", "response_format", "metadata.a", "service_tier", "n", "logprobs", "top_logprobs", "seed", "logit_bias", "presence_penalty", "prediction"},
		},
		{
			"instructions from everywhere",
			`{"model":"m","messages":[{"role":"system","content":"a"},{"role":"user","content":"hi"},{"role":"developer","content":[{"type":"text","text":"b","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":""}]}]}`,
			`{"model":"m","max_tokens":64000,"system":[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral","ttl":"1h"}}],` + hello + `}`, nil,
		},
		{
			"images and files",
			`{"model":"m","messages":[{"role":"user","content":[
				{"type":"image_url","image_url":{"url":"https://x/a.png","detail":"high"},"cache_control":{"type":"ephemeral"}},
				{"type":"image_url","image_url":"data:image/jpg;base64,AAAA"},
				{"type":"image_url","image_url":{"url":"data:application/pdf;base64,BBBB"}},
				{"type":"file","file":{"filename":"n.pdf","file_data":"CCCC"}},
				{"type":"file","file":{"file_data":"data:text/plain;base64,aGkg4pyT"}},
				{"type":"file","file":{"file_url":"https://x/d.pdf"}},
				{"type":"file","file":{"file_id":"f1"}},
				{"type":"input_audio","input_audio":{"data":"D","format":"wav"}}]}]}`,
			`{"model":"m","max_tokens":64000,"messages":[{"role":"user","content":[
				{"type":"image","source":{"type":"url","url":"https://x/a.png"},"cache_control":{"type":"ephemeral"}},
				{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AAAA"}},
				{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"BBBB"}},
				{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"CCCC"},"title":"n.pdf"},
				{"type":"document","source":{"type":"text","media_type":"text/plain","data":"hi ✓"}},
				{"type":"document","source":{"type":"url","url":"https://x/d.pdf"}},
				{"type":"document","source":{"type":"file","file_id":"f1"}}]}]}`,
			[]string{"messages[0].content[7]"},
		},
		{
			"parallel calls, their results in one turn with what the user says",
			`{"model":"m","messages":[{"role":"assistant","content":"so","tool_calls":[
				{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"n\":12345678901234567890,\"x\":1.0}"}},
				{"id":"c:2","type":"function","function":{"name":"g","arguments":""},"cache_control":{"type":"ephemeral"}}]},
				{"role":"tool","tool_call_id":"c1","content":"one"},
				{"role":"tool","tool_call_id":"c:2","content":[{"type":"text","text":"two"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}],"is_error":true,"cache_control":{"type":"ephemeral"}},
				{"role":"user","content":"go on"}]}`,
			`{"model":"m","max_tokens":64000,"messages":[{"role":"assistant","content":[{"type":"text","text":"so"},
				{"type":"tool_use","id":"c1","name":"f","input":{"n":12345678901234567890,"x":1.0}},
				{"type":"tool_use","id":"c_2","name":"g","input":{},"cache_control":{"type":"ephemeral"}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"one"},
				{"type":"tool_result","tool_use_id":"c_2","content":[{"type":"text","text":"two"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}],"is_error":true,"cache_control":{"type":"ephemeral"}},
				{"type":"text","text":"go on"}]}]}`, nil,
		},
		{
			"thinking goes back with its signature, never without",
			`{"model":"m","messages":[{"role":"assistant","content":"x","content_blocks":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"thinking","thinking":"u"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"x"}]},
				{"role":"assistant","content":"y","reasoning_content":"r","content_blocks":[{"type":"thinking","thinking":"t","signature":"s"}]},{"role":"assistant","content":null},{"role":"user","content":"hi","name":"bob"}]}`,
			`{"model":"m","max_tokens":64000,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"text","text":"x"}]},
				{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"y"}]},{"role":"user","content":"hi"}]}`,
			[]string{"messages[0].content_blocks[1]", "messages[1].reasoning_content", "messages[3].name"},
		},
		{
			"tools",
			`{"model":"m","tools":[
				{"type":"function","function":{"name":"f","description":"d","parameters":{"properties":{"a":{"type":"integer","maximum":1e400}},"x-own":1},"strict":true},"cache_control":{"type":"ephemeral"}},
				{"type":"function","function":{"name":"g","defer_loading":true}},
				{"type":"web_search","web_search":{"name":"web_search_20250305","max_uses":2}},
				{"type":"bash_20250124","name":"bash"},
				{"type":"custom","custom":{"name":"c"}}],"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,` + hello + `}`,
			`{"model":"m","max_tokens":64000,"tools":[
				{"name":"f","description":"d","input_schema":{"properties":{"a":{"type":"integer","maximum":1e400}},"x-own":1,"type":"object"},"strict":true,"cache_control":{"type":"ephemeral"}},
				{"name":"g","input_schema":{"type":"object","properties":{}},"defer_loading":true},
				{"type":"web_search_20250305","name":"web_search","max_uses":2},
				{"type":"bash_20250124","name":"bash"}],"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},` + hello + `}`,
			[]string{"tools[4]"},
		},
		{
			"a web search",
			`{"model":"m","web_search_options":{"search_context_size":"high","user_location":{"type":"approximate","approximate":{"city":"Bern","country":"CH","region":null}},"allowed_domains":["a.example"]},` + hello + `}`,
			`{"model":"m","max_tokens":64000,"tools":[{"type":"web_search_20250305","name":"web_search","user_location":{"type":"approximate","city":"Bern","country":"CH"},"allowed_domains":["a.example"]}],` + hello + `}`,
			[]string{"web_search_options.search_context_size"},
		},
		{
			"functions of the older form",
			`{"model":"m","functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"},"messages":[{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"r"}]}`,
			`{"model":"m","max_tokens":64000,"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f"},"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"call_f","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_f","content":"r"}]}]}`, nil,
		},
		{
			"a schema is closed",
			`{"model":"m","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"type":{"type":["object","null"],"additionalProperties":true},"l":{"type":"array","items":{"type":"object"}}},"$defs":{"d":{"type":"object"}},"anyOf":[{"type":"object"}],"default":{"type":"object"}}}},` + hello + `}`,
			`{"model":"m","max_tokens":64000,"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"type":{"type":["object","null"],"additionalProperties":false},"l":{"type":"array","items":{"type":"object","additionalProperties":false}}},"$defs":{"d":{"type":"object","additionalProperties":false}},"anyOf":[{"type":"object","additionalProperties":false}],"default":{"type":"object"},"additionalProperties":false}}},` + hello + `}`, nil,
		},
		{"effort", `{"model":"m","reasoning_effort":"minimal",` + hello + `}`, `{"model":"m","max_tokens":64000,"thinking":{"type":"adaptive"},"output_config":{"effort":"low"},` + hello + `}`, nil},
		{"no effort", `{"model":"m","reasoning_effort":"none",` + hello + `}`, `{"model":"m","max_tokens":64000,"thinking":{"type":"disabled"},` + hello + `}`, nil},
		{
			"thinking of one's own, and Anthropic's parameters",
			`{"model":"m","thinking":{"type":"enabled","budget_tokens":1024},"output_config":{"effort":"max"},"reasoning_effort":"low","cache_control":{"type":"ephemeral"},"container":"c","mcp_servers":[{"url":"u"}],"context_management":{"edits":[]},"service_tier":"default",` + hello + `}`,
			`{"model":"m","max_tokens":64000,"thinking":{"type":"enabled","budget_tokens":1024},"output_config":{"effort":"max"},"cache_control":{"type":"ephemeral"},"container":"c","mcp_servers":[{"url":"u"}],"context_management":{"edits":[]},"service_tier":"standard_only",` + hello + `}`, nil,
		},
		{
			"effort with a forced tool",
			`{"model":"m","reasoning_effort":"high","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required",` + hello + `}`,
			`{"model":"m","max_tokens":64000,"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"any"},"output_config":{"effort":"high"},` + hello + `}`,
			[]string{"reasoning_effort"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := conversion()
			got, err := New().RequestFromHub(c, []byte(tt.hub))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "request", []byte(tt.want), got)
			if diff := cmp.Diff(tt.receipts, paths(c)); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}

// Content that passes through keeps its bytes.
func TestRequestFromHubKeepsBytes(t *testing.T) {
	for _, piece := range []string{
		`{"type" : "object","properties":{"n":{"const":12345678901234567890.10}}, "é":"\u00e9"}`,
		`"a \/ \u2028 \ud83d\ude00"`,
	} {
		hub := `{"model":"m","tools":[{"type":"function","function":{"name":"f","parameters":` + piece + `}}],"messages":[{"role":"user","content":"x"}]}`
		if piece[0] == '"' {
			hub = `{"model":"m","messages":[{"role":"user","content":` + piece + `}]}`
		}
		got, err := New().RequestFromHub(conversion(), []byte(hub))
		if err != nil || !strings.Contains(string(got), piece) {
			t.Errorf("%s is not in %s (%v)", piece, got, err)
		}
	}
}

func TestRequestRefuses(t *testing.T) {
	fromHub := func(hub string) error { _, err := New().RequestFromHub(conversion(), []byte(hub)); return err }
	toHub := func(body string) error { _, err := New().RequestToHub(conversion(), []byte(body)); return err }
	tests := []struct {
		translate  func(string) error
		body, path string
	}{
		{fromHub, `{"model":"m"}`, "messages"},
		{fromHub, `{"messages":[{"role":"alien","content":"x"}]}`, "messages[0].role"},
		{fromHub, `{"messages":[{"role":"user","content":7}]}`, "messages[0].content"},
		{fromHub, `{"messages":[{"role":"user","content":[{"type":"text","text":7}]}]}`, "messages[0].content[0].text"},
		{fromHub, `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}`, "messages[0].content[0].image_url.url"},
		{fromHub, `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x,y"}}]}]}`, "messages[0].content[0]"},
		{fromHub, `{"messages":[{"role":"user","content":[{"type":"file","file":{}}]}]}`, "messages[0].content[0].file"},
		{fromHub, `{"messages":[{"role":"tool","content":"x"}]}`, "messages[0].tool_call_id"},
		{fromHub, `{"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{"}}]}]}`, "messages[0].tool_calls[0].function.arguments"},
		{fromHub, `{"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"[1]"}}]}]}`, "messages[0].tool_calls[0].function.arguments"},
		{fromHub, `{"tools":[{"type":"function","function":{}}],` + hello + `}`, "tools[0].function.name"},
		{fromHub, `{"tools":[{"type":"function","function":{"name":"f","parameters":7}}],` + hello + `}`, "tools[0].function.parameters"},
		{fromHub, `{"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"maybe",` + hello + `}`, "tool_choice"},
		{fromHub, `{"stop":7,` + hello + `}`, "stop"},
		{fromHub, `{"temperature":"hot",` + hello + `}`, "temperature"},
		{fromHub, `{"response_format":{"type":"json_schema"},` + hello + `}`, "response_format.json_schema.schema"},
		{fromHub, `{"response_format":{"type":"json_schema","json_schema":{"schema":` + strings.Repeat(`{"items":`, 65) + `{}` + strings.Repeat(`}`, 65) + `}},` + hello + `}`, "response_format.json_schema.schema"},
		{toHub, `{"model":"m"}`, "messages"},
		{toHub, `{"messages":[{"role":"tool","content":"x"}]}`, "messages[0].role"},
		{toHub, `{"messages":[{"role":"user"}]}`, "messages[0].content"},
		{toHub, `{"messages":[{"role":"user","content":[{"type":"text"}]}]}`, "messages[0].content[0].text"},
		{toHub, `{"tools":[{"input_schema":{}}],` + hello + `}`, "tools[0].name"},
		{toHub, `{"tools":[{"name":"f"}],"tool_choice":{"type":"maybe"},` + hello + `}`, "tool_choice.type"},
	}
	for _, tt := range tests {
		err := tt.translate(tt.body)
		var e *ai.Error
		if !errors.As(err, &e) || e.Kind != ai.Invalid || e.Param != tt.path || !strings.HasPrefix(e.Message, tt.path+": ") {
			t.Errorf("%s: got %#v, want a fault of %s", tt.body, err, tt.path)
		}
	}
}

func TestOtherOperationsAreUnsupported(t *testing.T) {
	c := conversion()
	c.Op = ai.Embed
	if _, err := New().RequestFromHub(c, []byte(`{}`)); ai.AsError(err).Kind != ai.Unsupported {
		t.Errorf("got %v", err)
	}
}

func TestRequestToHub(t *testing.T) {
	tests := []struct {
		name, body       string
		strict, extended string // "" is the same as strict
		lost             []string
	}{
		{"the least", `{"model":"m","max_tokens":5,` + hello + `}`, `{"model":"m","max_completion_tokens":5,` + hello + `}`, "", nil},
		{
			"parameters",
			`{"model":"m","max_tokens":5,"system":"s","temperature":0.5,"top_p":0.9,"stop_sequences":["a"],"stream":true,"metadata":{"user_id":"u"},"service_tier":"standard_only",` + hello + `}`,
			`{"model":"m","max_completion_tokens":5,"temperature":0.5,"top_p":0.9,"stop":["a"],"stream":true,"stream_options":{"include_usage":true},"user":"u","service_tier":"default","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}]}`, "", nil,
		},
		{
			"what only Anthropic has",
			`{"model":"m","top_k":4,"thinking":{"type":"enabled","budget_tokens":1024},"cache_control":{"type":"ephemeral"},"container":"c",` + hello + `}`,
			`{"model":"m",` + hello + `}`,
			`{"model":"m","top_k":4,"thinking":{"type":"enabled","budget_tokens":1024},"cache_control":{"type":"ephemeral"},"container":"c",` + hello + `}`,
			[]string{"top_k", "thinking", "cache_control", "container"},
		},
		{
			"system blocks",
			`{"model":"m","system":[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral"}}],` + hello + `}`,
			`{"model":"m","messages":[{"role":"system","content":"a\nb"},{"role":"user","content":"hi"}]}`,
			`{"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral"}}]},{"role":"user","content":"hi"}]}`,
			[]string{"system[1].cache_control"},
		},
		{
			"images and documents",
			`{"model":"m","messages":[{"role":"user","content":[
				{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}},
				{"type":"image","source":{"type":"url","url":"https://x"}},
				{"type":"image","source":{"type":"file","file_id":"f"}},
				{"type":"document","title":"t","source":{"type":"base64","media_type":"application/pdf","data":"BB"},"citations":{"enabled":true}},
				{"type":"document","source":{"type":"text","media_type":"text/plain","data":"hi"}},
				{"type":"document","source":{"type":"url","url":"https://d"}}]}]}`,
			`{"model":"m","messages":[{"role":"user","content":[
				{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},
				{"type":"image_url","image_url":{"url":"https://x"}},
				{"type":"file","file":{"filename":"t","file_data":"data:application/pdf;base64,BB"}},
				{"type":"text","text":"hi"}]}]}`,
			`{"model":"m","messages":[{"role":"user","content":[
				{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},
				{"type":"image_url","image_url":{"url":"https://x"}},
				{"type":"file","file":{"filename":"t","file_data":"data:application/pdf;base64,BB"}},
				{"type":"file","file":{"file_data":"data:text/plain;base64,aGk="}},
				{"type":"file","file":{"file_url":"https://d"}}]}]}`,
			[]string{"messages[0].content[2]", "messages[0].content[3].citations", "messages[0].content[5]"},
		},
		{
			"calls and results",
			`{"model":"m","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"a"},{"type":"text","text":"b"},
				{"type":"tool_use","id":"c1","name":"f","input":{"n":1.0,"s":"\"q\""},"cache_control":{"type":"ephemeral"}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","is_error":true,"content":[{"type":"text","text":"r"},{"type":"image","source":{"type":"url","url":"https://i"}}]},{"type":"text","text":"next"}]}]}`,
			`{"model":"m","messages":[{"role":"assistant","content":"ab","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"n\":1.0,\"s\":\"\\\"q\\\"\"}"}}]},
				{"role":"tool","tool_call_id":"c1","content":"r"},
				{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://i"}},{"type":"text","text":"next"}]}]}`,
			`{"model":"m","messages":[{"role":"assistant","content":"ab","content_blocks":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"a"},{"type":"text","text":"b"}],"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"n\":1.0,\"s\":\"\\\"q\\\"\"}"},"cache_control":{"type":"ephemeral"}}]},
				{"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"r"},{"type":"image_url","image_url":{"url":"https://i"}}],"is_error":true},
				{"role":"user","content":"next"}]}`,
			[]string{"messages[0].content[0]", "messages[0].content[3].cache_control", "messages[1].content[0].is_error"},
		},
		{
			"tools",
			`{"model":"m","tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}},{"type":"web_search_20250305","name":"web_search","max_uses":1}],"tool_choice":{"type":"any","disable_parallel_tool_use":true},` + hello + `}`,
			`{"model":"m","tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}],"tool_choice":"required","parallel_tool_calls":false,` + hello + `}`,
			`{"model":"m","tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}},"cache_control":{"type":"ephemeral"}},{"type":"web_search","web_search":{"name":"web_search_20250305","max_uses":1}}],"tool_choice":"required","parallel_tool_calls":false,` + hello + `}`,
			[]string{"tools[0].cache_control", "tools[1]"},
		},
		{
			"only tools that Anthropic runs",
			`{"model":"m","tools":[{"type":"bash_20250124","name":"bash"}],"tool_choice":{"type":"auto"},` + hello + `}`,
			`{"model":"m",` + hello + `}`,
			`{"model":"m","tools":[{"type":"bash","bash":{"name":"bash_20250124"}}],"tool_choice":"auto",` + hello + `}`,
			[]string{"tools[0]"},
		},
		{
			"output", `{"model":"m","output_config":{"effort":"medium","format":{"type":"json_schema","schema":{"type":"object"}}},` + hello + `}`,
			`{"model":"m","reasoning_effort":"medium","response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object"}}},` + hello + `}`, "", nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := strict()
			got, err := New().RequestToHub(c, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "strict", []byte(tt.strict), got)
			if diff := cmp.Diff(tt.lost, paths(c)); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
			if tt.extended == "" {
				tt.extended = tt.strict
			}
			if got, err = New().RequestToHub(conversion(), []byte(tt.body)); err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "extended", []byte(tt.extended), got)
		})
	}
}

func BenchmarkRequestFromHub(b *testing.B) {
	turn := `{"role":"user","content":"` + strings.Repeat("The quick brown fox jumps over the lazy dog.\\n", 20) + `"},`
	hub := []byte(`{"model":"m","messages":[{"role":"system","content":"be brief"},` + strings.Repeat(turn, 9) + `{"role":"user","content":"go"}],"temperature":0.5}`)
	b.SetBytes(int64(len(hub)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New().RequestFromHub(conversion(), hub); err != nil {
			b.Fatal(err)
		}
	}
}
