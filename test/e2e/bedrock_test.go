package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/test/upstream"
)

const (
	awsSecret = "canary-aws-secret-key-1f60c2d8"
	awsToken  = "canary-aws-session-token-77ab10ce"
	nova      = "us.amazon.nova-lite-v1:0"
	claude    = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
)

// bedrock stores a key pair for Bedrock and returns its slug.
func (s *server) bedrock(t *testing.T) string {
	t.Helper()
	got := s.call("POST", "/v1/virtual-keys", adminKey, map[string]any{"name": "aws", "provider": "bedrock", "aws_access_key_id": "AKIAEXAMPLE",
		"aws_secret_access_key": awsSecret, "aws_session_token": awsToken, "aws_region": "eu-west-1"})
	slug, _ := got.JSON(t)["slug"].(string)
	if slug == "" {
		t.Fatalf("not stored: %d: %s", got.Status, got.Body)
	}
	return slug
}

// checkSignature works out a request's signature again, with nothing but the
// standard library and what the provider was sent.
func checkSignature(t *testing.T, r upstream.Request, service string) {
	t.Helper()
	auth := r.Header.Get("Authorization")
	head, signature, _ := strings.Cut(auth, ", Signature=")
	head, list, _ := strings.Cut(head, ", SignedHeaders=")
	at := r.Header.Get("X-Amz-Date")
	if when, err := time.Parse("20060102T150405Z", at); err != nil || time.Since(when).Abs() > time.Minute {
		t.Errorf("it is signed at %q", at)
	}
	scope := at[:8] + "/eu-west-1/" + service + "/aws4_request"
	if head != "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/"+scope {
		t.Errorf("authorization %q", auth)
	}
	path := strings.ReplaceAll(r.Escaped, "%", "%25")
	if service == "s3" {
		path = r.Escaped // S3 alone takes it as it is sent
	}
	lines := []string{r.Method, path, r.Query}
	for name := range strings.SplitSeq(list, ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.Itoa(len(r.Body))
		}
		lines = append(lines, name+":"+value)
	}
	hash := func(text string) string { sum := sha256.Sum256([]byte(text)); return hex.EncodeToString(sum[:]) }
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	canonical := strings.Join(append(lines, "", list, hash(r.Body)), "\n")
	key := mac(mac(mac(mac([]byte("AWS4"+awsSecret), at[:8]), "eu-west-1"), service), "aws4_request")
	if want := hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+at+"\n"+scope+"\n"+hash(canonical))); signature != want {
		t.Errorf("signature %s, want %s of\n%s", signature, want, canonical)
	}
	for _, name := range []string{"host", "x-amz-date", "x-amz-security-token"} {
		if !strings.Contains(";"+list+";", ";"+name+";") {
			t.Errorf("%s is not signed: %s", name, list)
		}
	}
	if r.Header.Get("X-Amz-Security-Token") != awsToken || strings.Contains(auth+r.Body+r.Escaped, awsSecret) {
		t.Error("the session token is missing, or the secret key was sent")
	}
}

// Both doors, whole and streamed: the answer comes in the client's format, and
// what Bedrock was sent is signed and goes to the right path.
func TestBedrock(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	vk := s.bedrock(t)
	for _, c := range []struct {
		name, door, model, path string
		stream                  bool
		want                    []string
	}{
		{"chat", "/v1/chat/completions", nova, "/converse", false, []string{`"content":"Hello from Bedrock."`, `"finish_reason":"stop"`, `"total_tokens":13`, `"model":"` + nova + `"`}},
		{"chat, streamed", "/v1/chat/completions", nova, "/converse-stream", true, []string{`"content":"Hello "`, `"content":"from Bedrock."`, `"finish_reason":"stop"`, "data: [DONE]"}},
		{"Claude in chat", "/v1/chat/completions", claude, "/converse", false, []string{`"content":"Hello from Bedrock."`}},
		{"messages", "/v1/messages", nova, "/converse", false, []string{`"type":"text","text":"Hello from Bedrock."`, `"stop_reason":"end_turn"`, `"input_tokens":9`}},
		{"messages, streamed", "/v1/messages", nova, "/converse-stream", true, []string{"event: message_start", `"text":"from Bedrock."`, `"stop_reason":"end_turn"`, `"output_tokens":4`, "event: message_stop"}},
		{"Claude's messages", "/v1/messages", claude, "/invoke", false, []string{`"text":"Hello from Claude on Bedrock."`, `"id":"msg_bdrk_own"`}},
		{"Claude's messages, streamed", "/v1/messages", claude, "/invoke-with-response-stream", true, []string{"event: message_start\ndata: {\"type\":\"message_start\"", "event: message_stop"}},
	} {
		up.Reset()
		body := strings.Replace(chatBody("@"+vk+"/"+c.model, c.stream), "{", `{"max_tokens":50,`, 1)
		got := s.call("POST", c.door, workspaceKey, body)
		for _, want := range append(c.want, "") {
			if got.Status != 200 || !strings.Contains(got.Body, want) {
				t.Errorf("%s: status %d, want %s in\n%s", c.name, got.Status, want, got.Body)
			}
		}
		sent := up.Requests("bedrock")
		if len(sent) != 1 {
			t.Fatalf("%s: Bedrock was asked %d times", c.name, len(sent))
		}
		if want := "/bedrock/model/" + strings.ReplaceAll(c.model, ":", "%3A") + c.path; sent[0].Escaped != want {
			t.Errorf("%s: it was asked at %s, want %s", c.name, sent[0].Escaped, want)
		}
		checkSignature(t, sent[0], "bedrock")
		var in map[string]any
		if err := json.Unmarshal([]byte(sent[0].Body), &in); err != nil || in["model"] != nil || in["stream"] != nil {
			t.Errorf("%s: it was sent %s (%v)", c.name, sent[0].Body, err)
		}
		row := s.rows(got.id())[got.id()]
		if fmt.Sprintf("%v %v %v %v", row["req_units"], row["res_units"], row["ai_org"], row["status"]) != "9 4 bedrock success" {
			t.Errorf("%s: the log says %v", c.name, row)
		}
	}
}

// A stream that breaks is never a clean end, and one that breaks at once can
// still fall back.
func TestBedrockStreamsThatBreak(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	vk := s.bedrock(t)
	for name, c := range map[string]struct {
		step upstream.Step
		want string
	}{
		"an exception":          {upstream.Step{Case: "hello-stream", ErrorAfter: upstream.At(2)}, "The upstream was told to break this stream."},
		"a cut":                 {upstream.Step{Case: "hello-stream", CutAt: upstream.At(400)}, "ended before it was complete"},
		"nothing, byte by byte": {upstream.Step{Case: "hello-stream", Split: "byte"}, ""},
		"no message stop":       {upstream.Step{Case: "hello-stream", CutAt: upstream.At(820)}, "ended before it was complete"},
		"no metadata, but over": {upstream.Step{Case: "hello-stream", DropTerminal: true}, ""},
	} {
		for door, end := range map[string]string{"/v1/chat/completions": "data: [DONE]", "/v1/messages": "event: message_stop"} {
			script(t, up, "bedrock", c.step)
			got := s.call("POST", door, workspaceKey, strings.Replace(chatBody("@"+vk+"/"+nova, true), "{", `{"max_tokens":50,`, 1))
			if ended := strings.Contains(got.Body, end); ended != (c.want == "") || !strings.Contains(got.Body, c.want) {
				t.Errorf("%s at %s: want %q; it ended: %v\n%s", name, door, c.want, ended, got.Body)
			}
		}
	}
	script(t, up, "bedrock", upstream.Step{Case: "hello-stream", ErrorAfter: upstream.At(1)}, upstream.Step{Status: 429})
	config := `{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"` + vk + `"},{"virtual_key":"` + vk + `"},{"provider":"openai","api_key":"sk-x"}]}`
	got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody(nova, true), "X-Portkey-Config", config)
	if got.Status != 200 || got.Header.Get("X-Portkey-Provider") != "openai" || !strings.Contains(got.Body, "[DONE]") {
		t.Errorf("no fallback: %d %v\n%s", got.Status, got.Header, got.Body)
	}
}

// Errors carry Amazon's words and type; what a request may not do to a stored
// identity is refused.
func TestBedrockRefusals(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	vk := s.bedrock(t)
	script(t, up, "bedrock", upstream.Step{Status: 400})
	got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("@"+vk+"/"+nova, false))
	wantError(t, got, 400, "told to answer 400", "ValidationException")
	for header, value := range map[string]string{"X-Portkey-Aws-Role-Arn": "arn:aws:iam::1:role/x", "X-Portkey-Aws-Auth-Type": "serviceRole"} {
		got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("@"+vk+"/"+nova, false), header, value)
		wantError(t, got, 400, "aws_")
	}
	got = s.call("POST", "/v1/chat/completions", workspaceKey, chatBody(nova, false), "X-Portkey-Provider", "bedrock", "X-Portkey-Aws-Auth-Type", "assumedRole", "X-Portkey-Aws-Role-Arn", "r")
	wantError(t, got, 400, "identity of the server's own")
	got = s.call("POST", "/v1/chat/completions", workspaceKey, chatBody(nova, false), "X-Portkey-Provider", "bedrock")
	wantError(t, got, 401, "No credential for AWS")
	if n := len(up.Requests("bedrock")); n != 1 {
		t.Errorf("Bedrock was asked %d times", n)
	}
	if strings.Contains(s.output.String(), awsSecret) {
		t.Error("the secret key was printed")
	}
}

// The caller's own key pair, the list of models and SageMaker.
func TestAmazonWithCallersKeys(t *testing.T) {
	t.Parallel()
	s, up := withUpstream(t)
	keys := []string{"X-Portkey-Aws-Access-Key-Id", "AKIAEXAMPLE", "X-Portkey-Aws-Secret-Access-Key", awsSecret, "X-Portkey-Aws-Session-Token", awsToken, "X-Portkey-Aws-Region", "eu-west-1"}
	got := s.call("GET", "/v1/models", workspaceKey, nil, append(keys, "X-Portkey-Provider", "bedrock")...)
	if got.Status != 200 || !strings.Contains(got.Body, `"id":"amazon.nova-lite-v1:0","object":"model"`) {
		t.Errorf("models: %d %s", got.Status, got.Body)
	}
	checkSignature(t, up.Requests("bedrock")[0], "bedrock")
	got = s.call("POST", "/v1/proxy/model/"+strings.Replace(nova, ":", "%3A", 1)+"/converse?a=1&x=b", workspaceKey, `{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}`,
		append(keys, "X-Portkey-Provider", "bedrock")...)
	if got.Status != 200 || !strings.Contains(got.Body, `"stopReason":"end_turn"`) {
		t.Errorf("Converse by its own path: %d %s", got.Status, got.Body)
	}
	sent := up.Requests("bedrock")
	checkSignature(t, sent[len(sent)-1], "bedrock")
	script(t, up, "sagemaker", upstream.Step{Case: "openai/hello"})
	got = s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("my-endpoint", false), append(keys, "X-Portkey-Provider", "sagemaker", "X-Portkey-Amzn-Sagemaker-Target-Variant", "v1")...)
	sent = up.Requests("sagemaker")
	if got.Status != 200 || len(sent) != 1 || sent[0].Escaped != "/sagemaker/endpoints/my-endpoint/invocations" || sent[0].Header.Get("X-Amzn-Sagemaker-Target-Variant") != "v1" {
		t.Fatalf("SageMaker: %d %s %+v", got.Status, got.Body, sent)
	}
	checkSignature(t, sent[0], "sagemaker")
}
