// Package providertest is the conformance suite that every provider's row is
// held to: what it sends is what the provider's official description allows, and
// what the provider answered in recorded traffic is read as what it says.
//
// What an answer says is read here a second time with encoding/json, so that
// the code under test is never its own judge. The small cases in testdata run
// everywhere; the recorded corpus is used where it is found.
package providertest

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/test/corpus"
)

// operations are all that a row may offer.
var operations = []ai.Op{
	ai.Chat, ai.Complete, ai.Embed, ai.Rerank, ai.Models, ai.GetModel, ai.CountTokens, ai.CountContents,
	ai.CreateResponse, ai.GetResponse, ai.DeleteResponse, ai.CancelResponse, ai.ListResponseItems, ai.CountResponseTokens, ai.CompactResponse,
	ai.CreateConversation, ai.GetConversation, ai.UpdateConversation, ai.DeleteConversation,
	ai.AddConversationItems, ai.ListConversationItems, ai.GetConversationItem, ai.DeleteConversationItem,
}

// clients are the formats that clients speak, and Cohere's, which the most of
// the others have to fit.
var clients = []ai.Dialect{ai.OpenAI, ai.Anthropic, ai.Responses, ai.Gemini, ai.Bedrock, ai.Cohere}

// A subject is one operation of one provider.
type subject struct {
	p        *provider.Provider
	op       ai.Op
	endpoint provider.Endpoint
	format   dialect.Format                // of the endpoint
	formats  map[ai.Dialect]dialect.Format // of clients and providers
	chosen   chosen                        // the model, where the row chose the endpoint by it
	line     *Line
}

// Run holds a row, as a registry gives it out, to everything that is promised of
// it: the row itself, then each operation as a subtest. formats are all that are
// known; the dialect of each of the row's endpoints must be among them. It returns
// what was checked, a line per operation.
func Run(t *testing.T, p *provider.Provider, formats map[ai.Dialect]dialect.Format) (lines []*Line) {
	t.Helper()
	t.Run("row", func(t *testing.T) { checkRow(t, p) })
	t.Run("unsupported", func(t *testing.T) { checkUnsupported(t, p) })
	for _, op := range slices.Sorted(maps.Keys(p.Ops)) {
		e := p.Ops[op]
		s := &subject{p: p, op: op, endpoint: e, format: formats[e.Dialect], formats: formats, line: newLine(p, op, e)}
		lines = append(lines, s.line)
		t.Run(string(op), s.run)
	}
	lines = append(lines, runChosen(t, p, formats)...)
	t.Run("proven", func(t *testing.T) { checkProven(t, p, lines) })
	return lines
}

func (s *subject) run(t *testing.T) {
	if media := mediaFormats[s.endpoint.Dialect]; media != nil && s.op.Relayed() && !s.endpoint.AsCalled {
		// what is translated is the format's to prove, and the adapter's if there is one
		if s.p.Adapter == nil {
			t.Run("request", s.checkRequest)
		}
		s.format = media
		t.Run("described", s.checkDescribed)
		t.Run("recorded", s.checkRecordedMedia)
		return
	}
	if s.format == nil {
		t.Fatalf("there is no format for the dialect %q", s.endpoint.Dialect)
	}
	t.Run("request", s.checkRequest)
	if s.line.Relayed = s.endpoint.AsCalled; s.endpoint.AsCalled {
		t.Run("described", s.checkDescribed)
		return // what passes through unread is the gateway's to prove
	}
	imagen := s.op == ai.ImageGenerate && s.endpoint.Dialect == ai.Predict
	if s.op.Relayed() && !imagen || s.op == ai.GetModel { // of batches, files, single models and other pictures nothing is recorded
		t.Run("described", func(t *testing.T) { s.official(t, s.endpoint.Path) })
		return
	}
	t.Run("own", s.checkOwn)
	t.Run("recorded", s.checkRecorded)
}

// checkProven holds the row's word of what it was checked against to what was
// found.
func checkProven(t *testing.T, p *provider.Provider, lines []*Line) {
	corpus.Dir(t)
	proven := strings.Contains(p.Base, provider.MockHost) // our own
	for _, l := range lines {
		proven = proven || l.Described || l.Recorded() > 0
	}
	if proven == p.Unproven {
		t.Errorf("Unproven is %t, but of descriptions and recordings there are %t", p.Unproven, proven)
	}
}

func checkUnsupported(t *testing.T, p *provider.Provider) {
	for _, op := range operations {
		if _, ok := p.Endpoint(op); ok {
			continue
		}
		_, err := p.Encode(t.Context(), &provider.Call{Op: op, Key: ai.NewSecret(testKey), Base: testBase})
		e := wantError(t, err, ai.Unsupported, "")
		if e != nil && e.Message != string(op)+" is not supported by "+p.ID {
			t.Errorf("%s: message %q", op, e.Message)
		}
	}
}

// wantError expects an *ai.Error of the kind, about the parameter.
func wantError(t *testing.T, err error, kind ai.Kind, param string) *ai.Error {
	t.Helper()
	e, ok := errors.AsType[*ai.Error](err)
	if !ok {
		t.Errorf("got %v, want an *ai.Error", err)
		return nil
	}
	if e.Kind != kind || e.Param != param || e.Message == "" {
		t.Errorf("got kind %d, param %q, message %q; want kind %d, param %q", e.Kind, e.Param, e.Message, kind, param)
	}
	return e
}
