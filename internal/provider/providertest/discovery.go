package providertest

import "strings"

// fromDiscovery turns a discovery document of Google's into what an OpenAPI
// document of the same API would say of its methods and their bodies.
func fromDiscovery(doc any) any {
	schemas, _ := member(doc, "schemas").(map[string]any)
	for name := range schemas {
		schemas[name] = undiscovered(schemas[name])
	}
	paths := map[string]any{}
	addMethods(paths, doc)
	return map[string]any{"paths": paths, "components": map[string]any{"schemas": schemas}}
}

func addMethods(paths map[string]any, resource any) {
	methods, _ := member(resource, "methods").(map[string]any)
	for _, m := range methods {
		path, ok := member(m, "flatPath").(string)
		if !ok {
			path, _ = member(m, "path").(string)
		}
		verb, _ := member(m, "httpMethod").(string)
		name, _ := member(m, "request", "$ref").(string)
		described, _ := paths["/"+path].(map[string]any)
		if described == nil {
			described = map[string]any{}
			paths["/"+path] = described
		}
		operation := map[string]any{}
		if name != "" {
			operation["requestBody"] = map[string]any{"content": map[string]any{
				"application/json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/" + name}},
			}}
		}
		described[strings.ToLower(verb)] = operation
	}
	resources, _ := member(resource, "resources").(map[string]any)
	for _, r := range resources {
		addMethods(paths, r)
	}
}

// undiscovered rewrites references, and leaves out what JSON Schema has no word for.
func undiscovered(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = undiscovered(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = undiscovered(v[key])
		}
		if name, ok := v["$ref"].(string); ok && !strings.HasPrefix(name, "#") {
			v["$ref"] = "#/components/schemas/" + name
		}
		if _, isSchema := v["type"].(string); isSchema {
			delete(v, "id")
			if v["type"] == "any" {
				delete(v, "type")
			}
		}
	}
	return v
}
