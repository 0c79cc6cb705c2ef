package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/sign"
	"github.com/portico-ai/portico/internal/store/mongo"
	"github.com/portico-ai/portico/internal/store/s3"
)

const checkBlobsFor = 10 * time.Second

// openBlobs connects to where bodies are stored beside the disk. A place that
// refuses us stops the start, with the remedy; one that cannot be reached does
// not, for bodies wait on the disk.
func (a *App) openBlobs(ctx context.Context) (err error) {
	if a.cfg.BlobsURL.IsZero() {
		return nil
	}
	if a.blobs, err = blobs(a.cfg); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkBlobsFor)
	defer cancel()
	err = ledger.CheckObjects(ctx, a.blobs)
	if err == nil {
		return nil
	}
	if ai.AsError(err).Kind != ai.Unavailable && ctx.Err() == nil {
		return fmt.Errorf("blobs_url: %w", err)
	}
	a.log.Warn("blobs_url cannot be used yet; bodies stay on the disk meanwhile", "error", err)
	return nil
}

// blobs makes the client for blobs_url. The operator has named its hosts, so they
// may be private.
func blobs(cfg Config) (ledger.Objects, error) {
	rules, err := egress.ParseAllow(cfg.EgressAllow)
	if err != nil {
		return nil, err
	}
	policy := &egress.Policy{Allow: rules}
	raw := cfg.BlobsURL.Reveal()
	scheme, _, _ := strings.Cut(raw, "://")
	var made ledger.Objects
	switch scheme {
	case "s3":
		made, err = bucket(policy, raw)
	case "mongodb":
		made, err = mongoStore(policy, raw)
	default:
		err = errors.New("must begin with s3:// or mongodb://")
	}
	if err != nil {
		return nil, fmt.Errorf("blobs_url %w", err)
	}
	return made, nil
}

func bucket(policy *egress.Policy, raw string) (ledger.Objects, error) {
	c, err := s3.Parse(raw)
	if err != nil {
		return nil, err
	}
	if err := policy.Trust(c.HostPort()); err != nil {
		return nil, err
	}
	return s3.New(c, egress.New(policy, egress.Options{}), sign.NewAWS(signing(policy), "s3").SignS3), nil
}

func mongoStore(policy *egress.Policy, raw string) (ledger.Objects, error) {
	hosts, err := mongo.Hosts(raw)
	if err != nil {
		return nil, err
	}
	for _, h := range hosts {
		if err := policy.Trust(h); err != nil {
			return nil, err
		}
	}
	return mongo.Open(raw, &egress.Dialer{Policy: policy})
}

// signing are the clients that credentials are asked for with.
func signing(policy *egress.Policy) sign.Clients {
	return sign.Clients{Tokens: egress.New(policy.ForTokens(), egress.Options{}), Identity: egress.New(policy.ForIdentity(), egress.Options{})}
}

// closeObjects ends the connections of those that keep some.
func closeObjects(o ledger.Objects) error {
	if c, ok := o.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// remoteBodies says what becomes of finished segments; nil keeps them here alone.
func (a *App) remoteBodies() *ledger.RemoteOptions {
	if a.blobs == nil {
		return nil
	}
	return &ledger.RemoteOptions{Objects: a.blobs, Every: a.cfg.BlobsEvery, Cache: a.cfg.BlobsCache, Most: a.cfg.BodiesMax}
}
