package admin

import (
	"net/http"
	"net/url"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
)

func (a *API) inviteRoutes() []Route {
	const all, one = "/admin/users/invites", "/admin/users/invites/{id}"
	return []Route{
		{Method: "GET", Pattern: all, Scopes: []access.Scope{access.UsersList}, Handle: a.listInvites},
		{Method: "POST", Pattern: all, Scopes: []access.Scope{access.UsersCreate}, Handle: a.createInvite},
		{Method: "GET", Pattern: one, Scopes: []access.Scope{access.UsersRead}, Handle: a.getInvite},
		{Method: "DELETE", Pattern: one, Scopes: []access.Scope{access.UsersDelete}, Handle: a.deleteInvite},
		{Method: "POST", Pattern: one + "/resend", Scopes: []access.Scope{access.UsersCreate}, Handle: a.resendInvite},
		{Method: "GET", Pattern: "/console/invite", Open: true, Handle: a.lookAtInvite},
		{Method: "POST", Pattern: "/console/invite", Open: true, Handle: a.acceptInvite},
	}
}

func (a *API) listInvites(r *http.Request, p access.Principal) (any, error) {
	f := control.InviteFilter{
		Role: access.Role(queryText(r, "role")), Email: queryText(r, "email"), Status: control.Status(queryText(r, "status")),
	}
	all, total, err := a.svc.Invites(r.Context(), p, f, pageOf(r))
	if err != nil {
		return nil, err
	}
	data := make([]object, len(all))
	for i, v := range all {
		data[i] = a.inviteView(v)
	}
	return list(total, data), nil
}

func (a *API) getInvite(r *http.Request, p access.Principal) (any, error) {
	i, err := a.svc.Invite(r.Context(), p, r.PathValue("id"))
	return a.inviteView(i), err
}

func (a *API) createInvite(r *http.Request, p access.Principal) (any, error) {
	in, err := readInput(r, false)
	if err != nil {
		return nil, err
	}
	i := control.InviteInput{Email: in.must("email"), Role: in.role(access.Member)}
	for _, w := range in.objects("workspaces") {
		i.Workspaces = append(i.Workspaces, control.InviteWorkspace{ID: w.must("id"), Role: w.role(access.Member)})
	}
	if d := in.object("workspace_api_key_details"); d != nil {
		if names := d.texts("scopes"); names != nil {
			for _, name := range *names {
				i.KeyScopes = append(i.KeyScopes, access.Scope(name))
			}
		}
	}
	if err := in.err(); err != nil {
		return nil, err
	}
	sent, err := a.svc.CreateInvite(r.Context(), p, i, a.inviteLink(r))
	return object{"object": "invite", "id": sent.Invite.ID, "invite_link": sent.Link, "mail_sent": sent.Mailed}, err
}

func (a *API) resendInvite(r *http.Request, p access.Principal) (any, error) {
	sent, err := a.svc.ResendInvite(r.Context(), p, r.PathValue("id"), a.inviteLink(r))
	return object{"object": "invite", "id": sent.Invite.ID, "inviteLink": sent.Link, "mail_sent": sent.Mailed}, err
}

func (a *API) deleteInvite(r *http.Request, p access.Principal) (any, error) {
	return object{}, a.svc.DeleteInvite(r.Context(), p, r.PathValue("id"))
}

// inviteLink makes the address of the console's page for an invite's token: at
// the configured public address, else where the request came in.
func (a *API) inviteLink(r *http.Request) func(token string) string {
	base := a.publicURL
	if base == "" {
		scheme := "http"
		if overHTTPS(r) {
			scheme = "https"
		}
		base = scheme + "://" + r.Host
	}
	return func(token string) string { return base + "/console/invite?token=" + url.QueryEscape(token) }
}

func (a *API) inviteView(i control.Invite) object {
	workspaces := i.Workspaces
	if workspaces == nil {
		workspaces = []control.InviteWorkspace{}
	}
	return object{
		"object": "invite", "id": i.ID, "email": i.Email, "role": i.Role, "status": i.State(a.now()), "workspaces": workspaces,
		"invited_by": i.InvitedBy, "created_at": stamp(i.CreatedAt), "expires_at": stamp(i.ExpiresAt), "accepted_at": stamp(i.AcceptedAt),
	}
}

// lookAtInvite tells who holds a link whom it is for.
func (a *API) lookAtInvite(r *http.Request, _ access.Principal) (any, error) {
	if err := a.byAddress.allow(addressOf(r)); err != nil {
		return nil, err
	}
	i, err := a.svc.InviteByToken(r.Context(), r.URL.Query().Get("token"))
	return object{"email": i.Email, "role": i.Role, "organisation": a.svc.Organisation().Name, "expires_at": stamp(i.ExpiresAt)}, err
}

func (a *API) acceptInvite(r *http.Request, _ access.Principal) (any, error) {
	in, err := a.signInInput(r)
	if err != nil {
		return nil, err
	}
	accept := control.AcceptInput{Token: in.must("token"), Name: in.must("name"), Password: in.must("password")}
	if err := in.err(); err != nil {
		return nil, err
	}
	joined, err := a.svc.AcceptInvite(r.Context(), accept)
	if err != nil {
		return nil, err
	}
	keys := make([]object, len(joined.Keys))
	for i, k := range joined.Keys {
		keys[i] = object{"id": k.Key.ID, "key": k.Value.Reveal(), "workspace_id": k.Workspace.ID, "workspace": k.Workspace.Name, "scopes": k.Key.Scopes}
	}
	return a.welcome(r, joined.SignedIn, http.StatusCreated, "api_keys", keys)
}
