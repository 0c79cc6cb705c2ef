package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	ownerEmail    = "ada@example.com"
	ownerPassword = "correct horse battery"
)

// setUp makes the owner and returns the session cookie.
func (s *server) setUp() *http.Cookie {
	s.t.Helper()
	body := `{"token":"` + s.first.SetupToken.Reveal() + `","name":"Ada","email":"` + ownerEmail + `","password":"` + ownerPassword + `"}`
	a := s.send("", "POST", "/v1/console/setup", body).is(201, "state", "signed_in", "user.role", "owner", "user.email", ownerEmail)
	return a.cookie()
}

func (a answer) cookie() *http.Cookie {
	a.t.Helper()
	all := a.Result().Cookies()
	if len(all) != 1 {
		a.t.Fatalf("cookies: %v", all)
	}
	return all[0]
}

func withCookie(c *http.Cookie) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(c) }
}

func TestConsoleSession(t *testing.T) {
	s := newServer(t)
	s.send("", "GET", "/v1/console/session", "").is(200, "state", "setup", "version", "test", "demo", "false")
	s.send("", "POST", "/v1/console/setup", `{"token":"wrong","name":"A","email":"a@b.example","password":"0123456789"}`).is(403)
	s.send("", "POST", "/v1/console/setup", `{"token":"`+s.first.SetupToken.Reveal()+`","name":"A","email":"a@b.example","password":"short"}`).is(400, "error.param", "password")
	c := s.setUp()
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure || c.Name != plainCookie || c.Path != "/" {
		t.Errorf("cookie: %+v", c)
	}
	s.send("", "GET", "/v1/console/session", "").is(200, "state", "signed_out")
	s.send("", "GET", "/v1/console/session", "", withCookie(c)).is(200, "state", "signed_in", "workspace.name", "Shared Team Workspace", "user.name", "Ada")
	s.send("", "POST", "/v1/console/setup", `{"token":"`+s.first.SetupToken.Reveal()+`","name":"A","email":"a@b.example","password":"0123456789"}`).is(403)

	// A session may call every route; a body from another site may not.
	s.send("", "GET", "/v1/api-keys", "", withCookie(c)).is(200, "total", "2")
	s.send("", "POST", "/v1/configs", `{"name":"n","config":{}}`, withCookie(c)).is(200)
	s.send("", "POST", "/v1/configs", `{"name":"n","config":{}}`, withCookie(c), header("Sec-Fetch-Site", "cross-site")).is(403)
	s.send("", "POST", "/v1/configs", `{"name":"n","config":{}}`, withCookie(c), header("Origin", "https://evil.example")).is(403)
	s.send("", "POST", "/v1/configs", `{"name":"n","config":{}}`, withCookie(c), header("Sec-Fetch-Site", "same-origin")).is(200)
	s.send(adminKey, "POST", "/v1/configs", `{"name":"n","config":{}}`, header("Sec-Fetch-Site", "cross-site")).is(200)

	ended := s.send("", "POST", "/v1/console/logout", "", withCookie(c)).is(200).cookie()
	if ended.MaxAge >= 0 || ended.Value != "" {
		t.Errorf("the cookie stays: %+v", ended)
	}
	s.send("", "GET", "/v1/api-keys", "", withCookie(c)).is(401)
	s.send("", "GET", "/v1/console/session", "", withCookie(c)).is(200, "state", "signed_out")
}

func TestCookieOverHTTPS(t *testing.T) {
	s := newServer(t)
	s.setUp()
	tls := header("X-Forwarded-Proto", "https")
	c := s.send("", "POST", "/v1/console/login", `{"email":"`+ownerEmail+`","password":"`+ownerPassword+`"}`, tls).is(200).cookie()
	if !c.Secure || c.Name != "__Host-portico_session" {
		t.Errorf("cookie: %+v", c)
	}
	s.send("", "GET", "/v1/configs", "", tls, withCookie(c)).is(200)
	plain := *c
	plain.Name = plainCookie
	s.send("", "GET", "/v1/configs", "", tls, withCookie(&plain)).is(401)
}

func TestLoginIsSlowedDown(t *testing.T) {
	s := newServer(t)
	s.setUp()
	login := func(email, password, address string) answer {
		return s.send("", "POST", "/v1/console/login", `{"email":"`+email+`","password":"`+password+`"}`,
			func(r *http.Request) { r.RemoteAddr = address + ":1234" })
	}
	wrong, unknown := login(ownerEmail, "wrong", "10.0.0.1"), login("nobody@example.com", "wrong", "10.0.0.1")
	if wrong.is(401); wrong.Body.String() != unknown.is(401).Body.String() {
		t.Errorf("a wrong password and an unknown user are told apart:\n%s%s", wrong.Body, unknown.Body)
	}
	for range 4 {
		login(ownerEmail, "wrong", "10.0.0.1").is(401)
	}
	blocked := login(strings.ToUpper(ownerEmail), ownerPassword, "10.0.0.2").is(429, "data.errorCode", "AB06")
	if blocked.Header().Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", blocked.Header().Get("Retry-After"))
	}
	s.wait(time.Minute)
	login(ownerEmail, ownerPassword, "10.0.0.2").is(200)

	for range 20 {
		s.send("", "POST", "/v1/console/login", `{}`, func(r *http.Request) { r.RemoteAddr = "10.0.0.3:1" }).is(400)
	}
	login(ownerEmail, ownerPassword, "10.0.0.3").is(429)
	login(ownerEmail, ownerPassword, "10.0.0.4").is(200)
}

func TestThrottleBacksOff(t *testing.T) {
	now := time.Unix(0, 0)
	th := newThrottle(1, func() time.Time { return now })
	var waits []time.Duration
	for range 5 {
		if err := th.allow("k"); err != nil {
			t.Fatalf("the first attempt of a window: %v", err)
		}
		if th.allow("k") == nil {
			t.Fatal("the second attempt of a window was let through")
		}
		wait := th.seen["k"].until.Sub(now)
		waits = append(waits, wait)
		now = now.Add(wait)
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 8} {
		if waits[i] != want*time.Minute {
			t.Errorf("wait %d is %v, want %d minutes", i, waits[i], want)
		}
	}
	if th.allow("other") != nil {
		t.Error("one account's attempts slow another down")
	}
}
