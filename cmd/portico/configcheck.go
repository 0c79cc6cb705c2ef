package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/route"
)

// Exit codes of the commands that judge a config.
const (
	exitNotServed = 1
	exitInvalid   = 2
)

// An exitError ends the program with a code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// ExitCode is the status the program should end with.
func (e *exitError) ExitCode() int { return e.code }

func configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Work with routing configs",
	}
	cmd.AddCommand(configCheckCommand())
	return cmd
}

func configCheckCommand() *cobra.Command {
	var opt route.Options
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Check a routing config and list every fault",
		Long: `Check a routing config and list every fault and every remark.

FILE is a JSON file, - for standard input, or the JSON itself. The exit code is 0
for a valid config, remarks or not, and 2 for an invalid one.`,
		Example: `  portico config check routing.json
  portico config check '{"retry": {"attempts": 3}}'
  portico config check --for-save - < routing.json`,
		Args:         cobra.ExactArgs(1),
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := loadConfig(cmd.InOrStdin(), args[0], opt)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			for _, warning := range cfg.Warnings() {
				fmt.Fprintln(out, "warning:", warning)
			}
			fmt.Fprintln(out, describeConfig(cfg))
			return nil
		},
	}
	cmd.Flags().BoolVar(&opt.ForSave, "for-save", false, "also ask for what only a saved config must have")
	return cmd
}

// loadConfig reads and parses a config given as file, "-" or JSON. Its errors
// exit with exitInvalid and list every problem.
func loadConfig(stdin io.Reader, arg string, opt route.Options) (*route.Config, error) {
	raw, err := readConfig(stdin, arg)
	if err != nil {
		return nil, &exitError{exitInvalid, err}
	}
	cfg, err := route.Parse(raw, opt)
	if err != nil {
		return nil, &exitError{exitInvalid, invalidConfig(ai.AsError(err))}
	}
	return cfg, nil
}

func readConfig(stdin io.Reader, arg string) ([]byte, error) {
	if strings.HasPrefix(strings.TrimSpace(arg), "{") {
		return []byte(arg), nil
	}
	if arg != "-" {
		raw, err := os.ReadFile(arg)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s: no such file; give a JSON file, - for standard input, or the JSON itself", arg)
		}
		return raw, err
	}
	// One byte more than allowed lets the parser say what is wrong.
	return io.ReadAll(io.LimitReader(stdin, route.MaxSize+1))
}

func invalidConfig(e *ai.Error) error {
	if len(e.Problems) == 1 {
		return fmt.Errorf("invalid config: %s", e.Problems[0])
	}
	return fmt.Errorf("invalid config, %d problems:\n  %s", len(e.Problems), strings.Join(e.Problems, "\n  "))
}

func describeConfig(cfg *route.Config) string {
	leaves := 0
	for range cfg.Leaves() {
		leaves++
	}
	text := "valid: one target"
	if !cfg.Root.IsLeaf() {
		text = fmt.Sprintf("valid: %s, targets to call: %d", cfg.Root.Strategy.Mode(), leaves)
	}
	if cfg.NeedsProvider() {
		text += "; the request has to name a provider"
	}
	return text
}
