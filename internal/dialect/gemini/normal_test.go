package gemini

import (
	"encoding/json"
	"strings"
	"testing"
)

// normal is a request with what has several spellings in one of them: keys in
// camelCase, absent defaults left out, contents of one side in a row as one, schemas
// as what they allow.
func normal(t testing.TB, body []byte) object {
	t.Helper()
	m := camelAll(decode(t, body)).(object)
	for _, key := range []string{"model", "modelArmorConfig"} {
		delete(m, key)
	}
	if system, ok := m["systemInstruction"].(object); ok {
		delete(system, "role")
		system["parts"] = normalParts(system["parts"])
		if len(system["parts"].([]any)) == 0 {
			delete(m, "systemInstruction")
		}
	}
	var contents []any
	for _, c := range m["contents"].([]any) {
		content := c.(object)
		role, _ := content["role"].(string)
		if role != "model" {
			role = "user"
		}
		list := normalParts(content["parts"])
		if role == "user" { // results stand first
			var results, rest []any
			for _, p := range list {
				if r, ok := p.(object)["functionResponse"].(object); ok {
					results = append(results, p)
					rest = append(rest, normalParts(r["parts"])...)
					delete(r, "parts")
				} else {
					rest = append(rest, p)
				}
			}
			list = append(results, rest...)
		} else {
			var said, calls []any
			for _, p := range list {
				if p.(object)["functionCall"] != nil {
					calls = append(calls, p)
				} else {
					said = append(said, p)
				}
			}
			list = append(joinThoughts(said), calls...)
		}
		if len(list) == 0 {
			continue
		}
		if n := len(contents); n > 0 && contents[n-1].(object)["role"] == role {
			last := contents[n-1].(object)
			last["parts"] = joinParts(append(last["parts"].([]any), list...))
			continue
		}
		contents = append(contents, object{"role": role, "parts": list})
	}
	m["contents"] = contents
	if config, ok := m["generationConfig"].(object); ok {
		normalConfig(config)
		if len(config) == 0 {
			delete(m, "generationConfig")
		}
	}
	var functions, own []any
	for _, e := range anyList(m["tools"]) {
		for key, value := range e.(object) {
			if key != "functionDeclarations" {
				own = append(own, object{key: value})
				continue
			}
			for _, f := range anyList(value) {
				functions = append(functions, normalFunction(f.(object)))
			}
		}
	}
	if m["tools"] = append(own, functions...); len(own)+len(functions) == 0 {
		delete(m, "tools")
	}
	if config, ok := m["toolConfig"].(object); ok && (len(config) == 0 || len(functions) == 0) {
		delete(m, "toolConfig")
	}
	if len(anyList(m["safetySettings"])) == 0 {
		delete(m, "safetySettings")
	}
	return m
}

func normalConfig(config object) {
	if config["candidateCount"] == json.Number("1") {
		delete(config, "candidateCount")
	}
	if m := anyList(config["responseModalities"]); len(m) == 1 && strings.EqualFold(m[0].(string), "text") || len(m) == 0 {
		delete(config, "responseModalities")
	}
	if config["responseMimeType"] == "text/plain" {
		delete(config, "responseMimeType")
	}
	if len(anyList(config["stopSequences"])) == 0 {
		delete(config, "stopSequences")
	}
	if config["responseLogprobs"] == false {
		delete(config, "responseLogprobs")
	}
	for _, key := range []string{"responseSchema", "responseJsonSchema"} {
		if s, ok := config[key].(object); ok {
			delete(config, key)
			config["schema"] = plainly(s)
		}
	}
	thinking, ok := config["thinkingConfig"].(object)
	if !ok {
		return
	}
	delete(thinking, "includeThoughts") // asked for whenever thinking is
	if n, ok := thinking["thinkingBudget"].(json.Number); ok && strings.HasPrefix(n.String(), "-") {
		delete(thinking, "thinkingBudget")
	}
	if level, ok := thinking["thinkingLevel"].(string); ok { // a model of unknown age is told a budget
		delete(thinking, "thinkingLevel")
		thinking["thinkingBudget"] = json.Number(map[string]string{"MINIMAL": "1024", "LOW": "1024", "MEDIUM": "8192", "HIGH": "24576"}[strings.ToUpper(level)])
	}
	if len(thinking) == 0 {
		delete(config, "thinkingConfig")
	}
}

func normalFunction(f object) object {
	out := object{"name": f["name"]}
	if f["description"] != "" && f["description"] != nil {
		out["description"] = f["description"]
	}
	for key, value := range f {
		switch key {
		case "parameters", "parametersJsonSchema":
			s, _ := value.(object)
			if s = plainly(s).(object); len(s) > 1 {
				if p, _ := s["properties"].(object); len(p) > 0 {
					out["parameters"] = s
				}
			}
		case "name", "description":
		default:
			out[key] = value
		}
	}
	return out
}

// plainly is a schema with its types in lower case and without what says nothing.
func plainly(v any) any {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, plainly(e))
		}
		return out
	case object:
		out := object{}
		for key, e := range v {
			if text, ok := e.(string); ok && key == "type" {
				e = strings.ToLower(text)
			}
			if key == "propertyOrdering" || key == "property_ordering" || key == "required" && len(anyList(e)) == 0 || key == "nullable" && e == false {
				continue
			}
			out[key] = plainly(e)
		}
		return out
	}
	return v
}

// normalParts is a list of parts without ids that were made up.
func normalParts(v any) []any {
	var list []any
	for _, p := range joinParts(anyList(v)) {
		part := p.(object)
		for _, kind := range []string{"functionCall", "functionResponse"} {
			if call, ok := part[kind].(object); ok {
				if id, _ := call["id"].(string); strings.HasPrefix(id, "call_") || kind == "functionResponse" {
					delete(call, "id")
				}
				if kind == "functionCall" && call["args"] == nil {
					call["args"] = object{}
				}
			}
		}
		if blob, ok := part["inlineData"].(object); ok {
			blob["data"] = standardBase64(blob["data"].(string))
			if format := audioFormat(blob["mimeType"].(string)); strings.HasPrefix(blob["mimeType"].(string), "audio/") {
				blob["mimeType"] = audioMIME(format) // one of the type's names
			}
		}
		list = append(list, part)
	}
	return list
}

// joinThoughts joins thoughts in a row.
func joinThoughts(parts []any) []any { return joinParts(parts) }

// camelAll is a document with its own keys in camelCase; those within a user's
// data stay. Null members are left out.
func camelAll(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = camelAll(v[i])
		}
	case object:
		out := object{}
		for key, value := range v {
			if value == nil {
				continue
			}
			name := camel([]byte(key))
			switch name {
			case "args", "response", "responseJsonSchema", "parametersJsonSchema", "parameters", "responseSchema":
				out[name] = value
			default:
				out[name] = camelAll(value)
			}
		}
		return out
	}
	return v
}
