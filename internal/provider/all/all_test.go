package all_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/spool"
	dialects "github.com/portico-ai/portico/internal/dialect/all"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/provider/oracle"
	"github.com/portico-ai/portico/internal/provider/providertest"
	"github.com/portico-ai/portico/internal/sign"
	"github.com/portico-ai/portico/test/corpus"
)

func registry(t *testing.T) *provider.Registry {
	t.Helper()
	r, err := all.New(sign.Clients{Tokens: http.DefaultClient, Identity: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds text to a file; with -update it becomes the file.
func golden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./internal/provider/all -update writes it", err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s is not what the rows say; go test ./internal/provider/all -update writes it anew (-file +rows):\n%s", file, diff)
	}
}

// TestConformance also holds docs/conformance.md to what it found.
func TestConformance(t *testing.T) {
	formats := dialects.New()
	r := registry(t)
	var matrix providertest.Matrix
	for _, id := range r.IDs() {
		p, _ := r.Get(id)
		t.Run(id, func(t *testing.T) { matrix.Lines = append(matrix.Lines, providertest.Run(t, p, formats)...) })
		for _, v := range p.Variants {
			t.Run(id+" as "+v.Row.Name, func(t *testing.T) { matrix.Lines = append(matrix.Lines, providertest.Run(t, v.Row, formats)...) })
		}
	}
	t.Run("matrix", func(t *testing.T) {
		corpus.Dir(t)
		if len(matrix.Lines) < len(r.IDs()) {
			t.Skip("skipped: not all providers were run")
		}
		t.Log("\n" + matrix.String())
		if matrix.Failed() {
			t.Fatal("docs/conformance.md is not compared while cases fail")
		}
		golden(t, docs+"conformance.md", matrix.String())
	})
}

const docs = "../../../docs/"

// Each provider has a page in the manual, made of its row.
func TestPages(t *testing.T) {
	r := registry(t)
	golden(t, docs+"providers/README.md", r.Index())
	known := map[string]bool{"README.md": true}
	for _, id := range r.IDs() {
		p, _ := r.Get(id)
		d := p.Describe()
		golden(t, docs+"providers/"+id+".md", d.Page())
		known[id+".md"] = true
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if count := fmt.Sprintf("one of %d model providers", len(r.IDs())); !strings.Contains(string(readme), count) {
		t.Errorf("README.md does not say %q", count)
	}
	files, err := os.ReadDir(docs + "providers")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] {
			t.Errorf("docs/providers/%s is of no provider; delete it", f.Name())
		}
	}
}

// What a plain call of each provider's operations looks like on the wire:
// provider, operation, dialect, method, URL, headers.
func TestRequests(t *testing.T) {
	var got []string
	r := registry(t)
	for _, id := range r.IDs() {
		if id == oracle.ID {
			continue // its signature has no fixed text; its own tests look at it
		}
		p, _ := r.Get(id)
		rows := []*provider.Provider{p}
		for _, v := range p.Variants {
			rows = append(rows, v.Row)
		}
		for _, row := range rows {
			for _, op := range slices.Sorted(maps.Keys(row.Ops)) {
				if !row.Ops[op].AsCalled { // else it is as the client says
					got = append(got, request(t, row, op))
				}
			}
		}
	}
	golden(t, "testdata/requests.txt", strings.Join(got, "\n")+"\n")
}

// inURL reports whether a field has its place in the address of an operation.
func inURL(p *provider.Provider, op ai.Op, field string) bool {
	return strings.Contains(p.Base+p.Ops[op].Base+p.Ops[op].Path, "{"+field+"}")
}

func request(t *testing.T, p *provider.Provider, op ai.Op) string {
	t.Helper()
	c := &provider.Call{Op: op, Model: "m", Body: []byte(`{}`), Key: ai.NewSecret("KEY"), Fields: map[string]string{}}
	for _, f := range p.Fields {
		switch {
		case f.URL:
			c.Fields[f.Name] = "https://URL"
		case f.Name == "provider_file_name":
			c.Fields[f.Name] = "in/a b.jsonl"
		case f.Name == "deployment_id" || f.Default == "" && (f.Required || inURL(p, op, f.Name)):
			c.Fields[f.Name] = strings.ToUpper(f.Name)
		}
	}
	for _, route := range ai.Platform {
		if route.Op == op {
			c.Method, c.Rest = route.Method, strings.Replace(route.Path, "{id}", "id", 1)
		}
	}
	if p.Base == "" {
		c.Base = "http://127.0.0.1:11434"
	}
	switch op {
	case ai.Transcribe:
		c.Upload, c.Body = recording(t)
	case ai.Speech:
		c.Body = []byte(`{"model":"m","voice":"v","text":"hi"}`)
	case ai.ImageEdit:
		c.Model = "kontext" // not every model of Fireworks' edits
	}
	inS3 := strings.HasPrefix(p.Ops[op].Base, "https://s3.")
	if inS3 { // it knows no API keys
		c.Fields["aws_access_key_id"], c.Fields["aws_secret_access_key"] = "AKIA", "secret"
	}
	r, err := p.Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if inS3 { // what changes from call to call
		r.Header.Set("Authorization", "SIGNATURE")
		r.Header.Set("X-Amz-Date", "NOW")
	}
	line := fmt.Sprint(p.ID, " ", op, " ", p.Ops[op].Dialect, " ", r.Method, " ", r.URL)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if strings.HasPrefix(r.Header.Get(name), "multipart/form-data;") {
			line += " " + name + "=form"
			continue
		}
		line += " " + name + "=" + strings.Join(r.Header[name], ",")
	}
	return line
}

// recording is a form with a file.
func recording(t *testing.T) (*form.Form, []byte) {
	t.Helper()
	body := "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n--b--\r\n"
	f, err := form.Read(strings.NewReader(body), "b", spool.New(t.TempDir(), 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return f, f.Fields()
}
