package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/price"
	"github.com/portico-ai/portico/internal/store/duckdb"
)

// A Repricing says what Reprice did.
type Repricing struct {
	Unpriced int    // requests whose usage was known and whose cost was not
	Priced   int    // those of them that have a cost now
	Version  string // of the prices
}

// Reprice works out, with the prices there are now, what the requests in the log
// store cost whose cost was not known. It leaves known costs alone. The server
// must be stopped. The journal stays as it is, so a log store that is built again
// from it wants repricing again.
func Reprice(ctx context.Context, cfg Config, since time.Time, log *slog.Logger) (r Repricing, err error) {
	a := &App{cfg: cfg, log: log}
	if err := requireFolder(cfg.Data); err != nil {
		return r, err
	}
	lock, err := lockFolder(cfg.Data)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	if err := a.loadPrices(); err != nil {
		return r, fmt.Errorf("load the prices: %w", err)
	}
	// To open a store that is not sound begins a new one; that is for the server.
	switch found, err := duckdb.Inspect(ctx, a.path(logsFile)); {
	case errors.Is(err, fs.ErrNotExist), err == nil && !found.Current:
		return r, errors.New("the log store is not there or of another version: start the server once, which builds it from the journal")
	case err != nil:
		return r, err
	}
	logs, err := duckdb.Open(a.path(logsFile), duckdb.Options{Log: a.log})
	if err != nil {
		return r, fmt.Errorf("open the log store: %w", err)
	}
	defer func() { err = errors.Join(err, logs.Close()) }()
	r.Version = a.prices.Version()
	r.Unpriced, r.Priced, err = logs.Reprice(ctx, since, func(e *ledger.Entry) bool { return priceEntry(a.prices, e) })
	return r, err
}

// priceEntry sets what an entry cost, if that can be told.
func priceEntry(prices *price.Catalogue, e *ledger.Entry) bool {
	models := []string{e.Model}
	if n := len(e.Attempts); n > 0 {
		models = append(models, e.Attempts[n-1].Model) // as it was sent
	}
	for _, model := range models {
		p, ok := prices.Lookup(e.Provider, model)
		if !ok {
			continue
		}
		bill := price.Cost(p, e.Usage, "")
		if bill.Known {
			e.CostNano, e.CostKnown, e.PriceVersion = bill.Nano, true, prices.Version()
		}
		return bill.Known
	}
	return false
}
