package openai

import (
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// InputImage is the address of the image, perhaps a data URI, that an item of an
// embeddings request's input has, "" if it has none. Beside OpenAI's texts the hub
// has items that are objects of text and image; clients spell the image as image
// or image_url, a text or an object of url or base64.
func InputImage(item []byte) string {
	image := jsonedit.Get(item, "image")
	if image == nil {
		image = jsonedit.Get(item, "image_url")
	}
	if jsonedit.Kind(image) == '"' {
		return jsonedit.Text(image)
	}
	if url := jsonedit.Text(jsonedit.Get(image, "url")); url != "" {
		return url
	}
	data := jsonedit.Text(jsonedit.Get(image, "base64"))
	if data == "" || strings.HasPrefix(data, "data:") {
		return data
	}
	mime := jsonedit.Text(jsonedit.Get(image, "mime_type"))
	if mime == "" {
		mime = "image/png"
	}
	return "data:" + mime + ";base64," + data
}
