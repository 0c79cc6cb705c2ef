// Package jina is Jina AI's format of embeddings, which is OpenAI's but for a
// name and for inputs that are objects. Its reranking has the hub's own form.
// Source: https://api.jina.ai/redoc
package jina

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// New returns the format.
func New() dialect.Format {
	return oneway.Format{
		ID:       ai.Jina,
		Requests: map[ai.Op]oneway.Translation{ai.Embed: embed},
		Replies:  map[ai.Op]oneway.Translation{ai.Embed: vectors},
		Told:     true,
	}
}

// embed writes an embeddings request. What is not OpenAI's (task, late_chunking,
// truncate, …) differs by model and passes as it is.
func embed(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	input := top.Take("input")
	if err := check(input); err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 64)
	w.Object()
	oneway.Model(&w, c, top)
	w.RawMember("input", input)
	top.MoveAs(&w, "encoding_format", "embedding_type")
	if user := top.Take("user"); user != nil {
		c.Drop("user", "Jina's embeddings have no such parameter")
	}
	for key, value := range top.Left {
		w.RawMember(key, value)
	}
	w.EndObject()
	return w.Bytes(), nil
}

// check refuses token ids; a text, or an object of a text or an image, passes.
func check(input []byte) error {
	switch jsonedit.Kind(input) {
	case '"', '{':
		return nil
	case '[':
		i := 0
		for item := range jsonedit.Elements(input) {
			if k := jsonedit.Kind(item); k != '"' && k != '{' {
				return oneway.Invalid(fmt.Sprintf("input[%d]", i), "must be a text or an object: Jina takes no token ids")
			}
			i++
		}
		return nil
	}
	return oneway.Invalid("input", "must be a text or an array of texts")
}

func vectors(_ *dialect.Conversion, body []byte) ([]byte, error) {
	if jsonedit.Kind(jsonedit.Get(body, "data")) != '[' {
		return nil, oneway.BadReply("it has no data")
	}
	usage := jsonedit.Get(body, "usage")
	u := openai.ParseUsage(usage)
	if !u.Known || jsonedit.Get(usage, "prompt_tokens") != nil {
		return body, nil
	}
	var w jsonedit.Writer
	oneway.EmbeddingUsage(&w, u)
	return jsonedit.Set(body, "usage", w.Bytes())
}
