package app

import (
	"context"
	"errors"
	"time"
)

const (
	retainEvery = time.Hour

	largestSegment  = 64 << 20 // bytes
	smallestSegment = 1 << 20
)

// segmentSize lets a bound on the size of a folder be kept to about an eighth.
func segmentSize(bound int64) int64 {
	if bound <= 0 {
		return largestSegment
	}
	return min(max(bound/8, smallestSegment), largestSegment)
}

// retain drops what is older or larger than the settings want it, at the start
// and every hour, until ctx ends.
func (a *App) retain(ctx context.Context) {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	start := time.Now()
	for {
		// Time since the start, and not the clock's: one that steps a year ahead
		// must not drop a year's requests.
		if err := a.retainOnce(ctx, start.Add(time.Since(start))); err != nil && ctx.Err() == nil {
			a.log.Error("old data not dropped; trying again in an hour", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (a *App) retainOnce(ctx context.Context, now time.Time) error {
	logsBefore, bodiesBefore := a.cfg.cutoffs(now)
	bodies, err := a.bodies.Drop(bodiesBefore, a.cfg.BodiesMax)
	journal, journalErr := a.journal.Drop(logsBefore, a.cfg.JournalMax)
	remote, remoteErr := a.bodies.DropRemote(ctx, bodiesBefore)
	err = errors.Join(err, journalErr, remoteErr)
	var rows int64
	if !logsBefore.IsZero() {
		var rowsErr error
		rows, rowsErr = a.logs.Drop(ctx, logsBefore)
		err = errors.Join(err, rowsErr)
	}
	if bodies.Segments+remote.Segments+journal.Segments > 0 || rows > 0 {
		a.log.Info("old data dropped", "log_rows", rows, "journal_segments", journal.Segments, "journal_bytes", journal.Bytes,
			"body_segments", bodies.Segments, "body_bytes", bodies.Bytes, "stored_segments", remote.Segments, "stored_bytes", remote.Bytes)
	}
	return err
}

// cutoffs are the times before which requests and bodies are dropped; zero ones
// drop nothing.
func (c Config) cutoffs(now time.Time) (logs, bodies time.Time) {
	if c.LogRetention > 0 {
		logs = now.Add(-c.LogRetention)
	}
	if c.BodyRetention > 0 {
		bodies = now.Add(-c.BodyRetention)
	}
	if bodies.Before(logs) { // a zero time too
		bodies = logs
	}
	return logs, bodies
}
