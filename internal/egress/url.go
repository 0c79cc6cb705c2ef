package egress

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const maxURL = 2048

// metadataNames are how cloud images reach their metadata service by name.
var metadataNames = []string{
	"metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.com",
	"metadata.azure.internal", "metadata.tencentyun.com", "instance-data", "instance-data.ec2.internal",
}

// privateDomains never lead to the public internet.
var privateDomains = []string{
	"localhost", "local", "localdomain", "internal", "intranet", "private", "lan",
	"home", "corp", "test", "invalid", "onion", "home.arpa",
}

// badPorts speak protocols that an HTTP request could be smuggled into; the
// list is the Fetch standard's, above port 20, plus data stores.
var badPorts = []uint16{
	21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
	117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
	540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3306, 3659, 4045,
	4190, 5060, 5061, 5432, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211, 27017,
}

func badPort(port uint16) bool {
	if port <= 20 {
		return true
	}
	_, found := slices.BinarySearch(badPorts, port)
	return found
}

// CheckURL judges a URL that came from outside (a custom host, a webhook, an
// issuer) by its spelling alone, without resolving it; the dialer checks what it
// resolves to at every use. The error names the rule that was broken, and how an
// operator opens the host if that is possible; it may be shown to the caller.
func (p *Policy) CheckURL(raw string) (*url.URL, error) {
	u, problem := p.parse(raw)
	if problem != "" {
		return nil, &Error{Reason: DeniedURL, Detail: problem, message: "the URL " + problem}
	}
	return u, nil
}

func (p *Policy) parse(raw string) (*url.URL, string) {
	if problem := checkSpelling(raw); problem != "" {
		return nil, problem
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, "cannot be parsed; want https://host/path"
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, "must start with https:// or http://"
	}
	if u.User != nil {
		return nil, "must not hold a user name or password; send credentials in a header"
	}
	if u.Opaque != "" || u.Host == "" {
		return nil, "names no host; want " + u.Scheme + "://host/path"
	}
	port, problem := portOf(u)
	if problem != "" {
		return nil, problem
	}
	u.Host = strings.ToLower(u.Host)
	return u, p.checkHost(u.Hostname(), port, strings.HasPrefix(u.Host, "["))
}

// checkSpelling refuses what URL parsers are known to disagree about.
func checkSpelling(raw string) string {
	if raw == "" {
		return "is empty"
	}
	if len(raw) > maxURL {
		return fmt.Sprintf("is longer than %d characters", maxURL)
	}
	for i := range len(raw) {
		switch c := raw[i]; {
		case c <= ' ' || c == 0x7f:
			return "holds a space or control character"
		case c >= 0x80:
			return "holds a character outside ASCII; write the host in punycode and the path percent-encoded"
		case c == '\\':
			return `holds a backslash`
		case c == '#':
			return "holds a fragment (#), which is never sent"
		}
	}
	return ""
}

func portOf(u *url.URL) (uint16, string) {
	digits := u.Port()
	if digits == "" {
		if strings.HasSuffix(u.Host, ":") {
			return 0, "has a colon without a port"
		}
		if u.Scheme == "http" {
			return 80, ""
		}
		return 443, ""
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 {
		return 0, "has a port that is not a number from 1 to 65535"
	}
	return uint16(n), ""
}

func (p *Policy) checkHost(host string, port uint16, bracketed bool) string {
	if a, err := netip.ParseAddr(host); err == nil && (a.Is4() || bracketed) {
		return p.checkLiteral(a, host, port)
	}
	if problem := checkName(host); problem != "" {
		return "host " + problem
	}
	if slices.Contains(metadataNames, host) {
		return "points to a cloud metadata service, which is never open to requests"
	}
	if p.allowsHost(host, port) {
		return ""
	}
	if privateName(host) && !p.hasNet(port) {
		return fmt.Sprintf("points into a private network (%s); an operator can open it with --egress-allow %s:%d", host, host, port)
	}
	if badPort(port) && !p.hasNet(port) {
		return fmt.Sprintf("uses port %d, which belongs to another protocol; an operator can open it with --egress-allow %s:%d", port, host, port)
	}
	return ""
}

func (p *Policy) checkLiteral(a netip.Addr, host string, port uint16) string {
	if a.Zone() != "" {
		return "has an IPv6 zone"
	}
	untrusting := Policy{Allow: p.Allow}
	hostport := netip.AddrPortFrom(a, port)
	switch untrusting.check(host, a, port) {
	case DeniedMetadata:
		return "points to a cloud metadata service, which is never open to requests"
	case DeniedAddress:
		return "points to an address or port that is not open (" + hostport.String() + "); an operator can open it with --egress-allow " + hostport.String()
	}
	return ""
}

// checkName wants a DNS name in its plain spelling, and no number that some
// resolvers would read as an IPv4 address (2130706433, 0x7f.1, 0177.0.0.1).
func checkName(host string) string {
	if host == "" {
		return "is missing"
	}
	if len(host) > 253 {
		return "is longer than 253 characters"
	}
	if strings.HasSuffix(host, ".") {
		return "ends in a dot; leave the dot out"
	}
	var last string
	for label := range strings.SplitSeq(host, ".") {
		if problem := checkLabel(label); problem != "" {
			return problem
		}
		last = label
	}
	if isNumber(last) {
		return "is a number that could be read as an address; write four decimal parts, as in 192.0.2.1"
	}
	return ""
}

func checkLabel(label string) string {
	if label == "" {
		return "has an empty part between two dots"
	}
	if len(label) > 63 {
		return "has a part longer than 63 characters"
	}
	if label[0] == '-' || label[len(label)-1] == '-' {
		return "has a part that starts or ends with a hyphen"
	}
	for i := range len(label) {
		c := label[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Sprintf("holds %q; want letters, digits, dots and hyphens", c)
		}
	}
	return ""
}

func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func privateName(host string) bool {
	if !strings.Contains(host, ".") {
		return true
	}
	for _, d := range privateDomains {
		if strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}
