package responses

import (
	"bytes"
	"fmt"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
)

// PassRequest implements dialect.Passer. Reasoning that a provider behind the hub
// has sealed would make any other refuse the whole request, so it is left out
// where a conversation has moved on to a provider of the Responses API.
func (Format) PassRequest(c *dialect.Conversion, body []byte) ([]byte, error) {
	if !bytes.Contains(body, []byte(thinkingMark)) && !bytes.Contains(body, []byte(redactedMark)) {
		return body, nil
	}
	input := jsonedit.Get(body, "input")
	var kept jsonedit.Writer
	kept.Array()
	i, dropped := 0, 0
	for item := range jsonedit.Elements(input) {
		if _, _, ours := unseal(jsonedit.Text(jsonedit.Get(item, "encrypted_content"))); ours && typeOf(item) == "reasoning" {
			c.Drop(fmt.Sprintf("input[%d]", i), "the reasoning is sealed by a provider of another format")
			dropped++
		} else {
			kept.Raw(item)
		}
		i++
	}
	kept.EndArray()
	if dropped == 0 {
		return body, nil
	}
	return jsonedit.Set(body, "input", kept.Bytes())
}
