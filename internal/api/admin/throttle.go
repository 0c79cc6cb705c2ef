package admin

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

const (
	throttleWindow = time.Minute
	throttleMax    = 8 * time.Minute // longest wait
	throttleForget = time.Hour       // of quiet, after which a key starts anew
	throttleSize   = 10_000          // keys remembered
)

// A throttle slows attempts down: so many a minute for each key, then waits that
// double. It never locks anybody out for good.
type throttle struct {
	limit int
	now   func() time.Time
	mu    sync.Mutex
	seen  map[string]*attempts
}

type attempts struct {
	since   time.Time // start of the window
	count   int       // in the window
	strikes int       // windows that overflowed
	until   time.Time // refused until then
}

func newThrottle(limit int, now func() time.Time) *throttle {
	return &throttle{limit: limit, now: now, seen: map[string]*attempts{}}
}

// allow counts an attempt. It is refused with the time to wait.
func (t *throttle) allow(key string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	a := t.seen[key]
	if a == nil || now.Sub(a.since) > throttleForget {
		t.makeRoom(now)
		a = &attempts{since: now}
		t.seen[key] = a
	}
	if now.Before(a.until) {
		return tooMany(a.until.Sub(now))
	}
	if now.Sub(a.since) >= throttleWindow {
		a.since, a.count = now, 0
	}
	a.count++
	if a.count <= t.limit {
		return nil
	}
	wait := min(throttleWindow<<min(a.strikes, 3), throttleMax)
	a.strikes++
	a.until = now.Add(wait)
	a.since, a.count = a.until, 0
	return tooMany(wait)
}

// forget forgives a key, after a success.
func (t *throttle) forget(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.seen, key)
}

func (t *throttle) makeRoom(now time.Time) {
	if len(t.seen) < throttleSize {
		return
	}
	for key, a := range t.seen {
		if !now.Before(a.until) && now.Sub(a.since) >= throttleWindow {
			delete(t.seen, key)
		}
	}
}

func tooMany(wait time.Duration) error {
	e := ai.Errorf(ai.RateLimited, "Too many attempts; try again in %d seconds", int(wait.Seconds())+1)
	e.Type, e.RetryAfter = "rate_limit_error", wait
	return e
}

// addressOf is the peer's address; of IPv6 the network, since one host has many.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if addr = addr.Unmap(); addr.Is6() {
		network, _ := addr.Prefix(64)
		return network.String()
	}
	return addr.String()
}
