package admin

import (
	"net/http"
	"strconv"

	"github.com/portico-ai/portico/internal/control"
)

const (
	defaultPageSize = 100
	maxPageSize     = 1000
)

// pageOf reads which part of a list is wanted, in either spelling. Values that
// make no sense mean the first page of the usual size.
func pageOf(r *http.Request) control.Page {
	p := control.Page{
		Number: queryNumber(r, 0, "current_page", "currentPage"),
		Size:   min(queryNumber(r, defaultPageSize, "page_size", "pageSize"), maxPageSize),
	}
	if p.Size == 0 {
		p.Size = defaultPageSize
	}
	return p
}

// PageOf is which part of a list a request wants.
func PageOf(r *http.Request) control.Page { return pageOf(r) }

func queryNumber(r *http.Request, otherwise int, names ...string) int {
	n, err := strconv.Atoi(queryText(r, names...))
	if err != nil || n < 0 || n > 1<<30 {
		return otherwise
	}
	return n
}

// queryText is the first of the named parameters that is there.
func queryText(r *http.Request, names ...string) string {
	q := r.URL.Query()
	for _, name := range names {
		if v := q.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// WorkspaceRef is the workspace that a request's query names by id or slug, ""
// for none. Give it to control.Service.Target.
func WorkspaceRef(r *http.Request) string {
	return queryText(r, "workspace_id", "workspaceId", "workspace_slug", "workspaceSlug")
}

// workspaceRef looks into the query and the body.
func workspaceRef(r *http.Request, in *input) string {
	if ref := WorkspaceRef(r); ref != "" {
		return ref
	}
	return in.must("workspace_id")
}
