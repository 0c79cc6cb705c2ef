package cohere

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// DefaultInputType is sent for a request that does not say what its vectors are
// for, which Cohere demands: a search's documents are most of all that is embedded.
const DefaultInputType = "search_document"

// embedFromHub writes an embeddings request. Beside OpenAI's members the hub may
// have Cohere's own: input_type, truncate, embedding_types, images, inputs.
// Source: https://docs.cohere.com/v2/reference/embed
func embedFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	var w jsonedit.Writer
	w.Grow(len(body) + 128)
	w.Object()
	writeModel(&w, c, top)
	if kind := top.Take("input_type"); kind != nil {
		w.RawMember("input_type", kind)
	} else {
		w.StringMember("input_type", DefaultInputType)
	}
	if err := writeInput(&w, top.Take("input")); err != nil {
		return nil, err
	}
	for _, key := range []string{"texts", "images", "inputs", "max_tokens", "truncate", "priority"} {
		top.Move(&w, key)
	}
	top.MoveAs(&w, "dimensions", "output_dimension")
	top.Move(&w, "output_dimension")
	types, encoding := top.Take("embedding_types"), top.Text("encoding_format")
	switch {
	case types != nil:
		w.RawMember("embedding_types", types)
	case encoding == "base64":
		w.RawMember("embedding_types", []byte(`["base64"]`))
	case encoding == "" || encoding == "float":
		w.RawMember("embedding_types", []byte(`["float"]`))
	default:
		return nil, invalid("encoding_format", "%q is neither float nor base64; other forms are named in embedding_types", encoding)
	}
	w.EndObject()
	for key := range top.Left {
		c.Drop(key, "Cohere's embed has no such parameter")
	}
	return w.Bytes(), nil
}

// writeInput writes texts, images, or inputs where both are mixed.
func writeInput(w *jsonedit.Writer, input []byte) error {
	switch jsonedit.Kind(input) {
	case 0:
		return nil
	case '"':
		w.Key("texts")
		w.Array()
		w.Raw(input)
		w.EndArray()
		return nil
	case '[':
	default:
		return invalid("input", "must be a text or an array of texts")
	}
	texts := true
	i := 0
	for item := range jsonedit.Elements(input) {
		switch jsonedit.Kind(item) {
		case '"':
		case '{':
			texts = false
		default:
			return invalid(fmt.Sprintf("input[%d]", i), "must be a text: Cohere takes no token ids")
		}
		i++
	}
	if texts {
		w.RawMember("texts", input)
		return nil
	}
	if images := imagesAlone(input); images != nil {
		w.Key("images")
		w.Array()
		for _, image := range images {
			w.String(image)
		}
		w.EndArray()
		return nil
	}
	return writeInputs(w, input)
}

// imagesAlone is the images of an input that has nothing else, nil of any other:
// models before embed-v4 know only these.
func imagesAlone(input []byte) (images []string) {
	for item := range jsonedit.Elements(input) {
		url := openai.InputImage(item)
		if url == "" || jsonedit.Get(item, "text") != nil {
			return nil
		}
		images = append(images, url)
	}
	return images
}

// writeInputs writes each item as an input of its own: a text, or an object with
// a text, an image, or both.
func writeInputs(w *jsonedit.Writer, input []byte) error {
	w.Key("inputs")
	w.Array()
	i := 0
	for item := range jsonedit.Elements(input) {
		text, url := item, ""
		if jsonedit.Kind(item) == '{' {
			text, url = jsonedit.Get(item, "text"), openai.InputImage(item)
		}
		if jsonedit.Kind(text) != '"' && url == "" {
			return invalid(fmt.Sprintf("input[%d]", i), "needs a text or an image")
		}
		w.Object()
		w.Key("content")
		w.Array()
		if jsonedit.Kind(text) == '"' {
			w.Object()
			w.StringMember("type", "text")
			w.RawMember("text", text)
			w.EndObject()
		}
		if url != "" {
			w.Object()
			w.StringMember("type", "image_url")
			w.Key("image_url")
			w.Object()
			w.StringMember("url", url)
			w.EndObject()
			w.EndObject()
		}
		w.EndArray()
		w.EndObject()
		i++
	}
	w.EndArray()
	return nil
}

// vectorsToHub writes vectors in OpenAI's form. Of several forms the first of
// float, base64 and the others is the embedding; the others stay beside it unless
// the conversion is strict. Version 1 of the API wrote floats without their name.
func vectorsToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	names, lists := vectorLists(jsonedit.Get(body, "embeddings"))
	if len(lists) == 0 {
		return nil, badReply("vectors of Cohere's", "it has no embeddings")
	}
	if c.Strict {
		for _, name := range names[1:] {
			c.Drop("embeddings."+name, "OpenAI's embeddings have one form")
		}
		names, lists = names[:1], lists[:1]
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	for i := range lists[0] {
		w.Object()
		w.StringMember("object", "embedding")
		w.IntMember("index", int64(i))
		w.RawMember("embedding", lists[0][i])
		for j := 1; j < len(lists); j++ {
			if i < len(lists[j]) {
				w.RawMember(names[j], lists[j][i])
			}
		}
		w.EndObject()
	}
	w.EndArray()
	w.StringMember("model", c.Model)
	if u := parseUsage(jsonedit.Get(body, "meta")); u.Known {
		w.Key("usage")
		w.Object()
		w.IntMember("prompt_tokens", u.InputTokens)
		w.IntMember("total_tokens", u.TotalTokens())
		w.EndObject()
	}
	w.EndObject()
	return w.Bytes(), nil
}

// vectorLists lists the vectors by their form.
func vectorLists(embeddings []byte) (names []string, lists [][][]byte) {
	add := func(name string, list []byte) {
		var vectors [][]byte
		for v := range jsonedit.Elements(list) {
			vectors = append(vectors, v)
		}
		if vectors != nil {
			names, lists = append(names, name), append(lists, vectors)
		}
	}
	if jsonedit.Kind(embeddings) == '[' {
		add("float", embeddings)
		return names, lists
	}
	for _, name := range []string{"float", "base64", "int8", "uint8", "binary", "ubinary"} {
		add(name, jsonedit.Get(embeddings, name))
	}
	return names, lists
}

// embedToHub writes Cohere's request in OpenAI's form.
func embedToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	var w jsonedit.Writer
	w.Grow(len(body) + 64)
	w.Object()
	writeModel(&w, c, top)
	texts := top.Take("texts")
	if texts == nil && c.Strict {
		return nil, invalid("texts", "OpenAI's embeddings take texts alone")
	}
	if texts != nil {
		w.RawMember("input", texts)
	}
	top.MoveAs(&w, "output_dimension", "dimensions")
	types := top.Take("embedding_types")
	switch one := jsonedit.Text(firstElement(types)); {
	case types == nil:
	case jsonedit.Length(types) == 1 && (one == "float" || one == "base64"):
		w.StringMember("encoding_format", one)
	case c.Strict:
		c.Drop("embedding_types", "OpenAI's embeddings are either float or base64")
	default:
		w.RawMember("embedding_types", types)
	}
	for key, value := range top.Left {
		if c.Strict {
			c.Drop(key, "OpenAI's embeddings have nothing like it")
			continue
		}
		w.RawMember(key, value)
	}
	w.EndObject()
	return w.Bytes(), nil
}

func firstElement(array []byte) []byte {
	for e := range jsonedit.Elements(array) {
		return e
	}
	return nil
}

// vectorsFromHub writes OpenAI's vectors in Cohere's form: texts are base64,
// numbers float.
func vectorsFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	data := jsonedit.Get(body, "data")
	if jsonedit.Kind(data) != '[' {
		return nil, badReply("a list of embeddings", "it has no data")
	}
	var w, list jsonedit.Writer
	list.Grow(len(body))
	form := "float"
	list.Array()
	for item := range jsonedit.Elements(data) {
		vector := jsonedit.Get(item, "embedding")
		if jsonedit.Kind(vector) == '"' {
			form = "base64"
		}
		list.Raw(vector)
	}
	list.EndArray()
	w.Grow(list.Len() + 256)
	w.Object()
	w.StringMember("id", c.ID)
	w.Key("embeddings")
	w.Object()
	w.RawMember(form, list.Bytes())
	w.EndObject()
	w.RawMember("texts", []byte("[]"))
	writeMeta(&w, openai.Format{}.Usage(ai.Embed, body))
	w.StringMember("response_type", "embeddings_by_type")
	w.EndObject()
	return w.Bytes(), nil
}
