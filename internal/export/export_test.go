package export_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/export"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/mem"
)

// store keeps exports in memory.
type store struct {
	mu    sync.Mutex
	all   map[string]control.Export
	renew func(e control.Export) error // before anything is kept
}

func (s *store) ExportsIn(_ context.Context, status control.ExportStatus) (list []control.Export, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.all {
		if e.Status == status {
			list = append(list, e)
		}
	}
	return list, nil
}

func (s *store) RenewExport(_ context.Context, e control.Export, was control.ExportStatus) error {
	if s.renew != nil {
		if err := s.renew(e); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[e.ID].Status != was {
		return control.ErrNotFound
	}
	s.all[e.ID] = e
	return nil
}

func (s *store) get(id string) control.Export {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[id]
}

func (s *store) set(e control.Export) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[e.ID] = e
}

// flaky is a log store that fails now and then.
type flaky struct {
	ledger.Logs
	scan func() error
}

func (f *flaky) Scan(ctx context.Context, w string, x ledger.Filter, after string, size int) ([]ledger.Entry, string, error) {
	if err := f.scan(); err != nil {
		return nil, "", err
	}
	return f.Logs.Scan(ctx, w, x, after, size)
}

type noBodies struct{}

func (noBodies) Read(context.Context, string, ledger.BodyRef) ([]byte, error) {
	return nil, errors.New("none")
}

const rows = 107

type rig struct {
	*store
	export.Deps
	now time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	logs := &mem.Logs{}
	var list []*ledger.Entry
	for n := range rows {
		list = append(list, &ledger.Entry{ID: fmt.Sprintf("id-%03d", n), WorkspaceID: "w", Model: "m", StartedAt: time.Unix(1_700_000_000+int64(n), 0).UTC()})
	}
	if err := logs.Apply(t.Context(), list, ledger.Position{}); err != nil {
		t.Fatal(err)
	}
	r := &rig{store: &store{all: map[string]control.Export{}}, now: time.Unix(1_800_000_000, 0).UTC()}
	r.Deps = export.Deps{
		Dir: t.TempDir(), Store: r.store, Logs: logs, Bodies: noBodies{}, CatchUp: func(context.Context) error { return nil },
		Plan: func(raw json.RawMessage) (p export.Plan, err error) { return p, json.Unmarshal(raw, &p) },
		Values: func(e *ledger.Entry, fields []string, _ func(ledger.BodyRef) ([]byte, error)) (v []json.RawMessage) {
			for _, f := range fields {
				text, _ := json.Marshal(map[string]string{"id": e.ID, "model": "=" + e.Model + "\n\"x\""}[f])
				v = append(v, text)
			}
			return v
		},
		Denied: func() []string { return []string{"secret"} }, Now: func() time.Time { return r.now }, FileRows: 40, PageRows: 9,
	}
	return r
}

func (r *rig) start(filters, format string) {
	r.set(control.Export{ID: "e", WorkspaceID: "w", Filters: json.RawMessage(filters), RequestedData: []string{"id", "secret", "model"}, Format: format, Status: control.ExportRunning, StartedAt: r.now})
}

// until runs the Runner until the export no longer runs.
func (r *rig) until(t *testing.T) control.Export {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	done := make(chan struct{})
	runner := export.New(r.Deps)
	go func() { defer close(done); runner.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for r.get("e").Status == control.ExportRunning && ctx.Err() == nil {
		time.Sleep(2 * time.Millisecond)
	}
	return r.get("e")
}

// ids reads the first field of every row, and checks that files are not too long.
func (r *rig) ids(t *testing.T, e control.Export) (all []string) {
	t.Helper()
	for _, f := range e.Progress.Files {
		text, err := os.ReadFile(filepath.Join(r.Dir, e.ID, f.Name))
		if err != nil || int64(len(text)) != f.Bytes {
			t.Fatalf("%s: %d bytes, want %d; %v", f.Name, len(text), f.Bytes, err)
		}
		var here []string
		if e.Format == "csv" {
			lines, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
			if err != nil || strings.Join(lines[0], ",") != "id,model" || len(lines) > 1 && lines[1][1] != "'=m\n\"x\"" {
				t.Fatalf("%s: %v, %v", f.Name, lines[0], err)
			}
			for _, l := range lines[1:] {
				here = append(here, l[0])
			}
		} else {
			for s := bufio.NewScanner(strings.NewReader(string(text))); s.Scan(); {
				var row map[string]string
				if err := json.Unmarshal(s.Bytes(), &row); err != nil || len(row) != 2 {
					t.Fatalf("%s: %s, %v", f.Name, s.Text(), err)
				}
				here = append(here, row["id"])
			}
		}
		if int64(len(here)) != f.Rows || f.Rows > 40 {
			t.Errorf("%s has %d rows and says %d", f.Name, len(here), f.Rows)
		}
		all = append(all, here...)
	}
	return all
}

// want are the ids of rows from newest to oldest.
func want(from, to int) (all []string) {
	for n := rows - 1 - from; n > rows-1-to; n-- {
		all = append(all, fmt.Sprintf("id-%03d", n))
	}
	return all
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s: %d rows, want %d: %v", what, len(got), len(want), got)
	}
}

func TestExport(t *testing.T) {
	for _, format := range []string{"jsonl", "csv"} {
		for filters, rows := range map[string][]string{
			`{}`: want(0, rows), `{"Limit":40}`: want(0, 40), `{"Limit":10,"Offset":20}`: want(20, 30), `{"Limit":50,"Offset":100}`: want(100, rows), `{"Offset":500}`: nil, `{"Filter":{"Models":["none"]}}`: nil,
		} {
			r := newRig(t)
			r.start(filters, format)
			e := r.until(t)
			if e.Status != control.ExportDone || e.Total != int64(len(rows)) || e.Progress.Rows != e.Total || e.ExpiresAt.Sub(r.now) != 7*24*time.Hour || len(e.Progress.Files) == 0 {
				t.Errorf("%s: %+v", filters, e)
			}
			same(t, format+" "+filters, r.ids(t, e), rows)
		}
	}
}

// A process that dies at any page, with half of the next one written, leaves
// nothing twice and nothing out.
func TestAnExportGoesOnWhereItWasCut(t *testing.T) {
	for _, format := range []string{"jsonl", "csv"} {
		for cut := 1; cut <= rows/9; cut++ {
			r := newRig(t)
			r.start(`{}`, format)
			ctx, cancel := context.WithCancel(t.Context())
			pages := 0
			r.renew = func(control.Export) error {
				if pages++; pages > cut {
					cancel() // the page is in the file and not noted
					return context.Canceled
				}
				return nil
			}
			export.New(r.Deps).Run(ctx)
			e := r.get("e")
			if e.Status != control.ExportRunning || e.Progress.Rows != int64(cut*9) {
				t.Fatalf("cut after %d pages: %+v", cut, e)
			}
			r.renew = nil
			e = r.until(t)
			same(t, fmt.Sprintf("%s, cut after %d pages", format, cut), r.ids(t, e), want(0, rows))
		}
	}
}

func TestAnExportWhoseFilesAreGoneBeginsAnew(t *testing.T) {
	r := newRig(t)
	r.start(`{"Limit":60,"Offset":5}`, "jsonl")
	ctx, cancel := context.WithCancel(t.Context())
	pages := 0
	r.renew = func(control.Export) error {
		if pages++; pages > 5 {
			cancel()
			return context.Canceled
		}
		return nil
	}
	export.New(r.Deps).Run(ctx)
	r.renew = nil
	if err := os.Remove(filepath.Join(r.Dir, "e", "logs-0001.jsonl")); err != nil {
		t.Fatal(err)
	}
	same(t, "begun anew", r.ids(t, r.until(t)), want(5, 65))
}

func TestALogStoreThatFailsNowAndThen(t *testing.T) {
	r := newRig(t)
	calls := 0
	r.Logs = &flaky{Logs: r.Logs, scan: func() error {
		if calls++; calls == 1 || calls == 4 {
			return errors.New("not now")
		}
		return nil
	}}
	r.start(`{}`, "jsonl")
	same(t, "in spite of failures", r.ids(t, r.until(t)), want(0, rows))
}

func TestACancelledExportStopsAndItsFilesGo(t *testing.T) {
	r := newRig(t)
	r.start(`{}`, "jsonl")
	pages := 0
	r.renew = func(e control.Export) error {
		if pages++; pages == 3 {
			e.Status = control.ExportStopped
			r.set(e)
		}
		return nil
	}
	if e := r.until(t); e.Status != control.ExportStopped {
		t.Fatalf("%+v", e)
	}
	gone(t, r, pages, 3)
}

func TestFilesAreDeletedWhenTheirTimeHasCome(t *testing.T) {
	r := newRig(t)
	r.start(`{}`, "jsonl")
	e := r.until(t)
	if _, err := os.Stat(filepath.Join(r.Dir, "e", e.Progress.Files[0].Name)); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(8 * 24 * time.Hour)
	gone(t, r, 0, 0)
}

// gone waits until the Runner has swept.
func gone(t *testing.T, r *rig, pages, most int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	go export.New(r.Deps).Run(ctx)
	for ctx.Err() == nil {
		if _, err := os.Stat(filepath.Join(r.Dir, "e")); os.IsNotExist(err) {
			if pages > most {
				t.Errorf("%d pages were written", pages)
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("the files are still there")
}

func TestAnExportThatCannotBe(t *testing.T) {
	r := newRig(t)
	r.start(`{"Limit":"x"}`, "jsonl")
	if e := r.until(t); e.Status != control.ExportFailed || e.Problem == "" {
		t.Errorf("%+v", e)
	}
}
