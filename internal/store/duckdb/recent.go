package duckdb

import (
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

// A recent remembers the ids of the latest rows, so that the database need not be
// searched for every batch's: it has the id of every row that started after floor.
type recent struct {
	floor      time.Time
	young, old generation
}

// A generation is some rows that were stored one after the other.
type generation struct {
	ids    map[string]struct{}
	newest time.Time // start of the latest
}

const generationSize = 16 << 10 // ids

// after forgets all; rows that started after floor are not there.
func (r *recent) after(floor time.Time) {
	*r = recent{floor: floor, young: generation{ids: map[string]struct{}{}}}
}

// forget is for when what was added last is not stored after all.
func (r *recent) forget() {
	floor := r.floor
	for _, g := range []generation{r.young, r.old} {
		if g.newest.After(floor) {
			floor = g.newest
		}
	}
	r.after(floor)
}

// knows reports whether a recent row has the id.
func (r *recent) knows(id string) bool {
	_, young := r.young.ids[id]
	_, old := r.old.ids[id]
	return young || old
}

// covers reports whether e, if it is stored, is known.
func (r *recent) covers(e *ledger.Entry) bool { return e.StartedAt.After(r.floor) }

func (r *recent) add(id string, start time.Time) {
	r.young.ids[id] = struct{}{}
	if start.After(r.young.newest) {
		r.young.newest = start
	}
}

// age makes room once the young are many.
func (r *recent) age() {
	if len(r.young.ids) < generationSize {
		return
	}
	if r.old.newest.After(r.floor) {
		r.floor = r.old.newest
	}
	r.old, r.young = r.young, generation{ids: make(map[string]struct{}, len(r.young.ids))}
}
