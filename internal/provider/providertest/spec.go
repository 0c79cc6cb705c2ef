package providertest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/test/corpus"
)

// A description is a provider's official API description.
type description struct {
	file   string // below the folder of descriptions
	prefix string // of its paths, before the row's
	suffix string // after them, where features in trial are described as well
	lacks  ai.Op  // offered by the provider, but described elsewhere

	model string // what it calls the model in a path

	correct func(doc any) // undoes a mistake of the description's
}

// descriptions are those of providers that publish one of their own. A row that
// speaks another's format is checked by its own traffic alone.
var descriptions = map[string]description{
	"openai":    {file: "openai/openapi.yaml.gz"},
	"anthropic": {file: "anthropic/openapi.json.gz", prefix: "/v1", suffix: "?beta=true"},
	"google":    {file: "google-gemini/openapi-from-discovery.json", model: "{modelsId}", correct: asProtoJSON},
	"azure-openai": {
		file: "azure/azure-openai-2024-10-21.yaml", prefix: "/deployments/{deployment-id}", lacks: ai.Models,
		// It asks for a type inside json_schema, which it does not have.
		correct: func(doc any) {
			format, _ := member(doc, "components", "schemas", "ResponseFormatJsonSchema", "properties", "json_schema").(map[string]any)
			format["required"] = []any{"name"}
		},
	},
}

// official compiles the schema of an operation's request body from the
// provider's description; it fails t if that does not have the operation. It is
// nil for one that takes no body, and where there is no description.
func (s *subject) official(t *testing.T) *jsonschema.Schema {
	t.Helper()
	d, ok := descriptions[s.p.ID]
	if !ok || d.lacks == s.op {
		return nil
	}
	doc, err := readDescription(filepath.Join(corpus.Specs(t), filepath.FromSlash(d.file)))
	if err != nil {
		t.Fatal(err)
	}
	if d.correct != nil {
		d.correct(doc)
	}
	path, method := d.prefix+strings.Replace(pathOf(s.endpoint.Path), "{model}", d.model, 1)+d.suffix, strings.ToLower(s.method())
	if member(doc, "paths", path, method) == nil {
		t.Fatalf("the official description has no %s %s", method, path)
	}
	if s.method() == http.MethodGet {
		return nil
	}
	schema, err := compile(doc, "paths", path, method, "requestBody", "content", "application/json", "schema")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// readDescription reads an OpenAPI document, YAML or JSON, compressed or not.
func readDescription(file string) (any, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(file, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(z); err != nil {
			return nil, err
		}
	}
	var doc any
	if strings.Contains(filepath.Base(file), ".json") {
		doc, err = jsonschema.UnmarshalJSON(bytes.NewReader(data))
	} else {
		err = yaml.Unmarshal(data, &doc)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return jsonSchema(doc), nil
}

// member walks down objects; nil if there is no such member.
func member(doc any, path ...string) any {
	for _, key := range path {
		object, _ := doc.(map[string]any)
		doc = object[key]
	}
	return doc
}

func compile(doc any, path ...string) (*jsonschema.Schema, error) {
	const name = "openapi.json"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	pointer := ""
	for _, key := range path {
		pointer += "/" + escape.Replace(key)
	}
	return c.Compile(name + "#" + pointer)
}

// jsonSchema rewrites what OpenAPI 3.0 says in its own words as JSON Schema: a
// nullable type also takes null, and a limit that is marked exclusive is one.
func jsonSchema(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = jsonSchema(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = jsonSchema(v[key])
		}
		for _, limit := range []string{"minimum", "maximum"} {
			if text, ok := v[limit].(string); ok {
				v[limit] = json.Number(text) // beyond 64 bits, which the YAML reader leaves as text
			}
		}
		for exclusive, limit := range map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"} {
			if is, ok := v[exclusive].(bool); ok {
				if delete(v, exclusive); is {
					v[exclusive] = v[limit]
				}
			}
		}
		if v["nullable"] == true {
			delete(v, "nullable")
			return map[string]any{"anyOf": []any{v, map[string]any{"type": "null"}}}
		}
	}
	return v
}

// validate reports how a request's body differs from what the provider's
// description allows.
func validate(schema *jsonschema.Schema, body []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}

// checkAllowed validates a request's body as it is encoded. known says why the
// description does not allow it, "" if it should.
func (s *subject) checkAllowed(t *testing.T, schema *jsonschema.Schema, body []byte, known string) {
	t.Helper()
	c := s.call()
	c.Body = body
	sent, err := io.ReadAll(s.encode(t, c).Body)
	if err != nil {
		t.Fatal(err)
	}
	switch err := validate(schema, sent); {
	case err != nil && known == "":
		t.Errorf("the official description does not allow the request: %.1500s\nin %.500s", err, sent)
	case err == nil && known != "":
		t.Errorf("the official description allows the request after all; it is listed as: %s", known)
	}
}
