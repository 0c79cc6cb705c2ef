package app

import (
	"github.com/portico-ai/portico/internal/api/logs"
	"github.com/portico-ai/portico/internal/ledger"
)

// logAPI serves the control plane's routes over the ledger.
func (a *App) logAPI() *logs.API {
	return logs.New(logs.Deps{
		Logs: a.logs, Journal: a.journal, Bodies: a.bodies, Service: a.service, Formats: a.formats, CatchUp: a.follower.CatchUp,
		Logging: a.directory.Logging, Exports: a.exports, MaxBody: a.cfg.MaxBody,
		Price: func(e *ledger.Entry) bool { return priceEntry(a.prices, e) },
	})
}
