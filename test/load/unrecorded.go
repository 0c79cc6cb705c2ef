package main

import (
	"context"
	"log/slog"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/app"
)

// serveUnrecorded is Portico without its ledger: what recording costs is the
// difference to it.
func serveUnrecorded(addr, upstream, data string) error {
	cfg := app.Default()
	cfg.Listen, cfg.MetricsListen, cfg.Data, cfg.Unrecorded = addr, "", data, true
	cfg.ProviderBases["openai"] = "http://" + upstream + "/v1"
	cfg.BootstrapWorkspaceKey = ai.NewSecret(workspaceKey)
	ctx := context.Background()
	a, err := app.New(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return a.Run(ctx)
}
