// Package export writes logs to files: in the background, a page at a time and
// one export after the other, so that it is in nobody's way. What it has done is
// noted with each page; a run that was cut goes on from there.
package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/ledger"
)

// A Store keeps what becomes of exports; control.Service is one.
type Store interface {
	ExportsIn(ctx context.Context, status control.ExportStatus) ([]control.Export, error)
	RenewExport(ctx context.Context, e control.Export, was control.ExportStatus) error
}

// A Plan is which rows an export is of.
type Plan struct {
	Filter        ledger.Filter
	Offset, Limit int64 // rows; a Limit of 0 is none
}

// Deps is what a Runner works with. Those without a default are required.
type Deps struct {
	Dir    string // for the files
	Store  Store
	Logs   ledger.Logs
	Bodies interface {
		Read(ctx context.Context, id string, ref ledger.BodyRef) ([]byte, error)
	}
	// CatchUp waits until the log store has what the journal has, or ctx ends.
	CatchUp func(ctx context.Context) error
	// Plan reads an export's filters.
	Plan func(filters json.RawMessage) (Plan, error)
	// Values are an entry's fields as JSON.
	Values func(e *ledger.Entry, fields []string, read func(ledger.BodyRef) ([]byte, error)) []json.RawMessage
	// Denied are fields that must not be exported.
	Denied func() []string

	Log      *slog.Logger
	Now      func() time.Time
	FileRows int64         // of one file, at most; 50,000
	PageRows int           // read at once; 200
	Keep     time.Duration // how long finished files are kept; 7 days
}

// A Runner runs exports. Its files may be read while it runs.
type Runner struct {
	Deps
	kick chan struct{}
}

// New makes a Runner; Run does the work.
func New(d Deps) *Runner {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.FileRows <= 0 {
		d.FileRows = 50_000
	}
	if d.PageRows <= 0 {
		d.PageRows = 200
	}
	if d.Keep <= 0 {
		d.Keep = 7 * 24 * time.Hour
	}
	return &Runner{Deps: d, kick: make(chan struct{}, 1)}
}

// Kick makes the Runner look for exports that were started.
func (r *Runner) Kick() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// Run runs exports that were started, those that an earlier process left
// included, and deletes files that are no longer kept, until ctx ends.
func (r *Runner) Run(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := r.work(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error("exports could not be looked after; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-r.kick:
		case <-tick.C:
		}
	}
}

// work runs what is to be run, and sweeps.
func (r *Runner) work(ctx context.Context) error {
	running, err := r.Store.ExportsIn(ctx, control.ExportRunning)
	if err != nil {
		return err
	}
	for _, e := range running {
		if err := r.run(ctx, e); err != nil {
			return err
		}
	}
	return r.sweep(ctx)
}

// run runs one export to its end. The error is that of the control plane, or of
// ctx; the export's own are its outcome.
func (r *Runner) run(ctx context.Context, e control.Export) error {
	err := r.write(ctx, &e)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, control.ErrNotFound): // cancelled, or started anew
		return nil
	case err != nil:
		e.Status, e.Problem = control.ExportFailed, err.Error()
		r.Log.Warn("export failed", "id", e.ID, "error", err)
	default:
		e.Status, e.Total = control.ExportDone, e.Progress.Rows
	}
	e.FinishedAt = r.Now().UTC()
	e.ExpiresAt = e.FinishedAt.Add(r.Keep)
	if err := r.Store.RenewExport(ctx, e, control.ExportRunning); !errors.Is(err, control.ErrNotFound) {
		return err
	}
	return nil
}

// tries is how often a page is tried before the export fails.
const tries = 5

func (r *Runner) write(ctx context.Context, e *control.Export) error {
	plan, err := r.Plan(e.Filters)
	if err != nil {
		return err
	}
	if started := e.StartedAt; plan.Filter.To.IsZero() || plan.Filter.To.After(started) {
		plan.Filter.To = started // what comes later would shift the rest
	}
	fields := slices.DeleteFunc(slices.Clone(e.RequestedData), func(f string) bool { return slices.Contains(r.Denied(), f) })
	out, err := r.open(e, fields)
	if err != nil {
		return err
	}
	defer out.close()
	more := true
	if e.Progress.Rows == 0 {
		if more, err = r.begin(ctx, e, plan); err != nil {
			return err
		}
	}
	for failures := 0; more; {
		began := time.Now()
		more, err = r.page(ctx, e, plan, out)
		if err == nil {
			failures = 0
			err = r.Store.RenewExport(ctx, *e, control.ExportRunning)
		}
		if ctx.Err() != nil || errors.Is(err, control.ErrNotFound) {
			return err
		}
		if err != nil {
			if failures++; failures == tries || errors.Is(err, errDiskLow) {
				return err
			}
			more = true
			if err := out.rewind(e); err != nil {
				return err
			}
		}
		// Others come first: half of the time is theirs, and more after a failure.
		pause(ctx, min(time.Since(began), 200*time.Millisecond)+time.Duration(failures)*time.Second)
	}
	if err := out.sync(); err != nil {
		return err
	}
	e.Progress.Files = out.done() // there is one even without rows
	return nil
}

// begin finds where the first page is.
func (r *Runner) begin(ctx context.Context, e *control.Export, p Plan) (more bool, err error) {
	wait, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_ = r.CatchUp(wait) // what was made just now is meant, too
	if p.Offset == 0 {
		return true, nil
	}
	l, err := r.Logs.List(ctx, e.WorkspaceID, p.Filter, ledger.Page{Size: 1, Offset: int(p.Offset - 1)})
	if err != nil || len(l.Entries) == 0 {
		return false, err
	}
	e.Progress.After = ledger.Cursor(&l.Entries[0])
	return true, nil
}

// page writes one page and notes it in e.
func (r *Runner) page(ctx context.Context, e *control.Export, p Plan, out *files) (more bool, err error) {
	size := int64(r.PageRows)
	if p.Limit > 0 {
		size = min(size, p.Limit-e.Progress.Rows)
	}
	if size <= 0 {
		return false, nil
	}
	if _, _, low, err := ledger.DiskFree(r.Dir); err == nil && low {
		return false, errDiskLow
	}
	entries, next, err := r.Logs.Scan(ctx, e.WorkspaceID, p.Filter, e.Progress.After, int(size))
	if err != nil {
		return false, err
	}
	for i := range entries {
		one := &entries[i]
		var later error // a body that another try may find is not left out
		read := func(ref ledger.BodyRef) ([]byte, error) {
			b, err := r.Bodies.Read(ctx, one.ID, ref)
			if err != nil && ai.AsError(err).Kind == ai.Unavailable {
				later = err
			}
			return b, err
		}
		if err := errors.Join(out.row(r.Values(one, out.fields, read)), later); err != nil {
			return false, err
		}
	}
	if err := out.sync(); err != nil {
		return false, err
	}
	e.Progress = control.ExportProgress{Rows: e.Progress.Rows + int64(len(entries)), After: next, Files: out.done()}
	return next != "" && (p.Limit == 0 || e.Progress.Rows < p.Limit), nil
}

var errDiskLow = errors.New("the disk is nearly full; free some space and start the export again")

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// sweep deletes the files of all exports but those that run and those whose time
// has not come.
func (r *Runner) sweep(ctx context.Context) error {
	keep := map[string]bool{}
	for _, status := range []control.ExportStatus{control.ExportRunning, control.ExportDone} {
		list, err := r.Store.ExportsIn(ctx, status)
		if err != nil {
			return err
		}
		for _, e := range list {
			keep[e.ID] = status == control.ExportRunning || r.Now().Before(e.ExpiresAt)
		}
	}
	found, err := os.ReadDir(r.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, d := range found {
		if d.IsDir() && !keep[d.Name()] {
			err = errors.Join(err, os.RemoveAll(filepath.Join(r.Dir, d.Name())))
		}
	}
	return err
}

// Path is where a file of an export is.
func (r *Runner) Path(id, name string) string { return filepath.Join(r.Dir, id, name) }

func fileName(n int, format string) string { return fmt.Sprintf("logs-%04d.%s", n, format) }
