package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/sign"
)

const (
	attempts   = 3 // of a call that may be repeated
	callFor    = 20 * time.Second
	slowest    = 128 << 10 // bytes a second that storing may take
	maxListing = 4 << 20   // bytes
)

// A Bucket is a prefix of a bucket. It implements ledger.Objects.
type Bucket struct {
	cfg    Config
	http   sign.Doer
	sign   sign.Func
	fields map[string]string // for sign
}

// New makes a Bucket. Requests are sent by http and signed with sign, which is
// given the server's own identity.
func New(cfg Config, http sign.Doer, signS3 sign.Func) *Bucket {
	fields := map[string]string{"aws_region": cfg.Region, "aws_auth_type": "serviceRole"}
	if cfg.RoleARN != "" {
		fields["aws_auth_type"], fields["aws_role_arn"], fields["aws_external_id"] = "assumedRole", cfg.RoleARN, cfg.ExternalID
	}
	return &Bucket{cfg: cfg, http: http, sign: signS3, fields: fields}
}

// Put implements ledger.Objects. S3 shows an object once it has all of it, and it
// compares what came with the hash in the signature.
func (b *Bucket) Put(ctx context.Context, key string, r io.ReaderAt, size int64) error {
	ctx, cancel := context.WithTimeout(ctx, callFor+time.Duration(size/slowest)*time.Second)
	defer cancel()
	req, err := b.request(ctx, http.MethodPut, key, nil)
	if err != nil {
		return err
	}
	req.ContentLength = size
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(r, 0, size)), nil }
	req.Header.Set("Content-Type", "application/octet-stream")
	for name, v := range map[string]string{"": b.cfg.Encryption, "-Aws-Kms-Key-Id": b.cfg.KMSKey} {
		if v != "" {
			req.Header.Set("X-Amz-Server-Side-Encryption"+name, v)
		}
	}
	if b.cfg.BucketKey {
		req.Header.Set("X-Amz-Server-Side-Encryption-Bucket-Key-Enabled", "true")
	}
	_, _, err = b.do(req, 0)
	return err
}

// Get implements ledger.Objects.
func (b *Bucket) Get(ctx context.Context, key string, off, n int64) ([]byte, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	req, err := b.request(ctx, http.MethodGet, key, nil)
	if err != nil {
		return nil, 0, err
	}
	ask := fmt.Sprintf("bytes=%d-%d", off, off+n-1)
	if off < 0 {
		ask = fmt.Sprintf("bytes=-%d", n)
	}
	req.Header.Set("Range", ask)
	text, head, err := b.do(req, n)
	if err != nil {
		return nil, 0, err
	}
	_, total, ok := strings.Cut(head.Get("Content-Range"), "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if !ok || err != nil {
		return nil, 0, &ai.Error{Kind: ai.BadGateway, Message: "The bucket's server does not read parts of objects: it sent no Content-Range"}
	}
	return text, size, nil
}

// Delete implements ledger.Objects.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	req, err := b.request(ctx, http.MethodDelete, key, nil)
	if err != nil {
		return err
	}
	if _, _, err = b.do(req, 0); err != nil && ai.AsError(err).Code == "NoSuchKey" {
		return nil
	}
	return err
}

// List implements ledger.Objects.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[ledger.Object, error] {
	return func(yield func(ledger.Object, error) bool) {
		for {
			l, err := b.page(ctx, prefix, after)
			if err != nil {
				yield(ledger.Object{}, err)
				return
			}
			for _, o := range l.Contents {
				after = strings.TrimPrefix(o.Key, b.cfg.Prefix)
				if !yield(ledger.Object{Key: after, Size: o.Size, Modified: o.LastModified}, nil) {
					return
				}
			}
			if !l.IsTruncated || len(l.Contents) == 0 {
				return
			}
		}
	}
}

type listing struct {
	IsTruncated bool
	Contents    []struct {
		Key          string
		Size         int64
		LastModified time.Time
	}
}

func (b *Bucket) page(ctx context.Context, prefix, after string) (l listing, err error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	q := url.Values{"list-type": {"2"}, "prefix": {b.cfg.Prefix + prefix}}
	if after != "" {
		q.Set("start-after", b.cfg.Prefix+after)
	}
	req, err := b.request(ctx, http.MethodGet, "", q)
	if err != nil {
		return l, err
	}
	text, _, err := b.do(req, maxListing)
	if err == nil && xml.Unmarshal(text, &l) != nil {
		err = &ai.Error{Kind: ai.BadGateway, Message: "The bucket's server sent a list that cannot be read; is endpoint that of an S3 server?"}
	}
	return l, err
}

// request makes one of an object, or with a query of the bucket.
func (b *Bucket) request(ctx context.Context, method, key string, q url.Values) (*http.Request, error) {
	u := *b.cfg.Endpoint
	u.Path = "/"
	if b.cfg.PathStyle {
		u.Path += b.cfg.Bucket
	}
	if q == nil {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/" + b.cfg.Prefix + key
	}
	u.RawQuery = q.Encode()
	return http.NewRequestWithContext(ctx, method, u.String(), http.NoBody)
}

// do sends a request, again if that may help, and reads up to most bytes of the
// answer. It is signed each time: signatures hold for minutes.
func (b *Bucket) do(r *http.Request, most int64) (text []byte, head http.Header, err error) {
	for try := range attempts {
		if try > 0 {
			select {
			case <-time.After(time.Duration(100+rand.IntN(200)) * time.Millisecond << (2 * try)):
			case <-r.Context().Done():
				return nil, nil, err
			}
		}
		if text, head, err = b.once(r.Clone(r.Context()), most); err == nil || ai.AsError(err).Kind != ai.Unavailable || r.Context().Err() != nil {
			break
		}
	}
	return text, head, err
}

func (b *Bucket) once(r *http.Request, most int64) ([]byte, http.Header, error) {
	if r.GetBody != nil {
		r.Body, _ = r.GetBody() // of Put: no error
	}
	if err := b.sign(r.Context(), r, sign.Credential{Fields: b.fields}); err != nil {
		return nil, nil, err
	}
	resp, err := b.http.Do(r)
	if err != nil {
		return nil, nil, &ai.Error{Kind: ai.Unavailable, Message: "The bucket cannot be reached at " + b.cfg.Endpoint.Host, Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return nil, nil, b.refusal(resp)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<10)) // so that the connection is used again
	}
	if err != nil {
		return nil, nil, &ai.Error{Kind: ai.Unavailable, Message: "The bucket's answer was cut", Err: err}
	}
	return text, resp.Header, nil
}

// refusal says what a refusal means and how to put it right.
func (b *Bucket) refusal(resp *http.Response) error {
	var said struct{ Code, Message string }
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err == nil && len(text) > 0 {
		err = xml.Unmarshal(text, &said)
	}
	e := &ai.Error{Kind: ai.Forbidden, Code: said.Code, Err: errors.Join(err, fmt.Errorf("status %d, %s: %s", resp.StatusCode, said.Code, said.Message))}
	at := resp.Header.Get("X-Amz-Bucket-Region")
	switch {
	case said.Code == "NoSuchBucket":
		e.Message = "There is no bucket " + b.cfg.Bucket + " at " + b.cfg.Endpoint.Host + "; make it, or name another in blobs_url"
	case said.Code == "InvalidAccessKeyId" || said.Code == "InvalidAccessKey":
		e.Message = "The access key is not known at " + b.cfg.Endpoint.Host + "; check AWS_ACCESS_KEY_ID"
	case said.Code == "SignatureDoesNotMatch":
		e.Message = "The secret key does not fit the access key; check AWS_SECRET_ACCESS_KEY, and the region in blobs_url"
	case said.Code == "RequestTimeTooSkewed":
		e.Message = "The clocks of this machine and of the bucket differ by more than 15 minutes; set this machine's"
	case at != "" && at != b.cfg.Region || resp.StatusCode/100 == 3 || said.Code == "AuthorizationHeaderMalformed":
		e.Message = "The bucket is in another region than " + b.cfg.Region + "; set region=" + at + " in blobs_url"
	case said.Code == "NoSuchKey" || said.Code == "" && resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		e.Kind, e.Message = ai.NotFound, "There is no such object"
	case resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusUnauthorized:
		e.Message = "The bucket " + b.cfg.Bucket + " refuses; allow s3:PutObject, s3:GetObject and s3:DeleteObject on its objects, s3:ListBucket on it, and the use of its key"
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests:
		e.Kind, e.Message = ai.Unavailable, "The bucket's server failed"
	default:
		e.Kind, e.Message = ai.Invalid, "The bucket's server does not take the request: "+said.Message
	}
	return e
}
