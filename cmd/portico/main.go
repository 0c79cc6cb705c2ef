// Command portico is the AI gateway and its control plane in one binary.
package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set at link time.
var version = "dev"

func main() {
	syscall.Umask(0o077) // whatever is made is for this user alone
	if err := root().Execute(); err != nil {
		code := 1
		if exit, ok := errors.AsType[*exitError](err); ok {
			code = exit.code
		}
		fmt.Fprintln(os.Stderr, "portico:", err)
		os.Exit(code)
	}
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "portico",
		Short:         "An AI gateway and its control plane in one binary",
		Long:          "Portico takes calls in the API that applications already use, routes each to a model\nprovider, accounts for every token and cent, and shows it all in a console.",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Example:       "  portico serve --demo\n  portico rehearse config.json --outcome 'config.targets[0]=503'",
	}
	cmd.SetVersionTemplate("portico {{.Version}}\n")
	cmd.AddCommand(serveCommand(), versionCommand(), keysCommand(), configCommand(), rehearseCommand(), mockCommand(), providersCommand(),
		backupCommand(), restoreCommand(), migrateCommand(), rotateCommand(), repriceCommand(), doctorCommand(), reconcileCommand(),
		benchDataCommand())
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  portico version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "portico", version) },
	}
}
