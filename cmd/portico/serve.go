package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/app"
	"github.com/portico-ai/portico/internal/provider/all"
	"github.com/portico-ai/portico/internal/sign"
)

func serveCommand() *cobra.Command {
	var file string
	values := map[string]*string{}
	demo := false
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the gateway, the control plane and the console",
		Long: "Runs the server. Settings come from the flags below, else from PORTICO_* variables, else\n" +
			"from the file given with --config, else from the defaults.",
		Example: "  portico serve --data /var/lib/portico\n  PORTICO_EGRESS_ALLOW=127.0.0.1:11434 portico serve\n  portico serve --demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(os.Stderr, nil))
			flags := map[string]string{}
			for name, v := range values {
				if cmd.Flags().Changed(name) {
					flags[name] = *v
				}
			}
			if cmd.Flags().Changed("demo") {
				flags["demo"] = fmt.Sprint(demo)
			}
			cfg, err := loadSettings(file, os.Environ(), flags, log)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), cfg, log)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file with the settings below, as listen, metrics_listen and so on")
	for _, s := range app.Settings() {
		switch {
		case s.NoFlag:
		case s.IsBool:
			cmd.Flags().BoolVar(&demo, s.Flag(), false, s.Help)
		default:
			values[s.Flag()] = cmd.Flags().String(s.Flag(), s.Default, s.Help)
		}
	}
	return cmd
}

// loadSettings layers the settings: defaults < file < environment < flags.
func loadSettings(file string, environ []string, flags map[string]string, log *slog.Logger) (app.Config, error) {
	cfg := app.Default()
	registry, err := all.New(sign.Clients{})
	if err != nil {
		return cfg, err
	}
	if file != "" {
		if err := cfg.File(file, registry.IDs()); err != nil {
			return cfg, err
		}
	}
	warnings, err := cfg.Environment(environ, registry.IDs())
	if err != nil {
		return cfg, err
	}
	for _, w := range warnings {
		log.Warn(w)
	}
	for _, s := range app.Settings() {
		if v, ok := flags[s.Flag()]; ok {
			if err := s.Set(&cfg, v); err != nil {
				return cfg, fmt.Errorf("--%s %w", s.Flag(), err)
			}
		}
	}
	cfg.Version = version
	return cfg, nil
}

// serve runs the server until it is told to stop: the first SIGTERM or SIGINT
// drains, a second one ends it at once.
func serve(ctx context.Context, cfg app.Config, log *slog.Logger) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200) // the live heap is small: collecting it less often costs little memory
	}
	a, err := app.New(ctx, cfg, log)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(stop)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		<-stop
		cancel()
		<-stop
		log.Warn("stopped at once by a second signal")
		os.Exit(1)
	}()
	return a.Run(ctx)
}
