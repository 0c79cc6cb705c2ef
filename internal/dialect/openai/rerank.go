package openai

import (
	"fmt"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// Reranking is not OpenAI's. The hub has it in the form that Cohere, Jina,
// Together, llama.cpp and others share: model, query, documents (texts, or
// objects with a text), top_n and return_documents; the reply is results of
// index, relevance_score and perhaps document, with usage or Cohere's meta.

// rerankUsage reads what a rerank reply tells of its usage: tokens, search
// units, or Cohere's billed units.
func rerankUsage(usage, meta []byte) ai.Usage {
	u := ParseUsage(usage)
	readUnits(&u, usage)
	if billed := jsonedit.Get(meta, "billed_units"); !u.Known && billed != nil {
		u = ParseUsage(billed)
		readUnits(&u, billed)
	}
	return u
}

func readUnits(u *ai.Usage, raw []byte) {
	if units := jsonedit.Get(raw, "search_units"); !jsonedit.IsNull(units) {
		u.SearchUnits, u.Known = count(units), true
	}
}

// WriteRerankUsage writes u as the usage object of a rerank reply.
func WriteRerankUsage(w *jsonedit.Writer, u ai.Usage) {
	w.Object()
	if u.SearchUnits > 0 {
		w.IntMember("search_units", u.SearchUnits)
	}
	if total := u.TotalTokens(); total > 0 || u.SearchUnits == 0 {
		w.IntMember("prompt_tokens", u.InputTokens)
		w.IntMember("total_tokens", total)
	}
	w.EndObject()
}

// DocumentText is a document of a rerank request as a JSON string, for providers
// that take texts alone: the text, if there is nothing else in it, else the whole
// as JSON. It is nil for what is no document.
func DocumentText(document []byte) []byte {
	switch jsonedit.Kind(document) {
	case '"':
		return document
	case '{':
		members := jsonedit.Split(document)
		text := members.Take("text")
		for range members.Left {
			text = nil
		}
		if jsonedit.Kind(text) == '"' {
			return text
		}
		return jsonedit.AppendQuoted(nil, document)
	}
	return nil
}

// A Result is one of a ranking.
type Result struct {
	Index int64
	Score []byte // a number
}

// WriteResults writes a ranking. With documents those that the request asked to
// be told again.
func WriteResults(w *jsonedit.Writer, results []Result, documents [][]byte) {
	w.Array()
	for _, r := range results {
		w.Object()
		w.IntMember("index", r.Index)
		w.RawMember("relevance_score", r.Score)
		if r.Index >= 0 && r.Index < int64(len(documents)) {
			w.Key("document")
			WriteDocument(w, documents[r.Index])
		}
		w.EndObject()
	}
	w.EndArray()
}

// WriteDocument writes a document of a result; a text is {text}.
func WriteDocument(w *jsonedit.Writer, document []byte) {
	if jsonedit.Kind(document) != '"' {
		w.Raw(document)
		return
	}
	w.Object()
	w.RawMember("text", document)
	w.EndObject()
}

// AskedDocuments are the documents of a rerank request that asks for them in its
// reply, nil of any other.
func AskedDocuments(request []byte) (documents [][]byte) {
	if string(jsonedit.Get(request, "return_documents")) != "true" {
		return nil
	}
	for d := range jsonedit.Elements(jsonedit.Get(request, "documents")) {
		documents = append(documents, d)
	}
	return documents
}

// WriteRanking writes a rerank reply of the hub.
func WriteRanking(c *dialect.Conversion, id, model string, results []Result, u ai.Usage) []byte {
	var w jsonedit.Writer
	w.Object()
	w.StringMember("object", "list")
	if id == "" {
		id = c.ID
	}
	w.StringMember("id", id)
	if model == "" {
		model = c.Model
	}
	w.StringMember("model", model)
	w.Key("results")
	WriteResults(&w, results, AskedDocuments(c.Request))
	if u.Known {
		w.Key("usage")
		WriteRerankUsage(&w, u)
	}
	w.EndObject()
	return w.Bytes()
}

// ReadRerank takes the query and the documents, as texts, of a rerank request.
func ReadRerank(top jsonedit.Object) (query []byte, texts [][]byte, err error) {
	query, documents := top.Take("query"), top.Take("documents")
	if jsonedit.Kind(query) != '"' {
		return nil, nil, invalid("query", "must be a string")
	}
	if jsonedit.Kind(documents) != '[' {
		return nil, nil, invalid("documents", "must be an array of texts or objects")
	}
	for document := range jsonedit.Elements(documents) {
		text := DocumentText(document)
		if text == nil {
			return nil, nil, invalid(fmt.Sprintf("documents[%d]", len(texts)), "must be a text or an object")
		}
		texts = append(texts, text)
	}
	return query, texts, nil
}

func invalid(path, what string) error {
	return &ai.Error{Kind: ai.Invalid, Type: "invalid_request_error", Param: path, Message: path + ": " + what}
}

// WriteTexts writes JSON strings as an array.
func WriteTexts(w *jsonedit.Writer, texts [][]byte) {
	w.Array()
	for _, text := range texts {
		w.Raw(text)
	}
	w.EndArray()
}
