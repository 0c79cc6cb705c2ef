package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/provider/all"
)

func providersCommand() *cobra.Command {
	return &cobra.Command{
		Use: "providers", Short: "List the providers and what each offers", Example: "  portico providers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			registry, err := all.New(nil)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tNAME\tBASE URL\tOPERATIONS")
			for _, id := range registry.IDs() {
				p, _ := registry.Get(id)
				var ops []string
				for _, op := range slices.Sorted(maps.Keys(p.Ops)) {
					ops = append(ops, string(op))
				}
				base := p.Base
				if base == "" {
					base = "(custom_host)"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.ID, p.Name, base, strings.Join(ops, " "))
			}
			return w.Flush()
		},
	}
}
