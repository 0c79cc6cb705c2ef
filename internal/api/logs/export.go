package logs

import (
	"crypto/hmac"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api"
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/ledger"
)

// linkFor is how long a link to a file works.
const linkFor = time.Hour

func (a *API) exportRoutes() []admin.Route {
	scopes := []access.Scope{access.LogsExport}
	return []admin.Route{
		{Method: http.MethodGet, Pattern: "/logs/exports", Scopes: scopes, Handle: a.listExports},
		{Method: http.MethodPost, Pattern: "/logs/exports", Scopes: scopes, Handle: a.createExport},
		{Method: http.MethodGet, Pattern: "/logs/exports/field-restrictions", Scopes: scopes, Handle: a.fieldRestrictions},
		{Method: http.MethodGet, Pattern: "/logs/exports/{id}", Scopes: scopes, Handle: a.getExport},
		{Method: http.MethodPut, Pattern: "/logs/exports/{id}", Scopes: scopes, Handle: a.updateExport},
		{Method: http.MethodDelete, Pattern: "/logs/exports/{id}", Scopes: scopes, Handle: a.deleteExport},
		{Method: http.MethodPost, Pattern: "/logs/exports/{id}/start", Scopes: scopes, Handle: a.startExport},
		{Method: http.MethodPost, Pattern: "/logs/exports/{id}/cancel", Scopes: scopes, Handle: a.cancelExport},
		{Method: http.MethodGet, Pattern: "/logs/exports/{id}/download", Scopes: scopes, Handle: a.downloadExport},
	}
}

func (a *API) listExports(r *http.Request, p access.Principal) (any, error) {
	list, total, err := a.Service.Exports(r.Context(), p, admin.WorkspaceRef(r), admin.PageOf(r))
	if err != nil {
		return nil, err
	}
	data := make([]any, len(list))
	for i := range list {
		data[i] = exportView(&list[i])
	}
	return map[string]any{"object": "list", "total": total, "data": data}, nil
}

func (a *API) createExport(r *http.Request, p access.Principal) (any, error) {
	in, workspace, err := a.readExport(r, p, "")
	if err != nil {
		return nil, err
	}
	e, err := a.Service.CreateExport(r.Context(), p, workspace, in)
	return exportSaved(&e), err
}

func (a *API) updateExport(r *http.Request, p access.Principal) (any, error) {
	in, workspace, err := a.readExport(r, p, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	e, err := a.Service.UpdateExport(r.Context(), p, workspace, r.PathValue("id"), in)
	return exportSaved(&e), err
}

// readExport reads what is said of an export, and counts the rows it would be of.
// id is that of one that is there, "" for a new one.
func (a *API) readExport(r *http.Request, p access.Principal, id string) (in control.ExportInput, workspace string, err error) {
	it, err := readOne(r)
	if err != nil {
		return in, "", err
	}
	in.Description, in.Format = it.optional("description"), it.optional("format")
	in.Filters, in.RequestedData = readFilters(it, "filters"), it.texts("requested_data")
	workspace = workspaceOf(r, it)
	if in.RequestedData = a.checkFields(it, in.RequestedData, id == ""); *it.err != nil {
		return in, "", *it.err
	}
	filters, of := in.Filters, workspace
	if id != "" {
		e, err := a.Service.Export(r.Context(), p, workspace, id)
		if err != nil {
			return in, "", err
		}
		if of = e.WorkspaceID; filters == nil {
			filters = e.Filters
		}
	}
	in.Total, err = a.countRows(r, p, of, filters)
	return in, workspace, err
}

// checkFields refuses fields that there are not or that may not be exported. None
// named means all that may be.
func (a *API) checkFields(it *item, fields []string, isNew bool) []string {
	denied := a.Logging().DeniedExportFields
	if len(fields) == 0 && isNew {
		return slices.DeleteFunc(slices.Clone(documentedFields), func(f string) bool { return slices.Contains(denied, f) })
	}
	for i, f := range fields {
		name := "requested_data[" + strconv.Itoa(i) + "]"
		switch {
		case !slices.Contains(ExportFields(), f):
			it.fail(name, "must be one of %s", strings.Join(ExportFields(), ", "))
		case slices.Contains(denied, f):
			it.fail(name, "%s may not be exported: the organisation denies it", f)
		}
	}
	return fields
}

func (a *API) countRows(r *http.Request, p access.Principal, workspace string, filters []byte) (int64, error) {
	w, err := a.Service.Target(r.Context(), p, workspace)
	if err != nil {
		return 0, err
	}
	if filters == nil {
		filters = []byte("{}")
	}
	plan, err := PlanOf(filters)
	if err != nil {
		return 0, err
	}
	a.catchUp(r.Context())
	l, err := a.Logs.List(r.Context(), w.ID, plan.Filter, ledger.Page{Size: 1})
	if err != nil {
		return 0, err
	}
	total := max(l.Total-plan.Offset, 0)
	if plan.Limit > 0 {
		total = min(total, plan.Limit)
	}
	return total, nil
}

func exportSaved(e *control.Export) any {
	return map[string]any{"id": e.ID, "total": e.Total, "object": "export"}
}

func (a *API) getExport(r *http.Request, p access.Principal) (any, error) {
	e, err := a.Service.Export(r.Context(), p, admin.WorkspaceRef(r), r.PathValue("id"))
	return exportView(&e), err
}

func exportView(e *control.Export) any {
	files := make([]any, len(e.Progress.Files))
	for i, f := range e.Progress.Files {
		files[i] = map[string]any{"name": f.Name, "rows": f.Rows, "bytes": f.Bytes}
	}
	return map[string]any{
		"id": e.ID, "organisation_id": e.OrgID, "workspace_id": e.WorkspaceID, "filters": e.Filters, "requested_data": e.RequestedData, "format": e.Format,
		"status": e.Status, "error": e.Problem, "description": e.Description, "total": e.Total, "rows": e.Progress.Rows, "files": files,
		"created_by": e.CreatedBy, "created_at": timeText(e.CreatedAt), "last_updated_at": timeText(e.UpdatedAt),
		"started_at": optionalTime(e.StartedAt), "finished_at": optionalTime(e.FinishedAt), "expires_at": optionalTime(e.ExpiresAt), "object": "export",
	}
}

func optionalTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return timeText(t)
}

func (a *API) startExport(r *http.Request, p access.Principal) (any, error) {
	_, err := a.Service.StartExport(r.Context(), p, admin.WorkspaceRef(r), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	a.Exports.Kick()
	return map[string]any{"message": "The export has been started", "object": "export"}, nil
}

func (a *API) cancelExport(r *http.Request, p access.Principal) (any, error) {
	if _, err := a.Service.CancelExport(r.Context(), p, admin.WorkspaceRef(r), r.PathValue("id")); err != nil {
		return nil, err
	}
	a.Exports.Kick() // its files go
	return map[string]any{"message": "The export has been cancelled", "object": "export"}, nil
}

func (a *API) deleteExport(r *http.Request, p access.Principal) (any, error) {
	if err := a.Service.DeleteExport(r.Context(), p, admin.WorkspaceRef(r), r.PathValue("id")); err != nil {
		return nil, err
	}
	a.Exports.Kick() // its files go
	return map[string]any{}, nil
}

func (a *API) fieldRestrictions(r *http.Request, p access.Principal) (any, error) {
	if _, err := a.Service.Target(r.Context(), p, admin.WorkspaceRef(r)); err != nil {
		return nil, err
	}
	denied := a.Logging().DeniedExportFields
	if denied == nil {
		denied = []string{}
	}
	return map[string]any{"object": "field-restrictions", "denied_fields": denied, "fields": ExportFields()}, nil
}

// downloadExport answers with links that work for a while without a key.
func (a *API) downloadExport(r *http.Request, p access.Principal) (any, error) {
	e, err := a.Service.Export(r.Context(), p, admin.WorkspaceRef(r), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	now := a.Now()
	if e.Status != control.ExportDone || !now.Before(e.ExpiresAt) {
		status := string(e.Status)
		if e.Status == control.ExportDone {
			status = "no longer kept"
		}
		return nil, ai.Errorf(ai.Conflict, "The export has no files: it is %s; start it, and download once its status is %s", status, control.ExportDone)
	}
	until := now.Add(linkFor)
	if e.ExpiresAt.Before(until) {
		until = e.ExpiresAt
	}
	links := make([]string, len(e.Progress.Files))
	for i, f := range e.Progress.Files {
		links[i] = a.link(r, e.ID, f.Name, until)
	}
	return map[string]any{"signed_url": links[0], "url": links[0], "signed_urls": links, "expires_at": timeText(until), "object": "export"}, nil
}

func (a *API) link(r *http.Request, id, name string, until time.Time) string {
	scheme := "http"
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https"
	}
	expires := strconv.FormatInt(until.Unix(), 10)
	return scheme + "://" + r.Host + "/v1/logs/exports/" + id + "/files/" + name + "?expires=" + expires + "&signature=" + a.sign(id, name, expires)
}

func (a *API) sign(id, name, expires string) string {
	return a.Service.Sign("export", id, name, expires)
}

// DownloadPattern is where Download is served.
const DownloadPattern = "GET /v1/logs/exports/{id}/files/{name}"

// Download serves a file to whoever has its signed link.
func (a *API) Download(w http.ResponseWriter, r *http.Request) {
	q, id, name := r.URL.Query(), r.PathValue("id"), r.PathValue("name")
	expires, _ := strconv.ParseInt(q.Get("expires"), 10, 64)
	want := a.sign(id, name, q.Get("expires"))
	if !hmac.Equal([]byte(want), []byte(q.Get("signature"))) || a.Now().Unix() >= expires {
		api.Refuse(w, r, ai.Errorf(ai.Forbidden, "This link is not valid, or no longer; get another with GET /v1/logs/exports/{id}/download"), http.StatusForbidden)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	if strings.HasSuffix(name, ".csv") {
		h.Set("Content-Type", "text/csv; charset=utf-8")
	}
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeFile(w, r, a.Exports.Path(id, name)) // the signature vouches for the names
}
