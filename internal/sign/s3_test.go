package sign_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/sign"
)

// The example of a request for a bucket's lifecycle in Amazon's guide to
// signatures of S3.
func TestS3Example(t *testing.T) {
	r, err := http.NewRequest(http.MethodGet, "https://examplebucket.s3.amazonaws.com/?lifecycle=", nil)
	if err != nil {
		t.Fatal(err)
	}
	a := sign.NewAWS(through(broken{}), "bedrock")
	a.At(time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC))
	c := sign.Credential{Fields: map[string]string{"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}
	if err := a.SignS3(t.Context(), r, c); err != nil {
		t.Fatal(err)
	}
	const want = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, " +
		"Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What others call a dirty path is an object's name in S3.
func TestS3PathsAreSignedAsTheyAre(t *testing.T) {
	signature := func(path string) string {
		r, err := http.NewRequest(http.MethodGet, "https://s3.eu-west-1.amazonaws.com"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "forwarded")
		r.Header.Set("X-Amz-Content-Sha256", "forwarded")
		a := sign.NewAWS(through(broken{}), "bedrock")
		a.At(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
		if err := a.SignS3(t.Context(), r, awsFields("aws_access_key_id", "AKIA", "aws_secret_access_key", "s")); err != nil {
			t.Fatal(err)
		}
		_, s, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		return s
	}
	if signature("/bucket/a//b") == signature("/bucket/a/b") {
		t.Error("two objects have one signature")
	}
}

func TestS3TakesNoAPIKey(t *testing.T) {
	r := awsRequest(t, "")
	err := sign.NewAWS(through(broken{}), "bedrock").SignS3(t.Context(), r, sign.Credential{Key: ai.NewSecret("bedrock-api-key")})
	if e := ai.AsError(err); err == nil || e.Kind != ai.Unauthenticated || r.Header.Get("Authorization") != "" {
		t.Errorf("got %v, %v", err, r.Header)
	}
}
