package gemini

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// shapes are those of the pictures that Gemini makes. Source: Google's guide to
// image generation with Gemini, and ImageConfig of the API.
var shapes = []string{"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"}

// pictureFromHub writes a request for a picture as the chat that asks for it: the
// prompt, and the pictures to start from.
func pictureFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if err := openai.NoStream(body); err != nil {
		return nil, err
	}
	top := split(body)
	prompt := top.take("prompt")
	if jsonedit.Kind(prompt) != '"' {
		return nil, invalid("prompt", "must be a text that says what the picture shows")
	}
	var w jsonedit.Writer
	w.Object()
	w.Key("contents")
	w.Array()
	w.Object()
	w.StringMember("role", "user")
	w.Key("parts")
	w.Array()
	writeOne(&w, "text", prompt)
	if c.Op == ai.ImageEdit {
		if err := writePictures(&w, c, body); err != nil {
			return nil, err
		}
	}
	w.EndArray()
	w.EndObject()
	w.EndArray()
	pictureConfig(&w, c, &top)
	w.EndObject()
	return w.Bytes(), nil
}

// writePictures writes the parts that a picture is made from.
func writePictures(w *jsonedit.Writer, c *dialect.Conversion, body []byte) error {
	all, err := openai.Pictures(c, body, "image")
	if err == nil && len(all) == 0 {
		err = openai.NoPicture()
	}
	for _, p := range all {
		data, bad := p.Content("image")
		if bad != nil {
			return bad
		}
		w.Object()
		w.Key("inlineData")
		w.Object()
		w.StringMember("mimeType", p.Type)
		w.StringMember("data", data)
		w.EndObject()
		w.EndObject()
	}
	return err
}

// pictureConfig writes how the picture is to be, and drops what Gemini cannot be
// told.
func pictureConfig(w *jsonedit.Writer, c *dialect.Conversion, top *members) {
	w.Key("generationConfig")
	w.Object()
	w.RawMember("responseModalities", []byte(`["TEXT","IMAGE"]`))
	for _, m := range [][2]string{{"seed", "seed"}, {"temperature", "temperature"}, {"top_p", "topP"}} {
		if v := top.take(m[0]); v != nil {
			w.RawMember(m[1], openai.FormValue(c, m[0], v))
		}
	}
	shape, scale, size := top.text("aspect_ratio"), top.text("image_size"), top.text("size")
	if best, ok := openai.NearestRatio(size, shapes); ok && shape == "" {
		shape = best
		c.Drop("size", "Gemini is told the shape alone, which became "+best)
	}
	if shape != "" || scale != "" {
		w.Key("imageConfig")
		w.Object()
		if shape != "" {
			w.StringMember("aspectRatio", shape)
		}
		if scale != "" {
			w.StringMember("imageSize", scale)
		}
		w.EndObject()
	}
	w.EndObject()
	for _, name := range []string{"model", "image", "image[]", "images", "stream"} {
		top.take(name)
	}
	for key, value := range top.left {
		switch text := jsonedit.Text(value); {
		case text == "auto", key == "n" && (text == "1" || string(value) == "1"), key == "response_format" && text == "b64_json":
		case key == "mask":
			c.Drop(key, "Gemini takes no mask: say in the prompt what is to be changed")
		default:
			c.Drop(key, "Gemini's pictures have no such parameter")
		}
	}
}

// pictureToHub writes the pictures of an answer as the hub's. One without any is
// an error, which says what the model said instead.
func pictureToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	var made []string
	said, reason := "", ""
	for candidate := range jsonedit.Elements(get(body, "candidates")) {
		for part := range jsonedit.Elements(get(candidate, "content", "parts")) {
			if string(get(part, "thought")) == "true" {
				continue // a draft
			}
			if data := jsonedit.Text(get(part, "inlineData", "data")); data != "" {
				made = append(made, data)
			}
			said += jsonedit.Text(get(part, "text"))
		}
		reason = finishName(get(candidate, "finishReason"))
	}
	if len(made) > 0 {
		return openai.Drawn(c, made), nil
	}
	blocked := jsonedit.Text(get(body, "promptFeedback", "blockReason"))
	for _, r := range []string{blocked, reason} {
		if r != "" && r != "STOP" && r != "MAX_TOKENS" {
			return nil, &ai.Error{Kind: ai.Upstream, Status: 400, Type: "image_generation_user_error", Code: "content_policy_violation",
				Message: "No picture was made: " + r}
		}
	}
	return nil, badReply("one with a picture", orElse(said, "it has none"))
}
