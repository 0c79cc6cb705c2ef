package gemini

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// media writes a part of a user's message that is not text.
type media struct {
	f    *fromHub
	part []byte
	path string
}

func (m *media) fail(format string, args ...any) {
	m.f.fail(fmt.Sprintf("messages[%d].%s", m.f.at, m.path), format, args...)
}

// partExtras are members of a part that only Gemini has.
var partExtras = [...]string{"videoMetadata", "mediaResolution", "partMetadata"}

// end ends a part whose content is the hub's member kind.
func (m *media) end(w *jsonedit.Writer, kind string) {
	known := []string{"type", kind}
	for _, key := range partExtras {
		if v := get(m.part, key); v != nil {
			w.RawMember(key, v)
			known = append(known, key, snake(key))
		}
	}
	w.EndObject()
	m.f.extras(m.part, m.path, known...)
}

// url writes an image, or what else an address leads to.
func (m *media) url(kind string) {
	value := jsonedit.Get(m.part, kind)
	address, mime := jsonedit.Text(value), ""
	if jsonedit.Kind(value) == '{' {
		o := split(value)
		address, mime = o.text("url"), o.text("mime_type")
		if detail := o.text("detail"); detail != "" && detail != "auto" {
			m.f.drop(m.path+"."+kind+".detail", "Gemini sets the resolution of all media together: use media_resolution")
		}
	}
	switch {
	case address == "":
		m.fail("needs a url: an address or a data URI")
	case strings.HasPrefix(address, "data:"):
		m.data(address, "image/png", kind)
	case isAddress(address):
		if mime == "" && !isVideoSite(address) {
			mime = orElse(typeByName(address), map[string]string{"image_url": "image/jpeg", "video_url": "video/mp4"}[kind])
		}
		m.address(address, mime, kind)
	default: // bare base64, as some clients send it
		m.inline(orElse(mime, "image/jpeg"), address, kind)
	}
}

func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != ""
}

// isVideoSite reports whether an address is a page of which Gemini takes the video
// and asks for no type.
func isVideoSite(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := strings.TrimPrefix(u.Hostname(), "www.")
	return host == "youtube.com" || host == "youtu.be"
}

func (m *media) data(uri, standard, kind string) {
	mime, data, ok := dataURI(uri)
	if !ok {
		m.fail("the data URI must be base64: data:<type>;base64,<data>")
		return
	}
	m.inline(orElse(mime, standard), data, kind)
}

func (m *media) inline(mime, data, kind string) {
	if mime == "image/jpg" {
		mime = "image/jpeg"
	}
	w := m.f.turns.part("user")
	w.Object()
	w.Key("inlineData")
	w.Object()
	w.StringMember("mimeType", mime)
	w.StringMember("data", data)
	w.EndObject()
	m.end(w, kind)
}

func (m *media) address(uri, mime, kind string) {
	w := m.f.turns.part("user")
	w.Object()
	w.Key("fileData")
	w.Object()
	if mime != "" {
		w.StringMember("mimeType", mime)
	}
	w.StringMember("fileUri", uri)
	w.EndObject()
	m.end(w, kind)
}

func (m *media) audio() {
	audio := split(jsonedit.Get(m.part, "input_audio"))
	data, format := audio.text("data"), audio.text("format")
	if data == "" {
		m.fail("needs input_audio.data")
		return
	}
	m.inline(audioMIME(orElse(format, "wav")), data, "input_audio")
}

// file writes a document: by its address, by the address that its id may be, or by
// its data.
func (m *media) file() {
	file := split(jsonedit.Get(m.part, "file"))
	name, mime := file.text("filename"), file.text("mime_type")
	mime = orElse(mime, typeByName(name))
	address, id, data := file.text("file_url"), file.text("file_id"), file.text("file_data")
	switch {
	case address != "":
		m.address(address, orElse(mime, typeByName(address)), "file")
	case id != "" && isAddress(id):
		m.address(id, mime, "file")
	case id != "":
		m.f.drop(m.path+".file.file_id", "Gemini knows files by their address, not by an id of another provider")
	case strings.HasPrefix(data, "data:"):
		m.data(data, orElse(mime, "application/pdf"), "file")
	case data != "":
		m.inline(orElse(mime, "application/pdf"), data, "file")
	default:
		m.fail("needs file_data, file_url or file_id")
	}
}
