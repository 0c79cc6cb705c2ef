// Package oci is the format of Oracle Cloud Infrastructure's Generative AI
// inference: chat in its generic form, embedText and rerankText. Where a model
// is served and who pays is not in it: the provider adds that.
// Source: https://docs.oracle.com/iaas/api/#/en/generative-ai-inference/20231130
package oci

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/oneway"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

const whose = "OCI"

// New returns the format.
func New() dialect.Format {
	return oneway.Format{
		ID:       ai.OCI,
		Requests: map[ai.Op]oneway.Translation{ai.Chat: chat, ai.Embed: embed, ai.Rerank: rerank},
		Replies:  map[ai.Op]oneway.Translation{ai.Chat: reply, ai.Embed: vectors, ai.Rerank: ranking},
		Stream:   stream,
	}
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
	w.Grow(len(body) + 64)
	w.Object()
	w.RawMember("inputs", texts)
	for key, as := range map[string]string{"input_type": "inputType", "truncate": "truncate"} {
		if value := top.Text(key); value != "" {
			w.StringMember(as, strings.ToUpper(value))
		}
	}
	top.MoveAs(&w, "dimensions", "outputDimensions")
	w.EndObject()
	top.Take("model") // the serving mode names it
	oneway.Left(c, whose, top)
	return w.Bytes(), nil
}

func vectors(c *dialect.Conversion, body []byte) ([]byte, error) {
	list := jsonedit.Get(body, "embeddings")
	if jsonedit.Kind(list) != '[' {
		return nil, oneway.BadReply("it has no embeddings")
	}
	return oneway.Vectors(c, list, "", usage(jsonedit.Get(body, "usage"))), nil
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
	w.RawMember("input", query)
	w.Key("documents")
	openai.WriteTexts(&w, texts)
	top.MoveAs(&w, "top_n", "topN")
	top.MoveAs(&w, "max_chunks_per_doc", "maxChunksPerDocument")
	top.MoveAs(&w, "max_tokens_per_doc", "maxTokensPerDocument")
	w.EndObject()
	top.Take("model")
	top.Take("return_documents") // they are added to the reply
	oneway.Left(c, whose, top)
	return w.Bytes(), nil
}

func ranking(c *dialect.Conversion, body []byte) ([]byte, error) {
	list := jsonedit.Get(body, "documentRanks")
	if jsonedit.Kind(list) != '[' {
		return nil, oneway.BadReply("it has no documentRanks")
	}
	var results []openai.Result
	for r := range jsonedit.Elements(list) {
		results = append(results, openai.Result{Index: jsonedit.Int(jsonedit.Get(r, "index")), Score: jsonedit.Get(r, "relevanceScore")})
	}
	return openai.WriteRanking(c, jsonedit.Text(jsonedit.Get(body, "id")), "", results, usage(jsonedit.Get(body, "usage"))), nil
}

// usage reads a usage object.
func usage(raw []byte) (u ai.Usage) {
	for key, value := range jsonedit.Members(raw) {
		n := max(0, jsonedit.Int(value))
		switch string(key) {
		case "promptTokens":
			u.InputTokens, u.Known = n, true
		case "completionTokens":
			u.OutputTokens, u.Known = n, true
		case "promptTokensDetails":
			u.CacheReadTokens = max(0, jsonedit.Int(jsonedit.Get(value, "cachedTokens")))
		case "completionTokensDetails":
			u.ReasoningTokens = max(0, jsonedit.Int(jsonedit.Get(value, "reasoningTokens")))
		}
	}
	return u
}

// finish names a finish reason as the hub does. Models of different makers end
// with words of their own.
func finish(reason string) string {
	switch strings.ToLower(reason) {
	case "length", "max_tokens":
		return "length"
	case "tool_calls", "tool_call", "function_call":
		return "tool_calls"
	case "content_filter":
		return "content_filter"
	}
	return "stop"
}
