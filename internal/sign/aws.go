package sign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/portico-ai/portico/internal/ai"
)

// The values of aws_auth_type, in lower case. Without one, keys are used if
// there are any, else the API key.
const (
	awsAPIKey      = "apikey"      // a Bedrock API key, sent as a bearer token
	awsAssumedRole = "assumedrole" // aws_role_arn, assumed with the keys given or else as the server itself
	awsServiceRole = "servicerole" // the server's own identity
)

const defaultAWSRegion = "us-east-1"

// AWS signs calls to one of Amazon's services with signature version 4, or with
// an API key. Credentials of roles are kept until shortly before they expire.
type AWS struct {
	clients Clients
	main    awsService
	now     func() time.Time
	known   remembered[aws.CredentialsProvider]
}

// An awsService is what differs between services.
type awsService struct {
	name     string // as in the signature: "bedrock"
	signer   *v4.Signer
	path     func(escaped string) string // how it reads the path of an address
	tellHash bool                        // the body's hash stands in a header
}

// s3 takes a path as it is sent: objects may be called anything.
var s3 = awsService{
	name: "s3", path: func(escaped string) string { return escaped }, tellHash: true,
	signer: v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }),
}

// NewAWS makes a signer for a service. Whatever it has to ask Amazon for
// credentials goes through clients.
func NewAWS(clients Clients, service string) *AWS {
	return &AWS{clients: clients, main: awsService{name: service, signer: v4.NewSigner(), path: cleanPath}, now: time.Now}
}

// UsesOwnIdentity reports whether a call is signed as the server itself, at
// least to assume a role.
func (*AWS) UsesOwnIdentity(fields map[string]string) bool {
	switch strings.ToLower(fields["aws_auth_type"]) {
	case awsServiceRole:
		return true
	case awsAssumedRole:
		return !hasKeys(fields)
	}
	return false
}

// ownHosts are where Amazon's services for models themselves answer; other names
// below amazonaws.com belong to whoever rented them.
var ownHosts = regexp.MustCompile(`^([a-z0-9-]+\.)?(bedrock|bedrock-runtime|runtime\.sagemaker|runtime-fips\.sagemaker)(-fips)?` +
	`\.[a-z]{2}(-[a-z]+)+-[0-9]+(\.vpce)?\.amazonaws\.com(\.cn)?$`)

// CheckHost keeps signatures of the server's own identity from going to a host
// of the caller's. base is the one that a call names, "" if none.
func (a *AWS) CheckHost(base string, fields map[string]string) error {
	if base == "" || !a.UsesOwnIdentity(fields) {
		return nil
	}
	if u, err := url.Parse(base); err == nil && u.Scheme == "https" && ownHosts.MatchString(strings.ToLower(u.Hostname())) {
		return nil
	}
	return &ai.Error{Kind: ai.Invalid, Param: "custom_host",
		Message: "aws_auth_type " + fields["aws_auth_type"] + " uses the gateway's own identity, which signs for Amazon's own hosts alone; " +
			"ask the operator to set the provider's base URL, or use keys"}
}

// Sign implements Func.
func (a *AWS) Sign(ctx context.Context, r *http.Request, c Credential) error {
	if authType(c.Fields) == awsAPIKey {
		unsign(r)
		return a.bearer(ctx, r, c)
	}
	return a.signFor(ctx, r, c, a.main)
}

// SignS3 is a Func for calls to S3, with the same credentials.
func (a *AWS) SignS3(ctx context.Context, r *http.Request, c Credential) error {
	if authType(c.Fields) == awsAPIKey {
		unsign(r)
		return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "missing_provider_key",
			Message: "Files are in S3, which takes no API key: set aws_access_key_id and aws_secret_access_key, or aws_auth_type assumedRole"}
	}
	return a.signFor(ctx, r, c, s3)
}

// unsign takes out what only a signature may set.
func unsign(r *http.Request) {
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"} {
		delete(r.Header, name)
	}
}

func (a *AWS) signFor(ctx context.Context, r *http.Request, c Credential, s awsService) error {
	unsign(r)
	mode := authType(c.Fields)
	provider, err := a.provider(mode, c.Fields)
	if err != nil {
		return err
	}
	credentials, err := provider.Retrieve(ctx)
	if err != nil {
		return noCredentials(ctx, mode, err)
	}
	return a.sign(ctx, r, s, credentials, region(c.Fields))
}

// authType is aws_auth_type in lower case; without one, keys are used if there
// are any, else the API key.
func authType(fields map[string]string) string {
	mode := strings.ToLower(fields["aws_auth_type"])
	if mode == "" && !hasKeys(fields) {
		return awsAPIKey
	}
	return mode
}

func (a *AWS) bearer(ctx context.Context, r *http.Request, c Credential) error {
	if c.Key.IsZero() && c.Fields["aws_auth_type"] == "" {
		return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "missing_provider_key",
			Message: "No credential for AWS. Use a virtual key (x-portkey-virtual-key or @slug/model), or set aws_access_key_id and " +
				"aws_secret_access_key, or an API key, or aws_auth_type in the config's target"}
	}
	return Bearer(ctx, r, c)
}

// sign puts the signature of r and its body on r. Only headers that no proxy
// changes are signed.
func (a *AWS) sign(ctx context.Context, r *http.Request, s awsService, credentials aws.Credentials, region string) error {
	hash, err := bodyHash(r)
	if err != nil {
		return err
	}
	if s.tellHash {
		r.Header["X-Amz-Content-Sha256"] = []string{hash}
	}
	signed := r.Clone(ctx)
	for name := range signed.Header {
		if name != "Content-Type" && !strings.HasPrefix(name, "X-Amz") {
			delete(signed.Header, name)
		}
	}
	if err := a.signAll(ctx, signed, s, hash, credentials, region); err != nil {
		return err
	}
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		if v := signed.Header[name]; v != nil {
			r.Header[name] = v
		}
	}
	r.Host = signed.Host // without the port, if that is the scheme's own
	return nil
}

// signAll signs everything that r has.
func (a *AWS) signAll(ctx context.Context, r *http.Request, s awsService, bodyHash string, credentials aws.Credentials, region string) error {
	r.URL.Opaque = "//" + r.URL.Host + s.path(r.URL.EscapedPath())
	return s.signer.SignHTTP(ctx, credentials, r, bodyHash, s.name, region, a.now().UTC())
}

// cleanPath is a path without "." and ".." and double slashes, which is how AWS
// reads it.
func cleanPath(escaped string) string {
	clean := path.Clean("/" + escaped)
	if strings.HasSuffix(escaped, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

func bodyHash(r *http.Request) (string, error) {
	h := sha256.New()
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return "", err
		}
		defer body.Close()
		if _, err := io.Copy(h, body); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hasKeys(fields map[string]string) bool {
	return fields["aws_access_key_id"] != "" || fields["aws_secret_access_key"] != ""
}

func region(fields map[string]string) string {
	if r := fields["aws_region"]; r != "" {
		return r
	}
	return defaultAWSRegion
}

// noCredentials tells a refusal, which only another credential changes, from a
// service that did not answer.
func noCredentials(ctx context.Context, mode string, err error) error {
	if cause, ok := errors.AsType[*ai.Error](context.Cause(ctx)); ok {
		return cause
	}
	if ctx.Err() != nil {
		return &ai.Error{Kind: ai.Canceled, Message: "The request ended while AWS was asked for credentials", Err: context.Cause(ctx)}
	}
	reply, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err)
	refused := ok && reply.HTTPStatusCode() >= 400 && reply.HTTPStatusCode() < 500 && reply.HTTPStatusCode() != http.StatusTooManyRequests
	if refused || errors.Is(err, errNoIdentity) {
		return &ai.Error{Kind: ai.Unauthenticated, Type: "authentication_error", Code: "aws_credentials", Err: err,
			Message: "AWS gave no credentials for aws_auth_type " + mode + "; check the role, its trust policy and the external id"}
	}
	return &ai.Error{Kind: ai.Unavailable, Type: "api_error", Code: "aws_credentials", Err: err,
		Message: "AWS could not be asked for credentials for aws_auth_type " + mode}
}
