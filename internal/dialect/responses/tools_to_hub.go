package responses

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// tools writes the tools that the client runs, and the web search, which
// chat completions ask for by an option of their own. The others are the
// provider's own and get a receipt.
func (t *toHub) tools() {
	tools, choice, parallel := t.top.take("tools"), t.top.take("tool_choice"), t.top.take("parallel_tool_calls")
	var w, search jsonedit.Writer
	w.Array()
	i, n := 0, 0
	for tool := range jsonedit.Elements(tools) {
		path := fmt.Sprintf("tools[%d]", i)
		switch kind := typeOf(tool); {
		case kind == "function":
			n += t.function(&w, split(tool), path)
		case kind == "custom":
			n += t.custom(&w, split(tool), path)
		case isSearch(kind) && search.Len() == 0:
			t.search(&search, split(tool), path)
		default:
			t.c.Drop(path, fmt.Sprintf("%s is a tool that only a provider of the Responses API runs", orElse(kind, "a tool without a type")))
		}
		i++
	}
	w.EndArray()
	if search.Len() > 0 {
		t.w.RawMember("web_search_options", search.Bytes())
	}
	if n == 0 {
		if choice != nil && string(choice) != `"auto"` && string(choice) != `"none"` {
			t.c.Drop("tool_choice", "there are no tools left to choose from")
		}
		return
	}
	t.w.RawMember("tools", w.Bytes())
	t.toolChoice(choice)
	if parallel != nil {
		t.w.RawMember("parallel_tool_calls", parallel)
	}
}

// isSearch reports whether a tool is the web search, in any of its versions.
func isSearch(kind string) bool { return strings.HasPrefix(kind, "web_search") }

func (t *toHub) function(w *jsonedit.Writer, tool members, path string) int {
	tool.take("type")
	name := tool.take("name")
	if !isString(name) {
		t.fail(path+".name", "must be a string")
		return 0
	}
	w.Object()
	w.StringMember("type", "function")
	w.Key("function")
	w.Object()
	w.RawMember("name", name)
	tool.move(w, "description", "description")
	parameters := tool.take("parameters")
	if parameters == nil { // several providers of chats want to be told that there are none
		parameters = []byte(`{"type":"object","properties":{}}`)
	}
	w.RawMember("parameters", parameters)
	tool.move(w, "strict", "strict")
	w.EndObject()
	for key, value := range tool.left {
		if t.c.Strict || key == "function" { // that is the form of chat completions, written beside this one's
			t.c.Drop(path+"."+key, notInHub)
			continue
		}
		w.RawMember(key, value)
	}
	w.EndObject()
	return 1
}

// custom writes a tool whose input is free text. A grammar stands one level
// deeper in the hub.
func (t *toHub) custom(w *jsonedit.Writer, tool members, path string) int {
	tool.take("type")
	name, format := tool.take("name"), tool.take("format")
	if !isString(name) {
		t.fail(path+".name", "must be a string")
		return 0
	}
	w.Object()
	w.StringMember("type", "custom")
	w.Key("custom")
	w.Object()
	w.RawMember("name", name)
	tool.move(w, "description", "description")
	switch typeOf(format) {
	case "":
	case "grammar":
		w.Key("format")
		w.Object()
		w.StringMember("type", "grammar")
		w.Key("grammar")
		w.Object()
		grammar := split(format)
		for _, key := range []string{"syntax", "definition"} {
			grammar.move(w, key, key)
		}
		w.EndObject()
		w.EndObject()
	default:
		w.RawMember("format", format)
	}
	w.EndObject()
	w.EndObject()
	for key := range tool.left {
		t.c.Drop(path+"."+key, notInHub)
	}
	return 1
}

// search writes the options of a web search. The hub has a place around the
// user's location; domains are an extension.
func (t *toHub) search(w *jsonedit.Writer, tool members, path string) {
	tool.take("type")
	w.Object()
	tool.move(w, "search_context_size", "search_context_size")
	if place := split(tool.take("user_location")); len(place) > 0 {
		place.take("type")
		w.Key("user_location")
		w.Object()
		w.StringMember("type", "approximate")
		w.Key("approximate")
		w.Object()
		for key, value := range place.left {
			w.RawMember(key, value)
		}
		w.EndObject()
		w.EndObject()
	}
	for key, value := range split(tool.take("filters")).left {
		if t.c.Strict {
			t.c.Drop(path+".filters."+key, notInHub)
			continue
		}
		w.RawMember(key, value)
	}
	w.EndObject()
	for key, value := range tool.left {
		if key != "external_web_access" || string(value) != "true" {
			t.c.Drop(path+"."+key, notInHub)
		}
	}
}

func (t *toHub) toolChoice(choice []byte) {
	switch jsonedit.Kind(choice) {
	case 0:
		return
	case '"':
		t.w.RawMember("tool_choice", choice)
		return
	}
	switch kind := typeOf(choice); kind {
	case "function", "custom":
		t.w.Key("tool_choice")
		t.chosen(&t.w, kind, jsonedit.Get(choice, "name"))
	case "allowed_tools":
		t.w.Key("tool_choice")
		t.w.Object()
		t.w.StringMember("type", kind)
		t.w.Key(kind)
		t.w.Object()
		t.w.RawMember("mode", jsonedit.Get(choice, "mode"))
		t.w.Key("tools")
		t.w.Array()
		i := 0
		for tool := range jsonedit.Elements(jsonedit.Get(choice, "tools")) {
			if name := jsonedit.Get(tool, "name"); isString(name) && (typeOf(tool) == "function" || typeOf(tool) == "custom") {
				t.chosen(&t.w, typeOf(tool), name)
			} else {
				t.c.Drop(fmt.Sprintf("tool_choice.tools[%d]", i), "the tool was left out")
			}
			i++
		}
		t.w.EndArray()
		t.w.EndObject()
		t.w.EndObject()
	default:
		t.c.Drop("tool_choice", fmt.Sprintf("chat completions cannot be made to use a tool of type %q", kind))
	}
}

func (t *toHub) chosen(w *jsonedit.Writer, kind string, name []byte) {
	if !isString(name) {
		t.fail("tool_choice.name", "must be a string")
	}
	w.Object()
	w.StringMember("type", kind)
	w.Key(kind)
	w.Object()
	w.RawMember("name", name)
	w.EndObject()
	w.EndObject()
}
