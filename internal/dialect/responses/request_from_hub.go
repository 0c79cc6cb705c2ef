package responses

import (
	"fmt"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// RequestFromHub implements dialect.Translator. Nothing is stored unless the
// request asks for it: chat completions are not.
func (Format) RequestFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if err := makesOnly(c); err != nil {
		return nil, err
	}
	f := fromHub{c: c, top: split(body), custom: map[string]bool{}}
	f.w.Grow(len(body) + len(body)/8)
	f.request()
	if f.err != nil {
		return nil, f.err
	}
	return f.w.Bytes(), nil
}

// fromHub translates one request from the hub.
type fromHub struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	err *ai.Error // the first fault
	top members

	at     int             // index of the message at hand
	custom map[string]bool // ids of calls whose input is free text
}

func (f *fromHub) fail(path, format string, args ...any) {
	if f.err == nil {
		f.err = invalid(path, format, args...)
	}
}

// drop records what of the message at hand could not be carried.
func (f *fromHub) drop(path, reason string) {
	f.c.Drop("messages["+strconv.Itoa(f.at)+"]."+path, reason)
}

const (
	notInResponses = "the Responses API has nothing like it"
	cachesItself   = "OpenAI caches by itself"
)

func (f *fromHub) request() {
	f.w.Object()
	if model := f.top.take("model"); model != nil {
		f.w.RawMember("model", model)
	} else {
		f.w.StringMember("model", f.c.Model)
	}
	f.w.Key("input")
	f.w.Array()
	f.messages(f.top.take("messages"))
	f.w.EndArray()
	limit := f.top.take("max_tokens")
	if newer := f.top.take("max_completion_tokens"); newer != nil {
		limit = newer
	}
	if limit != nil {
		f.w.RawMember("max_output_tokens", limit)
	}
	for _, key := range carried {
		f.top.move(&f.w, key, key)
	}
	f.top.move(&f.w, "metadata", "metadata")
	f.tools()
	f.reasoning()
	f.text()
	if store := f.top.take("store"); store != nil {
		f.w.RawMember("store", store)
	} else {
		f.w.Key("store")
		f.w.Bool(false)
	}
	f.w.EndObject()
	for key, value := range f.top.left {
		if !asUsual(key, value) {
			f.c.Drop(key, notInResponses)
		}
	}
}

// asUsual reports whether a parameter that the Responses API lacks asks for
// nothing else than what happens anyway.
func asUsual(key string, value []byte) bool {
	switch key {
	case "stream_options": // usage is always told
		return true
	case "n":
		return string(value) == "1"
	case "frequency_penalty", "presence_penalty":
		n, err := strconv.ParseFloat(string(value), 64)
		return err == nil && n == 0
	case "modalities":
		return string(value) == `["text"]`
	}
	return false
}

// reasoning writes the effort, and asks for the reasoning in its sealed form,
// without which it could not be sent back.
func (f *fromHub) reasoning() {
	effort := f.top.take("reasoning_effort")
	logprobs, top := f.top.take("logprobs"), f.top.take("top_logprobs")
	var include jsonedit.Writer
	include.Array()
	if effort != nil {
		f.w.Key("reasoning")
		f.w.Object()
		f.w.RawMember("effort", effort)
		f.w.EndObject()
		if !f.c.Strict {
			include.String("reasoning.encrypted_content")
		}
	}
	if string(logprobs) == "true" {
		include.String("message.output_text.logprobs")
		if top != nil {
			f.w.RawMember("top_logprobs", top)
		}
	}
	include.EndArray()
	if include.Len() > len("[]") {
		f.w.RawMember("include", include.Bytes())
	}
}

// text writes the form of the answer.
func (f *fromHub) text() {
	format, verbosity := f.top.take("response_format"), f.top.take("verbosity")
	if format == nil && verbosity == nil {
		return
	}
	f.w.Key("text")
	f.w.Object()
	switch kind := typeOf(format); kind {
	case "":
	case "json_schema":
		f.w.Key("format")
		f.w.Object()
		f.w.StringMember("type", kind)
		schema := split(jsonedit.Get(format, kind))
		for _, key := range []string{"name", "description", "schema", "strict"} {
			schema.move(&f.w, key, key)
		}
		f.w.EndObject()
	default:
		f.w.RawMember("format", format)
	}
	if verbosity != nil {
		f.w.RawMember("verbosity", verbosity)
	}
	f.w.EndObject()
}

func (f *fromHub) tools() {
	tools, functions := f.top.take("tools"), f.top.take("functions")
	choice, older := f.top.take("tool_choice"), f.top.take("function_call")
	parallel, search := f.top.take("parallel_tool_calls"), f.top.take("web_search_options")
	if choice == nil {
		choice = older
	}
	if length(tools)+length(functions) == 0 && search == nil {
		return
	}
	f.w.Key("tools")
	f.w.Array()
	i := 0
	for tool := range jsonedit.Elements(tools) {
		f.tool(tool, fmt.Sprintf("tools[%d]", i))
		i++
	}
	for function := range jsonedit.Elements(functions) {
		f.function(split(function))
	}
	if search != nil {
		f.search(split(search))
	}
	f.w.EndArray()
	f.toolChoice(choice)
	if parallel != nil {
		f.w.RawMember("parallel_tool_calls", parallel)
	}
}

func (f *fromHub) tool(tool []byte, path string) {
	if jsonedit.Get(tool, "cache_control") != nil {
		f.c.Drop(path+".cache_control", cachesItself)
	}
	switch kind := typeOf(tool); {
	case kind == "function" || kind == "" && jsonedit.Get(tool, "function") != nil:
		f.function(split(jsonedit.Get(tool, "function")))
	case kind == "custom":
		custom := split(jsonedit.Get(tool, "custom"))
		f.w.Object()
		f.w.StringMember("type", kind)
		custom.move(&f.w, "name", "name")
		custom.move(&f.w, "description", "description")
		if format := custom.take("format"); format != nil {
			f.format(format)
		}
		f.w.EndObject()
	case kind == "web_search": // Anthropic's, as its translation writes it
		f.search(split(jsonedit.Get(tool, kind)))
	default:
		f.c.Drop(path, fmt.Sprintf("the Responses API has no tool of type %q", kind))
	}
}

// format writes what a custom tool's input looks like.
func (f *fromHub) format(format []byte) {
	grammar := jsonedit.Get(format, "grammar")
	if grammar == nil {
		f.w.RawMember("format", format)
		return
	}
	f.w.Key("format")
	f.w.Object()
	f.w.StringMember("type", "grammar")
	for key, value := range jsonedit.Members(grammar) {
		f.w.RawMember(string(key), value)
	}
	f.w.EndObject()
}

// function writes a function. The Responses API takes one that does not say so
// as strict; the hub does not.
func (f *fromHub) function(function members) {
	w := &f.w
	w.Object()
	w.StringMember("type", "function")
	function.move(w, "name", "name")
	function.move(w, "description", "description")
	w.RawMember("parameters", function.take("parameters"))
	if strict := function.take("strict"); strict != nil {
		w.RawMember("strict", strict)
	} else {
		w.Key("strict")
		w.Bool(false)
	}
	w.EndObject()
}

func (f *fromHub) search(options members) {
	w := &f.w
	w.Object()
	w.StringMember("type", "web_search")
	options.move(w, "search_context_size", "search_context_size")
	if place := split(options.take("user_location")); len(place) > 0 {
		if inner := place.take("approximate"); inner != nil {
			place = split(inner)
		}
		place.take("type")
		w.Key("user_location")
		w.Object()
		w.StringMember("type", "approximate")
		for key, value := range place.left {
			w.RawMember(key, value)
		}
		w.EndObject()
	}
	if domains := options.take("allowed_domains"); domains != nil {
		w.Key("filters")
		w.Object()
		w.RawMember("allowed_domains", domains)
		w.EndObject()
	}
	w.EndObject()
	options.take("name")
	for key := range options.left {
		f.c.Drop("web_search."+key, notInResponses)
	}
}

func (f *fromHub) toolChoice(choice []byte) {
	if jsonedit.Kind(choice) != '{' {
		if choice != nil {
			f.w.RawMember("tool_choice", choice)
		}
		return
	}
	f.w.Key("tool_choice")
	f.w.Object()
	kind := typeOf(choice)
	f.w.StringMember("type", orElse(kind, "function"))
	switch kind {
	case "": // function_call of the older form
		f.w.RawMember("name", jsonedit.Get(choice, "name"))
	case "allowed_tools":
		allowed := jsonedit.Get(choice, kind)
		f.w.RawMember("mode", jsonedit.Get(allowed, "mode"))
		f.w.Key("tools")
		f.w.Array()
		for tool := range jsonedit.Elements(jsonedit.Get(allowed, "tools")) {
			f.w.Object()
			f.w.StringMember("type", typeOf(tool))
			f.w.RawMember("name", jsonedit.Get(tool, typeOf(tool), "name"))
			f.w.EndObject()
		}
		f.w.EndArray()
	default:
		f.w.RawMember("name", jsonedit.Get(choice, kind, "name"))
	}
	f.w.EndObject()
}
