package analytics

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/test/corpus"
)

// A description is an OpenAPI document whose schemas can be compiled.
type description struct {
	doc      map[string]any
	compiler *jsonschema.Compiler
	prefix   string // of its analytics' paths
}

func describe(t *testing.T, text []byte, prefix string, adapt func(any)) *description {
	t.Helper()
	b, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	adapt(doc)
	d := &description{doc: doc.(map[string]any), compiler: jsonschema.NewCompiler(), prefix: prefix}
	if err := d.compiler.AddResource("file:///openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// paths are the described ones below /analytics, with the operation of each.
func (d *description) paths() map[string]map[string]any {
	all := map[string]map[string]any{}
	for path, item := range d.doc["paths"].(map[string]any) {
		if rest, ok := strings.CutPrefix(path, d.prefix+"/analytics/"); ok {
			all[rest] = item.(map[string]any)["get"].(map[string]any)
		}
	}
	return all
}

// check validates what a path answers.
func (d *description) check(t *testing.T, path string, body []byte) {
	t.Helper()
	pointer := strings.ReplaceAll(strings.ReplaceAll(d.prefix+"/analytics/"+path, "~", "~0"), "/", "~1")
	schema, err := d.compiler.Compile("file:///openapi.json#/paths/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(pointer) + "/get/responses/200/content/application~1json/schema")
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%s answers\n%.600s\nwhich is not what is described: %v", path, body, err)
	}
}

// fractions makes numbers of what Portkey describes as integers: amounts in cents,
// means and shares, of which its own console shows decimals.
func fractions(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if schema, ok := member.(map[string]any); ok && fractional.MatchString(name) && schema["type"] == "integer" {
				schema["type"] = "number"
			}
			fractions(member)
		}
	case []any:
		for _, member := range v {
			fractions(member)
		}
	}
}

var fractional = regexp.MustCompile(`^(avg.*|cost|p\d\d|rate|cumulative_.*|cache_speedup|total)$`)

func official(t *testing.T) *description {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus.Specs(t), "portkey", "openapi.yaml.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return describe(t, text, "", fractions)
}

func ours(t *testing.T) *description {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return describe(t, text, "/v1", func(any) {})
}

var concrete = strings.NewReplacer("{metadataKey}", "team", "{key}", "team", "{by}", "model")

// Every path of Portkey's description is served, in the shape that it describes.
func TestAnswersAreAsPortkeyDescribesThem(t *testing.T) {
	d := official(t)
	s := newServer(t)
	seed(s)
	if n := len(d.paths()); n != 21 {
		t.Errorf("%d paths are described, want 21", n)
	}
	for path, operation := range d.paths() {
		s.seen = func(_ string, body []byte) { d.check(t, path, body) }
		s.get(concrete.Replace(path), fourDays())
		for _, p := range operation["parameters"].([]any) {
			ref, _ := p.(map[string]any)["$ref"].(string)
			if ref == "" {
				continue // of the path
			}
			parameter := d.doc["components"].(map[string]any)["parameters"].(map[string]any)[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any)
			name := parameter["name"].(string)
			values := map[string]string{"metadata": `{"team":"red"}`, "ai_org_model": "openai__m1", "workspace_slug": s.first.Slug, "status_code": "200,401", "time_of_generation_min": "2026-03-02T05:30:00+05:30", "time_of_generation_max": "2026-03-06T05:30:00+05:30"}
			value, ok := values[name]
			if !ok {
				value = "1"
			}
			s.get(concrete.Replace(path), fourDays(name, value))
		}
	}
}

// Our own description says of every route exactly what is answered.
func TestAnswersAreAsWeDescribeThem(t *testing.T) {
	d := ours(t)
	s := newServer(t)
	seed(s)
	paths := d.paths()
	routes := New(Deps{}).Routes()
	if len(routes) != len(paths) {
		t.Errorf("%d routes, %d described", len(routes), len(paths))
	}
	for _, r := range routes {
		path := strings.TrimPrefix(r.Pattern, "/analytics/")
		if _, ok := paths[path]; !ok {
			t.Errorf("%s is not described", path)
			continue
		}
		for _, q := range []string{"1d", "1w"} {
			s.seen = func(_ string, body []byte) { d.check(t, path, body) }
			s.get(concrete.Replace(path), fourDays("interval", q))
		}
		s.get(concrete.Replace(path), fourDays("trace_id", "none"))
	}
	s.seen = func(_ string, body []byte) { d.check(t, "groups/{by}", body) }
	every := strings.ReplaceAll(columnNames(), " ", "")
	for by := range dimensions {
		s.get("groups/"+by, fourDays("columns", every))
	}
	s.get("groups/metadata/team", fourDays("columns", every))
	item := d.doc["paths"].(map[string]any)["/v1/analytics/groups/{by}"].(map[string]any)
	said := map[string]bool{}
	for _, list := range []any{item["parameters"], item["get"].(map[string]any)["parameters"]} {
		for _, p := range list.([]any) {
			if name, ok := p.(map[string]any)["name"].(string); ok {
				said[name] = true
			}
		}
	}
	for _, name := range filters {
		if !said[name] && name != "workspace_id" && name != "current_page" {
			t.Errorf("the parameter %s is not described", name)
		}
	}
}
