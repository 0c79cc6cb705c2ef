package app

import (
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/api/logs"
	"github.com/portico-ai/portico/internal/ledger"
)

// logRoutes are the control plane's routes over the ledger.
func (a *App) logRoutes() []admin.Route {
	return logs.New(logs.Deps{
		Logs: a.logs, Journal: a.journal, Bodies: a.bodies, Service: a.service, Formats: a.formats, CatchUp: a.follower.CatchUp,
		Logging: a.directory.Logging,
		Price:   func(e *ledger.Entry) bool { return priceEntry(a.prices, e) }, MaxBody: a.cfg.MaxBody,
	}).Routes()
}
