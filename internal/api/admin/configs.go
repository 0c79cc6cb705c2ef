package admin

import (
	"encoding/json"
	"net/http"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
)

func (a *API) configRoutes() []Route {
	editor := []access.Scope{access.ConfigsCreate, access.ConfigsRead, access.ConfigsUpdate}
	return []Route{
		{Method: "GET", Pattern: "/configs", Scopes: []access.Scope{access.ConfigsList}, Handle: a.listConfigs},
		{Method: "POST", Pattern: "/configs", Scopes: []access.Scope{access.ConfigsCreate}, Handle: a.createConfig},
		{Method: "POST", Pattern: "/configs/check", Scopes: editor, Handle: a.checkConfig},
		{Method: "GET", Pattern: "/configs/schema", Scopes: editor, Handle: a.configSchema},
		{Method: "GET", Pattern: "/configs/{ref}", Scopes: []access.Scope{access.ConfigsRead}, Handle: a.getConfig},
		{Method: "PUT", Pattern: "/configs/{ref}", Scopes: []access.Scope{access.ConfigsUpdate}, Handle: a.updateConfig},
		{Method: "DELETE", Pattern: "/configs/{ref}", Scopes: []access.Scope{access.ConfigsDelete}, Handle: a.deleteConfig},
		{Method: "GET", Pattern: "/configs/{ref}/versions", Scopes: []access.Scope{access.ConfigsRead}, Handle: a.listConfigVersions},
	}
}

func (a *API) listConfigs(r *http.Request, p access.Principal) (any, error) {
	configs, total, err := a.svc.Configs(r.Context(), p, WorkspaceRef(r), pageOf(r))
	if err != nil {
		return nil, err
	}
	data := make([]object, len(configs))
	for i, c := range configs {
		data[i] = configView(c)
	}
	envelope := list(total, data)
	envelope["success"] = true
	return envelope, nil
}

func (a *API) getConfig(r *http.Request, p access.Principal) (any, error) {
	d, err := a.svc.Config(r.Context(), p, WorkspaceRef(r), r.PathValue("ref"))
	if err != nil {
		return nil, err
	}
	// Flat with the config as text, as the service answers; and wrapped with the
	// config as an object, as its specification says.
	flat, wrapped := configDetailView(d), configDetailView(d)
	wrapped["config"] = json.RawMessage(d.Version.Body)
	flat["success"], flat["data"] = true, wrapped
	return flat, nil
}

func (a *API) listConfigVersions(r *http.Request, p access.Principal) (any, error) {
	versions, total, err := a.svc.ConfigVersions(r.Context(), p, WorkspaceRef(r), r.PathValue("ref"), pageOf(r))
	if err != nil {
		return nil, err
	}
	data := make([]object, len(versions))
	for i, d := range versions {
		data[i] = configDetailView(d)
	}
	return list(total, data), nil
}

func (a *API) createConfig(r *http.Request, p access.Principal) (any, error) {
	in, err := readConfigInput(r)
	if err != nil {
		return nil, err
	}
	c, err := a.svc.CreateConfig(r.Context(), p, in)
	return configSaved(c), err
}

func (a *API) updateConfig(r *http.Request, p access.Principal) (any, error) {
	in, err := readConfigInput(r)
	if err != nil {
		return nil, err
	}
	c, err := a.svc.UpdateConfig(r.Context(), p, r.PathValue("ref"), in)
	return configSaved(c), err
}

func (a *API) deleteConfig(r *http.Request, p access.Principal) (any, error) {
	return object{}, a.svc.DeleteConfig(r.Context(), p, WorkspaceRef(r), r.PathValue("ref"))
}

// checkConfig answers 200 whether or not the config is valid: an editor asks.
func (a *API) checkConfig(r *http.Request, p access.Principal) (any, error) {
	in, err := readInput(r, false)
	if err != nil {
		return nil, err
	}
	body := configBody(in)
	if body == nil {
		in.fault("config", "config is required: a routing config as a JSON object")
	}
	if err := in.err(); err != nil {
		return nil, err
	}
	err = a.svc.CheckConfig(p, body)
	if err == nil {
		return object{"valid": true, "problems": []object{}}, nil
	}
	e := ai.AsError(err)
	if e.Kind != ai.Invalid {
		return nil, err
	}
	problems := problemList(e)
	if len(problems) == 0 {
		problems = []object{{"path": e.Param, "message": e.Message}}
	}
	return object{"valid": false, "problems": problems}, nil
}

func (a *API) configSchema(*http.Request, access.Principal) (any, error) { return a.schema, nil }

func readConfigInput(r *http.Request) (control.ConfigInput, error) {
	in, err := readInput(r, false)
	if err != nil {
		return control.ConfigInput{}, err
	}
	c := control.ConfigInput{
		Workspace: workspaceRef(r, in), Name: in.text("name"), Body: configBody(in), IsDefault: in.flag("is_default"),
	}
	if s := in.text("status"); s != nil && *s != "active" {
		in.fault("status", "status can only be active; delete the config to archive it")
	}
	return c, in.err()
}

// configBody is the routing config, sent as an object or as JSON in a string;
// nil if there is none.
func configBody(in *input) []byte {
	v := in.raw("config")
	if len(v) == 0 {
		return nil
	}
	body := []byte(v)
	if v[0] == '"' {
		body = []byte(in.must("config"))
	}
	if !json.Valid(body) || depth(body) > maxDepth {
		in.fault("config", "config must be a JSON object, or a string that holds one")
		return nil
	}
	return body
}

func configView(c control.Config) object {
	return object{
		"object": "config", "id": c.ID, "name": c.Name, "slug": c.Slug, "workspace_id": c.WorkspaceID, "organisation_id": c.OrgID,
		"is_default": bit(c.IsDefault), "status": control.Active, "owner_id": c.OwnerID, "updated_by": c.UpdatedBy,
		"created_at": stamp(c.CreatedAt), "last_updated_at": stamp(c.UpdatedAt),
	}
}

// configDetailView is a config as it was in one version.
func configDetailView(d control.ConfigDetail) object {
	o := configView(d.Config)
	o["config"], o["format"], o["type"] = d.Version.Body, "json", "ORG_CONFIG"
	o["version_id"], o["version"] = d.Version.ID, d.Version.Number
	o["updated_by"], o["version_created_at"] = d.Version.CreatedBy, stamp(d.Version.CreatedAt)
	return o
}

func configSaved(c control.Config) object {
	ids := object{"id": c.ID, "slug": c.Slug, "version_id": c.VersionID, "object": "config"}
	return object{"success": true, "id": c.ID, "slug": c.Slug, "version_id": c.VersionID, "object": "config", "data": ids}
}
