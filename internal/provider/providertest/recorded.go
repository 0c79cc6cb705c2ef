package providertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/test/corpus"
)

// modelIn takes a path apart that has the model as one segment.
var modelIn = regexp.MustCompile(`^(.*)/model/([^/]+)/([a-z-]+)$`)

// unescaped is an address without the encoding in which clients differ.
func unescaped(t *testing.T, address string) string {
	t.Helper()
	plain, err := url.PathUnescape(address)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

var modelOf = regexp.MustCompile(`^(.*)/models/([^/:]+):([A-Za-z]+)$`)

// keyless is a query without the key that some clients put there.
func keyless(query string) string {
	kept := slices.DeleteFunc(strings.Split(query, "&"), func(p string) bool { return strings.HasPrefix(p, "key=") })
	return strings.Join(kept, "&")
}

var deploymentOf = regexp.MustCompile(`^(.*)/deployments/([^/]+)(/.*)$`)

// vertexOf takes a URL of Vertex AI apart: host, version, project, region,
// publisher, model and method.
var vertexOf = regexp.MustCompile(`^(https://[^/]*aiplatform[^/]*)/(v1|v1beta1)/(?:projects/([^/]+)/locations/([^/]+)/)?publishers/([^/]+)/models/([^/:]+):([A-Za-z]+)$`)

// checkRecordedURL expects a call with the recorded request's host, deployment
// and API version to go to the recorded URL.
func (s *subject) checkRecordedURL(t *testing.T, e *corpus.Exchange) {
	if e.URL == "" {
		t.Skip("skipped: the recording has no URL")
	}
	if why := odd[e.ID]; why != "" {
		t.Skip("skipped: " + why)
	}
	_, query, _ := strings.Cut(e.URL, "?")
	want := pathOf(e.URL)
	if strings.Contains(s.endpoint.Path, "?") {
		want = e.URL
	}
	c := s.call()
	whole := s.fill(t, c, want)
	if m := modelIn.FindStringSubmatch(want); m != nil && strings.Contains(s.endpoint.Path, "{model}") {
		c.Base, c.Stream = m[1], strings.HasSuffix(m[3], "-stream")
		c.Model = unescaped(t, m[2])
		if got := s.encode(t, c).URL.String(); unescaped(t, got) != unescaped(t, want) {
			t.Errorf("got %s, want %s", got, want)
		}
		return
	}
	if m := modelOf.FindStringSubmatch(want); m != nil && strings.Contains(s.endpoint.Path, "{model}") {
		c.Base, c.Model, c.Stream = m[1], m[2], m[3] == "streamGenerateContent"
		if query = keyless(query); query != "" {
			want += "?" + query
		}
	}
	if m := vertexOf.FindStringSubmatch(want); m != nil {
		whole = true
		c.Base, c.Model, c.Stream = "", m[5]+"/"+m[6], strings.HasPrefix(m[7], "stream")
		c.Fields["vertex_project_id"], c.Fields["vertex_region"] = m[3], m[4]
		if m[3] == "" {
			c.Key = ai.NewSecret("AIza" + testKey) // a call without a project is one with an API key
		}
		want = strings.Replace(want, "/"+m[2]+"/", "/v1/", 1) // the methods are the same in both versions
	}
	if m := deploymentOf.FindStringSubmatch(want); m != nil {
		c.Base = m[1]
		c.Fields["deployment_id"] = m[2]
		want = e.URL
	} else if base := strings.TrimSuffix(want, s.endpoint.Path); strings.HasPrefix(base, routerOfHuggingFace) && !strings.HasPrefix(s.p.Base, "{") {
		t.Skip("skipped: recorded through the router of Hugging Face")
	} else if !whole && s.ownBase(base) {
		c.Base = base
	}
	if s.endpoint.Dialect == ai.Responses && strings.Contains(s.p.Base, "{") {
		c.Base = strings.TrimSuffix(strings.TrimSuffix(want, s.endpoint.Path), "/v1")
		c.Fields["api_version"] = strings.TrimPrefix(query, "api-version=")
		want = e.URL
	}
	if version, ok := strings.CutPrefix(query, "api-version="); ok {
		for _, f := range s.p.Fields {
			if strings.HasSuffix(f.Name, "api_version") {
				c.Fields[f.Name], want = version, e.URL
			}
		}
	}
	if got := s.encode(t, c).URL.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// fill sets the call's fields and model to what the recorded URL has in their
// place. It reports whether the URL is one that the row makes.
func (s *subject) fill(t *testing.T, c *provider.Call, recorded string) bool {
	t.Helper()
	if strings.HasPrefix(s.p.Base, "{") {
		return false // a field is the whole base
	}
	at := pattern(s.p.Base + s.endpoint.Path)
	m := at.FindStringSubmatch(recorded)
	for i, name := range at.SubexpNames() {
		if m == nil || name == "" {
			continue
		}
		value, err := url.PathUnescape(m[i])
		if err != nil {
			t.Fatal(err)
		}
		if name == "model" {
			c.Model = value
		} else {
			c.Fields[name] = value
		}
	}
	return m != nil && s.p.Base != ""
}

const routerOfHuggingFace = "https://router.huggingface.co/"

// ownBase reports whether a base is one's own to name: the row has none, it is
// made of fields, or a note says which others there are.
func (s *subject) ownBase(base string) bool {
	return !strings.HasPrefix(s.p.Base, "https://") || placeholder.MatchString(s.p.Base) ||
		slices.ContainsFunc(s.p.Notes, func(note string) bool { return strings.Contains(note, " to "+base) })
}

// vendors are the providers whose clients the formats are, as the corpus calls them.
var vendors = map[ai.Dialect]string{
	ai.OpenAI: "openai", ai.Responses: "openai", ai.Anthropic: "anthropic", ai.Gemini: "google", ai.Bedrock: "bedrock", ai.Cohere: "cohere",
}

// speaker is a provider whose recorded clients speak the dialect. The hub's form of
// reranking is llama.cpp's, too.
func speaker(client ai.Dialect, op ai.Op) string {
	if op == ai.Rerank {
		return "llamacpp"
	}
	return vendors[client]
}

// needsStore are what a request may name that only its own provider has.
var needsStore = map[string]bool{"previous_response_id": true, "conversation": true, "prompt": true}

// hasClients are the operations whose recorded requests of clients are held to a
// provider's description: all formats have a chat, and the hub alone the rest.
func hasClients(client ai.Dialect, op ai.Op) bool {
	return op == ai.Chat || client == ai.OpenAI && (op == ai.Embed || op == ai.Rerank)
}

// checkTranslatedRequests expects the recorded requests of clients of every
// format to become what the official description allows: translated where the
// format is another, and fitted to the provider's quirks.
func (s *subject) checkTranslatedRequests(t *testing.T, schema *jsonschema.Schema) {
	if schema == nil {
		return
	}
	d, _ := s.description()
	if d.translated != "" {
		schema = s.official(t, d.translated)
	}
	for _, client := range clients {
		format := s.formats[client]
		if s.chosen.client != "" && client != s.chosen.client {
			continue // which would be called elsewhere
		}
		if !hasClients(client, s.op) || client == s.endpoint.Dialect && (s.op == ai.Embed || s.p.ID == string(client) || d.older) {
			continue // its own requests are checked as such, and embeddings only where they are translated
		}
		if _, passes := s.p.Endpoint(ai.CreateResponse); passes && client == ai.Responses {
			continue // such a request is not translated
		}
		translate := func(c *dialect.Conversion, body []byte) (_ []byte, err error) {
			if client == s.endpoint.Dialect {
				return body, nil
			}
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
		for _, e := range corpus.Exchanges(t, speaker(client, s.op), endpointName(client, s.op)) {
			request := sent(e)
			if request == nil || client == ai.Cohere && strings.HasSuffix(e.URL, "/v1/chat") {
				continue // the first version is another format
			}
			t.Run("from_"+e.ID, func(t *testing.T) {
				body, err := translate(s.conversion(s.endpoint.Dialect), request)
				if e, ok := errors.AsType[*ai.Error](err); ok && needsStore[e.Param] {
					t.Skipf("skipped: the request is about what its provider has stored: %s", e.Message)
				} else if ok && s.op == ai.Embed && e.Kind == ai.Invalid && strings.HasPrefix(e.Param, "input[") {
					t.Skipf("skipped: the provider takes no token ids: %s", e.Message)
				}
				known := notAllowed[s.describedBy()+" from "+e.ID]
				if err != nil && known != "" {
					t.Skipf("skipped: %s: %v", known, err)
				}
				if err != nil {
					t.Fatal(err)
				}
				if model := d.model; model != "" {
					if body, err = jsonedit.Set(body, "model", []byte(`"`+model+`"`)); err != nil {
						t.Fatal(err)
					}
				}
				if client == s.endpoint.Dialect && (client == ai.Anthropic || s.chosen.model != "") {
					known = notAllowed[e.ID] // by the same description
				}
				var plain bytes.Buffer
				if err := json.Compact(&plain, body); err != nil {
					t.Fatal(err)
				}
				if lacksContent(body) {
					plain.WriteString(empty)
				}
				if regexp.MustCompile(newer).Match(plain.Bytes()) {
					known = ofOpenAI
				}
				for _, part := range noPlaceFor[s.describedBy()] {
					if has, err := regexp.Match(part.has, plain.Bytes()); err != nil {
						t.Fatal(err)
					} else if has {
						known = part.why
					}
				}
				s.checkAllowed(t, schema, body, known, &s.line.Translated)
			})
		}
	}
}

// lacksContent reports whether a message of a request leaves its content out.
func lacksContent(body []byte) bool {
	for message := range jsonedit.Elements(jsonedit.Get(body, "messages")) {
		if jsonedit.Get(message, "content") == nil {
			return true
		}
	}
	return false
}
