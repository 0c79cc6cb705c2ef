package app

import (
	"net/mail"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/mail/mailtest"
)

func TestInvitesAreMailed(t *testing.T) {
	sink := mailtest.NewSink(t, nil, false)
	h := newHouse(t, func(c *Config) {
		c.SMTPURL, c.SMTPFrom, c.PublicURL = ai.NewSecret("smtp://"+sink.Addr().String()+"?tls=off"), "Portico <portico@example.com>", "https://portico.example.com"
	})
	made := h.root("POST", "/v1/admin/users/invites", `{"email":"grace@example.com","role":"member"}`)
	link := made.Get("invite_link").String()
	if !made.Get("mail_sent").Bool() || !strings.HasPrefix(link, "https://portico.example.com/console/invite?token=") {
		t.Fatalf("answer %s", made.Raw)
	}
	text := <-sink.Mails
	m, err := mail.ReadMessage(strings.NewReader(text))
	must(t, err)
	token, _ := url.Parse(link)
	body := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(text)
	if m.Header.Get("To") != "<grace@example.com>" || !strings.Contains(body, link) || token.Query().Get("token") == "" {
		t.Errorf("mail %s", text)
	}
	again := h.root("POST", "/v1/admin/users/invites/"+made.Get("id").String()+"/resend", "{}")
	if next := <-sink.Mails; !again.Get("mail_sent").Bool() || next == text {
		t.Errorf("sent again: %s %s", again.Raw, next)
	}
	must(t, sink.Close())
	if late := h.root("POST", "/v1/admin/users/invites", `{"email":"late@example.com","role":"member"}`); late.Get("mail_sent").Bool() || late.Get("invite_link").String() == "" {
		t.Errorf("without the mail server: %s", late.Raw)
	}
}

func TestMailSettings(t *testing.T) {
	for word, change := range map[string]func(*Config){
		"public_url": func(c *Config) { c.SMTPURL, c.SMTPFrom = ai.NewSecret("smtps://mail.example.com"), "a@example.com" },
		"smtp_from": func(c *Config) {
			c.SMTPURL, c.PublicURL = ai.NewSecret("smtps://mail.example.com"), "https://x.example"
		},
		"smtp_url": func(c *Config) { c.SMTPURL, c.PublicURL = ai.NewSecret("mail.example.com"), "https://x.example" },
	} {
		c := Default()
		c.Listen, c.MetricsListen, c.Data = "127.0.0.1:0", "", t.TempDir()
		change(&c)
		if a, err := New(t.Context(), c, discard); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
			if err == nil {
				_ = a.Close()
			}
		}
	}
	for text, fine := range map[string]bool{"https://x.example/": true, "http://127.0.0.1:8787": true, "": true, "x.example": false, "https://x.example/console": false, "ftp://x": false, "https://u:p@x.example": false} {
		c := Default()
		if err := settingNamed(t, "public_url").Set(&c, text); (err == nil) != fine || strings.HasSuffix(c.PublicURL, "/") {
			t.Errorf("public_url %q: %q, %v", text, c.PublicURL, err)
		}
	}
}
