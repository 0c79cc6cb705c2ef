package anthropic

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
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
	"to anthropic/fableTemperatureParam":                 {[]string{"temperature"}, "what a model refuses is the provider's to say; they know their models by name"},
	"to anthropic/functionToolsWithReasoningEffortParam": {[]string{"output_config", "thinking"}, adaptive},
	"to anthropic/reasoningEffortMinimalParam":           {[]string{"output_config", "thinking"}, adaptive},
	"to anthropic/simpleRequest":                         {[]string{"output_config", "thinking"}, adaptive},
	"to anthropic/jsonSchemaPrefixItemsParam":            {[]string{"output_config"}, "a schema keeps its keywords; leaving some out would accept what the caller excluded"},
	"from anthropic/anthropicMessageWithSystemMessage":   {[]string{"messages"}, "the documented form joins system blocks by a line feed, which every compatible server takes"},
	"from anthropic/metadataParam":                       {[]string{"safety_identifier", "user"}, documentedUser},
	"from anthropic/safetyIdentifierParam":               {[]string{"safety_identifier", "user"}, documentedUser},
	"from anthropic/simpleRequestTruncated":              {[]string{"max_completion_tokens"}, "a limit is not raised behind the caller's back"},
}

const (
	adaptive       = "the documented form of reasoning_effort is an effort with adaptive thinking; they choose budgets by model name"
	documentedUser = "the documented member is user, which compatible servers know; they send safety_identifier"
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

func TestTransformsToAnthropic(t *testing.T) {
	for _, tr := range transforms(t, "chat-completions_to_anthropic") {
		t.Run(tr.Case, func(t *testing.T) {
			got, err := New().RequestFromHub(conversion(), tr.SourceRequest)
			if err != nil {
				t.Fatal(err)
			}
			ours, theirs := decode(t, normal(t, got)), decode(t, normal(t, tr.ExpectedRequest))
			for _, m := range []object{ours, theirs} {
				delete(m, "model")  // they replace it
				delete(m, "stream") // they leave it to the caller
			}
			if ours["max_tokens"] == json.Number("64000") {
				delete(ours, "max_tokens") // the default is each gateway's own
				delete(theirs, "max_tokens")
			}
			compareRequests(t, "to anthropic", tr, theirs, ours)
			compareReply(t, tr)
		})
	}
}

// compareReply compares what both make of the provider's answer.
func compareReply(t *testing.T, tr transform) {
	t.Helper()
	got, err := New().ReplyToHub(strict(), tr.ProviderResponse)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := decode(t, got), decode(t, tr.ExpectedResponse)
	if diff := cmp.Diff(answer(t, theirs), answer(t, ours)); diff != "" {
		t.Errorf("reply (-theirs +ours):\n%s", diff)
	}
	if len(tr.ProviderStream) == 0 {
		return
	}
	var b []byte
	for _, data := range tr.ProviderStream {
		b = sse.AppendEvent(b, typeOf(data), data)
	}
	whole, _ := foldMessages(t, string(b))
	hub, err := drain(New().StreamToHub(conversion(), streamOf(strings.NewReader(string(b)))))
	if err != nil {
		t.Fatal(err)
	}
	checkHubStream(t, whole, hub)
}

// answer is what a client gets from a chat completion.
func answer(t *testing.T, reply object) object {
	t.Helper()
	choice := reply["choices"].([]any)[0].(object)
	message := choice["message"].(object)
	content, _ := message["content"].(string)
	calls, _ := message["tool_calls"].([]any)
	for _, c := range calls {
		f := c.(object)["function"].(object)
		f["arguments"] = decode(t, []byte(f["arguments"].(string)))
	}
	usage := reply["usage"].(object)
	return object{
		"content": content, "calls": calls, "finish": choice["finish_reason"], "model": reply["model"],
		"in": usage["prompt_tokens"], "out": usage["completion_tokens"], "total": usage["total_tokens"],
	}
}

func TestTransformsFromAnthropic(t *testing.T) {
	for _, tr := range transforms(t, "anthropic_to_chat-completions") {
		t.Run(tr.Case, func(t *testing.T) {
			if jsonedit.IsNull(tr.ExpectedRequest) {
				t.Skip("skipped: the other gateway gave no request")
			}
			got, err := New().RequestToHub(strict(), tr.SourceRequest)
			if err != nil {
				t.Fatal(err)
			}
			ours, theirs := decode(t, got), decode(t, tr.ExpectedRequest)
			for _, m := range []object{ours, theirs} {
				delete(m, "model")
				delete(m, "stream")
				delete(m, "stream_options")
				for _, e := range m["messages"].([]any) {
					message := e.(object)
					message["content"] = asBlocks(message["content"])
				}
			}
			compareRequests(t, "from anthropic", tr, theirs, ours)
			if jsonedit.IsNull(tr.ProviderResponse) || jsonedit.IsNull(tr.ExpectedResponse) {
				return
			}
			reply, err := New().ReplyFromHub(conversion(), tr.ProviderResponse)
			if err != nil {
				t.Fatal(err)
			}
			ourReply, theirReply := decode(t, reply), decode(t, tr.ExpectedResponse)
			for _, m := range []object{ourReply, theirReply} {
				m["content"] = asBlocks(m["content"]) // they write an empty text block for no text
			}
			for _, key := range []string{"content", "stop_reason", "model", "role"} {
				if diff := cmp.Diff(theirReply[key], ourReply[key]); diff != "" {
					t.Errorf("reply's %s (-theirs +ours):\n%s", key, diff)
				}
			}
		})
	}
}

// The same call written for both vendors: translated, one must mean what the
// other says.
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
				Anthropic call `json:"anthropic"`
				Chat      call `json:"chat-completions"`
			}
		}
		if err := json.Unmarshal(b, &pair); err != nil {
			t.Fatal(err)
		}
		ours, theirs := pair.Formats.Anthropic, pair.Formats.Chat
		if ours.Request == nil || theirs.Request == nil {
			continue
		}
		t.Run(pair.Case, func(t *testing.T) {
			hub, err := New().RequestToHub(strict(), ours.Request)
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

// unlike lists what the pairs themselves say differently for the two vendors.
var unlike = map[string][]string{
	"chatCompletionsAssistantCacheControlParam": {"messages"}, // cache markers on one side
	"fableTemperatureParam":                     {"temperature"},
	"multimodalRequest":                         {"messages"}, // an address and the image itself
	"parallelToolCallsDisabledParam":            {"messages", "tools", "tool_choice"},
	"promptCacheKeyParam":                       {"messages"}, // a system prompt on one side
	"stopSequencesParam":                        {"messages"},
	"toolChoiceRequiredParam":                   {"tools"},
}

// meaning is what a chat completions request says that both vendors can say.
func meaning(t *testing.T, request []byte) object {
	t.Helper()
	m := decode(t, request)
	said := object{}
	for _, key := range []string{"temperature", "top_p", "stop", "tool_choice", "parallel_tool_calls"} {
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
		messages = append(messages, object{"role": role, "content": asBlocks(message["content"]), "calls": message["tool_calls"]})
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
