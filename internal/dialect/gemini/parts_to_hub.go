package gemini

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// parts collects a user's parts as parts of a hub message.
type parts struct {
	c     *dialect.Conversion
	w     jsonedit.Writer
	n     int      // parts written
	texts [][]byte // the texts of those that are only text
}

// write writes the parts: as a string if all are text and there is one, or a
// separator to join them.
func (p *parts) write(w *jsonedit.Writer, separator string) {
	switch {
	case p.n == 0:
		w.String("")
	case len(p.texts) == p.n && (p.n == 1 || separator != ""):
		w.Raw(jsonedit.JoinTexts(p.texts, separator))
	default:
		p.w.EndArray()
		w.Raw(p.w.Bytes())
	}
}

func (p *parts) begin(kind string) {
	if p.n == 0 {
		p.w.Array()
	}
	p.n++
	p.w.Object()
	p.w.StringMember("type", kind)
}

// end ends a part, with what else Gemini had in it.
func (p *parts) end(rest members, path string) {
	for key, value := range rest.left {
		switch {
		case key == "thought" && string(value) == "false":
		case p.c.Strict:
			p.c.Drop(path+"."+key, notInHub)
		default:
			p.w.RawMember(key, value)
		}
	}
	p.w.EndObject()
}

// part writes a part that is neither a thought nor a call nor a result.
func (p *parts) part(part []byte, path string) {
	m := splitOwn(part)
	if text := m.take("text"); text != nil {
		if jsonedit.Kind(text) != '"' {
			return
		}
		p.begin("text")
		p.w.RawMember("text", text)
		n := p.w.Len()
		p.end(m, path)
		if p.w.Len() == n+1 {
			p.texts = append(p.texts, text)
		}
		return
	}
	if blob := m.take("inlineData"); blob != nil {
		p.inline(splitOwn(blob), m, path)
		return
	}
	if file := m.take("fileData"); file != nil {
		p.file(splitOwn(file), m, path)
		return
	}
	p.own(part, path)
}

// own carries a part that the hub has nothing like, as it is.
func (p *parts) own(part []byte, path string) {
	if p.c.Strict || p.c.Onward {
		p.c.Drop(path, notInHub)
		return
	}
	p.begin(ownBlock)
	p.w.RawMember("part", part)
	p.w.EndObject()
}

func (p *parts) inline(blob, rest members, path string) {
	mime, data := strings.ToLower(blob.text("mimeType")), standardBase64(blob.text("data"))
	name := blob.text("displayName")
	base, _, _ := strings.Cut(mime, ";")
	switch {
	case strings.HasPrefix(base, "image/"):
		p.image("data:"+mime+";base64,"+data, rest, path)
	case strings.HasPrefix(base, "audio/") && p.c.Strict && audioFormat(base) != "wav" && audioFormat(base) != "mp3":
		p.c.Drop(path, "OpenAI's chat completions take audio as WAV or MP3 alone")
	case strings.HasPrefix(base, "audio/"):
		p.begin("input_audio")
		p.w.Key("input_audio")
		p.w.Object()
		p.w.StringMember("data", data)
		p.w.StringMember("format", audioFormat(base))
		p.w.EndObject()
		p.end(rest, path)
	case strings.HasPrefix(base, "text/") && p.c.Strict:
		text, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			p.c.Drop(path, "the data is not valid base64")
			return
		}
		p.begin("text")
		p.w.StringMember("text", string(text))
		p.end(rest, path)
	case strings.HasPrefix(base, "video/") && p.c.Strict:
		p.c.Drop(path, "OpenAI's chat completions take no video")
	default:
		if name == "" && p.c.Strict {
			name = "document" + extension(base) // OpenAI asks for a name
		}
		p.begin("file")
		p.w.Key("file")
		p.w.Object()
		if name != "" {
			p.w.StringMember("filename", name)
		}
		p.w.StringMember("file_data", "data:"+mime+";base64,"+data)
		p.w.EndObject()
		p.end(rest, path)
	}
}

func (p *parts) image(url string, rest members, path string) {
	p.begin("image_url")
	p.w.Key("image_url")
	p.w.Object()
	p.w.StringMember("url", url)
	p.w.EndObject()
	p.end(rest, path)
}

func (p *parts) file(file, rest members, path string) {
	uri, mime := file.text("fileUri"), file.text("mimeType")
	if strings.HasPrefix(mime, "image/") {
		p.begin("image_url")
		p.w.Key("image_url")
		p.w.Object()
		p.w.StringMember("url", uri)
		if !p.c.Strict {
			p.w.StringMember("mime_type", mime)
		}
		p.w.EndObject()
		p.end(rest, path)
		return
	}
	if p.c.Strict {
		p.c.Drop(path, "OpenAI's chat completions take no files by address")
		return
	}
	p.begin("file")
	p.w.Key("file")
	p.w.Object()
	p.w.StringMember("file_url", uri)
	if mime != "" {
		p.w.StringMember("mime_type", mime)
	}
	p.w.EndObject()
	p.end(rest, path)
}

// standardBase64 turns the URL-safe alphabet, which Google takes and writes as
// well, into the standard one.
func standardBase64(data string) string {
	if strings.ContainsAny(data, "-_") {
		data = strings.NewReplacer("-", "+", "_", "/").Replace(data)
	}
	if n := len(data) % 4; n > 1 {
		data += "==="[:4-n]
	}
	return data
}

// audioFormats are audio types by the hub's name of their format.
var audioFormats = [...]struct{ format, mime string }{
	{"wav", "audio/wav"}, {"mp3", "audio/mp3"}, {"mp3", "audio/mpeg"}, {"aac", "audio/aac"}, {"flac", "audio/flac"},
	{"opus", "audio/ogg"}, {"ogg", "audio/ogg"}, {"aiff", "audio/aiff"}, {"m4a", "audio/m4a"}, {"m4a", "audio/mp4"},
	{"webm", "audio/webm"}, {"pcm16", "audio/pcm"}, {"wav", "audio/x-wav"},
}

func audioFormat(mime string) string {
	for _, f := range audioFormats {
		if f.mime == mime {
			return f.format
		}
	}
	return strings.TrimPrefix(mime, "audio/")
}

func audioMIME(format string) string {
	for _, f := range audioFormats {
		if f.format == format {
			return f.mime
		}
	}
	return "audio/" + format
}

// extension is a file name's for a type, "" if none is known.
func extension(mime string) string {
	for _, t := range fileTypes {
		if t.mime == mime {
			return t.extension
		}
	}
	return ""
}

// fileTypes are the types that Gemini reads and that a name tells.
var fileTypes = [...]struct{ extension, mime string }{
	{".pdf", "application/pdf"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"}, {".png", "image/png"}, {".webp", "image/webp"},
	{".gif", "image/gif"}, {".heic", "image/heic"}, {".heif", "image/heif"}, {".avif", "image/avif"},
	{".mp4", "video/mp4"}, {".mov", "video/quicktime"}, {".webm", "video/webm"}, {".mpeg", "video/mpeg"}, {".avi", "video/x-msvideo"},
	{".mp3", "audio/mp3"}, {".wav", "audio/wav"}, {".flac", "audio/flac"}, {".ogg", "audio/ogg"}, {".aac", "audio/aac"},
	{".txt", "text/plain"}, {".md", "text/markdown"}, {".html", "text/html"}, {".csv", "text/csv"}, {".json", "application/json"},
}

// typeByName is the type that an address or a name tells, "" if it does not.
func typeByName(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), "?")
	for _, t := range fileTypes {
		if strings.HasSuffix(name, t.extension) {
			return t.mime
		}
	}
	return ""
}

const (
	notInHub = "OpenAI's chat completions have nothing like it"
	ownBlock = "gemini_part" // the type of a content block that is a part of Gemini's
)

func partPath(content, part int) string { return fmt.Sprintf("contents[%d].parts[%d]", content, part) }
