package admin

import (
	"net/http"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
)

func (a *API) apiKeyRoutes() []Route {
	any := func(org, service, user access.Scope) []access.Scope { return []access.Scope{org, service, user} }
	return []Route{
		{Method: "POST", Pattern: "/api-keys/organisation/service", Scopes: []access.Scope{access.OrgKeysCreate}, Handle: a.createAPIKey(access.OrgService)},
		{Method: "POST", Pattern: "/api-keys/workspace/service", Scopes: []access.Scope{access.ServiceKeysCreate}, Handle: a.createAPIKey(access.WorkspaceService)},
		{Method: "POST", Pattern: "/api-keys/workspace/user", Scopes: []access.Scope{access.UserKeysCreate}, Handle: a.createAPIKey(access.WorkspaceUser)},
		{Method: "GET", Pattern: "/api-keys", Scopes: any(access.OrgKeysList, access.ServiceKeysList, access.UserKeysList), Handle: a.listAPIKeys},
		{Method: "GET", Pattern: "/api-keys/{id}", Scopes: any(access.OrgKeysRead, access.ServiceKeysRead, access.UserKeysRead), Handle: a.getAPIKey},
		{Method: "PUT", Pattern: "/api-keys/{id}", Scopes: any(access.OrgKeysUpdate, access.ServiceKeysUpdate, access.UserKeysUpdate), Handle: a.updateAPIKey},
		{Method: "DELETE", Pattern: "/api-keys/{id}", Scopes: any(access.OrgKeysDelete, access.ServiceKeysDelete, access.UserKeysDelete), Handle: a.deleteAPIKey},
		{Method: "POST", Pattern: "/api-keys/{id}/rotate", Scopes: any(access.OrgKeysRotate, access.ServiceKeysRotate, access.UserKeysRotate), Handle: a.rotateAPIKey},
	}
}

func (a *API) createAPIKey(typ access.KeyType) func(*http.Request, access.Principal) (any, error) {
	return func(r *http.Request, p access.Principal) (any, error) {
		in, err := readAPIKeyInput(r)
		if err != nil {
			return nil, err
		}
		in.CreationMode = "api"
		if p.KeyID == "" {
			in.CreationMode = "ui"
		}
		k, err := a.svc.CreateAPIKey(r.Context(), p, typ, in)
		return object{"id": k.Key.ID, "key": k.Value.Reveal(), "object": "api-key"}, err
	}
}

func (a *API) listAPIKeys(r *http.Request, p access.Principal) (any, error) {
	var f control.APIKeyFilter
	if ids := queryText(r, "ids"); ids != "" {
		f.IDs = strings.Split(ids, ",")
	}
	keys, total, err := a.svc.APIKeys(r.Context(), p, WorkspaceRef(r), f, pageOf(r))
	if err != nil {
		return nil, err
	}
	data := make([]object, len(keys))
	for i, k := range keys {
		data[i] = a.apiKeyView(k)
	}
	return list(total, data), nil
}

func (a *API) getAPIKey(r *http.Request, p access.Principal) (any, error) {
	k, err := a.svc.APIKey(r.Context(), p, r.PathValue("id"))
	return a.apiKeyView(k), err
}

func (a *API) updateAPIKey(r *http.Request, p access.Principal) (any, error) {
	in, err := readAPIKeyInput(r)
	if err != nil {
		return nil, err
	}
	return object{}, a.svc.UpdateAPIKey(r.Context(), p, r.PathValue("id"), in)
}

func (a *API) deleteAPIKey(r *http.Request, p access.Principal) (any, error) {
	return object{}, a.svc.DeleteAPIKey(r.Context(), p, r.PathValue("id"))
}

func (a *API) rotateAPIKey(r *http.Request, p access.Principal) (any, error) {
	in, err := readInput(r, true)
	if err != nil {
		return nil, err
	}
	var transition time.Duration
	if ms := in.integer("key_transition_period_ms"); ms != nil {
		transition = time.Duration(min(*ms, control.MaxTransition.Milliseconds()+1)) * time.Millisecond
		if *ms <= 0 {
			transition = time.Millisecond // below the minimum, and not "absent"
		}
	}
	if err := in.err(); err != nil {
		return nil, err
	}
	k, err := a.svc.RotateAPIKey(r.Context(), p, r.PathValue("id"), transition)
	return object{"id": k.Key.ID, "key": k.Value.Reveal(), "key_transition_expires_at": stamp(k.Key.OldUntil), "object": "api-key"}, err
}

func readAPIKeyInput(r *http.Request) (control.APIKeyInput, error) {
	in, err := readInput(r, false)
	if err != nil {
		return control.APIKeyInput{}, err
	}
	in.refuse("usage_limits", "rate_limits", "reset_usage", "alert_emails", "rotation_policy")
	k := control.APIKeyInput{
		Workspace: workspaceRef(r, in), Name: in.text("name"), Description: in.text("description"),
		UserID: in.must("user_id"), ExpiresAt: in.time("expires_at"),
	}
	if names := in.texts("scopes"); names != nil {
		scopes := make([]access.Scope, len(*names))
		for i, name := range *names {
			scopes[i] = access.Scope(name)
		}
		k.Scopes = &scopes
	}
	k.AllowConfigOverride = in.flag("allow_config_override")
	if d := in.object("defaults"); d != nil {
		k.Metadata = d.textMap("metadata")
		k.ConfigRef = d.textOrNull("config_id")
		if allow := d.flag("allow_config_override"); allow != nil {
			k.AllowConfigOverride = allow
		}
	}
	return k, in.err()
}

func (a *API) apiKeyView(k control.APIKey) object {
	return object{
		"object": "api-key", "id": k.ID, "key": k.Masked, "name": k.Name, "description": orNull(k.Description), "type": k.Type,
		"organisation_id": k.OrgID, "workspace_id": orNull(k.WorkspaceID), "user_id": orNull(k.UserID), "status": k.Status(a.now()),
		"creation_mode": k.CreationMode, "scopes": k.Scopes, "alert_emails": []string{}, "expiry_enforced": 0,
		"usage_limits": nil, "rate_limits": []object{}, "reset_usage": nil, "last_reset_at": nil, "next_usage_reset_at": nil,
		"allow_config_override": bit(!k.Defaults.LockConfig), "api_key_defaults_id": nil,
		"defaults": object{
			"metadata": k.Defaults.Metadata, "config_id": orNull(k.Defaults.ConfigID), "allow_config_override": !k.Defaults.LockConfig,
		},
		"key_transition_expires_at": a.transition(k),
		"expires_at":                stamp(k.ExpiresAt), "created_at": stamp(k.CreatedAt), "last_updated_at": stamp(k.UpdatedAt),
	}
}

// transition is when the old value of a key in rotation stops working.
func (a *API) transition(k control.APIKey) any {
	if k.OldDigest == "" || !a.now().Before(k.OldUntil) {
		return nil
	}
	return stamp(k.OldUntil)
}
