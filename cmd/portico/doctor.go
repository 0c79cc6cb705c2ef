package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/app"
)

func doctorCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "doctor", Short: "Examine a data folder and its settings, and change nothing", Args: cobra.NoArgs,
		Long: "Reads the whole data folder and says what is wrong with it: access of other users, the lock, free disk\n" +
			"space, the master key, the database, every record of the journal, a sample of the bodies, the log store, and\n" +
			"the settings for outbound connections. It changes nothing, and connects to nothing but --database-url\n" +
			"and --blobs-url. A server may go on working on the folder; the log store is then left out. Ends with status 1 if a\n" +
			"check failed.",
		Example: "  portico doctor --data /var/lib/portico\n  portico doctor --data /var/lib/portico --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onFolder(cmd, func(ctx context.Context, cfg app.Config) error {
				d := app.Doctor(ctx, cfg)
				if err := printDiagnosis(cmd.OutOrStdout(), d, asJSON); err != nil {
					return err
				}
				if !d.Healthy {
					return errors.New("not everything is well")
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: {healthy, findings: [{check, status, detail}]}")
	folderFlags(cmd)
	return cmd
}

func printDiagnosis(w io.Writer, d app.Diagnosis, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(d)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range d.Findings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Status, f.Check, f.Detail)
	}
	return table.Flush()
}
