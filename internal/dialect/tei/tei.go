// Package tei is the format of Hugging Face's Text Embeddings Inference server
// where it is not OpenAI's: reranking.
// Source: docs/openapi.json of huggingface/text-embeddings-inference
package tei

import (
	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// New returns the format.
func New() dialect.Format {
	return oneway.Format{
		ID:       ai.TEI,
		Requests: map[ai.Op]oneway.Translation{ai.Rerank: rerank},
		Replies:  map[ai.Op]oneway.Translation{ai.Rerank: ranking},
	}
}

// rerank writes a request; the server has one model, and ranks all it is given.
func rerank(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	query, texts, err := openai.ReadRerank(top)
	if err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 64)
	w.Object()
	w.RawMember("query", query)
	w.Key("texts")
	openai.WriteTexts(&w, texts)
	for _, key := range []string{"raw_scores", "truncate", "truncation_direction"} {
		top.Move(&w, key)
	}
	w.EndObject()
	for _, key := range []string{"model", "top_n", "return_documents"} {
		top.Take(key) // the last two are done to the reply
	}
	oneway.Left(c, "Text Embeddings Inference", top)
	return w.Bytes(), nil
}

func ranking(c *dialect.Conversion, body []byte) ([]byte, error) {
	if jsonedit.Kind(body) != '[' {
		return nil, oneway.BadReply("it is no array")
	}
	limit := jsonedit.Length(body)
	if top := jsonedit.Get(c.Request, "top_n"); top != nil {
		limit = min(limit, max(0, int(jsonedit.Int(top))))
	}
	var results []openai.Result
	for r := range jsonedit.Elements(body) {
		if len(results) == limit {
			break // they are in order
		}
		results = append(results, openai.Result{Index: jsonedit.Int(jsonedit.Get(r, "index")), Score: jsonedit.Get(r, "score")})
	}
	return openai.WriteRanking(c, "", "", results, ai.Usage{}), nil
}
