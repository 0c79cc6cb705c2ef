package bedrock_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/bedrock"
	"github.com/portico-ai/portico/internal/sign"
	"github.com/portico-ai/portico/test/corpus"
)

// noTokens is the client of calls that ask Amazon for no credentials.
type noTokens struct{ t *testing.T }

// Do implements sign.Doer.
func (n noTokens) Do(r *http.Request) (*http.Response, error) {
	n.t.Errorf("credentials were asked for at %s", r.URL)
	return nil, errors.New("no network")
}

type doer func(*http.Request) (*http.Response, error)

// Do implements sign.Doer.
func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// row is the provider as a registry gives it out.
func row(t *testing.T, tokens sign.Doer) *provider.Provider {
	t.Helper()
	r, err := provider.NewRegistry(bedrock.New(sign.Clients{Tokens: tokens, Identity: tokens}))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get(bedrock.ID)
	return p
}

func call(op ai.Op, model string, fields ...string) *provider.Call {
	c := &provider.Call{Op: op, Model: model, Fields: map[string]string{"aws_access_key_id": "AKIA", "aws_secret_access_key": "secret-key-value"}}
	if op != ai.Models {
		c.Body = []byte(`{"messages":[]}`)
	}
	for i := 0; i < len(fields); i += 2 {
		c.Fields[fields[i]] = fields[i+1]
	}
	return c
}

const claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

func TestURLs(t *testing.T) {
	stream := func(c *provider.Call) *provider.Call { c.Stream = true; return c }
	native := func(c *provider.Call) *provider.Call { c.Dialect = ai.Anthropic; return c }
	based := func(c *provider.Call, base string) *provider.Call { c.Base = base; return c }
	const host = "https://bedrock-runtime.us-east-1.amazonaws.com"
	for _, c := range []struct {
		name string
		call *provider.Call
		want string
	}{
		{"whole", call(ai.Chat, "amazon.nova-lite-v1:0"), "POST " + host + "/model/amazon.nova-lite-v1%3A0/converse"},
		{"streamed", stream(call(ai.Chat, claude)), "POST " + host + "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream"},
		{"region", call(ai.Chat, "m", "aws_region", "eu-central-1"), "POST https://bedrock-runtime.eu-central-1.amazonaws.com/model/m/converse"},
		{"ARN", call(ai.Chat, "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/1arbu5hu2sjr"),
			"POST " + host + "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2F1arbu5hu2sjr/converse"},
		{"encoded already", call(ai.Chat, "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ax%2Fy"), "POST " + host + "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ax%2Fy/converse"},
		{"odd characters", call(ai.Chat, "a b/../c?d#e+f"), "POST " + host + "/model/a%20b%2F..%2Fc%3Fd%23e%2Bf/converse"},
		{"Claude's own", native(call(ai.Chat, claude)), "POST " + host + "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke"},
		{"Claude's own, streamed", stream(native(call(ai.Chat, claude))), "POST " + host + "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream"},
		{"embeddings", call(ai.Embed, "amazon.titan-embed-text-v2:0"), "POST " + host + "/model/amazon.titan-embed-text-v2%3A0/invoke"},
		{"models", call(ai.Models, "", "aws_region", "eu-west-1"), "GET https://bedrock.eu-west-1.amazonaws.com/foundation-models"},
		{"a base", based(call(ai.Chat, "m:0"), "http://127.0.0.1:9000/x/"), "POST http://127.0.0.1:9000/x/model/m%3A0/converse"},
		{"a base for models", based(call(ai.Models, ""), "http://127.0.0.1:9000"), "GET http://127.0.0.1:9000/foundation-models"},
	} {
		r, err := row(t, noTokens{t}).Encode(t.Context(), c.call)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := r.Method + " " + r.URL.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIA/") {
			t.Errorf("%s: it is not signed: %v", c.name, r.Header)
		}
	}
}

// An operator's base URL holds for the control plane too.
func TestOperatorsBase(t *testing.T) {
	r, err := provider.NewRegistry(bedrock.New(sign.Clients{Tokens: noTokens{t}, Identity: noTokens{t}}))
	if err != nil {
		t.Fatal(err)
	}
	if r, err = r.WithBases(map[string]string{bedrock.ID: "http://127.0.0.1:9/aws"}); err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get(bedrock.ID)
	req, err := p.Encode(t.Context(), call(ai.Models, ""))
	if err != nil || req.URL.String() != "http://127.0.0.1:9/aws/foundation-models" {
		t.Errorf("got %v, %v", req, err)
	}
}

func TestWhoIsSpokenToNatively(t *testing.T) {
	p := row(t, noTokens{t})
	for _, c := range []struct {
		op     ai.Op
		client ai.Dialect
		model  string
		want   ai.Dialect
	}{
		{ai.Chat, ai.Anthropic, claude, ai.Anthropic},
		{ai.Chat, ai.Anthropic, "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0", ai.Anthropic},
		{ai.Chat, ai.Anthropic, "arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2Fanthropic.claude-3-haiku", ai.Anthropic},
		{ai.Chat, ai.Anthropic, "amazon.nova-lite-v1:0", ai.Bedrock},
		{ai.Chat, ai.Anthropic, "arn:aws:bedrock:us-east-1:1:application-inference-profile/x", ai.Bedrock},
		{ai.Chat, ai.OpenAI, claude, ai.Bedrock},
		{ai.Models, ai.Anthropic, claude, ai.Bedrock},
	} {
		if e, ok := p.EndpointFor(c.op, c.client, c.model); !ok || e.Dialect != c.want {
			t.Errorf("%s of %s for %s: %v %v, want %s", c.op, c.model, c.client, e, ok, c.want)
		}
	}
}

func TestBodies(t *testing.T) {
	for _, c := range []struct {
		name    string
		dialect ai.Dialect
		model   string
		in      string
		fields  []string
		want    string
	}{
		{"Claude's own", ai.Anthropic, claude, `{"model":"x", "max_tokens":5,"stream":true,"seed":12345678901234567890}`, nil,
			`{"max_tokens":5,"seed":12345678901234567890,"anthropic_version":"bedrock-2023-05-31"}`},
		{"a version of Anthropic's API", ai.Anthropic, claude, `{"max_tokens":5}`, []string{"anthropic_version", "2023-06-01"}, `{"max_tokens":5,"anthropic_version":"bedrock-2023-05-31"}`},
		{"a version of its own", ai.Anthropic, claude, `{"anthropic_version":"bedrock-2030-01-01"}`, nil, `{"anthropic_version":"bedrock-2030-01-01"}`},
		{"beta features", ai.Anthropic, claude, `{"anthropic_version":"v","anthropic_beta":["a"]}`, []string{"anthropic_beta", "b, c"}, `{"anthropic_version":"v","anthropic_beta":["b","c","a"]}`},
		{"beta features of Converse", ai.Bedrock, claude, `{"messages":[],"additionalModelRequestFields":{"top_k":1}}`, []string{"anthropic_beta", "b"},
			`{"messages":[],"additionalModelRequestFields":{"top_k":1,"anthropic_beta":["b"]}}`},
		{"beta features of others", ai.Bedrock, "amazon.nova-lite-v1:0", `{"messages":[]}`, []string{"anthropic_beta", "b"}, `{"messages":[]}`},
	} {
		req := call(ai.Chat, c.model, c.fields...)
		req.Dialect, req.Body = c.dialect, []byte(c.in)
		r, err := row(t, noTokens{t}).Encode(t.Context(), req)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || strings.ReplaceAll(string(body), " ", "") != c.want || r.ContentLength != int64(len(body)) {
			t.Errorf("%s: got %s (%v), want %s", c.name, body, err, c.want)
		}
		if string(req.Body) != c.in {
			t.Errorf("%s: the call's own body changed", c.name)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name           string
		call           *provider.Call
		param, message string
	}{
		{"no model", call(ai.Chat, ""), "model", "must name a model"},
		{"dots for a model", call(ai.Chat, ".."), "model", "must name a model"},
		{"a placeholder for a model", call(ai.Chat, "{aws_region}"), "model", "ARN"},
		{"a region that is a host", call(ai.Chat, "m", "aws_region", "evil.example/"), "aws_region", "letters"},
		{"unknown authentication", call(ai.Chat, "m", "aws_auth_type", "magic"), "aws_auth_type", "serviceRole"},
	} {
		_, err := row(t, noTokens{t}).Encode(t.Context(), c.call)
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != c.param || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: got %+v", c.name, err)
		}
	}
}

// The gateway's own identity is stored, and signs for Amazon's hosts alone.
func TestOwnIdentity(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIASERVER")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	p := row(t, doer(func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") }))
	for _, brought := range []map[string]string{{"aws_auth_type": "serviceRole"}, {"aws_auth_type": "AssumedRole", "aws_role_arn": "r"}, {"aws_auth_type": "assumedRole", "aws_access_key_id": "only half"}} {
		err := p.CheckRequest(brought)
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Code != "stored_only" {
			t.Errorf("%v from a request: %v", brought, err)
		}
	}
	if err := p.CheckRequest(map[string]string{"aws_auth_type": "assumedRole", "aws_role_arn": "r", "aws_access_key_id": "a", "aws_secret_access_key": "b"}); err != nil {
		t.Errorf("a role assumed with the request's own keys: %v", err)
	}
	c := call(ai.Chat, "m", "aws_auth_type", "serviceRole")
	if _, err := p.Encode(t.Context(), c); err == nil {
		t.Error("a request that brings keys gets the server's own identity")
	}
	for base, want := range map[string]bool{
		"": true, "https://bedrock-runtime.us-east-1.amazonaws.com": true, "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com": true,
		"https://vpce-0abc-x.bedrock-runtime.us-east-1.vpce.amazonaws.com": true, "https://bedrock.cn-north-1.amazonaws.com.cn": true,
		"http://bedrock-runtime.us-east-1.amazonaws.com": false, "https://bedrock-runtime.us-east-1.amazonaws.com.evil.example": false,
		"https://bedrock.s3.amazonaws.com": false, "https://bedrock-x.s3.us-east-1.amazonaws.com": false, "https://ec2-1-2-3-4.compute-1.amazonaws.com": false,
		"https://bedrock-runtime.us-east-1.amazonaws.com@evil.example": false, "https://evil.example/bedrock-runtime.us-east-1.amazonaws.com": false,
	} {
		c := &provider.Call{Op: ai.Chat, Model: "m", Body: []byte("{}"), Base: base, Fields: map[string]string{"aws_auth_type": "serviceRole"}}
		r, err := p.Encode(t.Context(), c)
		if want && (err != nil || !strings.Contains(r.Header.Get("Authorization"), "AKIASERVER")) {
			t.Errorf("%q: %v", base, err)
		}
		if e, ok := errors.AsType[*ai.Error](err); !want && (!ok || e.Param != "custom_host") {
			t.Errorf("%q: got %v", base, err)
		}
	}
}

// What recorded clients sent to Claude through InvokeModel is what is sent here
// for the same request in Anthropic's own form.
func TestRecordedClaudeRequests(t *testing.T) {
	n := 0
	for _, e := range corpus.Exchanges(t, "bedrock", "invoke") {
		var want map[string]any
		if json.Unmarshal(e.RequestBody, &want) != nil || want["anthropic_version"] == nil || !strings.Contains(e.URL, "/model/") {
			continue
		}
		n++
		path := e.URL[strings.Index(e.URL, "/model/"):]
		model, err := url.PathUnescape(strings.Split(path, "/")[2])
		if err != nil {
			t.Fatal(err)
		}
		var plain map[string]any
		_ = json.Unmarshal(e.RequestBody, &plain)
		delete(plain, "anthropic_version")
		plain["model"], plain["stream"] = model, e.Stream
		c := call(ai.Chat, model)
		c.Dialect, c.Stream = ai.Anthropic, e.Stream
		c.Body, _ = json.Marshal(plain)
		r, err := row(t, noTokens{t}).Encode(t.Context(), c)
		if err != nil {
			t.Errorf("%s: %v", e.ID, err)
			continue
		}
		body, _ := io.ReadAll(r.Body)
		var got map[string]any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(want)
		if b, _ := json.Marshal(got); string(a) != string(b) {
			t.Errorf("%s: got %s, want %s", e.ID, b, a)
		}
		if r.URL.EscapedPath() != path && r.URL.Path != path {
			t.Errorf("%s: got %s, want %s", e.ID, r.URL.EscapedPath(), path)
		}
	}
	t.Logf("%d requests", n)
}
