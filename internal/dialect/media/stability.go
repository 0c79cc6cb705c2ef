package media

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// Stability is Stability AI's two formats: engines of the v1 API take JSON with
// text_prompts; all newer models, and those engines where they start from a
// picture, take a form, whose fields are shown here as the members of an object.
//
// Source: Stability AI's REST API reference (v1 generation, v2beta stable image:
// generate, edit, control, upscale)
// and its generation.proto, which names the finish reasons.
const Stability ai.Dialect = "stability"

func stability() Format {
	return drawing(Stability, translation{request: stabilityRequest, reply: pictures(stabilityPictures)}).
		alsoEdits(map[ai.Op]translation{ai.ImageEdit: {request: stabilityEdit}})
}

// isStabilityV1 reports whether a model is an engine of the v1 API.
func isStabilityV1(model string) bool {
	return strings.HasPrefix(model, "stable-diffusion-xl-") || strings.HasPrefix(model, "stable-diffusion-v1-")
}

var (
	stabilityV1 = rules{
		"model": gone, "n": as("samples"), "size": sides("width", "height"), "style": stabilityStyle, "response_format": always("b64_json"),
		"prompt": func(r *request, value []byte) {
			if r.own("text_prompts") {
				return
			}
			r.w.Key("text_prompts")
			r.w.Array()
			r.w.Object()
			r.w.RawMember("text", value)
			r.w.EndObject()
			if negative := jsonedit.Get(r.hub, "negative_prompt"); !jsonedit.IsNull(negative) {
				r.w.Object()
				r.w.RawMember("text", negative)
				r.w.Key("weight")
				r.w.Int(-1)
				r.w.EndObject()
			}
			r.w.EndArray()
		},
		"negative_prompt": gone, // beside the prompt
	}
	stabilityV2 = rules{
		"model": stabilityModel, "prompt": keep, "style": stabilityStyle, "response_format": always("b64_json"),
		"size":          ratio("aspect_ratio", "1:1", "16:9", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"),
		"output_format": choice("output_format", same("png", "jpeg", "webp")),
	}
)

func stabilityRequest(c *dialect.Conversion, hub []byte) ([]byte, error) {
	if isStabilityV1(c.Model) {
		return stabilityV1.plain(c, hub)
	}
	return stabilityV2.plain(c, hub)
}

// stabilityEdit makes a picture from another. What stands for a model is what is
// to be done (inpaint, erase, sketch, …), or a model that also draws.
func stabilityEdit(c *dialect.Conversion, hub []byte) ([]byte, error) {
	if isStabilityV1(c.Model) {
		return stabilityV1Edit.translate(c, hub, func(r *request) {
			if !jsonedit.IsNull(jsonedit.Get(hub, "mask")) {
				r.setText("mask_source", "MASK_IMAGE_WHITE")
			}
		})
	}
	return stabilityV2Edit.translate(c, hub, func(r *request) {
		if StabilityDraws(c.Model) {
			r.setText("mode", "image-to-image")
			r.set("strength", usualStrength)
		}
	})
}

// usualStrength is how far a picture may go from the one that it is made from, 0
// for not at all, where a provider wants to be told and OpenAI's clients say
// nothing.
var usualStrength = []byte("0.5")

// StabilityDraws reports whether a model of Stability AI's draws by itself, and
// takes a picture to start from as well.
func StabilityDraws(model string) bool {
	model = strings.TrimPrefix(model, "stable-image-")
	return strings.HasPrefix(model, "sd3") || model == "ultra"
}

var (
	stabilityV1Edit = rules{
		"model": gone, "n": as("samples"), "style": stabilityStyle, "response_format": always("b64_json"), "prompt": as("text_prompts[0][text]"),
		"image": one("init_image", asFile), "mask": mask("mask_image", asFile),
		"negative_prompt": func(r *request, value []byte) {
			r.set("text_prompts[1][text]", value)
			r.set("text_prompts[1][weight]", []byte("-1"))
		},
	}
	stabilityV2Edit = stabilityV2.with(rules{
		"image": one("image", asFile), "mask": mask("mask", asFile), "prompt": stabilityPrompt,
		"size": func(r *request, value []byte) {
			if !saysNothing("size", value) {
				r.drop("the provider gives the picture the size of the one it is made from")
			}
		},
	})
)

// stabilityPrompt: what only takes away is not told what to draw.
func stabilityPrompt(r *request, value []byte) {
	switch strings.TrimPrefix(r.c.Model, "stable-image-") {
	case "erase", "remove-background", "fast":
		r.drop("the model takes no prompt")
	default:
		keep(r, value)
	}
}

// stabilityModel: the models of the SD3 endpoint stand in the form, the others
// have an endpoint each.
func stabilityModel(r *request, value []byte) {
	if model := jsonedit.Text(value); strings.HasPrefix(model, "sd3") && model != "sd3" {
		keep(r, value)
	}
}

// stabilityStyle passes on any style but the two that are DALL·E's.
func stabilityStyle(r *request, value []byte) {
	switch jsonedit.Text(value) {
	case "vivid", "natural":
		r.drop("Stability AI has other styles, such as photographic")
	default:
		r.set("style_preset", value)
	}
}

// stabilityPictures reads {"artifacts":[{"base64"}]} of v1 and {"image"} of v2.
func stabilityPictures(c *dialect.Conversion, body []byte) ([]string, error) {
	stabilityFinish(c, jsonedit.Get(body, "finish_reason"))
	if image := texts(jsonedit.Get(body, "image")); image != nil {
		return image, nil
	}
	artifacts := jsonedit.Get(body, "artifacts")
	for a := range jsonedit.Elements(artifacts) {
		stabilityFinish(c, jsonedit.Get(a, "finishReason"))
	}
	return members(artifacts, "base64"), nil
}

// stabilityFinish notes that a picture is not what was asked for; OpenAI's reply
// has no place to say so.
func stabilityFinish(c *dialect.Conversion, reason []byte) {
	if text := jsonedit.Text(reason); text != "" && text != "SUCCESS" {
		c.Drop("finish_reason", "Stability AI ended with "+text+": the picture may be blurred")
	}
}
