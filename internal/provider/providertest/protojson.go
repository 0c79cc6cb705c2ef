package providertest

import "strings"

// asProtoJSON turns a description of protobuf messages, as it was made from
// Google's discovery document, into what their JSON mapping takes: names in
// snake_case as well, null for any member, 64-bit numbers as numbers, enums by their
// number and, as Google reads them, in lower case; and nothing that is not described.
func asProtoJSON(doc any) {
	schemas, _ := member(doc, "components", "schemas").(map[string]any)
	for _, s := range schemas {
		message, _ := s.(map[string]any)
		properties, _ := message["properties"].(map[string]any)
		if len(properties) == 0 {
			continue
		}
		message["additionalProperties"] = false
		for name, p := range properties {
			p = loosened(p)
			properties[name] = p
			properties[snakeCase(name)] = p
		}
	}
}

func loosened(property any) any {
	p, _ := property.(map[string]any)
	if p["format"] == "int64" {
		p["type"] = []any{"string", "integer"}
	}
	if values, ok := p["enum"].([]any); ok {
		for _, v := range values {
			if text, ok := v.(string); ok && strings.ToLower(text) != text {
				p["enum"] = append(p["enum"].([]any), strings.ToLower(text))
			}
		}
		property = map[string]any{"anyOf": []any{p, map[string]any{"type": "integer"}}}
	}
	if p["format"] == "byte" {
		delete(p, "format")
	}
	return map[string]any{"anyOf": []any{property, map[string]any{"type": "null"}}}
}

func snakeCase(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
