package route

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compileSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// schemaFault returns what the schema has against a config, nil if nothing.
func schemaFault(t testing.TB, s *jsonschema.Schema, config string) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(config))
	if err != nil {
		return err
	}
	return s.Validate(withoutNulls(v))
}

// withoutNulls drops the members that are null above the leaves of queries and
// params, where null is a value.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			switch {
			case key == "query" || strings.HasSuffix(key, "_params"):
			case member == nil:
				delete(v, key)
			default:
				v[key] = withoutNulls(member)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	}
	return v
}

// TestSchemaAcceptsWhatParseAccepts covers the configs that are walked; the
// checks of check_*.txt compare the verdicts one by one.
func TestSchemaAcceptsWhatParseAccepts(t *testing.T) {
	s := compileSchema(t)
	for _, file := range []string{"walk_retry.txt", "walk_fallback.txt", "walk_cookbook.txt", "walk_conditional.txt"} {
		for _, c := range readCases(t, "testdata/"+file) {
			config := c.get("config")
			if _, err := Parse([]byte(config), Options{}); err != nil {
				continue
			}
			if err := schemaFault(t, s, config); err != nil {
				t.Errorf("%s, %s: %v", file, c.name, err)
			}
		}
	}
}
