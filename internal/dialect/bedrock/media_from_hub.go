package bedrock

import (
	"encoding/base64"
	"fmt"
	"path"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// media makes a block of a part that is an image, a document, a video or audio.
type media struct {
	f        *fromHub
	path     string
	document bool   // it is one
	audio    bool   // it is that
	lost     string // why there is no block
}

// formats are the media types that Bedrock knows, by the kind of block.
var formats = map[string]map[string]string{
	"image": {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"},
	"video": {"video/x-matroska": "mkv", "video/quicktime": "mov", "video/mp4": "mp4", "video/webm": "webm", "video/x-flv": "flv",
		"video/mpeg": "mpeg", "video/x-ms-wmv": "wmv", "video/3gpp": "three_gp"},
	"audio": {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/opus": "opus", "audio/wav": "wav", "audio/x-wav": "wav", "audio/aac": "aac",
		"audio/flac": "flac", "audio/mp4": "mp4", "audio/ogg": "ogg", "audio/x-m4a": "m4a", "audio/webm": "webm"},
	"document": {"application/pdf": "pdf", "text/csv": "csv", "application/msword": "doc", "text/html": "html", "text/plain": "txt", "text/markdown": "md",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx", "application/vnd.ms-excel": "xls",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx", "application/json": "txt", "text/xml": "txt", "application/xml": "txt"},
}

// extensions are the formats that a name or an address tells of.
var extensions = map[string]string{
	"png": "image", "jpeg": "image", "gif": "image", "webp": "image",
	"mkv": "video", "mov": "video", "mp4": "video", "webm": "video", "flv": "video", "mpeg": "video", "mpg": "video", "wmv": "video", "three_gp": "video",
	"pdf": "document", "csv": "document", "doc": "document", "docx": "document", "xls": "document", "xlsx": "document", "html": "document",
	"txt": "document", "md": "document", "mp3": "audio", "wav": "audio", "flac": "audio", "ogg": "audio",
}

// block returns the block of a part, nil if there is none.
func (m *media) block(part []byte) []byte {
	switch typeOf(part) {
	case "image_url", "video_url":
		url := jsonedit.Get(part, typeOf(part))
		if jsonedit.Kind(url) == '{' {
			url = jsonedit.Get(url, "url")
		}
		return m.at(jsonedit.Text(url), "", "")
	case "file":
		return m.file(split(jsonedit.Get(part, "file")))
	case "input_audio":
		audio := jsonedit.Get(part, "input_audio")
		m.audio = true
		return m.write("audio", jsonedit.Text(jsonedit.Get(audio, "format")), "", "bytes", jsonedit.Text(jsonedit.Get(audio, "data")))
	case "image":
		return m.ownSource(part, "")
	case "document":
		return m.ownSource(part, jsonedit.Text(jsonedit.Get(part, "title")))
	case "search_result":
		return m.searchResult(part)
	}
	return nil
}

const noFetching = "Bedrock fetches nothing from the web: send the data in base64 (data:<type>;base64,<data>) or an s3:// address"

func (m *media) fail(format string, args ...any) []byte {
	m.f.fail(m.path, format, args...)
	return []byte("null")
}

func (m *media) file(file members) []byte {
	name, mime := file.text("filename"), file.text("mime_type")
	if url := file.text("file_url"); url != "" {
		return m.at(url, name, mime)
	}
	data := file.text("file_data")
	if data == "" {
		return m.fail("Bedrock has no files: send file_data, or file_url with an s3:// address")
	}
	if !strings.HasPrefix(data, "data:") {
		if mime == "" && extensions[extension(name)] == "" {
			mime = "application/pdf"
		}
		data = "data:" + mime + ";base64," + data
	}
	return m.at(data, name, mime)
}

// at makes a block of what is at an address: in a data URI or in S3. Bedrock
// fetches nothing from elsewhere.
func (m *media) at(url, name, mime string) []byte {
	if strings.HasPrefix(url, "s3://") {
		format := extension(orElse(name, url))
		if known := formatOf(mime); known != "" {
			format = known
		}
		return m.write(extensions[format], format, name, "s3", url)
	}
	head, data, ok := strings.Cut(strings.TrimPrefix(url, "data:"), ",")
	if !ok || !strings.HasPrefix(url, "data:") {
		return m.fail(noFetching)
	}
	declared, encoded := strings.CutSuffix(head, ";base64")
	if !encoded {
		return m.fail("the data URI must be base64: data:<type>;base64,<data>")
	}
	if declared, _, _ = strings.Cut(declared, ";"); declared != "" {
		mime = strings.ToLower(declared)
	}
	format := formatOf(mime)
	if format == "" || mime == "application/octet-stream" {
		format = orElse(extension(name), format)
	}
	kind := extensions[format]
	if main, _, _ := strings.Cut(mime, "/"); formats[main] != nil {
		kind = main
	}
	return m.write(kind, format, name, "bytes", data)
}

// formatOf is Bedrock's name of a media type, "" if it has none.
func formatOf(mime string) string {
	for _, known := range formats {
		if format := known[mime]; format != "" {
			return format
		}
	}
	if strings.HasPrefix(mime, "text/") {
		return "txt"
	}
	return ""
}

// extension is the format that a file's name ends in.
func extension(name string) string {
	format := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	switch format {
	case "jpg":
		return "jpeg"
	case "htm":
		return "html"
	case "3gp":
		return "three_gp"
	}
	return format
}

// write writes a block; source is "bytes", "s3" or "text".
func (m *media) write(kind, format, name, source, value string) []byte {
	if kind == "" || format == "" {
		return m.fail("Bedrock takes png, jpeg, gif and webp images, pdf, csv, doc, docx, xls, xlsx, html, txt and md documents, and videos; name the media type")
	}
	switch {
	case source != "bytes":
	case value == "":
		return m.fail("there is no data")
	case strings.Contains(value, "://"):
		return m.fail(noFetching)
	}
	var w jsonedit.Writer
	w.Object()
	w.Key(kind)
	w.Object()
	w.StringMember("format", format)
	if kind == "document" {
		m.document = true
		w.StringMember("name", m.f.documentName(name))
	}
	w.Key("source")
	w.Object()
	if source == "s3" {
		w.Key("s3Location")
		w.Object()
		w.StringMember("uri", value)
		w.EndObject()
	} else {
		w.StringMember(source, value)
	}
	w.EndObject()
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

// ownSource makes a block of an image or a document as Anthropic writes it.
func (m *media) ownSource(part []byte, title string) []byte {
	source := jsonedit.Get(part, "source")
	mime, data := jsonedit.Text(jsonedit.Get(source, "media_type")), jsonedit.Text(jsonedit.Get(source, "data"))
	switch kind := typeOf(source); kind {
	case "base64":
		return m.at("data:"+mime+";base64,"+data, title, mime)
	case "url":
		return m.at(jsonedit.Text(jsonedit.Get(source, "url")), title, mime)
	case "text":
		return m.at("data:text/plain;base64,"+base64.StdEncoding.EncodeToString([]byte(data)), title, "")
	default:
		m.lost = fmt.Sprintf("Bedrock takes nothing from a source of type %q", kind)
		return nil
	}
}

func (m *media) searchResult(part []byte) []byte {
	var w jsonedit.Writer
	w.Object()
	w.Key("searchResult")
	w.Object()
	w.RawMember("source", jsonedit.Get(part, "source"))
	w.RawMember("title", jsonedit.Get(part, "title"))
	w.Key("content")
	w.Array()
	for block := range jsonedit.Elements(jsonedit.Get(part, "content")) {
		writeText(&w, jsonedit.Get(block, "text"))
	}
	w.EndArray()
	if c := jsonedit.Get(part, "citations"); !isEmpty(c) {
		w.RawMember("citations", c)
	}
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

// documentName is a name that Bedrock allows and that no other document of the
// request has.
func (f *fromHub) documentName(name string) string {
	name = strings.TrimSuffix(path.Base("/"+name), path.Ext(name))
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" -()[]", r) {
			return r
		}
		return '-'
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	if len(name) > 180 {
		name = name[:180]
	}
	name = orElse(strings.Trim(name, "- "), "document")
	if f.names == nil {
		f.names = map[string]int{}
	}
	f.names[name]++
	if n := f.names[name]; n > 1 {
		return f.documentName(fmt.Sprintf("%s-%d", name, n))
	}
	return name
}
