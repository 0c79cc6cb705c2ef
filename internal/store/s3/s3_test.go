package s3_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/sign"
	"github.com/portico-ai/portico/internal/store/s3"
	"github.com/portico-ai/portico/internal/store/storetest"
	"github.com/portico-ai/portico/test/servers"
)

// counting counts requests and answers some of them itself.
type counting struct {
	n    atomic.Int64
	fail func(n int64) bool
	last atomic.Pointer[http.Request]
}

func (c *counting) Do(r *http.Request) (*http.Response, error) {
	n := c.n.Add(1)
	c.last.Store(r)
	if c.fail != nil && c.fail(n) {
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody}, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}

func bucket(t *testing.T, raw string, doer sign.Doer) *s3.Bucket {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", servers.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", servers.SecretKey)
	cfg, err := s3.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s3.New(cfg, doer, sign.NewAWS(sign.Clients{}, "s3").SignS3)
}

func TestBucket(t *testing.T) {
	server := servers.S3(t)
	n := 0
	storetest.Objects(t, 1000, func(t *testing.T) ledger.Objects {
		n++
		return bucket(t, fmt.Sprintf("s3://bucket/team-%d/logs?endpoint=http://%s", n, server.Addr), &counting{})
	})
}

// A body costs one request when its segment has been read before, else two; its
// neighbours cost none; and storing thousands costs one.
func TestRequestsAreFew(t *testing.T) {
	server, doer := servers.S3(t), &counting{}
	dir, remote := t.TempDir(), &ledger.RemoteOptions{Objects: bucket(t, "s3://bucket?endpoint=http://"+server.Addr, doer), Every: time.Hour}
	open := func() *ledger.Bodies {
		b, err := ledger.OpenBodies(dir, ledger.BodyOptions{Remote: remote})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := open()
	var refs []ledger.BodyRef
	for i := range 4000 {
		ref, _ := b.Put("id", ledger.BodyReply, bytes.Repeat([]byte(fmt.Sprintf("%09d;", i*i)), 300), nil)
		refs = append(refs, ref)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if n := doer.n.Load(); n > 2 { // a list and an object
		t.Errorf("%d requests to store %d bodies", n, len(refs))
	}
	b = open()
	defer b.Close()
	for b.Bytes() > 0 {
		time.Sleep(20 * time.Millisecond)
	}
	read := func(i int) int64 {
		before := doer.n.Load()
		got, err := b.Read(t.Context(), "id", refs[i])
		if err == nil && !strings.HasPrefix(string(got), fmt.Sprintf("%09d;", i*i)) {
			err = fmt.Errorf("another body")
		}
		if err != nil {
			t.Fatal(i, err)
		}
		return doer.n.Load() - before
	}
	if n := read(3999); n != 2 {
		t.Errorf("%d requests for the first body", n)
	}
	if n := read(3998); n != 0 {
		t.Errorf("%d requests for its neighbour", n)
	}
	if n := read(3000); n != 1 {
		t.Errorf("%d requests for another one", n)
	}
}

func TestCallsAreRepeated(t *testing.T) {
	server := servers.S3(t)
	doer := &counting{fail: func(n int64) bool { return n%3 != 0 }}
	b := bucket(t, "s3://bucket/p?endpoint=http://"+server.Addr, doer)
	if err := ledger.CheckObjects(t.Context(), b); err != nil {
		t.Error(err)
	}
	doer.fail = func(int64) bool { return true }
	if err := ledger.CheckObjects(t.Context(), b); err == nil || ai.AsError(err).Kind != ai.Unavailable {
		t.Errorf("got %v", err)
	}
}

// Every mistake has its remedy.
func TestRefusals(t *testing.T) {
	server := servers.S3(t)
	for _, c := range []struct{ name, url, id, secret, want string }{
		{"bucket", "s3://other?endpoint=http://%s", servers.AccessKey, servers.SecretKey, "There is no bucket other"},
		{"access key", "s3://bucket?endpoint=http://%s", "nobody", servers.SecretKey, "access key"},
		{"secret", "s3://bucket?endpoint=http://%s", servers.AccessKey, "wrong", "check AWS_SECRET_ACCESS_KEY"},
		{"region", "s3://bucket?region=eu-west-1&endpoint=http://%s", servers.AccessKey, servers.SecretKey, "another region than eu-west-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bucket(t, fmt.Sprintf(c.url, server.Addr), &counting{})
			t.Setenv("AWS_ACCESS_KEY_ID", c.id)
			t.Setenv("AWS_SECRET_ACCESS_KEY", c.secret)
			err := ledger.CheckObjects(t.Context(), b)
			if err == nil || ai.AsError(err).Kind == ai.Unavailable || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	server.Stop()
	if err := ledger.CheckObjects(t.Context(), bucket(t, "s3://bucket?endpoint=http://"+server.Addr, &counting{})); err == nil || ai.AsError(err).Kind != ai.Unavailable {
		t.Errorf("without a server: %v", err)
	}
}

func TestURLs(t *testing.T) {
	for raw, want := range map[string]string{
		"s3://b?region=eu-west-1":                            "https://b.s3.eu-west-1.amazonaws.com b.s3.eu-west-1.amazonaws.com:443",
		"s3://b.c/p/q/?region=cn-north-1":                    "https://s3.cn-north-1.amazonaws.com.cn s3.cn-north-1.amazonaws.com.cn:443",
		"s3://b?endpoint=http://minio:9000/":                 "http://minio:9000 minio:9000",
		"s3://b?endpoint=https://minio&style=virtual":        "https://b.minio b.minio:443",
		"s3://b?region=r&sse=aws:kms&kms_key=k&bucket_key=1": "https://b.s3.r.amazonaws.com b.s3.r.amazonaws.com:443",
		"s3://b?region=r&role_arn=a&external_id=e":           "https://b.s3.r.amazonaws.com b.s3.r.amazonaws.com:443",
	} {
		c, err := s3.Parse(raw)
		if err != nil || c.Endpoint.String()+" "+c.HostPort() != want {
			t.Errorf("%s: %v %s %v", raw, c.Endpoint, c.HostPort(), err)
		}
	}
	for raw, want := range map[string]string{
		"s3://b":                                   "no region",
		"s3:///p?region=r":                         "names no bucket",
		"s3://k:s@b?region=r":                      "AWS_ACCESS_KEY_ID",
		"s3://b/a+b?region=r":                      "prefix",
		"s3://b?region=r&ssl=1":                    `"ssl"`,
		"s3://b?region=r&sse=rot13":                "AES256",
		"s3://b?region=r&kms_key=k":                "sse=aws:kms",
		"s3://b?region=r&external_id=k":            "role_arn",
		"s3://b?region=r&style=old":                "path or virtual",
		"s3://b?endpoint=minio:9000":               "http://",
		"s3://b?region=r&sse=aws:kms&bucket_key=x": "true or false",
	} {
		if _, err := s3.Parse(raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", raw, err, want)
		}
	}
}

// What is asked for is asked of S3, and signed.
func TestEncryptionIsAskedFor(t *testing.T) {
	doer := &counting{fail: func(int64) bool { return true }}
	b := bucket(t, "s3://b?region=eu-west-1&sse=aws:kms&kms_key=alias/logs&bucket_key=true", doer)
	_ = b.Put(t.Context(), "k", strings.NewReader("x"), 1)
	r := doer.last.Load()
	for name, want := range map[string]string{"": "aws:kms", "-Aws-Kms-Key-Id": "alias/logs", "-Bucket-Key-Enabled": "true"} {
		name = "X-Amz-Server-Side-Encryption" + name
		if r.Header.Get(name) != want || !strings.Contains(r.Header.Get("Authorization"), strings.ToLower(name)) {
			t.Errorf("%s is %q, signed %s", name, r.Header.Get(name), r.Header.Get("Authorization"))
		}
	}
}
