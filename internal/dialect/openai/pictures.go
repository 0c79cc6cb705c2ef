package openai

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// maxPictures is how many bytes the files of a request may have together to be
// written into JSON.
const maxPictures = 32 << 20

// A Picture is one that a request brings along: its content, or an address.
type Picture struct {
	Type string // media type
	Data string // base64
	URL  string // instead of both
}

// URI is the picture's address, or its content as a data URI.
func (p Picture) URI() string {
	if p.URL != "" {
		return p.URL
	}
	return "data:" + p.Type + ";base64," + p.Data
}

// Pictures are those that a request to edit or vary pictures brings as its
// member image or mask: files of a form, or in JSON addresses and data URIs. The
// conversion's body is taken to hold them from then on.
//
// Source: OpenAI's API description, CreateImageEditRequest (a form),
// EditImageBodyJsonParam (JSON, with images for image) and
// CreateImageVariationRequest.
func Pictures(c *dialect.Conversion, hub []byte, name string) ([]Picture, error) {
	c.Inline = true
	if c.Files != nil {
		return ofForm(c.Files(name), name)
	}
	value := jsonedit.Get(hub, name)
	if name == "image" && jsonedit.IsNull(value) {
		value = jsonedit.Get(hub, "images")
	}
	if jsonedit.IsNull(value) {
		return nil, nil
	}
	if jsonedit.Kind(value) != '[' {
		one, err := ofJSON(value, name)
		return []Picture{one}, err
	}
	var all []Picture
	for v := range jsonedit.Elements(value) {
		one, err := ofJSON(v, name)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func ofForm(files []ai.Upload, name string) (all []Picture, err error) {
	left := int64(maxPictures)
	for _, f := range files {
		if left -= f.Size(); left < 0 {
			return nil, BadPicture(name, fmt.Sprintf("must not be larger than %d MiB for this provider, all pictures together", maxPictures>>20))
		}
		content, err := io.ReadAll(f.Open())
		if err != nil {
			return nil, err
		}
		kind := f.ContentType()
		if !strings.HasPrefix(kind, "image/") {
			kind = http.DetectContentType(content)
		}
		all = append(all, Picture{Type: kind, Data: base64.StdEncoding.EncodeToString(content)})
	}
	return all, nil
}

// ofJSON reads an address as OpenAI has it, {"image_url": "…"}, or as others do,
// {"url": "…"} or the string alone.
func ofJSON(value []byte, name string) (Picture, error) {
	uri := jsonedit.Text(value)
	for _, path := range [][]string{{"image_url"}, {"image_url", "url"}, {"url"}} {
		if uri == "" {
			uri = jsonedit.Text(jsonedit.Get(value, path...))
		}
	}
	if strings.HasPrefix(uri, "https://") || strings.HasPrefix(uri, "http://") {
		return Picture{URL: uri}, nil
	}
	head, data, ok := strings.Cut(uri, ";base64,")
	if kind, isData := strings.CutPrefix(head, "data:"); ok && isData {
		return Picture{Type: kind, Data: data}, nil
	}
	return Picture{}, BadPicture(name, "must be a file of a form, or have an image_url with an address or a data URI in base64")
}

// BadPicture is the error for a picture that cannot be sent on.
func BadPicture(name, problem string) *ai.Error {
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: name, Message: name + " " + problem}
}

// Content is the base64 of a picture that a provider takes in no other way.
func (p Picture) Content(name string) (string, error) {
	if p.URL != "" {
		return "", BadPicture(name, "must be a file of a form or a data URI: the provider fetches no addresses")
	}
	return p.Data, nil
}

// Drawn writes OpenAI's reply with pictures: addresses, data URIs or base64.
func Drawn(c *dialect.Conversion, pictures []string) []byte {
	var w jsonedit.Writer
	w.Object()
	w.IntMember("created", c.Now)
	w.Key("data")
	w.Array()
	for _, p := range pictures {
		w.Object()
		if strings.HasPrefix(p, "https://") || strings.HasPrefix(p, "http://") {
			w.StringMember("url", p)
		} else {
			w.StringMember("b64_json", encoded(p))
		}
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes()
}

// encoded is the base64 of a data URI, or what is that already.
func encoded(s string) string {
	if head, data, ok := strings.Cut(s, ";base64,"); ok && strings.HasPrefix(head, "data:") {
		return data
	}
	return s
}

// FormValue is the number or boolean that a form, which has only texts, means by
// a field that is no text by its name.
func FormValue(c *dialect.Conversion, name string, value []byte) []byte {
	if c.Files == nil || name == "model" || strings.Contains(name, "prompt") {
		return value
	}
	text := jsonedit.Text(value)
	if text == "true" || text == "false" || strings.Trim(text, "0123456789.-") == "" && json.Valid([]byte(text)) {
		return []byte(text)
	}
	return value
}

// NearestRatio is that of the aspect ratios known, such as 16:9, which is nearest
// to a size in pixels such as 1792x1024. It is not ok if the size is none.
func NearestRatio(size string, known []string) (best string, ok bool) {
	width, height, ok := Pixels(size)
	if !ok {
		return "", false
	}
	distance := math.Inf(1)
	for _, k := range known {
		w, h, _ := strings.Cut(k, ":")
		a, _ := strconv.ParseFloat(w, 64)
		b, _ := strconv.ParseFloat(h, 64)
		if d := math.Abs(math.Log(float64(width) / float64(height) * b / a)); d < distance {
			best, distance = k, d
		}
	}
	return best, true
}

// Pixels reads a size such as 1024x768.
func Pixels(size string) (width, height int, ok bool) {
	w, h, _ := strings.Cut(size, "x")
	width, err1 := strconv.Atoi(w)
	height, err2 := strconv.Atoi(h)
	return width, height, err1 == nil && err2 == nil && width > 0 && height > 0
}

// NoStream refuses a request for events whose pictures come whole.
func NoStream(hub []byte) error {
	if s := jsonedit.Get(hub, "stream"); string(s) != "true" && jsonedit.Text(s) != "true" {
		return nil
	}
	return Unstreamed("stream")
}

// Unstreamed is the error for a member that asks for events where there are none.
func Unstreamed(param string) error {
	return &ai.Error{Kind: ai.Unsupported, Type: "invalid_request_error", Param: param,
		Message: "The provider does not stream this as events; leave " + param + " out"}
}

// NoPicture is the error for a request without one to start from.
func NoPicture() error {
	return BadPicture("image", "must be a picture: a file of the form (multipart/form-data)")
}
