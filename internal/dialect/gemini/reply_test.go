package gemini

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
)

const whole = `{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true},{"text":"Größe: "},{"text":"5","thoughtSignature":"c2ln"},{"inlineData":{"mimeType":"image/png","data":"AA-_"}},
	{"functionCall":{"name":"f","args":{"x":1}},"thoughtSignature":"Y2FsbA=="},{"functionCall":{"name":"g","id":"own-id"}}],"role":"model"},"finishReason":"STOP","avgLogprobs":-0.5,
	"groundingMetadata":{"webSearchQueries":["q1","q2"],"groundingChunks":[{"web":{"uri":"https://e.example","title":"E"}}],"groundingSupports":[{"segment":{"startIndex":4,"endIndex":9,"text":"x"},"groundingChunkIndices":[0]}]},
	"logprobsResult":{"chosenCandidates":[{"token":"5","logProbability":-0.25}],"topCandidates":[{"candidates":[{"token":"6","logProbability":-1}]}]}}],
	"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":4,"thoughtsTokenCount":6,"toolUsePromptTokenCount":2,"cachedContentTokenCount":3,"totalTokenCount":22,"candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":1}],"serviceTier":"standard"},
	"modelVersion":"gemini-3-flash","responseId":"r-1","createTime":"2026-01-02T03:04:05.678Z"}`

const usageInHub = `"usage":{"prompt_tokens":12,"completion_tokens":10,"total_tokens":22,"prompt_tokens_details":{"cached_tokens":3,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":6,"audio_tokens":1},
	"cache_read_input_tokens":3,"cache_creation_input_tokens":0,"server_tool_use":{"web_search_requests":2}},"service_tier":"default"`

func TestReplyToHub(t *testing.T) {
	const head = `{"id":"r-1","object":"chat.completion","created":1767323045,"model":"gemini-3-flash","choices":[{"index":0,"message":{"role":"assistant","content":"Größe: 5",`
	const calls = `"tool_calls":[{"id":"call_0197fallback_0~Y2FsbA==","type":"function","function":{"name":"f","arguments":"{\"x\":1}"%s}},{"id":"own-id","type":"function","function":{"name":"g","arguments":"{}"}}],`
	const rest = `"refusal":null,"annotations":[{"type":"url_citation","url_citation":{"start_index":3,"end_index":7,"title":"E","url":"https://e.example"}}]},
		"logprobs":{"content":[{"token":"5","logprob":-0.25,"bytes":[53],"top_logprobs":[{"token":"6","logprob":-1,"bytes":[54]}]}],"refusal":null},"finish_reason":"tool_calls"`
	thoughts := `"content_blocks":[{"type":"thinking","thinking":"Hm.","signature":""},{"type":"text","text":"Größe: "},{"type":"text","text":"5"},{"type":"thinking","thinking":"","signature":"c2ln"}`
	t.Run("strict", func(t *testing.T) {
		c := strict()
		got, err := New().ReplyToHub(c, []byte(whole))
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, "reply", []byte(head+strings.Replace(calls, "%s", "", 1)+rest+`}],`+usageInHub+`}`), got)
		want := []string{"candidates[0].content.parts[0]", "candidates[0].content.parts[2].thoughtSignature", "candidates[0].content.parts[3]"}
		if diff := cmp.Diff(want, paths(c)); diff != "" {
			t.Errorf("receipts (-want +got):\n%s", diff)
		}
	})
	t.Run("onward", func(t *testing.T) {
		c := onward()
		got, err := New().ReplyToHub(c, []byte(whole))
		if err != nil {
			t.Fatal(err)
		}
		equalJSON(t, "reply", []byte(head+strings.Replace(calls, "%s", "", 1)+thoughts+`],`+rest+`}],`+usageInHub+`}`), got)
		if diff := cmp.Diff([]string{"candidates[0].content.parts[3]"}, paths(c)); diff != "" {
			t.Errorf("receipts (-want +got):\n%s", diff)
		}
	})
	t.Run("extended", func(t *testing.T) {
		c := conversion()
		got, err := New().ReplyToHub(c, []byte(whole))
		if err != nil {
			t.Fatal(err)
		}
		extended := `,"avgLogprobs":-0.5,"groundingMetadata":{"webSearchQueries":["q1","q2"],"groundingChunks":[{"web":{"uri":"https://e.example","title":"E"}}],"groundingSupports":[{"segment":{"startIndex":4,"endIndex":9,"text":"x"},"groundingChunkIndices":[0]}]}}],`
		equalJSON(t, "reply", []byte(head+strings.Replace(calls, "%s", `,"thought_signature":"Y2FsbA=="`, 1)+thoughts+
			`,{"type":"image_url","image_url":{"url":"data:image/png;base64,AA+/"}}],`+rest+extended+usageInHub+`}`), got)
		if paths(c) != nil {
			t.Errorf("receipts %v", paths(c))
		}
	})
}

func TestFinishReasons(t *testing.T) {
	for reason, want := range map[string]string{
		`"STOP"`: "stop", `1`: "stop", `"MAX_TOKENS"`: "length", `2`: "length", `"SAFETY"`: "content_filter", `3`: "content_filter", `"RECITATION"`: "stop", `"LANGUAGE"`: "content_filter",
		`"OTHER"`: "stop", `"BLOCKLIST"`: "content_filter", `"PROHIBITED_CONTENT"`: "content_filter", `"SPII"`: "content_filter", `"MALFORMED_FUNCTION_CALL"`: "stop",
		`"IMAGE_SAFETY"`: "content_filter", `"IMAGE_PROHIBITED_CONTENT"`: "content_filter", `"IMAGE_OTHER"`: "stop", `"NO_IMAGE"`: "stop", `"UNEXPECTED_TOOL_CALL"`: "stop", `"NEW"`: "stop",
	} {
		body := `{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":` + reason + `}]}`
		hub, err := New().ReplyToHub(strict(), []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		choice := decode(t, hub)["choices"].([]any)[0].(object)
		if choice["finish_reason"] != want {
			t.Errorf("%s: got %v, want %s", reason, choice["finish_reason"], want)
		}
		own, err := New().ReplyToHub(conversion(), []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		word := decode(t, own)["choices"].([]any)[0].(object)["finish_reason"].(string)
		if name := finishName([]byte(reason)); word != name {
			t.Errorf("%s: a client that allows extensions is told %q, want %q", reason, word, name)
		}
		if back := finishFromHub(word); back != word {
			t.Errorf("%s: it comes back as %q", reason, back)
		}
	}
	for hub, want := range map[string]string{"stop": "STOP", "tool_calls": "STOP", "function_call": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "odd": "OTHER", "": "STOP"} {
		if got := finishFromHub(hub); got != want {
			t.Errorf("%s: got %s, want %s", hub, got, want)
		}
	}
}

// What was spoken is OpenAI's audio, whole and streamed.
func TestAudio(t *testing.T) {
	const body = `{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"audio/L16;codec=pcm;rate=24000","data":"AA-_"}}]},"finishReason":"STOP"}]}`
	c := strict()
	hub, err := New().ReplyToHub(c, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	want := object{"id": "audio_0197-fallback", "data": "AA+/", "expires_at": json.Number("1700000000"), "transcript": ""}
	if diff := cmp.Diff(any(want), decode(t, hub)["choices"].([]any)[0].(object)["message"].(object)["audio"]); diff != "" || c.Receipts != nil {
		t.Errorf("%s, receipts %v", diff, paths(c))
	}
	stream, err := drain(New().StreamToHub(strict(), streamOfText(sseOf(body))))
	if err != nil || !strings.Contains(stream, `"delta":{"audio":{"id":"audio_0197-fallback","data":"AA+/"`) {
		t.Errorf("%v, %s", err, stream)
	}
}

func TestRefusedPrompt(t *testing.T) {
	const body = `{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3},"modelVersion":"m"}`
	got, err := New().ReplyToHub(strict(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	choice := decode(t, got)["choices"].([]any)[0].(object)
	if choice["finish_reason"] != "content_filter" || choice["message"].(object)["content"] != "" {
		t.Errorf("got %s", got)
	}
	stream := "data: " + body + "\r\n\r\n"
	w, _ := watch(streamOfText(stream))
	if !w.Finished() || !w.Meaningful() {
		t.Error("a refused prompt is not the end of a stream")
	}
	hub, err := drain(New().StreamToHub(strict(), streamOfText(stream)))
	if err != nil || !strings.Contains(hub, `"finish_reason":"content_filter"`) || !strings.HasSuffix(hub, "data: [DONE]\n\n") {
		t.Errorf("%v, %s", err, hub)
	}
	for _, odd := range []string{`{"promptFeedback":{}}`, `{"promptFeedback":{"blockReason":"BLOCK_REASON_UNSPECIFIED"}}`, `{}`, `{"candidates":[]}`} {
		if _, err := New().ReplyToHub(strict(), []byte(odd)); err == nil || ai.AsError(err).Kind != ai.BadGateway {
			t.Errorf("%s: got %v", odd, err)
		}
	}
}

func TestReplyFromHub(t *testing.T) {
	const hub = `{"id":"chatcmpl-1","model":"gpt-5","choices":[{"index":0,"finish_reason":"tool_calls","message":{"content":"Größe 5","reasoning_content":"Hm.",
		"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}],
		"annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":5,"url":"https://e.example","title":"E"}}]},
		"logprobs":{"content":[{"token":"5","logprob":-0.25,"bytes":[53],"top_logprobs":[{"token":"6","logprob":-1,"bytes":[54]}]}]}}],
		"usage":{"prompt_tokens":12,"completion_tokens":10,"total_tokens":22,"prompt_tokens_details":{"cached_tokens":3,"audio_tokens":2},"completion_tokens_details":{"reasoning_tokens":6}},"service_tier":"default"}`
	got, err := New().ReplyFromHub(conversion(), []byte(hub))
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "reply", []byte(`{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true},{"text":"Größe 5"},{"functionCall":{"id":"call_1","name":"f","args":{"x":1}}}],"role":"model"},"finishReason":"STOP","index":0,
		"groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://e.example","title":"E"}}],"groundingSupports":[{"segment":{"startIndex":0,"endIndex":7,"text":"Größe"},"groundingChunkIndices":[0]}]},
		"logprobsResult":{"chosenCandidates":[{"token":"5","logProbability":-0.25}],"topCandidates":[{"candidates":[{"token":"6","logProbability":-1}]}]}}],
		"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":4,"totalTokenCount":22,"thoughtsTokenCount":6,"cachedContentTokenCount":3,"promptTokensDetails":[{"modality":"TEXT","tokenCount":10},{"modality":"AUDIO","tokenCount":2}],"serviceTier":"standard"},
		"modelVersion":"gpt-5","responseId":"chatcmpl-1"}`), got)
	for body, kind := range map[string]ai.Kind{
		`{"choices":[]}`: ai.BadGateway,
		`{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]},"finish_reason":"tool_calls"}]}`: ai.BadGateway,
		`{"error":{"message":"no","code":"429"}}`: ai.Upstream,
	} {
		if _, err := New().ReplyFromHub(conversion(), []byte(body)); err == nil || ai.AsError(err).Kind != kind {
			t.Errorf("%s: got %v", body, err)
		}
	}
	cut := conversion()
	got, err = New().ReplyFromHub(cut, []byte(`{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]},"finish_reason":"length"}]}`))
	if err != nil || !strings.Contains(string(got), `"args":{}`) || len(cut.Receipts) != 1 {
		t.Errorf("%v, %s, receipts %v", err, got, paths(cut))
	}
}

func TestErrors(t *testing.T) {
	e := New().ParseError(429, []byte(`[{"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}]}}]`))
	if e.Message != "Quota." || e.Type != "RESOURCE_EXHAUSTED" || e.Status != 429 || e.RetryAfter != 34500*time.Millisecond {
		t.Errorf("got %+v", e)
	}
	if e := New().ParseError(0, []byte(`{"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}}`)); e.Status != 503 {
		t.Errorf("an error of a stream has the status %d", e.Status)
	}
	for status, want := range map[int]string{
		400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 408: "DEADLINE_EXCEEDED", 409: "ABORTED", 412: "FAILED_PRECONDITION",
		413: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 446: "INVALID_ARGUMENT", 500: "INTERNAL", 501: "UNIMPLEMENTED", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED", 529: "UNAVAILABLE",
	} {
		body := New().ErrorBody(&ai.Error{Kind: ai.Upstream, Status: status, Message: "No.", Type: "invalid_request_error", Code: "why", Provider: "p"})
		got := decode(t, body)["error"].(object)
		if got["status"] != want || got["message"] != "p error: No." || string(encode(t, got["code"])) != encodeInt(status) {
			t.Errorf("%d: got %s", status, body)
		}
	}
	event := New().ErrorEvent(ai.Errorf(ai.BadGateway, "It broke."))
	w, _ := watch(streamOfText(string(event)))
	if w.Err() == nil || w.Err().Message != "It broke." || w.Err().Status != 502 {
		t.Errorf("the event %q is read as %+v", event, w.Err())
	}
}

func TestModels(t *testing.T) {
	const own = `{"models":[{"name":"models/gemini-2.5-flash","displayName":"Flash","inputTokenLimit":7},{"name":"tunedModels/x"}],"nextPageToken":"p"}`
	c := strict()
	c.Op = ai.Models
	hub, err := New().ReplyToHub(c, []byte(own))
	if err != nil {
		t.Fatal(err)
	}
	equalJSON(t, "models", []byte(`{"object":"list","data":[{"id":"gemini-2.5-flash","object":"model","created":0,"owned_by":"google"},{"id":"tunedModels/x","object":"model","created":0,"owned_by":"google"}]}`), hub)
	if len(c.Receipts) != 3 {
		t.Errorf("receipts %v", paths(c))
	}
	c = conversion()
	c.Op = ai.Models
	back, err := New().ReplyFromHub(c, hub)
	if err != nil {
		t.Fatal(err)
	}
	names := []any{}
	for _, m := range decode(t, back)["models"].([]any) {
		names = append(names, m.(object)["name"])
	}
	if diff := cmp.Diff([]any{"models/gemini-2.5-flash", "tunedModels/x"}, names); diff != "" {
		t.Error(diff)
	}
}
