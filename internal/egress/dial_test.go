package egress

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// zone is a Resolver whose answers a test scripts; a name's answers rotate.
type zone struct {
	answers map[string][]string // each a comma list
	calls   atomic.Int32
}

func (z *zone) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n := int(z.calls.Add(1)) - 1
	list := z.answers[host]
	if len(list) == 0 {
		return nil, &net.DNSError{Name: host, IsNotFound: true}
	}
	var out []netip.Addr
	for s := range strings.SplitSeq(list[n%len(list)], ",") {
		out = append(out, netip.MustParseAddr(s))
	}
	return out, nil
}

// canary counts the connections that reach a loopback listener.
func canary(t *testing.T) (port string, accepted *atomic.Int32) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	accepted = &atomic.Int32{}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(ln.Addr().String())
	return port, accepted
}

func TestDialerRefusesBeforeConnecting(t *testing.T) {
	port, accepted := canary(t)
	z := &zone{answers: map[string][]string{
		"private.example":  {"127.0.0.1"},
		"mapped.example":   {"::ffff:127.0.0.1"},
		"mixed.example":    {"8.8.8.8,127.0.0.1"},
		"mixed6.example":   {"2606:4700::1111,::1"},
		"nat64.example":    {"64:ff9b::7f00:1"},
		"metadata.example": {"169.254.169.254"},
		"zoned.example":    {"fe80::1%lo"},
	}}
	d := &Dialer{Resolver: z, Timeout: time.Second}
	hosts := []string{"127.0.0.1", "0.0.0.0", "::1", "::", "127.9.9.9", "2130706433", "0x7f000001", "127.1", "private.example."}
	for host := range z.answers {
		hosts = append(hosts, host)
	}
	for _, host := range hosts {
		c, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
		if err == nil {
			c.Close()
			t.Errorf("dialled %s", host)
			continue
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Error() != unreachable {
			t.Errorf("%s: %v; want the one message that all failures share", host, err)
		}
	}
	if n := accepted.Load(); n != 0 {
		t.Errorf("%d connections reached the listener", n)
	}
}

func TestDialerConnectsToWhatIsAllowed(t *testing.T) {
	port, accepted := canary(t)
	z := &zone{answers: map[string][]string{
		"model.lan": {"127.0.0.1"},
		"both.lan":  {"::1,127.0.0.1"}, // nothing listens on ::1
	}}
	for allow, host := range map[string]string{
		"127.0.0.1:" + port:          "127.0.0.1",
		"127.0.0.0/8":                "model.lan",
		"model.lan:" + port:          "MODEL.lan",
		"*.lan":                      "both.lan",
		"127.0.0.1,[::1]:" + port:    "both.lan",
		"localhost:" + port + ",::1": "::1",
	} {
		d := &Dialer{Policy: policyOf(t, allow), Resolver: z, Timeout: 5 * time.Second}
		before := accepted.Load()
		c, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
		if host == "::1" {
			if e, ok := errors.AsType[*Error](err); !ok || e.Reason != ConnectFailed {
				t.Errorf("closed port: %v, want %s", err, ConnectFailed)
			}
			continue
		}
		if err != nil {
			t.Errorf("allow %s: %v", allow, err)
			continue
		}
		c.Close()
		waitFor(t, func() bool { return accepted.Load() == before+1 })
	}
}

func TestDialerResolvesOnce(t *testing.T) {
	port, accepted := canary(t)
	z := &zone{answers: map[string][]string{"rebind.example": {"198.18.0.1", "127.0.0.1"}}}
	d := &Dialer{Policy: policyOf(t, "198.18.0.0/15"), Resolver: z, Timeout: 300 * time.Millisecond}
	if c, err := d.DialContext(t.Context(), "tcp", "rebind.example:"+port); err == nil {
		c.Close()
	}
	if z.calls.Load() != 1 {
		t.Errorf("resolved %d times, want once", z.calls.Load())
	}
	if accepted.Load() != 0 {
		t.Error("the second answer was dialled")
	}
}

func TestDialerTimesOut(t *testing.T) {
	d := &Dialer{Resolver: stuck{}, Timeout: 50 * time.Millisecond}
	start := time.Now()
	_, err := d.DialContext(t.Context(), "tcp", "a.example.com:443")
	if e, ok := errors.AsType[*Error](err); !ok || e.Reason != Unresolved {
		t.Errorf("got %v, want %s", err, Unresolved)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

type stuck struct{}

func (stuck) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}
