package admin

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const openAPIURL = "file:///openapi.json"

// description is docs/openapi.yaml, as a document whose schemas can be compiled.
type description struct {
	doc      map[string]any
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
}

var loadDescription = sync.OnceValues(func() (*description, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "openapi.yaml"))
	if err != nil {
		return nil, err
	}
	b, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	d := &description{doc: v.(map[string]any), compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	return d, d.compiler.AddResource(openAPIURL, v)
})

func describe(t *testing.T) *description {
	t.Helper()
	d, err := loadDescription()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows a JSON pointer, and a reference where one ends.
func (d *description) at(pointer string) (string, map[string]any) {
	now := d.doc
	for _, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		now, _ = now[part].(map[string]any)
	}
	if ref, ok := now["$ref"].(string); ok {
		return d.at(strings.TrimPrefix(ref, "#"))
	}
	return pointer, now
}

func (d *description) schema(t *testing.T, pointer string) *jsonschema.Schema {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.schemas[pointer]; ok {
		return s
	}
	s, err := d.compiler.Compile(openAPIURL + "#" + pointer)
	if err != nil {
		t.Fatalf("%s: %v", pointer, err)
	}
	d.schemas[pointer] = s
	return s
}

// check validates an answer against what the description says of it. pattern is
// the route's, "GET /v1/configs".
func (d *description) check(t *testing.T, pattern string, status int, body []byte) {
	t.Helper()
	pointer := "/components/schemas/Error"
	if status < 300 {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.Replace(path, "/v2/", "/v1/", 1)
		at, response := d.at("/paths/" + strings.ReplaceAll(path, "/", "~1") + "/" + strings.ToLower(method) + "/responses/" + strconv.Itoa(status))
		if response == nil {
			t.Errorf("%s: the status %d is not described", pattern, status)
			return
		}
		pointer = at + "/content/application~1json/schema"
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v", pattern, err)
		return
	}
	if err := d.schema(t, pointer).Validate(v); err != nil {
		t.Errorf("%s answers %d with\n%s\nwhich is not what is described: %v", pattern, status, body[:min(len(body), 1000)], err)
	}
}

// fromOutside are routes that the program gives to New; their own packages hold
// them against the description.
var fromOutside = regexp.MustCompile(`^[A-Z]+ /v1/(logs|traces|feedback|analytics|otel)(/|$)`)

func TestEveryRouteIsDescribedAndViceVersa(t *testing.T) {
	d := describe(t)
	described, ids := map[string]bool{}, map[string]bool{}
	_, paths := d.at("/paths")
	for path, operations := range paths {
		for method, v := range operations.(map[string]any) {
			op, ok := v.(map[string]any)
			if !ok { // parameters that all methods share
				continue
			}
			name := strings.ToUpper(method) + " " + path
			described[name] = true
			id, _ := op["operationId"].(string)
			if id == "" || ids[id] || op["responses"] == nil {
				t.Errorf("%s has no responses, or no operationId of its own", name)
			}
			ids[id] = true
		}
	}
	served := map[string]bool{}
	for _, r := range newServer(t).api.Routes() {
		name := r.Method + " /v1" + r.Pattern
		served[name] = true
		if !described[name] {
			t.Errorf("%s is served but not described", name)
		}
	}
	for name := range described {
		if !served[name] && !fromOutside.MatchString(name) {
			t.Errorf("%s is described but not served", name)
		}
	}
}

var reference = regexp.MustCompile(`\$ref: "#(/[^"]+)"`)

func TestTheDescriptionIsSound(t *testing.T) {
	d := describe(t)
	_, schemas := d.at("/components/schemas")
	for name := range schemas {
		d.schema(t, "/components/schemas/"+name)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range reference.FindAllStringSubmatch(string(text), -1) {
		if _, v := d.at(m[1]); v == nil {
			t.Errorf("a reference to %s, which is not there", m[1])
		}
	}
}
