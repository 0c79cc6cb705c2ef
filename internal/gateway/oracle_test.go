package gateway_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/provider/oracle"
)

// A stream whose format has no end mark is complete when its finish reason has
// come and HTTP marks the end of the body; its usage, which follows, counts.
func TestStreamWithoutEndMark(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	secret := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	text := `data: {"index":0,"message":{"role":"ASSISTANT","content":[{"type":"TEXT","text":"Hi"}]}}` + "\n\n"
	end := `data: {"finishReason":"stop"}` + "\n\n" + `data: {"usage":{"promptTokens":8,"completionTokens":2}}` + "\n\n"
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		state   ledger.State
		done    bool
	}{
		{"whole", reply(200, text+end), ledger.OK, true},
		{"cut", cut(text), ledger.Truncated, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{oracle.ID: tt.handler})
			c := r.chat(`{"model":"meta.llama","stream":true,"messages":[{"role":"user","content":"hi"}]}`, "X-Portkey-Provider", oracle.ID,
				"X-Portkey-Oracle-Region", "us-chicago-1", "X-Portkey-Oracle-Compartment-Id", "c", "X-Portkey-Oracle-Tenancy", "t",
				"X-Portkey-Oracle-User", "u", "X-Portkey-Oracle-Fingerprint", "f")
			c.ProviderKey = ai.NewSecret(secret)
			_, _, body := r.answer(t, c)
			if !strings.Contains(body, `"content":"Hi"`) || strings.HasSuffix(body, "data: [DONE]\n\n") != tt.done {
				t.Errorf("the client received %s", body)
			}
			e := r.ledger.only(t)
			if e.State != tt.state {
				t.Errorf("state %v, want %v", e.State, tt.state)
			}
			if tt.done && (e.Usage.Estimated || e.Usage.InputTokens != 8 || e.Usage.OutputTokens != 2) {
				t.Errorf("usage %+v", e.Usage)
			}
		})
	}
}
