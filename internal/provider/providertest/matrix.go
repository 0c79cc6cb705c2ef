package providertest

import (
	"strconv"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/test/corpus"
)

// A Line is what was checked of one operation of one provider.
type Line struct {
	Provider  string
	Op        ai.Op
	Described bool // an official description has the operation

	Own        Tally // the suite's own cases
	Whole      Tally // recorded answers
	Stream     Tally
	Error      Tally
	Requests   Tally // recorded requests against the description
	Translated Tally // requests of clients of other formats against it
}

// A Tally counts cases by how they ended.
type Tally struct{ Passed, Skipped, Failed int }

func newLine(p *provider.Provider, op ai.Op) *Line { return &Line{Provider: p.ID, Op: op} }

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
	text := strconv.Itoa(c.Passed)
	if c.Skipped > 0 {
		text += " (" + strconv.Itoa(c.Skipped) + " skipped)"
	}
	if c.Failed > 0 {
		text += " (" + strconv.Itoa(c.Failed) + " FAILED)"
	}
	return text
}
