package control

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/portico-ai/portico/internal/access"
)

// ExportStatus is how far an export is.
type ExportStatus string

// The statuses, as Portkey names them.
const (
	ExportDraft   ExportStatus = "draft"
	ExportRunning ExportStatus = "in_progress"
	ExportDone    ExportStatus = "success"
	ExportFailed  ExportStatus = "failed"
	ExportStopped ExportStatus = "stopped"
)

// An Export writes a workspace's logs to files.
type Export struct {
	ID, OrgID, WorkspaceID string
	Description            string
	Filters                json.RawMessage // an object of the log list's parameters
	RequestedData          []string        // fields
	Format                 string          // jsonl or csv
	Status                 ExportStatus
	Problem                string // why it failed
	Total                  int64  // rows that the filters matched when they were set
	Progress               ExportProgress
	CreatedBy              string
	CreatedAt, UpdatedAt   time.Time
	StartedAt, FinishedAt  time.Time
	ExpiresAt              time.Time // when its files are deleted
	Node                   string    // which runs it and has its files; "" where there is one alone
}

// ExportProgress is what has been written. A run that was cut goes on from it.
type ExportProgress struct {
	Rows  int64        `json:"rows"`
	After string       `json:"after"` // the log store's cursor
	Files []ExportFile `json:"files"`
}

// An ExportFile is one file, as far as it is written.
type ExportFile struct {
	Name  string `json:"name"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// An ExportStore keeps exports.
type ExportStore interface {
	InsertExport(ctx context.Context, e Export) error
	UpdateExport(ctx context.Context, e Export) error
	ArchiveExport(ctx context.Context, t Tenant, id string, at time.Time) error
	FindExport(ctx context.Context, t Tenant, id string) (Export, error)
	// Exports lists newest first.
	Exports(ctx context.Context, t Tenant, p Page) ([]Export, int, error)
	// ExportsIn lists those of all tenants that a node has in a status, oldest
	// start first.
	ExportsIn(ctx context.Context, node string, status ExportStatus) ([]Export, error)
	// RenewExport is UpdateExport where the export has still the given status and
	// was not started anew, else it returns ErrNotFound.
	RenewExport(ctx context.Context, e Export, was ExportStatus) error
}

// ExportInput is what a caller may say of an export. Nil fields keep their value.
// Filters, total and fields must have been checked.
type ExportInput struct {
	Description   *string
	Filters       json.RawMessage
	RequestedData []string
	Format        *string
	Total         int64
}

// Exports lists a workspace's exports.
func (s *Service) Exports(ctx context.Context, p access.Principal, workspace string, page Page) ([]Export, int, error) {
	w, err := s.exportTarget(ctx, p, workspace)
	if err != nil {
		return nil, 0, err
	}
	list, total, err := s.store.Exports(ctx, w.tenant(), page)
	return list, total, storeError(err, "Export")
}

func (s *Service) exportTarget(ctx context.Context, p access.Principal, workspace string) (Workspace, error) {
	if err := require(p, access.LogsExport); err != nil {
		return Workspace{}, err
	}
	return s.Target(ctx, p, workspace)
}

// Export finds an export by id.
func (s *Service) Export(ctx context.Context, p access.Principal, workspace, id string) (e Export, err error) {
	if err := require(p, access.LogsExport); err != nil {
		return e, err
	}
	e, err = s.findExport(ctx, s.store, p, workspace, id)
	return e, storeError(err, "Export")
}

func (s *Service) findExport(ctx context.Context, store Store, p access.Principal, workspace, id string) (e Export, err error) {
	err = s.locate(ctx, p, workspace, func(t Tenant) error {
		e, err = store.FindExport(ctx, t, id)
		return err
	})
	return e, err
}

// CreateExport makes a draft.
func (s *Service) CreateExport(ctx context.Context, p access.Principal, workspace string, in ExportInput) (Export, error) {
	w, err := s.exportTarget(ctx, p, workspace)
	if err != nil {
		return Export{}, err
	}
	now := s.now()
	e := Export{ID: uuid.NewString(), OrgID: w.OrgID, WorkspaceID: w.ID, CreatedBy: actor(p), CreatedAt: now, Format: "jsonl", Filters: json.RawMessage("{}")}
	if err := e.apply(in, now); err != nil {
		return Export{}, err
	}
	err = s.write(ctx, func(tx Store) error { return tx.InsertExport(ctx, e) }, nil)
	return e, storeError(err, "Export")
}

// apply makes e a draft of what the input says.
func (e *Export) apply(in ExportInput, now time.Time) error {
	var bad problems
	if in.Description != nil {
		bad.checkText("description", *in.Description)
		e.Description = *in.Description
	}
	if in.Filters != nil {
		e.Filters = in.Filters
	}
	if len(e.Filters) > maxSavedFilter {
		bad.add("filters", "filters have at most %d bytes", maxSavedFilter)
	}
	if in.RequestedData != nil {
		e.RequestedData = in.RequestedData
	}
	if in.Format != nil {
		e.Format = *in.Format
	}
	if !slices.Contains([]string{"jsonl", "csv"}, e.Format) {
		bad.add("format", "format must be jsonl or csv")
	}
	e.Status, e.Problem, e.Total, e.Progress, e.UpdatedAt = ExportDraft, "", in.Total, ExportProgress{}, now
	e.StartedAt, e.FinishedAt, e.ExpiresAt = time.Time{}, time.Time{}, time.Time{}
	return bad.err()
}

// UpdateExport makes an export that is not running a draft again.
func (s *Service) UpdateExport(ctx context.Context, p access.Principal, workspace, id string, in ExportInput) (Export, error) {
	return s.changeExport(ctx, p, workspace, id, func(e *Export) error {
		if e.Status == ExportRunning {
			return conflict("export_id", "the export is in progress; cancel it first")
		}
		return e.apply(in, s.now())
	})
}

// StartExport lets an export run; one that has ended runs anew.
func (s *Service) StartExport(ctx context.Context, p access.Principal, workspace, id string) (Export, error) {
	return s.changeExport(ctx, p, workspace, id, func(e *Export) error {
		if e.Status == ExportRunning {
			return conflict("export_id", "the export is in progress already")
		}
		now := s.now()
		e.Status, e.Problem, e.Progress, e.StartedAt, e.UpdatedAt = ExportRunning, "", ExportProgress{}, now, now
		e.FinishedAt, e.ExpiresAt, e.Node = time.Time{}, time.Time{}, s.node
		return nil
	})
}

// CancelExport stops an export that is running.
func (s *Service) CancelExport(ctx context.Context, p access.Principal, workspace, id string) (Export, error) {
	return s.changeExport(ctx, p, workspace, id, func(e *Export) error {
		if e.Status != ExportRunning {
			return conflict("export_id", "the export is not in progress but %s", e.Status)
		}
		e.Status, e.FinishedAt, e.UpdatedAt = ExportStopped, s.now(), s.now()
		return nil
	})
}

// DeleteExport archives an export; one that runs stops.
func (s *Service) DeleteExport(ctx context.Context, p access.Principal, workspace, id string) error {
	if err := require(p, access.LogsExport); err != nil {
		return err
	}
	err := s.write(ctx, func(tx Store) error {
		e, err := s.findExport(ctx, tx, p, workspace, id)
		if err != nil {
			return err
		}
		return tx.ArchiveExport(ctx, Tenant{e.OrgID, e.WorkspaceID}, e.ID, s.now())
	}, nil)
	return storeError(err, "Export")
}

func (s *Service) changeExport(ctx context.Context, p access.Principal, workspace, id string, change func(*Export) error) (e Export, err error) {
	if err := require(p, access.LogsExport); err != nil {
		return e, err
	}
	err = s.write(ctx, func(tx Store) (err error) {
		if e, err = s.findExport(ctx, tx, p, workspace, id); err != nil {
			return err
		}
		if err := change(&e); err != nil {
			return err
		}
		return tx.UpdateExport(ctx, e)
	}, nil)
	return e, storeError(err, "Export")
}

// ExportsIn lists the exports of all workspaces that this node has in a status;
// for the runner.
func (s *Service) ExportsIn(ctx context.Context, status ExportStatus) ([]Export, error) {
	return s.store.ExportsIn(ctx, s.node, status)
}

// RenewExport keeps what the runner did, unless the status is no longer the one it
// was; then the error is ErrNotFound.
func (s *Service) RenewExport(ctx context.Context, e Export, was ExportStatus) error {
	e.UpdatedAt = s.now()
	return s.write(ctx, func(tx Store) error { return tx.RenewExport(ctx, e, was) }, nil)
}

// Sign makes a text that only this instance can make of parts, none of which may
// hold a zero byte.
func (s *Service) Sign(parts ...string) string {
	sum := s.ring.Load().digest.Digest("signed\x00" + strings.Join(parts, "\x00")) // no API key holds a zero byte
	return hex.EncodeToString(sum[:])
}
