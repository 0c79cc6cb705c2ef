package gemini

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
	"github.com/portico-ai/portico/test/corpus"
)

// A transform is one call as another gateway translates it: a second opinion.
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

// differing lists where we mean to differ from the other gateway's requests.
var differing = map[string]string{
	"chatCompletionsUrlBackedAudioFileParam": "a file of which only the address is given as its data",
	"nMultipleCompletionsParam":              "it leaves out n",
	"logprobsParam":                          "it leaves out logprobs",
	"presencePenaltyParam":                   "it leaves out the penalty",
	"frequencyPenaltyParam":                  "it leaves out the penalty",
}

// asked is what a request asks of the model, in the spelling of normal.
func asked(t *testing.T, request []byte) object {
	t.Helper()
	m := normal(t, request)
	if config, ok := m["generationConfig"].(object); ok {
		delete(config, "thinkingConfig") // budgets and levels for the same word
		if len(config) == 0 {
			delete(m, "generationConfig")
		}
		if s, ok := config["schema"].(object); ok {
			delete(s, "title")
			open(s)
		}
	}
	open(m["tools"])
	for _, c := range m["contents"].([]any) {
		for _, p := range c.(object)["parts"].([]any) {
			part := p.(object)
			for _, kind := range []string{"functionCall", "functionResponse"} {
				if call, ok := part[kind].(object); ok {
					delete(call, "id")
				}
			}
			delete(part, "thoughtSignature")
		}
	}
	return m
}

// open takes out of schemas that nothing else is allowed, which OpenAI demands.
func open(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			open(e)
		}
	case object:
		if v["additionalProperties"] == false {
			delete(v, "additionalProperties")
		}
		for _, e := range v {
			open(e)
		}
	}
}

func TestTransformsFromOpenAI(t *testing.T) {
	compared := 0
	for _, tr := range transforms(t, "chat-completions_to_google") {
		t.Run(tr.Case, func(t *testing.T) {
			if jsonedit.IsNull(tr.ExpectedRequest) {
				t.Skip("skipped: the other gateway gave no request")
			}
			c := conversion()
			got, err := New().RequestFromHub(c, tr.SourceRequest)
			if err != nil {
				t.Fatal(err)
			}
			if why := differing[tr.Case]; why != "" {
				t.Logf("not compared: %s", why)
			} else if diff := cmp.Diff(asked(t, tr.ExpectedRequest), asked(t, got)); diff != "" {
				t.Errorf("request (-theirs +ours):\n%s", diff)
			}
			compared++
			compareReply(t, tr)
		})
	}
	if compared < 30 {
		t.Errorf("only %d were compared", compared)
	}
}

// compareReply compares what both make of the provider's answer.
func compareReply(t *testing.T, tr transform) {
	t.Helper()
	if jsonedit.IsNull(tr.ProviderResponse) || jsonedit.IsNull(tr.ExpectedResponse) {
		return
	}
	got, err := New().ReplyToHub(strict(), tr.ProviderResponse)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(answer(t, tr.ExpectedResponse), answer(t, got)); diff != "" {
		t.Errorf("reply (-theirs +ours):\n%s", diff)
	}
	if len(tr.ProviderStream) == 0 {
		return
	}
	var b []byte
	for _, data := range tr.ProviderStream {
		b = sse.AppendData(b, data)
	}
	checkStream(t, b)
}

// answer is what a client gets from a chat completion.
func answer(t *testing.T, reply []byte) object {
	t.Helper()
	var choices []any
	for _, c := range decode(t, reply)["choices"].([]any) {
		choice := c.(object)
		message := choice["message"].(object)
		content, _ := message["content"].(string)
		var calls []any
		for _, call := range anyList(message["tool_calls"]) {
			f := call.(object)["function"].(object)
			calls = append(calls, object{"name": f["name"], "arguments": decode(t, []byte(f["arguments"].(string)))})
		}
		choices = append(choices, object{"content": content, "calls": calls, "finish": choice["finish_reason"]})
	}
	return object{"choices": choices}
}

func TestTransformsFromGemini(t *testing.T) {
	for _, tr := range transforms(t, "google_to_chat-completions") {
		t.Run(tr.Case, func(t *testing.T) {
			if _, err := New().RequestToHub(strict(), tr.SourceRequest); err != nil {
				t.Fatal(err)
			}
			if jsonedit.IsNull(tr.ProviderResponse) || jsonedit.IsNull(tr.ExpectedResponse) {
				t.Skip("skipped: there is no answer to compare")
			}
			got, err := New().ReplyFromHub(conversion(), tr.ProviderResponse)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(said(t, tr.ExpectedResponse), said(t, got)); diff != "" {
				t.Errorf("reply (-theirs +ours):\n%s", diff)
			}
		})
	}
}

// said is what a Gemini client is told.
func said(t *testing.T, reply []byte) object {
	t.Helper()
	m := decode(t, reply)
	out := essence(t, m)
	for _, c := range out["candidates"].([]any) {
		for _, p := range c.(object)["parts"].([]any) {
			if call, ok := p.(object)["functionCall"].(object); ok {
				delete(call, "id") // theirs leaves it out
			}
			delete(p.(object), "thoughtSignature")
		}
	}
	usage := m["usageMetadata"].(object)
	out["usage"] = []any{usage["promptTokenCount"], usage["candidatesTokenCount"], usage["totalTokenCount"]}
	return out
}

// Requests of Anthropic's clients, by way of the hub.
func TestTransformsFromAnthropic(t *testing.T) {
	for _, tr := range transforms(t, "anthropic_to_google") {
		t.Run(tr.Case, func(t *testing.T) {
			c := onward()
			hub, err := anthropic.New().RequestToHub(c, tr.SourceRequest)
			if err != nil {
				t.Fatal(err)
			}
			got, err := New().RequestFromHub(c, hub)
			if err != nil {
				t.Fatal(err)
			}
			if jsonedit.IsNull(tr.ExpectedRequest) {
				return
			}
			ours, theirs := asked(t, got), asked(t, tr.ExpectedRequest)
			for _, key := range []string{"contents", "systemInstruction"} {
				if diff := cmp.Diff(texts(theirs[key]), texts(ours[key])); diff != "" {
					t.Errorf("%s (-theirs +ours):\n%s", key, diff)
				}
			}
			if jsonedit.IsNull(tr.ProviderResponse) || jsonedit.IsNull(tr.ExpectedResponse) {
				return
			}
			if hub, err = New().ReplyToHub(c, tr.ProviderResponse); err != nil {
				t.Fatal(err)
			}
			reply, err := anthropic.New().ReplyFromHub(c, hub)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(blocks(t, tr.ExpectedResponse), blocks(t, reply)); diff != "" {
				t.Errorf("reply (-theirs +ours):\n%s", diff)
			}
		})
	}
}

// texts are the texts of contents, whatever stands between them.
func texts(v any) string {
	var b strings.Builder
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case object:
			if text, ok := v["text"].(string); ok && v["thought"] != true {
				b.WriteString(text)
			}
			walk(v["parts"])
		}
	}
	walk(v)
	return strings.ReplaceAll(b.String(), "\n", "") // paragraphs are parts, or lines of one
}

// blocks are the texts and calls of an Anthropic message, and why it ended.
func blocks(t *testing.T, message []byte) object {
	t.Helper()
	m := decode(t, message)
	text := ""
	var calls []any
	for _, b := range m["content"].([]any) {
		switch block := b.(object); block["type"] {
		case "text":
			text += block["text"].(string)
		case "tool_use":
			calls = append(calls, object{"name": block["name"], "input": block["input"]})
		}
	}
	return object{"text": text, "calls": calls, "stop": m["stop_reason"]}
}

// The same call written for Gemini and for OpenAI: translated, one must mean what
// the other says.
func TestPairs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "translations", "pairs", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	type call struct {
		Request  json.RawMessage   `json:"request"`
		Response json.RawMessage   `json:"response"`
		Events   []json.RawMessage `json:"response_events"`
		Follow   json.RawMessage   `json:"followup_request"`
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
				Google call `json:"google"`
				Chat   call `json:"chat-completions"`
			}
		}
		if err := json.Unmarshal(b, &pair); err != nil {
			t.Fatal(err)
		}
		own, chat := pair.Formats.Google, pair.Formats.Chat
		t.Run(pair.Case, func(t *testing.T) {
			for _, request := range []json.RawMessage{own.Request, own.Follow} {
				if request != nil {
					requests++
					checkRequest(t, request)
				}
			}
			if own.Response != nil {
				replies++
				checkReply(t, own.Response)
			}
			var stream []byte
			for _, data := range own.Events {
				stream = sse.AppendData(stream, data)
			}
			if stream != nil {
				streams++
				checkStream(t, stream)
			}
			if own.Request == nil || chat.Request == nil || unlike[pair.Case] != "" {
				return
			}
			c := &dialect.Conversion{Op: ai.Chat, Model: "asked-for"}
			got, err := New().RequestFromHub(c, chat.Request)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asked(t, own.Request), asked(t, got)); diff != "" {
				t.Errorf("(-written +translated):\n%s", diff)
			}
		})
	}
	t.Logf("%d requests, %d replies, %d streams", requests, replies, streams)
	if requests < 20 || replies < 20 || streams < 20 {
		t.Errorf("only %d requests, %d replies and %d streams were compared", requests, replies, streams)
	}
}

// unlike lists pairs that say different things to the two vendors.
var unlike = map[string]string{
	"jsonSchemaFormatParam":                    "a temperature and a limit on one side",
	"jsonSchemaPrefixItemsParam":               "a temperature and a limit on one side",
	"multimodalRequest":                        "an address and the image itself",
	"exclusiveMinimumToolParam":                "a keyword that Gemini refuses",
	"textFormatJsonSchemaWithDescriptionParam": "a description on one side",
}
