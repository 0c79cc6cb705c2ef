package bedrock

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
)

func equalJSON(t *testing.T, name, want string, got []byte) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatalf("%s: %v in %s", name, err, want)
	}
	if err := json.Unmarshal(got, &b); err != nil {
		t.Fatalf("%s: %v in %s", name, err, got)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// receipts are the paths of what was dropped.
func receipts(c *dialect.Conversion) string {
	var paths []string
	for _, r := range c.Receipts {
		paths = append(paths, r.Path)
	}
	return strings.Join(paths, " ")
}

const hello = `"messages":[{"role":"user","content":"Hi"}]`
const helloOut = `"messages":[{"role":"user","content":[{"text":"Hi"}]}]`

func TestRequests(t *testing.T) {
	const nova, gpt, profile = "amazon.nova-pro-v1:0", "openai.gpt-oss-120b-1:0", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"
	const opus = "global.anthropic.claude-opus-4-6-v1"
	for _, c := range []struct{ name, model, in, want, lost string }{
		{"plain", "", `{"model":"x",` + hello + `,"stream":true,"stream_options":{"include_usage":true},"n":1,"store":false}`, `{` + helloOut + `}`, ""},
		{"parameters", "", `{` + hello + `,"max_tokens":5,"max_completion_tokens":7,"temperature":1.5,"top_p":0.5,"stop":"x"}`,
			`{` + helloOut + `,"inferenceConfig":{"maxTokens":7,"temperature":1,"topP":0.5,"stopSequences":["x"]}}`, "temperature"},
		{"what is not there", "", `{` + hello + `,"seed":1,"logit_bias":{"1":1},"frequency_penalty":0,"presence_penalty":1}`, `{` + helloOut + `}`, "seed logit_bias presence_penalty"},
		{"system", "", `{"messages":[{"role":"system","content":"a"},{"role":"user","content":"b"},{"role":"developer","content":[{"type":"text","text":"c","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}`,
			`{"messages":[{"role":"user","content":[{"text":"b"}]}],"system":[{"text":"a"},{"text":"c"},{"cachePoint":{"type":"default","ttl":"1h"}}]}`, ""},
		{"turns that are merged", "", `{"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"},{"type":"text","text":""}]},{"role":"assistant","content":"c"},{"role":"assistant","content":"d"}]}`,
			`{"messages":[{"role":"user","content":[{"text":"a"},{"text":"b"}]},{"role":"assistant","content":[{"text":"c"},{"text":"d"}]}]}`, ""},
		{"a turn that says nothing", "", `{"messages":[{"role":"user","content":""}]}`, `{"messages":[{"role":"user","content":[{"text":"."}]}]}`, ""},
		{"an answer that says nothing", "", `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":""},{"role":"user","content":"b"}]}`,
			`{"messages":[{"role":"user","content":[{"text":"a"},{"text":"b"}]}]}`, ""},
		{"a result that says nothing", "", `{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":""}],"tools":[{"function":{"name":"f"}}]}`,
			`{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"f","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[]}}]}],` +
				`"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}`, ""},
		{"image", "", `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/jpg;base64,QUJD"}},{"type":"image_url","image_url":"s3://bucket/a.png"}]}]}`,
			`{"messages":[{"role":"user","content":[{"image":{"format":"jpeg","source":{"bytes":"QUJD"}}},{"image":{"format":"png","source":{"s3Location":{"uri":"s3://bucket/a.png"}}}}]}]}`, ""},
		{"documents", "", `{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"my_report.v1.pdf","file_data":"QUJD"}},{"type":"file","file":{"filename":"my_report.v1.pdf","file_data":"data:application/pdf;base64,QUJD"}},` +
			`{"type":"file","file":{"file_url":"s3://b/x.csv"}},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"hi"},"title":"T"}]}]}`,
			`{"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"my-report-v1","source":{"bytes":"QUJD"}}},{"document":{"format":"pdf","name":"my-report-v1-2","source":{"bytes":"QUJD"}}},` +
				`{"document":{"format":"csv","name":"document","source":{"s3Location":{"uri":"s3://b/x.csv"}}}},{"document":{"format":"txt","name":"T","source":{"bytes":"aGk="}}},{"text":"."}]}]}`, ""},
		{"video and audio", "", `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:video/mp4;base64,QUJD"}},{"type":"video_url","video_url":{"url":"s3://b/v.mov"}},{"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}},{"type":"text","text":"x"}]}]}`,
			`{"messages":[{"role":"user","content":[{"video":{"format":"mp4","source":{"bytes":"QUJD"}}},{"video":{"format":"mov","source":{"s3Location":{"uri":"s3://b/v.mov"}}}},{"audio":{"format":"wav","source":{"bytes":"QUJD"}}},{"text":"x"}]}]}`, ""},
		{"tools", "", `{` + hello + `,"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true},"cache_control":{"type":"ephemeral"}},{"name":"g","input_schema":{"type":"object"}},{"type":"custom","custom":{}}],"tool_choice":"required"}`,
			`{` + helloOut + `,"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object"}},"strict":true}},{"cachePoint":{"type":"default"}},{"toolSpec":{"name":"g","inputSchema":{"json":{"type":"object"}}}}],"toolChoice":{"any":{}}}}`, "tools[2]"},
		{"a chosen tool", "", `{` + hello + `,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}}}`,
			`{` + helloOut + `,"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"tool":{"name":"f"}}}}`, ""},
		{"no tool", "", `{` + hello + `,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"none"}`, `{` + helloOut + `}`, ""},
		{"one tool at a time", "", `{` + hello + `,"tools":[{"type":"function","function":{"name":"f"}}],"parallel_tool_calls":false}`,
			`{` + helloOut + `,"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}]},"additionalModelRequestFields":{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}}`, ""},
		{"one tool at a time for Nova", nova, `{` + hello + `,"tools":[{"type":"function","function":{"name":"f"},"cache_control":{"type":"ephemeral"}}],"parallel_tool_calls":false,"tool_choice":"auto"}`,
			`{` + helloOut + `,"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"auto":{}}}}`, "tools[0].function.cache_control parallel_tool_calls"},
		{"definitions for Nova", nova, `{` + hello + `,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","$defs":{"p":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/p"}}}}}]}`,
			`{` + helloOut + `,"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{"a":{"type":"string"}}}}}}]}}`, ""},
		{"tools of the past", "", `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":""}}]},{"role":"tool","tool_call_id":"1","content":"r"}]}`,
			`{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"f","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"text":"r"}]}}]}],` +
				`"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}`, ""},
		{"results", "", `{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"a b","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"2","function":{"name":"g","arguments":"{}"}}]},` +
			`{"role":"tool","tool_call_id":"a b","content":"no","is_error":true},{"role":"tool","tool_call_id":"2","content":[{"type":"text","text":"yes","cache_control":{"type":"ephemeral"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,QQ=="}}]},{"role":"user","content":"go on"}],"tools":[{"function":{"name":"f"}}]}`,
			`{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a_b","name":"f","input":{"x":1}}},{"toolUse":{"toolUseId":"2","name":"g","input":{}}}]},` +
				`{"role":"user","content":[{"toolResult":{"toolUseId":"a_b","content":[{"text":"no"}],"status":"error"}},{"toolResult":{"toolUseId":"2","content":[{"text":"yes"},{"image":{"format":"png","source":{"bytes":"QQ=="}}}]}},{"cachePoint":{"type":"default"}},{"text":"go on"}]}],` +
				`"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}`, ""},
		{"the older form", "", `{"messages":[{"role":"user","content":"a"},{"role":"assistant","function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"r"}],"functions":[{"name":"f"}],"function_call":{"name":"f"}}`,
			`{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"call_f","name":"f","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"call_f","content":[{"text":"r"}]}}]}],` +
				`"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"tool":{"name":"f"}}}}`, ""},
		{"thinking", "", `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"c","content_blocks":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"ZZ=="},{"type":"thinking","thinking":"u","signature":""},{"type":"text","text":"c"}]},{"role":"user","content":"b"}],"thinking":{"type":"enabled","budget_tokens":2000},"temperature":0.2}`,
			`{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"t","signature":"s"}}},{"reasoningContent":{"redactedContent":"ZZ=="}},{"text":"c"}]},{"role":"user","content":[{"text":"b"}]}],` +
				`"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}}}`, "messages[1].content_blocks[2] temperature"},
		{"effort by budget", "", `{` + hello + `,"reasoning_effort":"medium","max_tokens":4096}`, `{` + helloOut + `,"inferenceConfig":{"maxTokens":4096},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":4095}}}`, ""},
		{"effort without a limit", "", `{` + hello + `,"reasoning_effort":"low"}`, `{` + helloOut + `,"inferenceConfig":{"maxTokens":9216},"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":1024}}}`, ""},
		{"effort with little room", "", `{` + hello + `,"reasoning_effort":"low","max_tokens":100}`, `{` + helloOut + `,"inferenceConfig":{"maxTokens":100}}`, "reasoning_effort"},
		{"effort of newer models", opus, `{` + hello + `,"reasoning_effort":"minimal"}`, `{` + helloOut + `,"outputConfig":{"effort":"low"},"additionalModelRequestFields":{"thinking":{"type":"adaptive"}}}`, ""},
		{"effort and a forced tool", opus, `{` + hello + `,"reasoning_effort":"high","tools":[{"function":{"name":"f"}}],"tool_choice":"required"}`,
			`{` + helloOut + `,"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"any":{}}},"outputConfig":{"effort":"high"}}`, "reasoning_effort"},
		{"effort of a model that does not think", "anthropic.claude-3-haiku-20240307-v1:0", `{` + hello + `,"reasoning_effort":"high"}`, `{` + helloOut + `}`, "reasoning_effort"},
		{"effort of OpenAI's models", gpt, `{` + hello + `,"reasoning_effort":"high","top_k":1}`, `{` + helloOut + `,"additionalModelRequestFields":{"reasoning_effort":"high"}}`, "top_k"},
		{"effort of Nova", "us.amazon.nova-2-lite-v1:0", `{` + hello + `,"reasoning_effort":"xhigh","top_k":3}`,
			`{` + helloOut + `,"additionalModelRequestFields":{"inferenceConfig":{"topK":3},"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}}`, ""},
		{"effort of who knows what", profile, `{` + hello + `,"reasoning_effort":"high"}`, `{` + helloOut + `,"outputConfig":{"effort":"high"}}`, ""},
		{"effort of others", "meta.llama3-70b-instruct-v1:0", `{` + hello + `,"reasoning_effort":"high"}`, `{` + helloOut + `}`, "reasoning_effort"},
		{"thinking of others", nova, `{` + hello + `,"thinking":{"type":"enabled","budget_tokens":2000},"temperature":0.5}`, `{` + helloOut + `,"inferenceConfig":{"temperature":0.5}}`, "thinking"},
		{"no thinking of others", nova, `{` + hello + `,"thinking":{"type":"disabled"}}`, `{` + helloOut + `}`, ""},
		{"no effort", "", `{` + hello + `,"reasoning_effort":"none"}`, `{` + helloOut + `}`, ""},
		{"a schema of the answer", "", `{` + hello + `,"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"type":"object","properties":{"a":{"type":"string"}}}}}}`,
			`{` + helloOut + `,"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"additionalProperties\":false}","name":"n","description":"d"}}}}}`, ""},
		{"JSON mode", "", `{` + hello + `,"response_format":{"type":"json_object"}}`, `{` + helloOut + `}`, "response_format"},
		{"Converse's own", "", `{` + hello + `,"guardrail_config":{"guardrailIdentifier":"g"},"performanceConfig":{"latency":"optimized"},"additional_model_request_fields":{"top_k":7,"x":1},"top_k":3,"additional_model_response_field_paths":["/a"],"service_tier":"flex","anthropic_beta":["b"],` +
			`"user":"u","metadata":{"a":"b c","no?":"x","n":1}}`,
			`{` + helloOut + `,"guardrailConfig":{"guardrailIdentifier":"g"},"performanceConfig":{"latency":"optimized"},"additionalModelResponseFieldPaths":["/a"],"serviceTier":{"type":"flex"},"requestMetadata":{"a":"b c"},` +
				`"additionalModelRequestFields":{"top_k":7,"x":1,"anthropic_beta":["b"],"metadata":{"user_id":"u"}}}`, "metadata.no? metadata.n"},
		{"user of others", nova, `{` + hello + `,"user":"u","service_tier":"batch"}`, `{` + helloOut + `}`, "user service_tier"},
		{"cache of it all", "", `{` + hello + `,"cache_control":{"type":"ephemeral"}}`, `{"messages":[{"role":"user","content":[{"text":"Hi"},{"cachePoint":{"type":"default"}}]}]}`, ""},
		{"a search result", "", `{"messages":[{"role":"user","content":[{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"x"}],"citations":{"enabled":true}},{"type":"text","text":"y"}]}]}`,
			`{"messages":[{"role":"user","content":[{"searchResult":{"source":"s","title":"t","content":[{"text":"x"}],"citations":{"enabled":true}}},{"text":"y"}]}]}`, ""},
		{"a block of Converse's", "", `{"messages":[{"role":"user","content":[{"type":"converse_block","converse_block":{"guardContent":{"text":{"text":"x"}}}}]}]}`, `{"messages":[{"role":"user","content":[{"guardContent":{"text":{"text":"x"}}}]}]}`, ""},
	} {
		cv := conversion()
		if c.model != "" {
			cv.Model = c.model
		}
		got, err := New().RequestFromHub(cv, []byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		equalJSON(t, c.name, c.want, got)
		if receipts(cv) != c.lost {
			t.Errorf("%s: receipts %q, want %q", c.name, receipts(cv), c.lost)
		}
	}
}

func TestRequestsThatCannotBe(t *testing.T) {
	user := func(part string) string { return `{"messages":[{"role":"user","content":[` + part + `]}]}` }
	for _, c := range []struct{ in, param, message string }{
		{`{}`, "messages", "array"},
		{`{"messages":[{"role":"king","content":"x"}]}`, "messages[0].role", "none of"},
		{user(`{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}`), "messages[0].content[0]", "fetches nothing from the web"},
		{user(`{"type":"text","text":"x"},{"type":"file","file":{"file_url":"https://example.com/a.pdf"}}`), "messages[0].content[1]", "fetches nothing"},
		{user(`{"type":"file","file":{"file_id":"file-1"}}`), "messages[0].content[0]", "has no files"},
		{user(`{"type":"image_url","image_url":{"url":"data:image/tiff;base64,QQ=="}}`), "messages[0].content[0]", "png, jpeg"},
		{user(`{"type":"image_url","image_url":{"url":"data:image/png,QQ=="}}`), "messages[0].content[0]", "base64"},
		{`{"messages":[{"role":"tool","content":"x"}]}`, "messages[0].tool_call_id", "call"},
		{`{"messages":[{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{"}}]}]}`, "messages[0].tool_calls[0].function.arguments", "JSON object"},
		{`{` + hello + `,"tools":[{"function":{"name":"f"}}],"tool_choice":"perhaps"}`, "tool_choice", "none of"},
		{`{` + hello + `,"max_tokens":0}`, "max_tokens", "above 0"},
		{`{` + hello + `,"temperature":"hot"}`, "temperature", "number"},
		{`{` + hello + `,"additional_model_request_fields":[]}`, "additional_model_request_fields", "object"},
	} {
		_, err := New().RequestFromHub(conversion(), []byte(c.in))
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != c.param || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: got %+v, want a fault of %s about %q", c.in, err, c.param, c.message)
		}
	}
	for _, op := range []ai.Op{ai.Complete} {
		_, err := New().RequestFromHub(&dialect.Conversion{Op: op}, []byte(`{}`))
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Unsupported {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func TestFamilies(t *testing.T) {
	for model, want := range map[string]family{
		"anthropic.claude-v2": claude, "us.anthropic.claude-sonnet-4-5-20250929-v1:0": claude, "global.anthropic.x": claude, "apac.amazon.nova-lite-v1:0": amazon,
		"arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0":         claude,
		"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-v1:0": claude,
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/1arbu5hu2sjr":          "",
		"meta.llama3-8b-instruct-v1:0": "meta", "gpt": "",
	} {
		if got := familyOf(model); got != want {
			t.Errorf("%s: %q, want %q", model, got, want)
		}
	}
	for model, want := range map[string]thinkingStyle{
		"anthropic.claude-3-5-haiku-20241022-v1:0": thoughtless, "us.anthropic.claude-3-7-sonnet-20250219-v1:0": budgeted, "us.anthropic.claude-sonnet-4-20250514-v1:0": budgeted,
		"us.anthropic.claude-opus-4-1-20250805-v1:0": budgeted, "anthropic.claude-haiku-4-5-20251001-v1:0": budgeted, "us.anthropic.claude-sonnet-4-6": adaptive, "anthropic.claude-opus-4-6-v1": adaptive,
		"anthropic.claude-opus-4-5": budgeted,
	} {
		if got := thinkingOf(model); got != want {
			t.Errorf("%s: %v, want %v", model, got, want)
		}
	}
}

// Two documents of one name get two names, whatever they are called.
func TestDocumentNames(t *testing.T) {
	f := fromHub{}
	seen := map[string]bool{}
	for i, name := range []string{"", "a.pdf", "a.pdf", "a-2.pdf", "a.pdf", "ä/ü.txt", "  x   y .md", strings.Repeat("n", 300), "x"} {
		got := f.documentName(name)
		if seen[got] || got == "" || len(got) > 200 || strings.Contains(got, "  ") || strings.ContainsAny(got, "_./") {
			t.Errorf("%d: %q became %q", i, name, got)
		}
		seen[got] = true
	}
}

func TestEmbeddings(t *testing.T) {
	for _, c := range []struct{ model, in, want, lost string }{
		{"amazon.titan-embed-text-v2:0", `{"model":"m","input":"a","dimensions":256,"encoding_format":"base64"}`, `{"inputText":"a","dimensions":256}`, ""},
		{"amazon.titan-embed-text-v1", `{"input":["a"],"dimensions":256,"user":"u"}`, `{"inputText":"a"}`, "dimensions user"},
		{"us.amazon.titan-embed-image-v1", `{"input":[{"text":"a","image":{"base64":"QUJD"}}],"dimensions":384}`, `{"inputText":"a","inputImage":"QUJD","embeddingConfig":{"outputEmbeddingLength":384}}`, ""},
		{"cohere.embed-english-v3", `{"input":["a","b"]}`, `{"texts":["a","b"],"input_type":"search_document"}`, ""},
		{"cohere.embed-v4:0", `{"input":"q","input_type":"search_query","truncate":"END","dimensions":512}`, `{"texts":["q"],"input_type":"search_query","output_dimension":512,"truncate":"END"}`, ""},
		{"cohere.embed-v4:0", `{"input":[{"image_url":{"url":"data:image/png;base64,QQ=="}}]}`, `{"images":["data:image/png;base64,QQ=="],"input_type":"image"}`, ""},
	} {
		cv := &dialect.Conversion{Op: ai.Embed, Model: c.model}
		got, err := New().RequestFromHub(cv, []byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.model, err)
			continue
		}
		equalJSON(t, c.model, c.want, got)
		if receipts(cv) != c.lost {
			t.Errorf("%s: receipts %q, want %q", c.model, receipts(cv), c.lost)
		}
	}
	for in, param := range map[string]string{
		`{"input":["a","b"]}`: "input", `{"input":[1,2]}`: "input", `{"input":[]}`: "input", `{}`: "input", `{"input":[{}]}`: "input",
	} {
		_, err := New().RequestFromHub(&dialect.Conversion{Op: ai.Embed, Model: "amazon.titan-embed-text-v2:0"}, []byte(in))
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Param != param {
			t.Errorf("%s: %v", in, err)
		}
	}
	if _, err := New().RequestFromHub(&dialect.Conversion{Op: ai.Embed, Model: "meta.llama"}, []byte(`{"input":"a"}`)); err == nil {
		t.Error("a model that does not embed is asked to")
	}
	for _, c := range []struct {
		in     string
		base64 bool
		want   string
		usage  ai.Usage
	}{
		{`{"embedding":[0.5,-1],"embeddingsByType":{"float":[0.5,-1]},"inputTextTokenCount":3}`, false,
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5,-1]}],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}`, ai.Usage{Known: true, InputTokens: 3}},
		{`{"embeddings":[[1],[2]],"id":"x"}`, true,
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPw=="},{"object":"embedding","index":1,"embedding":"AAAAQA=="}],"model":"m","usage":{"prompt_tokens":0,"total_tokens":0}}`, ai.Usage{}},
		{`{"embeddings":{"int8":[[1]],"float":[[0.25]]}}`, false,
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25]}],"model":"m","usage":{"prompt_tokens":0,"total_tokens":0}}`, ai.Usage{}},
	} {
		got, err := New().ReplyToHub(&dialect.Conversion{Op: ai.Embed, Model: "m", Base64: c.base64}, []byte(c.in))
		if err != nil {
			t.Error(err)
			continue
		}
		equalJSON(t, c.in, c.want, got)
		if u := New().Usage(ai.Embed, []byte(c.in)); u != c.usage {
			t.Errorf("%s: usage %+v", c.in, u)
		}
	}
}

func TestModels(t *testing.T) {
	const in = `{"modelSummaries":[{"modelArn":"arn:x","modelId":"amazon.nova-lite-v1:0","modelName":"Nova Lite","providerName":"Amazon","inputModalities":["TEXT"]},{"modelId":"zai.glm"}]}`
	for strict, want := range map[bool]string{
		true: `{"object":"list","data":[{"id":"amazon.nova-lite-v1:0","object":"model","created":0,"owned_by":"Amazon"},{"id":"zai.glm","object":"model","created":0,"owned_by":"zai"}]}`,
		false: `{"object":"list","data":[{"id":"amazon.nova-lite-v1:0","object":"model","created":0,"owned_by":"Amazon","modelArn":"arn:x","modelName":"Nova Lite","inputModalities":["TEXT"]},
			{"id":"zai.glm","object":"model","created":0,"owned_by":"zai"}]}`,
	} {
		got, err := New().ReplyToHub(&dialect.Conversion{Op: ai.Models, Strict: strict}, []byte(in))
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, fmt.Sprint("strict ", strict), want, got)
	}
	if _, err := New().ReplyToHub(&dialect.Conversion{Op: ai.Models}, []byte(`{}`)); err == nil {
		t.Error("a reply that is no list passes")
	}
}
