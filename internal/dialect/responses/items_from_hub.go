package responses

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

func (f *fromHub) messages(list []byte) {
	if jsonedit.Kind(list) != '[' {
		f.fail("messages", "must be an array of messages")
		return
	}
	for message := range jsonedit.Elements(list) {
		m := split(message)
		switch role := m.text("role"); role {
		case "system", "developer", "user":
			f.plain(role, m.take("content"))
		case "assistant":
			f.assistant(m)
		case "tool", "function":
			f.result(m, role)
		default:
			f.fail(fmt.Sprintf("messages[%d].role", f.at), "%q is none of system, developer, user, assistant, tool", role)
		}
		for key := range m.left {
			f.drop(key, notInResponses)
		}
		f.at++
	}
}

// plain writes a message whose content is text or parts.
func (f *fromHub) plain(role string, content []byte) {
	f.w.Object()
	f.w.StringMember("type", "message")
	f.w.StringMember("role", role)
	f.w.Key("content")
	f.content(content)
	f.w.EndObject()
}

func (f *fromHub) content(content []byte) {
	switch jsonedit.Kind(content) {
	case '"':
		f.w.Raw(content)
		return
	case '[':
	default:
		f.fail(fmt.Sprintf("messages[%d].content", f.at), "must be a string or an array of parts")
	}
	f.w.Array()
	i := 0
	for part := range jsonedit.Elements(content) {
		f.part(part, fmt.Sprintf("content[%d]", i))
		i++
	}
	f.w.EndArray()
}

func (f *fromHub) part(part []byte, path string) {
	kind := typeOf(part)
	body := jsonedit.Get(part, kind)
	w := &f.w
	if jsonedit.Get(part, "cache_control") != nil {
		f.drop(path+".cache_control", cachesItself)
	}
	switch kind {
	case "text":
		if !isString(body) {
			f.fail(fmt.Sprintf("messages[%d].%s.text", f.at, path), "must be a string")
		}
		w.Object()
		w.StringMember("type", "input_text")
		w.RawMember("text", body)
	case "image_url":
		url, detail := body, []byte(`"auto"`)
		if jsonedit.Kind(body) == '{' {
			url = jsonedit.Get(body, "url")
			if d := jsonedit.Get(body, "detail"); !jsonedit.IsNull(d) {
				detail = d
			}
		}
		w.Object()
		w.StringMember("type", "input_image")
		w.RawMember("image_url", url)
		w.RawMember("detail", detail)
	case "file":
		w.Object()
		w.StringMember("type", "input_file")
		file := split(body)
		for _, key := range []string{"filename", "file_data", "file_id", "file_url"} {
			file.move(w, key, key)
		}
	default:
		f.drop(path, fmt.Sprintf("the Responses API takes no content of type %q", kind))
		return
	}
	w.EndObject()
}

// assistant writes an assistant's turn: its reasoning, its text, its calls.
func (f *fromHub) assistant(m members) {
	content, refusal, blocks := m.take("content"), m.take("refusal"), m.take("content_blocks")
	i := 0
	for block := range openai.Blocks(blocks) {
		f.block(block, fmt.Sprintf("content_blocks[%d]", i))
		i++
	}
	texts := partTexts(content)
	if refusal != nil {
		texts = append(texts, refusal)
	}
	if len(texts) > 0 {
		f.w.Object()
		f.w.StringMember("type", "message")
		f.w.StringMember("role", "assistant")
		f.w.RawMember("content", joinTexts(texts, ""))
		f.w.EndObject()
	}
	i = 0
	for call := range jsonedit.Elements(m.take("tool_calls")) {
		f.call(call, fmt.Sprintf("tool_calls[%d]", i))
		i++
	}
	if call := m.take("function_call"); call != nil {
		f.functionCall("call_"+jsonedit.Text(jsonedit.Get(call, "name")), call)
	}
	for _, key := range []string{"name", "annotations", "audio"} {
		if v := m.take(key); v != nil && !isEmpty(v) {
			f.drop(key, notInResponses)
		}
	}
}

// block writes a thought that came from a provider of the Responses API. The
// text blocks among them are in content, too.
func (f *fromHub) block(block []byte, path string) {
	if typeOf(block) == "text" {
		return
	}
	id, encrypted, ok := unsealItem(jsonedit.Text(jsonedit.Get(block, "signature")))
	if !ok {
		f.drop(path, "the reasoning is not sealed by a provider of the Responses API")
		return
	}
	w := &f.w
	w.Object()
	w.StringMember("type", "reasoning")
	w.StringMember("id", id)
	w.Key("summary")
	w.Array()
	if text := jsonedit.Get(block, "thinking"); !isEmpty(text) {
		summaryText(w, text)
	}
	w.EndArray()
	w.StringMember("encrypted_content", encrypted)
	w.EndObject()
}

func summaryText(w *jsonedit.Writer, text []byte) {
	w.Object()
	w.StringMember("type", "summary_text")
	w.RawMember("text", text)
	w.EndObject()
}

// partTexts are the texts of a content, which is a string or parts.
func partTexts(content []byte) (texts [][]byte) {
	if isString(content) && !isEmpty(content) {
		return [][]byte{content}
	}
	for part := range jsonedit.Elements(content) {
		for _, key := range []string{"text", "refusal"} {
			if text := jsonedit.Get(part, key); isString(text) && !isEmpty(text) {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

func (f *fromHub) call(call []byte, path string) {
	id := jsonedit.Text(jsonedit.Get(call, "id"))
	if id == "" {
		f.fail(fmt.Sprintf("messages[%d].%s.id", f.at, path), "the call needs an id, which its result names")
	}
	if jsonedit.Get(call, "cache_control") != nil {
		f.drop(path+".cache_control", cachesItself)
	}
	custom := jsonedit.Get(call, "custom")
	if custom == nil {
		f.functionCall(id, jsonedit.Get(call, "function"))
		return
	}
	f.custom[id] = true
	f.w.Object()
	f.w.StringMember("type", "custom_tool_call")
	f.w.StringMember("call_id", id)
	f.w.RawMember("name", jsonedit.Get(custom, "name"))
	f.w.RawMember("input", jsonedit.Get(custom, "input"))
	f.w.EndObject()
}

func (f *fromHub) functionCall(id string, function []byte) {
	f.w.Object()
	f.w.StringMember("type", "function_call")
	f.w.StringMember("call_id", id)
	f.w.RawMember("name", jsonedit.Get(function, "name"))
	f.w.RawMember("arguments", quote(inside(jsonedit.Get(function, "arguments"))))
	f.w.EndObject()
}

func (f *fromHub) result(m members, role string) {
	id := m.text("tool_call_id")
	if name := m.text("name"); role == "function" {
		id = "call_" + name
	}
	if id == "" {
		f.fail(fmt.Sprintf("messages[%d].tool_call_id", f.at), "a tool message must name the call it answers")
	}
	kind := "function_call_output"
	if f.custom[id] {
		kind = "custom_tool_call_output"
	}
	f.w.Object()
	f.w.StringMember("type", kind)
	f.w.StringMember("call_id", id)
	f.w.Key("output")
	if content := m.take("content"); content != nil {
		f.content(content)
	} else {
		f.w.String("")
	}
	f.w.EndObject()
}
