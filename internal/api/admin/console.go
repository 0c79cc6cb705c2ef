package admin

import (
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
)

func (a *API) consoleRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/console/session", Open: true, Handle: a.session},
		{Method: "POST", Pattern: "/console/setup", Open: true, Handle: a.setup},
		{Method: "POST", Pattern: "/console/login", Open: true, Handle: a.login},
		{Method: "POST", Pattern: "/console/logout", Open: true, Handle: a.logout},
		{Method: "GET", Pattern: "/console/providers", Handle: a.listProviders, Scopes: []access.Scope{
			access.VirtualKeysList, access.VirtualKeysRead, access.VirtualKeysCreate, access.VirtualKeysUpdate,
			access.ConfigsList, access.ConfigsRead, access.ConfigsCreate, access.ConfigsUpdate,
		}},
	}
}

// session says how the browser stands: nobody has set the console up, nobody is
// signed in here, or who is.
func (a *API) session(r *http.Request, _ access.Principal) (any, error) {
	if token := sessionToken(r); token != "" {
		if u, err := a.svc.SignedInUser(r.Context(), token); err == nil {
			return a.signedIn(r, u)
		}
	}
	owner, err := a.svc.HasOwner(r.Context())
	if err != nil {
		return nil, err
	}
	state := "signed_out"
	if !owner {
		state = "setup"
	}
	return object{"state": state, "demo": a.demo, "version": a.version}, nil
}

// signedIn says who is signed in, in which workspace they are unless they name
// another one, and what they may do there.
func (a *API) signedIn(r *http.Request, u control.User) (object, error) {
	p, err := a.svc.PrincipalOf(r.Context(), u, "")
	if err != nil {
		return nil, err
	}
	org := a.svc.Organisation()
	body := object{
		"state": "signed_in", "demo": a.demo, "version": a.version,
		"user":         object{"id": u.ID, "email": u.Email, "name": u.Name, "role": u.Role},
		"organisation": object{"id": org.ID, "name": org.Name},
		"scopes":       append([]access.Scope{}, p.Scopes...),
	}
	if p.WorkspaceID == access.NoWorkspace {
		return body, nil
	}
	w, err := a.svc.Target(r.Context(), p, "")
	body["workspace"] = object{"id": w.ID, "slug": w.Slug, "name": w.Title()}
	if p.Within != "" {
		body["workspace_role"] = p.Within
	}
	return body, err
}

func (a *API) setup(r *http.Request, _ access.Principal) (any, error) {
	in, err := a.signInInput(r)
	if err != nil {
		return nil, err
	}
	setup := control.SetupInput{Token: in.must("token"), Name: in.must("name"), Email: in.must("email"), Password: in.must("password")}
	if err := in.err(); err != nil {
		return nil, err
	}
	s, err := a.svc.Setup(r.Context(), setup)
	if err != nil {
		return nil, err
	}
	return a.welcome(r, s, http.StatusCreated)
}

func (a *API) login(r *http.Request, _ access.Principal) (any, error) {
	in, err := a.signInInput(r)
	if err != nil {
		return nil, err
	}
	email, password := in.must("email"), in.must("password")
	if email == "" || password == "" {
		in.fault("email", "email and password are required")
	}
	if err := in.err(); err != nil {
		return nil, err
	}
	account := strings.ToLower(strings.TrimSpace(email))
	if err := a.byAccount.allow(account); err != nil {
		return nil, err
	}
	s, err := a.svc.Login(r.Context(), email, password)
	if err != nil {
		return nil, err
	}
	a.byAccount.forget(account)
	return a.welcome(r, s, http.StatusOK)
}

// signInInput reads the body of a request that ends in a session. It comes from
// the console's own pages, and from one address only so often.
func (a *API) signInInput(r *http.Request) (*input, error) {
	if err := a.auth.sameOrigin(r); err != nil {
		return nil, err
	}
	if err := a.byAddress.allow(addressOf(r)); err != nil {
		return nil, err
	}
	return readInput(r, false)
}

// welcome answers a sign-in; more are pairs of a name and a value to add.
func (a *API) welcome(r *http.Request, s control.SignedIn, status int, more ...any) (any, error) {
	body, err := a.signedIn(r, s.User)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return Reply{Status: status, Body: body, Header: http.Header{"Set-Cookie": {sessionCookie(r, s).String()}}}, nil
}

func (a *API) logout(r *http.Request, _ access.Principal) (any, error) {
	if err := a.auth.sameOrigin(r); err != nil {
		return nil, err
	}
	if token := sessionToken(r); token != "" {
		if err := a.svc.Logout(r.Context(), token); err != nil {
			return nil, err
		}
	}
	return Reply{Body: object{}, Header: http.Header{"Set-Cookie": {noCookie(r).String()}}}, nil
}

func (a *API) listProviders(*http.Request, access.Principal) (any, error) {
	all := a.svc.Providers()
	data := make([]object, len(all))
	for i, p := range all {
		fields := make([]object, len(p.Fields))
		for j, f := range p.Fields {
			fields[j] = object{"name": f.Name, "header": f.Header, "label": f.Label, "secret": f.Secret, "required": f.Required, "help": f.Help}
		}
		data[i] = object{
			"id": p.ID, "name": p.Name, "docs": p.Docs, "base_url": p.BaseURL, "fields": fields, "operations": append([]ai.Op{}, p.Ops...),
		}
	}
	return list(len(data), data), nil
}
