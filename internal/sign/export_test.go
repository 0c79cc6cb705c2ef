package sign

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Remembered is how many identities are kept.
func (e *Entra) Remembered() int { return len(e.known.values) }

// Remembered is how many identities are kept.
func (a *AWS) Remembered() int { return len(a.known.values) }

// At sets the signer's clock.
func (a *AWS) At(t time.Time) { a.now = func() time.Time { return t } }

// SignAll signs everything that r has.
func (a *AWS) SignAll(ctx context.Context, r *http.Request, path, bodyHash string, credentials aws.Credentials, region string) error {
	s := a.main
	s.path = func(string) string { return path }
	return a.signAll(ctx, r, s, bodyHash, credentials, region)
}

// CleanPath is the path as AWS reads it.
func CleanPath(escaped string) string { return cleanPath(escaped) }
