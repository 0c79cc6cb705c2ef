package sign

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// The key and the expected signatures are those of Oracle's own documentation of
// request signatures, "Test Values".
const ociTestKey = `-----BEGIN RSA PRIVATE KEY-----
MIICXgIBAAKBgQDCFENGw33yGihy92pDjZQhl0C36rPJj+CvfSC8+q28hxA161QF
NUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6Z4UMR7EOcpfdUE9Hf3m/hs+F
UR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJwoYi+1hqp1fIekaxsyQIDAQAB
AoGBAJR8ZkCUvx5kzv+utdl7T5MnordT1TvoXXJGXK7ZZ+UuvMNUCdN2QPc4sBiA
QWvLw1cSKt5DsKZ8UETpYPy8pPYnnDEz2dDYiaew9+xEpubyeW2oH4Zx71wqBtOK
kqwrXa/pzdpiucRRjk6vE6YY7EBBs/g7uanVpGibOVAEsqH1AkEA7DkjVH28WDUg
f1nqvfn2Kj6CT7nIcE3jGJsZZ7zlZmBmHFDONMLUrXR/Zm3pR5m0tCmBqa5RK95u
412jt1dPIwJBANJT3v8pnkth48bQo/fKel6uEYyboRtA5/uHuHkZ6FQF7OUkGogc
mSJluOdc5t6hI1VsLn0QZEjQZMEOWr+wKSMCQQCC4kXJEsHAve77oP6HtG/IiEn7
kpyUXRNvFsDE0czpJJBvL/aRFUJxuRK91jhjC68sA7NsKMGg5OXb5I5Jj36xAkEA
gIT7aFOYBFwGgQAQkWNKLvySgKbAZRTeLBacpHMuQdl1DfdntvAyqpAZ0lY0RKmW
G6aFKaqQfOXKCyWoUiVknQJAXrlgySFci/2ueKlIE1QqIiLSZ8V8OlpFLRnb1pzI
7U1yQXnTAEFYM560yJlzUpOb1V4cScGd365tiSMvxLOvTA==
-----END RSA PRIVATE KEY-----`

const (
	ociCompartment = "ocid1.compartment.oc1..aaaaaaaam3we6vgnherjq5q2idnccdflvjsnog7mlr6rtdb25gilchfeyjxa"
	ociVolume      = "ocid1.volume.oc1.phx.abyhqljrgvttnlx73nmrwfaux7kcvzfs3s66izvxf2h4lgvyndsdsnoiwr5q"
)

func ociCredential() Credential {
	return Credential{Key: ai.NewSecret(ociTestKey), Fields: map[string]string{
		"oracle_tenancy":     "ocid1.tenancy.oc1..aaaaaaaaba3pv6wkcr4jqae5f15p2b2m2yt2j6rx32uzr4h25vqstifsfdsq",
		"oracle_user":        "ocid1.user.oc1..aaaaaaaat5nvwcna5j6aqzjcaty5eqbb6qt2jvpkanghtgdaqedqw3rynjq",
		"oracle_fingerprint": "20:3b:97:13:55:1c:5b:0d:d3:37:d8:50:4e:c5:3a:34",
	}}
}

func TestOCI(t *testing.T) {
	body := "{\n    \"compartmentId\": \"" + ociCompartment + "\",\n    \"instanceId\": \"ocid1.instance.oc1.phx.abuw4ljrlsfiqw6vzzxb43vyypt4pkodawglp3wqxjqofakrwvou52gb6s5a\",\n    \"volumeId\": \"" + ociVolume + "\"\n}"
	for _, tt := range []struct{ method, url, body, headers, signature string }{
		{"GET", "https://iaas.us-phoenix-1.oraclecloud.com/20160918/instances?availabilityDomain=Pjwf%3A%20PHX-AD-1&compartmentId=" + ociCompartment + "&displayName=TeamXInstances&volumeId=" + ociVolume,
			"", "date (request-target) host",
			"GBas7grhyrhSKHP6AVIj/h5/Vp8bd/peM79H9Wv8kjoaCivujVXlpbKLjMPeDUhxkFIWtTtLBj3sUzaFj34XE6YZAHc9r2DmE4pMwOAy/kiITcZxa1oHPOeRheC0jP2dqbTll8fmTZVwKZOKHYPtrLJIJQHJjNvxFWeHQjMaR7M="},
		{"POST", "https://iaas.us-phoenix-1.oraclecloud.com/20160918/volumeAttachments",
			body, "date (request-target) host content-length content-type x-content-sha256",
			"Mje8vIDPlwIHmD/cTDwRxE7HaAvBg16JnVcsuqaNRim23fFPgQfLoOOxae6WqKb1uPjYEl0qIdazWaBy/Ml8DRhqlocMwoSXv0fbukP8J5N80LCmzT/FFBvIvTB91XuXI3hYfP9Zt1l7S6ieVadHUfqBedWH0itrtPJBgKmrWso="},
	} {
		r := ociRequest(t, tt.method, tt.url, tt.body)
		// The documentation's date names the wrong day of the week, and is signed as it is written.
		c := ociCredential()
		if err := signOCI(r, c, time.Date(2014, 1, 5, 21, 31, 40, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		if got := r.Header.Get("Date"); got != "Sun, 05 Jan 2014 21:31:40 GMT" {
			t.Errorf("date %q", got)
		}
		r.Header.Set("Date", "Thu, 05 Jan 2014 21:31:40 GMT")
		if err := putOCISignature(r, c); err != nil {
			t.Fatal(err)
		}
		want := `Signature version="1",headers="` + tt.headers + `",keyId="` + c.Fields["oracle_tenancy"] + "/" + c.Fields["oracle_user"] + "/" +
			c.Fields["oracle_fingerprint"] + `",algorithm="rsa-sha256",signature="` + tt.signature + `"`
		if got := r.Header.Get("Authorization"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tt.method, got, want)
		}
	}
}

func ociRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var src io.Reader
	if body != "" {
		src = bytes.NewReader([]byte(body))
	}
	r, err := http.NewRequestWithContext(context.Background(), method, url, src)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func TestOCIKeys(t *testing.T) {
	sign := func(key string, field string) error {
		c := ociCredential()
		c.Key = ai.NewSecret(key)
		c.Fields["oracle_private_key"] = field
		return OCI(context.Background(), ociRequest(t, "POST", "https://x.example/a", "{}"), c)
	}
	oneLine := strings.ReplaceAll(ociTestKey, "\n", `\n`)
	if err := sign(oneLine, ""); err != nil {
		t.Errorf("a key in one line: %v", err)
	}
	if err := sign("", ociTestKey); err != nil {
		t.Errorf("a key in its field: %v", err)
	}
	for _, key := range []string{"", "nonsense", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"} {
		err := sign(key, "")
		if e := ai.AsError(err); err == nil || e.Kind != ai.Unauthenticated || strings.Contains(e.Error(), "AAAA") {
			t.Errorf("key %q: %v", key, err)
		}
	}
}
