package admin

import (
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/control"
)

// The session cookie's names. With the __Host- prefix a browser accepts it over
// https only, from this very host.
const (
	plainCookie  = "portico_session"
	secureCookie = "__Host-portico_session"
)

// overHTTPS reports whether the browser speaks https, to us or to the proxy in
// front. A client that lies about it only locks itself out.
func overHTTPS(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

func cookieName(r *http.Request) string {
	if overHTTPS(r) {
		return secureCookie
	}
	return plainCookie
}

// sessionToken is the token in the session cookie, "" if there is none.
func sessionToken(r *http.Request) string {
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

func sessionCookie(r *http.Request, s control.SignedIn) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(r), Value: s.Token.Reveal(), Path: "/", Expires: s.ExpiresAt,
		HttpOnly: true, Secure: overHTTPS(r), SameSite: http.SameSiteLaxMode,
	}
}

// noCookie makes the browser forget the session.
func noCookie(r *http.Request) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(r), Path: "/", MaxAge: -1,
		HttpOnly: true, Secure: overHTTPS(r), SameSite: http.SameSiteLaxMode,
	}
}
