package gemini

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// tools writes the tools; it reports whether there are any.
func (t *toHub) tools(list []byte) bool {
	var w jsonedit.Writer
	w.Array()
	n, i := 0, 0
	for tool := range jsonedit.Elements(list) {
		m := splitOwn(tool)
		j := 0
		for function := range jsonedit.Elements(m.take("functionDeclarations")) {
			t.function(&w, splitOwn(function), fmt.Sprintf("tools[%d].functionDeclarations[%d]", i, j))
			n++
			j++
		}
		for _, e := range m { // a tool without options is an empty object
			if e.value == nil || jsonedit.IsNull(e.value) {
				continue
			}
			if t.c.Strict {
				t.c.Drop(fmt.Sprintf("tools[%d].%s", i, e.key), "only Google runs this tool")
				continue
			}
			w.Object()
			w.StringMember("type", e.key)
			w.RawMember(e.key, e.value)
			w.EndObject()
			n++
		}
		i++
	}
	w.EndArray()
	if n > 0 {
		t.w.RawMember("tools", w.Bytes())
	}
	return n > 0
}

func (t *toHub) function(w *jsonedit.Writer, m members, path string) {
	name := m.take("name")
	if jsonedit.Kind(name) != '"' {
		t.fail(path+".name", "must be a string")
		return
	}
	w.Object()
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", name)
	if d := m.take("description"); !jsonedit.IsEmpty(d) {
		w.RawMember("description", d)
	}
	schema, own := m.take("parametersJsonSchema"), m.take("parameters")
	if schema == nil && own != nil {
		schema = t.plainSchema(own, path+".parameters")
	}
	if schema != nil {
		w.RawMember("parameters", schema)
	}
	for key, value := range m.left {
		if t.c.Strict || t.c.Onward {
			t.c.Drop(path+"."+key, notInHub)
			continue
		}
		w.RawMember(key, value)
	}
	w.EndObject()
	w.EndObject()
}

// toolConfig writes which functions the model may or must call.
func (t *toHub) toolConfig(m members) {
	calling := splitOwn(m.take("functionCallingConfig"))
	mode, allowed := calling.text("mode"), calling.take("allowedFunctionNames")
	hub := ""
	switch strings.ToUpper(mode) {
	case "AUTO":
		hub = "auto"
	case "ANY":
		hub = "required"
	case "NONE":
		hub = "none"
	case "VALIDATED":
		hub = "auto"
		if jsonedit.Length(allowed) == 0 {
			t.c.Drop("toolConfig.functionCallingConfig.mode", "elsewhere calls are checked by a function's own strict; auto was sent")
		}
	}
	switch n := jsonedit.Length(allowed); {
	case hub == "":
	case n == 0 || hub == "none":
		t.w.StringMember("tool_choice", hub)
	case n == 1 && hub == "required":
		for name := range jsonedit.Elements(allowed) {
			t.w.Key("tool_choice")
			writeFunctionName(&t.w, name)
		}
	default:
		t.w.Key("tool_choice")
		t.w.Object()
		t.w.StringMember("type", "allowed_tools")
		t.w.Key("allowed_tools")
		t.w.Object()
		t.w.StringMember("mode", hub)
		t.w.Key("tools")
		t.w.Array()
		for name := range jsonedit.Elements(allowed) {
			writeFunctionName(&t.w, name)
		}
		t.w.EndArray()
		t.w.EndObject()
		t.w.EndObject()
	}
	var rest jsonedit.Writer
	rest.Object()
	n := rest.Len()
	for key, value := range m.left {
		if t.c.Strict || t.c.Onward {
			t.c.Drop("toolConfig."+key, notInHub)
			continue
		}
		rest.RawMember(key, value)
	}
	if rest.Len() > n {
		rest.EndObject()
		t.w.RawMember("tool_config", rest.Bytes())
	}
}

func writeFunctionName(w *jsonedit.Writer, name []byte) {
	w.Object()
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", name)
	w.EndObject()
	w.EndObject()
}
