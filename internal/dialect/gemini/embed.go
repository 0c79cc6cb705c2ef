package gemini

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// embedFromHub writes a request for embeddings as a batch, whose reply has a
// vector for each input.
func embedFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := split(body)
	model := Resource(orElse(top.text("model"), c.Model))
	input, dimensions := top.take("input"), top.take("dimensions")
	task, title := top.take("task_type", "taskType"), top.take("title")
	c.Base64 = top.text("encoding_format") == "base64"
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	one := func(text []byte) {
		w.Object()
		w.StringMember("model", model)
		w.Key("content")
		w.Object()
		w.Key("parts")
		w.Array()
		w.Object()
		w.RawMember("text", text)
		w.EndObject()
		w.EndArray()
		w.EndObject()
		if dimensions != nil {
			w.RawMember("outputDimensionality", dimensions)
		}
		if task != nil {
			w.RawMember("taskType", task)
		}
		if title != nil {
			w.RawMember("title", title)
		}
		w.EndObject()
	}
	w.Object()
	w.Key("requests")
	w.Array()
	switch jsonedit.Kind(input) {
	case '"':
		one(input)
	case '[':
		i := 0
		for text := range jsonedit.Elements(input) {
			if jsonedit.Kind(text) != '"' {
				return nil, invalid(fmt.Sprintf("input[%d]", i), "must be a string: Gemini embeds text, not the tokens of another model")
			}
			one(text)
			i++
		}
	default:
		return nil, invalid("input", "must be a string or an array of strings")
	}
	w.EndArray()
	w.EndObject()
	for key := range top.left {
		c.Drop(key, "Gemini's embeddings have no such parameter")
	}
	return w.Bytes(), nil
}

// embedToHub writes a request of embedContent or batchEmbedContents for the hub.
func embedToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := splitOwn(body)
	top.take("model")
	requests := top.take("requests")
	if c.Single = requests == nil; c.Single {
		requests = append(append([]byte{'['}, body...), ']')
	}
	var w, inputs jsonedit.Writer
	inputs.Array()
	var shared members // what all requests must agree on
	i := 0
	for request := range jsonedit.Elements(requests) {
		m := splitOwn(request)
		m.take("model")
		path := fmt.Sprintf("requests[%d].", i)
		if c.Single {
			path = ""
		}
		text, err := embedText(c, get(m.take("content"), "parts"), path)
		if err != nil {
			return nil, err
		}
		inputs.Raw(text)
		config := append(splitOwn(m.take("embedContentConfig", "config")), m...)
		if i > 0 && !sameSettings(shared, config) {
			return nil, invalid(path+"outputDimensionality", "must be the same in all requests for this provider, as must taskType and title")
		}
		shared = config
		i++
	}
	if i == 0 {
		return nil, invalid("requests", "must name at least one content")
	}
	inputs.EndArray()
	w.Object()
	w.StringMember("model", c.Model)
	if c.Single {
		for text := range jsonedit.Elements(inputs.Bytes()) {
			w.RawMember("input", text)
		}
	} else {
		w.RawMember("input", inputs.Bytes())
	}
	w.StringMember("encoding_format", "float")
	for key, value := range shared.left {
		switch {
		case key == "outputDimensionality":
			w.RawMember("dimensions", value)
		case c.Strict || c.Onward && key != "taskType":
			c.Drop(key, "OpenAI's embeddings have nothing like it")
		default:
			w.RawMember(snake(key), value)
		}
	}
	w.EndObject()
	return w.Bytes(), nil
}

func sameSettings(a, b members) bool {
	text := func(m members) (s string) {
		for key, value := range m.left {
			s += key + ":" + string(value) + ";"
		}
		return s
	}
	return text(a) == text(b)
}

// embedText is the text of a content; several parts are one text.
func embedText(c *dialect.Conversion, parts []byte, path string) ([]byte, error) {
	var texts [][]byte
	i := 0
	for part := range jsonedit.Elements(parts) {
		if text := get(part, "text"); jsonedit.Kind(text) == '"' {
			texts = append(texts, text)
		} else {
			c.Drop(fmt.Sprintf("%scontent.parts[%d]", path, i), "OpenAI's embeddings are of text alone")
		}
		i++
	}
	if len(texts) == 0 {
		return nil, invalid(path+"content", "must have parts with text")
	}
	return jsonedit.JoinTexts(texts, "\\n"), nil
}

// vectorsToHub writes a reply with one vector or several as the hub's list.
func vectorsToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	vectors := get(body, "embeddings")
	if one := get(body, "embedding"); vectors == nil && one != nil {
		vectors = append(append([]byte{'['}, one...), ']')
	}
	if jsonedit.Kind(vectors) != '[' {
		return nil, badReply("Gemini's embeddings", "it has no vectors")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	i := int64(0)
	for vector := range jsonedit.Elements(vectors) {
		values := get(vector, "values")
		if jsonedit.Kind(values) != '[' {
			return nil, badReply("Gemini's embeddings", "a vector has no values")
		}
		w.Object()
		w.StringMember("object", "embedding")
		w.IntMember("index", i)
		w.Key("embedding")
		openai.WriteVector(&w, values, c.Base64)
		w.EndObject()
		i++
	}
	w.EndArray()
	w.StringMember("model", c.Model)
	tokens := Format{}.Usage(ai.Embed, body).InputTokens
	w.Key("usage")
	w.Object()
	w.IntMember("prompt_tokens", tokens)
	w.IntMember("total_tokens", tokens)
	w.EndObject()
	w.EndObject()
	return w.Bytes(), nil
}

// unpacked is a vector in base64, as [openai.WriteVector] makes it, as an array of
// numbers.
func unpacked(text string) ([]byte, bool) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b)%4 != 0 {
		return nil, false
	}
	out := []byte{'['}
	for i := 0; i < len(b); i += 4 {
		if i > 0 {
			out = append(out, ',')
		}
		f := math.Float32frombits(binary.LittleEndian.Uint32(b[i:]))
		if f != f || math.IsInf(float64(f), 0) {
			return nil, false
		}
		out = strconv.AppendFloat(out, float64(f), 'g', -1, 32)
	}
	return append(out, ']'), true
}

// vectorsFromHub writes the hub's list as the reply to embedContent or
// batchEmbedContents, whichever was asked.
func vectorsFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	data := jsonedit.Get(body, "data")
	if jsonedit.Length(data) == 0 {
		return nil, badReply("a list of embeddings", "it has no data")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	if !c.Single {
		w.Key("embeddings")
		w.Array()
	}
	for item := range jsonedit.Elements(data) {
		values := jsonedit.Get(item, "embedding")
		if jsonedit.Kind(values) == '"' {
			var ok bool
			if values, ok = unpacked(jsonedit.Text(values)); !ok {
				return nil, badReply("a list of embeddings", "a vector is not 32-bit floats in base64")
			}
		}
		if c.Single {
			w.Key("embedding")
		}
		writeOne(&w, "values", values)
		if c.Single {
			break
		}
	}
	if !c.Single {
		w.EndArray()
	}
	if u := (openai.Format{}).Usage(ai.Embed, body); u.Known {
		w.Key("usageMetadata")
		w.Object()
		w.IntMember("promptTokenCount", u.InputTokens)
		w.EndObject()
	}
	w.EndObject()
	return w.Bytes(), nil
}
