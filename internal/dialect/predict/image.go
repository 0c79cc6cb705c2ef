package predict

import (
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// own are Imagen's parameters that the hub has no words for, by the names that
// clients give them.
var own = map[string]string{
	"aspectRatio": "aspectRatio", "aspect_ratio": "aspectRatio", "seed": "seed",
	"negativePrompt": "negativePrompt", "negative_prompt": "negativePrompt",
	"personGeneration": "personGeneration", "person_generation": "personGeneration",
	"safetySetting": "safetySetting", "safety_setting": "safetySetting",
	"addWatermark": "addWatermark", "add_watermark": "addWatermark",
	"sampleImageSize": "sampleImageSize", "sample_image_size": "sampleImageSize",
	"enhancePrompt": "enhancePrompt", "enhance_prompt": "enhancePrompt",
	"storageUri": "storageUri", "storage_uri": "storageUri", "language": "language",
	"sampleImageStyle": "sampleImageStyle", "style": "sampleImageStyle",
	"editMode": "editMode", "edit_mode": "editMode", "guidanceScale": "guidanceScale", "guidance_scale": "guidanceScale",
}

// A picture is a request for images on its way to Imagen.
type picture struct {
	c                     *dialect.Conversion
	w                     jsonedit.Writer // the parameters
	prompt, mime, quality []byte
	compression           []byte
	size                  string
	shaped                bool // the aspect ratio is told
	mode                  bool // so is how to edit

	references jsonedit.Writer // the pictures to start from; empty if there are none
}

func imageFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	p := picture{c: c}
	p.w.Object()
	for key, value := range jsonedit.Members(body) {
		if !jsonedit.IsNull(value) {
			p.member(string(key), openai.FormValue(c, string(key), value))
		}
	}
	if jsonedit.Kind(p.prompt) != '"' {
		return nil, invalid("prompt", "must be a text that says what the image shows")
	}
	if c.Op == ai.ImageEdit {
		if err := p.start(body); err != nil {
			return nil, err
		}
	} else {
		p.shape()
	}
	p.output()
	p.w.EndObject()
	var w jsonedit.Writer
	w.Object()
	w.Key("instances")
	w.Array()
	w.Object()
	w.RawMember("prompt", p.prompt)
	if p.references.Len() > 0 {
		w.RawMember("referenceImages", p.references.Bytes())
	}
	w.EndObject()
	w.EndArray()
	w.RawMember("parameters", p.w.Bytes())
	w.EndObject()
	return w.Bytes(), nil
}

func (p *picture) member(key string, value []byte) {
	text := jsonedit.Text(value)
	switch {
	case key == "model", p.c.Op == ai.ImageEdit && brings(key):
	case key == "prompt":
		p.prompt = value
	case key == "n":
		p.w.RawMember("sampleCount", value)
	case key == "size":
		p.size = text
	case key == "quality":
		p.quality = value
	case key == "mimeType" || key == "mime_type":
		p.mime = value
	case key == "output_format":
		p.format(text)
	case key == "output_compression":
		p.compression = value
	case key == "response_format":
		if text != "b64_json" {
			p.c.Drop(key, "Imagen gives images as base64 alone, unless storage_uri names a bucket")
		}
	case own[key] != "":
		p.shaped, p.mode = p.shaped || own[key] == "aspectRatio", p.mode || own[key] == "editMode"
		p.w.RawMember(own[key], value)
	default:
		p.c.Drop(key, "Imagen has no such parameter")
	}
}

func (p *picture) format(name string) {
	switch name {
	case "png", "jpeg":
		p.mime = jsonedit.AppendString(nil, "image/"+name)
	default:
		p.c.Drop("output_format", "Imagen makes png and jpeg alone")
	}
}

// output writes how images are packed. Only what high quality means is known: as
// little loss as possible.
func (p *picture) output() {
	if q := jsonedit.Text(p.quality); p.compression == nil && (q == "hd" || q == "high") {
		p.compression = []byte("100")
	}
	if p.mime == nil && p.compression == nil {
		return
	}
	p.w.Key("outputOptions")
	p.w.Object()
	if p.mime != nil {
		p.w.RawMember("mimeType", p.mime)
	}
	if p.compression != nil {
		p.w.RawMember("compressionQuality", p.compression)
	}
	p.w.EndObject()
}

// ratios are the shapes that Imagen makes.
var ratios = []struct {
	name  string
	value float64
}{{"1:1", 1}, {"3:4", 3.0 / 4}, {"4:3", 4.0 / 3}, {"9:16", 9.0 / 16}, {"16:9", 16.0 / 9}}

// shape writes the aspect ratio that is nearest to the size asked for.
func (p *picture) shape() {
	if p.size == "" || p.size == "auto" || p.shaped {
		return
	}
	width, height, _ := strings.Cut(p.size, "x")
	x, errX := strconv.Atoi(width)
	y, errY := strconv.Atoi(height)
	if errX != nil || errY != nil || x <= 0 || y <= 0 {
		p.c.Drop("size", "it is not of the form 1024x1024")
		return
	}
	asked, best := float64(x)/float64(y), ratios[0]
	for _, r := range ratios {
		if apart(asked, r.value) < apart(asked, best.value) {
			best = r
		}
	}
	p.w.StringMember("aspectRatio", best.name)
	if p.size != "1024x1024" {
		p.c.Drop("size", "Imagen is told the shape alone, which became "+best.name)
	}
}

// apart is how far two ratios are from each other, at least 1.
func apart(a, b float64) float64 { return max(a/b, b/a) }

// imagesToHub writes predictions as the hub's images. Those that were held back
// are left out; if none is left, that is an error.
func imagesToHub(c *dialect.Conversion, predictions []byte) ([]byte, error) {
	var w jsonedit.Writer
	w.Grow(len(predictions) + 128)
	w.Object()
	w.IntMember("created", c.Now)
	w.Key("data")
	w.Array()
	made, why := 0, ""
	for prediction := range jsonedit.Elements(predictions) {
		data, address := jsonedit.Get(prediction, "bytesBase64Encoded"), jsonedit.Get(prediction, "gcsUri")
		if jsonedit.IsNull(data) && jsonedit.IsNull(address) {
			why = jsonedit.Text(jsonedit.Get(prediction, "raiFilteredReason"))
			continue
		}
		w.Object()
		if !jsonedit.IsNull(data) {
			w.RawMember("b64_json", data)
		} else {
			w.RawMember("url", address)
		}
		if prompt := jsonedit.Get(prediction, "prompt"); jsonedit.Kind(prompt) == '"' {
			w.RawMember("revised_prompt", prompt)
		}
		w.EndObject()
		made++
	}
	w.EndArray()
	w.EndObject()
	if made == 0 {
		return nil, heldBack(why)
	}
	return w.Bytes(), nil
}

// heldBack is the error of a request all of whose images Google's filters kept
// back. It has the status and code that the hub has for it.
func heldBack(why string) error {
	if why == "" {
		why = "all were held back by the provider's filters"
	}
	return &ai.Error{Kind: ai.Upstream, Status: 400, Type: "image_generation_user_error", Code: "content_policy_violation",
		Message: "No image was made: " + why}
}
