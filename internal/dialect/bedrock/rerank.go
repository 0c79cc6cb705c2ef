package bedrock

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// perUnit is how many documents of a query Amazon counts as one.
const perUnit = 100

// rerankFromHub writes a reranking as the models take it through InvokeModel.
// Source: Amazon's pages on the parameters of Amazon Rerank and Cohere Rerank.
func rerankFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	top := jsonedit.Split(body)
	model := foundation(orElse(c.Model, top.Text("model")))
	if !strings.HasPrefix(model, "cohere.rerank") && !strings.HasPrefix(model, "amazon.rerank") {
		return nil, invalid("model", "Bedrock's rerankings are known of amazon.rerank and cohere.rerank models; %s is none of them", model)
	}
	query, texts, err := openai.ReadRerank(top)
	if err != nil {
		return nil, err
	}
	var w jsonedit.Writer
	w.Grow(len(body) + 64)
	w.Object()
	w.RawMember("query", query)
	w.Key("documents")
	openai.WriteTexts(&w, texts)
	top.Move(&w, "top_n")
	if strings.HasPrefix(model, "cohere.") {
		w.IntMember("api_version", 2)
		top.Move(&w, "max_tokens_per_doc")
	}
	w.EndObject()
	top.Take("model")
	top.Take("return_documents") // they are added to the reply
	for key := range top.Left {
		c.Drop(key, "Bedrock's rerankings have no such parameter")
	}
	return w.Bytes(), nil
}

// rankingToHub writes a ranking with the documents, if they were asked for, and
// with what it costs: Amazon counts queries by their documents and does not tell.
func rankingToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	results := jsonedit.Get(body, "results")
	if jsonedit.Kind(results) != '[' {
		return nil, badReply("a ranking", "it has no results")
	}
	var ranking []openai.Result
	for result := range jsonedit.Elements(results) {
		score := jsonedit.Get(result, "relevance_score")
		if score == nil {
			score = jsonedit.Get(result, "relevanceScore") // as the Rerank operation of agents has it
		}
		ranking = append(ranking, openai.Result{Index: jsonedit.Int(jsonedit.Get(result, "index")), Score: score})
	}
	var usage ai.Usage
	if asked := length(jsonedit.Get(c.Request, "documents")); asked > 0 {
		usage = ai.Usage{Known: true, SearchUnits: int64((asked + perUnit - 1) / perUnit)}
	}
	return openai.WriteRanking(c, "", "", ranking, usage), nil
}
