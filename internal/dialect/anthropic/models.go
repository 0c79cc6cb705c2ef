package anthropic

import (
	"fmt"
	"time"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// modelsToHub writes a list of models as the hub's. What the hub does not have,
// such as a name for people, stays beside it unless the conversion is strict.
func modelsToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	list := split(body)
	models := list.take("data")
	if jsonedit.Kind(models) != '[' {
		return nil, badReply("a list of Anthropic's models", "it has no data")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	i := 0
	for item := range jsonedit.Elements(models) {
		writeModel(&w, c, split(item), fmt.Sprintf("data[%d].", i))
		i++
	}
	w.EndArray()
	writeExtensions(&w, c, list, "")
	w.EndObject()
	return w.Bytes(), nil
}

// modelToHub writes a single model as the hub's.
func modelToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if jsonedit.Get(body, "id") == nil {
		return nil, badReply("a model of Anthropic's", "it has no id")
	}
	var w jsonedit.Writer
	writeModel(&w, c, split(body), "")
	return w.Bytes(), nil
}

func writeModel(w *jsonedit.Writer, c *dialect.Conversion, model members, path string) {
	model.take("type")
	created, _ := time.Parse(time.RFC3339, model.text("created_at")) // 0 if it is not told
	w.Object()
	w.StringMember("id", model.text("id"))
	w.StringMember("object", "model")
	w.IntMember("created", max(0, created.Unix()))
	w.StringMember("owned_by", "anthropic")
	writeExtensions(w, c, model, path)
	w.EndObject()
}

// writeExtensions writes what is left of an object's members.
func writeExtensions(w *jsonedit.Writer, c *dialect.Conversion, m members, path string) {
	for key, value := range m.left {
		if c.Strict {
			c.Drop(path+key, "OpenAI's list of models has nothing like it")
			continue
		}
		w.RawMember(key, value)
	}
}

// modelsFromHub writes the hub's list of models as Anthropic's, of one page.
func modelsFromHub(body []byte) ([]byte, error) {
	models := jsonedit.Get(body, "data")
	if jsonedit.Kind(models) != '[' {
		return nil, badReply("a list of models", "it has no data")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.Key("data")
	w.Array()
	var first, last []byte
	for item := range jsonedit.Elements(models) {
		if last = jsonedit.Get(item, "id"); first == nil {
			first = last
		}
		modelOf(&w, item)
	}
	w.EndArray()
	w.RawMember("first_id", first)
	w.RawMember("last_id", last)
	w.Key("has_more")
	w.Bool(false)
	w.EndObject()
	return w.Bytes(), nil
}

// modelFromHub writes one of the hub's models as Anthropic's.
func modelFromHub(body []byte) ([]byte, error) {
	if jsonedit.Kind(jsonedit.Get(body, "id")) != '"' {
		return nil, badReply("a model", "it has no id")
	}
	var w jsonedit.Writer
	modelOf(&w, body)
	return w.Bytes(), nil
}

// modelOf writes a model. One that does not tell since when it is there has the
// beginning of time, as Anthropic has it.
func modelOf(w *jsonedit.Writer, model []byte) {
	name := jsonedit.Get(model, "display_name")
	if jsonedit.Kind(name) != '"' {
		name = jsonedit.Get(model, "id")
	}
	w.Object()
	w.StringMember("type", "model")
	w.RawMember("id", jsonedit.Get(model, "id"))
	w.RawMember("display_name", name)
	w.StringMember("created_at", time.Unix(max(0, jsonedit.Int(jsonedit.Get(model, "created"))), 0).UTC().Format(time.RFC3339))
	w.EndObject()
}
