package providertest

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/provider"
)

// A chosen model is one that its provider offers elsewhere than most.
type chosen struct {
	client ai.Dialect // in which the call is written, if that decides too
	model  string     // as clients name it
	inURL  string     // as it stands in the address
	edits  []string   // members of a body that are the place's own: added, changed or left out
}

// choices are such models of each provider, one for every place.
var choices = map[string][]chosen{
	"bedrock": {
		{ai.Anthropic, "anthropic.claude-opus-4-1-20250805-v1:0", "anthropic.claude-opus-4-1-20250805-v1%3A0", []string{"model", "stream", "anthropic_version", "anthropic_beta"}},
	},
	"google": {
		{"", "imagen-4.0-generate-001", "imagen-4.0-generate-001", nil},
	},
	"vertex-ai": {
		{"", "anthropic.claude-sonnet-4-5@20250929", "claude-sonnet-4-5@20250929", []string{"model", "anthropic_version"}},
		{"", "mistral-medium-3", "mistral-medium-3", []string{"model"}},
		{"", "meta/llama-3.3-70b-instruct-maas", "", []string{"model"}},
		{"", "endpoints.1234567890", "1234567890", nil},
		{"", "gemini-embedding-2", "gemini-embedding-2", []string{"model"}},
	},
}

// runChosen holds the endpoints that a row chooses to what its others are held to.
func runChosen(t *testing.T, p *provider.Provider, formats map[ai.Dialect]dialect.Format) (lines []*Line) {
	if (p.Choose != nil) != (choices[p.ID] != nil) {
		t.Errorf("the row chooses endpoints: %t; the suite knows such models: %t", p.Choose != nil, choices[p.ID] != nil)
	}
	for _, m := range choices[p.ID] {
		found := false
		offered := map[ai.Op]bool{}
		for _, op := range append(slices.Collect(maps.Keys(p.Ops)), operations...) {
			offered[op] = true
		}
		for _, op := range slices.Sorted(maps.Keys(offered)) {
			e, ok := p.EndpointFor(op, m.client, m.model)
			if !ok || e == p.Ops[op] {
				continue
			}
			found = true
			s := &subject{p: p, op: op, endpoint: e, format: formats[e.Dialect], formats: formats, chosen: m, line: newLine(p, op, e)}
			s.line.Model = m.model
			lines = append(lines, s.line)
			t.Run(m.model+"/"+string(op), s.run)
		}
		if !found {
			t.Errorf("nothing of %s is offered elsewhere", m.model)
		}
	}
	return lines
}

// edits are members of bodies that a provider's place for an operation edits
// whatever the model.
var edits = map[string][]string{
	"vertex-ai/" + string(ai.Chat):           {"model"},
	"vertex-ai/" + string(ai.CreateBatch):    {"model", "instanceConfig"},
	"vertex-ai/" + string(ai.CreateFinetune): {"baseModel"},

	"bedrock/" + string(ai.CreateBatch):      {"modelId"},
	"bedrock/" + string(ai.CreateFinetune):   {"baseModelIdentifier"},
	"bedrock/" + string(ai.CountTokens):      {"max_tokens"},
	"fireworks-ai/" + string(ai.CreateBatch): {"model"},
}

// unwrapped is a body without what a provider has around it.
func (s *subject) unwrapped(body []byte) []byte {
	if s.p.ID != "bedrock" || s.op != ai.CountTokens {
		return body
	}
	inner, err := base64.StdEncoding.DecodeString(jsonedit.Text(jsonedit.Get(body, "input", "invokeModel", "body")))
	if err != nil || len(inner) == 0 {
		return body
	}
	return inner
}

// untouched is a body without what is the place's own to edit.
func (s *subject) untouched(body []byte) string {
	own := append(edits[s.p.ID+"/"+string(s.op)], s.chosen.edits...)
	if len(own) == 0 {
		return string(body)
	}
	var kept []string
	for key, value := range jsonedit.Members(s.unwrapped(body)) {
		if !slices.Contains(own, string(key)) {
			kept = append(kept, string(key)+":"+string(value))
		}
	}
	return strings.Join(kept, ",")
}
