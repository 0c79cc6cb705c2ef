package providertest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/test/corpus"
)

// A Line is what was checked of one operation of one provider.
type Line struct {
	Provider  string
	Op        ai.Op
	Dialect   ai.Dialect
	Model     string // for which the row chose the endpoint, "" if for most
	Described bool   // an official description has the operation
	Relayed   bool   // it passes through unread, whatever its format

	Own        Tally // the suite's own cases
	Whole      Tally // recorded answers
	Stream     Tally
	Error      Tally
	Requests   Tally // recorded requests against the description
	Translated Tally // requests of clients of other formats against it
}

// A Tally counts cases by how they ended.
type Tally struct {
	Passed, Skipped, Failed int
	Known                   int // of those passed, differences that are listed with their reason
}

// A Matrix is what was checked of all providers.
type Matrix struct{ Lines []*Line }

const matrixHead = `# How each provider is checked

The conformance suite (internal/provider/providertest) runs for every row; this page is what it found, and a test holds it to that:
"go test ./internal/provider/all -run Conformance -update" writes it anew. Numbers are cases that passed.

- own: the suite's small cases of each kind of answer: whole, streamed, cut, tools, errors.
- whole, stream, error: answers that were recorded from the provider. Usage, model, text, tool calls and finish reasons must be read as they are
  told, whatever way the bytes arrive; a stream cut anywhere must not look complete; a client of another format must be told the same.
- requests: recorded requests, as Portico would send them, against the provider's official API description.
- clients: recorded requests of clients of OpenAI, Anthropic, Google, Amazon, Cohere and, for reranking, llama.cpp, translated where the format is
  another and fitted to the provider's quirks, against it: what a fallback would send.

"known": what a description does not allow and Portico passes on all the same; exceptions.go there lists each with the reason.
"not recorded": the corpus has no such traffic. "none": no official description is at hand. An operation that is not listed is not offered.

| provider | operation | own | whole | stream | error | requests | clients |
| --- | --- | --- | --- | --- | --- | --- | --- |
`

// String writes the matrix as a page of the manual.
func (m *Matrix) String() string {
	var b strings.Builder
	b.WriteString(matrixHead)
	var total Line
	for _, l := range m.Lines {
		if l.Relayed {
			continue
		}
		stream, spec, translated := "not recorded", "not recorded", "none"
		if l.Op == ai.Embed || l.Op == ai.Rerank || l.Op == ai.Models || l.Op == ai.GetModel || l.Op.Relayed() {
			stream = "no streams"
		}
		if !l.Described {
			spec = "none"
		}
		if l.Op != ai.Chat {
			translated = "one format"
		}
		if l.Op == ai.Models || l.Op == ai.GetModel {
			spec = "no body"
		}
		op := string(l.Op)
		if l.Dialect != ai.OpenAI {
			op += " (" + string(l.Dialect) + ")"
		}
		if l.Model != "" {
			op += " of " + l.Model
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", l.Provider, op, l.Own.Cell("none"), l.Whole.Cell("not recorded"),
			l.Stream.Cell(stream), l.Error.Cell("not recorded"), l.Requests.Cell(spec), l.Translated.Cell(translated))
		for i, t := range l.tallies() {
			total.tallies()[i].add(t)
		}
	}
	fmt.Fprintf(&b, "| all | | %s | %s | %s | %s | %s | %s |\n", total.Own.Cell("0"), total.Whole.Cell("0"),
		total.Stream.Cell("0"), total.Error.Cell("0"), total.Requests.Cell("0"), total.Translated.Cell("0"))
	b.WriteString(relayedHead)
	for _, l := range m.Lines {
		if l.Relayed {
			fmt.Fprintf(&b, "| %s | %s | %t |\n", l.Provider, l.Op, l.Described)
		}
	}
	return b.String()
}

const relayedHead = `
## Relayed

These pass through as they come, so there is nothing to decode: test/e2e/relay_test.go sends every recording of them through the running program.
"described": an official description has the method and path.

| provider | operation | described |
| --- | --- | --- |
`

// Failed reports whether any case did.
func (m *Matrix) Failed() bool {
	for _, l := range m.Lines {
		for _, t := range l.tallies() {
			if t.Failed > 0 {
				return true
			}
		}
	}
	return false
}

func (l *Line) tallies() []*Tally {
	return []*Tally{&l.Own, &l.Whole, &l.Stream, &l.Error, &l.Requests, &l.Translated}
}

func (c *Tally) add(other *Tally) {
	c.Passed, c.Skipped, c.Failed = c.Passed+other.Passed, c.Skipped+other.Skipped, c.Failed+other.Failed
	c.Known += other.Known
}

func newLine(p *provider.Provider, op ai.Op, e provider.Endpoint) *Line {
	return &Line{Provider: p.ID, Op: op, Dialect: e.Dialect}
}

// Recorded counts the recorded answers that were there to check.
func (l *Line) Recorded() int { return l.Whole.all() + l.Stream.all() + l.Error.all() }

func (l *Line) answers(e *corpus.Exchange) *Tally {
	switch {
	case e.Status >= 400:
		return &l.Error
	case len(e.ResponseChunks) > 0:
		return &l.Stream
	}
	return &l.Whole
}

// note counts the case that t runs; it is deferred.
func (c *Tally) note(t *testing.T) {
	switch {
	case t.Failed():
		c.Failed++
	case t.Skipped():
		c.Skipped++
	default:
		c.Passed++
	}
}

func (c *Tally) all() int { return c.Passed + c.Skipped + c.Failed }

// Cell is the tally as a table shows it; none says why there is nothing.
func (c *Tally) Cell(none string) string {
	if c.all() == 0 {
		return none
	}
	text := strconv.Itoa(c.Passed - c.Known)
	if c.Known > 0 {
		text += " + " + strconv.Itoa(c.Known) + " known"
	}
	if c.Skipped > 0 {
		text += " (" + strconv.Itoa(c.Skipped) + " skipped)"
	}
	if c.Failed > 0 {
		text += " (" + strconv.Itoa(c.Failed) + " FAILED)"
	}
	return text
}
