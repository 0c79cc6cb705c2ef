package bedrock

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// pictureFromHub writes a request for pictures as the model's family takes it
// through InvokeModel. Source: Amazon's guides on Titan Image Generator and Nova
// Canvas, and on Stability AI's models and image services on Bedrock.
func pictureFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if err := openai.NoStream(body); err != nil {
		return nil, err
	}
	d := drawing{c: c, body: body, top: split(body)}
	d.model = foundation(orElse(c.Model, d.top.text("model")))
	for _, key := range []string{"model", "image", "image[]", "images", "mask", "stream"} {
		d.top.take(key)
	}
	var err error
	switch {
	case strings.HasPrefix(d.model, "amazon.titan-image"), strings.HasPrefix(d.model, "amazon.nova-canvas"):
		err = d.amazon()
	case strings.HasPrefix(d.model, "stability.") && c.Op != ai.ImageVary:
		err = d.stability()
	case strings.HasPrefix(d.model, "stability."):
		return nil, ai.Errorf(ai.Unsupported, "%s is not supported by Stability AI's models on Bedrock", c.Op)
	default:
		err = invalid("model", "Bedrock's pictures are known of amazon.nova-canvas, amazon.titan-image and stability models; %s is none of them", d.model)
	}
	if err != nil {
		return nil, err
	}
	for key, value := range d.top.left {
		switch text := jsonedit.Text(value); {
		case text == "auto", key == "response_format" && text == "b64_json", key == "n" && (text == "1" || string(value) == "1"):
		default:
			c.Drop(key, "the model takes no such parameter")
		}
	}
	return d.w.Bytes(), nil
}

// A drawing is a request for pictures on its way to a model.
type drawing struct {
	c     *dialect.Conversion
	body  []byte
	top   members
	model string
	w     jsonedit.Writer
}

// brought are the contents of the pictures that the request brings under a name.
func (d *drawing) brought(name string, changed uint8) (all []string, err error) {
	if d.c.Op == ai.ImageGenerate {
		return nil, nil
	}
	pictures, err := openai.Pictures(d.c, d.body, name)
	if err == nil && len(pictures) == 0 && name == "image" {
		err = openai.NoPicture()
	}
	for _, p := range pictures {
		if err == nil && name == "mask" {
			p, err = p.Redrawn(changed)
		}
		if err != nil {
			return nil, err
		}
		content, err := p.Content(name)
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, err
}

// move writes a member that the client gave under the model's name for it.
func (d *drawing) move(key, as string) {
	if v := d.top.take(key); v != nil {
		d.w.RawMember(as, openai.FormValue(d.c, key, v))
	}
}

// amazon writes a task: what is drawn is told by a text, what is changed by a mask
// in which the place is black or by words for it, and what is varied by pictures.
func (d *drawing) amazon() error {
	images, err := d.brought("image", 0)
	if err != nil {
		return err
	}
	masks, err := d.brought("mask", openai.Black)
	if err != nil {
		return err
	}
	w := &d.w
	w.Object()
	words := d.top.take("mask_prompt")
	switch {
	case len(images) == 0:
		w.StringMember("taskType", "TEXT_IMAGE")
		w.Key("textToImageParams")
		w.Object()
	case len(masks) > 0 || words != nil:
		w.StringMember("taskType", "INPAINTING")
		w.Key("inPaintingParams")
		w.Object()
		w.StringMember("image", images[0])
		if len(masks) > 0 {
			w.StringMember("maskImage", masks[0])
		} else {
			w.RawMember("maskPrompt", words)
		}
		if len(images) > 1 {
			d.c.Drop("image", "the model changes one picture: the first was sent")
		}
	default:
		w.StringMember("taskType", "IMAGE_VARIATION")
		w.Key("imageVariationParams")
		w.Object()
		w.Key("images")
		w.Array()
		for _, content := range images {
			w.String(content)
		}
		w.EndArray()
		d.move("similarity_strength", "similarityStrength")
	}
	d.move("prompt", "text")
	d.move("negative_prompt", "negativeText")
	w.EndObject()
	d.amazonConfig()
	w.EndObject()
	return nil
}

func (d *drawing) amazonConfig() {
	w := &d.w
	w.Key("imageGenerationConfig")
	w.Object()
	d.move("n", "numberOfImages")
	if size := d.top.text("size"); size != "" && size != "auto" {
		if width, height, ok := openai.Pixels(size); ok {
			w.IntMember("width", int64(width))
			w.IntMember("height", int64(height))
		} else {
			d.c.Drop("size", "the model takes a size in pixels")
		}
	}
	switch quality := d.top.text("quality"); quality {
	case "hd", "high", "premium":
		w.StringMember("quality", "premium")
	case "standard", "medium", "low":
		w.StringMember("quality", "standard")
	}
	d.move("seed", "seed")
	d.move("cfg_scale", "cfgScale")
	w.EndObject()
}

// stabilityRatios are the shapes of Stability AI's pictures.
var stabilityRatios = []string{"1:1", "16:9", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"}

// stability writes a request of a model that draws, or of an image service, which
// takes the picture and whatever else it knows by its own names.
func (d *drawing) stability() error {
	images, err := d.brought("image", 0)
	if err != nil {
		return err
	}
	masks, err := d.brought("mask", openai.White)
	if err != nil {
		return err
	}
	w := &d.w
	w.Object()
	draws := strings.HasPrefix(d.model, "stability.sd3") || strings.HasPrefix(d.model, "stability.stable-image-ultra") ||
		strings.HasPrefix(d.model, "stability.stable-image-core")
	switch prompt := d.top.take("prompt"); {
	case prompt == nil:
	case strings.Contains(d.model, "erase") || strings.Contains(d.model, "remove-background") || strings.Contains(d.model, "fast-upscale"):
		d.c.Drop("prompt", "the model takes no prompt")
	default:
		w.RawMember("prompt", prompt)
	}
	if len(images) > 0 {
		w.StringMember("image", images[0])
		if len(images) > 1 {
			d.c.Drop("image", "the model takes one picture: the first was sent")
		}
	}
	if len(masks) > 0 {
		w.StringMember("mask", masks[0])
	}
	if len(images) > 0 && draws {
		w.StringMember("mode", "image-to-image")
		if jsonedit.IsNull(jsonedit.Get(d.body, "strength")) {
			w.RawMember("strength", []byte("0.5"))
		}
	}
	size := d.top.text("size")
	switch best, ok := openai.NearestRatio(size, stabilityRatios); {
	case ok && len(images) == 0 && jsonedit.IsNull(jsonedit.Get(d.body, "aspect_ratio")):
		w.StringMember("aspect_ratio", best)
		d.c.Drop("size", "the model takes an aspect ratio instead of a size: "+best+" was asked for")
	case size != "" && size != "auto":
		d.c.Drop("size", "the model is not told a size")
	}
	for _, key := range stabilityMembers {
		d.move(key, key)
	}
	w.EndObject()
	return nil
}

// stabilityMembers are what else Stability AI's models and services take.
var stabilityMembers = []string{"negative_prompt", "seed", "output_format", "aspect_ratio", "strength", "style_preset", "grow_mask", "search_prompt",
	"select_prompt", "control_strength", "fidelity", "creativity", "left", "right", "up", "down"}

// picturesToHub writes the pictures of a reply as the hub's. One that was held
// back is told by a reason in its place.
func picturesToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	var made []string
	for image := range jsonedit.Elements(jsonedit.Get(body, "images")) {
		if content := jsonedit.Text(image); content != "" {
			made = append(made, content)
		}
	}
	why := jsonedit.Text(jsonedit.Get(body, "error"))
	for reason := range jsonedit.Elements(jsonedit.Get(body, "finish_reasons")) {
		if text := jsonedit.Text(reason); text != "" && text != "SUCCESS" {
			why = text
		}
	}
	switch {
	case len(made) > 0:
		if why != "" {
			c.Drop("images", "not all pictures were made: "+why)
		}
		return openai.Drawn(c, made), nil
	case why != "":
		return nil, &ai.Error{Kind: ai.Upstream, Status: 400, Type: "image_generation_user_error", Code: "content_policy_violation", Message: "No picture was made: " + why}
	}
	return nil, badReply("one with pictures", "it has none")
}
