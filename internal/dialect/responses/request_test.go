package responses

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
)

// Requests to the hub and what of them is lost; strict unless it says otherwise.
var toHubCases = []struct {
	name, in, want string
	extended       bool
	lost           []string
}{
	{name: "a string", in: `{"model":"m","input":"hi"}`, want: `{"model":"m","messages":[{"role":"user","content":"hi"}]}`},
	{
		name: "instructions and roles",
		in: `{"model":"m","instructions":"be brief","input":[{"role":"developer","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},
			{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]},{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"ho","annotations":[]},{"type":"refusal","refusal":"no"}]}]}`,
		want: `{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"system","content":"a\nb"},{"role":"user","content":"hi"},{"role":"assistant","content":"ho","refusal":"no"}]}`,
	},
	{
		name: "calls side by side and their results",
		in: `{"model":"m","input":[{"role":"user","content":"?"},{"type":"message","role":"assistant","content":"let me see"},
			{"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\": 1}","status":"completed"},{"type":"custom_tool_call","call_id":"c2","name":"g","input":"free"},
			{"type":"function_call_output","call_id":"c1","output":"one"},{"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"two"}]},{"role":"user","content":"and?"}]}`,
		want: `{"model":"m","messages":[{"role":"user","content":"?"},{"role":"assistant","content":"let me see","tool_calls":[
			{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}},{"id":"c2","type":"custom","custom":{"name":"g","input":"free"}}]},
			{"role":"tool","tool_call_id":"c1","content":"one"},{"role":"tool","tool_call_id":"c2","content":"two"},{"role":"user","content":"and?"}]}`,
	},
	{
		name: "media",
		in: `{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"see"},{"type":"input_image","image_url":"https://x/y.png","detail":"high"},{"type":"input_image","image_url":"data:image/png;base64,AA","detail":"original"},
			{"type":"input_image","file_id":"file-1"},{"type":"input_file","file_data":"data:application/pdf;base64,AA"},{"type":"input_file","file_id":"file-2","filename":"n"},{"type":"input_file","file_url":"https://x/y.pdf"},
			{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}]}]}`,
		want: `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"high"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},
			{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,AA"}},{"type":"file","file":{"filename":"n","file_id":"file-2"}},{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}]}]}`,
		lost: []string{"input[0].content[2].detail", "input[0].content[3]", "input[0].content[6]"},
	},
	{
		name: "images of results follow them",
		in: `{"model":"m","input":[{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call","call_id":"c2","name":"f","arguments":"{}"},
			{"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"https://x/1"}]},{"type":"function_call_output","call_id":"c2","output":[{"type":"input_image","image_url":"https://x/2"}]}]}`,
		want: `{"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"c1","content":"a"},{"role":"tool","tool_call_id":"c2","content":""},
			{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/1"}},{"type":"image_url","image_url":{"url":"https://x/2"}}]}]}`,
	},
	{
		name:     "reasoning that only its provider can read",
		in:       `{"model":"m","input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"gAAA"},{"type":"reasoning","id":"rs_2","summary":[]},{"role":"assistant","content":"x"}]}`,
		want:     `{"model":"m","messages":[{"role":"assistant","content":"x"}]}`,
		extended: true, lost: []string{"input[0]"},
	},
	{
		name: "reasoning of a provider behind the hub",
		in: `{"model":"m","input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"thinking:sig"},{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"redacted_thinking:data"},
			{"role":"assistant","content":"x"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}`,
		want: `{"model":"m","messages":[{"role":"assistant","content":"x","content_blocks":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"data"},{"type":"text","text":"x"}],
			"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]}`,
		extended: true,
	},
	{
		name: "items of tools that the provider ran",
		in:   `{"model":"m","input":[{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},{"type":"mcp_list_tools","id":"m"},{"role":"user","content":"hi"}]}`,
		want: `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, lost: []string{"input[0]", "input[1]"},
	},
	{
		name: "tools",
		in: `{"model":"m","input":"hi","tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true},{"type":"custom","name":"g","description":"e","format":{"type":"grammar","syntax":"lark","definition":"s"}},
			{"type":"web_search_preview","search_context_size":"low","user_location":{"type":"approximate","city":"Bern"},"filters":{"allowed_domains":["a.example"]}},{"type":"code_interpreter","container":{"type":"auto"}},{"type":"file_search","vector_store_ids":["v"]}],
			"tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false}`,
		want: `{"model":"m","messages":[{"role":"user","content":"hi"}],"web_search_options":{"search_context_size":"low","user_location":{"type":"approximate","approximate":{"city":"Bern"}}},
			"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"custom","custom":{"name":"g","description":"e","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"s"}}}}],
			"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false}`,
		lost: []string{"tools[2].filters.allowed_domains", "tools[3]", "tools[4]"},
	},
	{
		name: "a choice among some tools",
		in:   `{"model":"m","input":"hi","tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"},{"type":"image_generation"}]}}`,
		want: `{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{}}}}],
			"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}}]}}}`,
		lost: []string{"tool_choice.tools[1]"},
	},
	{
		name: "no tools are left",
		in:   `{"model":"m","input":"hi","tools":[{"type":"mcp","server_label":"s"}],"tool_choice":"required","parallel_tool_calls":true}`,
		want: `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, lost: []string{"tools[0]", "tool_choice"},
	},
	{
		name: "parameters",
		in: `{"model":"m","input":"hi","stream":true,"max_output_tokens":5,"temperature":0.5,"top_p":0.25,"reasoning":{"effort":"low","summary":"auto"},"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true},"verbosity":"low"},
			"include":["reasoning.encrypted_content","message.output_text.logprobs","file_search_call.results"],"top_logprobs":2,"metadata":{"k":"v"},"store":true,"truncation":"auto","service_tier":"flex","user":"u","safety_identifier":"s","prompt_cache_key":"p",
			"background":true,"max_tool_calls":3,"stream_options":{"include_obfuscation":false},"seed":1}`,
		want: `{"model":"m","messages":[{"role":"user","content":"hi"}],"max_completion_tokens":5,"temperature":0.5,"top_p":0.25,"stream":true,"user":"u","safety_identifier":"s","prompt_cache_key":"p","service_tier":"flex","reasoning_effort":"low",
			"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}},"verbosity":"low","logprobs":true,"top_logprobs":2}`,
		lost: []string{"reasoning.summary", "include[2]", "metadata", "store", "truncation", "background", "max_tool_calls", "seed"},
	},
	{
		name:     "unknown parameters between two other formats",
		in:       `{"model":"m","input":"hi","thinking":{"type":"enabled"},"metadata":{"user_id":"u"},"store":false,"truncation":"disabled","text":{"format":{"type":"text"}}}`,
		want:     `{"model":"m","messages":[{"role":"user","content":"hi"}],"metadata":{"user_id":"u"},"thinking":{"type":"enabled"}}`,
		extended: true,
	},
}

func TestRequestToHub(t *testing.T) {
	for _, test := range toHubCases {
		t.Run(test.name, func(t *testing.T) {
			c := strict()
			c.Strict = !test.extended
			got, err := New().RequestToHub(c, []byte(test.in))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "the hub's request", []byte(test.want), got)
			if diff := cmp.Diff(test.lost, paths(c)); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	for param, body := range map[string]string{
		"previous_response_id":          `{"model":"m","input":"hi","previous_response_id":"resp_1"}`,
		"conversation":                  `{"model":"m","input":"hi","conversation":"conv_1"}`,
		"prompt":                        `{"model":"m","prompt":{"id":"pmpt_1"}}`,
		"instructions":                  `{"model":"m","input":"hi","instructions":[]  ,"instructions":[{"role":"user"}]}`,
		"input":                         `{"model":"m","input":5}`,
		"input[0]":                      `{"model":"m","input":[{"type":"item_reference","id":"msg_1"}]}`,
		"input[0].type":                 `{"model":"m","input":[{}]}`,
		"input[0].role":                 `{"model":"m","input":[{"role":"tool","content":"x"}]}`,
		"input[0].content":              `{"model":"m","input":[{"role":"user"}]}`,
		"input[0].call_id":              `{"model":"m","input":[{"type":"function_call_output","output":"x"}]}`,
		"input[0].output":               `{"model":"m","input":[{"type":"function_call_output","call_id":"c"}]}`,
		"input[1].name":                 `{"model":"m","input":[{"role":"user","content":"x"},{"type":"function_call","call_id":"c"}]}`,
		"input[0].content[0].image_url": `{"model":"m","input":[{"role":"user","content":[{"type":"input_image"}]}]}`,
		"input[0].content[0]":           `{"model":"m","input":[{"role":"user","content":[{"type":"input_file"}]}]}`,
		"tools[0].name":                 `{"model":"m","input":"hi","tools":[{"type":"function"}]}`,
		"tool_choice.name":              `{"model":"m","input":"hi","tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function"}}`,
	} {
		_, err := New().RequestToHub(strict(), []byte(body))
		if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid || e.Param != param || !strings.Contains(e.Message, param) {
			t.Errorf("%s: got %v", param, err)
		}
	}
	c := strict()
	c.Op = ai.GetResponse
	if _, err := New().RequestToHub(c, []byte(`{}`)); ai.AsError(err).Kind != ai.Unsupported {
		t.Errorf("an operation that makes no response: %v", err)
	}
}

// Requests from the hub, and what of them is lost.
func TestRequestFromHub(t *testing.T) {
	for _, test := range []struct {
		name, in, want string
		lost           []string
	}{
		{
			name: "a conversation",
			in: `{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"https://x/y"}},{"type":"file","file":{"file_id":"f"}},{"type":"input_audio","input_audio":{"data":"AA"}}]},
				{"role":"assistant","content":"ho","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"c2","type":"custom","custom":{"name":"g","input":"x"}}]},
				{"role":"tool","tool_call_id":"c1","content":"1"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"2"}]}]}`,
			want: `{"model":"m","input":[{"type":"message","role":"system","content":"s"},{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"},{"type":"input_image","image_url":"https://x/y","detail":"auto"},{"type":"input_file","file_id":"f"}]},
				{"type":"message","role":"assistant","content":"ho"},{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"custom_tool_call","call_id":"c2","name":"g","input":"x"},
				{"type":"function_call_output","call_id":"c1","output":"1"},{"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"2"}]}],"store":false}`,
			lost: []string{"messages[1].content[3]"},
		},
		{
			name: "reasoning comes back to who has sealed it",
			in:   `{"model":"m","messages":[{"role":"assistant","content":"ho","content_blocks":[{"type":"thinking","thinking":"hm","signature":"reasoning:rs_1 gAAA"},{"type":"thinking","thinking":"x","signature":"another's"},{"type":"text","text":"ho"}]}],"reasoning_effort":"low"}`,
			want: `{"model":"m","input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"gAAA"},{"type":"message","role":"assistant","content":"ho"}],
				"reasoning":{"effort":"low"},"include":["reasoning.encrypted_content"],"store":false}`,
			lost: []string{"messages[0].content_blocks[1]"},
		},
		{
			name: "the older form of functions",
			in:   `{"model":"m","messages":[{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"1"}],"functions":[{"name":"f","parameters":{}}],"function_call":{"name":"f"}}`,
			want: `{"model":"m","input":[{"type":"function_call","call_id":"call_f","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"call_f","output":"1"}],"tools":[{"type":"function","name":"f","parameters":{},"strict":false}],"tool_choice":{"type":"function","name":"f"},"store":false}`,
		},
		{
			name: "parameters",
			in:   `{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":5,"stop":["x"],"n":1,"seed":3,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}},"web_search_options":{"user_location":{"type":"approximate","approximate":{"city":"Bern"}}},"store":true,"stream_options":{"include_usage":true}}`,
			want: `{"model":"m","input":[{"type":"message","role":"user","content":"hi"}],"max_output_tokens":5,"tools":[{"type":"web_search","user_location":{"type":"approximate","city":"Bern"}}],"text":{"format":{"type":"json_schema","name":"n","schema":{}}},"store":true}`,
			lost: []string{"seed", "stop"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := conversion()
			got, err := New().RequestFromHub(c, []byte(test.in))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "the request", []byte(test.want), got)
			lost := paths(c)
			slices.Sort(lost)
			if diff := cmp.Diff(test.lost, lost); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}
