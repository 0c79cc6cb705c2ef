package bedrock

import (
	"encoding/base64"
	"net/http"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/provider"
)

// countBody is a request of Claude's own clients as CountTokens takes it: the one
// that InvokeModel would be sent, which must limit the answer, in base64.
func countBody(c *provider.Call) ([]byte, error) {
	body, err := claudeBody(c)
	if err != nil {
		return nil, err
	}
	if jsonedit.Get(body, "max_tokens") == nil {
		if body, err = jsonedit.Set(body, "max_tokens", []byte("1")); err != nil {
			return nil, err
		}
	}
	var w jsonedit.Writer
	w.Object()
	w.Key("input")
	w.Object()
	w.Key("invokeModel")
	w.Object()
	w.StringMember("body", base64.StdEncoding.EncodeToString(body))
	w.EndObject()
	w.EndObject()
	w.EndObject()
	return w.Bytes(), nil
}

// countReply makes the reply of CountTokens one of Anthropic's.
func countReply(resp *http.Response) error {
	body, err := provider.ReadStep(resp)
	if err != nil {
		return err
	}
	n := jsonedit.Get(body, "inputTokens")
	if n == nil {
		return ai.Errorf(ai.BadGateway, "The provider's reply is not one of a token count: it has no inputTokens")
	}
	var w jsonedit.Writer
	w.Object()
	w.IntMember("input_tokens", jsonedit.Int(n))
	w.EndObject()
	provider.Rewrite(resp, w.Bytes())
	return nil
}
