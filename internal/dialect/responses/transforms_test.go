package responses

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
	"github.com/portico-ai/portico/test/corpus"
)

// A transform is one call as another gateway translates it.
type transform struct {
	Case             string            `json:"case"`
	SourceRequest    json.RawMessage   `json:"source_request"`
	ExpectedRequest  json.RawMessage   `json:"expected_request"`
	ProviderResponse json.RawMessage   `json:"provider_response"`
	ExpectedResponse json.RawMessage   `json:"expected_response"`
	ProviderStream   []json.RawMessage `json:"provider_stream_events"`
}

func transforms(t *testing.T, folder string) (list []transform) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "translations", "transforms", folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no transforms in %s: %v", folder, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tr transform
		if err := json.Unmarshal(b, &tr); err != nil {
			t.Fatal(err)
		}
		list = append(list, tr)
	}
	return list
}

// The other gateway is a second opinion. Where Portico differs on purpose, the
// members that differ are listed with the reason.
var deliberate = map[string]struct {
	members []string
	reason  string
}{
	"to anthropic/functionToolsWithReasoningEffortParam":                   {[]string{"output_config", "thinking"}, adaptive},
	"to anthropic/jsonSchemaPrefixItemsParam":                              {[]string{"output_config"}, "a schema keeps its keywords; leaving some out would accept what the caller excluded"},
	"to anthropic/reasoningEffortLowParam":                                 {[]string{"thinking"}, adaptive},
	"to anthropic/reasoningEffortMinimalParam":                             {[]string{"output_config", "thinking"}, adaptive},
	"to anthropic/reasoningRequest":                                        {[]string{"output_config", "thinking"}, adaptive},
	"to anthropic/reasoningSummaryParam":                                   {[]string{"thinking"}, adaptive},
	"to anthropic/responsesFunctionCallOutputWithoutThoughtSignatureParam": {[]string{"messages"}, "the text of a result is passed on as it is; they write the JSON in it anew"},
	"to anthropic/responsesGpt56PersistedReasoningParam":                   {[]string{"output_config", "thinking"}, adaptive},
	"to anthropic/responsesGpt56ReasoningMaxProContextParam":               {[]string{"output_config", "thinking"}, adaptive},
	"to anthropic/responsesReasoningEffortMaxParam":                        {[]string{"thinking"}, adaptive},
	"to anthropic/responsesToolSearchInputParam":                           {[]string{"messages", "tools"}, "searching for tools is a tool that only a provider of the Responses API runs; it gets a receipt"},
	"to anthropic/simpleRequest":                                           {[]string{"output_config", "thinking"}, adaptive},
	"from chat/chatCompletionsAnthropicCacheControlParam":                  {[]string{"input"}, "cache_control is an extension that the Responses API has nothing like for every provider; it gets a receipt"},
	"from chat/fableTemperatureParam":                                      {[]string{"temperature"}, refused},
	"from chat/openAIMultipleReasoningSignaturesReplayParam":               {[]string{"input"}, "reasoning is sent back to who has sealed it; their own mark for that is another"},
	"from chat/reasoningEffortMinimalParam":                                {[]string{"reasoning"}, refused},
	"from chat/safetyIdentifierParam":                                      {[]string{"metadata", "safety_identifier"}, "the Responses API has safety_identifier itself"},
	"from chat/simpleRequestTruncated":                                     {[]string{"max_output_tokens"}, "a limit is not raised behind the caller's back"},
	"from chat/temperatureParam":                                           {[]string{"temperature"}, refused},
	"from chat/textFormatJsonSchemaMissingRequiredPropertyParam":           {[]string{"text"}, "a schema is the caller's; what is wrong with it is for the provider to say"},
	"from anthropic/metadataParam":                                         {[]string{"metadata", "user"}, documentedUser},
	"from anthropic/responsesReasoningEffortMaxParam":                      {[]string{"reasoning"}, "the hub has no effort max"},
	"from anthropic/responsesToolSearchInputParam":                         {[]string{"tools"}, "searching for tools is the provider's own; it gets a receipt"},
	"from anthropic/safetyIdentifierParam":                                 {[]string{"metadata", "user"}, documentedUser},
	"from anthropic/simpleRequestTruncated":                                {[]string{"max_output_tokens"}, "a limit is not raised behind the caller's back"},
	"from anthropic/temperatureParam":                                      {[]string{"temperature"}, refused},
	"from anthropic/topPParam":                                             {[]string{"top_p"}, refused},
	"from chat/topPParam":                                                  {[]string{"top_p"}, refused},
}

const (
	adaptive       = "the documented form of reasoning_effort is an effort with adaptive thinking; they choose budgets by model name"
	documentedUser = "the documented member is user, which compatible servers know"
	refused        = "what a model refuses is the provider's to say; they know their models by name"
)

func compareRequests(t *testing.T, direction string, tr transform, want, got object) {
	t.Helper()
	d, listed := deliberate[direction+"/"+tr.Case]
	if listed && d.reason == "" {
		t.Error("a deliberate difference needs a reason")
	}
	var differ []string
	for key := range want {
		if !cmp.Equal(want[key], got[key]) {
			differ = append(differ, key)
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			differ = append(differ, key)
		}
	}
	slices.Sort(differ)
	if !slices.Equal(differ, d.members) {
		t.Errorf("differs in %q, expected to differ in %q (-theirs +ours):\n%s", differ, d.members, cmp.Diff(want, got))
	}
}

// Two translations in a row: a client of the Responses API, Anthropic's provider.
func TestTransformsToAnthropic(t *testing.T) {
	for _, tr := range transforms(t, "responses_to_anthropic") {
		t.Run(tr.Case, func(t *testing.T) {
			if jsonedit.IsNull(tr.ExpectedRequest) {
				t.Skip("skipped: the other gateway gave no request")
			}
			hub, err := New().RequestToHub(conversion(), tr.SourceRequest)
			if err != nil {
				t.Fatal(err)
			}
			got, err := anthropic.New().RequestFromHub(conversion(), hub)
			if err != nil {
				t.Fatal(err)
			}
			ours, theirs := decode(t, got), decode(t, tr.ExpectedRequest)
			for _, m := range []object{ours, theirs} {
				delete(m, "model")
				delete(m, "stream")
				level(m)
			}
			if ours["max_tokens"] == json.Number("64000") {
				delete(ours, "max_tokens") // the default is each gateway's own
				delete(theirs, "max_tokens")
			}
			compareRequests(t, "to anthropic", tr, theirs, ours)
			compareAnswers(t, tr)
		})
	}
}

// level writes what Anthropic's requests have several spellings for in one.
func level(m object) {
	if text, ok := m["system"].(string); ok {
		m["system"] = []any{object{"type": "text", "text": text}}
	}
	messages, _ := m["messages"].([]any)
	for _, e := range messages {
		message := e.(object)
		if text, ok := message["content"].(string); ok {
			message["content"] = []any{object{"type": "text", "text": text}}
		}
		for _, b := range message["content"].([]any) {
			if block := b.(object); block["type"] == "tool_result" {
				if text, ok := block["content"].(string); ok {
					block["content"] = []any{object{"type": "text", "text": text}}
				}
			}
		}
	}
	tools, _ := m["tools"].([]any)
	for _, e := range tools {
		if tool := e.(object); tool["strict"] == false {
			delete(tool, "strict")
		}
	}
}

// compareAnswers compares what both make of Anthropic's answer, whole and
// streamed.
func compareAnswers(t *testing.T, tr transform) {
	t.Helper()
	if jsonedit.IsNull(tr.ProviderResponse) || jsonedit.IsNull(tr.ExpectedResponse) {
		return
	}
	c := conversion()
	hub, err := anthropic.New().ReplyToHub(c, tr.ProviderResponse)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := New().ReplyFromHub(c, hub)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := essence(t, decode(t, reply)), essence(t, decode(t, tr.ExpectedResponse))
	for _, m := range []object{ours, theirs} {
		delete(m, "id")
		delete(m, "reason") // they leave out why an answer is incomplete
		for _, c := range m["calls"].([]any) {
			call := c.([]any)
			call[3] = decode(t, []byte(call[3].(string)))
		}
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("reply (-theirs +ours):\n%s", diff)
	}
	if len(tr.ProviderStream) == 0 {
		return
	}
	var b []byte
	for _, data := range tr.ProviderStream {
		b = sse.AppendEvent(b, typeOf(data), data)
	}
	c = conversion()
	stream, err := drain(New().StreamFromHub(c, anthropic.New().StreamToHub(c, streamOf(strings.NewReader(string(b))))))
	if err != nil {
		t.Fatal(err)
	}
	f := fold(t, stream, true)
	if f.response == nil {
		t.Fatal("the stream has no end")
	}
	if f.response["status"] == "incomplete" && decode(t, reply)["status"] != "incomplete" {
		t.Errorf("the stream ended %v", f.response["incomplete_details"])
	}
}

func TestTransformsFromChat(t *testing.T) {
	for _, tr := range transforms(t, "chat-completions_to_responses") {
		t.Run(tr.Case, func(t *testing.T) {
			got, err := New().RequestFromHub(strict(), tr.SourceRequest)
			if err != nil {
				t.Fatal(err)
			}
			ours, theirs := decode(t, normal(t, got)), decode(t, normal(t, tr.ExpectedRequest))
			for _, m := range []object{ours, theirs} {
				delete(m, "model")
				delete(m, "stream")
			}
			compareRequests(t, "from chat", tr, theirs, ours)
			if jsonedit.IsNull(tr.ProviderResponse) || jsonedit.IsNull(tr.ExpectedResponse) {
				return
			}
			reply, err := New().ReplyToHub(strict(), tr.ProviderResponse)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(answer(t, decode(t, tr.ExpectedResponse)), answer(t, decode(t, reply))); diff != "" {
				t.Errorf("reply (-theirs +ours):\n%s", diff)
			}
		})
	}
}

// Two translations in a row: a client of Anthropic's format, a provider of the
// Responses API.
func TestTransformsFromAnthropic(t *testing.T) {
	for _, tr := range transforms(t, "anthropic_to_responses") {
		t.Run(tr.Case, func(t *testing.T) {
			if jsonedit.IsNull(tr.ExpectedRequest) {
				t.Skip("skipped: the other gateway gave no request")
			}
			hub, err := anthropic.New().RequestToHub(conversion(), tr.SourceRequest)
			if err != nil {
				t.Fatal(err)
			}
			got, err := New().RequestFromHub(conversion(), hub)
			if err != nil {
				t.Fatal(err)
			}
			ours, theirs := decode(t, normal(t, got)), decode(t, normal(t, tr.ExpectedRequest))
			for _, m := range []object{ours, theirs} {
				delete(m, "model")
				delete(m, "stream")
			}
			compareRequests(t, "from anthropic", tr, theirs, ours)
		})
	}
}

// answer is what a client gets from a chat completion.
func answer(t *testing.T, reply object) object {
	t.Helper()
	choice := reply["choices"].([]any)[0].(object)
	message := choice["message"].(object)
	content, _ := message["content"].(string)
	calls, _ := message["tool_calls"].([]any)
	usage := reply["usage"].(object)
	return object{
		"content": content, "calls": calls, "finish": choice["finish_reason"], "model": reply["model"],
		"in": usage["prompt_tokens"], "out": usage["completion_tokens"], "total": usage["total_tokens"],
	}
}

// The same call written for both APIs: translated, one must mean what the other
// says.
func TestPairs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "translations", "pairs", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	type call struct {
		Request json.RawMessage `json:"request"`
	}
	compared := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var pair struct {
			Case    string
			Formats struct {
				Responses call `json:"responses"`
				Chat      call `json:"chat-completions"`
			}
		}
		if err := json.Unmarshal(b, &pair); err != nil {
			t.Fatal(err)
		}
		ours, theirs := pair.Formats.Responses, pair.Formats.Chat
		if ours.Request == nil || theirs.Request == nil {
			continue
		}
		t.Run(pair.Case, func(t *testing.T) {
			hub, err := New().RequestToHub(strict(), ours.Request)
			if needs := stored(ours.Request); needs != "" {
				if ai.AsError(err).Param != needs {
					t.Errorf("%s needs a store; got %v", needs, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			compared++
			want, got := meaning(t, theirs.Request), meaning(t, hub)
			for _, key := range unlike[pair.Case] {
				delete(want, key)
				delete(got, key)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-written +translated):\n%s", diff)
			}
		})
	}
	if compared < 20 {
		t.Errorf("only %d pairs were compared", compared)
	}
}

// What the pairs' own provider answered, and the turns that followed, are held to
// the same as recorded traffic.
func TestPairsOfResponses(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "translations", "pairs", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	requests, replies, streams := 0, 0, 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var pair struct {
			Case    string
			Formats struct {
				Responses struct {
					Request        json.RawMessage
					Response       json.RawMessage
					Events         []json.RawMessage `json:"response_events"`
					Followup       json.RawMessage   `json:"followup_request"`
					FollowupReply  json.RawMessage   `json:"followup_response"`
					FollowupEvents []json.RawMessage `json:"followup_response_events"`
				}
			}
		}
		if err := json.Unmarshal(b, &pair); err != nil {
			t.Fatal(err)
		}
		r := pair.Formats.Responses
		t.Run(pair.Case, func(t *testing.T) {
			for _, request := range []json.RawMessage{r.Request, r.Followup} {
				if request != nil {
					requests++
					checkRequest(t, &corpus.Exchange{RequestBody: request})
				}
			}
			for _, reply := range []json.RawMessage{r.Response, r.FollowupReply} {
				if reply != nil {
					replies++
					checkReply(t, reply)
				}
			}
			for _, list := range [][]json.RawMessage{r.Events, r.FollowupEvents} {
				var stream []byte
				for _, data := range list {
					stream = sse.AppendEvent(stream, typeOf(data), data)
				}
				switch {
				case stream == nil:
				case typeOf(list[0]) == "":
					t.Logf("a stream was left out: its events are not of this format: %.80s", list[0])
				default:
					streams++
					checkStream(t, stream)
				}
			}
		})
	}
	if requests < 50 || replies < 50 || streams < 5 {
		t.Errorf("only %d requests, %d replies and %d streams", requests, replies, streams)
	}
}

// unlike lists what the pairs themselves say differently for the two APIs.
var unlike = map[string][]string{
	"metadataParam": {"messages"},
	"openAIMultipleReasoningSignaturesReplayParam": {"messages", "reasoning_effort"}, // reasoning of another form on one side
	"parallelToolCallsDisabledParam":               {"messages"},
	"promptCacheKeyParam":                          {"messages"},
	"reasoningRequest":                             {"reasoning_effort"},
	"reasoningSummaryParam":                        {"messages"},
	"safetyIdentifierParam":                        {"messages"},
	"simpleRequest":                                {"reasoning_effort", "verbosity"},
	"storeDisabledParam":                           {"messages"},
	"textFormatJsonSchemaParam":                    {"messages"},
	"textFormatJsonSchemaWithDescriptionParam":     {"messages"},
}

// meaning is what a chat completions request says that both APIs can say.
func meaning(t *testing.T, request []byte) object {
	t.Helper()
	m := decode(t, request)
	said := object{}
	for _, key := range []string{"temperature", "top_p", "tool_choice", "parallel_tool_calls", "reasoning_effort", "max_completion_tokens", "top_logprobs", "verbosity"} {
		if m[key] != nil {
			said[key] = m[key]
		}
	}
	var messages []any
	for _, e := range m["messages"].([]any) {
		message := e.(object)
		role := message["role"]
		if role == "developer" {
			role = "system"
		}
		content := message["content"]
		if list, ok := content.([]any); ok && len(list) == 1 {
			if part := list[0].(object); part["type"] == "text" {
				content = part["text"]
			}
		}
		if list, ok := content.([]any); ok {
			for _, p := range list {
				if image, ok := p.(object)["image_url"].(object); ok && image["detail"] == "auto" {
					delete(image, "detail")
				}
			}
		}
		messages = append(messages, object{"role": role, "content": content, "calls": message["tool_calls"]})
	}
	said["messages"] = messages
	var tools []any
	list, _ := m["tools"].([]any)
	for _, e := range list {
		function, _ := e.(object)["function"].(object)
		tools = append(tools, object{"name": function["name"], "description": function["description"], "parameters": function["parameters"]})
	}
	said["tools"] = tools
	if format, ok := m["response_format"].(object); ok && format["type"] == "json_schema" {
		said["schema"] = format["json_schema"].(object)["schema"]
	}
	return said
}
