// Package console serves the web console: the files that web/ builds, embedded
// in the binary. Those files are not in the repository; `make console` builds
// them and copies them to dist/. Without them the package compiles all the same
// and serves a page that says how to build them.
package console

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// Prefix is the path that the console is served below.
const Prefix = "/console/"

// policy is what the pages may do. Scripts and styles are files of our own;
// pictures may also be those that a logged message carries inside it.
const policy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; " +
	"form-action 'self'; frame-ancestors 'none'"

//go:embed all:dist
var dist embed.FS

//go:embed placeholder
var placeholder embed.FS

// Handler serves the console at Prefix. Paths that name no file get the page
// itself, which finds out by its address what to show; missing assets get 404.
func Handler() http.Handler {
	return http.StripPrefix(strings.TrimSuffix(Prefix, "/"), handler{newSite(built())})
}

// Built reports whether the console was part of the build.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

func built() fs.FS {
	files, root := fs.FS(dist), "dist"
	if !Built() {
		files, root = placeholder, "placeholder"
	}
	sub, err := fs.Sub(files, root)
	if err != nil {
		panic(err) // only for an invalid path, and both are constants
	}
	return sub
}

type handler struct{ site *site }

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "The console is only read; the API is at /v1.", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == "" {
		http.Redirect(w, r, Prefix, http.StatusMovedPermanently)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	f := h.site.file(name)
	if f == nil && strings.HasPrefix(name, "assets/") {
		http.Error(w, "There is no such file; reload the console.", http.StatusNotFound)
		return
	}
	if f == nil {
		f = h.site.file("index.html")
	}
	f.serve(w, r)
}
