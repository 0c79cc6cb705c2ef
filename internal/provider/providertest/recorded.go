package providertest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/test/corpus"
)

var modelOf = regexp.MustCompile(`^(.*)/models/([^/:]+):([A-Za-z]+)$`)

// keyless is a query without the key that some clients put there.
func keyless(query string) string {
	kept := slices.DeleteFunc(strings.Split(query, "&"), func(p string) bool { return strings.HasPrefix(p, "key=") })
	return strings.Join(kept, "&")
}

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
	if m := modelOf.FindStringSubmatch(want); m != nil && strings.Contains(s.endpoint.Path, "{model}") {
		c.Base, c.Model, c.Stream = m[1], m[2], m[3] == "streamGenerateContent"
		if query = keyless(query); query != "" {
			want += "?" + query
		}
	}
	if m := deploymentOf.FindStringSubmatch(want); m != nil {
		c.Base = m[1]
		c.Fields["deployment_id"] = m[2]
		c.Fields["api_version"] = strings.TrimPrefix(query, "api-version=")
		want = e.URL
	}
	if s.p.Base == "" {
		c.Base = strings.TrimSuffix(want, s.endpoint.Path)
	}
	if got := s.encode(t, c).URL.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// vendors are the providers whose clients the formats are, as the corpus calls them.
var vendors = map[ai.Dialect]string{ai.OpenAI: "openai", ai.Anthropic: "anthropic", ai.Gemini: "google"}

// checkTranslatedRequests expects the recorded requests of clients that speak
// another format to become what the official description allows.
func (s *subject) checkTranslatedRequests(t *testing.T, schema *jsonschema.Schema) {
	for client, format := range s.formats {
		if client == s.endpoint.Dialect {
			continue
		}
		translate := func(c *dialect.Conversion, body []byte) (_ []byte, err error) {
			from, fromOther := format.(dialect.Translator)
			to, toOther := s.format.(dialect.Translator)
			c.Strict, c.Onward = !toOther, fromOther && toOther
			if fromOther {
				body, err = from.RequestToHub(c, body)
			}
			if err != nil || !toOther {
				return body, err
			}
			return to.RequestFromHub(c, body)
		}
		for _, e := range corpus.Exchanges(t, vendors[client], endpointName(client, ai.Chat)) {
			request := sent(e)
			if request == nil {
				continue
			}
			t.Run("from_"+e.ID, func(t *testing.T) {
				body, err := translate(s.conversion(), request)
				if err != nil {
					t.Fatal(err)
				}
				s.checkAllowed(t, schema, body, notAllowed[s.p.ID+" from "+e.ID])
			})
		}
	}
}
