package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
)

// acme is a provider that nothing but this row knows.
func acme() *provider.Provider {
	return &provider.Provider{
		ID: "acme", Name: "Acme", Docs: "https://docs.acme.example/api",
		Base: "https://api.acme.example/v1",
		Ops: map[ai.Op]provider.Endpoint{
			ai.Chat: {Dialect: ai.OpenAI, Path: "/chat/completions"},
		},
		Fields: []provider.Field{{Name: "acme_team", Header: "acme-team", Label: "Team", Help: "Who pays", Send: "X-Acme-Team"}},
		Quirks: provider.Quirks{
			NoStreamOptions: true, NoDone: true,
			Params: []provider.Param{{Name: "max_completion_tokens", As: "max_tokens"}, {Name: "logit_bias"}},
			Roles:  map[string]string{"developer": "system"},
			Finish: map[string]string{"eos": "stop"},
		},
	}
}

const askAcme = `{"model":"acme-1","messages":[{"role":"developer","content":"Be brief"},{"role":"user","content":"Hi"}],"max_completion_tokens":5,"logit_bias":{"1":2},"unknown":1e3}`

func TestARowIsAllThatAProviderNeeds(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"acme": reply(200, strings.Replace(okJSON, `"stop"`, `"eos"`, 1))}, acme())
	status, header, body := r.answer(t, r.chat(askAcme, "X-Portkey-Virtual-Key", "my-acme", "X-Portkey-Acme-Team", "blue"))
	if status != 200 || body != okJSON || header.Get("X-Portkey-Provider") != "acme" {
		t.Fatalf("status %d, body %s", status, body)
	}
	sent := <-r.requests
	const want = `{"model":"acme-1","messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"}],"unknown":1e3,"max_tokens":5}`
	if got, _ := io.ReadAll(sent.Body); string(got) != want {
		t.Errorf("the provider received %s", got)
	}
	if sent.URL.Path != "/v1/chat/completions" || sent.Header.Get("Authorization") != "Bearer sk-stored-acme" || sent.Header.Get("X-Acme-Team") != "blue" {
		t.Errorf("it was called at %s with %v", sent.URL, sent.Header)
	}
	e := r.ledger.only(t)
	if len(e.Receipts) != 1 || e.Receipts[0].Path != "logit_bias" || e.Receipts[0].Reason != "Acme does not take it" {
		t.Errorf("receipts %+v", e.Receipts)
	}
	if e.Usage.InputTokens != 1000 || e.CostKnown {
		t.Errorf("the entry is %+v", e)
	}
}

func TestAClientThatIsNotStrictGetsARowsOwnFinishReasons(t *testing.T) {
	odd := strings.Replace(okJSON, `"stop"`, `"eos"`, 1)
	r := newRig(t, map[string]http.HandlerFunc{"acme": reply(200, odd)}, acme())
	if _, _, body := r.answer(t, r.chat(askAcme, "X-Portkey-Virtual-Key", "my-acme", "X-Portkey-Strict-Open-Ai-Compliance", "false")); body != odd {
		t.Errorf("the client received %s", body)
	}
}

func TestARowsStream(t *testing.T) {
	odd := strings.Replace(endPart, `"stop"`, `"eos"`, 1)
	r := newRig(t, map[string]http.HandlerFunc{"acme": reply(200, firstPart+textPart+odd)}, acme())
	ask := strings.Replace(askAcme, `"unknown":1e3`, `"stream":true,"stream_options":{"include_usage":true}`, 1)
	if _, _, body := r.answer(t, r.chat(ask, "X-Portkey-Virtual-Key", "my-acme")); body != firstPart+textPart+endPart+done {
		t.Errorf("the client received %q", body)
	}
	sent := <-r.requests
	if got, _ := io.ReadAll(sent.Body); strings.Contains(string(got), "stream_options") || !strings.Contains(string(got), `"stream":true`) {
		t.Errorf("the provider received %s", got)
	}
	if e := r.ledger.only(t); len(e.Receipts) != 2 || !e.Usage.Estimated {
		t.Errorf("the entry is %+v", e)
	}
}

func TestAClientOfAnotherFormatGetsARow(t *testing.T) {
	odd := strings.Replace(endPart, `"stop"`, `"eos"`, 1)
	r := newRig(t, map[string]http.HandlerFunc{"acme": reply(200, firstPart+textPart+odd)}, acme())
	c := r.chat(`{"model":"acme-1","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"stream":true}`, "X-Portkey-Virtual-Key", "my-acme")
	c.Dialect = ai.Anthropic
	_, _, body := r.answer(t, c)
	if !strings.Contains(body, `"text":"hello"`) || !strings.Contains(body, `"stop_reason":"end_turn"`) || !strings.Contains(body, "message_stop") {
		t.Errorf("the client received %q", body)
	}
	sent := <-r.requests
	if got, _ := io.ReadAll(sent.Body); !strings.Contains(string(got), `"max_tokens":9`) {
		t.Errorf("the provider received %s", got)
	}
}

// A base URL that a request brings is a custom host by another name.
func TestAFieldThatNamesAHostIsChecked(t *testing.T) {
	row := acme()
	row.Base = "{acme_url}"
	row.Fields = []provider.Field{{Name: "acme_url", Header: "acme-url", Label: "URL", Help: "Where it is", Required: true, URL: true}}
	for _, c := range []struct{ name, value, param, code string }{
		{"denied", "http://169.254.169.254/v1", "acme_url", "invalid_custom_host"},
		{"missing", "", "acme_url", ""},
		{"no URL", "acme", "acme_url", "invalid_custom_host"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil, row)
			call := r.chat(askAcme, "X-Portkey-Provider", "acme", "X-Portkey-Acme-Url", c.value)
			call.ProviderKey = ai.NewSecret("sk-mine")
			status, _, body := r.answer(t, call)
			if status != 400 || !strings.Contains(body, `"param":"`+c.param+`"`) || !strings.Contains(body, c.code) {
				t.Errorf("status %d, body %s", status, body)
			}
		})
	}
}

// A row may serve some base URLs in another format; the client need not know.
func TestAVariantOfARow(t *testing.T) {
	row := acme()
	row.Base, row.Quirks = "{acme_url}", provider.Quirks{}
	row.Fields = []provider.Field{{Name: "acme_url", Header: "acme-url", Label: "URL", Help: "Where it is", URL: true}}
	other := *row
	other.Fields = append([]provider.Field{}, row.Fields...)
	other.Ops = map[ai.Op]provider.Endpoint{ai.Chat: {Dialect: ai.Anthropic, Path: "/messages"}}
	row.Variants = []provider.Variant{{When: func(base string) bool { return strings.HasSuffix(base, "/v1") }, Row: &other}}
	const message = `{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}`
	r := newRig(t, map[string]http.HandlerFunc{"acme": reply(200, message)}, row)
	status, _, body := r.answer(t, r.chat(askAcme, "X-Portkey-Virtual-Key", "my-acme"))
	if status != 200 || !strings.Contains(body, `"content":"hello"`) || !strings.Contains(body, `"choices"`) {
		t.Errorf("status %d, body %s", status, body)
	}
	if sent := <-r.requests; sent.URL.Path != "/v1/messages" {
		t.Errorf("it was called at %s", sent.URL)
	}
	call := r.chat(`{"model":"e","input":"x"}`, "X-Portkey-Virtual-Key", "my-acme")
	call.Op, call.Dialect = ai.CreateResponse, ai.Responses
	if status, _, body = r.answer(t, call); status != 200 || !strings.Contains(body, `"output_text"`) {
		t.Errorf("a response, which a chat of the variant stands in for: status %d, body %s", status, body)
	}
	<-r.requests
	call = r.chat(`{"model":"e","input":"x"}`, "X-Portkey-Virtual-Key", "my-acme")
	call.Op = ai.Embed
	if status, _, body = r.answer(t, call); status != 501 {
		t.Errorf("embeddings: status %d, body %s", status, body)
	}
}

// A response is a chat to a provider without the Responses API, and so it is to
// one of its rows that speaks another format.
func TestResponsesOfAVariant(t *testing.T) {
	row := acme()
	row.Variants = []provider.Variant{{When: func(base string) bool { return strings.HasSuffix(base, "/v1") }, Row: &provider.Provider{
		ID: "acme", Name: "Acme (Claude)", Docs: "https://docs.acme.example/claude", Base: row.Base,
		Ops: map[ai.Op]provider.Endpoint{ai.Chat: {Dialect: ai.Anthropic, Path: "/messages"}},
	}}}
	r := newRig(t, map[string]http.HandlerFunc{"acme": reply(200, `{"id":"msg_1","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"hello"}],`+
		`"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}`)}, row)
	c := r.chat(`{"model":"c","input":"hi"}`, "X-Portkey-Virtual-Key", "my-acme")
	c.Op, c.Dialect = ai.CreateResponse, ai.Responses
	status, _, body := r.answer(t, c)
	if status != 200 || !strings.Contains(body, `"object":"response"`) || !strings.Contains(body, `"text":"hello"`) {
		t.Fatalf("status %d: %s", status, body)
	}
	if sent := <-r.requests; sent.URL.Path != "/v1/messages" {
		t.Errorf("it was called at %s", sent.URL.Path)
	}
}

// What the request's own headers said in vain is told along with what the
// translation lost.
func TestReceiptsOfTheRequestAreKept(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"openai": reply(200, `{"choices":[]}`)})
	c := r.chat(`{"model":"m","messages":[]}`, "X-Portkey-Provider", "openai")
	c.Receipts = []ai.Receipt{{Path: "x-portkey-metadata.a", Reason: "left out"}}
	r.answer(t, c)
	if e := r.ledger.only(t); len(e.Receipts) != 1 || e.Receipts[0].Path != "x-portkey-metadata.a" {
		t.Errorf("receipts %+v", e.Receipts)
	}
}
