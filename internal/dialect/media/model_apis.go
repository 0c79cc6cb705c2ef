package media

import (
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// The formats of providers that have an address for every model, whose members
// differ from model to model: what is written here is what most of them share.
const (
	Segmind   ai.Dialect = "segmind"
	Fireworks ai.Dialect = "fireworks-images"
	WorkersAI ai.Dialect = "workers-ai-run"
	Fal       ai.Dialect = "fal"
	Replicate ai.Dialect = "replicate"
)

// segmind: Source: Segmind's model pages. A model that does not know base64
// answers with the picture itself.
func segmind() Format {
	draw := rules{
		"model": gone, "prompt": keep, "n": as("samples"), "size": sides("img_width", "img_height"), "style": keep, "response_format": always("b64_json"),
	}
	told := func(rs rules) func(*dialect.Conversion, []byte) ([]byte, error) {
		return func(c *dialect.Conversion, hub []byte) ([]byte, error) {
			return rs.translate(c, hub, func(r *request) { r.set("base64", []byte("true")) })
		}
	}
	edit := draw.with(rules{"image": one("image", asBase64), "mask": mask("mask", asBase64)})
	return drawing(Segmind, translation{
		request: told(draw),
		reply: pictures(func(_ *dialect.Conversion, body []byte) ([]string, error) {
			return texts(jsonedit.Get(body, "image")), nil
		}),
	}).alsoEdits(map[ai.Op]translation{ai.ImageEdit: {request: told(edit)}})
}

// fireworks has FLUX models, whose pictures have an aspect ratio, and Stable
// Diffusion, whose have sides and can be several. Those of FLUX.1 Kontext are
// asked after, see fluxPictures. Source: Fireworks' API reference, "Generate an
// image with FLUX.1 [schnell] FP8", "Generate or edit image using FLUX.1 Kontext",
// "Get generated image from FLUX.1 Kontext" and "Generate a new image from a text
// prompt".
func fireworks() Format {
	flux := rules{
		"model": gone, "prompt": keep, "response_format": always("b64_json"),
		"size": ratio("aspect_ratio", "1:1", "21:9", "16:9", "3:2", "5:4", "4:5", "2:3", "9:16", "9:21", "4:3", "3:4"),
	}
	other := rules{"model": gone, "prompt": keep, "n": as("samples"), "size": sides("width", "height"), "response_format": always("b64_json")}
	kontext := flux.with(rules{"response_format": always("url"), "output_format": choice("output_format", same("png", "jpeg"))})
	return drawing(Fireworks, translation{
		request: func(c *dialect.Conversion, hub []byte) ([]byte, error) {
			switch {
			case IsKontext(c.Model):
				return kontext.plain(c, hub)
			case strings.Contains(c.Model, "flux"):
				return flux.plain(c, hub)
			}
			return other.plain(c, hub)
		},
		reply: pictures(func(c *dialect.Conversion, body []byte) ([]string, error) {
			switch {
			case jsonedit.Kind(body) == '[':
				return members(body, "base64"), nil
			case jsonedit.Get(body, "status") != nil:
				return fluxPictures(c, body)
			}
			return texts(jsonedit.Get(body, "base64")), nil
		}),
	}).alsoEdits(map[ai.Op]translation{ai.ImageEdit: plainEdit(kontext.with(rules{"image": one("input_image", asURI)}))})
}

// IsKontext reports whether a model is one of FLUX.1 Kontext, which changes
// pictures.
func IsKontext(model string) bool { return strings.Contains(model, "kontext") }

// workersAI: FLUX answers with base64 in Cloudflare's envelope or bare, older
// models with the picture itself. Source: Cloudflare's descriptions of the
// models flux-1-schnell, stable-diffusion-xl-base-1.0, dreamshaper-8-lcm,
// stable-diffusion-v1-5-img2img and stable-diffusion-v1-5-inpainting.
func workersAI() Format {
	draw := rules{"model": gone, "prompt": keep, "response_format": always("b64_json"), "size": func(r *request, v []byte) {
		if strings.HasSuffix(r.c.Model, "/flux-1-schnell") {
			r.drop("the model has one size")
			return
		}
		sides("width", "height")(r, v)
	}}
	return drawing(WorkersAI, translation{
		request: draw.plain,
		reply: pictures(func(_ *dialect.Conversion, body []byte) ([]string, error) {
			if result := jsonedit.Get(body, "result"); jsonedit.Kind(result) == '{' {
				body = result
			}
			return texts(jsonedit.Get(body, "image")), nil
		}),
	}).alsoEdits(map[ai.Op]translation{ai.ImageEdit: plainEdit(draw.with(rules{"image": one("image_b64", asBase64), "mask": mask("mask", asBytes)}))})
}

// fal: with sync_mode pictures come in the reply instead of as addresses.
// Source: fal's API reference, FLUX.1 [schnell]; recorded traffic.
func fal() Format {
	draw := rules{
		"model": gone, "prompt": keep, "n": as("num_images"),
		"output_format": choice("output_format", same("jpeg", "png")),
		"size": func(r *request, value []byte) {
			width, height, ok := openai.Pixels(jsonedit.Text(value))
			if !ok {
				r.dropSize(value)
				return
			}
			var w jsonedit.Writer
			w.Object()
			w.IntMember("width", int64(width))
			w.IntMember("height", int64(height))
			w.EndObject()
			r.set("image_size", w.Bytes())
		},
		"response_format": func(r *request, value []byte) {
			if jsonedit.Text(value) == "b64_json" {
				r.set("sync_mode", []byte("true"))
			}
		},
	}
	edit := draw.with(rules{"image": falPictures, "mask": mask("mask_url", asURI)})
	return drawing(Fal, translation{
		request: draw.plain,
		reply: pictures(func(_ *dialect.Conversion, body []byte) ([]string, error) {
			if one := jsonedit.Text(jsonedit.Get(body, "image", "url")); one != "" {
				return []string{one}, nil
			}
			return members(jsonedit.Get(body, "images"), "url"), nil
		}),
	}).alsoEdits(map[ai.Op]translation{ai.ImageEdit: plainEdit(edit), ai.ImageVary: plainEdit(edit)})
}

// falPictures: models that are made for several pictures take a list even of one.
func falPictures(r *request, value []byte) {
	if strings.HasSuffix(r.c.Model, "/edit") || strings.HasSuffix(r.c.Model, "/multi") {
		several("image_urls", asURI)(r, value)
		return
	}
	oneOrSeveral("image_url", "image_urls", asURI)(r, value)
}

// replicate: the parameters are the model's input; the reply is a prediction,
// which is waited for. Source: Replicate's API description, predictions.create
// and models.predictions.create; recorded traffic.
func replicate() Format {
	draw := rules{
		"model": gone, "prompt": keep, "n": as("num_outputs"), "size": replicateSize, "response_format": always("url"),
		"output_format": choice("output_format", map[string]string{"png": "png", "jpeg": "jpg", "webp": "webp"}),
	}
	edit := plainEdit(draw.with(rules{"image": replicateInput, "mask": mask("mask", asURI)}))
	edit.request = replicateWrapped(edit.request)
	return drawing(Replicate, translation{request: replicateWrapped(draw.plain), reply: pictures(replicatePictures)}).
		alsoEdits(map[ai.Op]translation{ai.ImageEdit: edit, ai.ImageVary: edit})
}

// replicateWrapped makes parameters the input of a prediction.
func replicateWrapped(parameters func(*dialect.Conversion, []byte) ([]byte, error)) func(*dialect.Conversion, []byte) ([]byte, error) {
	return func(c *dialect.Conversion, hub []byte) ([]byte, error) {
		input, err := parameters(c, hub)
		if err != nil {
			return nil, err
		}
		var w jsonedit.Writer
		w.Object()
		if _, version, ok := strings.Cut(c.Model, ":"); ok {
			w.StringMember("version", version)
		}
		w.RawMember("input", input)
		w.EndObject()
		return w.Bytes(), nil
	}
}

// replicateInput: what a model calls the pictures it starts from is its own
// matter; these are the names of the best known ones, and image of most others.
func replicateInput(r *request, value []byte) {
	for _, m := range []struct{ mark, list string }{
		{"nano-banana", "image_input"}, {"seedream", "image_input"}, {"flux-2", "input_images"}, {"gpt-image", "input_images"},
	} {
		if strings.Contains(r.c.Model, m.mark) {
			several(m.list, asURI)(r, value)
			return
		}
	}
	if IsKontext(r.c.Model) {
		one("input_image", asURI)(r, value)
		return
	}
	one("image", asURI)(r, value)
}

var replicateRatio = ratio("aspect_ratio", "1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21")

// replicateSize: the FLUX models take an aspect ratio, most others two sides.
func replicateSize(r *request, value []byte) {
	if strings.HasPrefix(r.c.Model, "black-forest-labs/") {
		replicateRatio(r, value)
		return
	}
	sides("width", "height")(r, value)
}

// replicatePictures reads a prediction. One that was waited for has its output
// while it is still called "processing".
func replicatePictures(_ *dialect.Conversion, body []byte) ([]string, error) {
	var found []string
	for _, out := range texts(jsonedit.Get(body, "output")) {
		if strings.HasPrefix(out, "https://") || strings.HasPrefix(out, "data:") {
			found = append(found, out)
		}
	}
	status, id := jsonedit.Text(jsonedit.Get(body, "status")), jsonedit.Text(jsonedit.Get(body, "id"))
	switch status {
	case "failed", "canceled", "aborted":
		message := jsonedit.Text(jsonedit.Get(body, "error"))
		if message == "" {
			message = "The prediction was " + status
		}
		return nil, &ai.Error{Kind: ai.Upstream, Status: http.StatusBadGateway, Type: "prediction_" + status, Code: id, Message: message}
	}
	return found, nil
}
