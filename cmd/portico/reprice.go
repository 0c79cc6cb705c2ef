package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/app"
)

func repriceCommand() *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use: "reprice", Short: "Work out the cost of past requests that had no price", Args: cobra.NoArgs,
		Long: "Gives the requests in the log store a cost whose tokens are known and whose model had no price when they came,\n" +
			"with the prices of this program and of the setting prices. Known costs are left alone, so it may be run again.\n" +
			"Stop the server first.",
		Example: "  portico reprice --data /var/lib/portico --since 2026-11-01",
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, err := parseTime("--since", since)
			if err != nil {
				return err
			}
			return onFolder(cmd, func(ctx context.Context, cfg app.Config) error {
				r, err := app.Reprice(ctx, cfg, from, slog.New(slog.NewTextHandler(os.Stderr, nil)))
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d of %d requests without a cost have one now; prices %s\n", r.Priced, r.Unpriced, r.Version)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "only requests from this date or time on (UTC): 2026-11-01 or 2026-11-01T08:00:00Z")
	folderFlags(cmd)
	return cmd
}

// parseTime reads a date or a time; "" is the zero time.
func parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: %q is neither a date such as 2026-11-01 nor a time such as 2026-11-01T08:00:00Z", flag, text)
}
