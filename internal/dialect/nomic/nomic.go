// Package nomic is Nomic Atlas's format of text embeddings.
// Source: https://docs.nomic.ai/reference/api/embed-text-v-1-embedding-text-post
package nomic

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

const whose = "Nomic"

// New returns the format.
func New() dialect.Format {
	return oneway.Format{
		ID:       ai.Nomic,
		Requests: map[ai.Op]oneway.Translation{ai.Embed: embed},
		Replies:  map[ai.Op]oneway.Translation{ai.Embed: vectors},
		Told:     true,
	}
}

func embed(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	if err := oneway.Encoding(c, top); err != nil {
		return nil, err
	}
	texts, err := oneway.Texts(top.Take("input"), whose)
	if err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 64)
	w.Object()
	oneway.Model(&w, c, top)
	w.RawMember("texts", texts)
	top.MoveAs(&w, "input_type", "task_type")
	top.MoveAs(&w, "dimensions", "dimensionality")
	for _, key := range []string{"task_type", "dimensionality", "long_text_mode", "max_tokens_per_text"} {
		top.Move(&w, key)
	}
	w.EndObject()
	oneway.Left(c, whose, top)
	return w.Bytes(), nil
}

func vectors(c *dialect.Conversion, body []byte) ([]byte, error) {
	list := jsonedit.Get(body, "embeddings")
	if jsonedit.Kind(list) != '[' {
		return nil, oneway.BadReply("it has no embeddings")
	}
	u := openai.ParseUsage(jsonedit.Get(body, "usage"))
	return oneway.Vectors(c, list, jsonedit.Text(jsonedit.Get(body, "model")), u), nil
}
