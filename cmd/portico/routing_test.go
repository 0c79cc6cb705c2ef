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

// TestManualRehearsal runs the rehearsal that the manual shows, on the config it
// shows.
func TestManualRehearsal(t *testing.T) {
	page, err := os.ReadFile("../../docs/configs.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(start string) string {
		_, rest, _ := strings.Cut(string(page), start)
		text, _, found := strings.Cut(rest, "```")
		if !found {
			t.Fatalf("the manual has no block after %q", start)
		}
		return text
	}
	command := block("```sh\nportico rehearse routing.json")
	args := strings.Fields(strings.NewReplacer("\\", "", "'", "").Replace(command))
	config := block("a third takes over:\n\n```json\n")
	got := runRouting(append([]string{"rehearse", config}, args...), "")
	if diff := cmp.Diff(block("```text\nTARGET"), strings.TrimPrefix(got, "TARGET")); diff != "" {
		t.Errorf("(-manual +got)\n%s", diff)
	}
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
