package e2e

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var ociSignature = regexp.MustCompile(`^Signature version="1",headers="([^"]+)",keyId="t/u/f",algorithm="rsa-sha256",signature="([^"]+)"$`)

// verifyOCI checks a request's signature as it has arrived.
func verifyOCI(r *http.Request, body []byte, key *rsa.PublicKey) error {
	m := ociSignature.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return fmt.Errorf("authorization %q", r.Header.Get("Authorization"))
	}
	digest := sha256.Sum256(body)
	if got := r.Header.Get("X-Content-Sha256"); got != base64.StdEncoding.EncodeToString(digest[:]) {
		return fmt.Errorf("the digest %s is not the body's", got)
	}
	var lines []string
	for name := range strings.SplitSeq(m[1], " ") {
		value := r.Header.Get(name)
		switch name {
		case "(request-target)":
			value = strings.ToLower(r.Method) + " " + r.RequestURI
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		lines = append(lines, name+": "+value)
	}
	signature, err := base64.StdEncoding.DecodeString(m[2])
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
}

// A signature must hold for what arrives, whatever the client on the way does to
// the request.
func TestOracleSignatureSurvivesTheWire(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		if err := verifyOCI(r, body, &key.PublicKey); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"code":"NotAuthenticated","message":%q}`, err)
			return
		}
		if strings.Contains(string(body), `"isStream":true`) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: {\"index\":0,\"message\":{\"content\":[{\"type\":\"TEXT\",\"text\":\"Hi\"}]}}\n\n")
			_ = http.NewResponseController(w).Flush()
			fmt.Fprint(w, "data: {\"finishReason\":\"stop\"}\n\n")
			return
		}
		fmt.Fprint(w, `{"chatResponse":{"choices":[{"index":0,"message":{"content":[{"type":"TEXT","text":"Hi"}]},"finishReason":"stop"}]}}`)
	}))
	t.Cleanup(srv.Close)
	s := start(t, t.TempDir(), map[string]string{"oracle": srv.URL})
	secret := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	headers := []string{"X-Portkey-Provider", "oracle", "X-Portkey-Oracle-Region", "us-chicago-1", "X-Portkey-Oracle-Compartment-Id", "c",
		"X-Portkey-Oracle-Tenancy", "t", "X-Portkey-Oracle-User", "u", "X-Portkey-Oracle-Fingerprint", "f",
		"X-Portkey-Oracle-Private-Key", strings.ReplaceAll(strings.TrimSpace(secret), "\n", `\n`)}
	for _, stream := range []bool{false, true} {
		got := s.call("POST", "/v1/chat/completions", workspaceKey, chatBody("meta.llama", stream), headers...)
		if got.Status != 200 || !strings.Contains(got.Body, `"content":"Hi"`) || strings.Contains(got.Body, "[DONE]") != stream {
			t.Errorf("stream %v: status %d: %s", stream, got.Status, got.Body)
		}
	}
	for _, row := range s.logs("", 2) {
		if text := s.call("GET", "/v1/logs/"+row["id"].(string), workspaceKey, nil).Body; strings.Contains(text, "PRIVATE KEY") {
			t.Errorf("the key is in the log: %.300s", text)
		}
	}
}
