package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// A site is a tree of files by their slash-separated names.
type site struct{ files map[string]*file }

// A file is one file in the forms it is sent in.
type file struct {
	name, kind, etag string
	plain            []byte
	zipped           func() []byte // nil when it does not get smaller
}

func newSite(tree fs.FS) *site {
	s := &site{files: map[string]*file{}}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		s.files[name] = newFile(name, data)
		return err
	})
	if err != nil {
		panic(err) // the tree is in the binary itself
	}
	return s
}

func newFile(name string, data []byte) *file {
	sum := sha256.Sum256(data)
	f := &file{
		name:   name,
		kind:   contentType(name),
		etag:   `"` + hex.EncodeToString(sum[:8]) + `"`,
		plain:  data,
		zipped: func() []byte { return nil },
	}
	if compressible(f.kind) && len(data) > 1024 {
		f.zipped = sync.OnceValue(func() []byte { return zip(data) })
	}
	return f
}

// contentType does not ask the machine's own table, which differs between machines.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

func compressible(kind string) bool {
	return strings.HasPrefix(kind, "text/") || kind == "image/svg+xml"
}

func zip(data []byte) []byte {
	var buf bytes.Buffer
	w, _ := gzip.NewWriterLevel(&buf, gzip.BestCompression) // the level is valid
	_, _ = w.Write(data)                                    // a Buffer takes everything
	_ = w.Close()
	return buf.Bytes()
}

// file answers the file of that name, or nil.
func (s *site) file(name string) *file { return s.files[name] }

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.kind)
	header.Set("Cache-Control", f.cacheControl())
	header.Set("Vary", "Accept-Encoding")
	body, etag := f.plain, f.etag
	if acceptsGzip(r) {
		if zipped := f.zipped(); zipped != nil {
			body, etag = zipped, strings.TrimSuffix(f.etag, `"`)+`-gz"`
			header.Set("Content-Encoding", "gzip")
		}
	}
	header.Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // an error means that the client has left
	}
}

// Names below assets/ carry a hash of their content, so they never change.
func (f *file) cacheControl() string {
	if strings.HasPrefix(f.name, "assets/") {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding == "gzip" {
			return strings.ReplaceAll(weight, " ", "") != "q=0"
		}
	}
	return false
}
