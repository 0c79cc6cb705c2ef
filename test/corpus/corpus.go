// Package corpus finds the recorded provider traffic and official API
// descriptions that tests read in place. A clone without them still passes: its
// tests say what they skipped. Under CI=true their absence is a failure.
package corpus

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// Dir returns the corpus folder: PORTICO_CORPUS, or ../shared/fixtures beside
// the repository. Where there is none it skips t, or fails it under CI=true.
func Dir(t testing.TB) string {
	t.Helper()
	return folder(t, os.Getenv("PORTICO_CORPUS"), "fixtures")
}

// Specs returns the folder of official API descriptions, beside the corpus.
func Specs(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PORTICO_CORPUS")
	if dir != "" {
		dir = filepath.Join(filepath.Dir(filepath.Clean(dir)), "specs")
	}
	return folder(t, dir, "specs")
}

func folder(t testing.TB, dir, name string) string {
	t.Helper()
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		root := filepath.Join(filepath.Dir(file), "..", "..")
		dir = filepath.Join(root, "..", "shared", name)
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the recorded corpus is needed under CI=true: %v", err)
		}
		t.Skipf("skipped: no recorded corpus (%v); set PORTICO_CORPUS", err)
	}
	return dir
}

// An Exchange is one recorded request and its answer (fixtures/README.md).
type Exchange struct {
	ID              string            `json:"id"`
	Provider        string            `json:"provider"`
	Endpoint        string            `json:"endpoint"`
	Model           string            `json:"model"`
	Stream          bool              `json:"stream"`
	Kinds           []string          `json:"kinds"`
	Fidelity        string            `json:"fidelity"`
	Chunking        string            `json:"chunking"`
	Method          string            `json:"method"`
	URL             string            `json:"url"`
	RequestHeaders  map[string]string `json:"request_headers"`
	RequestBody     json.RawMessage   `json:"request_body"`
	Status          int               `json:"status"`
	ResponseHeaders map[string]string `json:"response_headers"`
	ResponseBody    json.RawMessage   `json:"response_body"`
	ResponseChunks  []string          `json:"response_chunks"`

	File string `json:"-"` // path below the corpus folder
}

// Is reports whether the exchange is of the kind ("tool-call", "thinking", …).
func (e *Exchange) Is(kind string) bool { return slices.Contains(e.Kinds, kind) }

// Body returns the recorded answer as the client would have read it.
func (e *Exchange) Body() []byte {
	if len(e.ResponseChunks) > 0 {
		var b []byte
		for _, c := range e.ResponseChunks {
			b = append(b, c...)
		}
		return b
	}
	var s string
	if json.Unmarshal(e.ResponseBody, &s) == nil {
		return []byte(s)
	}
	return e.ResponseBody
}

type indexLine struct {
	File, Provider, Endpoint string
}

// Exchanges loads every recorded exchange of the provider and endpoint, in the
// order of the index; an empty provider or endpoint means all.
func Exchanges(t testing.TB, provider, endpoint string) []*Exchange {
	t.Helper()
	dir := Dir(t)
	files := find(t, dir, provider, endpoint)
	if len(files) == 0 {
		t.Fatalf("the corpus has no exchange of %s %s", provider, endpoint)
	}
	all := make([]*Exchange, len(files))
	for i, file := range files {
		all[i] = load(t, dir, file)
	}
	return all
}

// Has reports whether the corpus has any exchange of the provider and endpoint.
func Has(t testing.TB, provider, endpoint string) bool {
	t.Helper()
	return len(find(t, Dir(t), provider, endpoint)) > 0
}

// find lists the files of the provider and endpoint, in the order of the index.
func find(t testing.TB, dir, provider, endpoint string) (files []string) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l indexLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if provider != "" && l.Provider != provider || endpoint != "" && l.Endpoint != endpoint {
			continue
		}
		files = append(files, l.File)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return files
}

func load(t testing.TB, dir, file string) *Exchange {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	e := &Exchange{File: file}
	if err := json.Unmarshal(b, e); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return e
}
