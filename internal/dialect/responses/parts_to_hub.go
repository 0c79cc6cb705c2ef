package responses

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// parts collects content parts as those of a hub message. If they are only text
// they can be written as one string.
type parts struct {
	t     *toHub
	path  string
	w     jsonedit.Writer
	n     int      // parts written
	texts [][]byte // the texts of those that are text
	media *parts   // where all that is not text goes if it may not stand here
}

func (p *parts) read(content []byte) {
	i := 0
	for part := range jsonedit.Elements(content) {
		p.part(part, fmt.Sprintf("%s[%d]", p.path, i))
		i++
	}
}

// write writes the parts: as a string if all are text that a string can hold,
// joined by separator; those of a user, who has none, only if it is one.
func (p *parts) write(w *jsonedit.Writer, separator string) {
	switch {
	case p.n == 0:
		w.String("")
	case len(p.texts) == p.n && (p.n == 1 || separator != "" && p.t.c.Strict):
		w.Raw(joinTexts(p.texts, separator))
	default:
		p.w.EndArray()
		w.Raw(p.w.Bytes())
	}
}

func (p *parts) part(part []byte, path string) {
	m := split(part)
	to := p
	if p.media != nil {
		to = p.media
	}
	switch kind := m.text("type"); kind {
	case "input_text", "output_text", "text":
		p.text(m.take("text"), path+".text")
		m.take("annotations")
	case "input_image":
		to.image(m, path)
	case "input_file":
		to.file(m, path)
	case "input_audio":
		to.begin(kind)
		to.w.RawMember(kind, m.take(kind))
		to.w.EndObject()
	default:
		p.t.c.Drop(path, fmt.Sprintf("chat completions take no content of type %q", kind))
		return
	}
	for key := range m.left {
		p.t.c.Drop(path+"."+key, notInHub)
	}
}

// begin begins another part.
func (p *parts) begin(kind string) {
	if p.n == 0 {
		p.w.Array()
	}
	p.n++
	p.w.Object()
	p.w.StringMember("type", kind)
}

func (p *parts) text(text []byte, path string) {
	if !isString(text) {
		p.t.fail(path, "must be a string")
		return
	}
	p.texts = append(p.texts, text)
	p.begin("text")
	p.w.RawMember("text", text)
	p.w.EndObject()
}

func (p *parts) image(m members, path string) {
	url, detail, id := m.take("image_url"), m.text("detail"), m.take("file_id")
	switch {
	case isString(url):
	case id != nil:
		p.t.c.Drop(path, "chat completions take no image by the id of a file; send its address or a data URI in image_url")
		return
	default:
		p.t.fail(path+".image_url", "must be an address or a data URI")
		return
	}
	p.begin("image_url")
	p.w.Key("image_url")
	p.w.Object()
	p.w.RawMember("url", url)
	switch detail {
	case "":
	case "auto", "low", "high":
		p.w.StringMember("detail", detail)
	default:
		p.t.c.Drop(path+".detail", fmt.Sprintf("chat completions have no detail %q", detail))
	}
	p.w.EndObject()
	p.w.EndObject()
}

// file writes a file by its data or its id. By its address chat completions take
// none, but other formats do.
func (p *parts) file(m members, path string) {
	data, id, url, name := m.take("file_data"), m.take("file_id"), m.take("file_url"), m.take("filename")
	if data == nil && id == nil && url != nil && p.t.c.Strict {
		p.t.c.Drop(path, "OpenAI's chat completions take no files by address")
		return
	}
	if data == nil && id == nil && url == nil {
		p.t.fail(path, "needs file_data, file_id or file_url")
		return
	}
	p.begin("file")
	p.w.Key("file")
	p.w.Object()
	switch {
	case name != nil:
		p.w.RawMember("filename", name)
	case data != nil && p.t.c.Strict:
		p.w.StringMember("filename", "document.pdf") // OpenAI asks for a name
	}
	switch {
	case data != nil:
		p.w.RawMember("file_data", data)
	case id != nil:
		p.w.RawMember("file_id", id)
	default:
		p.w.RawMember("file_url", url)
	}
	p.w.EndObject()
	p.w.EndObject()
}
