package anthropic

import (
	"encoding/base64"
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// parts collects content blocks as parts of a hub message. If they are only
// text they can be written as one string.
type parts struct {
	t      *toHub
	path   string
	w      jsonedit.Writer
	n      int      // parts written
	texts  [][]byte // the texts of those that are text
	marked bool     // one carries more than its text
	images *parts   // where images go if they may not stand here
}

func (p *parts) read(content []byte) {
	i := 0
	for block := range jsonedit.Elements(content) {
		p.block(block, i)
		i++
	}
}

// write writes the parts: as a string if all are text that a string can hold,
// joined by separator; a user's parts, which have none, only if it is one.
func (p *parts) write(w *jsonedit.Writer, separator string) {
	plain := len(p.texts) == p.n && !p.marked
	switch {
	case p.n == 0:
		w.String("")
	case plain && (p.n == 1 || separator != "" && p.t.c.Strict):
		w.Raw(jsonedit.JoinTexts(p.texts, separator))
	default:
		p.w.EndArray()
		w.Raw(p.w.Bytes())
	}
}

func (p *parts) block(block []byte, i int) {
	path := fmt.Sprintf("%s[%d]", p.path, i)
	cache := jsonedit.Get(block, "cache_control")
	if p.t.c.Strict && !jsonedit.IsNull(cache) {
		p.t.c.Drop(path+".cache_control", notInHub)
		cache = nil
	}
	switch kind := typeOf(block); kind {
	case "text":
		p.text(jsonedit.Get(block, "text"), cache, path)
	case "image":
		to := p
		if p.images != nil {
			to = p.images
		}
		to.image(jsonedit.Get(block, "source"), cache, path)
	case "document":
		p.document(block, cache, path)
	default:
		if p.t.c.Strict {
			p.t.c.Drop(path, fmt.Sprintf("OpenAI's messages take no content of type %q", kind))
			return
		}
		p.open()
		p.w.Raw(block)
		p.marked = true
	}
}

// open makes room for another part.
func (p *parts) open() {
	if p.n == 0 {
		p.w.Array()
	}
	p.n++
}

func (p *parts) begin(kind string) {
	p.open()
	p.w.Object()
	p.w.StringMember("type", kind)
}

func (p *parts) end(cache []byte) {
	if !jsonedit.IsNull(cache) {
		p.w.RawMember("cache_control", cache)
		p.marked = true
	}
	p.w.EndObject()
}

func (p *parts) text(text, cache []byte, path string) {
	if jsonedit.Kind(text) != '"' {
		p.t.fail(path+".text", "must be a string")
		return
	}
	p.texts = append(p.texts, text)
	p.begin("text")
	p.w.RawMember("text", text)
	p.end(cache)
}

func (p *parts) image(source, cache []byte, path string) {
	var url string
	switch kind := typeOf(source); kind {
	case "url":
		url = jsonedit.Text(jsonedit.Get(source, "url"))
	case "base64":
		url = dataURI(source)
	default:
		p.t.c.Drop(path, fmt.Sprintf("OpenAI's messages take no image from a source of type %q", kind))
		return
	}
	p.begin("image_url")
	p.w.Key("image_url")
	p.w.Object()
	p.w.StringMember("url", url)
	p.w.EndObject()
	p.end(cache)
}

func dataURI(source []byte) string {
	return "data:" + jsonedit.Text(jsonedit.Get(source, "media_type")) + ";base64," + jsonedit.Text(jsonedit.Get(source, "data"))
}

// document writes a file part. A text document is text where extensions are not
// wanted, because OpenAI reads only PDF files.
func (p *parts) document(block, cache []byte, path string) {
	d := split(block)
	d.take("type")
	d.take("cache_control")
	source, title := d.take("source"), d.text("title")
	for key, value := range d.left {
		if key != "citations" || string(jsonedit.Get(value, "enabled")) != "false" {
			p.t.c.Drop(path+"."+key, notInHub)
		}
	}
	switch kind := typeOf(source); kind {
	case "text":
		data := jsonedit.Get(source, "data")
		if p.t.c.Strict {
			p.text(data, cache, path+".source")
			return
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(jsonedit.Text(data)))
		p.file(title, "file_data", "data:text/plain;base64,"+encoded, cache)
	case "base64":
		if title == "" && p.t.c.Strict {
			title = "document.pdf" // OpenAI asks for a name
		}
		p.file(title, "file_data", dataURI(source), cache)
	case "file":
		p.file(title, "file_id", jsonedit.Text(jsonedit.Get(source, "file_id")), cache)
	case "content":
		p.nested(jsonedit.Get(source, "content"), cache, path+".source.content")
	case "url":
		if p.t.c.Strict {
			p.t.c.Drop(path, "OpenAI's chat completions take no files by address")
			return
		}
		p.file(title, "file_url", jsonedit.Text(jsonedit.Get(source, "url")), cache)
	default:
		p.t.c.Drop(path, fmt.Sprintf("OpenAI's messages take no document from a source of type %q", kind))
	}
}

// nested writes the content that a document is made of: text and images.
func (p *parts) nested(content, cache []byte, path string) {
	if jsonedit.Kind(content) == '"' {
		p.text(content, cache, path)
		return
	}
	i := 0
	for block := range jsonedit.Elements(content) {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch kind := typeOf(block); kind {
		case "text":
			p.text(jsonedit.Get(block, "text"), nil, at)
		case "image":
			p.image(jsonedit.Get(block, "source"), nil, at)
		default:
			p.t.c.Drop(at, fmt.Sprintf("a document holds no content of type %q", kind))
		}
		i++
	}
}

func (p *parts) file(title, key, value string, cache []byte) {
	p.begin("file")
	p.w.Key("file")
	p.w.Object()
	if title != "" {
		p.w.StringMember("filename", title)
	}
	p.w.StringMember(key, value)
	p.w.EndObject()
	p.end(cache)
}
