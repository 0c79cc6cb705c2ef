package cohere

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
)

const hi = `"messages":[{"role":"user","content":"hi"}]`

func TestRequestFromHub(t *testing.T) {
	tests := []struct {
		name, body, want string
		receipts         []string
	}{
		{"plain", `{"model":"c",` + hi + `}`, `{"model":"c",` + hi + `}`, nil},
		{"parameters",
			`{"model":"c",` + hi + `,"max_completion_tokens":5,"max_tokens":9,"stop":"x","top_p":0.5,"top_k":3,"temperature":0.2,"seed":7,"stream":true,"stream_options":{"include_usage":true},"logprobs":true,"n":1}`,
			`{"model":"c",` + hi + `,"max_tokens":5,"stop_sequences":["x"],"temperature":0.2,"p":0.5,"k":3,"stream":true,"seed":7,"logprobs":true}`, nil},
		{"scales",
			`{"model":"c",` + hi + `,"temperature":1.5,"top_p":1,"frequency_penalty":-1,"presence_penalty":2}`,
			`{"model":"c",` + hi + `,"temperature":1,"p":0.99,"frequency_penalty":0,"presence_penalty":1}`,
			[]string{"temperature", "frequency_penalty", "presence_penalty"}},
		{"lost parameters",
			`{"model":"c",` + hi + `,"user":"u","n":2,"logit_bias":{"1":2},"parallel_tool_calls":false,"metadata":{"a":"b"},"store":false,"top_logprobs":3}`,
			`{"model":"c",` + hi + `}`, []string{"user", "n", "logit_bias", "parallel_tool_calls", "metadata", "top_logprobs"}},
		{"Cohere's own",
			`{"model":"c",` + hi + `,"safety_mode":"STRICT","documents":["d"],"citation_options":{"mode":"FAST"},"k":2,"p":0.3,"priority":1,"strict_tools":true}`,
			`{"model":"c",` + hi + `,"k":2,"p":0.3,"safety_mode":"STRICT","documents":["d"],"citation_options":{"mode":"FAST"},"strict_tools":true,"priority":1}`, nil},
		{"instructions", `{"model":"c","messages":[{"role":"developer","content":"be"},{"role":"system","content":[{"type":"text","text":"brief"}],"name":"n"}]}`,
			`{"model":"c","messages":[{"role":"system","content":"be"},{"role":"system","content":[{"type":"text","text":"brief"}]}]}`, []string{"messages[1].name"}},
		{"images", `{"model":"c","messages":[{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}},{"type":"image_url","image_url":"data:image/png;base64,AA=="},{"type":"input_audio","input_audio":{}},{"type":"file","file":{"file_data":"data:text/plain;base64,aGk="}}]}]}`,
			`{"model":"c","messages":[{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},{"type":"text","text":"hi"}]}]}`,
			[]string{"messages[0].content[3]"}},
		{"efforts", `{"model":"c",` + hi + `,"reasoning_effort":"low"}`, `{"model":"c",` + hi + `,"thinking":{"type":"enabled","token_budget":1024}}`, nil},
		{"much effort", `{"model":"c",` + hi + `,"reasoning_effort":"high"}`, `{"model":"c",` + hi + `,"thinking":{"type":"enabled"}}`, nil},
		{"no effort", `{"model":"c",` + hi + `,"reasoning_effort":"none"}`, `{"model":"c",` + hi + `,"thinking":{"type":"disabled"}}`, nil},
		{"Anthropic's thinking", `{"model":"c",` + hi + `,"thinking":{"type":"enabled","budget_tokens":2000,"display":"omitted"}}`,
			`{"model":"c",` + hi + `,"thinking":{"type":"enabled","token_budget":2000}}`, []string{"thinking.display"}},
		{"json", `{"model":"c",` + hi + `,"response_format":{"type":"json_object"}}`, `{"model":"c",` + hi + `,"response_format":{"type":"json_object"}}`, nil},
		{"text", `{"model":"c",` + hi + `,"response_format":{"type":"text"}}`, `{"model":"c",` + hi + `}`, nil},
		{"a schema", `{"model":"c",` + hi + `,"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"description":"d","schema":{"type":"object","properties":{"a":{"type":"string","minLength":2,"format":"email"},"b":{"anyOf":[{"type":"integer","minimum":1},{"type":"null"}],"description":"x"},"c":{"type":"array","items":{"type":"string","format":"date"},"maxItems":3}},"required":["a"],"additionalProperties":false}}}}`,
			`{"model":"c",` + hi + `,"response_format":{"type":"json_object","json_schema":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer","description":"x"},"c":{"type":"array","items":{"type":"string","format":"date"}}},"required":["a"],"additionalProperties":false}}}`,
			[]string{"response_format.json_schema.description", "response_format.json_schema.schema.properties.a.minLength",
				"response_format.json_schema.schema.properties.a.format", "response_format.json_schema.schema.properties.b",
				"response_format.json_schema.schema.properties.b.minimum", "response_format.json_schema.schema.properties.c.maxItems"}},
		{"tools", `{"model":"c",` + hi + `,"tools":[{"type":"function","function":{"name":"a","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"function","function":{"name":"b"}},{"type":"web_search"}],"tool_choice":"required"}`,
			`{"model":"c",` + hi + `,"tools":[{"type":"function","function":{"name":"a","description":"d","parameters":{"type":"object"}}},{"type":"function","function":{"name":"b","parameters":{"type":"object","properties":{}}}}],"tool_choice":"REQUIRED","strict_tools":true}`,
			[]string{"tools[2]", "tools"}},
		{"a certain tool", `{"model":"c",` + hi + `,"tools":[{"type":"function","function":{"name":"a"}},{"type":"function","function":{"name":"b"}}],"tool_choice":{"type":"function","function":{"name":"b"}}}`,
			`{"model":"c",` + hi + `,"tools":[{"type":"function","function":{"name":"b","parameters":{"type":"object","properties":{}}}}],"tool_choice":"REQUIRED"}`,
			[]string{"tool_choice"}},
		{"no tools to choose", `{"model":"c",` + hi + `,"tool_choice":"required"}`, `{"model":"c",` + hi + `}`, []string{"tool_choice"}},
		{"functions", `{"model":"c","messages":[{"role":"assistant","content":null,"function_call":{"name":"a","arguments":""}},{"role":"function","name":"a","content":"1"}],"functions":[{"name":"a","parameters":{"type":"object"}}],"function_call":"none"}`,
			`{"model":"c","messages":[{"role":"assistant","tool_calls":[{"id":"call_a","type":"function","function":{"name":"a","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_a","content":"1"}],"tools":[{"type":"function","function":{"name":"a","parameters":{"type":"object"}}}],"tool_choice":"NONE"}`, nil},
		{"an empty call", `{"model":"c","messages":[{"role":"assistant","content":"x","function_call":{"name":"","arguments":""}}]}`,
			`{"model":"c","messages":[{"role":"assistant","content":"x"}]}`, nil},
		{"results", `{"model":"c","messages":[{"role":"tool","tool_call_id":"a","is_error":true,"content":[{"type":"text","text":"t"},{"type":"search_result","source":"https://s","title":"T","content":[{"type":"text","text":"body"}]},{"type":"text","text":"{}","document":{"data":{"x":1}}},{"type":"image_url","image_url":{"url":"u"}}]}]}`,
			`{"model":"c","messages":[{"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"t"},{"type":"document","document":{"id":"https://s","data":{"title":"T","snippet":"body"}}},{"type":"document","document":{"data":{"x":1}}}]}]}`,
			[]string{"messages[0].is_error", "messages[0].content[3]"}},
		{"an assistant's parts", `{"model":"c","messages":[{"role":"assistant","content":""},{"role":"assistant","reasoning_content":"hm","content":"so"},{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"refusal","refusal":"b"}]},{"role":"assistant","content":"x","content_blocks":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"x","citations":[{"type":"page_location"},{"cohere":{"start":0}}]},{"type":"redacted_thinking"}]}]}`,
			`{"model":"c","messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"so"}]},{"role":"assistant","content":"ab"},{"role":"assistant","content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"x"}],"citations":[{"start":0}]}]}`,
			[]string{"messages[3].content_blocks[1].citations[0]", "messages[3].content_blocks[2]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := conversion(ai.Chat)
			got, err := Format{}.RequestFromHub(c, []byte(tt.body))
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

func TestRequestRefuses(t *testing.T) {
	deep := strings.Repeat(`{"type":"object","properties":{"a":`, 70) + `{}` + strings.Repeat(`}}`, 70)
	tests := []struct {
		name, body, param string
		op                ai.Op
	}{
		{"no messages", `{}`, "messages", ai.Chat},
		{"a role", `{"messages":[{"role":"robot"}]}`, "messages[0].role", ai.Chat},
		{"content", `{"messages":[{"role":"user","content":1}]}`, "messages[0].content", ai.Chat},
		{"a part", `{"messages":[{"role":"user","content":[{"type":"text","text":1}]}]}`, "messages[0].content[0].text", ai.Chat},
		{"a result without its call", `{"messages":[{"role":"tool","content":"x"}]}`, "messages[0].tool_call_id", ai.Chat},
		{"a call without its id", `{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"a"}}]}]}`, "messages[0].tool_calls[0]", ai.Chat},
		{"temperature", `{` + hi + `,"temperature":"hot"}`, "temperature", ai.Chat},
		{"stop", `{` + hi + `,"stop":1}`, "stop", ai.Chat},
		{"a choice", `{` + hi + `,"tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":"maybe"}`, "tool_choice", ai.Chat},
		{"a nameless tool", `{` + hi + `,"tools":[{"type":"function","function":{}}]}`, "tools[0].function.name", ai.Chat},
		{"a schema", `{` + hi + `,"response_format":{"type":"json_schema","json_schema":{"name":"n"}}}`, "response_format.json_schema.schema", ai.Chat},
		{"a deep schema", `{` + hi + `,"response_format":{"type":"json_schema","json_schema":{"schema":` + deep + `}}}`, "response_format.json_schema.schema", ai.Chat},
		{"a streamed completion", `{"prompt":"p","stream":true}`, "stream", ai.Complete},
		{"a prompt", `{"prompt":[1]}`, "prompt", ai.Complete},
		{"token ids", `{"model":"m","input":[1,2]}`, "input[0]", ai.Embed},
		{"an input", `{"model":"m","input":5}`, "input", ai.Embed},
		{"an encoding", `{"model":"m","input":"a","encoding_format":"hex"}`, "encoding_format", ai.Embed},
		{"an empty item", `{"model":"m","input":[{}]}`, "input[0]", ai.Embed},
		{"a query", `{"model":"m","documents":[]}`, "query", ai.Rerank},
		{"documents", `{"model":"m","query":"q"}`, "documents", ai.Rerank},
		{"a document", `{"model":"m","query":"q","documents":[1]}`, "documents[0]", ai.Rerank},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Format{}.RequestFromHub(conversion(tt.op), []byte(tt.body))
			if err == nil {
				t.Fatal("it was accepted")
			}
			if e := ai.AsError(err); e.Kind != ai.Invalid || e.Param != tt.param {
				t.Errorf("kind %d, param %q: %s", e.Kind, e.Param, e.Message)
			}
		})
	}
	if _, err := (Format{}).RequestFromHub(conversion(ai.Models), []byte(`{}`)); ai.AsError(err).Kind != ai.Unsupported {
		t.Errorf("a list of models takes no request: %v", err)
	}
	for _, op := range []ai.Op{ai.Complete, ai.Models} {
		if _, err := (Format{}).RequestToHub(conversion(op), []byte(`{}`)); ai.AsError(err).Kind != ai.Unsupported {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func TestRequestToHub(t *testing.T) {
	body := `{"model":"c","stream":true,"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},` +
		`{"role":"assistant","tool_plan":"plan","content":[{"type":"thinking","thinking":"hm"}],"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},` +
		`{"role":"tool","tool_call_id":"a","content":[{"type":"document","document":{"id":"d","data":{"x":1}}}]}],` +
		`"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"strict_tools":true,"tool_choice":"REQUIRED",` +
		`"max_tokens":5,"stop_sequences":["x"],"p":0.5,"k":3,"safety_mode":"OFF","thinking":{"type":"enabled","token_budget":9},` +
		`"response_format":{"type":"json_object","json_schema":{"type":"object"}},"documents":["d"]}`
	tools := `"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"},"strict":true}}],"tool_choice":"required",` +
		`"response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object"}}},"max_completion_tokens":5,"stop":["x"],"top_p":0.5,"stream":true,"stream_options":{"include_usage":true}`
	call := `"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]`
	before := `{"role":"system","content":"s"},{"role":"user","content":"u"}`

	c := strict(ai.Chat)
	got, err := Format{}.RequestToHub(c, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "strict", []byte(`{"model":"c","messages":[`+before+`,{"role":"assistant","content":"plan",`+call+`},`+
		`{"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"{\"x\":1}"}]}],`+tools+`}`), got)
	want := []string{"messages[2].content[0]", "messages[3].content[0].document.id", "thinking", "k", "safety_mode", "documents"}
	if diff := cmp.Diff(want, paths(c)); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}

	c = conversion(ai.Chat)
	if got, err = (Format{}).RequestToHub(c, []byte(body)); err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "extended", []byte(`{"model":"c","messages":[`+before+`,{"role":"assistant","content":"plan",`+call+
		`,"content_blocks":[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"plan"}]},`+
		`{"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"{\"x\":1}","document":{"id":"d","data":{"x":1}}}]}],`+
		tools+`,"top_k":3,"safety_mode":"OFF","documents":["d"],"thinking":{"type":"enabled","budget_tokens":9}}`), got)
	if len(c.Receipts) > 0 {
		t.Errorf("receipts %v", paths(c))
	}
}

func TestEmbeddingRequests(t *testing.T) {
	tests := []struct {
		name, body, want string
		receipts         []string
	}{
		{"a text", `{"model":"e","input":"a"}`, `{"model":"e","input_type":"search_document","texts":["a"],"embedding_types":["float"]}`, nil},
		{"texts", `{"model":"e","input":["a","b"],"encoding_format":"base64","dimensions":256,"input_type":"search_query","truncate":"NONE","user":"u"}`,
			`{"model":"e","input_type":"search_query","texts":["a","b"],"truncate":"NONE","output_dimension":256,"embedding_types":["base64"]}`, []string{"user"}},
		{"images", `{"model":"e","input":[{"image":{"base64":"AA=="}},{"image_url":{"url":"https://x"}}],"input_type":"image"}`,
			`{"model":"e","input_type":"image","images":["data:image/png;base64,AA==","https://x"],"embedding_types":["float"]}`, nil},
		{"both", `{"model":"e","input":["a",{"text":"b","image":"data:image/png;base64,AA=="}]}`,
			`{"model":"e","input_type":"search_document","inputs":[{"content":[{"type":"text","text":"a"}]},{"content":[{"type":"text","text":"b"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}],"embedding_types":["float"]}`, nil},
		{"Cohere's own", `{"model":"e","images":["data:x"],"embedding_types":["int8","float"],"input_type":"image"}`,
			`{"model":"e","input_type":"image","images":["data:x"],"embedding_types":["int8","float"]}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := conversion(ai.Embed)
			got, err := Format{}.RequestFromHub(c, []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			equalJSON(t, "request", []byte(tt.want), got)
			if diff := cmp.Diff(tt.receipts, paths(c)); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := (Format{}).RequestToHub(strict(ai.Embed), []byte(`{"images":["x"]}`)); ai.AsError(err).Param != "texts" {
		t.Errorf("images for OpenAI: %v", err)
	}
}

func TestRerank(t *testing.T) {
	body := []byte(`{"model":"r","query":"q","documents":["a",{"text":"b"},{"title":"t","text":"c"}],"top_n":2,"return_documents":true,"rank_fields":["text"]}`)
	c := conversion(ai.Rerank)
	c.Request = body
	got, err := Format{}.RequestFromHub(c, body)
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "request", []byte(`{"model":"r","query":"q","documents":["a","b","{\"title\":\"t\",\"text\":\"c\"}"],"top_n":2}`), got)
	if diff := cmp.Diff([]string{"rank_fields"}, paths(c)); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
	reply := []byte(`{"id":"i","results":[{"index":2,"relevance_score":0.9},{"index":0,"relevance_score":0.1},{"index":7,"relevance_score":0}],"meta":{"billed_units":{"search_units":3}}}`)
	hub, err := Format{}.ReplyToHub(c, reply)
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "reply", []byte(`{"object":"list","id":"i","model":"m","results":[{"index":2,"relevance_score":0.9,"document":{"title":"t","text":"c"}},`+
		`{"index":0,"relevance_score":0.1,"document":{"text":"a"}},{"index":7,"relevance_score":0}],"usage":{"search_units":3},"meta":{"billed_units":{"search_units":3}}}`), hub)
	c.Request = nil
	if hub, err = (Format{}).ReplyToHub(c, reply); err != nil || strings.Contains(string(hub), "document") {
		t.Errorf("documents that nobody asked for: %s, %v", hub, err)
	}
	back, err := Format{}.ReplyFromHub(c, hub)
	if err != nil {
		t.Fatal(err)
	}
	if u := (Format{}).Usage(ai.Rerank, back); u.SearchUnits != 3 {
		t.Errorf("back: %s", back)
	}
}

func TestCompletions(t *testing.T) {
	c := conversion(ai.Complete)
	got, err := Format{}.RequestFromHub(c, []byte(`{"model":"command","prompt":"p","max_tokens":5,"n":2,"temperature":2,"top_p":1,"stop":["x"],"presence_penalty":-1,"echo":true}`))
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "request", []byte(`{"model":"command","prompt":"p","max_tokens":5,"stop_sequences":["x"],"presence_penalty":0,"num_generations":2,"temperature":2,"p":1}`), got)
	if diff := cmp.Diff([]string{"presence_penalty", "echo"}, paths(c)); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
	hub, err := Format{}.ReplyToHub(c, []byte(`{"id":"g","generations":[{"text":"a","finish_reason":"MAX_TOKENS"}],"meta":{"billed_units":{"input_tokens":1,"output_tokens":2}}}`))
	if err != nil || !strings.Contains(string(hub), `"choices":[{"index":0,"text":"a","logprobs":null,"finish_reason":"length"}]`) || !strings.Contains(string(hub), `"total_tokens":3`) {
		t.Errorf("reply %s, %v", hub, err)
	}
}
