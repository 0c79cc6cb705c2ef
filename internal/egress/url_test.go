package egress

import (
	"strings"
	"testing"
)

func TestCheckURLAccepts(t *testing.T) {
	p := policyOf(t, "ollama:11434,127.0.0.1:9900,10.0.0.0/8,[::1]:9900,db.example.com:6379")
	for raw, host := range map[string]string{
		"https://api.openai.com/v1":           "api.openai.com",
		"HTTPS://API.OpenAI.com/v1":           "api.openai.com",
		"https://api.example.com:8443/v1?a=b": "api.example.com:8443",
		"http://ollama:11434/v1":              "ollama:11434",
		"http://127.0.0.1:9900/v1":            "127.0.0.1:9900",
		"http://[::1]:9900/v1":                "[::1]:9900",
		"http://10.1.2.3/v1":                  "10.1.2.3",
		"https://[2606:4700::1111]/":          "[2606:4700::1111]",
		"https://xn--bcher-kva.example/":      "xn--bcher-kva.example",
		"http://model.lan/v1":                 "model.lan", // an open network: the dialer decides
		"https://1.1.1.1/":                    "1.1.1.1",
		"http://db.example.com:6379/":         "db.example.com:6379",
	} {
		u, err := p.CheckURL(raw)
		if err != nil {
			t.Errorf("CheckURL(%q): %v", raw, err)
		} else if u.Host != host {
			t.Errorf("CheckURL(%q).Host = %q, want %q", raw, u.Host, host)
		}
	}
}

func TestCheckURLRefuses(t *testing.T) {
	p := &Policy{}
	for raw, want := range map[string]string{
		"":                                                      "is empty",
		"api.openai.com/v1":                                     "must start with https://",
		"ftp://a.example.com/":                                  "must start with https://",
		"file:///etc/passwd":                                    "must start with https://",
		"gopher://a.example.com/":                               "must start with https://",
		"https:api.openai.com":                                  "names no host",
		"https:///v1":                                           "names no host",
		"https://:443/":                                         "is missing",
		"https://user@a.example.com/":                           "user name or password",
		"https://u:p@a.example.com/":                            "user name or password",
		"https://a.example.com@127.0.0.1/":                      "user name or password",
		"https://a.example.com\\@127.0.0.1/":                    "backslash",
		"https://a.example.com/#x":                              "fragment",
		"https://a.example.com#@127.0.0.1":                      "fragment",
		"https://a.example.com/\r\nX: y":                        "control character",
		"https://a.example.com/ x":                              "space",
		"https://a.example.com/\x00":                            "control character",
		"https://a.example.com/\x7f":                            "control character",
		"https://bücher.example/":                               "punycode",
		"https://①②⑦.⓪.⓪.①/":                                    "punycode",
		"https://a_b.example.com/":                              "want letters",
		"https://a%2eb.example.com/":                            "cannot be parsed",
		"https://%31%32%37.0.0.1/":                              "cannot be parsed",
		"https://a..example.com/":                               "empty part",
		"https://.example.com/":                                 "empty part",
		"https://a.example.com./":                               "ends in a dot",
		"https://127.0.0.1./":                                   "ends in a dot",
		"https://-a.example.com/":                               "hyphen",
		"https://a.example.com:/":                               "colon without a port",
		"https://a.example.com:0/":                              "1 to 65535",
		"https://a.example.com:65536/":                          "1 to 65535",
		"https://a.example.com:x/":                              "cannot be parsed",
		"https://a.example.com:25/":                             "another protocol",
		"https://a.example.com:6379/":                           "another protocol",
		"http://2130706433/":                                    "could be read as an address",
		"http://0x7f000001/":                                    "could be read as an address",
		"http://0X7F000001/":                                    "could be read as an address",
		"http://017700000001/":                                  "could be read as an address",
		"http://127.1/":                                         "could be read as an address",
		"http://127.0.1/":                                       "could be read as an address",
		"http://0177.0.0.1/":                                    "could be read as an address",
		"http://0x7f.0.0.1/":                                    "could be read as an address",
		"http://127.0.0.0x1/":                                   "could be read as an address",
		"http://1.2.3.4.5/":                                     "could be read as an address",
		"http://256.1.1.1/":                                     "could be read as an address",
		"http://0/":                                             "could be read as an address",
		"http://0.0.0.0/":                                       "--egress-allow 0.0.0.0:80",
		"http://127.0.0.1/":                                     "--egress-allow 127.0.0.1:80",
		"https://10.0.0.1/":                                     "--egress-allow 10.0.0.1:443",
		"http://[::1]:9900/":                                    "--egress-allow [::1]:9900",
		"http://[::ffff:127.0.0.1]/":                            "is not open",
		"http://[::127.0.0.1]/":                                 "is not open",
		"http://[64:ff9b::7f00:1]/":                             "is not open",
		"http://[2002:7f00:1::]/":                               "is not open",
		"http://[fe80::1%25eth0]/":                              "zone",
		"http://[1.2.3.4]/":                                     "cannot be parsed",
		"http://[example.com]/":                                 "cannot be parsed",
		"http://localhost/":                                     "--egress-allow localhost:80",
		"http://app.localhost:8080/":                            "--egress-allow app.localhost:8080",
		"http://ollama:11434/":                                  "private network",
		"http://llm.svc.cluster.local/":                         "private network",
		"http://host.docker.internal/":                          "private network",
		"http://printer.lan/":                                   "private network",
		"http://x.onion/":                                       "private network",
		"http://169.254.169.254/latest/":                        "metadata service",
		"http://[fd00:ec2::254]/":                               "metadata service",
		"http://100.100.100.200/":                               "metadata service",
		"http://168.63.129.16/":                                 "metadata service",
		"http://[::ffff:a9fe:a9fe]/":                            "metadata service",
		"http://metadata.google.internal/":                      "metadata service",
		"http://METADATA/":                                      "metadata service",
		"http://instance-data/":                                 "metadata service",
		"https://a.example.com/" + strings.Repeat("x", 2048):    "longer than 2048",
		"https://" + strings.Repeat("a", 64) + ".example.com/":  "longer than 63",
		"https://" + strings.Repeat("a.", 130) + "example.com/": "longer than 253",
	} {
		u, err := p.CheckURL(raw)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("CheckURL(%q) = %v, %v; want an error with %q", raw, u, err, want)
		}
		if err != nil && !IsDenied(err) {
			t.Errorf("CheckURL(%q): not a denial: %v", raw, err)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://a.example.com/", "http://127.0.0.1:1/", "http://[::1]/", "http://0x7f.1/"} {
		f.Add(s)
	}
	p := &Policy{}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := p.CheckURL(raw)
		if err != nil {
			return
		}
		again, err := p.CheckURL(u.String())
		if err != nil || again.Host != u.Host {
			t.Errorf("CheckURL(%q) = %q, which reads as %v, %v", raw, u, again, err)
		}
	})
}
