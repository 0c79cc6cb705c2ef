package console

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// sample stands for a build: the tests must not depend on whether one was made.
var sample = fstest.MapFS{
	"index.html":             {Data: []byte("<!doctype html><title>Portico</title>")},
	"theme.js":               {Data: []byte("// theme")},
	"assets/index-abc.js":    {Data: []byte(strings.Repeat("export const answer = 42;\n", 100))},
	"assets/inter-abc.woff2": {Data: []byte("wOF2")},
	".gitkeep":               {},
}

func get(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	http.StripPrefix("/console", handler{newSite(sample)}).ServeHTTP(rec, req)
	return rec.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestPaths(t *testing.T) {
	const page, immutable = "text/html; charset=utf-8", "public, max-age=31536000, immutable"
	tests := []struct {
		path, kind, cache string
		status            int
	}{
		{"/console/", page, "no-cache", 200},
		{"/console/logs", page, "no-cache", 200},
		{"/console/logs/01K0.a", page, "no-cache", 200},
		{"/console/configs/pc-main-1?tab=versions", page, "no-cache", 200},
		{"/console/theme.js", "text/javascript; charset=utf-8", "no-cache", 200},
		{"/console/assets/index-abc.js", "text/javascript; charset=utf-8", immutable, 200},
		{"/console/assets/inter-abc.woff2", "font/woff2", immutable, 200},
		{"/console/assets/index-old.js", "text/plain; charset=utf-8", "", 404},
		{"/console/.gitkeep", page, "no-cache", 200},
		{"/console/../../etc/passwd", page, "no-cache", 200},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			res := get(t, tt.path)
			if res.StatusCode != tt.status || res.Header.Get("Content-Type") != tt.kind || res.Header.Get("Cache-Control") != tt.cache {
				t.Errorf("got %d %q %q; want %d %q %q", res.StatusCode, res.Header.Get("Content-Type"),
					res.Header.Get("Cache-Control"), tt.status, tt.kind, tt.cache)
			}
		})
	}
}

func TestSecurityHeaders(t *testing.T) {
	for _, path := range []string{"/console/", "/console/assets/index-abc.js", "/console/assets/none.js"} {
		header := get(t, path).Header
		csp := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy %q lacks %q", path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q allows unsafe code", path, csp)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, header)
		}
		if header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other origins may read it", path)
		}
	}
}

func TestGzip(t *testing.T) {
	const path = "/console/assets/index-abc.js"
	want := string(sample["assets/index-abc.js"].Data)
	for coding, zipped := range map[string]bool{"": false, "br": false, "gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false} {
		res := get(t, path, "Accept-Encoding", coding)
		if got := res.Header.Get("Content-Encoding") == "gzip"; got != zipped {
			t.Errorf("Accept-Encoding %q: gzip %v, want %v", coding, got, zipped)
			continue
		}
		reader := io.Reader(res.Body)
		if zipped {
			r, err := gzip.NewReader(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			reader = r
		}
		if got := body(t, reader); got != want {
			t.Errorf("Accept-Encoding %q: wrong content of %d bytes", coding, len(got))
		}
	}
}

func TestNotModified(t *testing.T) {
	for _, coding := range []string{"", "gzip"} {
		first := get(t, "/console/assets/index-abc.js", "Accept-Encoding", coding)
		etag := first.Header.Get("ETag")
		second := get(t, "/console/assets/index-abc.js", "Accept-Encoding", coding, "If-None-Match", etag)
		if second.StatusCode != http.StatusNotModified || body(t, second.Body) != "" {
			t.Errorf("coding %q: got %d for the ETag %s", coding, second.StatusCode, etag)
		}
	}
	if res := get(t, "/console/", "If-None-Match", `"other"`); res.StatusCode != http.StatusOK {
		t.Errorf("another ETag: got %d, want 200", res.StatusCode)
	}
}

func TestMethods(t *testing.T) {
	rec := httptest.NewRecorder()
	Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/console/", nil))
	if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") == "" {
		t.Errorf("POST: got %d, Allow %q", rec.Code, rec.Header().Get("Allow"))
	}
	head := httptest.NewRecorder()
	Handler().ServeHTTP(head, httptest.NewRequest(http.MethodHead, "/console/", nil))
	if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Length") == "0" {
		t.Errorf("HEAD: got %d with %d bytes", head.Code, head.Body.Len())
	}
}

// TestHandler looks at what this very build serves: the console, or how to build it.
func TestHandler(t *testing.T) {
	rec := httptest.NewRecorder()
	Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/console/", nil))
	want := "make console"
	if Built() {
		want = `<div id="root">`
	}
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
		t.Errorf("got %d %q, want a page with %q", rec.Code, rec.Body, want)
	}
	redirect := httptest.NewRecorder()
	Handler().ServeHTTP(redirect, httptest.NewRequest(http.MethodGet, "/console", nil))
	if redirect.Code != http.StatusMovedPermanently || redirect.Header().Get("Location") != "/console/" {
		t.Errorf("/console: got %d to %q", redirect.Code, redirect.Header().Get("Location"))
	}
}
