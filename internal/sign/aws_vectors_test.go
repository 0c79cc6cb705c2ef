package sign_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/portico-ai/portico/internal/sign"
	"github.com/portico-ai/portico/test/corpus"
)

// vectorContext is what a case of Amazon's suite is signed with.
type vectorContext struct {
	Credentials struct {
		ID     string `json:"access_key_id"`
		Secret string `json:"secret_access_key"`
		Token  string `json:"token"`
	} `json:"credentials"`
	Region    string    `json:"region"`
	Service   string    `json:"service"`
	Normalize bool      `json:"normalize"`
	SignBody  bool      `json:"sign_body"`
	OmitToken bool      `json:"omit_session_token"`
	Timestamp time.Time `json:"timestamp"`
}

// Amazon's suite for signature version 4: each request gets the signature that
// is written there.
func TestSignatureVectors(t *testing.T) {
	dir := filepath.Join(corpus.Dir(t), "vectors", "aws-sigv4")
	cases, err := os.ReadDir(dir)
	if err != nil || len(cases) == 0 {
		t.Fatalf("no vectors in %s (%v)", dir, err)
	}
	for _, c := range cases {
		t.Run(c.Name(), func(t *testing.T) { checkVector(t, filepath.Join(dir, c.Name())) })
	}
}

func checkVector(t *testing.T, dir string) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var c vectorContext
	if err := json.Unmarshal(read("context.json"), &c); err != nil {
		t.Fatal(err)
	}
	r, path, body := vectorRequest(t, string(read("request.txt")))
	hash := sha256.Sum256(body)
	if c.SignBody {
		r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(hash[:]))
	}
	if c.Normalize {
		path = sign.CleanPath(path)
	}
	credentials := aws.Credentials{AccessKeyID: c.Credentials.ID, SecretAccessKey: c.Credentials.Secret, SessionToken: c.Credentials.Token}
	if c.OmitToken {
		credentials.SessionToken = ""
	}
	a := sign.NewAWS(through(broken{}), c.Service)
	a.At(c.Timestamp)
	if err := a.SignAll(t.Context(), r, path, hex.EncodeToString(hash[:]), credentials, c.Region); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	if want := strings.TrimSpace(string(read("header-signature.txt"))); got != want {
		t.Errorf("signature %s, want %s of\n%s", got, want, read("header-canonical-request.txt"))
	}
}

// vectorRequest parses a request that is written more loosely than net/http
// reads: a folded header, a path that is not encoded.
func vectorRequest(t *testing.T, text string) (r *http.Request, path string, body []byte) {
	t.Helper()
	head, rest, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	method, target, _ := strings.Cut(strings.TrimSuffix(lines[0], " HTTP/1.1"), " ")
	path, query, _ := strings.Cut(target, "?")
	r = &http.Request{Method: method, URL: &url.URL{Scheme: "https", RawQuery: query}, Header: http.Header{}}
	name := ""
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, " ") {
			values := r.Header[name]
			values[len(values)-1] += " " + strings.TrimSpace(line)
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		name = http.CanonicalHeaderKey(key)
		r.Header[name] = append(r.Header[name], value)
	}
	r.Host, r.URL.Host = r.Header.Get("Host"), r.Header.Get("Host")
	delete(r.Header, "Host")
	body = bytes.TrimSuffix([]byte(rest), []byte("\n"))
	if r.Header.Get("Content-Length") != "" {
		r.ContentLength = int64(len(body))
	}
	return r, path, body
}
