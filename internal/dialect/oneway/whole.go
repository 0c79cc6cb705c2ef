package oneway

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// Invalid is the error of a request whose member at path cannot be sent.
func Invalid(path, format string, args ...any) *ai.Error {
	e := ai.Errorf(ai.Invalid, "%s: %s", path, fmt.Sprintf(format, args...))
	e.Type, e.Param = "invalid_request_error", path
	return e
}

// BadReply says that a reply is not what its format promises.
func BadReply(what string) *ai.Error {
	return ai.Errorf(ai.BadGateway, "the provider's reply is not of its format: %s", what)
}

// Left records what no translation took; whose names the provider.
func Left(c *dialect.Conversion, whose string, o jsonedit.Object) {
	for key := range o.Left {
		c.Drop(key, whose+" has no such parameter")
	}
}

// Model writes the member model: the body's own, else the conversion's.
func Model(w *jsonedit.Writer, c *dialect.Conversion, top jsonedit.Object) {
	if model := top.Take("model"); model != nil {
		w.RawMember("model", model)
		return
	}
	w.StringMember("model", c.Model)
}

// Vectors writes a hub reply of embeddings; list is an array of vectors, each an
// array of numbers. They are written as base64 if the request asked for it.
func Vectors(c *dialect.Conversion, list []byte, model string, u ai.Usage) []byte {
	var w jsonedit.Writer
	w.Grow(len(list) + 256)
	w.Object()
	w.StringMember("object", "list")
	w.Key("data")
	w.Array()
	i := int64(0)
	for vector := range jsonedit.Elements(list) {
		w.Object()
		w.StringMember("object", "embedding")
		w.IntMember("index", i)
		w.Key("embedding")
		openai.WriteVector(&w, vector, c.Base64)
		w.EndObject()
		i++
	}
	w.EndArray()
	w.StringMember("model", orElse(model, c.Model))
	if u.Known {
		w.Key("usage")
		EmbeddingUsage(&w, u)
	}
	w.EndObject()
	return w.Bytes()
}

// EmbeddingUsage writes the usage object of an embeddings reply.
func EmbeddingUsage(w *jsonedit.Writer, u ai.Usage) {
	w.Object()
	w.IntMember("prompt_tokens", u.InputTokens)
	w.IntMember("total_tokens", u.TotalTokens())
	w.EndObject()
}

// Texts are the texts of an embeddings request's input as an array, whether it
// is one or many. Token ids and parts are refused.
func Texts(input []byte, whose string) ([]byte, error) {
	switch jsonedit.Kind(input) {
	case '"':
		return append(append([]byte{'['}, input...), ']'), nil
	case '[':
		i := 0
		for item := range jsonedit.Elements(input) {
			if jsonedit.Kind(item) != '"' {
				return nil, Invalid(fmt.Sprintf("input[%d]", i), "must be a text: %s takes nothing else here", whose)
			}
			i++
		}
		return input, nil
	}
	return nil, Invalid("input", "must be a text or an array of texts")
}

// Encoding takes encoding_format, which [Vectors] does where a provider cannot.
func Encoding(c *dialect.Conversion, top jsonedit.Object) error {
	switch encoding := top.Text("encoding_format"); encoding {
	case "", "float", "base64":
		c.Base64 = encoding == "base64"
		return nil
	default:
		return Invalid("encoding_format", "%q is neither float nor base64", encoding)
	}
}

// A Reply is a chat's or completion's one answer.
type Reply struct {
	ID, Model string // "" means the conversion's
	Text      []byte // a JSON string; nil is none
	Calls     []Call
	Finish    string
	Usage     ai.Usage
}

// A Call is a tool call of an answer.
type Call struct {
	ID        string
	Name      []byte // a JSON string
	Arguments []byte // a document
}

// Write writes the reply in the hub's form.
func (r *Reply) Write(c *dialect.Conversion) []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("id", orElse(r.ID, c.ID))
	object := "chat.completion"
	if c.Op == ai.Complete {
		object = "text_completion"
	}
	w.StringMember("object", object)
	w.IntMember("created", c.Now)
	w.StringMember("model", orElse(r.Model, c.Model))
	w.Key("choices")
	w.Array()
	w.Object()
	w.IntMember("index", 0)
	if c.Op == ai.Complete {
		w.RawMember("text", r.Text)
	} else {
		w.Key("message")
		r.message(&w)
	}
	w.RawMember("logprobs", nil)
	w.StringMember("finish_reason", r.Finish)
	w.EndObject()
	w.EndArray()
	if r.Usage.Known {
		w.Key("usage")
		openai.WriteUsage(&w, r.Usage)
	}
	w.EndObject()
	return w.Bytes()
}

func (r *Reply) message(w *jsonedit.Writer) {
	w.Object()
	w.StringMember("role", "assistant")
	switch {
	case r.Text != nil && (len(r.Calls) == 0 || jsonedit.TextLen(r.Text) > 0):
		w.RawMember("content", r.Text)
	case len(r.Calls) > 0:
		w.RawMember("content", nil)
	default:
		w.StringMember("content", "")
	}
	if len(r.Calls) > 0 {
		w.Key("tool_calls")
		w.Array()
		for _, call := range r.Calls {
			w.Object()
			WriteCall(w, call.ID, call.Name, call.Arguments)
			w.EndObject()
		}
		w.EndArray()
	}
	w.EndObject()
}
