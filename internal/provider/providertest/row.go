package providertest

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
)

var (
	slug        = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	fieldName   = regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	placeholder = regexp.MustCompile(`\{([^}]*)\}`)
)

// checkRow holds the data of a row to what forms, docs and header parsing need.
func checkRow(t *testing.T, p *provider.Provider) {
	if !slug.MatchString(p.ID) || p.Name == "" {
		t.Errorf("id %q, name %q: want a slug and a name", p.ID, p.Name)
	}
	if docs, err := url.Parse(p.Docs); err != nil || docs.Scheme != "https" || docs.Host == "" {
		t.Errorf("docs %q is no https URL", p.Docs)
	}
	if len(p.Ops) == 0 {
		t.Error("it offers nothing")
	}
	fields := checkFields(t, p)
	known := func(template, where string, more ...string) {
		for _, m := range placeholder.FindAllStringSubmatch(template, -1) {
			if f, ok := fields[m[1]]; ok && f.URL && template == m[0] && where == "base" {
				continue
			} else if ok && !f.URLPart {
				t.Errorf("field %s goes into the %s but is not marked as a URL part", m[1], where)
			} else if !ok && !strings.Contains(strings.Join(more, " "), m[1]) {
				t.Errorf("%s %q has the placeholder %s, which is no field", where, template, m[1])
			}
		}
	}
	known(p.Base, "base")
	if strings.HasSuffix(p.Base, "/") {
		t.Errorf("base %q ends in a slash, which paths begin with", p.Base)
	}
	for op, e := range p.Ops {
		for _, path := range []string{e.Path, e.StreamPath} {
			known(path, "path", "model model... voice id item")
			if !strings.HasPrefix(path, "/") && (path != "" || e.Path == "") {
				t.Errorf("%s: path %q does not begin with a slash", op, path)
			}
		}
		known(e.Base, "base")
		switch e.Method {
		case "", http.MethodPost, http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		default:
			t.Errorf("%s: method %q", op, e.Method)
		}
	}
}

// recordedName is what the corpus calls the endpoint: Vertex AI's general methods
// go by their own names.
func (s *subject) recordedName() string {
	for _, method := range []string{"rawPredict", "predict"} {
		if strings.HasSuffix(s.endpoint.Path, ":"+method) && s.op != ai.ImageGenerate {
			return method
		}
	}
	return endpointName(s.endpoint.Dialect, s.op)
}

// checkFields expects that every name a field goes by leads to it alone.
func checkFields(t *testing.T, p *provider.Provider) map[string]provider.Field {
	fields := map[string]provider.Field{}
	names, headers, sent := map[string]string{}, map[string]string{}, map[string]string{}
	unique := func(seen map[string]string, key, field, what string) {
		if other, taken := seen[key]; taken {
			t.Errorf("%s %q belongs to both %s and %s", what, key, other, field)
		}
		seen[key] = field
	}
	for _, f := range p.Fields {
		fields[f.Name] = f
		if !fieldName.MatchString(f.Name) {
			t.Errorf("field name %q is not in snake case", f.Name)
		}
		if f.Label == "" || f.Help == "" {
			t.Errorf("field %s: label %q, help %q: forms and docs need both", f.Name, f.Label, f.Help)
		}
		unique(names, f.Name, f.Name, "name")
		for _, alias := range f.Aliases {
			unique(names, alias, f.Name, "alias")
		}
		if f.Header != "" {
			unique(headers, http.CanonicalHeaderKey(f.Header), f.Name, "header")
		}
		if f.Send != "" {
			unique(sent, http.CanonicalHeaderKey(f.Send), f.Name, "outgoing header")
		}
		if f.Plain && f.Send == "" {
			t.Errorf("field %s may be sent unprefixed, but as which header?", f.Name)
		}
		if f.Required && f.Default != "" {
			t.Errorf("field %s is required and has a default", f.Name)
		}
		checkReadsHeader(t, p, f)
	}
	return fields
}

// checkReadsHeader expects a field's headers and aliases to be understood.
func checkReadsHeader(t *testing.T, p *provider.Provider, f provider.Field) {
	t.Helper()
	want := func(got map[string]string, how string) {
		if len(got) != 1 || got[f.Name] != "v" {
			t.Errorf("field %s from %s: got %v", f.Name, how, got)
		}
	}
	if f.Header != "" {
		want(p.FromHeader(http.Header{http.CanonicalHeaderKey("x-portkey-" + f.Header): {"v"}}), "its header")
	}
	if f.AlsoHeader != "" {
		want(p.FromHeader(http.Header{http.CanonicalHeaderKey("x-portkey-" + f.AlsoHeader): {"v"}}), "its older header")
	}
	if f.Plain {
		want(p.FromHeader(http.Header{http.CanonicalHeaderKey(f.Send): {"v"}}), "the plain header")
	}
	for _, alias := range f.Aliases {
		if got := p.Normalize(map[string]string{alias: "v"}); got[f.Name] != "v" {
			t.Errorf("field %s from alias %s: got %v", f.Name, alias, got)
		}
	}
}

// endpointName is what the corpus calls an operation of a dialect.
func endpointName(d ai.Dialect, op ai.Op) string {
	switch {
	case op == ai.CountTokens || op == ai.CountContents:
		return "count-tokens"
	case d == ai.Responses:
		return "responses"
	case op == ai.Chat && d == ai.Anthropic:
		return "messages"
	case d == ai.WorkersAI && op == ai.Chat:
		return "ai.run"
	case op == ai.Complete && d == ai.Cohere:
		return "generate"
	case op == ai.Chat && (d == ai.Cohere || d == ai.OCI):
		return "chat"
	case op == ai.Chat && d == ai.Bedrock:
		return "converse"
	case op == ai.Chat && d == ai.Gemini:
		return "generateContent"
	case op == ai.Chat:
		return "chat.completions"
	case op == ai.Rerank:
		return "rerank"
	case op == ai.Complete:
		return "text-completions"
	case op == ai.Embed:
		return "embeddings"
	case op == ai.ImageGenerate:
		return "images"
	case op == ai.Transcribe:
		return "audio.transcriptions"
	}
	return "models"
}
