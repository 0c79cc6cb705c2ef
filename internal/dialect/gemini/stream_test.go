package gemini

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
)

func sseOf(datas ...string) string {
	var b strings.Builder
	for _, d := range datas {
		b.WriteString("data: " + d + "\r\n\r\n")
	}
	return b.String()
}

const (
	thoughtChunk = `{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":5,"totalTokenCount":5},"modelVersion":"gemini-3-flash","responseId":"r"}`
	textChunk    = `{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"index":0}],"modelVersion":"gemini-3-flash","responseId":"r"}`
	callChunk    = `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"x":1}},"thoughtSignature":"c2ln"}],"role":"model"},"index":0}]}`
	otherChunk   = `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"g","args":{}}}],"role":"model"},"index":0}]}`
	signedChunk  = `{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"dGV4dA=="}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"totalTokenCount":12}}`
)

func TestStreamToHub(t *testing.T) {
	body := sseOf(thoughtChunk, textChunk, callChunk, otherChunk, signedChunk)
	c := conversion()
	hub, err := drain(New().StreamToHub(c, streamOfText(body)))
	if err != nil {
		t.Fatal(err)
	}
	var deltas []any
	for _, chunk := range events(t, hub) {
		for _, ch := range chunk["choices"].([]any) {
			deltas = append(deltas, ch.(object)["delta"])
		}
	}
	var want []any
	for _, d := range []string{
		`{"role":"assistant","content":""}`,
		`{"content_blocks":[{"index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}]}`,
		`{"content":"Hello"}`,
		`{"tool_calls":[{"index":0,"id":"call_0197fallback_0~c2ln","type":"function","function":{"name":"f","arguments":"{\"x\":1}","thought_signature":"c2ln"}}]}`,
		`{"tool_calls":[{"index":1,"id":"call_0197fallback_1","type":"function","function":{"name":"g","arguments":"{}"}}]}`,
		`{"content_blocks":[{"index":1,"delta":{"type":"signature_delta","signature":"dGV4dA=="}}]}`,
		`{}`,
	} {
		want = append(want, decode(t, []byte(d)))
	}
	if diff := cmp.Diff(want, deltas); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	choices, usage, done := foldChunks(t, hub)
	if !done || choices["0"]["finish"] != "tool_calls" || encodeString(t, usage["total_tokens"]) != "12" {
		t.Errorf("done %v, %v, %v", done, choices, usage)
	}
}

func encodeString(t *testing.T, v any) string { return string(encode(t, v)) }

// A stream without its finish reason is never the whole answer.
func TestEndOfStream(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "text": sseOf(textChunk), "one of two": sseOf(`{"candidates":[{"index":0,"finishReason":"STOP"},{"index":1,"content":{"parts":[{"text":"a"}]}}]}`),
		"a cut": sseOf(textChunk) + "data: " + signedChunk[:60],
	} {
		hub, err := drain(New().StreamToHub(strict(), streamOfText(body)))
		if !errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(hub, "[DONE]") || strings.Contains(hub, `"finish_reason":"`) {
			t.Errorf("%s: %v, %s", name, err, hub)
		}
		w, _ := watch(streamOfText(body))
		if w.Finished() || w.Done() {
			t.Errorf("%s looks whole", name)
		}
	}
	hub, err := drain(New().StreamToHub(strict(), streamOfText(sseOf(textChunk, `{"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}}`))))
	if ai.AsError(err).Message != "Overloaded." || strings.Contains(hub, "[DONE]") {
		t.Errorf("%v, %s", err, hub)
	}
}

// A loss that goes on for many chunks is recorded once.
func TestStreamReceipts(t *testing.T) {
	c := strict()
	if _, err := drain(New().StreamToHub(c, streamOfText(sseOf(thoughtChunk, thoughtChunk, thoughtChunk, signedChunk)))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"candidates[0].content.parts[0]", "candidates[0].content.parts[0].thoughtSignature"}, paths(c)); diff != "" {
		t.Error(diff)
	}
}

// The source's own error comes through, whatever was translated before.
func TestStreamErrorsComeThrough(t *testing.T) {
	broken := io.MultiReader(strings.NewReader(sseOf(textChunk, signedChunk)), errorReader{})
	hub, err := drain(New().StreamToHub(strict(), streamOf(broken)))
	if !errors.Is(err, errBroken) || strings.Contains(hub, "[DONE]") {
		t.Errorf("%v, %s", err, hub)
	}
}

var errBroken = errors.New("broken")

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errBroken }

func TestStreamFromHub(t *testing.T) {
	chunk := func(choice string) string {
		return "data: {\"id\":\"c\",\"model\":\"gpt-5\",\"choices\":[" + choice + "]}\n\n"
	}
	hub := chunk(`{"index":0,"delta":{"role":"assistant","content":""}}`) +
		chunk(`{"index":0,"delta":{"reasoning_content":"Hm."}}`) + chunk(`{"index":0,"delta":{"content":"Hel"}}`) + chunk(`{"index":0,"delta":{"content":"lo"}}`) +
		chunk(`{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}},{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}}`) +
		chunk(`{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}},{"index":1,"function":{"arguments":"}"}}]}}`) +
		chunk(`{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}`) +
		chunk(`{"index":0,"delta":{},"finish_reason":"tool_calls"}`)
	end := "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":7,\"total_tokens\":12}}\n\ndata: [DONE]\n\n"
	out, err := drain(New().StreamFromHub(conversion(), streamOfText(hub+end)))
	if err != nil {
		t.Fatal(err)
	}
	got := foldReplies(t, out)
	equalJSON(t, "stream", []byte(`{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true},{"text":"Hello"},{"functionCall":{"id":"a","name":"f","args":{"x":1}}},{"functionCall":{"id":"b","name":"g","args":{}}}],"role":"model"},"finishReason":"STOP","index":0}],
		"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"totalTokenCount":12},"modelVersion":"gpt-5","responseId":"c"}`), encode(t, got))
	all := events(t, out)
	if last := all[len(all)-1]; last["usageMetadata"] == nil || strings.Count(out, "usageMetadata") != 1 || strings.Count(out, "finishReason") != 1 {
		t.Errorf("the usage and the finish reason belong in the last chunk: %s", out)
	}
	for _, cut := range []string{hub, hub + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":7,\"total_tokens\":12}}\n\n"} {
		if out, err := drain(New().StreamFromHub(conversion(), streamOfText(cut))); err != nil || strings.Contains(out, "finishReason") {
			t.Errorf("without its [DONE] the stream looks whole: %v, %s", err, out)
		}
	}
	if _, err := drain(New().StreamFromHub(conversion(), streamOfText(chunk(`{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}`)+end))); ai.AsError(err).Kind != ai.BadGateway {
		t.Errorf("arguments that are no JSON: %v", err)
	}
	if _, err := drain(New().StreamFromHub(conversion(), streamOfText("data: {\"error\":{\"message\":\"no\",\"code\":\"500\"}}\n\n"))); ai.AsError(err).Message != "no" {
		t.Errorf("an error chunk: %v", err)
	}
}

func TestPartialCalls(t *testing.T) {
	part := func(p string) string { return `{"candidates":[{"content":{"parts":[` + p + `]}}]}` }
	body := sseOf(part(`{"functionCall":{"name":"f","willContinue":true},"thoughtSignature":"c2ln"}`),
		part(`{"functionCall":{"partialArgs":[{"jsonPath":"$.list[0].name","stringValue":"Ap","willContinue":true}],"willContinue":true}}`),
		part(`{"functionCall":{"partialArgs":[{"jsonPath":"$.list[0].name","stringValue":"ple"},{"jsonPath":"$.list[1].n","numberValue":0.5}],"willContinue":true}}`),
		part(`{"functionCall":{"partialArgs":[{"jsonPath":"$['a.b']","boolValue":true},{"jsonPath":"$.7","nullValue":"NULL_VALUE"}]}}`),
		part(`{"functionCall":{"name":"g"}}`),
		part(`{"functionCall":{"name":"h","willContinue":true}}`), part(`{"functionCall":{}}`),
		`{"candidates":[{"finishReason":"STOP"}]}`)
	hub, err := drain(New().StreamToHub(strict(), streamOfText(body)))
	if err != nil {
		t.Fatal(err)
	}
	choices, _, _ := foldChunks(t, hub)
	calls := choices["0"]["tool_calls"].([]any)
	if len(calls) != 3 {
		t.Fatalf("got %v", calls)
	}
	f := calls[0].(object)["function"].(object)
	equalJSON(t, "arguments", []byte(`{"list":[{"name":"Apple"},{"n":0.5}],"a.b":true,"7":null}`), []byte(f["arguments"].(string)))
	for i, name := range []string{"f", "g", "h"} {
		if got := calls[i].(object)["function"].(object)["name"]; got != name {
			t.Errorf("call %d is %v, want %s", i, got, name)
		}
	}
	for _, path := range []string{"", "$", "x", "$.", "$[x]", "$[99999999]", "$[-1]", "$['a", "$x"} {
		if got, ok := argumentPath(path); ok {
			t.Errorf("the path %q is taken for %q", path, got)
		}
	}
}
