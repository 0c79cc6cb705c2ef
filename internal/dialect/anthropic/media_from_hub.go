package anthropic

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// imageURL writes an image, or the document that a data URI may be.
func (b *blocks) imageURL(part, cache []byte, path string) {
	url := jsonedit.Get(part, "image_url")
	if jsonedit.Kind(url) == '{' {
		url = jsonedit.Get(url, "url")
	}
	text := jsonedit.Text(url)
	if text == "" {
		b.f.fail(fmt.Sprintf("messages[%d].%s.image_url.url", b.f.at, path), "must be an address or a data URI")
		return
	}
	if !strings.HasPrefix(text, "data:") {
		b.source("image", "url", "url", text, cache, "")
		return
	}
	b.dataURI(text, "image/png", "", cache, path)
}

// file writes a document of a file part: by its address, its id, or its data.
func (b *blocks) file(part, cache []byte, path string) {
	file := split(jsonedit.Get(part, "file"))
	title := file.text("filename")
	mime := file.text("mime_type")
	if mime == "" {
		mime = "application/pdf"
	}
	if url := file.text("file_url"); url != "" {
		b.source("document", "url", "url", url, cache, title)
		return
	}
	if id := file.text("file_id"); id != "" {
		b.source("document", "file", "file_id", id, cache, title)
		return
	}
	data := file.text("file_data")
	if data == "" {
		b.f.fail(fmt.Sprintf("messages[%d].%s.file", b.f.at, path), "needs file_data, file_url or file_id")
		return
	}
	if !strings.HasPrefix(data, "data:") {
		data = "data:" + mime + ";base64," + data
	}
	b.dataURI(data, mime, title, cache, path)
}

// source writes a block whose source is named rather than contained.
func (b *blocks) source(kind, how, key, value string, cache []byte, title string) {
	b.open(kind)
	b.w.Key("source")
	b.w.Object()
	b.w.StringMember("type", how)
	b.w.StringMember(key, value)
	b.w.EndObject()
	b.titled(title, cache)
}

func (b *blocks) titled(title string, cache []byte) {
	if title != "" {
		b.w.StringMember("title", title)
	}
	b.close(cache)
}

// dataURI writes the image or document that a data URI contains.
func (b *blocks) dataURI(uri, mime, title string, cache []byte, path string) {
	head, data, ok := strings.Cut(strings.TrimPrefix(uri, "data:"), ",")
	declared, encoded := strings.CutSuffix(head, ";base64")
	if !ok || !encoded {
		b.f.fail(fmt.Sprintf("messages[%d].%s", b.f.at, path), "the data URI must be base64: data:<type>;base64,<data>")
		return
	}
	if declared, _, _ = strings.Cut(declared, ";"); declared != "" {
		mime = strings.ToLower(declared)
	}
	switch {
	case strings.HasPrefix(mime, "text/"):
		text, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			b.f.fail(fmt.Sprintf("messages[%d].%s", b.f.at, path), "the data is not valid base64")
			return
		}
		b.contained("document", "text", "text/plain", string(text), title, cache)
	case strings.HasPrefix(mime, "image/"):
		if mime == "image/jpg" {
			mime = "image/jpeg"
		}
		b.contained("image", "base64", mime, data, "", cache)
	case mime == "application/pdf":
		b.contained("document", "base64", mime, data, title, cache)
	default:
		b.f.drop(path, fmt.Sprintf("Anthropic takes no data of type %q", mime))
	}
}

func (b *blocks) contained(kind, how, mime, data, title string, cache []byte) {
	b.open(kind)
	b.w.Key("source")
	b.w.Object()
	b.w.StringMember("type", how)
	b.w.StringMember("media_type", mime)
	b.w.StringMember("data", data)
	b.w.EndObject()
	b.titled(title, cache)
}
