package providertest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
)

// What the suite sends. None of it occurs by chance.
const (
	testKey  = "key-of-the-conformance-suite"
	testBase = "https://upstream.example/root"
	testBody = `{"model":"m","unknown":{"big":12345678901234567890},"z":1,"a":"\u00e9"}`
)

// call makes a complete call of the subject: a key, a base where the row has
// none, and a value for every field that is sent or part of the URL.
func (s *subject) call() *provider.Call {
	c := &provider.Call{
		Op: s.op, Dialect: s.endpoint.Dialect, Model: s.model(), Key: ai.NewSecret(testKey), Fields: map[string]string{},
		Header: http.Header{"User-Agent": {"suite"}, "X-Forwarded-Thing": {"one", "two"}},
	}
	if s.hasBody() {
		c.Body = []byte(testBody)
	}
	if s.endpoint.AsCalled {
		c.Method, c.Rest = s.endpoint.Method, strings.TrimPrefix(s.filled(s.endpoint.Path), s.endpoint.Root)
	}
	for _, r := range ai.Platform {
		if r.Op == s.op && !s.endpoint.AsCalled {
			c.Method, c.Rest = r.Method, strings.Replace(r.Path, "{id}", "id-1", 1)
		}
	}
	if s.op == ai.UploadFile {
		c.Fields["provider_file_name"] = "id-1" // else it is made up
	}
	if s.p.Base == "" {
		c.Base = testBase
	}
	if s.p.ID == "oracle" {
		c.Key = ai.NewSecret(testPEM())
	}
	if s.inS3() {
		c.Fields["aws_access_key_id"], c.Fields["aws_secret_access_key"] = "AKIA", testKey
	}
	for _, f := range s.p.Fields {
		if f.Send != "" || f.URLPart || f.URL || f.Required {
			c.Fields[f.Name] = sample(f)
		}
	}
	return c
}

// testPEM is a private key made for this run.
var testPEM = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the system has no randomness
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
})

func sample(f provider.Field) string {
	value := "value-of-" + strings.ReplaceAll(f.Name, "_", "-")
	if f.URL {
		return "https://" + value + ".example/base"
	}
	return value
}

// model is the one that the suite asks for.
func (s *subject) model() string {
	if s.chosen.model != "" {
		return s.chosen.model
	}
	return "m"
}

// filled is a path of the row's with its placeholders filled in.
func (s *subject) filled(path string) string {
	inURL := s.model()
	if s.chosen.model != "" {
		inURL = s.chosen.inURL
	}
	path = strings.NewReplacer("{model}", inURL, "{model...}", inURL, "{id}", "id-1", "{item}", "id-2").Replace(path)
	for _, f := range s.p.Fields {
		path = strings.ReplaceAll(path, "{"+f.Name+"}", sample(f))
	}
	return path
}

// inS3 reports whether the operation is one of S3's, which knows no API keys.
func (s *subject) inS3() bool { return strings.HasPrefix(s.endpoint.Base, "https://s3.") }

// signed reports whether requests are signed and so depend on more than the key:
// the provider's own tests look at headers, body and key.
func (s *subject) signed() bool { return s.p.ID == "oracle" || s.inS3() }

func (s *subject) checkRequest(t *testing.T) {
	t.Run("url", s.checkURL)
	if s.signed() {
		t.Run("fields", s.checkBadFields)
		t.Run("cancel", s.checkCancel)
		return
	}
	t.Run("headers", s.checkHeaders)
	t.Run("body", s.checkBody)
	t.Run("key", s.checkKey)
	t.Run("fields", s.checkBadFields)
	t.Run("cancel", s.checkCancel)
}

func (s *subject) encode(t *testing.T, c *provider.Call) *http.Request {
	t.Helper()
	r, err := s.p.Encode(t.Context(), c)
	if err != nil {
		t.Fatalf("%s of %s: %v", s.op, s.p.ID, err)
	}
	return r
}

// checkURL expects the row's base or the call's own, the endpoint's path, and
// nothing of the credential.
func (s *subject) checkURL(t *testing.T) {
	own := s.base()
	for _, f := range s.p.Fields {
		own = strings.ReplaceAll(own, "{"+f.Name+"}", sample(f))
	}
	for _, base := range []string{own, testBase, testBase + "/"} {
		c := s.call()
		if c.Base = base; base == own && own != "" {
			c.Base = ""
		}
		if base == "" {
			continue
		}
		u := s.encode(t, c).URL
		s.checkPath(t, u, base, s.endpoint.Path)
		if s.endpoint.StreamPath != "" {
			c.Stream = true
			s.checkPath(t, s.encode(t, c).URL, base, s.endpoint.StreamPath)
		}
		if strings.Contains(u.EscapedPath(), "//") || u.Fragment != "" || u.User != nil || placeholder.MatchString(u.String()) {
			t.Errorf("base %s: got %s", base, u)
		}
		if strings.Contains(u.String(), testKey) {
			t.Error("the key is in the URL")
		}
	}
	if s.p.Base == "" {
		c := s.call()
		c.Base = ""
		_, err := s.p.Encode(t.Context(), c)
		wantError(t, err, ai.Invalid, "custom_host")
	}
}

// checkPath expects a URL below base that ends in an endpoint's path; a query is
// part of that where the row gives one.
func (s *subject) checkPath(t *testing.T, u *url.URL, base, path string) {
	t.Helper()
	path = s.filled(path)
	got := u.EscapedPath()
	if strings.Contains(path, "?") {
		got = u.RequestURI()
	}
	if !strings.HasPrefix(u.String(), strings.TrimRight(base, "/")+"/") || !strings.HasSuffix(got, path) {
		t.Errorf("base %s: got %s, want it to end in %s", base, u, path)
	}
}

// checkHeaders expects exactly the headers that were forwarded, those that the
// row sends, the content type and the signature.
func (s *subject) checkHeaders(t *testing.T) {
	c := s.call()
	r := s.encode(t, c)
	if want := s.method(); r.Method != want {
		t.Errorf("method %s, want %s", r.Method, want)
	}
	want := c.Header.Clone()
	if s.hasBody() {
		want["Content-Type"] = []string{"application/json"}
	}
	for _, f := range s.p.Fields {
		if f.Send != "" {
			want.Set(f.Send, sample(f))
		}
	}
	got := r.Header.Clone()
	signed := takeKey(got)
	if len(signed) != 1 {
		t.Errorf("the key is in %d headers %v, want it in one", len(signed), signed)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers without the key (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(http.Header{"User-Agent": {"suite"}, "X-Forwarded-Thing": {"one", "two"}}, c.Header); diff != "" {
		t.Errorf("the call's own headers changed:\n%s", diff)
	}
}

// takeKey removes the headers that carry the key and returns their names.
func takeKey(h http.Header) (names []string) {
	for name, values := range h {
		if slices.ContainsFunc(values, func(v string) bool { _, last, _ := strings.Cut(v, " "); return v == testKey || last == testKey }) {
			names = append(names, name)
			delete(h, name)
		}
	}
	return names
}

// base is where the row offers the operation.
func (s *subject) base() string {
	if s.endpoint.Base != "" {
		return s.endpoint.Base
	}
	return s.p.Base
}

func (s *subject) method() string {
	if s.endpoint.Method != "" {
		return s.endpoint.Method
	}
	return http.MethodPost
}

func (s *subject) hasBody() bool { return s.method() == http.MethodPost }

// checkBody expects the body byte for byte, as often as a retry needs it.
func (s *subject) checkBody(t *testing.T) {
	c := s.call()
	r := s.encode(t, c)
	if !s.hasBody() {
		if r.Body != nil && r.Body != http.NoBody || r.ContentLength != 0 {
			t.Error("a " + s.method() + " has a body")
		}
		return
	}
	want := testBody
	if d := c.Fields["deployment_id"]; d != "" && s.endpoint.Dialect == ai.Responses {
		want = strings.Replace(testBody, `"m"`, `"`+d+`"`, 1) // there is no deployment in these paths
	}
	for _, open := range []func() (io.ReadCloser, error){
		func() (io.ReadCloser, error) { return r.Body, nil }, r.GetBody, r.GetBody,
	} {
		body, err := open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		if err != nil || s.untouched(got) != s.untouched([]byte(want)) {
			t.Errorf("body %s (%v), want it untouched", got, err)
		}
		if r.ContentLength != int64(len(got)) {
			t.Errorf("content length %d, want %d", r.ContentLength, len(got))
		}
	}
	if string(c.Body) != testBody {
		t.Error("the call's own body changed")
	}
}

// checkKey expects that the signature beats a forwarded header, and what a call
// without a key is told.
func (s *subject) checkKey(t *testing.T) {
	r := s.encode(t, s.call())
	h := r.Header.Clone()
	c := s.call()
	for _, name := range takeKey(h) {
		c.Header.Set(name, "forwarded")
	}
	if got := takeKey(s.encode(t, c).Header); len(got) != 1 {
		t.Errorf("a forwarded header took the place of the key: %v", got)
	}
	c = s.call()
	c.Key = ai.Secret{}
	r, err := s.p.Encode(t.Context(), c)
	if s.p.Quirks.NoKey {
		if err != nil || r.Header.Get("Authorization") != "" {
			t.Errorf("without a key: %v", err)
		}
		return
	}
	wantError(t, err, ai.Unauthenticated, "")
}

// unfit are values that would change where a request goes.
var unfit = []string{
	"evil.example#", "evil.example/", "x/..", "..", ".", ".x", "a..b", "a@b", "a:1", "a?b", "a b", "a%2fb", `a\b`, "a\r\nb", "\u0430", "a\u2024b", "{x}",
}

// unfitURLs are no base URLs.
var unfitURLs = []string{"evil.example", "ftp://evil.example", "https://", "https://a@b.example", "https://b.example?x", "https://b.example#x", "https://b.example/{x}", "/x"}

// checkBadFields expects a clear error for every field that is missing or unfit.
func (s *subject) checkBadFields(t *testing.T) {
	for _, f := range s.p.Fields {
		inBase := strings.Contains(s.base(), "{"+f.Name+"}")
		if f.Default == "" && (f.Required || inBase || strings.Contains(s.endpoint.Path, "{"+f.Name+"}")) {
			c := s.call()
			delete(c.Fields, f.Name)
			_, err := s.p.Encode(t.Context(), c)
			e := wantError(t, err, ai.Invalid, f.Name)
			if e != nil && (!strings.Contains(e.Message, f.Name) || f.Header != "" && !strings.Contains(e.Message, "x-portkey-"+f.Header)) {
				t.Errorf("%s is missing: the message does not say where to set it: %s", f.Name, e.Message)
			}
		}
		values := unfit
		if f.URL {
			values = unfitURLs
		} else if !f.URLPart {
			continue
		}
		for _, v := range values {
			c := s.call()
			c.Fields[f.Name] = v
			_, err := s.p.Encode(t.Context(), c)
			e := wantError(t, err, ai.Invalid, f.Name)
			if e != nil && !strings.Contains(e.Message, f.Name) {
				t.Errorf("%s is %q: the message does not name it: %s", f.Name, v, e.Message)
			}
		}
	}
}

type contextKey struct{}

// checkCancel expects the request to end with the call's context.
func (s *subject) checkCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "value"))
	defer cancel()
	r, err := s.p.Encode(ctx, s.call())
	if err != nil {
		t.Fatal(err)
	}
	if r.Context().Value(contextKey{}) != "value" || r.Context().Err() != nil {
		t.Fatal("the request does not carry the call's context")
	}
	if cancel(); r.Context().Err() == nil {
		t.Error("cancelling the call does not cancel the request")
	}
}
