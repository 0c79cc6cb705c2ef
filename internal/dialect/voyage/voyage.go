// Package voyage is Voyage AI's format of embeddings and reranking. It is close
// to the hub's, and differs in names.
// Source: https://docs.voyageai.com/reference/embeddings-api, reranker-api
package voyage

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

const whose = "Voyage"

// New returns the format.
func New() dialect.Format {
	return oneway.Format{
		ID:       ai.Voyage,
		Requests: map[ai.Op]oneway.Translation{ai.Embed: embed, ai.Rerank: rerank},
		Replies:  map[ai.Op]oneway.Translation{ai.Embed: vectors, ai.Rerank: ranking},
		Told:     true,
	}
}

// embed writes an embeddings request: of texts, or of inputs with images, which
// are another operation of Voyage's with names of its own. float is Voyage's only form beside base64
// and has no name there.
func embed(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	var w jsonedit.Writer
	w.Grow(len(body) + 64)
	w.Object()
	oneway.Model(&w, c, top)
	encodingKey, own := "encoding_format", []string{"input_type", "truncation", "output_dimension", "output_dtype"}
	if input := top.Take("input"); hasObjects(input) {
		encodingKey, own = "output_encoding", []string{"input_type", "truncation"}
		if err := writeInputs(&w, input); err != nil {
			return nil, err
		}
	} else {
		if _, err := oneway.Texts(input, whose); err != nil {
			return nil, err
		}
		w.RawMember("input", input)
		top.MoveAs(&w, "dimensions", "output_dimension")
	}
	switch encoding := top.Text("encoding_format"); encoding {
	case "", "float":
	case "base64":
		w.StringMember(encodingKey, encoding)
	default:
		return nil, oneway.Invalid("encoding_format", "%q is neither float nor base64", encoding)
	}
	for _, key := range own {
		top.Move(&w, key)
	}
	w.EndObject()
	oneway.Left(c, whose, top)
	return w.Bytes(), nil
}

// hasObjects reports whether an input has items that are no texts.
func hasObjects(input []byte) bool {
	for item := range jsonedit.Elements(input) {
		if jsonedit.Kind(item) == '{' {
			return true
		}
	}
	return false
}

func writeInputs(w *jsonedit.Writer, input []byte) error {
	w.Key("inputs")
	w.Array()
	i := 0
	for item := range jsonedit.Elements(input) {
		text, image := item, ""
		if jsonedit.Kind(item) == '{' {
			text, image = jsonedit.Get(item, "text"), openai.InputImage(item)
		}
		if jsonedit.Kind(text) != '"' && image == "" {
			return oneway.Invalid(fmt.Sprintf("input[%d]", i), "needs a text or an image")
		}
		w.Object()
		w.Key("content")
		w.Array()
		if jsonedit.Kind(text) == '"' {
			piece(w, "text", jsonedit.Text(text))
		}
		switch {
		case strings.HasPrefix(image, "data:"):
			piece(w, "image_base64", image)
		case image != "":
			piece(w, "image_url", image)
		}
		w.EndArray()
		w.EndObject()
		i++
	}
	w.EndArray()
	return nil
}

// piece writes a piece of an input, whose member is named as its type.
func piece(w *jsonedit.Writer, kind, value string) {
	w.Object()
	w.StringMember("type", kind)
	w.StringMember(kind, value)
	w.EndObject()
}

// vectors passes a reply on with the usage that OpenAI's clients read: Voyage
// tells the total alone.
func vectors(_ *dialect.Conversion, body []byte) ([]byte, error) {
	if jsonedit.Kind(jsonedit.Get(body, "data")) != '[' {
		return nil, oneway.BadReply("it has no data")
	}
	u := (openai.Format{}).Usage(ai.Embed, body)
	if !u.Known {
		return body, nil
	}
	var w jsonedit.Writer
	oneway.EmbeddingUsage(&w, u)
	return jsonedit.Set(body, "usage", w.Bytes())
}

func rerank(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	query, texts, err := openai.ReadRerank(top)
	if err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 64)
	w.Object()
	oneway.Model(&w, c, top)
	w.RawMember("query", query)
	w.Key("documents")
	openai.WriteTexts(&w, texts)
	top.MoveAs(&w, "top_n", "top_k")
	for _, key := range []string{"top_k", "truncation"} {
		top.Move(&w, key)
	}
	w.EndObject()
	top.Take("return_documents") // they are added to the reply as they were sent
	oneway.Left(c, whose, top)
	return w.Bytes(), nil
}

func ranking(c *dialect.Conversion, body []byte) ([]byte, error) {
	data := jsonedit.Get(body, "data")
	if jsonedit.Kind(data) != '[' {
		return nil, oneway.BadReply("it has no data")
	}
	var results []openai.Result
	for r := range jsonedit.Elements(data) {
		results = append(results, openai.Result{Index: jsonedit.Int(jsonedit.Get(r, "index")), Score: jsonedit.Get(r, "relevance_score")})
	}
	u := openai.ParseUsage(jsonedit.Get(body, "usage"))
	return openai.WriteRanking(c, "", jsonedit.Text(jsonedit.Get(body, "model")), results, u), nil
}
