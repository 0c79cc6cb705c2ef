package bedrock

import (
	"encoding/base64"
	"net/http"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	dialect "github.com/portico-ai/portico/internal/dialect/bedrock"
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

// textReply puts what a completion cost, which InvokeModel tells in headers, where
// the last event of a stream has it.
func textReply(resp *http.Response) error {
	in, out := resp.Header.Get("X-Amzn-Bedrock-Input-Token-Count"), resp.Header.Get("X-Amzn-Bedrock-Output-Token-Count")
	if _, err := strconv.ParseUint(in, 10, 63); err != nil {
		return nil
	}
	if _, err := strconv.ParseUint(out, 10, 63); err != nil {
		return nil
	}
	body, err := provider.ReadStep(resp)
	if err != nil || jsonedit.Kind(body) != '{' {
		provider.Rewrite(resp, body)
		return err
	}
	body, err = jsonedit.Set(body, dialect.Metrics, []byte(`{"inputTokenCount":`+in+`,"outputTokenCount":`+out+`}`))
	provider.Rewrite(resp, body)
	return err
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
