package corpus

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// AWSShape compiles a structure of an AWS service's own model (botocore's
// service-2.json) as a JSON schema of the body that holds it. Members that the
// model does not know are allowed only in an open schema: services add some to
// their answers.
func AWSShape(t testing.TB, file, shape string, open bool) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Specs(t), filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	m := awsModel{open: open}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	defs := map[string]any{}
	for name, s := range m.Shapes {
		defs[name] = m.schema(s)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("aws.json", map[string]any{"$defs": defs}); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("aws.json#/$defs/" + shape)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

type awsModel struct {
	Shapes map[string]*awsShape `json:"shapes"`
	open   bool
}

type awsShape struct {
	Type                       string
	Members                    map[string]*awsMember
	Member, Value              *awsMember
	Required, Enum             []string
	Union, Document, Exception bool
	Min, Max                   *json.Number
	Pattern                    string
}

type awsMember struct{ Shape, Location, LocationName string }

func (m *awsModel) schema(s *awsShape) map[string]any {
	ref := func(to *awsMember) map[string]any { return map[string]any{"$ref": "#/$defs/" + to.Shape} }
	out := map[string]any{}
	limit := func(min, max string) {
		if s.Min != nil {
			out[min] = *s.Min
		}
		if s.Max != nil {
			out[max] = *s.Max
		}
	}
	switch s.Type {
	case "structure":
		if s.Document {
			return out
		}
		properties, required := map[string]any{}, []any{}
		for name, member := range s.Members {
			if member.Location == "" {
				properties[name] = ref(member)
			}
		}
		for _, name := range s.Required {
			if properties[name] != nil {
				required = append(required, name)
			}
		}
		out["type"], out["properties"], out["required"] = "object", properties, required
		if !m.open {
			out["additionalProperties"] = false
		}
		if s.Union && !m.open {
			out["minProperties"], out["maxProperties"] = 1, 1
		}
	case "list":
		out["type"], out["items"] = "array", ref(s.Member)
		limit("minItems", "maxItems")
	case "map":
		out["type"], out["additionalProperties"] = "object", ref(s.Value)
		limit("minProperties", "maxProperties")
	case "string":
		out["type"] = "string"
		limit("minLength", "maxLength")
		if len(s.Enum) > 0 {
			list := make([]any, len(s.Enum))
			for i := range s.Enum {
				list[i] = s.Enum[i]
			}
			out["enum"] = list
		}
		if s.Pattern != "" {
			out["pattern"] = "^(?:" + s.Pattern + ")$"
		}
	case "blob":
		out["type"], out["pattern"] = "string", "^[A-Za-z0-9+/]*={0,2}$"
	case "integer", "long":
		out["type"] = "integer"
		limit("minimum", "maximum")
	case "float", "double":
		out["type"] = "number"
		limit("minimum", "maximum")
	case "boolean":
		out["type"] = "boolean"
	}
	return out
}

// SmithyShape is AWSShape for a service whose model is in Smithy's JSON, compressed.
func SmithyShape(t testing.TB, file, shape string) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(filepath.Join(Specs(t), filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Shapes map[string]*smithyShape }
	if err := json.NewDecoder(z).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	m := awsModel{}
	defs := map[string]any{}
	for name, s := range doc.Shapes {
		defs[smithyName(name)] = m.schema(s.aws())
	}
	for name, kind := range map[string]string{"String": "string", "Integer": "integer", "Boolean": "boolean", "Float": "number", "Unit": "null"} {
		defs[name] = map[string]any{"type": kind}
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("smithy.json", map[string]any{"$defs": defs}); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("smithy.json#/$defs/" + shape)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

type smithyShape struct {
	Type          string
	Members       map[string]smithyMember
	Member, Value smithyMember
	Traits        map[string]json.RawMessage
}

type smithyMember struct {
	Target string
	Traits map[string]json.RawMessage
}

func smithyName(id string) string { return id[strings.LastIndexByte(id, '#')+1:] }

// aws is the shape in the words of the older model.
func (s *smithyShape) aws() *awsShape {
	out := &awsShape{Type: s.Type, Members: map[string]*awsMember{}, Member: &awsMember{Shape: smithyName(s.Member.Target)}, Value: &awsMember{Shape: smithyName(s.Value.Target)}}
	var limit struct{ Min, Max *json.Number }
	for _, trait := range []string{"length", "range"} {
		_ = json.Unmarshal(s.Traits["smithy.api#"+trait], &limit)
	}
	out.Min, out.Max = limit.Min, limit.Max
	_ = json.Unmarshal(s.Traits["smithy.api#pattern"], &out.Pattern)
	if _, err := regexp.Compile(out.Pattern); err != nil {
		out.Pattern = "" // it repeats more than Go's expressions can
	}
	switch s.Type {
	case "union":
		out.Type, out.Union = "structure", true
	case "enum":
		out.Type = "string"
	}
	for name, m := range s.Members {
		if value, ok := m.Traits["smithy.api#enumValue"]; ok {
			var text string
			_ = json.Unmarshal(value, &text)
			out.Enum = append(out.Enum, text)
			continue
		}
		location := ""
		for _, place := range []string{"httpLabel", "httpQuery", "httpHeader"} {
			if _, ok := m.Traits["smithy.api#"+place]; ok {
				location = place
			}
		}
		out.Members[name] = &awsMember{Shape: smithyName(m.Target), Location: location}
		if _, ok := m.Traits["smithy.api#required"]; ok {
			out.Required = append(out.Required, name)
		}
	}
	return out
}
