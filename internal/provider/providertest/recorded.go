package providertest

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/test/corpus"
)

var deploymentOf = regexp.MustCompile(`^(.*)/deployments/([^/]+)(/.*)$`)

// checkRecordedURL expects a call with the recorded request's host, deployment
// and API version to go to the recorded URL.
func (s *subject) checkRecordedURL(t *testing.T, e *corpus.Exchange) {
	if e.URL == "" {
		t.Skip("skipped: the recording has no URL")
	}
	if why := odd[e.ID]; why != "" {
		t.Skip("skipped: " + why)
	}
	want, query, _ := strings.Cut(e.URL, "?")
	c := s.call()
	c.Query = ""
	if m := deploymentOf.FindStringSubmatch(want); m != nil {
		c.Base = m[1]
		c.Fields["deployment_id"] = m[2]
		c.Fields["api_version"] = strings.TrimPrefix(query, "api-version=")
		want = e.URL
	}
	if s.endpoint.Dialect == ai.Responses && strings.Contains(s.p.Base, "{") {
		c.Base = strings.TrimSuffix(strings.TrimSuffix(want, s.endpoint.Path), "/v1")
		c.Fields["api_version"] = strings.TrimPrefix(query, "api-version=")
		want = e.URL
	}
	if match := placeholder.FindStringSubmatch(s.endpoint.Path); match != nil {
		before, after, _ := strings.Cut(s.endpoint.Path, match[0])
		_, id, _ := strings.Cut(want, before)
		c.PathParams[match[1]], c.Query = strings.TrimSuffix(id, after), query
		want = e.URL
	}
	if s.p.Base == "" {
		c.Base = strings.TrimSuffix(want, s.endpoint.Path)
	}
	if got := s.encode(t, c).URL.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// speaker is a provider whose recorded clients speak the dialect.
func speaker(client ai.Dialect) string {
	if client == ai.Responses {
		return string(ai.OpenAI)
	}
	return string(client)
}

// needsStore are what a request may name that only its own provider has.
var needsStore = map[string]bool{"previous_response_id": true, "conversation": true, "prompt": true}

// checkTranslatedRequests expects the recorded requests of clients that speak
// another format to become what the official description allows.
func (s *subject) checkTranslatedRequests(t *testing.T, schema *jsonschema.Schema) {
	for client, format := range s.formats {
		if client == s.endpoint.Dialect {
			continue
		}
		if _, passes := s.p.Endpoint(ai.CreateResponse); passes && client == ai.Responses {
			continue // such a request is not translated
		}
		translate := func(c *dialect.Conversion, body []byte) (_ []byte, err error) {
			if tr, ok := format.(dialect.Translator); ok {
				if body, err = tr.RequestToHub(c, body); err != nil {
					return nil, err
				}
			}
			if tr, ok := s.format.(dialect.Translator); ok {
				return tr.RequestFromHub(c, body)
			}
			return body, nil
		}
		for _, e := range corpus.Exchanges(t, speaker(client), endpointName(client, ai.Chat)) {
			request := sent(e)
			if request == nil {
				continue
			}
			t.Run("from_"+e.ID, func(t *testing.T) {
				body, err := translate(s.conversion(s.endpoint.Dialect), request)
				if e, ok := errors.AsType[*ai.Error](err); ok && needsStore[e.Param] {
					t.Skipf("skipped: the request is about what its provider has stored: %s", e.Message)
				}
				if err != nil {
					t.Fatal(err)
				}
				s.checkAllowed(t, schema, body, notAllowed[s.p.ID+" from "+e.ID])
			})
		}
	}
}
