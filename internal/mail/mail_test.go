package mail

import (
	"crypto/tls"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/mail/mailtest"
)

func serverOf(t *testing.T, s *mailtest.Sink, scheme, query string, trust *tls.Config) *Server {
	t.Helper()
	v, err := Parse(scheme+"://porter:open%20sesame@"+s.Addr().String()+query, "Portico <portico@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	v.tls = trust
	return v.Through((&net.Dialer{}).DialContext)
}

// certificate is one for 127.0.0.1, and what trusts it.
func certificate(t *testing.T) (serve, trust *tls.Config) {
	t.Helper()
	srv := httptest.NewTLSServer(nil)
	t.Cleanup(srv.Close)
	trust = srv.Client().Transport.(*http.Transport).TLSClientConfig
	return &tls.Config{Certificates: srv.TLS.Certificates}, trust
}

func TestSend(t *testing.T) {
	serve, trust := certificate(t)
	for name, c := range map[string]struct {
		scheme, query string
		encrypt       *tls.Config
		wrapped       bool
	}{
		"STARTTLS": {"smtp", "", serve, false},
		"TLS":      {"smtps", "", serve, true},
		"plain":    {"smtp", "?tls=off", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.NewSink(t, c.encrypt, c.wrapped)
			const text = "Grüße,\n.\n.with dots\nhttps://example.com/console/invite?token=abc=def"
			if err := serverOf(t, s, c.scheme, c.query, trust).Send(t.Context(), "grace@example.com", "Join Grüße\r\nBcc: eve@example.com", text); err != nil {
				t.Fatal(err)
			}
			m, err := mail.ReadMessage(strings.NewReader(<-s.Mails))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
			if got := strings.ReplaceAll(string(body), "\r\n", "\n"); err != nil || strings.TrimSuffix(got, "\n") != text {
				t.Errorf("text %q, %v", got, err)
			}
			if m.Header.Get("From") != `"Portico" <portico@example.com>` || m.Header.Get("To") != "<grace@example.com>" || m.Header.Get("Bcc") != "" || m.Header.Get("Date") == "" {
				t.Errorf("header %v", m.Header)
			}
			told := s.Told()
			if secret := base64.StdEncoding.EncodeToString([]byte("\x00porter\x00open sesame")); !strings.Contains(told, secret) || !strings.Contains(told, "RCPT TO:<grace@example.com>") {
				t.Errorf("told %s", told)
			}
		})
	}
}

func TestSendRefuses(t *testing.T) {
	serve, trust := certificate(t)
	plain := mailtest.NewSink(t, nil, false)
	if err := serverOf(t, plain, "smtp", "", trust).Send(t.Context(), "a@example.com", "s", "t"); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("a server without STARTTLS: %v", err)
	}
	if told := plain.Told(); strings.Contains(told, "AUTH") || strings.Contains(told, "MAIL") {
		t.Errorf("it was told %s", told)
	}
	if err := serverOf(t, mailtest.NewSink(t, serve, false), "smtp", "", nil).Send(t.Context(), "a@example.com", "s", "t"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
	if err := serverOf(t, plain, "smtp", "?tls=off", nil).Send(t.Context(), "nobody@example.com", "s", "t"); err == nil || !strings.Contains(err.Error(), "no such person") {
		t.Errorf("a recipient that is refused: %v", err)
	}
	if len(plain.Mails) > 0 {
		t.Error("a mail was taken")
	}
}

func TestParse(t *testing.T) {
	for address, want := range map[string]string{
		"smtps://mail.example.com": "mail.example.com:465", "smtp://u:p@mail.example.com": "mail.example.com:587",
		"smtp://relay?tls=off": "relay:25", "smtp://mail.example.com:2525/": "mail.example.com:2525",
	} {
		if s, err := Parse(address, "a@example.com"); err != nil || s.Address() != want {
			t.Errorf("%s: %v, %v", address, s, err)
		}
	}
	for _, address := range []string{"", "mail.example.com:25", "http://x", "smtp://", "smtps://x?tls=off", "smtp://x?tls=no", "smtp://u:hush@x:port", "smtp://x/y"} {
		if _, err := Parse(address, "a@example.com"); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := Parse("smtps://x", "nobody"); err == nil || !strings.Contains(err.Error(), "smtp_from") {
		t.Errorf("a sender that is none: %v", err)
	}
}
