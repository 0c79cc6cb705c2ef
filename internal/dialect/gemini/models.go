package gemini

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// modelsToHub writes a list of models as the hub's. What the hub does not have,
// such as a model's limits, stays beside it unless the conversion is strict.
func modelsToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	list := splitOwn(body)
	models := list.take("models", "publisherModels")
	if models == nil && !jsonedit.IsEmpty(body) {
		return nil, badReply("a list of Gemini's models", "it has no models")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	i := 0
	for item := range jsonedit.Elements(models) {
		m := splitOwn(item)
		name := strings.TrimPrefix(m.text("name"), "models/")
		w.Object()
		w.StringMember("id", name)
		w.StringMember("object", "model")
		w.IntMember("created", 0)
		w.StringMember("owned_by", "google")
		writeRest(&w, c, m, fmt.Sprintf("models[%d].", i))
		w.EndObject()
		i++
	}
	w.EndArray()
	writeRest(&w, c, list, "")
	w.EndObject()
	return w.Bytes(), nil
}

func writeRest(w *jsonedit.Writer, c *dialect.Conversion, m members, path string) {
	for key, value := range m.left {
		if c.Strict {
			c.Drop(path+key, "OpenAI's list of models has nothing like it")
			continue
		}
		w.RawMember(snake(key), value)
	}
}

// modelsFromHub writes the hub's list of models as Gemini's.
func modelsFromHub(_ *dialect.Conversion, body []byte) ([]byte, error) {
	models := jsonedit.Get(body, "data")
	if jsonedit.Kind(models) != '[' {
		return nil, badReply("a list of models", "it has no data")
	}
	var w jsonedit.Writer
	w.Object()
	w.Key("models")
	w.Array()
	for item := range jsonedit.Elements(models) {
		id := jsonedit.Text(jsonedit.Get(item, "id"))
		w.Object()
		w.StringMember("name", Resource(id))
		w.StringMember("displayName", id)
		w.RawMember("supportedGenerationMethods", []byte(`["generateContent","streamGenerateContent"]`))
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes(), nil
}

// Resource is a model's name with its collection: that which it has, else models.
func Resource(model string) string {
	for _, collection := range []string{"models/", "tunedModels/", "dynamic/", "publishers/", "projects/"} {
		if strings.HasPrefix(model, collection) {
			return model
		}
	}
	return "models/" + model
}
