package media

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// The formats whose replies are OpenAI's, or nearly, and whose requests are not.
const (
	Recraft     ai.Dialect = "recraft"
	Together    ai.Dialect = "together-images"
	Nebius      ai.Dialect = "nebius-images"
	XAI         ai.Dialect = "xai-images"
	Hyperbolic  ai.Dialect = "hyperbolic-images"
	SiliconFlow ai.Dialect = "siliconflow-images"
)

// recraft: what OpenAI's SDKs send but size and n has other values there.
// Source: Recraft's API description, GenerateImageRequest, ImageToImageJSONRequest,
// TransformImageWithMaskJSONRequest and VariateImageJSONRequest.
func recraft() Format {
	draw := rules{
		"prompt": keep, "model": keep, "n": keep, "size": recraftSize, "response_format": keep,
		"style":         recraftStyle,
		"output_format": choice("image_format", same("png", "webp")),
	}
	edit := draw.with(rules{"image": one("image_url", asURI), "mask": mask("mask_url", asURI), "size": recraftEditSize})
	vary := rules{"image": one("image_url", asURI), "model": keep, "n": keep, "size": recraftSize, "response_format": keep}
	return drawing(Recraft, translation{
		request: draw.plain,
		reply:   asOpenAIs,
	}).alsoEdits(map[ai.Op]translation{
		ai.ImageEdit: {request: func(c *dialect.Conversion, hub []byte) ([]byte, error) {
			return edit.translate(c, hub, func(r *request) {
				if jsonedit.IsNull(jsonedit.Get(hub, "mask")) {
					r.set("strength", usualStrength)
				}
			})
		}},
		ai.ImageVary: {request: func(c *dialect.Conversion, hub []byte) ([]byte, error) {
			return vary.translate(c, hub, func(r *request) {
				if size := jsonedit.Get(hub, "size"); jsonedit.IsNull(size) || saysNothing("size", size) {
					r.setText("size", "1024x1024") // OpenAI's default; here it must be told
				}
			})
		}},
	})
}

// recraftEditSize: a picture that is made from another has its size.
func recraftEditSize(r *request, value []byte) {
	if !saysNothing("size", value) {
		r.drop("the provider gives the picture the size of the one it is made from")
	}
}

// recraftSize leaves a size to the model if OpenAI's caller does.
func recraftSize(r *request, value []byte) {
	if !saysNothing("size", value) {
		keep(r, value)
	}
}

// recraftStyle passes on any style but the two that are DALL·E's.
func recraftStyle(r *request, value []byte) {
	switch jsonedit.Text(value) {
	case "vivid", "natural":
		r.drop("Recraft has other styles, such as realistic_image")
	default:
		keep(r, value)
	}
}

// together: a size is two members and base64 has its plain name. Source:
// Together's API description, POST /images/generations.
func together() Format {
	draw := rules{
		"prompt": keep, "model": keep, "n": keep, "size": sides("width", "height"),
		"response_format": choice("response_format", map[string]string{"b64_json": "base64", "url": "url"}),
		"output_format":   choice("output_format", same("jpeg", "png")),
	}
	return drawing(Together, translation{
		request: draw.plain,
		reply:   asOpenAIs,
	}).alsoEdits(map[ai.Op]translation{
		ai.ImageEdit: plainEdit(draw.with(rules{"image": oneOrSeveral("image_url", "reference_images", asURI)})),
	})
}

// nebius: a size is two members, and a format is an extension. Source: Nebius AI
// Studio's API reference, image generation; recorded traffic.
func nebius() Format {
	draw := rules{
		"prompt": keep, "model": keep, "size": sides("width", "height"), "response_format": keep,
		"output_format": choice("response_extension", map[string]string{"png": "png", "jpeg": "jpg", "webp": "webp"}),
	}
	return drawing(Nebius, translation{
		request: draw.plain,
		reply:   asOpenAIs,
	})
}

// xai: pictures have an aspect ratio. Source: xAI's image.proto and API
// reference; recorded traffic.
func xai() Format {
	draw := rules{"prompt": keep, "model": keep, "n": keep, "response_format": keep, "size": xaiSize}
	return drawing(XAI, translation{
		request: draw.plain,
		reply:   asOpenAIs,
	}).alsoEdits(map[ai.Op]translation{
		ai.ImageEdit: plainEdit(draw.with(rules{"image": oneOrSeveral("image", "images", asURLObject)})),
	})
}

var xaiRatio = ratio("aspect_ratio", "1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2", "9:20", "20:9", "1:2", "2:1")

// xaiSize: models before Grok Imagine refuse any word on the size.
func xaiSize(r *request, value []byte) {
	if strings.Contains(r.c.Model, "imagine") {
		xaiRatio(r, value)
	} else if !saysNothing("size", value) {
		r.drop("the model has one size")
	}
}

// hyperbolic: names of its own on both sides. Source: Hyperbolic's API
// reference, image generation; recorded traffic.
func hyperbolic() Format {
	draw := rules{"prompt": keep, "model": as("model_name"), "size": sides("width", "height"), "response_format": always("b64_json")}
	return drawing(Hyperbolic, translation{
		request: draw.plain,
		reply: pictures(func(_ *dialect.Conversion, body []byte) ([]string, error) {
			return members(jsonedit.Get(body, "images"), "image"), nil
		}),
	})
}

// siliconflow: Source: SiliconFlow's API reference, image generations.
func siliconflow() Format {
	draw := rules{"prompt": keep, "model": keep, "n": as("batch_size"), "response_format": always("url"), "size": func(r *request, v []byte) {
		if !saysNothing("size", v) {
			r.set("image_size", v)
		}
	}}
	return drawing(SiliconFlow, translation{
		request: draw.plain,
		reply: pictures(func(_ *dialect.Conversion, body []byte) ([]string, error) {
			return members(jsonedit.Get(body, "images"), "url"), nil
		}),
	}).alsoEdits(map[ai.Op]translation{ai.ImageEdit: plainEdit(draw.with(rules{"image": one("image", asURI)}))})
}
