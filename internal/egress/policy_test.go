package egress

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseAllow(t *testing.T) {
	got, err := ParseAllow(" 127.0.0.1:9900, ollama , 10.0.0.0/8,*.svc.cluster.local:8080,[::1]:80,fd00::/8,[fd00::/8]:443,Host.Docker.Internal:11434,,")
	if err != nil {
		t.Fatal(err)
	}
	want := []Rule{
		{Net: netip.MustParsePrefix("127.0.0.1/32"), Port: 9900},
		{Host: "ollama"},
		{Net: netip.MustParsePrefix("10.0.0.0/8")},
		{Host: "*.svc.cluster.local", Port: 8080},
		{Net: netip.MustParsePrefix("::1/128"), Port: 80},
		{Net: netip.MustParsePrefix("fd00::/8")},
		{Net: netip.MustParsePrefix("fd00::/8"), Port: 443},
		{Host: "host.docker.internal", Port: 11434},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}

func TestParseAllowRefuses(t *testing.T) {
	for item, want := range map[string]string{
		"http://10.0.0.1":   "is a URL",
		"10.0.0.0/33":       "not a CIDR",
		"10.0.0.1/8":        "want 10.0.0.0/8",
		"host:0":            "1 to 65535",
		"host:99999":        "1 to 65535",
		"host:":             "1 to 65535",
		"[::1":              "closing bracket",
		"[::1]9":            "want :port",
		"fe80::1%eth0":      "zone",
		"a b":               "want letters",
		"*":                 "want letters",
		"foo.*.bar":         "want letters",
		"2130706433":        "could be read as an address",
		"0x7f.1:80":         "could be read as an address",
		"host.example.com.": "ends in a dot",
	} {
		_, err := ParseAllow("good:1," + item)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), item) {
			t.Errorf("ParseAllow(%q) = %v, want an error with %q", item, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		allow, host, addr string
		port              uint16
		want              Reason
	}{
		{"", "api.example.com", "8.8.8.8", 443, ""},
		{"", "api.example.com", "8.8.8.8", 8000, ""},
		{"", "api.example.com", "8.8.8.8", 6379, DeniedAddress},
		{"api.example.com:6379", "api.example.com", "8.8.8.8", 6379, ""},
		{"", "api.example.com", "10.0.0.1", 443, DeniedAddress},
		{"10.0.0.0/8", "api.example.com", "10.0.0.1", 443, ""},
		{"10.0.0.0/8:8080", "api.example.com", "10.0.0.1", 443, DeniedAddress},
		{"10.0.0.0/8", "api.example.com", "::ffff:10.0.0.1", 443, ""},
		{"10.0.0.0/8", "api.example.com", "127.0.0.1", 443, DeniedAddress},
		{"ollama:11434", "ollama", "172.18.0.2", 11434, ""},
		{"ollama:11434", "ollama", "172.18.0.2", 80, DeniedAddress},
		{"ollama", "ollama2", "172.18.0.2", 80, DeniedAddress},
		{"*.svc.cluster.local", "llm.ml.svc.cluster.local", "10.1.1.1", 80, ""},
		{"*.svc.cluster.local", "svc.cluster.local", "10.1.1.1", 80, DeniedAddress},
		{"*.svc.cluster.local", "evilsvc.cluster.local", "10.1.1.1", 80, DeniedAddress},
		{"127.0.0.1:9900", "localhost", "127.0.0.1", 9900, ""},
		{"127.0.0.1:9900", "localhost", "::1", 9900, DeniedAddress},

		{"169.254.0.0/16", "x", "169.254.169.254", 80, DeniedMetadata},
		{"metadata.corp", "metadata.corp", "169.254.169.254", 80, DeniedMetadata},
		{"169.254.169.254", "x", "169.254.169.254", 80, DeniedMetadata},
		{"169.254.169.254", "169.254.169.254", "169.254.169.254", 80, DeniedMetadata},
		{"169.254.169.254:8080", "x", "169.254.169.254", 80, DeniedMetadata},
		{"169.254.169.254", "x", "64:ff9b::a9fe:a9fe", 80, DeniedMetadata},
		{"", "x", "168.63.129.16", 80, DeniedMetadata},
	} {
		p := policyOf(t, test.allow)
		if got := p.check(test.host, netip.MustParseAddr(test.addr), test.port); got != test.want {
			t.Errorf("allow %q: check(%s, %s, %d) = %q, want %q", test.allow, test.host, test.addr, test.port, got, test.want)
		}
	}
}

// A metadata service that the operator has opened gives the server its identity,
// and nobody else.
func TestMetadataIsForTheServersIdentity(t *testing.T) {
	service := netip.MustParseAddr("169.254.169.254")
	for allow, want := range map[string]Reason{
		"169.254.169.254": "", "169.254.169.254:80": "", "": DeniedMetadata, "169.254.169.254:8080": DeniedMetadata, "169.254.0.0/16": DeniedMetadata,
	} {
		p := policyOf(t, allow)
		if got := p.ForIdentity().check("169.254.169.254", service, 80); got != want {
			t.Errorf("allow %q: the server's own question is %q, want %q", allow, got, want)
		}
		if got := p.ForTokens().check("169.254.169.254", service, 80); got != DeniedMetadata {
			t.Errorf("allow %q: a token endpoint may be the metadata service: %q", allow, got)
		}
		if _, err := p.CheckURL("http://169.254.169.254/latest/meta-data"); err == nil {
			t.Errorf("allow %q: a tenant may name the metadata service", allow)
		}
	}
}

// An operator's base URL is not open to token endpoints that tenants name.
func TestTokenEndpointsAreNotTrusted(t *testing.T) {
	p := policyOf(t, "10.0.0.7:8080")
	if err := p.Trust("127.0.0.1:9900"); err != nil {
		t.Fatal(err)
	}
	for _, policy := range []*Policy{p.ForTokens(), p.ForIdentity()} {
		if got := policy.check("127.0.0.1", netip.MustParseAddr("127.0.0.1"), 9900); got != DeniedAddress {
			t.Errorf("a trusted host is %q", got)
		}
		if got := policy.check("10.0.0.7", netip.MustParseAddr("10.0.0.7"), 8080); got != "" {
			t.Errorf("an allowed host is %q", got)
		}
	}
}

func TestTrustOpensTheDialerOnly(t *testing.T) {
	p := &Policy{}
	if err := p.Trust("127.0.0.1:9900"); err != nil {
		t.Fatal(err)
	}
	loopback := netip.MustParseAddr("127.0.0.1")
	if got := p.check("127.0.0.1", loopback, 9900); got != "" {
		t.Errorf("the trusted host is refused: %s", got)
	}
	if got := p.check("rebind.example.com", loopback, 9900); got != DeniedAddress {
		t.Errorf("a name that resolves to the trusted address: %q, want %q", got, DeniedAddress)
	}
	if _, err := p.CheckURL("http://127.0.0.1:9900/v1"); err == nil {
		t.Error("CheckURL takes a trusted host from a tenant")
	}
	if err := p.Trust("127.0.0.1"); err == nil {
		t.Error("Trust takes a host without port")
	}
}

func policyOf(t *testing.T, allow string) *Policy {
	t.Helper()
	rules, err := ParseAllow(allow)
	if err != nil {
		t.Fatal(err)
	}
	return &Policy{Allow: rules}
}
