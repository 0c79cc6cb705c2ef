package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/app"
)

func reconcileCommand() *cobra.Command {
	var o app.ReconcileOptions
	v := app.Invoice{}
	var since, until, tolerance string
	asJSON := false
	cmd := &cobra.Command{
		Use: "reconcile", Short: "Compare the journal with the log, the metrics and a provider's invoice", Args: cobra.NoArgs,
		Long: "Compares the journal, which is the truth, with what depends on it, and changes nothing:\n" +
			"- the log store, request by request, unless the server is running, which has it to itself;\n" +
			"- with --metrics, the counters of the running server, to the nano-dollar;\n" +
			"- with --invoice, a CSV file of what a provider bills, by day (UTC) and model.\n" +
			"Ends with status 1 if anything differs.",
		Example: "  portico reconcile --data /var/lib/portico\n" +
			"  portico reconcile --data /var/lib/portico --metrics http://127.0.0.1:9464/metrics\n" +
			"  portico reconcile --data /var/lib/portico --invoice november.csv --provider openai \\\n" +
			"    --columns 'model=Model,date=Day,input=Input tokens+Cached tokens,output=Output tokens,cost=Amount (USD)' --tolerance 0.5%",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if v.File != "" {
				if err := completeInvoice(&v, since, until, tolerance); err != nil {
					return err
				}
				o.Invoice = &v
			}
			return onFolder(cmd, func(ctx context.Context, cfg app.Config) error {
				r, err := app.Reconcile(ctx, cfg, o)
				if err != nil {
					return err
				}
				if err := printReconciliation(cmd.OutOrStdout(), r, asJSON); err != nil {
					return err
				}
				if !r.Agree {
					return errors.New("not everything agrees with the journal")
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.MetricsURL, "metrics", "", "URL of the running server's metrics, such as http://127.0.0.1:9464/metrics")
	f.StringVar(&v.File, "invoice", "", "CSV file of what a provider bills")
	f.StringVar(&v.Provider, "provider", "", "id of the provider that the invoice is from")
	f.StringToStringVar(&v.Columns, "columns", nil, "the invoice's columns for model, date, input, output and cost (default: model, date, input_tokens, output_tokens, cost); a+b adds two up")
	f.StringVar(&tolerance, "tolerance", "0%", "part by which sums of the invoice may differ")
	f.StringVar(&since, "since", "", "for an invoice without dates: only requests from this date or time on (UTC)")
	f.StringVar(&until, "until", "", "for an invoice without dates: only requests before this date or time (UTC)")
	f.IntVar(&o.Show, "show", 20, "how many differences of each kind to list")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	folderFlags(cmd)
	return cmd
}

func completeInvoice(v *app.Invoice, since, until, tolerance string) (err error) {
	if v.Provider == "" {
		return errors.New("--invoice needs --provider: the id of the provider it is from, as portico providers lists them")
	}
	percent, ok := strings.CutSuffix(tolerance, "%")
	if v.Tolerance, err = strconv.ParseFloat(percent, 64); err != nil || !ok || v.Tolerance < 0 || v.Tolerance > 100 {
		return fmt.Errorf("--tolerance must be a percentage such as 0.5%%, got %q", tolerance)
	}
	v.Tolerance /= 100
	if v.From, err = parseTime("--since", since); err != nil {
		return err
	}
	v.To, err = parseTime("--until", until)
	return err
}

func printReconciliation(w io.Writer, r app.Reconciliation, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	if r.Damaged > 0 {
		fmt.Fprintf(w, "DIFFERS  journal: damaged in %d places, whose requests are lost; portico doctor says more\n", r.Damaged)
	}
	printLogStore(w, r.LogStore)
	if r.Metrics != nil {
		printMetrics(w, r.Metrics)
	}
	if r.Invoice != nil {
		return printInvoice(w, r.Invoice)
	}
	return nil
}

func verdict(agrees bool) string {
	if agrees {
		return "agrees "
	}
	return "DIFFERS"
}

func printLogStore(w io.Writer, l *app.LogStoreAgreement) {
	if l.Skipped != "" {
		fmt.Fprintf(w, "skipped  log store: %s\n", l.Skipped)
		return
	}
	fmt.Fprintf(w, "%s  log store: %d rows for %d entries; %d missing, %d extra, %d duplicate, %d different\n",
		verdict(l.Missing+l.Extra+l.Duplicates+l.Different == 0), l.Rows, l.Entries, l.Missing, l.Extra, l.Duplicates, l.Different)
	for _, part := range []struct {
		n    int64
		text string
	}{
		{l.Waiting, "entries wait in the journal; the server reads them when it runs"},
		{l.Older, "rows are older than the journal, whose segments were dropped"},
		{l.Repriced, "rows have a cost that portico reprice found later"},
	} {
		if part.n > 0 {
			fmt.Fprintf(w, "         %d %s\n", part.n, part.text)
		}
	}
	if len(l.Differences) == 0 {
		return
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "         request\twhat\tjournal\tlog store")
	for _, d := range l.Differences {
		fmt.Fprintf(table, "         %s\t%s\t%s\t%s\n", d.ID, d.What, dash(d.Journal), dash(d.Store))
	}
	_ = table.Flush() // to the same writer
}

func printMetrics(w io.Writer, m *app.MetricsAgreement) {
	note := ""
	if m.Moving {
		note = "; requests ended meanwhile, so counters were held against the counts before and after"
	}
	fmt.Fprintf(w, "%s  metrics: %d counters for %d entries since the server's start%s\n", verdict(len(m.Differences) == 0), m.Series, m.Entries, note)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, d := range m.Differences {
		journal := strconv.FormatInt(d.From, 10)
		if d.To != d.From {
			journal += " to " + strconv.FormatInt(d.To, 10)
		}
		fmt.Fprintf(table, "         %s\tjournal %s\tcounter %d\n", d.Series, journal, d.Counter)
	}
	_ = table.Flush() // to the same writer
}

func printInvoice(w io.Writer, v *app.InvoiceAgreement) error {
	fmt.Fprintf(w, "%s  invoice of %s: %d of %d lines differ by more than %g%% in %s\n",
		verdict(v.Differing == 0), v.Provider, v.Differing, len(v.Lines), 100*v.Tolerance, strings.Join(v.Compared, ", "))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "day\tmodel\trequests\tinput\tbilled\toutput\tbilled\tcost $\tbilled $\tdrift\t\t")
	for _, l := range v.Lines {
		note := strings.Join(l.Differs, ", ")
		if l.Unpriced > 0 {
			note = strings.TrimPrefix(fmt.Sprintf("%s; %d without a price", note, l.Unpriced), "; ")
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t\n", dash(l.Day), l.Model, l.Requests,
			l.Input[0], l.Input[1], l.Output[0], l.Output[1], dollars(l.Cost[0]), dollars(l.Cost[1]), drift(l.Cost), note)
	}
	return table.Flush()
}

func dollars(nano int64) string { return strconv.FormatFloat(float64(nano)/1e9, 'f', 6, 64) }

// drift is how much more than recorded was billed.
func drift(cost [2]int64) string {
	if cost[0] == 0 {
		return "–"
	}
	return fmt.Sprintf("%+.2f%%", 100*float64(cost[1]-cost[0])/float64(cost[0]))
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
