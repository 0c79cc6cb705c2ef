package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Follow loads the directory again when another process has changed the store: a
// second node, or a command beside the server. It looks when the store's feed
// says so, and once in the interval. It also sees to the snapshot. It returns
// when ctx ends. While the store cannot be read, the directory keeps what it
// knows.
func (s *Service) Follow(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	changes := s.store.Changes(ctx)
	for {
		ticked := false
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			ticked = true
		case <-changes:
		}
		err := s.catchUp(ctx, ticked)
		if failed := err != nil && ctx.Err() == nil; failed != failing {
			failing = failed
			s.log.WarnContext(ctx, "following the control plane's database", "failing", failing, "error", err)
		}
	}
}

// catchUp loads what others have changed. What was changed here is in the directory
// already, and goes into the snapshot with the next tick: many changes, one
// snapshot.
func (s *Service) catchUp(ctx context.Context, ticked bool) error {
	now := s.now()
	count, err := readCount(ctx, s.store)
	if err != nil {
		return err
	}
	s.mu.Lock()
	current := count == s.seen && (!ticked || s.snapshot == nil || count == s.saved)
	if count == s.seen {
		s.asOf.Store(&now)
	}
	s.mu.Unlock()
	if current {
		return nil
	}
	return s.Load(ctx)
}

// countChange adds one to the count of changes and returns what it was before.
func countChange(ctx context.Context, tx Store) (int64, error) {
	before, err := readCount(ctx, tx)
	if err != nil {
		return 0, err
	}
	if err := tx.PutSetting(ctx, settingCount, strconv.FormatInt(before+1, 10)); err != nil {
		return 0, err
	}
	return before, tx.Announce(ctx)
}

func readCount(ctx context.Context, store Store) (int64, error) {
	text, err := store.Setting(ctx, settingCount)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the count of changes: %w", err)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the count of changes: %w", err)
	}
	return n, nil
}
