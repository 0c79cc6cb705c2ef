package bedrock

import (
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// modelsToHub writes what ListFoundationModels of the control plane answers as
// the hub's list of models. What the hub does not have, such as modalities,
// stays beside it unless the conversion is strict.
func modelsToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	list := jsonedit.Get(body, "modelSummaries")
	if jsonedit.Kind(list) != '[' {
		return nil, badReply("a list of Bedrock's models", "it has no modelSummaries")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	for item := range jsonedit.Elements(list) {
		model := split(item)
		id := model.text("modelId")
		w.Object()
		w.StringMember("id", id)
		w.StringMember("object", "model")
		w.IntMember("created", 0)
		w.StringMember("owned_by", orElse(model.text("providerName"), string(familyOf(id))))
		if !c.Strict {
			for key, value := range model.left {
				w.RawMember(key, value)
			}
		}
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	if c.Strict {
		c.Drop("modelSummaries", "of each model OpenAI's list has only id and owner")
	}
	return w.Bytes(), nil
}
