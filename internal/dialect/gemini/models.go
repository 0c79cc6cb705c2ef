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
		writeModel(&w, c, splitOwn(item), fmt.Sprintf("models[%d].", i))
		i++
	}
	w.EndArray()
	writeRest(&w, c, list, "")
	w.EndObject()
	return w.Bytes(), nil
}

// modelToHub writes a single model as the hub's.
func modelToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if get(body, "name") == nil {
		return nil, badReply("a model of Gemini's", "it has no name")
	}
	var w jsonedit.Writer
	writeModel(&w, c, splitOwn(body), "")
	return w.Bytes(), nil
}

func writeModel(w *jsonedit.Writer, c *dialect.Conversion, m members, path string) {
	name := strings.TrimPrefix(m.text("name"), "models/")
	w.Object()
	w.StringMember("id", name)
	w.StringMember("object", "model")
	w.IntMember("created", 0)
	w.StringMember("owned_by", "google")
	writeRest(w, c, m, path)
	w.EndObject()
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
		modelOf(&w, jsonedit.Text(jsonedit.Get(item, "id")))
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes(), nil
}

// modelFromHub writes one of the hub's models as Gemini's.
func modelFromHub(body []byte) ([]byte, error) {
	id := jsonedit.Text(jsonedit.Get(body, "id"))
	if id == "" {
		return nil, badReply("a model", "it has no id")
	}
	var w jsonedit.Writer
	modelOf(&w, id)
	return w.Bytes(), nil
}

func modelOf(w *jsonedit.Writer, id string) {
	w.Object()
	w.StringMember("name", Resource(id))
	w.StringMember("displayName", id)
	w.RawMember("supportedGenerationMethods", []byte(`["generateContent","streamGenerateContent"]`))
	w.EndObject()
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
