package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/route"
)

const maxRehearsals = 1_000_000

func rehearseCommand() *cobra.Command {
	var r rehearsal
	cmd := &cobra.Command{
		Use:   "rehearse CONFIG",
		Short: "Play a routing config against scripted answers",
		Long: `Play a routing config against scripted answers and show what would have served.
Nothing is sent anywhere and nothing is waited for.

CONFIG is a JSON file, - for standard input, or the JSON itself. Targets answer
200 unless --outcome or --script say otherwise: PATH=STATUS,STATUS,… where the
last status repeats. A status may carry remarks: "429;2s" (a Retry-After),
"503;no-response", "400;fatal" (the config is wrong), "502;committed" (bytes have
reached the client). A script holds one "PATH: STATUS,…" a line.

The exit code is 0 if some request was served, 1 if none was, 2 if the config or
the script is invalid.`,
		Example: `  portico rehearse routing.json
  portico rehearse routing.json --outcome 'config.targets[0]=503,503,200'
  portico rehearse routing.json --requests 1000 --metadata tier=paid
  portico rehearse '{"retry": {"attempts": 2}}' --outcome 'config=429;2s,200'`,
		Args:         cobra.ExactArgs(1),
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.run(cmd.InOrStdin(), cmd.OutOrStdout(), args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&r.scriptFile, "script", "", "file of scripted answers")
	flags.StringArrayVar(&r.outcomes, "outcome", nil, "answers of one target, `PATH=STATUS,STATUS,…`; may be repeated")
	flags.IntVar(&r.requests, "requests", 1, "how many requests to play; each starts the script anew")
	flags.Uint64Var(&r.seed, "seed", 1, "seed of the draws between weighted targets")
	flags.StringArrayVar(&r.metadata, "metadata", nil, "metadata of the request, `KEY=VALUE`; may be repeated")
	flags.StringVar(&r.params, "params", "", "`JSON` body of the request, for conditions")
	flags.StringVar(&r.path, "path", "/v1/chat/completions", "path of the request, for conditions")
	return cmd
}

// A rehearsal is one run of the command and its tallies.
type rehearsal struct {
	scriptFile, params, path string
	outcomes, metadata       []string
	requests                 int
	seed                     uint64

	cfg       *route.Config
	targets   map[string]*tally // by path
	decisions map[route.Decision]int
	order     []route.Decision // as first met
	served    int
	refused   int   // walks that a condition led astray
	refusal   error // why, of the last of them
}

// A tally is what one target did over all requests.
type tally struct {
	requests, attempts, served int
	waited                     time.Duration
	statuses                   map[int]int
}

func (r *rehearsal) run(stdin io.Reader, out io.Writer, config string) error {
	cfg, err := loadConfig(stdin, config, route.Options{})
	if err != nil {
		return err
	}
	r.cfg, r.targets, r.decisions = cfg, map[string]*tally{}, map[route.Decision]int{}
	script, err := r.script()
	if err != nil {
		return &exitError{exitInvalid, err}
	}
	attrs, err := r.attrs()
	if err != nil {
		return &exitError{exitInvalid, err}
	}
	rnd := rand.New(rand.NewPCG(r.seed, 0))
	var walk route.Rehearsal
	for range r.requests {
		walk, err = script.Rehearse(cfg, attrs, rnd)
		r.count(walk, err)
	}
	r.printTree(out)
	if r.requests == 1 {
		printTrace(out, walk)
	} else {
		r.printDecisions(out)
	}
	return r.verdict(out, walk)
}

func (r *rehearsal) script() (route.Script, error) {
	if r.requests < 1 || r.requests > maxRehearsals {
		return nil, fmt.Errorf("--requests must be from 1 to %d, got %d", maxRehearsals, r.requests)
	}
	script := route.Script{}
	if r.scriptFile != "" {
		text, err := os.ReadFile(r.scriptFile)
		if err != nil {
			return nil, fmt.Errorf("--script: %w", err)
		}
		if script, err = route.ParseScript(string(text)); err != nil {
			return nil, fmt.Errorf("--script %s: %w", r.scriptFile, err)
		}
	}
	for _, line := range r.outcomes {
		if err := script.Add(line); err != nil {
			return nil, fmt.Errorf("--outcome: %w", err)
		}
	}
	if unknown := script.Unknown(r.cfg); unknown != nil {
		var paths []string
		for t := range r.cfg.Leaves() {
			paths = append(paths, t.Path)
		}
		return nil, fmt.Errorf("the script answers for %s, which the config does not call; it calls %s",
			strings.Join(unknown, ", "), strings.Join(paths, ", "))
	}
	return script, nil
}

func (r *rehearsal) attrs() (route.Attrs, error) {
	attrs := route.Attrs{Metadata: map[string]string{}, Path: r.path}
	for _, pair := range r.metadata {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return attrs, fmt.Errorf("--metadata must be KEY=VALUE, got %q", pair)
		}
		attrs.Metadata[key] = value
	}
	if r.params != "" {
		if !json.Valid([]byte(r.params)) {
			return attrs, fmt.Errorf("--params must be JSON, got %q", r.params)
		}
		attrs.Params = []byte(r.params)
	}
	return attrs, nil
}

// count adds one walk to the tallies.
func (r *rehearsal) count(walk route.Rehearsal, err error) {
	if err != nil {
		r.refused, r.refusal = r.refused+1, err
	}
	for _, call := range walk.Calls {
		t := r.targets[call.Step.Path]
		if t == nil {
			t = &tally{statuses: map[int]int{}}
			r.targets[call.Step.Path] = t
		}
		if call.Step.Attempt == 0 {
			t.requests++
		}
		t.attempts++
		t.waited += call.Step.Wait
		t.statuses[call.Outcome.Status]++
		r.decide(call.Before)
	}
	r.decide(walk.After)
	if err == nil && walk.Last().Outcome.OK() {
		r.targets[walk.Last().Step.Path].served++
		r.served++
	}
}

func (r *rehearsal) decide(decisions []route.Decision) {
	for _, d := range decisions {
		if r.decisions[d] == 0 {
			r.order = append(r.order, d)
		}
		r.decisions[d]++
	}
}

func (r *rehearsal) printTree(out io.Writer) {
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TARGET\tCALLS\tREQUESTS\tSERVED\tATTEMPTS\tWAITED\tSTATUSES")
	r.printNode(w, r.cfg.Root, "config", "")
	_ = w.Flush() // a buffer takes everything
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(out, strings.TrimRight(line, " \n"))
	}
}

// printNode prints t as label, and what is below it behind indent.
func (r *rehearsal) printNode(w io.Writer, t *route.Target, label, indent string) {
	if t.IsLeaf() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", label, whom(t), r.targets[t.Path].row(r.requests))
		return
	}
	fmt.Fprintf(w, "%s\t%s\t\t\t\t\t\n", label, t.Strategy.Mode())
	for i, child := range t.Targets {
		branch, rest := "├─ ", "│  "
		if i == len(t.Targets)-1 {
			branch, rest = "└─ ", "   "
		}
		r.printNode(w, child, fmt.Sprintf("%s%stargets[%d]", indent, branch, i), indent+rest)
	}
}

// row shows the requests that reached the target, those it answered for good,
// its calls, the mean wait of a request on it, and what it said.
func (t *tally) row(requests int) string {
	if t == nil {
		return "0\t0 (0%)\t0\t0s\t-"
	}
	codes := make([]int, 0, len(t.statuses))
	for code := range t.statuses {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	statuses := make([]string, len(codes))
	for i, code := range codes {
		statuses[i] = fmt.Sprintf("%d×%d", t.statuses[code], code)
	}
	share := 100 * float64(t.served) / float64(requests)
	wait := t.waited / time.Duration(t.requests)
	return fmt.Sprintf("%d\t%d (%.3g%%)\t%d\t%s\t%s",
		t.requests, t.served, share, t.attempts, wait.Round(time.Millisecond), strings.Join(statuses, ", "))
}

// whom says who a leaf calls, as the config names it.
func whom(t *route.Target) string {
	name := "the request's provider"
	switch {
	case t.PromptID != "":
		name = "prompt " + t.PromptID
	case t.VirtualKey != "":
		name = "@" + t.VirtualKey
	case t.Provider != "":
		name = t.Provider
	}
	for _, p := range t.OverrideParams {
		if p.Name == "model" {
			name += " " + strings.Trim(string(p.Value), `"`)
		}
	}
	if t.Name != "" {
		name = t.Name + ": " + name
	}
	return name
}

func (r *rehearsal) printDecisions(out io.Writer) {
	if len(r.order) > 0 {
		fmt.Fprintln(out)
	}
	for _, d := range r.order {
		fmt.Fprintf(out, "%6d× %s\n", r.decisions[d], decision(d))
	}
}

func decision(d route.Decision) string {
	return fmt.Sprintf("%s: %s → targets[%d]: %s", d.Path, d.Mode, d.Chosen, d.Reason)
}

func printTrace(out io.Writer, walk route.Rehearsal) {
	if len(walk.Calls) > 0 {
		fmt.Fprintln(out)
	}
	for i, call := range walk.Calls {
		for _, d := range call.Before {
			fmt.Fprintln(out, "   ", decision(d))
		}
		step := call.Step
		retry := ""
		if step.Attempt > 0 {
			retry = fmt.Sprintf(", retry %d after %s", step.Attempt, step.Wait)
		}
		fmt.Fprintf(out, "%2d. %s (%s)%s: %d\n", i+1, step.Path, whom(step.Target), retry, call.Outcome.Status)
	}
	for _, d := range walk.After {
		fmt.Fprintln(out, "   ", decision(d))
	}
}

// verdict prints how it ended, and returns an error if nothing was served.
func (r *rehearsal) verdict(out io.Writer, walk route.Rehearsal) error {
	if r.requests == 1 && len(walk.Calls) > 0 {
		p := walk.Plan
		fmt.Fprintf(out, "\nx-portkey-last-used-option-index: %s\nx-portkey-retry-attempt-count: %d\nmode: %s, fell back: %t\n",
			walk.Last().Step.Path, p.Retries(), p.Mode(), p.FellBack())
	}
	fmt.Fprintf(out, "\nserved %d of %d\n", r.served, r.requests)
	if r.refused > 0 {
		fmt.Fprintf(out, "refused %d: %v\n", r.refused, r.refusal)
	}
	if r.served == 0 {
		return &exitError{exitNotServed, errors.New("nothing was served")}
	}
	return nil
}
