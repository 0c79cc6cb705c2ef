package form

import (
	"mime"
	"net/textproto"
	"strings"
)

var quoteEscaper = strings.NewReplacer("\\", "\\\\", `"`, `\"`, "\r", "%0D", "\n", "%0A")

func parseDisposition(h textproto.MIMEHeader) (string, map[string]string, error) {
	return mime.ParseMediaType(h.Get("Content-Disposition"))
}

func contentType(boundary string) string {
	return mime.FormatMediaType("multipart/form-data", map[string]string{"boundary": boundary})
}

// Boundary reads a form's boundary from its content type; it is not ok for any
// other type.
func Boundary(contentType string) (boundary string, ok bool) {
	t, params, err := mime.ParseMediaType(contentType)
	return params["boundary"], err == nil && t == "multipart/form-data" && params["boundary"] != ""
}
