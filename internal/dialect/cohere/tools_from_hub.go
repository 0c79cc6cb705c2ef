package cohere

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// A choice is a tool_choice: a mode, and the only tools it is about, nil for all.
type choice struct {
	mode string
	only map[string]bool
}

// tools writes the tools. Cohere cannot be told to call a certain one: then it
// is sent alone, and must be called.
func (f *fromHub) tools() {
	tools, functions := f.top.Take("tools"), f.top.Take("functions")
	chosen := f.choice()
	if jsonedit.Length(tools)+jsonedit.Length(functions) == 0 {
		if chosen.mode == "required" {
			f.c.Drop("tool_choice", "there are no tools to choose from")
		}
		return
	}
	var w jsonedit.Writer
	w.Array()
	t := toolWriter{f: f, w: &w, chosen: chosen}
	i := 0
	for tool := range jsonedit.Elements(tools) {
		t.tool(tool, fmt.Sprintf("tools[%d]", i))
		i++
	}
	i = 0
	for function := range jsonedit.Elements(functions) {
		t.function(jsonedit.Split(function), fmt.Sprintf("functions[%d]", i))
		i++
	}
	w.EndArray()
	if t.left > 0 {
		f.c.Drop("tool_choice", "Cohere cannot be told which tool to call; the tools that may not be called were left out")
	}
	if t.n == 0 {
		return
	}
	f.w.RawMember("tools", w.Bytes())
	switch chosen.mode {
	case "required":
		f.w.StringMember("tool_choice", "REQUIRED")
	case "none":
		f.w.StringMember("tool_choice", "NONE")
	}
	if t.strict > 0 && f.top.Take("strict_tools") == nil {
		f.w.Key("strict_tools")
		f.w.Bool(true)
		if t.strict < t.n {
			f.c.Drop("tools", "strict is one setting for all of Cohere's tools; it was set because one asks for it")
		}
	}
}

// choice reads tool_choice, or function_call of the older form.
func (f *fromHub) choice() (c choice) {
	raw, older := f.top.Take("tool_choice"), f.top.Take("function_call")
	if raw == nil {
		raw = older
	}
	switch jsonedit.Kind(raw) {
	case 0:
		return c
	case '"':
		c.mode = jsonedit.Text(raw)
	case '{':
		c = f.choiceOf(raw)
	}
	switch c.mode {
	case "REQUIRED":
		c.mode = "required"
	case "NONE":
		c.mode = "none"
	case "auto", "required", "none":
	default:
		f.fail("tool_choice", "%q is none of auto, none, required or a function", c.mode)
	}
	return c
}

func (f *fromHub) choiceOf(raw []byte) (c choice) {
	name := jsonedit.Text(jsonedit.Get(raw, "function", "name"))
	if name == "" {
		name = jsonedit.Text(jsonedit.Get(raw, "name"))
	}
	switch typeOf(raw) {
	case "function", "tool", "":
		if name == "" {
			f.fail("tool_choice.function.name", "must be a string")
		}
		return choice{"required", map[string]bool{name: true}}
	case "allowed_tools":
		c.mode, c.only = jsonedit.Text(jsonedit.Get(raw, "allowed_tools", "mode")), map[string]bool{}
		for tool := range jsonedit.Elements(jsonedit.Get(raw, "allowed_tools", "tools")) {
			c.only[jsonedit.Text(jsonedit.Get(tool, "function", "name"))] = true
		}
		return c
	}
	c.mode = typeOf(raw)
	return c
}

type toolWriter struct {
	f      *fromHub
	w      *jsonedit.Writer
	chosen choice
	n      int // tools written
	left   int // left out by the choice
	strict int // of those written
}

func (t *toolWriter) tool(raw []byte, path string) {
	tool := jsonedit.Split(raw)
	kind := tool.Text("type")
	function := tool.Take("function")
	if kind != "function" && (kind != "" || function == nil) {
		t.f.c.Drop(path, fmt.Sprintf("Cohere has no tools of type %q", kind))
		return
	}
	t.function(jsonedit.Split(function), path+".function")
	for key := range tool.Left {
		t.f.c.Drop(path+"."+key, "Cohere's tools have no such member")
	}
}

func (t *toolWriter) function(function jsonedit.Object, path string) {
	name := function.Take("name")
	if jsonedit.Kind(name) != '"' {
		t.f.fail(path+".name", "must be a string")
		return
	}
	if t.chosen.only != nil && !t.chosen.only[jsonedit.Text(name)] {
		t.left++
		return
	}
	parameters := function.Take("parameters")
	if parameters == nil {
		parameters = []byte(`{"type":"object","properties":{}}`)
	}
	if jsonedit.Kind(parameters) != '{' {
		t.f.fail(path+".parameters", "must be a JSON schema object")
	}
	w := t.w
	w.Object()
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", name)
	function.Move(w, "description")
	w.RawMember("parameters", parameters)
	w.EndObject()
	w.EndObject()
	t.n++
	if string(function.Take("strict")) == "true" {
		t.strict++
	}
	for key := range function.Left {
		t.f.c.Drop(path+"."+key, "Cohere's tools have no such member")
	}
}
