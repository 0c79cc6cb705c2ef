package gateway_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
)

const (
	askResponse  = `{ "model":"gpt-4o-mini", "input":"hi", "unknown":12345678901234567890 }`
	responseJSON = `{"id":"resp_1","object":"response","status":"completed","model":"gpt-4o-mini-2024-07-18","extra":1.0,"output":[],"usage":{"input_tokens":1000,"input_tokens_details":{"cached_tokens":0},"output_tokens":10,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":1010}}`

	created   = "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"in_progress\",\"model\":\"gpt-4o-mini\",\"output\":[],\"usage\":null}}\n\n"
	textDelta = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"hello\"}\n\n"
	completed = "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":2,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\",\"model\":\"gpt-4o-mini\",\"output\":[],\"usage\":{\"input_tokens\":7,\"output_tokens\":1,\"total_tokens\":8}}}\n\n"
)

// responses makes a call that makes a response.
func (r *rig) responses(body string, headers ...string) *gateway.Call {
	c := r.chat(body, headers...)
	c.Op, c.Dialect, c.Path = ai.CreateResponse, ai.Responses, "/v1/responses"
	return c
}

func TestResponsesPassThroughByteForByte(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, responseJSON)})
	status, _, body := r.answer(t, r.responses(askResponse, "X-Portkey-Virtual-Key", "my-openai"))
	if status != 200 || body != responseJSON {
		t.Fatalf("status %d, body %s", status, body)
	}
	sent := <-r.requests
	if got, _ := io.ReadAll(sent.Body); string(got) != askResponse || sent.URL.Path != "/v1/responses" {
		t.Errorf("the provider received %s at %s", got, sent.URL)
	}
	e := r.ledger.only(t)
	// $0.15 and $0.60 a million tokens.
	if want := int64(1000*150 + 10*600); !e.CostKnown || e.CostNano != want || e.Op != ai.CreateResponse || e.Dialect != ai.Responses {
		t.Errorf("the entry is %+v", e)
	}
}

func TestResponsesStreamPassesThroughByteForByte(t *testing.T) {
	const whole = created + textDelta + completed
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, whole)})
	_, _, body := r.answer(t, r.responses(`{"model":"gpt-4o-mini","input":"hi","stream":true}`, "X-Portkey-Virtual-Key", "my-openai"))
	if body != whole {
		t.Errorf("got %s", body)
	}
	if got, _ := io.ReadAll((<-r.requests).Body); strings.Contains(string(got), "stream_options") {
		t.Errorf("the provider received %s", got)
	}
	if e := r.ledger.only(t); e.State != ledger.OK || e.Usage.InputTokens != 7 || e.Usage.Estimated {
		t.Errorf("the entry is %+v", e)
	}
}

func TestResponsesStreamThatBreaksEndsInAnError(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"it is cut":      cut(created + textDelta),
		"it just ends":   reply(200, created+textDelta),
		"it says so":     reply(200, created+textDelta+"event: error\ndata: {\"type\":\"error\",\"sequence_number\":2,\"error\":{\"message\":\"boom\",\"code\":\"server_error\"}}\n\n"),
		"it has failed":  reply(200, created+textDelta+"event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":2,\"response\":{\"id\":\"resp_1\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"boom\"}}}\n\n"),
		"it is a chat's": nil,
	} {
		t.Run(name, func(t *testing.T) {
			provider, want := "openai", created+textDelta
			if handle == nil {
				provider, handle, want = "anyscale", cut(firstPart+textPart), ""
			}
			r := newRig(t, map[string]http.HandlerFunc{provider: handle})
			_, _, body := r.answer(t, r.responses(`{"model":"gpt-4o-mini","input":"hi","stream":true}`, "X-Portkey-Virtual-Key", "my-"+provider))
			rest, ok := strings.CutPrefix(body, want)
			if !ok || strings.Contains(rest, "response.completed") {
				t.Fatalf("got %s", body)
			}
			failure := strings.Index(rest, "event: error\n")
			if failure < 0 || !strings.Contains(rest[failure:], "event: response.failed\n") || want != "" && !strings.Contains(rest, `"sequence_number":2`) {
				t.Errorf("it ends in %s", rest)
			}
			if e := r.ledger.only(t); e.State != ledger.Truncated {
				t.Errorf("the entry is %+v", e)
			}
		})
	}
}

// A response that fails before it says anything is an outcome like a status.
func TestResponsesStreamThatFailsAtOnceFallsBack(t *testing.T) {
	failed := created + "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":1,\"response\":{\"id\":\"resp_1\",\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow down\"}}}\n\n"
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, failed), "anyscale": reply(200, whole)})
	_, header, body := r.answer(t, r.responses(`{"model":"gpt-4o-mini","input":"hi","stream":true}`, "X-Portkey-Config",
		`{"strategy":{"mode":"fallback","on_status_codes":[429]},"targets":[{"virtual_key":"my-openai"},{"virtual_key":"my-anyscale"}]}`))
	if header.Get("X-Portkey-Provider") != "anyscale" || !strings.Contains(body, "event: response.completed") || !strings.Contains(body, `"delta":"hello"`) {
		t.Errorf("%s answered %s", header.Get("X-Portkey-Provider"), body)
	}
	e := r.ledger.only(t)
	if len(e.Attempts) != 2 || e.Attempts[0].Status != 429 || e.Usage.InputTokens != 7 {
		t.Errorf("the entry is %+v", e)
	}
}

func TestResponsesOfAChatProvider(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"anyscale": reply(200, okJSON)})
	status, _, body := r.answer(t, r.responses(`{"model":"gpt-4o-mini","instructions":"be brief","input":"hi","tools":[{"type":"file_search"}]}`, "X-Portkey-Virtual-Key", "my-anyscale"))
	if status != 200 || !strings.Contains(body, `"object":"response"`) || !strings.Contains(body, `"text":"hello"`) || !strings.Contains(body, `"instructions":"be brief"`) {
		t.Fatalf("status %d, body %s", status, body)
	}
	sent := <-r.requests
	got, _ := io.ReadAll(sent.Body)
	if want := `{"model":"gpt-4o-mini","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}]}`; string(got) != want || sent.URL.Path != "/v1/chat/completions" {
		t.Errorf("the provider received %s at %s", got, sent.URL)
	}
	e := r.ledger.only(t)
	if e.Usage.InputTokens != 1000 || e.Op != ai.CreateResponse || len(e.Receipts) != 1 || e.Receipts[0].Path != "tools[0]" {
		t.Errorf("the entry is %+v", e)
	}
	if r.ledger.body(e.UpstreamRaw) != okJSON {
		t.Error("what the provider answered was not kept")
	}
}

// Usage is asked for in a chat's stream, but not of a provider that refuses that.
func TestResponsesStreamOfAChatProviderAsksForUsage(t *testing.T) {
	for provider, want := range map[string]bool{"mock": true, "anyscale": false} {
		r := newRig(t, map[string]http.HandlerFunc{provider: reply(200, whole)})
		r.answer(t, r.responses(`{"model":"m","input":"hi","stream":true}`, "X-Portkey-Virtual-Key", "my-"+provider))
		if got, _ := io.ReadAll((<-r.requests).Body); strings.Contains(string(got), `"include_usage":true`) != want {
			t.Errorf("%s received %s", provider, got)
		}
	}
}

// Thinking is carried to a Responses client although replies in OpenAI's format
// are strict.
func TestResponsesOfAnthropicCarryThinking(t *testing.T) {
	message := `{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}`
	r := newRig(t, map[string]http.HandlerFunc{"anthropic": reply(200, message)})
	_, _, body := r.answer(t, r.responses(`{"model":"claude-sonnet-4-5","input":[{"type":"reasoning","summary":[],"encrypted_content":"thinking:earlier"},{"role":"assistant","content":"x"},{"role":"user","content":"hi"}]}`, "X-Portkey-Virtual-Key", "my-anthropic"))
	if !strings.Contains(body, `"encrypted_content":"thinking:sig"`) {
		t.Errorf("got %s", body)
	}
	if got, _ := io.ReadAll((<-r.requests).Body); !strings.Contains(string(got), `"signature":"earlier"`) {
		t.Errorf("the provider received %s", got)
	}
	if e := r.ledger.only(t); len(e.Receipts) != 0 {
		t.Errorf("receipts: %v", e.Receipts)
	}
}

// A conversation that Anthropic has answered goes on with OpenAI.
func TestResponsesThatChangeTheProvider(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, responseJSON)})
	r.answer(t, r.responses(`{"model":"m","input":[{"type":"reasoning","summary":[],"encrypted_content":"thinking:sig"}, {"role":"assistant", "content":"x"}]}`, "X-Portkey-Virtual-Key", "my-openai"))
	if got, _ := io.ReadAll((<-r.requests).Body); string(got) != `{"model":"m","input":[{"role":"assistant", "content":"x"}]}` {
		t.Errorf("the provider received %s", got)
	}
	if e := r.ledger.only(t); len(e.Receipts) != 1 || e.Receipts[0].Path != "input[0]" {
		t.Errorf("receipts: %v", e.Receipts)
	}
}

func TestWhatOnlyAStoreCanDo(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"anyscale": reply(200, okJSON)})
	status, _, body := r.answer(t, r.responses(`{"model":"m","input":"hi","previous_response_id":"resp_1"}`, "X-Portkey-Virtual-Key", "my-anyscale"))
	if status != 400 || !strings.Contains(body, `"param":"previous_response_id"`) || !strings.Contains(body, "send the conversation's items in input") {
		t.Errorf("status %d, body %s", status, body)
	}
	if len(r.requests) != 0 {
		t.Error("the provider was called")
	}
}

// Operations on stored responses: the path, the query, no charge.
func TestStoredResponses(t *testing.T) {
	stored := func(op ai.Op, method, path string) *gateway.Call {
		c := &gateway.Call{Headers: http.Header{}, Method: method, Path: path, TraceID: "trace-1", KeepBodies: true}
		c.ID, c.Op, c.Dialect = "req-1", op, ai.Responses
		c.Rest = strings.TrimPrefix(path, "/v1") + "?limit=3&include[]=a%20b"
		return c
	}
	for _, test := range []struct {
		call *gateway.Call
		want string
	}{
		{stored(ai.GetResponse, "GET", "/v1/responses/resp_1"), "GET /v1/responses/resp_1?limit=3&include[]=a%20b"},
		{stored(ai.DeleteResponse, "DELETE", "/v1/responses/resp_1"), "DELETE /v1/responses/resp_1?limit=3&include[]=a%20b"},
		{stored(ai.ListResponseItems, "GET", "/v1/responses/resp_1/input_items"), "GET /v1/responses/resp_1/input_items?limit=3&include[]=a%20b"},
		{stored(ai.CancelResponse, "POST", "/v1/responses/resp_1/cancel"), "POST /v1/responses/resp_1/cancel?limit=3&include[]=a%20b"},
		{stored(ai.ListConversationItems, "GET", "/v1/conversations/conv_1/items"), "GET /v1/conversations/conv_1/items?limit=3&include[]=a%20b"},
		{stored(ai.DeleteConversationItem, "DELETE", "/v1/conversations/conv_1/items/msg_1"), "DELETE /v1/conversations/conv_1/items/msg_1?limit=3&include[]=a%20b"},
	} {
		t.Run(string(test.call.Op), func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, responseJSON)})
			c := test.call
			c.Key = r.key
			c.Headers.Set("X-Portkey-Virtual-Key", "my-openai")
			status, _, body := r.answer(t, c)
			if status != 200 || body != responseJSON {
				t.Fatalf("status %d, body %s", status, body)
			}
			sent := <-r.requests
			if got := sent.Method + " " + sent.RequestURI; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if e := r.ledger.only(t); e.State != ledger.OK || e.Usage.Known || !e.CostKnown || e.CostNano != 0 {
				t.Errorf("the entry is %+v", e)
			}
		})
	}
}

// A stored response may be told as a stream again; nobody pays for it twice.
func TestStoredResponseAsAStream(t *testing.T) {
	const whole = created + textDelta + completed
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, whole)})
	c := r.responses("", "X-Portkey-Virtual-Key", "my-openai")
	c.Op, c.Method, c.Stream, c.Body, c.Model = ai.GetResponse, "GET", true, nil, ""
	c.Rest = "/responses/resp_1?stream=true"
	if _, _, body := r.answer(t, c); body != whole {
		t.Errorf("got %s", body)
	}
	if e := r.ledger.only(t); e.State != ledger.OK || e.Usage.Known || !e.CostKnown || e.CostNano != 0 {
		t.Errorf("the entry is %+v", e)
	}
}

// A provider without them says so, and a fallback goes on.
func TestStoredResponsesElsewhere(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, responseJSON), "anthropic": reply(500, `{}`)})
	c := r.responses("", "X-Portkey-Config", `{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"my-anthropic"},{"virtual_key":"my-openai"}]}`)
	c.Op, c.Method, c.Body, c.Model = ai.GetResponse, "GET", nil, ""
	c.Rest = "/responses/resp_1"
	status, header, _ := r.answer(t, c)
	if status != 200 || header.Get("X-Portkey-Provider") != "openai" || len(r.requests) != 1 {
		t.Errorf("status %d from %s", status, header.Get("X-Portkey-Provider"))
	}
	if e := r.ledger.only(t); !slices.ContainsFunc(e.Attempts, func(a ledger.Attempt) bool { return a.Status == 501 }) {
		t.Errorf("attempts %+v", e.Attempts)
	}
}

// Compaction is a call of the model that costs what it says; only the Responses
// API has it.
func TestCompaction(t *testing.T) {
	const compacted = `{"id":"resp_2","object":"response.compaction","created_at":1,"output":[{"type":"compaction","id":"cmp_1","encrypted_content":"x"}],` +
		`"usage":{"input_tokens":1000,"input_tokens_details":{"cached_tokens":0},"output_tokens":100,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":1100}}`
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, compacted), "anthropic": reply(500, `{}`)})
	compact := func(model string) *gateway.Call {
		c := r.responses(`{"model":"` + model + `","input":[{"role":"user","content":"hi"}]}`)
		c.Op, c.Path, c.Rest = ai.CompactResponse, "/v1/responses/compact", "/responses/compact"
		return c
	}
	status, _, body := r.answer(t, compact("@my-openai/gpt-4o"))
	if status != 200 || body != compacted {
		t.Fatalf("%d %s", status, body)
	}
	seen := <-r.requests
	if sent, _ := io.ReadAll(seen.Body); seen.URL.Path != "/v1/responses/compact" || string(sent) != `{"model":"gpt-4o","input":[{"role":"user","content":"hi"}]}` {
		t.Errorf("the provider received %s at %s", sent, seen.URL)
	}
	wantCost(t, r.ledger.only(t), 1000*2_500+100*10_000, true)
	status, _, body = r.answer(t, compact("@my-anthropic/claude-sonnet-4-5"))
	if status != 501 || !strings.Contains(body, "compactModelResponse is not supported by anthropic") || len(r.requests) != 0 {
		t.Errorf("elsewhere: %d %s", status, body)
	}
}

func TestCountTokens(t *testing.T) {
	const ask, count = `{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"hi"}]}`, `{"input_tokens":8}`
	call := func(r *rig, provider string) *gateway.Call {
		c := r.chat(ask, "X-Portkey-Virtual-Key", "my-"+provider)
		c.Op, c.Dialect, c.Path = ai.CountTokens, ai.Anthropic, "/v1/messages/count_tokens"
		return c
	}
	r := newRig(t, map[string]http.HandlerFunc{"anthropic": reply(200, count)})
	if status, _, body := r.answer(t, call(r, "anthropic")); status != 200 || body != count {
		t.Errorf("status %d, body %s", status, body)
	}
	sent := <-r.requests
	if got, _ := io.ReadAll(sent.Body); string(got) != ask || sent.URL.Path != "/v1/messages/count_tokens" {
		t.Errorf("the provider received %s at %s", got, sent.URL)
	}
	if e := r.ledger.only(t); e.Usage.Known || !e.CostKnown || e.CostNano != 0 {
		t.Errorf("the entry is %+v", e)
	}
	r = newRig(t, map[string]http.HandlerFunc{"openai": reply(200, count)})
	if status, _, body := r.answer(t, call(r, "openai")); status != 501 || !strings.Contains(body, "messagesCountTokens is not supported by openai") {
		t.Errorf("status %d, body %s", status, body)
	}
}
