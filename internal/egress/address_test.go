package egress

import (
	"net/netip"
	"testing"
)

func TestPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "99.255.255.255": true, "192.31.196.1": true,
		"223.255.255.255": true, "2606:4700::1111": true, "64:ff9b::808:808": true, "::ffff:8.8.8.8": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.127.255.255": false,
		"127.0.0.1": false, "127.255.255.254": false, "169.254.0.1": false, "172.16.0.1": false,
		"172.31.255.255": false, "192.0.0.1": false, "192.0.2.1": false, "192.88.99.1": false,
		"192.168.1.1": false, "198.18.0.1": false, "198.19.255.255": false, "198.51.100.1": false,
		"203.0.113.1": false, "224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false,
		"255.255.255.255": false,

		"::": false, "::1": false, "::127.0.0.1": false, "::8.8.8.8": false, "::ffff:127.0.0.1": false,
		"::ffff:10.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false,
		"64:ff9b:1::808:808": false, "2001::1": false, "2001:0:808:808::f7f7:f7f7": false,
		"2001:2::1": false, "2001:10::1": false, "2001:db8::1": false, "2002:808:808::1": false,
		"2002:7f00:1::1": false, "3fff::1": false, "5f00::1": false, "fc00::1": false, "fd00::1": false,
		"fe80::1": false, "fec0::1": false, "ff02::1": false, "100::1": false, "2606:4700::1111%eth0": false,
	} {
		if got := public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("public(%s) = %v, want %v", addr, got, want)
		}
	}
}

func TestMetadataInEveryDisguise(t *testing.T) {
	for _, addr := range []string{
		"169.254.169.254", "::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe",
		"64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1",
		"2001:0:a9fe:a9fe::1", "2001:0:808:808::5601:5601",
		"100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "169.254.170.2",
	} {
		if !isMetadata(netip.MustParseAddr(addr)) {
			t.Errorf("isMetadata(%s) = false", addr)
		}
	}
	for _, addr := range []string{"169.254.169.253", "8.8.8.8", "::1", "fd00:ec2::255"} {
		if isMetadata(netip.MustParseAddr(addr)) {
			t.Errorf("isMetadata(%s) = true", addr)
		}
	}
}
