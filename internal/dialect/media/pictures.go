package media

import (
	"encoding/base64"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
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
		return drawn(c, found), nil
	}
}

func noPicture() error { return ai.Errorf(ai.BadGateway, "The provider's reply has no picture") }

// drawn writes OpenAI's reply.
func drawn(c *dialect.Conversion, found []string) []byte {
	var w jsonedit.Writer
	w.Object()
	w.IntMember("created", c.Now)
	w.Key("data")
	w.Array()
	for _, p := range found {
		w.Object()
		if strings.HasPrefix(p, "https://") || strings.HasPrefix(p, "http://") {
			w.StringMember("url", p)
		} else {
			w.StringMember("b64_json", encoded(p))
		}
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes()
}

// encoded is the base64 of a data URI, or what is that already.
func encoded(s string) string {
	if head, data, ok := strings.Cut(s, ";base64,"); ok && strings.HasPrefix(head, "data:") {
		return data
	}
	return s
}

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
