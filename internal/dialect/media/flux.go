package media

import (
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// Flux is Black Forest Labs' format. A picture is a task: what answers the request
// tells where to ask for its result.
//
// Source: Black Forest Labs' API reference (FLUX.2, FLUX.1 Kontext, FLUX 1.1 [pro],
// FLUX.1 Fill, get_result); recorded traffic.
const Flux ai.Dialect = "flux"

func flux() Format {
	draw := rules{
		"model": gone, "prompt": keep, "size": fluxSize, "response_format": always("url"),
		"output_format": choice("output_format", same("jpeg", "png", "webp")),
	}
	return drawing(Flux, translation{request: draw.plain, reply: pictures(fluxPictures)}).
		alsoEdits(map[ai.Op]translation{ai.ImageEdit: plainEdit(draw.with(rules{"image": fluxInput, "mask": mask("mask", asURIOrContent)}))})
}

var fluxRatio = ratio("aspect_ratio", "1:1", "21:9", "16:9", "3:2", "5:4", "4:5", "2:3", "9:16", "9:21", "4:3", "3:4")

// fluxSize: Kontext and Ultra are told a shape, the others two sides.
func fluxSize(r *request, value []byte) {
	if IsKontext(r.c.Model) || strings.HasSuffix(r.c.Model, "ultra") {
		fluxRatio(r, value)
		return
	}
	sides("width", "height")(r, value)
}

// fluxInput: a picture that is filled or widened is image, one that only hints is
// image_prompt; Kontext and FLUX.2 take several, each under a name of its own.
func fluxInput(r *request, value []byte) {
	model := r.c.Model
	switch {
	case strings.HasSuffix(model, "fill"), strings.HasSuffix(model, "expand"):
		one("image", asURIOrContent)(r, value)
	case IsKontext(model), strings.HasPrefix(model, "flux-2"):
		for i, p := range r.pictures() {
			name := "input_image"
			if i > 0 {
				name += "_" + strconv.Itoa(i+1)
			}
			r.set(name, asURIOrContent(r, p))
		}
	default:
		one("image_prompt", asURIOrContent)(r, value)
	}
}

// fluxPictures reads the result of a task, as Black Forest Labs and those who
// serve its models tell it.
func fluxPictures(_ *dialect.Conversion, body []byte) ([]string, error) {
	status := jsonedit.Text(jsonedit.Get(body, "status"))
	switch FluxStage(body) {
	case Done:
		sample := jsonedit.Get(body, "result", "sample")
		if sample == nil {
			sample = jsonedit.Get(body, "result", "samples")
		}
		return texts(sample), nil
	case Refused:
		return nil, &ai.Error{Kind: ai.Upstream, Status: 400, Type: "image_generation_user_error", Code: "content_policy_violation",
			Message: "No picture was made: " + status}
	}
	message := "The picture could not be made: " + status
	if details := jsonedit.Get(body, "details"); jsonedit.Kind(details) == '{' || jsonedit.Kind(details) == '"' {
		message += " " + excerpt(details)
	}
	return nil, &ai.Error{Kind: ai.Upstream, Status: 502, Type: "task_failed", Code: jsonedit.Text(jsonedit.Get(body, "id")), Message: message}
}

// A Stage is how far a task has come.
type Stage uint8

// The stages of a task.
const (
	Running Stage = iota
	Done
	Refused
	Failed
)

// FluxStage is how far the task of a reply has come.
func FluxStage(reply []byte) Stage {
	switch status := jsonedit.Text(jsonedit.Get(reply, "status")); status {
	case "Ready":
		return Done
	case "Pending", "Queued", "Processing", "":
		return Running
	case "Request Moderated", "Content Moderated":
		return Refused
	}
	return Failed
}
