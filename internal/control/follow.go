package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Follow loads the directory again, within the interval, when another process
// has changed the store: a second node, or a command beside the server. It
// returns when ctx ends. While the store cannot be read, the directory keeps
// what it knows.
func (s *Service) Follow(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := s.catchUp(ctx)
		if failed := err != nil && ctx.Err() == nil; failed != failing {
			failing = failed
			s.log.WarnContext(ctx, "following the control plane's database", "failing", failing, "error", err)
		}
	}
}

func (s *Service) catchUp(ctx context.Context) error {
	count, err := readCount(ctx, s.store)
	if err != nil {
		return err
	}
	s.mu.Lock()
	current := count == s.seen
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
	return before, tx.PutSetting(ctx, settingCount, strconv.FormatInt(before+1, 10))
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
