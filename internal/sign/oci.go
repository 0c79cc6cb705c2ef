package sign

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// OCI signs requests as Oracle Cloud Infrastructure asks for, version 1: an RSA
// signature over the request's target, host, date and body. The credential is
// the private key, in oracle_private_key or as the key itself, and the names
// oracle_tenancy, oracle_user and oracle_fingerprint.
// Source: https://docs.oracle.com/iaas/Content/API/Concepts/signingrequests.htm
func OCI(_ context.Context, r *http.Request, c Credential) error {
	return signOCI(r, c, time.Now())
}

func signOCI(r *http.Request, c Credential, now time.Time) error {
	r.Header["Date"] = []string{now.UTC().Format(http.TimeFormat)}
	return putOCISignature(r, c)
}

// putOCISignature signs a request that has its date.
func putOCISignature(r *http.Request, c Credential) error {
	key, err := ociKey(c)
	if err != nil {
		return err
	}
	names := []string{"date", "(request-target)", "host"}
	if r.GetBody != nil {
		digest, err := bodyDigest(r)
		if err != nil {
			return err
		}
		r.Header["X-Content-Sha256"] = []string{digest}
		names = append(names, "content-length", "content-type", "x-content-sha256")
	}
	sum := sha256.Sum256([]byte(ociString(r, names)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Message: "oracle_private_key cannot sign", Err: err}
	}
	r.Header["Authorization"] = []string{`Signature version="1",headers="` + strings.Join(names, " ") + `",keyId="` +
		c.Fields["oracle_tenancy"] + "/" + c.Fields["oracle_user"] + "/" + c.Fields["oracle_fingerprint"] +
		`",algorithm="rsa-sha256",signature="` + base64.StdEncoding.EncodeToString(signature) + `"`}
	return nil
}

func bodyDigest(r *http.Request) (string, error) {
	body, err := r.GetBody()
	if err != nil {
		return "", err
	}
	defer body.Close()
	h := sha256.New()
	if _, err := io.Copy(h, body); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// ociString is what is signed: a line for each name.
func ociString(r *http.Request, names []string) string {
	lines := make([]string, len(names))
	for i, name := range names {
		value := r.Header.Get(name)
		switch name {
		case "(request-target)":
			value = strings.ToLower(r.Method) + " " + r.URL.RequestURI()
		case "host":
			value = r.URL.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		lines[i] = name + ": " + value
	}
	return strings.Join(lines, "\n")
}

// ociKey reads the private key, PEM in one of its two forms. A header cannot hold
// line feeds: \n stands for them.
func ociKey(c Credential) (*rsa.PrivateKey, error) {
	text := c.Fields["oracle_private_key"]
	if text == "" {
		text = c.Key.Reveal()
	}
	if text == "" {
		return nil, missingKey()
	}
	bad := &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "invalid_private_key",
		Message: `oracle_private_key must be an RSA private key in PEM form without a passphrase; \n may stand for its line feeds`}
	block, _ := pem.Decode([]byte(strings.ReplaceAll(text, `\n`, "\n")))
	if block == nil {
		return nil, bad
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if rsaKey, ok := key.(*rsa.PrivateKey); ok {
			return rsaKey, nil
		}
	}
	return nil, bad
}
