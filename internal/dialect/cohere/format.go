// Package cohere is Cohere's own API, version 2, and its translation to and from
// the hub: chat, embed and rerank, and the list of models; of version 1, generate. Translators work on
// raw JSON: what only passes through keeps the bytes it came in.
//
// The plan that a model writes before it calls tools is the text of the message
// in the hub, where other models write the same; an assistant's text beside its
// tool calls becomes the plan again. Thinking and citations travel in the
// extension members that package anthropic documents: content_blocks on messages
// and stream deltas. A citation there has Anthropic's form of a search result's
// location, and Cohere's own whole in its member cohere.
//
// Usage is what Cohere bills. Its other figure, tokens, also counts the prompt
// that Cohere itself puts around a request, often a thousand tokens that nobody
// pays for; cached_tokens are a part of that figure. All of it stays in the usage of
// a reply that may have extensions, in the member cohere. A document that a tool
// returned is a text in the hub, with Cohere's own in the part's member document.
package cohere

import (
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// Format implements dialect.Format and dialect.Translator. It has no state.
type Format struct{}

var (
	_ dialect.Format     = Format{}
	_ dialect.Translator = Format{}
)

// New returns the format.
func New() Format { return Format{} }

// Dialect implements dialect.Format.
func (Format) Dialect() ai.Dialect { return ai.Cohere }

// Model implements dialect.Format. Cohere's replies do not name one.
func (Format) Model(ai.Op, []byte) string { return "" }

// Usage implements dialect.Format.
func (Format) Usage(op ai.Op, reply []byte) ai.Usage {
	if op != ai.Chat {
		return parseUsage(jsonedit.Get(reply, "meta"))
	}
	return parseUsage(jsonedit.Get(reply, "usage"))
}

// Watch implements dialect.Format.
func (Format) Watch(ai.Op) dialect.Watcher { return &watcher{} }

// RequestToHub implements dialect.Translator.
func (Format) RequestToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	switch c.Op {
	case ai.Embed:
		return embedToHub(c, body)
	case ai.Rerank:
		return rerankToHub(c, body)
	case ai.Chat, "":
		return chatToHub(c, body)
	}
	return nil, unsupported(c.Op)
}

// RequestFromHub implements dialect.Translator.
func (Format) RequestFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	switch c.Op {
	case ai.Embed:
		return embedFromHub(c, body)
	case ai.Rerank:
		return rerankFromHub(c, body)
	case ai.Chat, "":
		return chatFromHub(c, body)
	case ai.Complete:
		return generateFromHub(c, body)
	}
	return nil, unsupported(c.Op)
}

// ReplyToHub implements dialect.Translator. A reply that says that the answer
// failed is returned as the error it tells.
func (Format) ReplyToHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	switch c.Op {
	case ai.Embed:
		return vectorsToHub(c, body)
	case ai.Rerank:
		return rankingToHub(c, body)
	case ai.Models:
		return modelsToHub(c, body)
	case ai.Chat, "":
		return replyToHub(c, body)
	case ai.Complete:
		return generationsToHub(c, body)
	}
	return nil, unsupported(c.Op)
}

// ReplyFromHub implements dialect.Translator.
func (Format) ReplyFromHub(c *dialect.Conversion, body []byte) ([]byte, error) {
	switch c.Op {
	case ai.Embed:
		return vectorsFromHub(c, body)
	case ai.Rerank:
		return rankingFromHub(c, body)
	case ai.Chat, "":
		return replyFromHub(c, body)
	}
	return nil, unsupported(c.Op)
}

func unsupported(op ai.Op) error {
	return ai.Errorf(ai.Unsupported, "%s is not supported by Cohere's API", op)
}

// finishToHub names a finish reason as the hub does. A reply that may have
// extensions and goes to the client as it is keeps Cohere's own word, as
// Portkey's does.
func finishToHub(c *dialect.Conversion, reason string) string {
	if !c.Strict && !c.Onward && reason != "" {
		return reason
	}
	switch reason {
	case "MAX_TOKENS":
		return "length"
	case "TOOL_CALL":
		return "tool_calls"
	}
	return "stop"
}

// finishFromHub names a finish reason as Cohere does.
func finishFromHub(reason string) string {
	switch reason {
	case "length", "max_tokens":
		return "MAX_TOKENS"
	case "tool_calls", "function_call", "tool_use":
		return "TOOL_CALL"
	case "stop_sequence":
		return "STOP_SEQUENCE"
	case "COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "TOOL_CALL":
		return reason
	}
	return "COMPLETE"
}

// failure is the error of an answer that ended with reason, nil if that is an
// answer.
func failure(reason, message string) *ai.Error {
	e := &ai.Error{Kind: ai.Upstream, Status: 502, Type: strings.ToLower(reason), Message: message}
	switch reason {
	case "ERROR":
	case "TIMEOUT":
		e.Status = 504
	default:
		return nil
	}
	if e.Message == "" {
		e.Message = "the model ended its answer with " + reason
	}
	return e
}

func typeOf(doc []byte) string { return jsonedit.Text(jsonedit.Get(doc, "type")) }

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
