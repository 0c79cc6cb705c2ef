package media

import (
	"encoding/base64"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

// pictures makes OpenAI's reply of what read finds in a provider's: addresses,
// data URIs or base64. A reply that is a picture itself needs no reading.
func pictures(read func(c *dialect.Conversion, body []byte) ([]string, error)) func(*dialect.Conversion, []byte) ([]byte, error) {
	return func(c *dialect.Conversion, body []byte) ([]byte, error) {
		var found []string
		switch {
		case strings.HasPrefix(c.UpstreamType, "image/"):
			found = []string{base64.StdEncoding.EncodeToString(body)}
		case c.UpstreamType != "":
			return nil, ai.Errorf(ai.BadGateway, "The provider answered with %s instead of pictures", c.UpstreamType)
		default:
			var err error
			if found, err = read(c, body); err != nil {
				return nil, err
			}
		}
		if len(found) == 0 {
			return nil, noPicture()
		}
		return openai.Drawn(c, found), nil
	}
}

func noPicture() error { return ai.Errorf(ai.BadGateway, "The provider's reply has no picture") }

// texts are the strings of a list, or the only one.
func texts(value []byte) (all []string) {
	if jsonedit.Kind(value) == '"' {
		return []string{jsonedit.Text(value)}
	}
	for v := range jsonedit.Elements(value) {
		if s := jsonedit.Text(v); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// members are the strings that the objects of a list have under a name.
func members(list []byte, name string) (all []string) {
	for v := range jsonedit.Elements(list) {
		if s := jsonedit.Text(jsonedit.Get(v, name)); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// asOpenAIs passes on a reply that is OpenAI's but for the time, which some leave
// out and OpenAI's SDKs require.
func asOpenAIs(c *dialect.Conversion, body []byte) ([]byte, error) {
	if c.UpstreamType != "" || jsonedit.Kind(jsonedit.Get(body, "data")) != '[' {
		return nil, noPicture()
	}
	if jsonedit.Get(body, "created") != nil {
		return body, nil
	}
	var w jsonedit.Writer
	w.Int(c.Now)
	return jsonedit.Set(body, "created", w.Bytes())
}
