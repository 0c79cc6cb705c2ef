package cohere

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// rerankFromHub writes documents as texts, which are all that version 2 takes.
// One with more than a text is written as JSON, which is the YAML that Cohere
// recommends for what has parts.
// Source: https://docs.cohere.com/v2/reference/rerank
func rerankFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	query, texts, err := openai.ReadRerank(top)
	if err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 64)
	w.Object()
	writeModel(&w, c, top)
	w.RawMember("query", query)
	w.Key("documents")
	openai.WriteTexts(&w, texts)
	for _, key := range []string{"top_n", "max_tokens_per_doc", "priority"} {
		top.Move(&w, key)
	}
	w.EndObject()
	top.Take("return_documents") // see rankingToHub
	for key := range top.Left {
		c.Drop(key, "Cohere's rerank has no such parameter")
	}
	return w.Bytes(), nil
}

func writeModel(w *jsonedit.Writer, c *dialect.Conversion, top jsonedit.Object) {
	if model := top.Take("model"); model != nil {
		w.RawMember("model", model)
		return
	}
	w.StringMember("model", c.Model)
}

// rankingToHub adds what the hub's reply has more: the documents, if they were
// asked for, as version 2 does not return them.
func rankingToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	reply := jsonedit.Split(body)
	results := reply.Take("results")
	if jsonedit.Kind(results) != '[' {
		return nil, badReply("a ranking of Cohere's", "it has no results")
	}
	documents := openai.AskedDocuments(c.Request)
	meta := reply.Take("meta")
	var w jsonedit.Writer
	w.Grow(len(body) + 256)
	w.Object()
	w.StringMember("object", "list")
	w.StringMember("id", orElse(reply.Text("id"), c.ID))
	w.StringMember("model", c.Model)
	w.Key("results")
	w.Array()
	for result := range jsonedit.Elements(results) {
		writeResult(&w, result, documents)
	}
	w.EndArray()
	if u := parseUsage(meta); u.Known {
		w.Key("usage")
		openai.WriteRerankUsage(&w, u)
	}
	if meta != nil {
		w.RawMember("meta", meta)
	}
	for key, value := range reply.Left {
		w.RawMember(key, value)
	}
	w.EndObject()
	return w.Bytes(), nil
}

// writeResult writes a result, with its document if it has none of its own.
func writeResult(w *jsonedit.Writer, result []byte, documents [][]byte) {
	at := jsonedit.Int(jsonedit.Get(result, "index"))
	if jsonedit.Get(result, "document") != nil || at < 0 || at >= int64(len(documents)) {
		w.Raw(result)
		return
	}
	w.Object()
	for key, value := range jsonedit.Members(result) {
		w.RawMember(string(key), value)
	}
	w.Key("document")
	openai.WriteDocument(w, documents[at])
	w.EndObject()
}

// rerankToHub passes a request on: Cohere's is one of the hub's.
func rerankToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	if jsonedit.Kind(body) != '{' {
		return nil, ai.Errorf(ai.Invalid, "the body must be a JSON object")
	}
	if jsonedit.IsNull(jsonedit.Get(body, "model")) {
		return jsonedit.Set(body, "model", jsonedit.AppendString(nil, c.Model))
	}
	return body, nil
}

func rankingFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	reply := jsonedit.Split(body)
	results := reply.Take("results")
	if jsonedit.Kind(results) != '[' {
		return nil, badReply("a ranking", "it has no results")
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 128)
	w.Object()
	w.StringMember("id", orElse(reply.Text("id"), c.ID))
	w.RawMember("results", results)
	writeMeta(&w, openai.Format{}.Usage(ai.Rerank, body))
	w.EndObject()
	return w.Bytes(), nil
}

func writeMeta(w *jsonedit.Writer, u ai.Usage) {
	w.Key("meta")
	w.Object()
	w.RawMember("api_version", []byte(`{"version":"2"}`))
	if u.Known {
		writeUsage(w, u)
	}
	w.EndObject()
}
