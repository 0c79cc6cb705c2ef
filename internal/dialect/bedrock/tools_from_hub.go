package bedrock

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/jsonschema"
)

func (f *fromHub) tools() {
	tools, functions := f.top.take("tools"), f.top.take("functions")
	choice, one := f.top.take("tool_choice"), string(f.top.take("parallel_tool_calls")) == "false"
	if older := f.top.take("function_call"); choice == nil {
		choice = older
	}
	kind, name := f.chosen(choice)
	if string(jsonedit.Get(choice, "disable_parallel_tool_use")) == "true" {
		one = true
	}
	var w jsonedit.Writer
	w.Array()
	none := w.Len()
	i := 0
	for tool := range jsonedit.Elements(tools) {
		f.tool(&w, tool, fmt.Sprintf("tools[%d]", i))
		i++
	}
	i = 0
	for function := range jsonedit.Elements(functions) {
		f.function(&w, nil, split(function), fmt.Sprintf("functions[%d]", i))
		i++
	}
	if w.Len() == none || kind == "none" && len(f.called) == 0 {
		if w.Len() == none && (kind == "any" || kind == "tool") {
			f.c.Drop("tool_choice", "there are no tools to choose from")
		}
		w.Reset()
		w.Array()
		f.history(&w)
		kind = ""
	}
	if w.Len() == none {
		return
	}
	w.EndArray()
	f.w.Key("toolConfig")
	f.w.Object()
	f.w.RawMember("tools", w.Bytes())
	f.choose(kind, name, one)
	f.w.EndObject()
}

// history declares the tools that earlier turns call, for a request that
// declares none: Converse refuses calls of tools that it does not know.
func (f *fromHub) history(w *jsonedit.Writer) {
	for _, name := range f.called {
		w.Object()
		w.Key("toolSpec")
		w.Object()
		w.StringMember("name", name)
		w.RawMember("inputSchema", []byte(`{"json":{"type":"object","properties":{}}}`))
		w.EndObject()
		w.EndObject()
	}
}

// chosen reads a tool_choice in Anthropic's words.
func (f *fromHub) chosen(choice []byte) (kind string, name []byte) {
	switch jsonedit.Kind(choice) {
	case 0:
		return "", nil
	case '"':
		kind = jsonedit.Text(choice)
	case '{':
		kind = typeOf(choice)
	}
	switch kind {
	case "auto", "any", "none":
	case "required":
		kind = "any"
	case "function", "tool", "":
		kind = "tool"
		if name = jsonedit.Get(choice, "function", "name"); name == nil {
			name = jsonedit.Get(choice, "name")
		}
		if jsonedit.Kind(name) != '"' {
			f.fail("tool_choice.function.name", "must be a string")
		}
	case "allowed_tools":
		f.c.Drop("tool_choice.allowed_tools.tools", "Converse cannot limit the choice to some of the tools")
		return f.chosen(jsonedit.Get(choice, "allowed_tools", "mode"))
	default:
		f.fail("tool_choice", "%q is none of auto, none, required or a function", kind)
	}
	return kind, name
}

// choose writes the choice. That Claude is to call one tool at a time can only be
// said in its own words, in place of Converse's.
func (f *fromHub) choose(kind string, name []byte, one bool) {
	f.forced = kind == "any" || kind == "tool"
	switch {
	case kind == "none":
		f.c.Drop("tool_choice", "Converse cannot forbid tools that earlier turns called")
		return
	case one && f.family == claude:
		var w jsonedit.Writer
		w.Object()
		w.StringMember("type", orElse(kind, "auto"))
		if kind == "tool" {
			w.RawMember("name", name)
		}
		w.Key("disable_parallel_tool_use")
		w.Bool(true)
		w.EndObject()
		f.ask("tool_choice", w.Bytes())
		return
	case one:
		f.c.Drop("parallel_tool_calls", "only Anthropic's models on Bedrock can be told to call one tool at a time")
	}
	if kind == "" {
		return
	}
	w := &f.w
	w.Key("toolChoice")
	w.Object()
	w.Key(kind)
	w.Object()
	if kind == "tool" {
		w.RawMember("name", name)
	}
	w.EndObject()
	w.EndObject()
}

func (f *fromHub) tool(w *jsonedit.Writer, raw []byte, path string) {
	tool := split(raw)
	kind := tool.text("type")
	switch {
	case kind == "function" || kind == "" && jsonedit.Get(raw, "function") != nil:
		f.function(w, tool, split(tool.take("function")), path+".function")
	case jsonedit.Get(raw, "input_schema") != nil: // Anthropic's form
		f.function(w, nil, tool, path)
	case kind == foreign:
		w.Raw(jsonedit.Get(raw, foreign))
	case kind == "custom":
		f.c.Drop(path, "Converse has no tools with free-form input")
	default:
		f.c.Drop(path, fmt.Sprintf("Converse has no tool of type %q", kind))
	}
}

func (f *fromHub) function(w *jsonedit.Writer, tool, function members, path string) {
	name := function.take("name")
	if jsonedit.Kind(name) != '"' {
		f.fail(path+".name", "must be a string")
		return
	}
	schema := function.take("parameters")
	if own := function.take("input_schema"); schema == nil {
		schema = own
	}
	w.Object()
	w.Key("toolSpec")
	w.Object()
	w.RawMember("name", name)
	if d := function.take("description"); !isEmpty(d) {
		w.RawMember("description", d)
	}
	w.Key("inputSchema")
	w.Object()
	w.RawMember("json", f.inputSchema(schema, path))
	w.EndObject()
	if strict := function.take("strict"); string(strict) == "true" {
		w.RawMember("strict", strict)
	}
	w.EndObject()
	w.EndObject()
	cache := tool.take("cache_control")
	if inner := function.take("cache_control"); cache == nil {
		cache = inner
	}
	switch {
	case cache != nil && f.family == amazon:
		f.c.Drop(path+".cache_control", "Amazon's models do not cache tools")
	default:
		f.cachePoint(w, cache)
	}
	for key, value := range tool.left {
		if string(value) != "false" {
			f.c.Drop(path+"."+key, "Converse's tools have no such member")
		}
	}
	for key := range function.left {
		f.c.Drop(path+"."+key, "Converse's tools have no such member")
	}
}

// inputSchema is the schema as given, made to be one of an object. For Amazon's
// own models, which follow no references, definitions go to where they are meant.
func (f *fromHub) inputSchema(schema []byte, path string) []byte {
	switch {
	case schema == nil:
		return []byte(`{"type":"object","properties":{}}`)
	case jsonedit.Kind(schema) != '{':
		f.fail(path+".parameters", "must be a JSON schema object")
		return nil
	}
	if f.family == amazon && (jsonedit.Get(schema, "$defs") != nil || jsonedit.Get(schema, "definitions") != nil) {
		if inlined, ok := jsonschema.Inline(schema); ok {
			schema = inlined
		}
	}
	if jsonedit.Get(schema, "type") != nil {
		return schema
	}
	typed, err := jsonedit.Set(schema, "type", []byte(`"object"`))
	if err != nil {
		f.fail(path+".parameters", "must be a JSON schema object")
	}
	return typed
}
