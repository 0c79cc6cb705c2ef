package app

import (
	"github.com/portico-ai/portico/internal/api/admin"
	"github.com/portico-ai/portico/internal/api/analytics"
	"github.com/portico-ai/portico/internal/api/logs"
	"github.com/portico-ai/portico/internal/api/otlp"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
)

// analyticsRoutes are the control plane's routes over many entries at once.
func (a *App) analyticsRoutes() []admin.Route {
	return analytics.New(analytics.Deps{Store: a.logs, Service: a.service, CatchUp: a.follower.CatchUp}).Routes()
}

// logAPI serves the control plane's routes over the ledger.
func (a *App) logAPI() *logs.API {
	return logs.New(logs.Deps{
		Logs: a.logs, Journal: a.journal, Bodies: a.bodies, Service: a.service, Formats: a.formats, CatchUp: a.follower.CatchUp,
		Logging: a.directory.Logging, Exports: a.exports, MaxBody: a.cfg.MaxBody,
		Price: func(e *ledger.Entry) { gateway.Charge(a.prices.Catalogue(), e) },
	})
}

// traceAPI takes traces and logs of OpenTelemetry, and hands logs what they tell of.
func (a *App) traceAPI(l *logs.API) *otlp.API {
	return otlp.New(otlp.Deps{
		Record: l.Record, Service: a.service, MaxBody: a.cfg.MaxBody,
		Price: func(e *ledger.Entry) bool { gateway.Charge(a.prices.Catalogue(), e); return e.CostKnown },
		Provider: func(name string) (string, bool) {
			p, ok := a.providers.ByTelemetry(name)
			if !ok {
				return "", false
			}
			return p.ID, true
		},
	})
}
