package vertexai

import (
	"maps"
	"net/http"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/provider"
)

// anthropicVersion is the only version of Claude's messages that Vertex AI knows.
const anthropicVersion = "vertex-2023-10-16"

// fit gives a body what the model's place asks for beside its format, and a path
// what the body asks for.
func fit(c *provider.Call, m model, e provider.Endpoint, path string) (body []byte, _ string, err error) {
	body = c.Body
	switch {
	case len(body) == 0:
	case e.Dialect == ai.Anthropic:
		body, err = claudeBody(c, m.name)
	case m.publisher == "mistralai" || m.publisher == "ai21":
		body, err = rawBody(body, m.name)
	case m.publisher == deployed:
	case e.Dialect == ai.OpenAI:
		body, err = jsonedit.Set(body, "model", jsonedit.AppendString(nil, m.publisher+"/"+m.name))
	case e.Dialect == ai.Gemini && c.Op == ai.Embed:
		body, err = oneContent(body)
	case c.Op == ai.CountContents:
		body, err = unwrapped(body)
	case c.Op == ai.Chat:
		body, err = geminiBody(c)
	}
	if id, ok := m.tuned(); ok {
		c.Model = id
		path = strings.Replace(path, models, "/endpoints/{model}", 1)
	}
	return body, path, err
}

// tierHeader is where Vertex AI is told what the Gemini API is told in the body:
// at which price and how soon a call is to be served.
const tierHeader = "X-Vertex-Ai-Llm-Shared-Request-Type"

// geminiBody is a request of Gemini's as it is taken here: the model is in the
// path alone, and the service tier in a header.
func geminiBody(c *provider.Call) ([]byte, error) {
	body, err := jsonedit.Delete(c.Body, "model")
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"serviceTier", "service_tier"} {
		tier := jsonedit.Get(body, key)
		if tier == nil {
			continue
		}
		if body, err = jsonedit.Delete(body, key); err != nil {
			return nil, err
		}
		if name := strings.ToLower(jsonedit.Text(tier)); name == "flex" || name == "priority" {
			header := maps.Clone(c.Header)
			if header == nil {
				header = http.Header{}
			}
			header[tierHeader] = []string{name}
			c.Header = header
		}
	}
	return body, nil
}

// unwrapped is a request to count tokens without the wrapper that the Gemini API
// has for whole requests: here its members stand by themselves.
func unwrapped(body []byte) ([]byte, error) {
	whole := jsonedit.Get(body, "generateContentRequest")
	if jsonedit.Kind(whole) != '{' {
		return body, nil
	}
	return jsonedit.Delete(whole, "model")
}

// claudeBody is a request of Claude's as rawPredict takes it: the version is in
// the body, and the model in the path, unless tokens are counted.
func claudeBody(c *provider.Call, name string) (body []byte, err error) {
	if c.Op == ai.CountTokens {
		body, err = jsonedit.Set(c.Body, "model", jsonedit.AppendString(nil, name))
	} else {
		body, err = jsonedit.Delete(c.Body, "model")
	}
	if err != nil || c.Fields["anthropic_version"] == "" && jsonedit.Get(body, "anthropic_version") != nil {
		return body, err
	}
	version := c.Fields["anthropic_version"]
	if !strings.HasPrefix(version, "vertex-") { // a client sends that of Anthropic's own API
		version = anthropicVersion
	}
	return jsonedit.Set(body, "anthropic_version", jsonedit.AppendString(nil, version))
}

// rawBody is a request in OpenAI's format as its publisher takes it, who knows
// the model by its own name, tells a stream's usage unasked and has kept the
// older word for the limit of tokens.
func rawBody(body []byte, name string) ([]byte, error) {
	body, err := jsonedit.Set(body, "model", jsonedit.AppendString(nil, name))
	if err == nil {
		body, err = jsonedit.Delete(body, "stream_options")
	}
	limit := jsonedit.Get(body, "max_completion_tokens")
	if err != nil || limit == nil {
		return body, err
	}
	if jsonedit.Get(body, "max_tokens") == nil {
		if body, err = jsonedit.Set(body, "max_tokens", limit); err != nil {
			return nil, err
		}
	}
	return jsonedit.Delete(body, "max_completion_tokens")
}

// oneContent is a request for embeddings as embedContent takes it: of one content,
// where others take a list.
func oneContent(body []byte) ([]byte, error) {
	requests := jsonedit.Get(body, "requests")
	if requests == nil {
		return jsonedit.Delete(body, "model")
	}
	var one []byte
	for request := range jsonedit.Elements(requests) {
		if one != nil {
			return nil, &ai.Error{Kind: ai.Invalid, Param: "input",
				Message: "input must be a single text: this model embeds one at a time on Vertex AI"}
		}
		one = request
	}
	return jsonedit.Delete(one, "model")
}
