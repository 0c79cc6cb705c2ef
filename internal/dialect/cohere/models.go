package cohere

import (
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// modelsToHub writes Cohere's list of models as the hub's. What the hub does not
// have, such as what a model can be used for, stays beside it unless the
// conversion is strict.
func modelsToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	models := jsonedit.Get(body, "models")
	if jsonedit.Kind(models) != '[' {
		return nil, badReply("a list of Cohere's models", "it has no models")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	i := 0
	for item := range jsonedit.Elements(models) {
		model := jsonedit.Split(item)
		w.Object()
		w.RawMember("id", model.Take("name"))
		w.StringMember("object", "model")
		w.IntMember("created", 0)
		w.StringMember("owned_by", "cohere")
		for key, value := range model.Left {
			if c.Strict {
				c.Drop(fmt.Sprintf("data[%d].%s", i, key), "OpenAI's list of models has nothing like it")
				continue
			}
			w.RawMember(key, value)
		}
		w.EndObject()
		i++
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes(), nil
}
