package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Resolver turns a name into addresses; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// A Dialer opens TCP connections inside its policy. It is safe for concurrent use.
type Dialer struct {
	Policy   *Policy       // nil: the public internet alone
	Resolver Resolver      // nil: net.DefaultResolver
	Timeout  time.Duration // resolving and connecting together; 0: 10 s
}

// stagger is how long one address may take before the next is tried beside it
// (RFC 8305 calls it the connection attempt delay).
const stagger = 250 * time.Millisecond

// DialContext resolves addr once, refuses it if any answer is outside the
// policy, and connects to one of the answers. Its errors are *Error.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, dialError(DeniedAddress, "network "+network+" is not TCP", nil)
	}
	timeout := d.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	host, port, err := splitAddr(addr)
	if err != nil {
		return nil, dialError(DeniedAddress, addr, err)
	}
	addrs, err := d.resolve(ctx, host)
	if err != nil {
		return nil, dialError(Unresolved, host, err)
	}
	if err := d.checkAll(host, addrs, port); err != nil {
		return nil, err
	}
	return dialAny(ctx, network, addrs, port)
}

func splitAddr(addr string) (string, uint16, error) {
	host, digits, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || port == 0 {
		return "", 0, fmt.Errorf("port %q is not a number from 1 to 65535", digits)
	}
	return strings.ToLower(host), uint16(port), nil
}

func (d *Dialer) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if problem := checkName(host); problem != "" {
		return nil, errors.New("host " + problem)
	}
	var r Resolver = net.DefaultResolver
	if d.Resolver != nil {
		r = d.Resolver
	}
	addrs, err := r.LookupNetIP(ctx, "ip", host)
	if err == nil && len(addrs) == 0 {
		err = errors.New("the name has no address")
	}
	return addrs, err
}

func (d *Dialer) checkAll(host string, addrs []netip.Addr, port uint16) error {
	policy := d.Policy
	if policy == nil {
		policy = &Policy{}
	}
	for _, a := range addrs {
		if reason := policy.check(host, a, port); reason != "" {
			return dialError(reason, fmt.Sprintf("%s resolves to %s", host, netip.AddrPortFrom(a, port)), nil)
		}
	}
	return nil
}

// dialAny connects to the first of addrs that answers, trying them in order,
// each a stagger after the one before or as soon as that one has failed.
func dialAny(ctx context.Context, network string, addrs []netip.Addr, port uint16) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan result)
	started, finished := 0, 0
	start := func() {
		target := netip.AddrPortFrom(addrs[started], port)
		started++
		go func() {
			c, err := dialOne(ctx, network, target, addrs)
			select {
			case results <- result{c, err}:
			case <-ctx.Done():
				if c != nil {
					_ = c.Close()
				}
			}
		}()
	}
	start()
	next := time.NewTicker(stagger)
	defer next.Stop()
	var errs []error
	for {
		select {
		case r := <-results:
			if r.err == nil {
				return r.conn, nil
			}
			errs = append(errs, r.err)
			if finished++; finished == len(addrs) {
				return nil, dialError(ConnectFailed, "no address answered", errors.Join(errs...))
			}
		case <-next.C:
		case <-ctx.Done():
			return nil, dialError(ConnectFailed, "no address answered in time", ctx.Err())
		}
		if started < len(addrs) {
			start()
		}
	}
}

// dialOne connects to target. The kernel is asked only after the socket address
// itself has been compared with the addresses that were checked.
func dialOne(ctx context.Context, network string, target netip.AddrPort, checked []netip.Addr) (net.Conn, error) {
	d := net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 15 * time.Second, Count: 4},
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			got, err := netip.ParseAddrPort(address)
			if err != nil || got.Port() != target.Port() || !slices.ContainsFunc(checked, func(a netip.Addr) bool {
				return a.Unmap() == got.Addr().Unmap()
			}) {
				return fmt.Errorf("socket address %s was not checked", address)
			}
			return nil
		},
	}
	return d.DialContext(ctx, network, target.String())
}
