package provider

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
)

// maxStep bounds the reply to a request that another follows.
const maxStep = 1 << 20

// ReadStep reads the reply to a request that another follows.
func ReadStep(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxStep+1))
	if len(body) > maxStep {
		return nil, ai.Errorf(ai.BadGateway, "The provider's reply is larger than %d bytes", maxStep)
	}
	return body, err
}

// Rewrite replaces the body of a reply, which is JSON from then on.
func Rewrite(resp *http.Response, body []byte) {
	_ = resp.Body.Close()
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Set("Content-Type", "application/json")
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
}

// WithPage is a path that lists, with the page that OpenAI's query (limit, and
// page_token of the last reply) asks for in the provider's words.
func (p *Provider) WithPage(path, query, size, token string) (string, error) {
	asked, err := url.ParseQuery(query)
	if err != nil {
		return "", &ai.Error{Kind: ai.Invalid, Message: "The query of the address is not valid"}
	}
	if asked.Get("after") != "" {
		return "", &ai.Error{Kind: ai.Invalid, Param: "after",
			Message: "after is not a page of " + p.Name + "'s: send the last reply's next_page_token as page_token"}
	}
	page := url.Values{}
	for theirs, ours := range map[string]string{size: "limit", token: "page_token"} {
		if v := asked.Get(ours); v != "" {
			page.Set(theirs, v)
		}
	}
	if len(page) == 0 {
		return path, nil
	}
	return path + "?" + page.Encode(), nil
}
