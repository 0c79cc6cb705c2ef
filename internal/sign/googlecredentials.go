package sign

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"cloud.google.com/go/compute/metadata"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/portico-ai/portico/internal/ai"
)

const cloudScope = "https://www.googleapis.com/auth/cloud-platform"

// serviceAccount reads a service account's key. Other kinds of credentials are
// refused: what they name (files, programs, metadata servers) is the server's.
func (g *Google) serviceAccount(document string) (fetch, error) {
	var account struct {
		Type  string `json:"type"`
		Email string `json:"client_email"`
		Key   string `json:"private_key"`
		URL   string `json:"token_uri"`
	}
	problem := ""
	if err := json.Unmarshal([]byte(document), &account); err != nil {
		problem = "is not valid JSON"
	} else if account.Type != string(google.ServiceAccount) {
		problem = "must be of type service_account"
	} else if account.Email == "" {
		problem = "lacks client_email"
	} else if !isPrivateKey(account.Key) {
		problem = "must have a private_key in PEM form"
	} else if u, err := url.Parse(account.URL); err != nil || account.URL != "" && u.Host == "" {
		problem = "has a token_uri that is no URL"
	}
	if problem != "" {
		return nil, badAccount(problem)
	}
	config, err := google.JWTConfigFromJSON([]byte(document), cloudScope)
	if err != nil {
		return nil, badAccount("cannot be read")
	}
	return func(ctx context.Context) (*oauth2.Token, error) {
		return config.TokenSource(through(ctx, g.clients.Tokens)).Token()
	}, nil
}

func badAccount(problem string) error {
	return &ai.Error{Kind: ai.Invalid, Param: serviceAccountField,
		Message: serviceAccountField + " " + problem + ": pass the JSON key file of a service account, as Google gave it out"}
}

func isPrivateKey(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return true
	}
	_, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	return err == nil
}

// ownIdentity asks for a token of Google's application-default credentials: the
// file that GOOGLE_APPLICATION_CREDENTIALS names, else gcloud's, else the
// metadata server of the place where the server runs. Source: Google's
// documentation of application-default credentials.
func (g *Google) ownIdentity(ctx context.Context) (*oauth2.Token, error) {
	file := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS")
	named := file != ""
	if !named {
		file = gcloudFile()
	}
	document, err := os.ReadFile(file)
	if err != nil && !named {
		return g.metadataToken(ctx)
	}
	if err != nil {
		return nil, errors.Join(errNoGoogleIdentity, err)
	}
	var kind struct {
		Type google.CredentialsType `json:"type"`
	}
	if err := json.Unmarshal(document, &kind); err != nil {
		return nil, errors.Join(errNoGoogleIdentity, err)
	}
	found, err := google.CredentialsFromJSONWithType(through(ctx, g.clients.Identity), document, kind.Type, cloudScope)
	if err != nil {
		return nil, errors.Join(errNoGoogleIdentity, err)
	}
	return found.TokenSource.Token()
}

// gcloudFile is where "gcloud auth application-default login" leaves credentials.
func gcloudFile() string {
	dir := os.Getenv("CLOUDSDK_CONFIG")
	if home, err := os.UserHomeDir(); dir == "" && err == nil {
		dir = filepath.Join(home, ".config", "gcloud")
	}
	return filepath.Join(dir, "application_default_credentials.json")
}

var errNoGoogleIdentity = errors.New("the server has no identity of Google's: its application-default credentials cannot be read")

// metadataToken asks the metadata server for a token of the default service
// account.
func (g *Google) metadataToken(ctx context.Context) (*oauth2.Token, error) {
	answer, err := metadata.NewClient(client(ctx, g.clients.Identity)).GetWithContext(ctx, "instance/service-accounts/default/token?scopes="+url.QueryEscape(cloudScope))
	if err != nil {
		return nil, err
	}
	var token struct {
		Access  string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if err := json.Unmarshal([]byte(answer), &token); err != nil || token.Access == "" {
		return nil, errors.New("the metadata server's answer is no token")
	}
	return &oauth2.Token{AccessToken: token.Access, Expiry: g.now().Add(time.Duration(token.Seconds) * time.Second)}, nil
}

// through is a context in which the library sends its requests through doer.
func through(ctx context.Context, doer Doer) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, client(ctx, doer))
}

// client is doer as the library takes it. It follows no redirects, and its
// requests end with ctx, which the library does not give them.
func client(ctx context.Context, doer Doer) *http.Client {
	return &http.Client{
		Transport:     roundTripper(func(r *http.Request) (*http.Response, error) { return doer.Do(r.WithContext(ctx)) }),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// noGoogleToken tells a refusal, which only another credential changes, from a
// token endpoint that did not answer.
func noGoogleToken(ctx context.Context, whose string, err error) error {
	if cause, ok := errors.AsType[*ai.Error](context.Cause(ctx)); ok {
		return cause
	}
	if ctx.Err() != nil {
		return &ai.Error{Kind: ai.Canceled, Message: "The request ended while Google was asked for a token", Err: context.Cause(ctx)}
	}
	status := 0
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok && e.Response != nil {
		status = e.Response.StatusCode
	}
	if e, ok := errors.AsType[*metadata.Error](err); ok {
		status = e.Code
	}
	_, undefined := errors.AsType[metadata.NotDefinedError](err)
	if undefined || errors.Is(err, errNoGoogleIdentity) || status >= 400 && status < 500 && status != http.StatusTooManyRequests {
		return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "google_token", Err: err,
			Message: "Google gave no token for " + whose + "; check that it exists and that its key is not revoked"}
	}
	return &ai.Error{Kind: ai.Unavailable, Type: "api_error", Code: "google_token", Err: err,
		Message: "Google could not be asked for a token for " + whose}
}
