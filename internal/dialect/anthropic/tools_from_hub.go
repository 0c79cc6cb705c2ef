package anthropic

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// toolExtras are members of a tool that only Anthropic has. In the hub they
// stand beside or inside the function.
var toolExtras = [...]string{
	"cache_control", "defer_loading", "allowed_callers", "input_examples", "eager_input_streaming",
}

func (f *fromHub) tools() {
	tools, functions := f.top.take("tools"), f.top.take("functions")
	choice, parallel := f.top.take("tool_choice"), f.top.take("parallel_tool_calls")
	if older := f.top.take("function_call"); choice == nil {
		choice = older
	}
	search := f.top.take("web_search_options")
	if length(tools)+length(functions) == 0 && search == nil {
		if choice != nil && string(choice) != `"none"` && string(choice) != `"auto"` {
			f.c.Drop("tool_choice", "there are no tools to choose from")
		}
		return
	}
	f.w.Key("tools")
	f.w.Array()
	i := 0
	for tool := range jsonedit.Elements(tools) {
		f.tool(tool, fmt.Sprintf("tools[%d]", i))
		i++
	}
	i = 0
	for function := range jsonedit.Elements(functions) {
		f.function(nil, split(function), fmt.Sprintf("functions[%d]", i))
		i++
	}
	if search != nil {
		f.search(split(search))
	}
	f.w.EndArray()
	f.toolChoice(choice, string(parallel) == "false")
}

func (f *fromHub) tool(raw []byte, path string) {
	tool := split(raw)
	kind := tool.text("type")
	switch own := jsonedit.Get(raw, kind); {
	case kind == "function" || kind == "" && jsonedit.Get(raw, "function") != nil:
		f.function(tool, split(tool.take("function")), path+".function")
	case jsonedit.Get(raw, "input_schema") != nil:
		f.w.Raw(raw)
	case kind == "custom":
		f.c.Drop(path, "Anthropic has no tools with free-form input")
	case jsonedit.Kind(own) == '{' && jsonedit.Get(own, "name") != nil:
		f.serverTool(kind, split(own))
	case jsonedit.Get(raw, "name") != nil:
		f.w.Raw(raw)
	default:
		f.c.Drop(path, fmt.Sprintf("Anthropic has no tool of type %q", kind))
	}
}

// serverTool writes a tool that Anthropic runs. The hub has it as
// {type: name, name: {name: type, …options}}.
func (f *fromHub) serverTool(name string, options members) {
	f.w.Object()
	f.w.RawMember("type", options.take("name"))
	f.w.StringMember("name", name)
	for key, value := range options.left {
		f.w.RawMember(key, value)
	}
	f.w.EndObject()
}

// search writes the web search that the hub asks for by an option.
func (f *fromHub) search(options members) {
	w := &f.w
	w.Object()
	w.StringMember("type", "web_search_20250305")
	w.StringMember("name", "web_search")
	if place := jsonedit.Get(options.take("user_location"), "approximate"); place != nil {
		w.Key("user_location")
		w.Object()
		w.StringMember("type", "approximate")
		for key, value := range split(place).left {
			w.RawMember(key, value)
		}
		w.EndObject()
	}
	options.move(w, "allowed_domains")
	options.move(w, "blocked_domains")
	w.EndObject()
	for key, value := range options.left {
		if key != "search_context_size" || string(value) != `"medium"` {
			f.c.Drop("web_search_options."+key, "Anthropic's web search has no such option")
		}
	}
}

func (f *fromHub) function(tool, function members, path string) {
	name := function.take("name")
	if jsonedit.Kind(name) != '"' {
		f.fail(path+".name", "must be a string")
		return
	}
	w := &f.w
	w.Object()
	w.RawMember("name", name)
	if d := function.take("description"); !isEmpty(d) {
		w.RawMember("description", d)
	}
	w.RawMember("input_schema", f.inputSchema(function.take("parameters"), path))
	if strict := function.take("strict"); string(strict) == "true" {
		w.RawMember("strict", strict)
	}
	for _, key := range toolExtras {
		outer, inner := tool.take(key), function.take(key)
		if outer == nil {
			outer = inner
		}
		if outer != nil {
			w.RawMember(key, outer)
		}
	}
	w.EndObject()
	for key := range function.left {
		f.c.Drop(path+"."+key, "Anthropic's tools have no such member")
	}
}

// inputSchema is the schema as given, made to be one of an object.
func (f *fromHub) inputSchema(schema []byte, path string) []byte {
	switch {
	case schema == nil:
		return []byte(`{"type":"object","properties":{}}`)
	case jsonedit.Kind(schema) != '{':
		f.fail(path+".parameters", "must be a JSON schema object")
		return nil
	case jsonedit.Get(schema, "type") != nil:
		return schema
	}
	typed, err := jsonedit.Set(schema, "type", []byte(`"object"`))
	if err != nil {
		f.fail(path+".parameters", "must be a JSON schema object")
	}
	return typed
}

func (f *fromHub) toolChoice(choice []byte, oneAtATime bool) {
	kind, name := "", []byte(nil)
	switch jsonedit.Kind(choice) {
	case '"':
		kind = jsonedit.Text(choice)
	case '{':
		kind, name = f.chosen(choice)
		if jsonedit.Get(choice, "disable_parallel_tool_use") != nil {
			oneAtATime = string(jsonedit.Get(choice, "disable_parallel_tool_use")) == "true"
		}
	}
	switch kind {
	case "required":
		kind = "any"
	case "":
		if !oneAtATime {
			return
		}
		kind = "auto"
	case "auto", "any", "none", "tool":
	default:
		f.fail("tool_choice", "%q is none of auto, none, required or a function", kind)
		return
	}
	f.forced = kind == "any" || kind == "tool"
	f.w.Key("tool_choice")
	f.w.Object()
	f.w.StringMember("type", kind)
	if kind == "tool" {
		f.w.RawMember("name", name)
	}
	if oneAtATime && kind != "none" {
		f.w.Key("disable_parallel_tool_use")
		f.w.Bool(true)
	}
	f.w.EndObject()
}

// chosen reads a tool_choice that is an object: a function, a mode over some of
// the tools, or Anthropic's own form.
func (f *fromHub) chosen(choice []byte) (kind string, name []byte) {
	switch kind = typeOf(choice); kind {
	case "function":
		name = jsonedit.Get(choice, "function", "name")
		if name == nil {
			name = jsonedit.Get(choice, "name")
		}
		kind = "tool"
	case "tool":
		name = jsonedit.Get(choice, "name")
	case "allowed_tools":
		f.c.Drop("tool_choice.allowed_tools.tools", "Anthropic cannot limit the choice to some of the tools")
		return jsonedit.Text(jsonedit.Get(choice, "allowed_tools", "mode")), nil
	case "":
		if name = jsonedit.Get(choice, "name"); name != nil {
			kind = "tool" // function_call of the older form
		}
	default:
		return kind, nil
	}
	if kind == "tool" && jsonedit.Kind(name) != '"' {
		f.fail("tool_choice.function.name", "must be a string")
	}
	return kind, name
}
