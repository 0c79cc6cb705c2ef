package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/access"
	"github.com/portico-ai/portico/internal/app"
	"github.com/portico-ai/portico/internal/control"
)

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "Make and revoke API keys on a data folder",
		Long: "Makes and revokes API keys directly on a data folder, for an operator who has no admin key at hand.\n" +
			"A server that runs on the folder takes a change up within two seconds.",
		Example: "  portico keys create --data ./portico-data --workspace ws-shared-a1b2c3 --name ci\n  portico keys revoke --data ./portico-data KEY_ID",
	}
	cmd.PersistentFlags().String("data", "", "data folder (default: PORTICO_DATA, else ./portico-data)")
	cmd.AddCommand(keysCreateCommand(), keysRevokeCommand())
	return cmd
}

func keysCreateCommand() *cobra.Command {
	var workspace, name string
	var scopes []string
	cmd := &cobra.Command{
		Use: "create", Short: "Make a service key of a workspace and print it once", Args: cobra.NoArgs,
		Example: "  portico keys create --workspace ws-shared-a1b2c3 --name ci --scopes completions.write,logs.view",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withControl(cmd, func(ctx context.Context, s *control.Service) error {
				in := control.APIKeyInput{Name: &name, Workspace: workspace, CreationMode: "cli"}
				if len(scopes) > 0 {
					wanted := make([]access.Scope, len(scopes))
					for i, scope := range scopes {
						wanted[i] = access.Scope(scope)
					}
					in.Scopes = &wanted
				}
				made, err := s.CreateAPIKey(ctx, s.Root(), access.WorkspaceService, in)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "id   %s\nkey  %s\n", made.Key.ID, made.Value.Reveal())
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&workspace, "workspace", "", "slug or id of the workspace (default: the default workspace)")
	cmd.Flags().StringVar(&name, "name", "", "name of the key")
	cmd.Flags().StringSliceVar(&scopes, "scopes", nil, "comma list of scopes (default: what a service key usually has)")
	_ = cmd.MarkFlagRequired("name")
	return cmd
}

func keysRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Revoke an API key by its id", Args: cobra.ExactArgs(1), Example: "  portico keys revoke 5f0c1e9a-…",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withControl(cmd, func(ctx context.Context, s *control.Service) error {
				if err := s.DeleteAPIKey(ctx, s.Root(), args[0]); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), "revoked", args[0])
				return nil
			})
		},
	}
}

// withControl runs do on the control plane of the command's data folder.
func withControl(cmd *cobra.Command, do func(context.Context, *control.Service) error) (err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	cfg, err := folderSettings(cmd, log)
	if err != nil {
		return err
	}
	service, db, err := app.OpenControl(cmd.Context(), cfg, log)
	if err != nil {
		return err
	}
	defer func() {
		if e := db.Close(); err == nil {
			err = e
		}
	}()
	return do(cmd.Context(), service)
}
