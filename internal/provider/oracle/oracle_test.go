package oracle_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/oracle"
)

func call(key ai.Secret) *provider.Call {
	return &provider.Call{Op: ai.Chat, Model: "meta.llama", Body: []byte(`{"chatRequest":{"apiFormat":"GENERIC"}}`), Key: key, Fields: map[string]string{
		"oracle_region": "us-chicago-1", "oracle_compartment_id": "comp", "oracle_tenancy": "ten", "oracle_user": "usr", "oracle_fingerprint": "fi:ng",
	}}
}

func newKey(t *testing.T) (*rsa.PrivateKey, ai.Secret) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, ai.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

// The request is verified as Oracle would: the signature over what it names.
func TestSignedRequest(t *testing.T) {
	key, secret := newKey(t)
	c := call(secret)
	r, err := oracle.New().Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.URL.String(); got != "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com/20231130/actions/chat" {
		t.Errorf("url %s", got)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"chatRequest":{"apiFormat":"GENERIC"},"servingMode":{"servingType":"ON_DEMAND","modelId":"meta.llama"},"compartmentId":"comp"}`; string(body) != want {
		t.Errorf("body %s", body)
	}
	if string(c.Body) != `{"chatRequest":{"apiFormat":"GENERIC"}}` {
		t.Errorf("the call's own body changed: %s", c.Body)
	}
	digest := sha256.Sum256(body)
	sum := base64.StdEncoding.EncodeToString(digest[:])
	signing := "date: " + r.Header.Get("Date") + "\n(request-target): post /20231130/actions/chat\nhost: " + r.URL.Host +
		"\ncontent-length: " + "127" + "\ncontent-type: application/json\nx-content-sha256: " + sum
	if r.ContentLength != int64(len(body)) || len(body) != 127 || r.Header.Get("X-Content-Sha256") != sum {
		t.Errorf("length %d of %d, digest %s", r.ContentLength, len(body), r.Header.Get("X-Content-Sha256"))
	}
	before, after, _ := strings.Cut(r.Header.Get("Authorization"), `,signature="`)
	if want := `Signature version="1",headers="date (request-target) host content-length content-type x-content-sha256",keyId="ten/usr/fi:ng",algorithm="rsa-sha256"`; before != want {
		t.Errorf("authorization %s", before)
	}
	signature, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(after, `"`))
	if err != nil {
		t.Fatal(err)
	}
	hashed := sha256.Sum256([]byte(signing))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, hashed[:], signature); err != nil {
		t.Errorf("the signature does not verify: %v", err)
	}
	for name, values := range r.Header {
		if strings.Contains(strings.Join(values, ""), "PRIVATE") {
			t.Errorf("the key is in %s", name)
		}
	}
}

// Any other path goes as the client called it, with the body as it is.
func TestProxy(t *testing.T) {
	_, secret := newKey(t)
	c := call(secret)
	c.Op, c.Method, c.Rest = ai.Proxy, "POST", "/20231130/actions/summarizeText?x=1"
	r, err := oracle.New().Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(r.Body); string(body) != string(c.Body) || !strings.HasSuffix(r.URL.String(), c.Rest) {
		t.Errorf("%s with %s", r.URL, body)
	}
}

func TestServingModes(t *testing.T) {
	_, secret := newKey(t)
	c := call(secret)
	c.Model, c.Fields["oracle_serving_mode"] = "ocid1.endpoint", "dedicated"
	r, err := oracle.New().Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(r.Body); !strings.Contains(string(body), `"servingMode":{"servingType":"DEDICATED","endpointId":"ocid1.endpoint"}`) {
		t.Errorf("body %s", body)
	}
	c.Fields["oracle_serving_mode"] = "elsewhere"
	if _, err := oracle.New().Encode(t.Context(), c); ai.AsError(err).Param != "oracle_serving_mode" {
		t.Errorf("an unknown mode: %v", err)
	}
}

func TestWithoutKey(t *testing.T) {
	if _, err := oracle.New().Encode(t.Context(), call(ai.Secret{})); ai.AsError(err).Kind != ai.Unauthenticated {
		t.Errorf("got %v", err)
	}
}
