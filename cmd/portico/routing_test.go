package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

var updateRouting = flag.Bool("update-routing", false, "rewrite testdata/routing/session.txt")

// TestRoutingSession replays testdata/routing/session.txt: lines that start with
// "$ " are commands, the lines below what they print and how they end.
func TestRoutingSession(t *testing.T) {
	const file = "testdata/routing/session.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, part := range strings.Split("\n"+string(text), "\n$ ")[1:] {
		command, want, _ := strings.Cut(part, "\n")
		got := runRouting(strings.Fields(command), "")
		fmt.Fprintf(&all, "$ %s\n%s\n", command, got)
		if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(got)); diff != "" && !*updateRouting {
			t.Errorf("%s (-want +got)\n%s", command, diff)
		}
	}
	if *updateRouting {
		if err := os.WriteFile(file, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// runRouting returns what a command prints, and how it ends unless well.
func runRouting(args []string, stdin string) string {
	root := &cobra.Command{Use: "portico", SilenceErrors: true}
	root.AddCommand(rehearseCommand(), configCommand())
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetIn(strings.NewReader(stdin))
	root.SetArgs(args)
	if err := root.Execute(); err != nil {
		code := 1
		if e, ok := errors.AsType[*exitError](err); ok {
			code = e.ExitCode()
		}
		fmt.Fprintf(&out, "exit %d: %v\n", code, err)
	}
	return out.String()
}

func TestConfigFromStandardInput(t *testing.T) {
	got := runRouting([]string{"config", "check", "-"}, `{"cache":{"mode":"simple"}}`)
	if want := "valid: one target; the request has to name a provider\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = runRouting([]string{"config", "check", "-"}, strings.Repeat(" ", 2<<20))
	if !strings.HasPrefix(got, "exit 2: invalid config: config: must be at most") {
		t.Errorf("got %q", got)
	}
}

func TestRoutingHelpHasExamples(t *testing.T) {
	for _, args := range [][]string{{"rehearse", "--help"}, {"config", "check", "--help"}} {
		if got := runRouting(args, ""); !strings.Contains(got, "Examples:\n  portico "+args[0]) {
			t.Errorf("%v: no example in\n%s", args, got)
		}
	}
}
