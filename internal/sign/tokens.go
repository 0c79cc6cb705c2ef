package sign

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
)

const (
	// tokenMargin is how long before it expires a token is replaced. Google's
	// metadata server gives a new one only in a token's last four minutes.
	tokenMargin = 225 * time.Second
	// tokenTime is how long a token may be waited for.
	tokenTime = 30 * time.Second
	// tokenLast is how long a token must still be good for to stand in for one
	// that could not be had.
	tokenLast = 10 * time.Second
)

// tokens are those of one identity: the last one is kept, and callers who need
// another at the same time wait for the same one. It is safe for concurrent use.
type tokens struct {
	fetch fetch
	now   func() time.Time

	mu      sync.Mutex
	last    string
	expires time.Time

	asking singleflight.Group
}

// get returns a token. A caller that goes away leaves the others waiting for the
// one that was asked for.
func (t *tokens) get(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if token := t.good(tokenMargin); token != "" {
		return token, nil
	}
	answered := t.asking.DoChan("", func() (any, error) {
		if token := t.good(tokenMargin); token != "" { // while the lock was not held
			return token, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenTime)
		defer cancel()
		fresh, err := t.fetch(ctx)
		if err == nil && fresh.AccessToken == "" {
			err = errors.New("the token endpoint's answer holds no token")
		}
		if err != nil {
			if token := t.good(tokenLast); token != "" {
				return token, nil
			}
			return "", err
		}
		t.keep(fresh)
		return fresh.AccessToken, nil
	})
	select {
	case a := <-answered:
		token, _ := a.Val.(string)
		return token, a.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// good is the last token if it is good for at least margin, else "".
func (t *tokens) good(margin time.Duration) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == "" || t.expires.Sub(t.now()) < margin {
		return ""
	}
	return t.last
}

// keep remembers a token; one that does not tell when it expires is used once.
func (t *tokens) keep(fresh *oauth2.Token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last, t.expires = fresh.AccessToken, fresh.Expiry
}
