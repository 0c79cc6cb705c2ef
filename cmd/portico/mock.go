package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/provider/mock"
)

func mockCommand() *cobra.Command {
	var listen, script string
	cmd := &cobra.Command{
		Use:   "mock",
		Short: "Serve the scripted mock provider on a port of its own",
		Long: `Serve the scripted mock provider: OpenAI's chat completions, completions,
embeddings and models, and Anthropic's messages, with replies that depend on the
request alone.

A request is scripted by the header x-portico-mock, by its model name
("mock-gpt:status=503"), or by the rules of --script, in YAML:

  seed: 1
  rules:
    - model: mock-gpt        # a pattern; model and path are optional
      path: /v1/chat/*
      calls: 2-4             # of the matching calls; also "3" and "5-"
      probability: 0.5
      do: status=503, retry-after=1
  limits:
    - {model: mock-*, requests: 60, per: 1m}

The directives are status=503, rate=0.3:429, retry-after=2, latency=200ms,
chunk-delay=20ms, fail-after=3, stall-after=3, error-after=3, cut, hang, html and
reply=TEXT.`,
		Example: `  portico mock --listen 127.0.0.1:9900

  curl http://127.0.0.1:9900/v1/chat/completions -H 'x-portico-mock: latency=200ms' \
    -d '{"model":"mock-gpt","messages":[{"role":"user","content":"Hello"}]}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s *mock.Script
			if script != "" {
				data, err := os.ReadFile(script)
				if err != nil {
					return fmt.Errorf("--script: %w", err)
				}
				if s, err = mock.ParseScript(data); err != nil {
					return fmt.Errorf("--script %s: %w", script, err)
				}
			}
			return serveMock(cmd, listen, mock.New(s))
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:9900", "address to serve on")
	cmd.Flags().StringVar(&script, "script", "", "YAML or JSON file of rules and limits")
	return cmd
}

// serveMock serves h until the command's context ends.
func serveMock(cmd *cobra.Command, listen string, h http.Handler) error {
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "The mock provider is at http://%s/v1 (models mock-gpt, mock-claude, mock-embed)\n", ln.Addr())
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	closed := make(chan error, 1)
	stop := context.AfterFunc(cmd.Context(), func() { closed <- srv.Close() })
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	return <-closed
}
