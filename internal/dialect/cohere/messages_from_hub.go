package cohere

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

func (f *fromHub) messages(list []byte) {
	if jsonedit.Kind(list) != '[' {
		f.fail("messages", "must be an array of messages")
		return
	}
	f.w.Key("messages")
	f.w.Array()
	for message := range jsonedit.Elements(list) {
		f.message(jsonedit.Split(message))
		f.at++
	}
	f.w.EndArray()
}

func (f *fromHub) message(m jsonedit.Object) {
	switch role := m.Text("role"); role {
	case "system", "developer":
		f.plain("system", m.Take("content"))
	case "user":
		f.plain("user", m.Take("content"))
	case "assistant":
		f.assistant(m)
	case "tool", "function":
		f.toolMessage(m, role)
	default:
		f.fail(f.here("role"), "%q is none of system, developer, user, assistant, tool", role)
	}
	for key := range m.Left {
		f.drop(key, "Cohere's messages have no such member")
	}
}

func (f *fromHub) open(role string) {
	f.w.Object()
	f.w.StringMember("role", role)
}

// plain writes a message of text and, from the user, images.
func (f *fromHub) plain(role string, content []byte) {
	f.open(role)
	f.w.Key("content")
	switch jsonedit.Kind(content) {
	case '"':
		f.w.Raw(content)
	case '[':
		f.w.Array()
		i := 0
		for part := range jsonedit.Elements(content) {
			f.part(role, part, fmt.Sprintf("content[%d]", i))
			i++
		}
		f.w.EndArray()
	case 0:
		f.w.String("")
	default:
		f.fail(f.here("content"), "must be a string or an array of parts")
	}
	f.w.EndObject()
}

func (f *fromHub) text(text []byte) {
	f.w.Object()
	f.w.StringMember("type", "text")
	f.w.RawMember("text", text)
	f.w.EndObject()
}

// part writes a part of a message: text, a user's image, a tool's document.
func (f *fromHub) part(role string, part []byte, path string) {
	if jsonedit.Kind(part) == '"' {
		f.text(part)
		return
	}
	switch kind := typeOf(part); {
	case kind == "text" && role == "tool" && jsonedit.Kind(jsonedit.Get(part, "document")) == '{':
		f.document(jsonedit.Get(part, "document"))
	case kind == "text" || kind == "refusal":
		text := jsonedit.Get(part, kind)
		if jsonedit.Kind(text) != '"' {
			f.fail(f.here(path+"."+kind), "must be a string")
			return
		}
		f.text(text)
	case kind == "image_url" && role == "user":
		f.image(jsonedit.Get(part, "image_url"), path)
	case kind == "file" && isTextFile(part):
		f.textFile(jsonedit.Get(part, "file"), path)
	case kind == "search_result" && role == "tool":
		f.searchResult(part)
	default:
		f.drop(path, fmt.Sprintf("Cohere's %s messages take no content of type %q", role, kind))
		return
	}
	if jsonedit.Get(part, "cache_control") != nil {
		f.drop(path+".cache_control", "Cohere caches by itself")
	}
}

func (f *fromHub) image(url []byte, path string) {
	if jsonedit.Kind(url) == '{' && jsonedit.Kind(jsonedit.Get(url, "url")) == '"' {
		f.w.Object()
		f.w.StringMember("type", "image_url")
		f.w.RawMember("image_url", url)
		f.w.EndObject()
		return
	}
	if jsonedit.Kind(url) != '"' {
		f.fail(f.here(path+".image_url.url"), "must be an address or a data URI")
		return
	}
	f.w.Object()
	f.w.StringMember("type", "image_url")
	f.w.Key("image_url")
	f.w.Object()
	f.w.RawMember("url", url)
	f.w.EndObject()
	f.w.EndObject()
}

const textURI = "data:text/"

func isTextFile(part []byte) bool {
	return strings.HasPrefix(jsonedit.Text(jsonedit.Get(part, "file", "file_data")), textURI)
}

// textFile writes a file of text as text: Cohere's messages take no files.
func (f *fromHub) textFile(file []byte, path string) {
	_, data, _ := strings.Cut(jsonedit.Text(jsonedit.Get(file, "file_data")), ";base64,")
	text, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		f.fail(f.here(path+".file.file_data"), "the data is not valid base64")
		return
	}
	f.text(jsonedit.AppendQuoted(nil, text))
}

func (f *fromHub) document(document []byte) {
	f.w.Object()
	f.w.StringMember("type", "document")
	f.w.RawMember("document", document)
	f.w.EndObject()
}

// searchResult writes a search result, as Anthropic's clients send them, as a
// document that can be cited.
func (f *fromHub) searchResult(part []byte) {
	w := &f.w
	w.Object()
	w.StringMember("type", "document")
	w.Key("document")
	w.Object()
	w.StringMember("id", jsonedit.Text(jsonedit.Get(part, "source")))
	w.Key("data")
	w.Object()
	w.StringMember("title", jsonedit.Text(jsonedit.Get(part, "title")))
	var texts []string
	for block := range jsonedit.Elements(jsonedit.Get(part, "content")) {
		texts = append(texts, jsonedit.Text(jsonedit.Get(block, "text")))
	}
	w.StringMember("snippet", strings.Join(texts, "\n"))
	w.EndObject()
	w.EndObject()
	w.EndObject()
}

// toolMessage writes the result of a call. A list of parts stays one, so that
// the documents in it can be cited one by one.
func (f *fromHub) toolMessage(m jsonedit.Object, role string) {
	id := m.Take("tool_call_id")
	if name := m.Text("name"); role == "function" {
		id = jsonedit.AppendString(nil, functionID(name))
	}
	if jsonedit.Kind(id) != '"' {
		f.fail(f.here("tool_call_id"), "a tool message must name the call it answers")
		return
	}
	if string(m.Take("is_error")) == "true" {
		f.drop("is_error", "Cohere's tool messages cannot be marked as errors")
	}
	f.open("tool")
	f.w.RawMember("tool_call_id", id)
	f.w.Key("content")
	switch content := m.Take("content"); jsonedit.Kind(content) {
	case '"':
		f.w.Raw(content)
	case '[':
		f.w.Array()
		i := 0
		for part := range jsonedit.Elements(content) {
			f.part("tool", part, fmt.Sprintf("content[%d]", i))
			i++
		}
		f.w.EndArray()
	case 0:
		f.w.String("")
	default:
		f.fail(f.here("content"), "must be a string or an array of parts")
	}
	f.w.EndObject()
}

// functionID is the id of a call in the older form, which has none.
func functionID(name string) string { return "call_" + name }
