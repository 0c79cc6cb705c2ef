package sign_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/sign"
)

// tokenService plays Amazon's token service and the credential endpoints of
// containers and instances, whatever their address.
type tokenService struct {
	status  int
	expires time.Duration

	mu    sync.Mutex
	forms []url.Values
	asked []string // host and path
}

// Do implements sign.Doer.
func (s *tokenService) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.URL.Host+r.URL.Path)
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	form, _ := url.ParseQuery(string(body))
	form.Set("authorization", r.Header.Get("Authorization"))
	s.forms = append(s.forms, form)
	status, text := max(s.status, 200), ""
	until := time.Now().Add(s.expires).UTC().Format(time.RFC3339)
	switch {
	case status >= 400:
		text = `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`
	case strings.HasSuffix(r.URL.Path, "/latest/api/token"):
		text = "instance-token"
	case strings.HasSuffix(r.URL.Path, "/security-credentials/"):
		text = "the-role"
	case r.Method != http.MethodPost:
		text = fmt.Sprintf(`{"Code":"Success","AccessKeyId":"ASIAPLACE","SecretAccessKey":"place-secret","Token":"place-token","Expiration":%q}`, until)
	default:
		action := form.Get("Action")
		text = fmt.Sprintf(`<%sResponse><%sResult><Credentials><AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>`+
			`<SessionToken>role-token</SessionToken><Expiration>%s</Expiration></Credentials></%sResult></%sResponse>`,
			action, action, len(s.forms), until, action, action)
	}
	h := http.Header{"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": {"21600"}}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

func awsRequest(t *testing.T, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, "https://bedrock-runtime.eu-west-1.amazonaws.com/model/us.x.y-v1%3A0/converse", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "portico")
	r.Header.Set("X-Amz-Security-Token", "forwarded")
	r.Header.Set("Authorization", "forwarded")
	return r
}

func awsFields(pairs ...string) sign.Credential {
	c := sign.Credential{Fields: map[string]string{"aws_region": "eu-west-1"}}
	for i := 0; i < len(pairs); i += 2 {
		c.Fields[pairs[i]] = pairs[i+1]
	}
	return c
}

// clearAWS takes the machine's own identity out of the environment.
func clearAWS(t *testing.T) {
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, filepath.Join(t.TempDir(), "none"))
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_EC2_METADATA_DISABLED"} {
		t.Setenv(name, "")
	}
}

// signature works the signature out again with nothing but the standard library.
func signature(t *testing.T, r *http.Request, secret, region, service, body string) string {
	t.Helper()
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	var canonical strings.Builder
	fmt.Fprintf(&canonical, "%s\n%s\n%s\n", r.Method, strings.ReplaceAll(r.URL.EscapedPath(), "%", "%25"), r.URL.RawQuery)
	for name := range strings.SplitSeq(list, ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.URL.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		fmt.Fprintf(&canonical, "%s:%s\n", name, value)
	}
	fmt.Fprintf(&canonical, "\n%s\n%x", list, sha256.Sum256([]byte(body)))
	at := r.Header.Get("X-Amz-Date")
	scope := at[:8] + "/" + region + "/" + service + "/aws4_request"
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	key := mac(mac(mac(mac([]byte("AWS4"+secret), at[:8]), region), service), "aws4_request")
	return hex.EncodeToString(mac(key, fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", at, scope, sha256.Sum256([]byte(canonical.String())))))
}

func TestStaticKeys(t *testing.T) {
	const body = `{"messages":[]}`
	for _, token := range []string{"", "the-session"} {
		r := awsRequest(t, body)
		c := awsFields("aws_access_key_id", "AKIAEXAMPLE", "aws_secret_access_key", "the-secret-key", "aws_session_token", token)
		if err := sign.NewAWS(through(broken{}), "bedrock").Sign(t.Context(), r, c); err != nil {
			t.Fatal(err)
		}
		got := r.Header.Get("Authorization")
		if !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/") || !strings.Contains(got, "/eu-west-1/bedrock/aws4_request") {
			t.Errorf("authorization %s", got)
		}
		if want := signature(t, r, "the-secret-key", "eu-west-1", "bedrock", body); !strings.HasSuffix(got, "Signature="+want) {
			t.Errorf("got %s, want signature %s", got, want)
		}
		if r.Header.Get("X-Amz-Security-Token") != token {
			t.Errorf("session token %q, want %q", r.Header.Get("X-Amz-Security-Token"), token)
		}
		if sent, err := io.ReadAll(r.Body); err != nil || string(sent) != body || r.URL.Opaque != "" {
			t.Errorf("the request itself changed: %s %v %s", sent, err, r.URL)
		}
		if strings.Contains(got, "user-agent") {
			t.Error("the user agent is signed, which proxies change")
		}
	}
}

// The host is signed as it is sent: without the port that goes without saying.
func TestSignedHost(t *testing.T) {
	for address, want := range map[string]string{
		"https://vpce.example:443/model/m/converse": "vpce.example", "https://vpce.example:8443/model/m/converse": "vpce.example:8443", "http://127.0.0.1:80/": "127.0.0.1",
	} {
		r := awsRequest(t, "{}")
		r.URL, _ = url.Parse(address)
		r.Host = r.URL.Host
		c := awsFields("aws_access_key_id", "AKIA", "aws_secret_access_key", "the-secret-key")
		if err := sign.NewAWS(through(broken{}), "bedrock").Sign(t.Context(), r, c); err != nil {
			t.Fatal(err)
		}
		if r.Host != want {
			t.Errorf("%s: host %q, want %q", address, r.Host, want)
		}
		r.URL.Host = r.Host
		if got := r.Header.Get("Authorization"); !strings.HasSuffix(got, signature(t, r, "the-secret-key", "eu-west-1", "bedrock", "{}")) {
			t.Errorf("%s: the host that is signed is not %q", address, r.Host)
		}
	}
}

func TestAPIKeys(t *testing.T) {
	a := sign.NewAWS(through(broken{}), "bedrock")
	for _, c := range []sign.Credential{
		{Key: ai.NewSecret("bedrock-api-key")},
		{Key: ai.NewSecret("bedrock-api-key"), Fields: map[string]string{"aws_auth_type": "apiKey", "aws_access_key_id": "AKIA"}},
	} {
		r := awsRequest(t, "{}")
		if err := a.Sign(t.Context(), r, c); err != nil || r.Header.Get("Authorization") != "Bearer bedrock-api-key" || r.Header.Get("X-Amz-Security-Token") != "" {
			t.Errorf("%v: %v", err, r.Header)
		}
	}
}

func TestAssumeRole(t *testing.T) {
	clearAWS(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIASERVER")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "server-secret")
	for name, c := range map[string]struct {
		fields sign.Credential
		signer string
	}{
		"as the caller": {awsFields("aws_auth_type", "assumedRole", "aws_role_arn", "arn:role", "aws_external_id", "ext", "aws_access_key_id", "AKIACALLER",
			"aws_secret_access_key", "s"), "AKIACALLER"},
		"as the server": {awsFields("aws_auth_type", "assumedRole", "aws_role_arn", "arn:role", "aws_external_id", "ext"), "AKIASERVER"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &tokenService{expires: time.Hour}
			a := sign.NewAWS(through(s), "bedrock")
			for range 3 {
				r := awsRequest(t, "{}")
				if err := a.Sign(t.Context(), r, c.fields); err != nil {
					t.Fatal(err)
				}
				if got := r.Header.Get("Authorization"); !strings.Contains(got, "Credential=ASIA1/") || r.Header.Get("X-Amz-Security-Token") != "role-token" {
					t.Errorf("got %s", got)
				}
			}
			if len(s.forms) != 1 || s.asked[0] != "sts.eu-west-1.amazonaws.com/" {
				t.Fatalf("asked %v, want the token service of the region once", s.asked)
			}
			f := s.forms[0]
			if f.Get("Action") != "AssumeRole" || f.Get("RoleArn") != "arn:role" || f.Get("ExternalId") != "ext" || !strings.Contains(f.Get("authorization"), c.signer) {
				t.Errorf("asked %v", f)
			}
			other := awsFields("aws_auth_type", "assumedRole", "aws_role_arn", "arn:other", "aws_access_key_id", "AKIACALLER", "aws_secret_access_key", "s")
			if err := a.Sign(t.Context(), awsRequest(t, "{}"), other); err != nil || len(s.forms) != 2 {
				t.Errorf("another role was not asked for: %v", err)
			}
		})
	}
}

// Credentials that are about to expire are replaced; many calls at once ask once.
func TestRoleCredentialsAreKept(t *testing.T) {
	clearAWS(t)
	c := awsFields("aws_auth_type", "assumedRole", "aws_role_arn", "arn:role", "aws_access_key_id", "AKIA", "aws_secret_access_key", "s")
	for expires, want := range map[time.Duration]int{time.Hour: 1, 2 * time.Minute: 0} {
		s := &tokenService{expires: expires}
		a := sign.NewAWS(through(s), "bedrock")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := a.Sign(context.Background(), awsRequest(t, "{}"), c); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for range 3 {
			if err := a.Sign(t.Context(), awsRequest(t, "{}"), c); err != nil {
				t.Error(err)
			}
		}
		if got := len(s.forms); want > 0 && got != want || want == 0 && got < 4 {
			t.Errorf("credentials for %v: asked %d times", expires, got)
		}
	}
}

func TestOwnIdentity(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("web-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		env   map[string]string
		id    string
		asked string
	}{
		{"keys", map[string]string{"AWS_ACCESS_KEY_ID": "AKIASERVER", "AWS_SECRET_ACCESS_KEY": "s"}, "AKIASERVER", ""},
		{"web identity", map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:own"}, "ASIA1", "sts.eu-west-1.amazonaws.com/"},
		{"container", map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/creds"}, "ASIAPLACE", "169.254.170.2/v2/creds"},
		{"pod", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token},
			"ASIAPLACE", "169.254.170.23/v1/credentials"},
		{"instance", nil, "ASIAPLACE", "169.254.169.254/latest/api/token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clearAWS(t)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			s := &tokenService{expires: time.Hour}
			r := awsRequest(t, "{}")
			if err := sign.NewAWS(through(s), "bedrock").Sign(t.Context(), r, awsFields("aws_auth_type", "serviceRole")); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(r.Header.Get("Authorization"), "Credential="+c.id+"/") {
				t.Errorf("got %s, want %s", r.Header.Get("Authorization"), c.id)
			}
			if c.asked == "" && len(s.asked) > 0 || c.asked != "" && (len(s.asked) == 0 || s.asked[0] != c.asked) {
				t.Errorf("asked %v, want %s", s.asked, c.asked)
			}
		})
	}
}

func TestAWSMistakes(t *testing.T) {
	clearAWS(t)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	half := []string{"aws_access_key_id", "AKIA"}
	for _, c := range []struct {
		name   string
		c      sign.Credential
		kind   ai.Kind
		param  string
		status int
	}{
		{"nothing", sign.Credential{}, ai.Unauthenticated, "", 200},
		{"half a pair", awsFields(half...), ai.Invalid, "aws_secret_access_key", 200},
		{"half a pair and a role", awsFields(append(half, "aws_auth_type", "assumedRole", "aws_role_arn", "r")...), ai.Invalid, "aws_secret_access_key", 200},
		{"no role", awsFields("aws_auth_type", "assumedRole"), ai.Invalid, "aws_role_arn", 200},
		{"unknown type", awsFields("aws_auth_type", "magic"), ai.Invalid, "aws_auth_type", 200},
		{"API key without one", awsFields("aws_auth_type", "apiKey"), ai.Unauthenticated, "", 200},
		{"keys and the server's identity", awsFields("aws_auth_type", "serviceRole", "aws_access_key_id", "A", "aws_secret_access_key", "s"), ai.Invalid, "aws_auth_type", 200},
		{"no identity", awsFields("aws_auth_type", "serviceRole"), ai.Unauthenticated, "", 200},
		{"refused", awsFields("aws_auth_type", "assumedRole", "aws_role_arn", "r", "aws_access_key_id", "A", "aws_secret_access_key", "s"), ai.Unauthenticated, "", 403},
		{"down", awsFields("aws_auth_type", "assumedRole", "aws_role_arn", "r", "aws_access_key_id", "A", "aws_secret_access_key", "s"), ai.Unavailable, "", 0},
	} {
		var d sign.Doer = &tokenService{status: c.status, expires: time.Hour}
		if c.status == 0 {
			d = broken{}
		}
		r := awsRequest(t, "{}")
		err := sign.NewAWS(through(d), "bedrock").Sign(t.Context(), r, c.c)
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != c.kind || e.Param != c.param || e.Message == "" {
			t.Errorf("%s: got %+v", c.name, err)
		}
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s: a forwarded header passes for a signature", c.name)
		}
	}
}

func TestOwnIdentityIsKnown(t *testing.T) {
	a := sign.NewAWS(through(broken{}), "bedrock")
	for mode, want := range map[string]bool{"": false, "apiKey": false, "serviceRole": true, "assumedRole": true} {
		if got := a.UsesOwnIdentity(map[string]string{"aws_auth_type": mode}); got != want {
			t.Errorf("%q: %v", mode, got)
		}
	}
	if a.UsesOwnIdentity(map[string]string{"aws_auth_type": "assumedRole", "aws_access_key_id": "x"}) {
		t.Error("a role that is assumed with the caller's keys is not the server's identity")
	}
}

// Callers' identities do not take all memory.
func TestAWSRemembersFew(t *testing.T) {
	a := sign.NewAWS(through(&tokenService{expires: time.Hour}), "bedrock")
	for i := range 1010 {
		c := awsFields("aws_auth_type", "assumedRole", "aws_role_arn", fmt.Sprint(i), "aws_access_key_id", "A", "aws_secret_access_key", "s")
		if err := a.Sign(t.Context(), awsRequest(t, "{}"), c); err != nil {
			t.Fatal(err)
		}
	}
	if a.Remembered() != 1000 {
		t.Errorf("%d identities are kept, want 1000", a.Remembered())
	}
}
