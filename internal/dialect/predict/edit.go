package predict

import (
	"slices"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// brings reports whether a member is a picture that the request brings, or says
// how Imagen is to read its mask.
func brings(key string) bool {
	return slices.Contains([]string{"image", "image[]", "images", "mask", "mask_mode", "mask_dilation", "base_steps"}, key)
}

// start writes the picture that an edit starts from, and its mask, as Imagen's
// references. Source: Google's reference of the Imagen edit API.
func (p *picture) start(body []byte) error {
	all, err := openai.Pictures(p.c, body, "image")
	if err == nil && len(all) == 0 {
		err = openai.NoPicture()
	}
	if err != nil {
		return err
	}
	if len(all) > 1 {
		p.c.Drop("image", "Imagen edits one picture: the first was sent")
	}
	masks, err := openai.Pictures(p.c, body, "mask")
	if err == nil && len(masks) > 0 {
		masks[0], err = masks[0].Redrawn(openai.White)
	}
	if err != nil {
		return err
	}
	p.references.Array()
	if err := p.reference("REFERENCE_TYPE_RAW", 1, "image", all[0], nil); err != nil {
		return err
	}
	mode := jsonedit.Text(jsonedit.Get(body, "mask_mode")) // Imagen finds the mask itself
	if len(masks) > 0 || mode != "" {
		mask := openai.Picture{}
		if len(masks) > 0 {
			mask, mode = masks[0], "MASK_MODE_USER_PROVIDED"
		}
		if err := p.reference("REFERENCE_TYPE_MASK", 2, "mask", mask, p.maskConfig(mode, body)); err != nil {
			return err
		}
		if !p.mode {
			p.w.StringMember("editMode", "EDIT_MODE_INPAINT_INSERTION")
		}
	}
	p.references.EndArray()
	if steps := jsonedit.Get(body, "base_steps"); !jsonedit.IsNull(steps) {
		p.w.Key("editConfig")
		p.w.Object()
		p.w.RawMember("baseSteps", openai.FormValue(p.c, "base_steps", steps))
		p.w.EndObject()
	}
	if p.size != "" && p.size != "auto" {
		p.c.Drop("size", "Imagen gives the picture the size of the one it is made from")
	}
	return nil
}

// reference writes one of them. A mask that Imagen is to find has no content.
func (p *picture) reference(kind string, id int64, name string, picture openai.Picture, config []byte) error {
	w := &p.references
	w.Object()
	w.StringMember("referenceType", kind)
	w.IntMember("referenceId", id)
	if picture != (openai.Picture{}) {
		content, err := picture.Content(name)
		if err != nil {
			return err
		}
		w.Key("referenceImage")
		w.Object()
		w.StringMember("bytesBase64Encoded", content)
		w.EndObject()
	}
	if config != nil {
		w.RawMember("maskImageConfig", config)
	}
	w.EndObject()
	return nil
}

func (p *picture) maskConfig(mode string, body []byte) []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("maskMode", mode)
	if d := jsonedit.Get(body, "mask_dilation"); !jsonedit.IsNull(d) {
		w.RawMember("dilation", openai.FormValue(p.c, "mask_dilation", d))
	}
	w.EndObject()
	return w.Bytes()
}
