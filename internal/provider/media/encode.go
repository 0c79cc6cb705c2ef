package media

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/provider"
)

// A shape is how one operation is sent: the URL, and the call with the body as
// the provider takes it.
type shape func(p *provider.Provider, base string, c *provider.Call) (to string, out *provider.Call, err error)

// only is an adapter of some operations; the table's has the others.
type only map[ai.Op]shape

// Encode implements provider.Adapter.
func (o only) Encode(ctx context.Context, p *provider.Provider, c *provider.Call) (*http.Request, error) {
	encode, ok := o[c.Op]
	if !ok {
		return provider.Table{}.Encode(ctx, p, c)
	}
	if err := p.Check(c.Fields); err != nil {
		return nil, err
	}
	base, err := p.BaseURL(c)
	if err != nil {
		return nil, err
	}
	to, out, err := encode(p, base, c)
	if err != nil {
		return nil, err
	}
	return provider.NewRequest(ctx, p, out, http.MethodPost, to)
}

// with returns a copy of the call with a header set.
func with(c *provider.Call, name, value string) *provider.Call {
	out := *c
	out.Header = c.Header.Clone()
	if out.Header == nil {
		out.Header = http.Header{}
	}
	out.Header.Set(name, value)
	return &out
}

// stability sends JSON to an engine of v1, and a form to the endpoint of any
// other model.
func stability(p *provider.Provider, base string, c *provider.Call) (string, *provider.Call, error) {
	model := c.Model
	out := with(c, "Accept", "application/json")
	if jsonedit.Get(c.Body, "text_prompts") != nil {
		model, err := p.ModelPath(model)
		return base + "/v1/generation/" + model + "/text-to-image", out, err
	}
	return stabilityForm(p, base+"/v2beta/stable-image/"+stabilityPlace(c), out)
}

// stabilityEdit sends a form, which has the picture, also to an engine of v1.
func stabilityEdit(p *provider.Provider, base string, c *provider.Call) (string, *provider.Call, error) {
	out := with(c, "Accept", "application/json")
	if jsonedit.Get(c.Body, "init_image") == nil {
		return stabilityForm(p, base+"/v2beta/stable-image/"+stabilityPlace(c), out)
	}
	to := base + "/v1/generation/{model}/image-to-image"
	if jsonedit.Get(c.Body, "mask_image") != nil {
		to += "/masking"
	}
	return stabilityForm(p, to, out)
}

// stabilityPlace is where a model of v2 is: each thing that can be done to a
// picture has a place of its own.
func stabilityPlace(c *provider.Call) string {
	model := strings.TrimPrefix(c.Model, "stable-image-")
	switch {
	case strings.HasPrefix(model, "sd3"):
		return "generate/sd3"
	case c.Op == ai.ImageGenerate || model == "ultra":
		return "generate/{model}"
	case model == "sketch" || model == "structure" || model == "style":
		return "control/{model}"
	case model == "fast" || model == "conservative":
		return "upscale/{model}"
	}
	return "edit/{model}"
}

func stabilityForm(p *provider.Provider, to string, c *provider.Call) (string, *provider.Call, error) {
	f, err := form.Of(c.Body)
	if err != nil {
		return "", nil, err
	}
	c.Upload = f
	model, err := p.ModelPath(strings.TrimPrefix(c.Model, "stable-image-"))
	return strings.Replace(to, "{model}", model, 1), c, err
}

// recraftEdit: a picture with a mask has an address of its own.
func recraftEdit(_ *provider.Provider, base string, c *provider.Call) (string, *provider.Call, error) {
	if jsonedit.Get(c.Body, "mask_url") != nil {
		return base + "/images/inpaint", c, nil
	}
	return base + "/images/imageToImage", c, nil
}

// replicate waits for the prediction as long as Replicate lets one, up to a
// minute. owner/name is an official model, owner/name:version any.
func replicate(p *provider.Provider, base string, c *provider.Call) (string, *provider.Call, error) {
	out := c
	if c.Header.Get("Prefer") == "" {
		out = with(c, "Prefer", "wait")
	}
	if jsonedit.Get(c.Body, "version") != nil {
		return base + "/predictions", out, nil
	}
	model, err := p.ModelPath(c.Model)
	return base + "/models/" + model + "/predictions", out, err
}

// deepgramListen sends the file itself, and the form's fields in the query.
func deepgramListen(_ *provider.Provider, base string, c *provider.Call) (string, *provider.Call, error) {
	out := *c
	f, isForm := c.Upload.(*form.Form)
	if !isForm {
		return "", nil, noFile()
	}
	file, ok := f.File("file")
	if !ok {
		return "", nil, noFile()
	}
	out.Upload = file
	return base + "/listen" + query(c.Body, "file"), &out, nil
}

func noFile() error {
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "file",
		Message: "The request must be a form (multipart/form-data) with the sound as its field file"}
}

func deepgramSpeak(_ *provider.Provider, base string, c *provider.Call) (string, *provider.Call, error) {
	out := *c
	out.Body = object("text", jsonedit.Get(c.Body, "text"))
	return base + "/speak" + query(c.Body, "text"), &out, nil
}

// elevenSpeak has the voice in the path and the sound's format in the query.
func elevenSpeak(_ *provider.Provider, base string, c *provider.Call) (string, *provider.Call, error) {
	voice := jsonedit.Text(jsonedit.Get(c.Body, "voice"))
	if voice == "" || strings.Trim(voice, ".") == "" {
		return "", nil, &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "voice",
			Message: "voice must be the id of a voice of ElevenLabs: it is part of the URL"}
	}
	out := *c
	inURL := map[string]bool{"voice": true, "output_format": true, "enable_logging": true}
	var w jsonedit.Writer
	w.Object()
	q := url.Values{}
	for key, value := range jsonedit.Members(c.Body) {
		switch name := string(key); {
		case !inURL[name]:
			w.RawMember(name, value)
		case name != "voice":
			q.Set(name, scalar(value))
		}
	}
	w.EndObject()
	out.Body = w.Bytes()
	to := base + "/text-to-speech/" + url.PathEscape(voice)
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	return to, &out, nil
}

// query writes the members of an object, but one, as a URL's query; a list is a
// parameter that comes several times.
func query(doc []byte, but string) string {
	q := url.Values{}
	for key, value := range jsonedit.Members(doc) {
		name := string(key)
		if name == but {
			continue
		}
		if jsonedit.Kind(value) == '[' {
			for v := range jsonedit.Elements(value) {
				q.Add(name, scalar(v))
			}
			continue
		}
		q.Set(name, scalar(value))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// scalar is a string's text, or any other value as written.
func scalar(value []byte) string {
	if jsonedit.Kind(value) == '"' {
		return jsonedit.Text(value)
	}
	return string(value)
}

func object(name string, value []byte) []byte {
	var w jsonedit.Writer
	w.Object()
	w.RawMember(name, value)
	w.EndObject()
	return w.Bytes()
}
