package admin

import (
	"net/http"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/directory"
)

const keyHeader = "X-Portkey-Api-Key"

// An Authenticator finds out who makes a request.
type Authenticator struct {
	svc         *control.Service
	directory   directory.Directory
	now         func() time.Time
	crossOrigin *http.CrossOriginProtection
}

// NewAuthenticator makes an Authenticator. now may be nil.
func NewAuthenticator(svc *control.Service, dir directory.Directory, now func() time.Time) *Authenticator {
	if now == nil {
		now = time.Now
	}
	return &Authenticator{svc, dir, now, http.NewCrossOriginProtection()}
}

// Authenticate finds who makes the request. The key comes from
// x-portkey-api-key; where that is absent, from Authorization: Bearer, which
// otherwise belongs to the provider. Without either, a console session is taken
// from its cookie, if the request comes from the console's own origin; then the
// Key is nil. A key that is unknown, malformed or expired is answered with 401.
func (a *Authenticator) Authenticate(r *http.Request) (access.Principal, *directory.Key, error) {
	own, err := headerKey(r)
	if err != nil {
		return access.Principal{}, nil, err
	}
	bearer := bearerToken(r)
	switch {
	case own != "":
		if bearer != "" && bearer != own && a.known(bearer) {
			return access.Principal{}, nil, twoKeys()
		}
		return a.key(own)
	case bearer != "":
		return a.key(bearer)
	}
	if token := sessionToken(r); token != "" {
		return a.session(r, token)
	}
	return access.Principal{}, nil, invalidKey()
}

func (a *Authenticator) key(value string) (access.Principal, *directory.Key, error) {
	k, ok := a.directory.Key(a.svc.Digest(value))
	if !ok {
		return access.Principal{}, nil, invalidKey()
	}
	if !k.ExpiresAt.IsZero() && !a.now().Before(k.ExpiresAt) {
		return access.Principal{}, nil, unauthenticated("Portkey Error: API Key expired. Error Code: 01")
	}
	return k.Principal, k, nil
}

func (a *Authenticator) known(value string) bool {
	_, ok := a.directory.Key(a.svc.Digest(value))
	return ok
}

func (a *Authenticator) session(r *http.Request, token string) (access.Principal, *directory.Key, error) {
	if err := a.sameOrigin(r); err != nil {
		return access.Principal{}, nil, err
	}
	p, _, err := a.svc.Session(r.Context(), token)
	return p, nil, err
}

// sameOrigin refuses a request that another site made a browser send.
func (a *Authenticator) sameOrigin(r *http.Request) error {
	if err := a.crossOrigin.Check(r); err != nil {
		e := ai.Errorf(ai.Forbidden, "This request comes from another origin than the console's")
		e.Type, e.Err = "permission_error", err
		return e
	}
	return nil
}

// headerKey is the value of x-portkey-api-key. Two that differ are refused:
// which of them counts must not depend on who reads the request.
func headerKey(r *http.Request) (string, error) {
	values := r.Header.Values(keyHeader)
	for _, v := range values {
		if v != values[0] {
			return "", twoKeys()
		}
	}
	if len(values) == 0 {
		return "", nil
	}
	return strings.TrimSpace(values[0]), nil
}

func bearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// invalidKey has the wording that Portkey's clients know.
func invalidKey() error { return unauthenticated("Portkey Error: Invalid API Key. Error Code: 03") }

func unauthenticated(message string) error {
	e := ai.Errorf(ai.Unauthenticated, "%s", message)
	e.Type = "authentication_error"
	return e
}

func twoKeys() error {
	e := ai.Errorf(ai.Invalid, "This request carries two different API keys; send one, in x-portkey-api-key or as Authorization: Bearer")
	e.Type, e.Param = "invalid_request_error", "x-portkey-api-key"
	return e
}
