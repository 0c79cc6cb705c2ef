package admin

import (
	"maps"
	"net/http"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/control"
)

func (a *API) virtualKeyRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/virtual-keys", Scopes: []access.Scope{access.VirtualKeysList}, Handle: a.listVirtualKeys},
		{Method: "POST", Pattern: "/virtual-keys", Scopes: []access.Scope{access.VirtualKeysCreate}, Handle: a.createVirtualKey},
		{Method: "GET", Pattern: "/virtual-keys/{ref}", Scopes: []access.Scope{access.VirtualKeysRead}, Handle: a.getVirtualKey},
		{Method: "PUT", Pattern: "/virtual-keys/{ref}", Scopes: []access.Scope{access.VirtualKeysUpdate}, Handle: a.updateVirtualKey},
		{Method: "DELETE", Pattern: "/virtual-keys/{ref}", Scopes: []access.Scope{access.VirtualKeysDelete}, Handle: a.deleteVirtualKey},
	}
}

func (a *API) listVirtualKeys(r *http.Request, p access.Principal) (any, error) {
	keys, w, total, err := a.svc.VirtualKeys(r.Context(), p, WorkspaceRef(r), pageOf(r))
	if err != nil {
		return nil, err
	}
	data := make([]object, len(keys))
	for i, k := range keys {
		data[i] = a.virtualKeyView(k)
		data[i]["workspace_name"] = w.Name
	}
	return list(total, data), nil
}

func (a *API) getVirtualKey(r *http.Request, p access.Principal) (any, error) {
	k, err := a.svc.VirtualKey(r.Context(), p, WorkspaceRef(r), r.PathValue("ref"))
	return a.virtualKeyView(k), err
}

func (a *API) createVirtualKey(r *http.Request, p access.Principal) (any, error) {
	in, err := readVirtualKeyInput(r)
	if err != nil {
		return nil, err
	}
	k, err := a.svc.CreateVirtualKey(r.Context(), p, in)
	ids := object{"id": k.ID, "slug": k.Slug, "object": "virtual-key"}
	return object{"success": true, "id": k.ID, "slug": k.Slug, "object": "virtual-key", "data": ids}, err
}

func (a *API) updateVirtualKey(r *http.Request, p access.Principal) (any, error) {
	in, err := readVirtualKeyInput(r)
	if err != nil {
		return nil, err
	}
	k, err := a.svc.UpdateVirtualKey(r.Context(), p, r.PathValue("ref"), in)
	return object{"id": k.ID, "slug": k.Slug, "status": k.StatusAt(a.now()), "object": "virtual-key"}, err
}

func (a *API) deleteVirtualKey(r *http.Request, p access.Principal) (any, error) {
	return object{}, a.svc.DeleteVirtualKey(r.Context(), p, WorkspaceRef(r), r.PathValue("ref"))
}

func readVirtualKeyInput(r *http.Request) (control.VirtualKeyInput, error) {
	in, err := readInput(r, false)
	if err != nil {
		return control.VirtualKeyInput{}, err
	}
	in.refuse("usage_limits", "rate_limits", "secret_mappings", "reset_usage")
	v := control.VirtualKeyInput{
		Workspace: workspaceRef(r, in), Name: in.text("name"), Note: in.text("note"), Slug: in.text("slug"),
		Provider: in.text("provider"), Key: in.text("key"), CustomHost: in.text("custom_host"),
		CustomHeaders: in.textMap("custom_headers"), ExpiresAt: in.time("expires_at"), Details: in.fields,
	}
	if v.Key != nil && *v.Key == "" {
		v.Key = nil // what a read answers, sent back
	}
	if list := in.objects("deployment_config"); list != nil {
		v.Deployments = readDeployments(list)
	}
	return v, in.err()
}

func readDeployments(list []*input) *[]control.Deployment {
	all := make([]control.Deployment, len(list))
	for i, in := range list {
		all[i] = control.Deployment{
			Name: in.must("deployment_name"), Alias: in.must("alias"),
			APIVersion: in.must("api_version"), ModelSlug: in.must("model_slug"),
		}
		if isDefault := in.flag("is_default"); isDefault != nil {
			all[i].IsDefault = *isDefault
		}
	}
	return &all
}

// virtualKeyView never shows a secret: the key is always empty.
func (a *API) virtualKeyView(k control.VirtualKey) object {
	return object{
		"object": "virtual-key", "id": k.ID, "slug": k.Slug, "name": k.Name, "note": orNull(k.Note), "status": k.StatusAt(a.now()),
		"provider": k.Provider, "ai_provider_name": k.Provider, "key": "", "masked_api_key": k.Masked, "model_config": modelConfig(k),
		"organisation_id": k.OrgID, "workspace_id": k.WorkspaceID, "integration_id": nil, "tags": nil,
		"usage_limits": nil, "rate_limits": []object{}, "reset_usage": nil, "last_reset_at": nil,
		"expires_at": stamp(k.ExpiresAt), "created_at": stamp(k.CreatedAt), "last_updated_at": stamp(k.UpdatedAt),
	}
}

// modelConfig is what is not secret of the provider's own fields.
func modelConfig(k control.VirtualKey) map[string]any {
	m := object{}
	for name, value := range maps.All(k.Fields) {
		m[name] = value
	}
	if k.CustomHost != "" {
		m["custom_host"] = k.CustomHost
	}
	if len(k.Deployments) > 0 {
		m["deploymentConfig"] = k.Deployments
	}
	return m
}
