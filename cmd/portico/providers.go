package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/sign"
)

func providersCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "providers [ID]", Short: "List the providers and what each offers, or tell all about one",
		Example: "  portico providers\n  portico providers groq\n  portico providers --json | jq -r '.[].id'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			registry, err := all.New(sign.Clients{})
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return showProvider(cmd.OutOrStdout(), registry, args[0], asJSON)
			}
			return listProviders(cmd.OutOrStdout(), registry, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func showProvider(out io.Writer, registry *provider.Registry, id string, asJSON bool) error {
	p, ok := registry.Get(id)
	if !ok {
		if near := registry.Nearest(id); near != "" {
			return fmt.Errorf("there is no provider %q; did you mean %s?", id, near)
		}
		return fmt.Errorf("there is no provider %q; portico providers lists them", id)
	}
	d := p.Describe()
	if asJSON {
		return writeJSON(out, d)
	}
	_, err := io.WriteString(out, d.Page())
	return err
}

func listProviders(out io.Writer, registry *provider.Registry, asJSON bool) error {
	list := make([]provider.Description, 0, len(registry.IDs()))
	for _, id := range registry.IDs() {
		p, _ := registry.Get(id)
		list = append(list, p.Describe())
	}
	if asJSON {
		return writeJSON(out, list)
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tBASE URL\tOPERATIONS")
	for _, d := range list {
		var ops []string
		for _, o := range d.Operations {
			ops = append(ops, string(o.Name))
		}
		base := d.BaseURL
		if base == "" {
			base = "(custom_host)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.ID, d.Name, base, strings.Join(ops, " "))
	}
	return w.Flush()
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
