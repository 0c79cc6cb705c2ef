package egress

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A Policy says which addresses may be dialled although they are not public.
// The zero Policy allows the public internet alone. It is not to be changed
// once a Dialer uses it.
type Policy struct {
	Allow []Rule // the operator's --egress-allow

	trusted  []Rule
	identity bool
}

// ForTokens is the policy of calls to token endpoints, which credentials of
// tenants may name: it trusts no provider's host.
func (p *Policy) ForTokens() *Policy { return &Policy{Allow: p.Allow} }

// ForIdentity is the policy of the server's own questions who it is. It alone may
// call the metadata services that Allow names: whoever else could would be given
// the server's credentials. What it calls must not come from a tenant.
func (p *Policy) ForIdentity() *Policy { return &Policy{Allow: p.Allow, identity: true} }

// A Rule opens a host, a domain below "*.", or a network; on one port, or on
// all if Port is 0. Exactly one of Host and Net is set.
type Rule struct {
	Host string       // lower case; "*.example.com" matches names below it
	Net  netip.Prefix // a single address is a prefix of its full length
	Port uint16       // 0: every port
}

// ParseAllow reads a comma list of rules: "host:port", "host", "*.domain:port",
// an address or a CIDR, either with a port ("10.0.0.0/8:8080", "[fd00::/8]:443").
func ParseAllow(list string) ([]Rule, error) {
	var rules []Rule
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		r, err := parseRule(item)
		if err != nil {
			return nil, fmt.Errorf("egress allow list: %q: %w", item, err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// Trust opens a host and port that the operator has configured as the base URL
// of a provider. Unlike Allow it does not open that host for tenants: CheckURL
// ignores it, and a name that merely resolves to the same address is not covered.
func (p *Policy) Trust(hostport string) error {
	r, err := parseRule(hostport)
	if err != nil {
		return fmt.Errorf("trusted host %q: %w", hostport, err)
	}
	if r.Port == 0 {
		return fmt.Errorf("trusted host %q: want host:port", hostport)
	}
	p.trusted = append(p.trusted, r)
	return nil
}

func parseRule(s string) (Rule, error) {
	if strings.Contains(s, "://") {
		return Rule{}, fmt.Errorf("is a URL; want host:port, without scheme and path")
	}
	host, port, err := splitPort(s)
	if err != nil {
		return Rule{}, err
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return Rule{}, fmt.Errorf("has an IPv6 zone, which is not supported")
		}
		a = a.Unmap()
		return Rule{Net: netip.PrefixFrom(a, a.BitLen()), Port: port}, nil
	}
	if strings.Contains(host, "/") {
		p, err := netip.ParsePrefix(host)
		if err != nil {
			return Rule{}, fmt.Errorf("is not a CIDR like 10.0.0.0/8 (%w)", err)
		}
		if p != p.Masked() {
			return Rule{}, fmt.Errorf("has bits set after the prefix; want %s", p.Masked())
		}
		return Rule{Net: p, Port: port}, nil
	}
	host = strings.ToLower(host)
	if problem := checkName(strings.TrimPrefix(host, "*.")); problem != "" {
		return Rule{}, fmt.Errorf("host %s", problem)
	}
	return Rule{Host: host, Port: port}, nil
}

// splitPort cuts an optional port off a rule; an IPv6 address needs brackets to
// have one.
func splitPort(s string) (host string, port uint16, err error) {
	host, digits, found := s, "", false
	if rest, ok := strings.CutPrefix(s, "["); ok {
		inside, after, closed := strings.Cut(rest, "]")
		if !closed {
			return "", 0, fmt.Errorf("has no closing bracket")
		}
		host = inside
		if after != "" {
			if digits, found = strings.CutPrefix(after, ":"); !found {
				return "", 0, fmt.Errorf("has %q after the bracket; want :port", after)
			}
		}
	} else if strings.Count(s, ":") == 1 {
		host, digits, found = strings.Cut(s, ":")
	}
	if !found {
		return host, 0, nil
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("port %q is not a number from 1 to 65535", digits)
	}
	return host, uint16(n), nil
}

func (r Rule) onPort(port uint16) bool { return r.Port == 0 || r.Port == port }

// matchesHost reports whether the rule opens the host as it was asked for: a
// name, or an address literal.
func (r Rule) matchesHost(host string, port uint16) bool {
	if !r.onPort(port) {
		return false
	}
	if r.Host == "" {
		a, err := netip.ParseAddr(host)
		return err == nil && r.Net.Contains(a.Unmap())
	}
	if domain, ok := strings.CutPrefix(r.Host, "*"); ok {
		return strings.HasSuffix(host, domain) && len(host) > len(domain)
	}
	return r.Host == host
}

func (r Rule) matchesAddr(a netip.Addr, port uint16) bool {
	return r.Host == "" && r.onPort(port) && r.Net.Contains(a.Unmap())
}

// exactly reports whether the rule names this very address.
func (r Rule) exactly(a netip.Addr, port uint16) bool {
	return r.matchesAddr(a, port) && r.Net.IsSingleIP()
}

func (p *Policy) allowsHost(host string, port uint16) bool { return anyHost(p.Allow, host, port) }

func anyHost(rules []Rule, host string, port uint16) bool {
	for _, r := range rules {
		if r.matchesHost(host, port) {
			return true
		}
	}
	return false
}

// hasNet reports whether a network is open on the port, so that any name might
// resolve into it.
func (p *Policy) hasNet(port uint16) bool {
	for _, r := range p.Allow {
		if r.Host == "" && r.onPort(port) {
			return true
		}
	}
	return false
}

// check judges one resolved address of host. The empty Reason means it may be
// dialled.
func (p *Policy) check(host string, a netip.Addr, port uint16) Reason {
	trusted := anyHost(p.trusted, host, port)
	if isMetadata(a) {
		if p.identity && slices.ContainsFunc(p.Allow, func(r Rule) bool { return r.exactly(a, port) }) {
			return ""
		}
		if literal, err := netip.ParseAddr(host); err == nil && trusted && literal.Unmap() == a.Unmap() {
			return ""
		}
		return DeniedMetadata
	}
	if public(a) && !badPort(port) || trusted || p.allowsHost(host, port) {
		return ""
	}
	for _, r := range p.Allow {
		if r.matchesAddr(a, port) {
			return ""
		}
	}
	return DeniedAddress
}
