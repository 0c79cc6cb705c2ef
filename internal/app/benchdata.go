package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/store/sample"
)

// benchDays is how far back the rows of FillBench go.
const benchDays = 90

// FillBench puts made-up rows straight into the log store of a data folder, over
// the 90 days before now, and tells progress how many are there. The server must
// be stopped, and the log store empty: rows that are not in the journal must not
// be mixed with those that are.
func FillBench(ctx context.Context, cfg Config, rows int, now time.Time, log *slog.Logger, progress func(done int)) (err error) {
	if rows < 1 {
		return fmt.Errorf("--rows: must be 1 or more, not %d", rows)
	}
	service, database, err := OpenControl(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	lock, err := lockFolder(cfg.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	a := &App{cfg: cfg, log: log}
	if a.prices, err = loadPrices(cfg.Prices, log); err != nil {
		return err
	}
	root := service.Root()
	workspaces, _, err := service.Workspaces(ctx, root, control.WorkspaceFilter{}, control.Page{Size: 10})
	if err != nil {
		return err
	}
	o := sample.Options{Rows: rows, From: now.AddDate(0, 0, -benchDays), To: now, OrgID: root.OrgID, Prices: a.prices.Catalogue()}
	for _, w := range workspaces {
		o.Workspaces = append(o.Workspaces, w.ID)
		if w.IsDefault {
			n := len(o.Workspaces) - 1
			o.Workspaces[0], o.Workspaces[n] = o.Workspaces[n], o.Workspaces[0]
		}
	}
	logs, err := a.openLogStore(ctx)
	if err != nil {
		return fmt.Errorf("open the log store: %w", err)
	}
	defer func() { err = errors.Join(err, logs.Close()) }()
	empty, err := logs.Empty(ctx)
	if err != nil {
		return err
	}
	if !empty {
		return errors.New("the log store has rows: bench-data fills an empty one only")
	}
	return fill(ctx, logs, sample.New(o), progress)
}

// fill stores all of the generator's entries, which are made beside it, at the
// store's own position: so the journal is read from where it was.
func fill(ctx context.Context, logs ledger.Reader, g *sample.Generator, progress func(done int)) error {
	at, err := logs.Position(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan []*ledger.Entry, 2)
	go func() {
		defer close(batches)
		for ctx.Err() == nil {
			batch := nextBatch(g, 8192)
			if len(batch) == 0 {
				return
			}
			select {
			case batches <- batch:
			case <-ctx.Done():
			}
		}
	}()
	done := 0
	for batch := range batches {
		if err := logs.Apply(ctx, batch, at); err != nil {
			return err
		}
		done += len(batch)
		progress(done)
	}
	return ctx.Err()
}

func nextBatch(g *sample.Generator, size int) []*ledger.Entry {
	batch := make([]*ledger.Entry, 0, size)
	for len(batch) < size {
		e, more := g.Next()
		if !more {
			break
		}
		batch = append(batch, &e)
	}
	return batch
}
