package gemini

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// WithModel implements dialect.Addressed. A body may repeat the model of the
// address, and each request of a batch of embeddings does.
func (Format) WithModel(op ai.Op, body []byte, model string) ([]byte, error) {
	name := jsonedit.AppendString(nil, Resource(model))
	if inner := jsonedit.Get(body, "generateContentRequest"); op == ai.CountContents && jsonedit.Kind(inner) == '{' {
		changed, err := named(inner, name)
		if err != nil {
			return nil, err
		}
		if body, err = jsonedit.Set(body, "generateContentRequest", changed); err != nil {
			return nil, err
		}
	}
	if requests := jsonedit.Get(body, "requests"); op == ai.Embed && jsonedit.Kind(requests) == '[' {
		var w jsonedit.Writer
		w.Grow(len(requests) + 64)
		w.Array()
		for request := range jsonedit.Elements(requests) {
			changed, err := named(request, name)
			if err != nil {
				return nil, err
			}
			w.Raw(changed)
		}
		w.EndArray()
		var err error
		if body, err = jsonedit.Set(body, "requests", w.Bytes()); err != nil {
			return nil, err
		}
	}
	return named(body, name)
}

// named sets the model of a document that names one.
func named(doc, name []byte) ([]byte, error) {
	if jsonedit.Get(doc, "model") == nil {
		return doc, nil
	}
	return jsonedit.Set(doc, "model", name)
}
