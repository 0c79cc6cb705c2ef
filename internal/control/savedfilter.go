package control

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/portico-ai/portico/internal/access"
)

// A SavedFilter is a filter of logs that somebody keeps under a name. One that is
// shared is its workspace's: every member sees and changes it. Another is its
// owner's alone.
type SavedFilter struct {
	ID, OrgID, WorkspaceID, OwnerID string
	Name                            string
	Filters                         json.RawMessage // an object of the log list's parameters
	Shared                          bool
	CreatedAt, UpdatedAt            time.Time
}

// A SavedFilterStore keeps saved filters. owner sees its own and those that are
// shared.
type SavedFilterStore interface {
	InsertSavedFilter(ctx context.Context, f SavedFilter) error
	UpdateSavedFilter(ctx context.Context, f SavedFilter) error
	ArchiveSavedFilter(ctx context.Context, t Tenant, id string, at time.Time) error
	FindSavedFilter(ctx context.Context, t Tenant, owner, id string) (SavedFilter, error)
	// SavedFilters lists by name.
	SavedFilters(ctx context.Context, t Tenant, owner string, p Page) ([]SavedFilter, int, error)
}

// SavedFilterInput is what a caller may say of a saved filter. Nil fields keep
// their value. The filters must have been checked.
type SavedFilterInput struct {
	Name    *string
	Filters json.RawMessage
	Shared  *bool
}

const maxSavedFilter = 8 << 10 // bytes of its filters

func requireLogs(p access.Principal) error { return require(p, access.LogsView, access.LogsList) }

// SavedFilters lists those that the caller sees in a workspace.
func (s *Service) SavedFilters(ctx context.Context, p access.Principal, workspace string, page Page) ([]SavedFilter, int, error) {
	if err := requireLogs(p); err != nil {
		return nil, 0, err
	}
	w, err := s.Target(ctx, p, workspace)
	if err != nil {
		return nil, 0, err
	}
	list, total, err := s.store.SavedFilters(ctx, w.tenant(), actor(p), page)
	return list, total, storeError(err, "Filter")
}

// CreateSavedFilter keeps a filter; it is shared unless the input says otherwise.
func (s *Service) CreateSavedFilter(ctx context.Context, p access.Principal, workspace string, in SavedFilterInput) (SavedFilter, error) {
	if err := requireLogs(p); err != nil {
		return SavedFilter{}, err
	}
	w, err := s.Target(ctx, p, workspace)
	if err != nil {
		return SavedFilter{}, err
	}
	now := s.now()
	f := SavedFilter{ID: uuid.NewString(), OrgID: w.OrgID, WorkspaceID: w.ID, OwnerID: actor(p), Filters: json.RawMessage("{}"), Shared: true, CreatedAt: now, UpdatedAt: now}
	if in.Name == nil {
		in.Name = new(string) // told to be missing
	}
	if err := f.apply(in); err != nil {
		return SavedFilter{}, err
	}
	err = s.write(ctx, func(tx Store) error { return tx.InsertSavedFilter(ctx, f) }, nil)
	return f, storeError(err, "Filter")
}

func (f *SavedFilter) apply(in SavedFilterInput) error {
	var bad problems
	if in.Name != nil {
		bad.checkName(in.Name)
		f.Name = *in.Name
	}
	if in.Filters != nil {
		f.Filters = in.Filters
	}
	if len(f.Filters) > maxSavedFilter {
		bad.add("filters", "filters have at most %d bytes", maxSavedFilter)
	}
	if in.Shared != nil {
		f.Shared = *in.Shared
	}
	return bad.err()
}

// UpdateSavedFilter changes what the input names.
func (s *Service) UpdateSavedFilter(ctx context.Context, p access.Principal, workspace, id string, in SavedFilterInput) (f SavedFilter, err error) {
	err = s.changeSavedFilter(ctx, p, workspace, id, func(tx Store, found SavedFilter) error {
		f = found
		if err := f.apply(in); err != nil {
			return err
		}
		f.UpdatedAt = s.now()
		return tx.UpdateSavedFilter(ctx, f)
	})
	return f, err
}

// DeleteSavedFilter archives a filter.
func (s *Service) DeleteSavedFilter(ctx context.Context, p access.Principal, workspace, id string) error {
	return s.changeSavedFilter(ctx, p, workspace, id, func(tx Store, f SavedFilter) error {
		return tx.ArchiveSavedFilter(ctx, Tenant{f.OrgID, f.WorkspaceID}, f.ID, s.now())
	})
}

func (s *Service) changeSavedFilter(ctx context.Context, p access.Principal, workspace, id string, change func(Store, SavedFilter) error) error {
	if err := requireLogs(p); err != nil {
		return err
	}
	w, err := s.Target(ctx, p, workspace)
	if err != nil {
		return err
	}
	err = s.write(ctx, func(tx Store) error {
		f, err := tx.FindSavedFilter(ctx, w.tenant(), actor(p), id)
		if err != nil {
			return err
		}
		return change(tx, f)
	}, nil)
	return storeError(err, "Filter")
}
