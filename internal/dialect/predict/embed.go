package predict

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// embedFromHub writes an instance for each input. An input may also be an object
// with a text, an image and a video, for models that take these.
func embedFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	var e embedding
	var input, dimensions, truncate []byte
	for key, value := range jsonedit.Members(body) {
		if jsonedit.IsNull(value) {
			continue
		}
		switch k := string(key); k {
		case "model":
		case "input":
			input = value
		case "dimensions":
			dimensions = value
		case "encoding_format":
			c.Base64 = jsonedit.Text(value) == "base64"
		case "task_type", "taskType":
			e.task = value
		case "title":
			e.title = value
		case "auto_truncate", "autoTruncate":
			truncate = value
		default:
			c.Drop(k, "Vertex AI's embeddings have no such parameter")
		}
	}
	inputs := input
	if kind := jsonedit.Kind(input); kind == '"' || kind == '{' {
		inputs = append(append([]byte{'['}, input...), ']')
	}
	e.mixed = strings.Contains(c.Model, "multimodalembedding")
	for one := range jsonedit.Elements(inputs) {
		e.mixed = e.mixed || jsonedit.Kind(one) == '{'
	}
	w := &e.w
	w.Grow(len(body) + 128)
	w.Object()
	w.Key("instances")
	w.Array()
	n := 0
	for one := range jsonedit.Elements(inputs) {
		if err := e.instance(c, one, fmt.Sprintf("input[%d]", n)); err != nil {
			return nil, err
		}
		n++
	}
	if n == 0 {
		return nil, invalid("input", "must be a string or a list of strings, or of objects with text, image or video")
	}
	w.EndArray()
	e.parameters(dimensions, truncate)
	w.EndObject()
	return w.Bytes(), nil
}

type embedding struct {
	w           jsonedit.Writer
	task, title []byte
	mixed       bool // the model takes pictures too, and words its requests otherwise
}

func (e *embedding) parameters(dimensions, truncate []byte) {
	if dimensions == nil && truncate == nil {
		return
	}
	w := &e.w
	w.Key("parameters")
	w.Object()
	if dimensions != nil {
		key := "outputDimensionality"
		if e.mixed {
			key = "dimension"
		}
		w.RawMember(key, dimensions)
	}
	if truncate != nil {
		w.RawMember("autoTruncate", truncate)
	}
	w.EndObject()
}

func (e *embedding) instance(c *dialect.Conversion, input []byte, path string) error {
	w := &e.w
	kind := jsonedit.Kind(input)
	switch {
	case kind != '"' && kind != '{':
		return invalid(path, "must be a string or an object with text, image or video: tokens of another model mean nothing here")
	case !e.mixed:
		w.Object()
		w.RawMember("content", input)
		if e.task != nil {
			w.RawMember("task_type", e.task)
		}
		if e.title != nil {
			w.RawMember("title", e.title)
		}
		w.EndObject()
		return nil
	case kind == '"':
		w.Object()
		w.RawMember("text", input)
		w.EndObject()
		return nil
	}
	w.Object()
	for key, value := range jsonedit.Members(input) {
		switch k := string(key); {
		case jsonedit.IsNull(value):
		case k == "text":
			w.RawMember(k, value)
		case (k == "image" || k == "video") && jsonedit.Kind(value) == '{':
			w.Key(k)
			medium(w, value)
		default:
			c.Drop(path+"."+k, "an input has text, image and video alone")
		}
	}
	w.EndObject()
	return nil
}

// names are what a medium's members are called by Google; its own names stay.
var names = map[string]string{"url": "gcsUri", "base64": "bytesBase64Encoded", "mime_type": "mimeType"}

// segment are the members that choose a part of a video.
var segment = map[string]string{"start_offset": "startOffsetSec", "end_offset": "endOffsetSec", "interval": "intervalSec"}

func medium(w *jsonedit.Writer, of []byte) {
	var part jsonedit.Writer
	part.Object()
	empty := part.Len()
	w.Object()
	for key, value := range jsonedit.Members(of) {
		switch k := string(key); {
		case jsonedit.IsNull(value):
		case segment[k] != "":
			part.RawMember(segment[k], value)
		case names[k] != "":
			w.RawMember(names[k], value)
		default:
			w.RawMember(k, value)
		}
	}
	if part.Len() > empty {
		part.EndObject()
		w.RawMember("videoSegmentConfig", part.Bytes())
	}
	w.EndObject()
}

// vectorsToHub writes predictions as the hub's list.
func vectorsToHub(c *dialect.Conversion, predictions []byte) ([]byte, error) {
	if jsonedit.Kind(predictions) != '[' {
		return nil, ai.Errorf(ai.BadGateway, "The provider's reply could not be read: it has no predictions")
	}
	var w jsonedit.Writer
	w.Grow(len(predictions) + 256)
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	i := int64(0)
	for prediction := range jsonedit.Elements(predictions) {
		w.Object()
		w.StringMember("object", "embedding")
		w.IntMember("index", i)
		if !vectors(&w, prediction, c.Base64) {
			return nil, badVectors(i)
		}
		w.EndObject()
		i++
	}
	w.EndArray()
	w.StringMember("model", c.Model)
	tokens := usage(predictions).InputTokens
	w.Key("usage")
	w.Object()
	w.IntMember("prompt_tokens", tokens)
	w.IntMember("total_tokens", tokens)
	w.EndObject()
	w.EndObject()
	return w.Bytes(), nil
}

// vectors writes those of one prediction. Where there are several, of a text, a
// picture and a film, the first is the one that every client finds; the others
// have members of their own, and come only to who asked for them.
func vectors(w *jsonedit.Writer, prediction []byte, base64 bool) bool {
	text := jsonedit.Get(prediction, "embeddings", "values")
	if text == nil {
		text = jsonedit.Get(prediction, "textEmbedding")
	}
	image, video := jsonedit.Get(prediction, "imageEmbedding"), jsonedit.Get(prediction, "videoEmbeddings")
	first := text
	if first == nil {
		first = image
	}
	for part := range jsonedit.Elements(video) {
		if first == nil {
			first = jsonedit.Get(part, "embedding")
		}
	}
	if jsonedit.Kind(first) != '[' {
		return false
	}
	w.Key("embedding")
	openai.WriteVector(w, first, base64)
	if jsonedit.Kind(image) == '[' {
		w.Key("image_embedding")
		openai.WriteVector(w, image, base64)
	}
	if jsonedit.Kind(video) == '[' {
		w.Key("video_embeddings")
		parts(w, video, base64)
	}
	return true
}

func parts(w *jsonedit.Writer, video []byte, base64 bool) {
	w.Array()
	i := int64(0)
	for part := range jsonedit.Elements(video) {
		w.Object()
		w.StringMember("object", "embedding")
		w.IntMember("index", i)
		w.Key("embedding")
		openai.WriteVector(w, jsonedit.Get(part, "embedding"), base64)
		for _, offset := range [][2]string{{"startOffsetSec", "start_offset"}, {"endOffsetSec", "end_offset"}} {
			if v := jsonedit.Get(part, offset[0]); v != nil {
				w.RawMember(offset[1], v)
			}
		}
		w.EndObject()
		i++
	}
	w.EndArray()
}

func badVectors(i int64) error {
	return ai.Errorf(ai.BadGateway, "The provider's reply could not be read: prediction %d has no vector", i)
}
