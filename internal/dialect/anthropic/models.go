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
