package sign_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/sign"
)

// accounts plays Google's token endpoint and metadata server on loopback. It is
// also the doer that leads every request there.
type accounts struct {
	*httptest.Server
	status  int           // of token requests
	seconds int           // that tokens live
	hold    chan struct{} // if set, answers wait until it is closed
	moved   string        // if set, where answers redirect to
	asked   atomic.Int32  // token requests

	mu    sync.Mutex
	forms []url.Values
	urls  []string
	heads []http.Header
}

func newAccounts(t *testing.T) *accounts {
	a := &accounts{status: http.StatusOK, seconds: 3600}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

// Do implements sign.Doer.
func (a *accounts) Do(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	a.urls = append(a.urls, r.URL.String())
	a.mu.Unlock()
	to, err := url.Parse(a.URL)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = to.Scheme, to.Host
	return http.DefaultTransport.RoundTrip(r)
}

// ServeHTTP implements http.Handler.
func (a *accounts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := a.asked.Add(1)
	if a.hold != nil {
		<-a.hold
	}
	_ = r.ParseForm()
	a.mu.Lock()
	a.forms, a.heads = append(a.forms, r.Form), append(a.heads, r.Header)
	a.mu.Unlock()
	if a.moved != "" {
		http.Redirect(w, r, a.moved, http.StatusTemporaryRedirect)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if a.status != http.StatusOK {
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`)
		return
	}
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":%d,"access_token":"token-%d"}`, a.seconds, n)
}

var privateKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// account is a service account's key file; more replaces members of it.
func account(more map[string]string) string {
	der, err := x509.MarshalPKCS8PrivateKey(privateKey())
	if err != nil {
		panic(err)
	}
	doc := map[string]string{
		"type": "service_account", "project_id": "acme", "private_key_id": "key-1", "client_email": "bot@acme.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"token_uri":   "https://oauth2.googleapis.com/token",
	}
	for k, v := range more {
		doc[k] = v
	}
	text, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func ofAccount(more map[string]string) sign.Credential {
	return sign.Credential{Fields: map[string]string{"vertex_service_account_json": account(more)}}
}

// googleSigned signs a request and returns what it proves itself with.
func googleSigned(ctx context.Context, t *testing.T, g *sign.Google, c sign.Credential) (string, error) {
	t.Helper()
	r := &http.Request{Header: http.Header{"Authorization": {"Bearer forwarded"}, "X-Goog-Api-Key": {"forwarded"}}}
	err := g.Sign(ctx, r, c)
	if err != nil && len(r.Header) > 0 {
		t.Errorf("a request that could not be signed has headers %v", r.Header)
	}
	if len(r.Header) > 1 {
		t.Errorf("two credentials in %v", r.Header)
	}
	if key := r.Header.Get("X-Goog-Api-Key"); key != "" {
		return "key " + key, err
	}
	return r.Header.Get("Authorization"), err
}

func TestGoogleChoosesTheCredential(t *testing.T) {
	for _, c := range []struct{ name, want, key, account string }{
		{"API key", "key AIzaSy-key", "AIzaSy-key", ""},
		{"newer API key", "key AQ.key", "AQ.key", ""},
		{"access token", "Bearer ya29.token", "ya29.token", ""},
		{"access token with its prefix", "Bearer ya29.token", "Bearer ya29.token", ""},
		{"service account", "Bearer token-1", "", account(nil)},
		{"service account before a key", "Bearer token-1", "AIzaSy-key", account(nil)},
	} {
		a := newAccounts(t)
		got, err := googleSigned(t.Context(), t, sign.NewGoogle(through(a)), sign.Credential{Key: ai.NewSecret(c.key), Fields: map[string]string{"vertex_service_account_json": c.account}})
		if err != nil || got != c.want {
			t.Errorf("%s: got %q (%v), want %q", c.name, got, err, c.want)
		}
		if n := a.asked.Load(); n > 0 && c.account == "" {
			t.Errorf("%s: asked for %d tokens", c.name, n)
		}
	}
}

// The assertion is the account's own, for Google's token endpoint, and signed
// with its key.
func TestGoogleAsksForTheAccountsToken(t *testing.T) {
	a := newAccounts(t)
	if _, err := googleSigned(t.Context(), t, sign.NewGoogle(through(a)), ofAccount(nil)); err != nil {
		t.Fatal(err)
	}
	if len(a.urls) != 1 || a.urls[0] != "https://oauth2.googleapis.com/token" {
		t.Fatalf("asked %v", a.urls)
	}
	if got := a.forms[0].Get("grant_type"); got != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		t.Errorf("grant type %q", got)
	}
	parts := strings.Split(a.forms[0].Get("assertion"), ".")
	if len(parts) != 3 {
		t.Fatalf("assertion %q", parts)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&privateKey().PublicKey, crypto.SHA256, hash[:], signature); err != nil {
		t.Errorf("signature: %v", err)
	}
	var claims struct {
		Iss, Aud, Scope string
		Iat, Exp        int64
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(text, &claims) != nil {
		t.Fatalf("claims %s (%v)", text, err)
	}
	if claims.Iss != "bot@acme.iam.gserviceaccount.com" || claims.Aud != "https://oauth2.googleapis.com/token" ||
		claims.Scope != "https://www.googleapis.com/auth/cloud-platform" || claims.Exp-claims.Iat > 3700 {
		t.Errorf("claims %+v", claims)
	}
}

func TestGoogleKeepsTokens(t *testing.T) {
	a := newAccounts(t)
	g := sign.NewGoogle(through(a))
	for range 2 {
		if got, err := googleSigned(t.Context(), t, g, ofAccount(nil)); err != nil || got != "Bearer token-1" {
			t.Fatalf("got %q (%v)", got, err)
		}
	}
	// Another account is another token, never the one that was kept.
	if got, err := googleSigned(t.Context(), t, g, ofAccount(map[string]string{"client_email": "other@acme.iam.gserviceaccount.com"})); err != nil || got != "Bearer token-2" {
		t.Errorf("got %q (%v)", got, err)
	}
}

func TestGoogleReplacesTokensBeforeTheyExpire(t *testing.T) {
	a := newAccounts(t)
	g := sign.NewGoogle(through(a))
	now := time.Now()
	g.At(func() time.Time { return now })
	step := func(after time.Duration, want string) {
		t.Helper()
		now = now.Add(after)
		if got, err := googleSigned(t.Context(), t, g, ofAccount(nil)); err != nil || got != "Bearer "+want {
			t.Fatalf("got %q (%v), want %s", got, err, want)
		}
	}
	step(0, "token-1")
	step(55*time.Minute, "token-1")
	a.status = http.StatusServiceUnavailable
	step(2*time.Minute, "token-1") // the fresh one cannot be had, the old one is still good
	a.status = http.StatusOK
	step(time.Second, "token-3")
	now = now.Add(2 * time.Hour)
	a.status = http.StatusServiceUnavailable
	if got, err := googleSigned(t.Context(), t, g, ofAccount(nil)); err == nil {
		t.Errorf("got %q after it expired", got)
	}
}

func TestGoogleDoesNotKeepATokenThatDoesNotSayHowLongItLives(t *testing.T) {
	a := newAccounts(t)
	a.seconds = 0
	g := sign.NewGoogle(through(a))
	for _, want := range []string{"Bearer token-1", "Bearer token-2"} {
		if got, err := googleSigned(t.Context(), t, g, ofAccount(nil)); err != nil || got != want {
			t.Errorf("got %q (%v), want %s", got, err, want)
		}
	}
}

// Callers who need a token at the same time share one request, and one of them
// going away, even the first, leaves the others with the answer.
func TestGoogleAsksOnceForMany(t *testing.T) {
	a := newAccounts(t)
	a.hold = make(chan struct{})
	g := sign.NewGoogle(through(a))
	first, leave := context.WithCancelCause(t.Context())
	left := make(chan error)
	go func() { _, err := googleSigned(first, t, g, ofAccount(nil)); left <- err }()
	for a.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got, err := googleSigned(t.Context(), t, g, ofAccount(nil)); err != nil || got != "Bearer token-1" {
				t.Errorf("got %q (%v)", got, err)
			}
		})
	}
	leave(errors.New("the client went away"))
	if e, ok := errors.AsType[*ai.Error](<-left); !ok || e.Kind != ai.Canceled {
		t.Errorf("the caller that left got %v", e)
	}
	close(a.hold)
	all.Wait()
	if n := a.asked.Load(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}

func TestGoogleRefused(t *testing.T) {
	for _, c := range []struct {
		status int
		kind   ai.Kind
	}{
		{http.StatusUnauthorized, ai.Unauthenticated}, {http.StatusBadRequest, ai.Unauthenticated},
		{http.StatusTooManyRequests, ai.Unavailable}, {http.StatusServiceUnavailable, ai.Unavailable},
	} {
		a := newAccounts(t)
		a.status = c.status
		_, err := googleSigned(t.Context(), t, sign.NewGoogle(through(a)), ofAccount(nil))
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != c.kind || e.Code != "google_token" || !strings.Contains(e.Message, "service account") {
			t.Fatalf("%d: got %+v", c.status, e)
		}
		if strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%d: the key is in the error: %v", c.status, err)
		}
		if n := a.asked.Load(); n != 1 {
			t.Errorf("%d: asked %d times; retries are not the signer's", c.status, n)
		}
	}
}

func TestGoogleUnreachable(t *testing.T) {
	_, err := googleSigned(t.Context(), t, sign.NewGoogle(through(broken{})), ofAccount(nil))
	if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Unavailable || strings.Contains(err.Error(), "PRIVATE") {
		t.Errorf("got %v", err)
	}
}

// An answer without a token is none to sign with.
func TestGoogleAnswersWithoutAToken(t *testing.T) {
	empty := doerFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"expires_in":3600}`)), Request: r}, nil
	})
	if got, err := googleSigned(t.Context(), t, sign.NewGoogle(through(empty)), ofAccount(nil)); err == nil {
		t.Errorf("got %q", got)
	}
}

type doerFunc func(*http.Request) (*http.Response, error)

// Do implements sign.Doer.
func (f doerFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// An assertion is not sent on to where a token endpoint would lead it.
func TestGoogleFollowsNoRedirect(t *testing.T) {
	a := newAccounts(t)
	a.moved = "https://evil.example/token"
	if got, err := googleSigned(t.Context(), t, sign.NewGoogle(through(a)), ofAccount(nil)); err == nil {
		t.Errorf("got %q", got)
	}
	if len(a.urls) != 1 {
		t.Errorf("asked %v", a.urls)
	}
}

func TestGoogleCanceled(t *testing.T) {
	a := newAccounts(t)
	for _, cause := range []error{context.Canceled, &ai.Error{Kind: ai.Timeout, Message: "too late"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		_, err := googleSigned(ctx, t, sign.NewGoogle(through(a)), ofAccount(nil))
		want := ai.Canceled
		if told, ok := errors.AsType[*ai.Error](cause); ok {
			want = told.Kind
		}
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != want {
			t.Errorf("%v: got %v", cause, err)
		}
	}
	if n := a.asked.Load(); n != 0 {
		t.Errorf("asked %d times for nobody", n)
	}
}

func TestGoogleMistakes(t *testing.T) {
	a := newAccounts(t)
	for _, c := range []struct {
		name, param, message string
		credential           sign.Credential
	}{
		{"no JSON", "vertex_service_account_json", "is not valid JSON", sign.Credential{Fields: map[string]string{"vertex_service_account_json": "null-ish"}}},
		{"not of members that are text", "vertex_service_account_json", "is not valid JSON", sign.Credential{Fields: map[string]string{"vertex_service_account_json": `{"type":5}`}}},
		{"a file of the server's", "vertex_service_account_json", "type service_account", sign.Credential{Fields: map[string]string{
			"vertex_service_account_json": `{"type":"external_account","credential_source":{"file":"/etc/passwd"},"token_url":"https://evil.example"}`}}},
		{"no address", "vertex_service_account_json", "client_email", ofAccount(map[string]string{"client_email": ""})},
		{"no key", "vertex_service_account_json", "private_key", ofAccount(map[string]string{"private_key": ""})},
		{"key that is none", "vertex_service_account_json", "private_key", ofAccount(map[string]string{"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"})},
		{"token endpoint that is none", "vertex_service_account_json", "token_uri", ofAccount(map[string]string{"token_uri": "token"})},
		{"unknown type", "vertex_auth_type", "workload", sign.Credential{Fields: map[string]string{"vertex_auth_type": "magic"}}},
	} {
		_, err := googleSigned(t.Context(), t, sign.NewGoogle(through(a)), c.credential)
		e, ok := errors.AsType[*ai.Error](err)
		if !ok || e.Kind != ai.Invalid || e.Param != c.param || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: got %+v", c.name, e)
		}
	}
	if _, err := googleSigned(t.Context(), t, sign.NewGoogle(through(a)), sign.Credential{}); err == nil {
		t.Error("nothing signs")
	} else if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Unauthenticated || e.Code != "missing_provider_key" {
		t.Errorf("nothing: got %+v", e)
	}
	if len(a.urls) > 0 {
		t.Errorf("a mistake was sent to %v", a.urls)
	}
}

// The gateway's own identity is asked for through the guarded client too.
func TestGoogleOwnIdentity(t *testing.T) {
	t.Setenv("GCE_METADATA_HOST", "")
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	subject := write("subject", "the-subject-token")
	federated, err := json.Marshal(map[string]any{
		"type": "external_account", "audience": "//iam.googleapis.com/pools/p", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
		"token_url": "https://sts.googleapis.com/v1/token", "credential_source": map[string]string{"file": subject},
	})
	if err != nil {
		t.Fatal(err)
	}
	const metadataToken = "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"
	for _, c := range []struct{ name, file, url, form, value string }{
		{"a service account's file", write("account", account(nil)), "https://oauth2.googleapis.com/token", "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
		{"a user's file", write("user", `{"type":"authorized_user","client_id":"id","client_secret":"secret","refresh_token":"refresh"}`),
			"https://oauth2.googleapis.com/token", "refresh_token", "refresh"},
		{"a federated identity", write("federated", string(federated)), "https://sts.googleapis.com/v1/token", "subject_token", "the-subject-token"},
		{"the metadata server", "", metadataToken, "", ""},
	} {
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", c.file)
		t.Setenv("CLOUDSDK_CONFIG", filepath.Join(dir, "none"))
		a := newAccounts(t)
		g := sign.NewGoogle(through(a))
		for range 2 {
			got, err := googleSigned(t.Context(), t, g, sign.Credential{Fields: map[string]string{"vertex_auth_type": "Workload"}})
			if err != nil || got != "Bearer token-1" {
				t.Fatalf("%s: got %q (%v) from %v", c.name, got, err, a.urls)
			}
		}
		if len(a.urls) != 1 || a.urls[0] != c.url {
			t.Errorf("%s: asked %v", c.name, a.urls)
		}
		if c.form != "" && a.forms[0].Get(c.form) != c.value {
			t.Errorf("%s: token request %v", c.name, a.forms[0])
		}
		if c.form == "" && a.heads[0].Get("Metadata-Flavor") != "Google" {
			t.Errorf("%s: headers %v", c.name, a.heads[0])
		}
	}
	for name, file := range map[string]string{"no file": filepath.Join(dir, "missing"), "no JSON": write("junk", "junk"), "no type": write("empty", "{}")} {
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
		_, err := googleSigned(t.Context(), t, sign.NewGoogle(through(newAccounts(t))), sign.Credential{Fields: map[string]string{"vertex_auth_type": "workload"}})
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Unauthenticated || e.Code != "google_token" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// gcloud's own file is found where no other is named.
func TestGoogleFindsGcloudsFile(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
	t.Setenv("CLOUDSDK_CONFIG", "")
	home := t.TempDir()
	t.Setenv("HOME", home)
	dir := filepath.Join(home, ".config", "gcloud")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "application_default_credentials.json"), []byte(account(nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	a := newAccounts(t)
	if _, err := googleSigned(t.Context(), t, sign.NewGoogle(through(a)), sign.Credential{Fields: map[string]string{"vertex_auth_type": "workload"}}); err != nil {
		t.Fatal(err)
	}
	if len(a.urls) != 1 || a.urls[0] != "https://oauth2.googleapis.com/token" {
		t.Errorf("asked %v", a.urls)
	}
}

// Identities that callers make up do not fill the memory.
func TestGoogleForgets(t *testing.T) {
	g := sign.NewGoogle(through(broken{}))
	for i := range 1500 {
		_, _ = googleSigned(t.Context(), t, g, ofAccount(map[string]string{"client_email": fmt.Sprint("bot-", i)}))
	}
	if n := g.Remembered(); n == 0 || n > 1000 {
		t.Errorf("%d identities are remembered", n)
	}
}
