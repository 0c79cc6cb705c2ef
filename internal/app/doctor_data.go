package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/duckdb"
)

func (d *doctor) database(ctx context.Context) {
	db, err := inspectDatabase(ctx, d.cfg)
	if err != nil {
		d.say("database", StatusFail, "%v", err)
		return
	}
	have, known, err := db.Schema(ctx)
	var problems []string
	if err == nil {
		problems, err = db.Check(ctx)
	}
	err = errors.Join(err, db.Close())
	switch {
	case err != nil:
		d.say("database", StatusFail, "%v", err)
	case len(problems) > 0:
		d.say("database", StatusFail, "damaged in %d places: %s; restore a backup", len(problems), problems[0])
	case have > known:
		d.say("database", StatusFail, "schema version %d is of a newer portico; this one knows versions up to %d", have, known)
	case have < known:
		d.say("database", StatusWarn, "sound; schema version %d becomes %d at the next start, or with portico migrate", have, known)
	default:
		d.say("database", StatusOK, "sound; schema version %d", have)
	}
}

// logRows is what the log store holds, counted before the journal is, so that the
// journal is the longer one.
type logRows struct {
	found   duckdb.Inspection
	checked bool
	why     string // not
	err     error
}

func (d *doctor) countRows(ctx context.Context) (r logRows) {
	if where := d.cfg.logsElsewhere(); where != "" {
		r.why = "in " + where + ", which is not looked at: the doctor connects to nothing"
		return r
	}
	if _, err := os.Stat(d.path(logsFile)); errors.Is(err, fs.ErrNotExist) {
		r.why = "it is not there; the next start builds it from the journal"
		return r
	}
	if d.holder != "" {
		r.why = "not looked at while the server (" + d.holder + ") has it open"
		return r
	}
	r.found, r.err = duckdb.Inspect(ctx, d.path(logsFile))
	r.checked = true
	return r
}

// journal reads every record.
func (d *doctor) journal(ctx context.Context) {
	d.rows = d.countRows(ctx)
	found, err := ledger.Inspect(ctx, d.path(journalDir), d.rows.found.Upto)
	if err != nil {
		d.say("journal", StatusFail, "%v", err)
		return
	}
	d.recorded = found
	counts := fmt.Sprintf("%d entries, %d reservations (%d open), %d damaged, %d bytes torn, in %d segments of %s",
		found.Entries, found.Reservations, found.Open, found.Corrupt, found.Torn, found.Segments, size(found.Bytes))
	switch {
	case found.Corrupt > 0:
		d.say("journal", StatusFail, "%s: the records around the damage are read, those in it are lost", counts)
	case d.holder == "" && (found.Torn > 0 || found.Open > 0):
		d.say("journal", StatusWarn, "%s: the next start cuts off what is torn and records open requests as interrupted", counts)
	default:
		d.say("journal", StatusOK, "%s", counts)
	}
}

// blobs tries where bodies are stored, if the settings name a place.
func (d *doctor) blobs(ctx context.Context) {
	if d.cfg.BlobsURL.IsZero() {
		return
	}
	objects, err := blobs(d.cfg)
	if err != nil {
		d.say("blobs", StatusFail, "%v", err)
		return
	}
	d.stored = objects
	ctx, cancel := context.WithTimeout(ctx, checkBlobsFor)
	defer cancel()
	if err := ledger.CheckObjects(ctx, objects); err != nil {
		d.say("blobs", StatusFail, "%v", err)
		return
	}
	d.say("blobs", StatusOK, "objects can be stored, read, listed and deleted there")
}

// storedSample is how many bodies are read from where they are stored: each may
// cost two requests.
const storedSample = 50

// bodies reads those that a sample of the entries says are kept: from the folder,
// and some of those that are not there from where they are stored.
func (d *doctor) bodies(ctx context.Context) {
	var lost, dropped, asked, stored, skipped int
	var first error
	remote := ledger.OpenStored(d.path(bodiesDir), d.stored)
	for _, b := range d.recorded.Sample {
		err := ledger.CheckBody(d.path(bodiesDir), b)
		if err != nil && d.stored != nil {
			if asked == storedSample {
				skipped++
				continue
			}
			asked++
			if err = remote.Check(ctx, b); err == nil {
				stored++
			}
		}
		switch {
		case errors.Is(err, ledger.ErrBodyDropped):
			dropped++
		case err != nil:
			lost++
			if first == nil {
				first = err
			}
		}
	}
	of, note := len(d.recorded.Sample)-dropped-skipped, ""
	if stored > 0 {
		note = fmt.Sprintf(", %d of them in blobs_url", stored)
	}
	if dropped > 0 {
		note += fmt.Sprintf("; %d were too old to be kept", dropped)
	}
	if lost > 0 {
		d.say("bodies", StatusWarn, "%d of %d that were looked for are not readable: %v%s", lost, of, first, note)
		return
	}
	d.say("bodies", StatusOK, "%d of %d that were looked for are readable%s", of, of, note)
}

// logStore compares the rows with the entries that they were made of.
func (d *doctor) logStore(context.Context) {
	r, entries := d.rows, d.recorded.EntriesUpTo
	switch {
	case !r.checked:
		d.say("log store", StatusOK, "%s", r.why)
	case r.err != nil:
		d.say("log store", StatusWarn, "%v; the next start sets it aside and builds it again from the journal", r.err)
	case !r.found.Current:
		d.say("log store", StatusOK, "made by another version; the next start builds it again from the journal")
	case d.recorded.First > 1 || d.cfg.LogRetention > 0:
		d.say("log store", StatusOK, "%d rows, and %d entries in the journal; old ones are dropped, so portico reconcile compares one by one", r.found.Rows, entries)
	case r.found.Rows != entries:
		d.say("log store", StatusWarn, "%d rows for %d entries of the journal%s; to build it again, move %s away while the server is stopped",
			r.found.Rows, entries, d.setApart(), d.path(logsFile))
	default:
		d.say("log store", StatusOK, "%d rows for %d entries; %d more wait in the journal", r.found.Rows, entries, d.recorded.Entries-entries)
	}
}

// setApart mentions the entries that the log store could not take.
func (d *doctor) setApart() string {
	f, err := os.Open(d.path(quarantine))
	if err != nil {
		return ""
	}
	defer f.Close() //nolint:errcheck // only read
	lines := 0
	for s := bufio.NewReader(f); ; lines++ {
		if _, err := s.ReadString('\n'); err != nil {
			return fmt.Sprintf(" (%d are set apart in %s)", lines, quarantine)
		}
	}
}
