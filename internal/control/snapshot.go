package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/portico-ai/portico/internal/secret"
)

// A SnapshotFile keeps, on the node's own disk, what its directory was last made
// of, so that the node can start while the store cannot be reached.
type SnapshotFile interface {
	// Read returns what Write was last given, whole, or fs.ErrNotExist.
	Read() ([]byte, error)
	Write(sealed []byte) error
}

// snapshotBinding names the format: another one does not open.
var snapshotBinding = secret.Binding{Kind: "directory-snapshot", ID: "1"}

// save writes the rows to the snapshot. A failure is logged and tried again by
// Follow: serving does not depend on it.
func (s *Service) save(ctx context.Context, r *rows) {
	if s.snapshot == nil {
		return
	}
	plain, err := json.Marshal(r)
	if err == nil {
		err = s.snapshot.Write([]byte(s.master.Seal(plain, snapshotBinding)))
	}
	if err != nil {
		s.log.ErrorContext(ctx, "the snapshot for times without the database could not be written; trying again", "error", err)
		return
	}
	s.saved = r.Count
}

// openSnapshot makes the Service ready with what the snapshot holds; why says why
// the store could not do it. Follow loads the store's own as soon as it can.
func (s *Service) openSnapshot(ctx context.Context, why error) error {
	r, err := s.readSnapshot()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; this node has no snapshot to serve from yet: it makes one when it starts with the database", why)
	}
	if err != nil {
		return fmt.Errorf("%w; and the snapshot of the directory cannot be used: %w", why, err)
	}
	k, err := openSealings(r.Sealings, s.master, r.Organisation.ID)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setRing(r.Organisation, k)
	if err := s.publish(ctx, r); err != nil {
		return err
	}
	s.seen = -1 // whatever the store says is news
	s.asOf.Store(&r.TakenAt)
	s.log.WarnContext(ctx, "the database cannot be reached; serving from the snapshot", "taken_at", r.TakenAt, "error", why)
	return nil
}

func (s *Service) readSnapshot() (*rows, error) {
	sealed, err := s.snapshot.Read()
	if err != nil {
		return nil, err
	}
	plain, err := s.master.Open(string(sealed), snapshotBinding)
	if err != nil {
		return nil, fmt.Errorf("%w: it was made with another master key or by another version, or is damaged", err)
	}
	var r rows
	if err := json.Unmarshal(plain, &r); err != nil {
		return nil, fmt.Errorf("read the snapshot: %w", err)
	}
	return &r, nil
}

// AsOf is when the directory was last known to be as the store is.
func (s *Service) AsOf() time.Time {
	if t := s.asOf.Load(); t != nil {
		return *t
	}
	return time.Time{}
}
