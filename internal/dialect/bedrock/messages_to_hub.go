package bedrock

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

func (t *toHub) system(blocks []byte) {
	if length(blocks) == 0 {
		return
	}
	p := t.parts("system", blocks)
	t.w.Object()
	t.w.StringMember("role", "system")
	t.w.Key("content")
	p.write(&t.w)
	t.w.EndObject()
}

func (t *toHub) messages(list []byte) {
	if jsonedit.Kind(list) != '[' {
		t.fail("messages", "must be an array of messages")
		return
	}
	for message := range jsonedit.Elements(list) {
		content := jsonedit.Get(message, "content")
		switch role := jsonedit.Text(jsonedit.Get(message, "role")); role {
		case "user":
			t.userTurn(content)
		case "assistant":
			t.assistantTurn(content)
		case "system":
			t.system(content)
		default:
			t.fail(fmt.Sprintf("messages[%d].role", t.at), "%q is none of user, assistant, system", role)
		}
		t.at++
	}
}

// parts makes parts of a hub message from blocks; a cache point marks the part
// before it.
func (t *toHub) parts(path string, blocks []byte) *marked {
	p := &marked{c: t.c, path: path}
	i := 0
	for block := range jsonedit.Elements(blocks) {
		t.part(p, block, i)
		i++
	}
	return p
}

// userTurn writes the results of tools that a turn brings as messages of their
// own, then the rest as the user's.
func (t *toHub) userTurn(blocks []byte) {
	path := fmt.Sprintf("messages[%d].content", t.at)
	rest, results := marked{c: t.c, path: path}, marked{c: t.c, path: path}
	i, afterResult := 0, false
	for block := range jsonedit.Elements(blocks) {
		result, point := jsonedit.Get(block, "toolResult"), jsonedit.Get(block, "cachePoint")
		switch {
		case result != nil:
			afterResult = true
			results.add(t.toolResult(result, fmt.Sprintf("%s[%d].toolResult.content", path, i), &rest))
		case point != nil && afterResult:
			results.mark(point, i)
		default:
			afterResult = false
			t.part(&rest, block, i)
		}
		i++
	}
	for _, result := range results.items {
		t.w.Raw(result)
	}
	if len(results.items) > 0 && len(rest.items) == 0 {
		return
	}
	t.w.Object()
	t.w.StringMember("role", "user")
	t.w.Key("content")
	rest.write(&t.w)
	t.w.EndObject()
}

// toolResult is a tool message. OpenAI takes nothing but text in one, so that in
// a strict conversion the rest goes to the user's message after it.
func (t *toHub) toolResult(result []byte, path string, rest *marked) []byte {
	p := &marked{c: t.c, path: path}
	i := 0
	for block := range jsonedit.Elements(jsonedit.Get(result, "content")) {
		to := p
		if t.c.Strict && jsonedit.Get(block, "text") == nil && jsonedit.Get(block, "json") == nil {
			to = rest
		}
		t.part(to, block, i)
		i++
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("role", "tool")
	w.RawMember("tool_call_id", jsonedit.Get(result, "toolUseId"))
	w.Key("content")
	p.write(&w)
	if jsonedit.Text(jsonedit.Get(result, "status")) == "error" {
		if t.c.Strict {
			t.c.Drop(path+".status", notInHub)
		} else {
			w.Key("is_error")
			w.Bool(true)
		}
	}
	w.EndObject()
	return w.Bytes()
}

// part makes a part of one block.
func (t *toHub) part(p *marked, block []byte, i int) {
	for key, value := range jsonedit.Members(block) {
		switch string(key) {
		case "text":
			var w jsonedit.Writer
			w.Object()
			w.StringMember("type", "text")
			w.RawMember("text", value)
			w.EndObject()
			p.add(w.Bytes())
			return
		case "cachePoint":
			p.mark(value, i)
			return
		case "json":
			if !t.c.Strict {
				break
			}
			var w jsonedit.Writer
			w.Object()
			w.StringMember("type", "text")
			w.Key("text")
			w.Quoted(value)
			w.EndObject()
			p.add(w.Bytes())
			return
		case "image", "video":
			if part := t.picture(string(key), value); part != nil {
				p.add(part)
				return
			}
		case "document":
			if part := t.document(value); part != nil {
				p.add(part)
				return
			}
		case "guardContent":
			if text := jsonedit.Get(value, "text", "text"); t.c.Strict && text != nil {
				t.c.Drop(fmt.Sprintf("%s[%d].guardContent", p.path, i), "it became text: OpenAI has no mark for what a guardrail looks at")
				block := append(append([]byte(`{"text":`), text...), '}')
				t.part(p, block, i)
				return
			}
		case "audio":
			if part := audioPart(value); part != nil {
				p.add(part)
				return
			}
		}
	}
	p.foreign(block, i)
}

// picture is a part for an image, or for a video where extensions are wanted.
func (t *toHub) picture(kind string, block []byte) []byte {
	url := uri(kind, block)
	if url == "" || t.c.Strict && kind == "video" {
		return nil
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", kind+"_url")
	w.Key(kind + "_url")
	w.Object()
	w.StringMember("url", url)
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

// uri is a data URI of a block's bytes, or its address in S3.
func uri(kind string, block []byte) string {
	source, format := jsonedit.Get(block, "source"), jsonedit.Text(jsonedit.Get(block, "format"))
	if s3 := jsonedit.Text(jsonedit.Get(source, "s3Location", "uri")); s3 != "" {
		return s3
	}
	data := jsonedit.Text(jsonedit.Get(source, "bytes"))
	mime := mimeOf(kind, format)
	if data == "" || mime == "" {
		return ""
	}
	return "data:" + mime + ";base64," + data
}

// mimeOf is the media type of a format, the shortest where there are several.
func mimeOf(kind, format string) (mime string) {
	for candidate, name := range formats[kind] {
		if name == format && (mime == "" || len(candidate) > len(mime) || len(candidate) == len(mime) && candidate < mime) {
			mime = candidate
		}
	}
	if format == "txt" {
		return "text/plain"
	}
	return mime
}

// document is a file part of a document that has nothing to say about citations.
func (t *toHub) document(block []byte) []byte {
	d := split(block)
	format, name, source := d.text("format"), d.text("name"), d.take("source")
	url := uri("document", block)
	if text := jsonedit.Get(source, "text"); jsonedit.Kind(text) == '"' {
		url = "data:text/plain;base64," + base64.StdEncoding.EncodeToString([]byte(jsonedit.Text(text)))
	}
	for range d.left {
		return nil // context, citations
	}
	if url == "" || t.c.Strict && !strings.HasPrefix(url, "data:") {
		return nil
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", "file")
	w.Key("file")
	w.Object()
	w.StringMember("filename", name+"."+orElse(format, "txt"))
	if strings.HasPrefix(url, "data:") {
		w.StringMember("file_data", url)
	} else {
		w.StringMember("file_url", url)
	}
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

func audioPart(block []byte) []byte {
	data := jsonedit.Get(block, "source", "bytes")
	if data == nil {
		return nil
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", "input_audio")
	w.Key("input_audio")
	w.Object()
	w.RawMember("data", data)
	w.RawMember("format", jsonedit.Get(block, "format"))
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

// assistantTurn writes text and tool calls; what is neither goes to
// content_blocks. A cache point marks what stands before it.
func (t *toHub) assistantTurn(blocks []byte) {
	h := hubContent{c: t.c, path: fmt.Sprintf("messages[%d].content", t.at)}
	h.read(blocks)
	h.message(&t.w, false)
}
