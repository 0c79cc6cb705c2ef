package gemini

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// builtIn are the tools that Google runs, by every name that clients have for
// them: Google's, Portkey's, which writes them as functions, OpenAI's and
// Anthropic's.
var builtIn = map[string]string{
	"googleSearch": "googleSearch", "google_search": "googleSearch", "web_search": "googleSearch", "web_search_preview": "googleSearch",
	"googleSearchRetrieval": "googleSearchRetrieval", "google_search_retrieval": "googleSearchRetrieval",
	"codeExecution": "codeExecution", "code_execution": "codeExecution", "code_interpreter": "codeExecution",
	"urlContext": "urlContext", "url_context": "urlContext", "web_fetch": "urlContext",
	"googleMaps": "googleMaps", "google_maps": "googleMaps",
	"computerUse": "computerUse", "computer_use": "computerUse",
	"fileSearch": "fileSearch", "file_search": "fileSearch", "mcpServers": "mcpServers", "mcp_servers": "mcpServers",
	"enterpriseWebSearch": "enterpriseWebSearch", "enterprise_web_search": "enterpriseWebSearch",
}

// isFunctionOfGoogle reports whether a function's name stands for a tool of
// Google's, as Portkey's clients write them.
func isFunctionOfGoogle(name string) bool {
	switch name {
	case "googleSearch", "google_search", "googleSearchRetrieval", "google_search_retrieval", "googleMaps", "google_maps",
		"computerUse", "computer_use", "urlContext", "url_context", "codeExecution":
		return true
	}
	return false
}

// tools writes the tools and returns how many functions are among them.
func (f *fromHub) tools() (functions int) {
	var own, declared jsonedit.Writer
	own.Array()
	declared.Array()
	empty := own.Len()
	i := 0
	for tool := range jsonedit.Elements(f.top.take("tools")) {
		if f.tool(tool, fmt.Sprintf("tools[%d]", i), &declared, &own) {
			functions++
		}
		i++
	}
	i = 0
	for function := range jsonedit.Elements(f.top.take("functions")) {
		f.function(&declared, nil, split(function), fmt.Sprintf("functions[%d]", i))
		functions++
		i++
	}
	if options := f.top.take("web_search_options"); options != nil {
		own.Object()
		own.RawMember("googleSearch", []byte("{}"))
		own.EndObject()
		for key := range jsonedit.Members(options) {
			f.c.Drop("web_search_options."+string(key), "Google's search has no such option")
		}
	}
	if functions > 0 {
		declared.EndArray()
		own.Object()
		own.RawMember("functionDeclarations", declared.Bytes())
		own.EndObject()
	}
	own.EndArray()
	if own.Len() > empty+1 {
		f.w.RawMember("tools", own.Bytes())
	}
	return functions
}

// tool writes one tool and reports whether it is a function.
func (f *fromHub) tool(raw []byte, path string, declared, own *jsonedit.Writer) bool {
	tool := split(raw)
	kind := tool.text("type")
	if kind == "function" || kind == "" && jsonedit.Get(raw, "function") != nil {
		function := split(tool.take("function"))
		if name := jsonedit.Text(jsonedit.Get(raw, "function", "name")); isFunctionOfGoogle(name) {
			f.ownTool(own, builtIn[name], function.take("parameters"))
			return false
		}
		f.function(declared, tool, function, path+".function")
		return true
	}
	name, known := builtIn[kind]
	if !known {
		f.c.Drop(path, fmt.Sprintf("Gemini has no tool of type %q", kind))
		return false
	}
	options := tool.take(kind)
	if jsonedit.Get(options, "name") != nil { // a tool of Anthropic's, whose options are others
		for key := range jsonedit.Members(options) {
			if string(key) != "name" {
				f.c.Drop(path+"."+kind+"."+string(key), "Google's tool has no such option")
			}
		}
		options = nil
	}
	for key := range tool.left {
		f.c.Drop(path+"."+key, "Google's tool has no such option")
	}
	f.ownTool(own, name, options)
	return false
}

// ownTool writes a tool that Google runs. Parameters that are a schema, as some
// clients must send with a function, are no options.
func (*fromHub) ownTool(w *jsonedit.Writer, name string, options []byte) {
	if k := jsonedit.Kind(options); k != '{' && k != '[' || jsonedit.Get(options, "type") != nil {
		options = []byte("{}")
	}
	w.Object()
	w.RawMember(name, options)
	w.EndObject()
}

func (f *fromHub) function(w *jsonedit.Writer, tool, function members, path string) {
	name := function.take("name")
	if jsonedit.Kind(name) != '"' {
		f.fail(path+".name", "must be a string")
		return
	}
	w.Object()
	w.RawMember("name", name)
	if d := function.take("description"); !jsonedit.IsEmpty(d) {
		w.RawMember("description", d)
	}
	if schema := function.take("parameters"); schema != nil && jsonedit.Kind(schema) != '{' {
		f.fail(path+".parameters", "must be a JSON schema object")
	} else if !jsonedit.IsEmpty(schema) && !hasNoParameters(schema) {
		key := "parametersJsonSchema"
		if plainOnly(f.model) {
			key = "parameters"
		}
		w.RawMember(key, f.level(schema, path+".parameters", key == "parameters"))
	}
	for _, key := range []string{"behavior", "response", "responseJsonSchema"} {
		if v := function.take(key); v != nil {
			w.RawMember(key, v)
		}
	}
	w.EndObject()
	if strict := function.take("strict"); string(strict) == "true" {
		f.c.Drop(path+".strict", "Gemini checks calls against their schema only in its mode VALIDATED")
	}
	for _, rest := range []members{tool, function} {
		for key := range rest.left {
			f.c.Drop(path+"."+key, "Gemini's functions have no such member")
		}
	}
}

// hasNoParameters reports whether a schema is that of an object without any
// properties, which older models refuse.
func hasNoParameters(schema []byte) bool {
	for key, value := range jsonedit.Members(schema) {
		switch string(key) {
		case "type":
			if string(value) != `"object"` {
				return false
			}
		case "additionalProperties":
			if string(value) != "false" {
				return false
			}
		default:
			if !jsonedit.IsEmpty(value) && string(key) != "$schema" && string(key) != "title" && string(key) != "description" {
				return false
			}
		}
	}
	return true
}

// toolConfig writes which functions the model may or must call.
func (f *fromHub) toolConfig(functions int) {
	choice := f.top.take("tool_choice")
	if older := f.top.take("function_call"); choice == nil {
		choice = older
	}
	var w jsonedit.Writer
	w.Object()
	empty := w.Len()
	mode, names := f.chosen(choice)
	switch {
	case mode == "":
	case functions == 0:
		if mode != "AUTO" && mode != "NONE" {
			f.c.Drop("tool_choice", "there are no functions to choose from")
		}
	default:
		w.Key("functionCallingConfig")
		w.Object()
		w.StringMember("mode", mode)
		if len(names) > 0 {
			w.RawMember("allowedFunctionNames", list(names, func(n []byte) []byte { return n }))
		}
		w.EndObject()
	}
	for key, value := range jsonedit.Members(f.top.take("tool_config")) {
		w.RawMember(camel(key), value)
	}
	w.EndObject()
	if w.Len() > empty+1 {
		f.w.RawMember("toolConfig", w.Bytes())
	}
	if string(jsonedit.Get(choice, "disable_parallel_tool_use")) == "true" {
		f.c.Drop("tool_choice.disable_parallel_tool_use", "Gemini cannot be kept from several calls at once")
	}
}

// chosen reads a tool_choice of any form; mode is "" for none.
func (f *fromHub) chosen(choice []byte) (mode string, names [][]byte) {
	kind := jsonedit.Text(choice)
	if jsonedit.Kind(choice) == '{' {
		kind = typeOf(choice)
	}
	switch kind {
	case "auto":
		return "AUTO", nil
	case "none":
		return "NONE", nil
	case "required", "any":
		return "ANY", nil
	case "allowed_tools":
		mode = "VALIDATED" // text or one of these
		if jsonedit.Text(jsonedit.Get(choice, "allowed_tools", "mode")) == "required" {
			mode = "ANY"
		}
		for tool := range jsonedit.Elements(jsonedit.Get(choice, "allowed_tools", "tools")) {
			if name := nameOf(tool); name != nil {
				names = append(names, name)
			}
		}
		return mode, names
	case "function", "tool", "":
		if name := nameOf(choice); name != nil {
			return "ANY", [][]byte{name}
		}
		if kind == "" {
			return "", nil
		}
		f.fail("tool_choice.function.name", "must be a string")
		return "", nil
	}
	f.fail("tool_choice", "%q is none of auto, none, required or a function", kind)
	return "", nil
}

// nameOf is the name of a function that is named in its own object or in one
// within; nil if there is none.
func nameOf(doc []byte) []byte {
	for _, name := range [][]byte{jsonedit.Get(doc, "function", "name"), jsonedit.Get(doc, "name")} {
		if jsonedit.Kind(name) == '"' {
			return name
		}
	}
	return nil
}
