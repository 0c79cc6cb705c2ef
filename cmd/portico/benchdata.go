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

func benchDataCommand() *cobra.Command {
	var rows int
	cmd := &cobra.Command{
		Use: "bench-data", Short: "Fill a log store with made-up requests, to measure and to try the console", Args: cobra.NoArgs,
		Long: "Puts made-up requests of 90 days straight into the log store of a data folder, in its workspaces, with the\n" +
			"models, errors, latencies, tokens, costs, users and metadata of a busy organisation. Start a server on the\n" +
			"folder once, which makes it, and stop it first; the log store must be empty. The rows are not in the journal:\n" +
			"a log store that is built again from it does not have them. For folders that are thrown away afterwards.",
		Example: "  portico bench-data --rows 10000000 --data /tmp/portico-bench",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onFolder(cmd, func(ctx context.Context, cfg app.Config) error {
				began := time.Now()
				err := app.FillBench(ctx, cfg, rows, began, slog.New(slog.NewTextHandler(os.Stderr, nil)), func(done int) {
					if done == rows || done%(8192*64) == 0 {
						fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d rows, %s\n", done, rows, time.Since(began).Round(time.Second))
					}
				})
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d rows stored in %s\n", rows, time.Since(began).Round(time.Second))
				return nil
			})
		},
	}
	cmd.Flags().IntVar(&rows, "rows", 1_000_000, "how many requests")
	folderFlags(cmd)
	return cmd
}
