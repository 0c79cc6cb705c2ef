// Package palm is the PaLM API, Google's before Gemini's: generateText,
// generateMessage and batchEmbedText. It streams nothing and tells no usage.
// Source: google/ai/generativelanguage/v1beta, text_service.proto and discuss_service.proto
package palm

import (
	"fmt"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
)

const whose = "PaLM"

// New returns the format.
func New() dialect.Format {
	return oneway.Format{
		ID:       ai.PaLM,
		Requests: map[ai.Op]oneway.Translation{ai.Chat: chat, ai.Complete: complete, ai.Embed: embed},
		Replies:  map[ai.Op]oneway.Translation{ai.Chat: message, ai.Complete: text, ai.Embed: vectors},
	}
}

// parameters writes what both kinds of generation have, and ends the body.
func parameters(w *jsonedit.Writer, c *dialect.Conversion, top jsonedit.Object) error {
	if string(top.Take("stream")) == "true" {
		return oneway.Invalid("stream", "the PaLM API does not stream")
	}
	top.MoveAs(w, "n", "candidateCount")
	for _, r := range [][2]string{{"temperature", "temperature"}, {"top_p", "topP"}, {"top_k", "topK"}} {
		top.MoveAs(w, r[0], r[1])
	}
	w.EndObject()
	top.Take("model") // it is in the address
	oneway.Left(c, whose, top)
	return nil
}

func complete(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	prompt := top.Take("prompt")
	if jsonedit.Kind(prompt) != '"' {
		return nil, oneway.Invalid("prompt", "must be a text")
	}
	var w jsonedit.Writer
	w.Object()
	w.Key("prompt")
	w.Object()
	w.RawMember("text", prompt)
	w.EndObject()
	top.MoveAs(&w, "max_tokens", "maxOutputTokens")
	switch stop := top.Take("stop"); jsonedit.Kind(stop) {
	case '"':
		w.Key("stopSequences")
		w.Array()
		w.Raw(stop)
		w.EndArray()
	case '[':
		w.RawMember("stopSequences", stop)
	}
	if err := parameters(&w, c, top); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

// chat writes instructions as the context, and the rest as messages of two
// authors, 0 and 1.
func chat(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	list := top.Take("messages")
	if jsonedit.Kind(list) != '[' {
		return nil, oneway.Invalid("messages", "must be an array of messages")
	}
	var context []string
	var messages jsonedit.Writer
	messages.Array()
	i := 0
	for m := range jsonedit.Elements(list) {
		path := fmt.Sprintf("messages[%d]", i)
		i++
		content := contentOf(c, m, path)
		author := "0"
		switch role := jsonedit.Text(jsonedit.Get(m, "role")); role {
		case "system", "developer":
			context = append(context, content)
			continue
		case "assistant":
			author = "1"
		case "user":
		default:
			return nil, oneway.Invalid(path+".role", "PaLM has no messages of the role %q", role)
		}
		messages.Object()
		messages.StringMember("author", author)
		messages.StringMember("content", content)
		messages.EndObject()
	}
	messages.EndArray()
	var w jsonedit.Writer
	w.Object()
	w.Key("prompt")
	w.Object()
	if context != nil {
		w.StringMember("context", strings.Join(context, "\n"))
	}
	top.Move(&w, "examples")
	w.RawMember("messages", messages.Bytes())
	w.EndObject()
	if err := parameters(&w, c, top); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

// contentOf is the text of a message; parts that are no text are left out.
func contentOf(c *dialect.Conversion, m []byte, path string) string {
	content := jsonedit.Get(m, "content")
	if jsonedit.Kind(content) == '"' {
		return jsonedit.Text(content)
	}
	var texts []string
	i := 0
	for part := range jsonedit.Elements(content) {
		if t := jsonedit.Get(part, "text"); jsonedit.Kind(t) == '"' {
			texts = append(texts, jsonedit.Text(t))
		} else {
			c.Drop(fmt.Sprintf("%s.content[%d]", path, i), "PaLM's messages are text")
		}
		i++
	}
	return strings.Join(texts, "\n")
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
	w.Object()
	w.RawMember("texts", texts)
	w.EndObject()
	top.Take("model")
	oneway.Left(c, whose, top)
	return w.Bytes(), nil
}

func text(c *dialect.Conversion, body []byte) ([]byte, error) { return candidates(c, body, "output") }

func message(c *dialect.Conversion, body []byte) ([]byte, error) {
	return candidates(c, body, "content")
}

// candidates writes the answers. One that a filter took is an answer without text
// that ended for that; why the others ended is not told.
func candidates(c *dialect.Conversion, body []byte, key string) ([]byte, error) {
	list, filters := jsonedit.Get(body, "candidates"), jsonedit.Get(body, "filters")
	if jsonedit.Kind(list) != '[' && jsonedit.Length(filters) == 0 {
		return nil, oneway.BadReply("it has no candidates")
	}
	if jsonedit.Length(list) == 0 {
		r := oneway.Reply{Text: []byte(`""`), Finish: "content_filter"}
		return r.Write(c), nil
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("id", c.ID)
	if c.Op == ai.Complete {
		w.StringMember("object", "text_completion")
	} else {
		w.StringMember("object", "chat.completion")
	}
	w.IntMember("created", c.Now)
	w.StringMember("model", c.Model)
	w.Key("choices")
	w.Array()
	i := int64(0)
	for candidate := range jsonedit.Elements(list) {
		w.Object()
		w.IntMember("index", i)
		if c.Op == ai.Complete {
			w.RawMember("text", jsonedit.Get(candidate, key))
		} else {
			w.Key("message")
			w.Object()
			w.StringMember("role", "assistant")
			w.RawMember("content", jsonedit.Get(candidate, key))
			w.EndObject()
		}
		w.RawMember("logprobs", nil)
		w.StringMember("finish_reason", "stop")
		w.EndObject()
		i++
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes(), nil
}

func vectors(c *dialect.Conversion, body []byte) ([]byte, error) {
	embeddings := jsonedit.Get(body, "embeddings")
	if jsonedit.Kind(embeddings) != '[' {
		return nil, oneway.BadReply("it has no embeddings")
	}
	var list jsonedit.Writer
	list.Grow(len(embeddings))
	list.Array()
	for e := range jsonedit.Elements(embeddings) {
		list.Raw(jsonedit.Get(e, "value"))
	}
	list.EndArray()
	return oneway.Vectors(c, list.Bytes(), "", ai.Usage{}), nil
}
