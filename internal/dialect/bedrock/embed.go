package bedrock

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// embeddingFromHub writes a request for embeddings as the model's family takes
// it. Source: Amazon's guides on Titan Embeddings G1 and V2, Titan Multimodal
// Embeddings, and Cohere Embed 3 and 4 on Bedrock.
func embeddingFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	e := embedding{c: c, top: split(body)}
	model := foundation(orElse(c.Model, e.top.text("model")))
	e.top.take("model")
	c.Base64 = e.top.text("encoding_format") == "base64"
	e.w.Object()
	switch {
	case strings.HasPrefix(model, "cohere.embed"):
		e.cohere()
	case strings.HasPrefix(model, "amazon.titan-embed-image"):
		e.titanImage()
	case strings.HasPrefix(model, "amazon.titan-embed"):
		e.titan(strings.Contains(model, "-v2"))
	default:
		return nil, &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: "model",
			Message: "model: Bedrock's embeddings are known of amazon.titan-embed and cohere.embed models; " + model + " is none of them"}
	}
	e.w.EndObject()
	if e.err != nil {
		return nil, e.err
	}
	for key := range e.top.left {
		c.Drop(key, "the model takes no such parameter")
	}
	return e.w.Bytes(), nil
}

type embedding struct {
	c   *dialect.Conversion
	w   jsonedit.Writer
	top members
	err *ai.Error
}

func (e *embedding) fail(path, format string) {
	if e.err == nil {
		e.err = invalid(path, "%s", format)
	}
}

// an input is a text or an image, of which a data URI is one.
type input struct{ text, image []byte }

// inputs reads what is to be embedded: a text, a list of texts, or parts.
func (e *embedding) inputs() (all []input) {
	raw := e.top.take("input")
	switch jsonedit.Kind(raw) {
	case '"':
		return []input{{text: raw}}
	case '[':
		for item := range jsonedit.Elements(raw) {
			one := input{text: item}
			if jsonedit.Kind(item) == '{' {
				one = e.part(item)
			} else if jsonedit.Kind(item) != '"' {
				e.fail("input", "must be text: Bedrock's models take no tokens")
			}
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		e.fail("input", "must be a text or a list of texts")
	}
	return all
}

// part reads {"text"}, {"image": {"base64"}} or a part of a message.
func (e *embedding) part(item []byte) (one input) {
	one.text = jsonedit.Get(item, "text")
	for _, path := range [][]string{{"image", "base64"}, {"image", "url"}, {"image"}, {"image_url", "url"}} {
		if v := jsonedit.Get(item, path...); jsonedit.Kind(v) == '"' && one.image == nil {
			one.image = v
		}
	}
	if one.text == nil && one.image == nil {
		e.fail("input", "a part must have text or image")
	}
	return one
}

// one is the only input, because Titan takes one at a time.
func (e *embedding) one() input {
	all := e.inputs()
	if len(all) > 1 {
		e.fail("input", "Titan embeds one input per request; send each by itself")
	}
	if len(all) == 0 {
		return input{}
	}
	return all[0]
}

func (e *embedding) titan(second bool) {
	in := e.one()
	if in.image != nil {
		e.fail("input", "this model embeds text only; use amazon.titan-embed-image-v1 for images")
	}
	e.w.RawMember("inputText", in.text)
	if !second {
		return
	}
	e.top.move(&e.w, "dimensions")
	e.top.move(&e.w, "normalize")
}

func (e *embedding) titanImage() {
	in := e.one()
	if in.text != nil {
		e.w.RawMember("inputText", in.text)
	}
	if in.image != nil {
		text := jsonedit.Text(in.image)
		if _, data, ok := strings.Cut(text, ";base64,"); ok {
			text = data
		}
		e.w.StringMember("inputImage", text)
	}
	if d := e.top.take("dimensions"); d != nil {
		e.w.Key("embeddingConfig")
		e.w.Object()
		e.w.RawMember("outputEmbeddingLength", d)
		e.w.EndObject()
	}
}

func (e *embedding) cohere() {
	var texts, images jsonedit.Writer
	texts.Array()
	images.Array()
	none := texts.Len()
	for _, in := range e.inputs() {
		if in.text != nil {
			texts.Raw(in.text)
		}
		if in.image != nil {
			images.Raw(in.image)
		}
	}
	kind := "search_document"
	if images.Len() > none {
		kind = "image"
		images.EndArray()
		e.w.RawMember("images", images.Bytes())
	}
	if texts.Len() > none {
		texts.EndArray()
		e.w.RawMember("texts", texts.Bytes())
	}
	e.w.StringMember("input_type", orElse(e.top.text("input_type"), kind))
	if d := e.top.take("dimensions"); d != nil {
		e.w.RawMember("output_dimension", d)
	}
	for _, key := range []string{"truncate", "embedding_types", "max_tokens"} {
		e.top.move(&e.w, key)
	}
}

// embeddingToHub writes the vectors of a reply as the hub's list: Titan's one, or
// Cohere's, which stand in a list or by their type.
func embeddingToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	n := 0
	write := func(vector []byte) {
		w.Object()
		w.StringMember("object", "embedding")
		w.IntMember("index", int64(n))
		w.Key("embedding")
		openai.WriteVector(&w, vector, c.Base64)
		w.EndObject()
		n++
	}
	if vector := jsonedit.Get(body, "embedding"); vector != nil {
		write(vector)
	}
	many := jsonedit.Get(body, "embeddings")
	if jsonedit.Kind(many) == '{' {
		for kind, vectors := range jsonedit.Members(many) {
			if string(kind) == "float" {
				many = vectors
				continue
			}
			c.Drop("embeddings."+string(kind), "OpenAI's embeddings are floating point")
		}
	}
	for vector := range jsonedit.Elements(many) {
		write(vector)
	}
	if n == 0 {
		return nil, badReply("one of an embedding model", "it has no vectors")
	}
	w.EndArray()
	w.StringMember("model", c.Model)
	usage := embeddingUsage(body)
	w.Key("usage")
	w.Object()
	w.IntMember("prompt_tokens", usage.InputTokens)
	w.IntMember("total_tokens", usage.InputTokens)
	w.EndObject()
	w.EndObject()
	return w.Bytes(), nil
}

func embeddingUsage(reply []byte) ai.Usage {
	n := jsonedit.Get(reply, "inputTextTokenCount")
	if n == nil {
		return ai.Usage{}
	}
	return ai.Usage{Known: true, InputTokens: count(n)}
}
