package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
)

// A Repricing says what Reprice did.
type Repricing struct {
	Unpriced int    // requests whose usage was known and whose cost was not
	Priced   int    // those of them that have a cost now
	Version  string // of the prices
}

// Reprice works out, as the gateway does, what the requests in the log store cost
// whose cost was not known, by the prices of their time. It leaves known costs
// alone. Each cost is recorded in the journal, from which the log store takes it,
// now and whenever it is built again. The server must be stopped.
func Reprice(ctx context.Context, cfg Config, since time.Time, log *slog.Logger) (r Repricing, err error) {
	a := &App{cfg: cfg, log: log}
	if err := requireFolder(cfg); err != nil {
		return r, err
	}
	if a.lock, err = lockFolder(cfg.Data); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if a.prices, err = loadPrices(cfg.Prices, log); err != nil {
		return r, err
	}
	// To open a store that is not sound begins a new one; that is for the server.
	if err := a.requireLogs(ctx); err != nil {
		return r, err
	}
	if a.logs, err = a.openLogStore(ctx); err != nil {
		return r, fmt.Errorf("open the log store: %w", err)
	}
	if err := a.openJournal(); err != nil {
		return r, err
	}
	a.follower = ledger.NewFollower(a.journal, a.logs, ledger.FollowOptions{Name: "logs", Quarantine: a.path(quarantine), Log: a.log})
	following, stop := context.WithCancel(ctx)
	followed := make(chan error, 1)
	go func() { followed <- a.follower.Run(following) }()
	defer func() { stop(); <-followed }()
	return a.reprice(ctx, since)
}

func (a *App) reprice(ctx context.Context, since time.Time) (Repricing, error) {
	catalogue := a.prices.Catalogue()
	r := Repricing{Version: catalogue.Version()}
	if err := a.follower.CatchUp(ctx); err != nil {
		return r, err
	}
	err := a.logs.Unpriced(ctx, since, func(e *ledger.Entry) error {
		r.Unpriced++
		priced := *e
		if gateway.Charge(catalogue, &priced); !priced.CostKnown {
			return nil
		}
		r.Priced++
		priced.RepricedAt = time.Now().UTC()
		return a.journal.Reprice(&priced)
	})
	return r, errors.Join(err, a.follower.CatchUp(ctx))
}
