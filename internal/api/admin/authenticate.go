package admin

import (
	"net/http"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/directory"
)

// An Authenticator finds out who makes a request.
type Authenticator struct {
	svc         *control.Service
	keys        api.Keys
	crossOrigin *http.CrossOriginProtection
}

// NewAuthenticator makes an Authenticator of API keys and of console sessions.
func NewAuthenticator(svc *control.Service, keys api.Keys) *Authenticator {
	return &Authenticator{svc, keys, http.NewCrossOriginProtection()}
}

// Authenticate finds who makes the request: by an API key, or, where there is
// none, by the cookie of a console session if the request comes from the
// console's own origin; then the Key is nil.
func (a *Authenticator) Authenticate(r *http.Request) (access.Principal, *directory.Key, error) {
	return a.within(r, WorkspaceRef(r))
}

// within is Authenticate for a request that is about a workspace. A person acts
// there by their role in it.
func (a *Authenticator) within(r *http.Request, workspace string) (access.Principal, *directory.Key, error) {
	if api.CarriesKey(r.Header) {
		caller, err := a.keys.Identify(r.Header)
		if err != nil {
			return access.Principal{}, nil, err
		}
		return caller.Key.Principal, caller.Key, nil
	}
	if token := sessionToken(r); token != "" {
		return a.session(r, token, workspace)
	}
	return access.Principal{}, nil, api.InvalidKey()
}

func (a *Authenticator) session(r *http.Request, token, workspace string) (access.Principal, *directory.Key, error) {
	if err := a.sameOrigin(r); err != nil {
		return access.Principal{}, nil, err
	}
	p, _, err := a.svc.Session(r.Context(), token, workspace)
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
