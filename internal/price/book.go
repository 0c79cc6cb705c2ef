package price

import (
	"sync/atomic"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// A Book holds the catalogue in force, which may be replaced while calls are
// priced. It is safe for concurrent use.
type Book struct{ now atomic.Pointer[Catalogue] }

// NewBook returns a Book with a catalogue in force.
func NewBook(c *Catalogue) *Book {
	b := new(Book)
	b.Set(c)
	return b
}

// Set puts another catalogue in force.
func (b *Book) Set(c *Catalogue) { b.now.Store(c) }

// Catalogue returns the one in force.
func (b *Book) Catalogue() *Catalogue { return b.now.Load() }

// Bill computes what a call at a time cost by the price of the first of the names
// that has one; empty names have none. The Price is that one's; ok is false if there is none.
func (c *Catalogue) Bill(provider string, names []string, at time.Time, u ai.Usage) (b Bill, p Price, ok bool) {
	for _, name := range names {
		if p, ok = c.Lookup(provider, name, at); ok {
			return Cost(p, u, ""), p, true
		}
	}
	return Bill{}, Price{}, false
}
