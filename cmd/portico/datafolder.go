package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/app"
)

// newMasterKey is the variable of the key that rotate-master-key changes to.
const newMasterKey = "PORTICO_NEW_MASTER_KEY"

func backupCommand() *cobra.Command {
	var o app.BackupOptions
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Copy a data folder into one file, beside a running server", Args: cobra.ExactArgs(1),
		Long: "Writes a consistent copy of the data folder into one compressed file: the database, the journal and the\n" +
			"bodies. The log store is not in it; it is built from the journal. A server may go on working on the folder.\n" +
			"A control plane in PostgreSQL (--database-url) is copied into it as well, as a SQLite database: the restored folder\n" +
			"works by itself, or goes back to a server with portico migrate --to.\n" +
			"Without the master key the copy's secrets cannot be opened. Keep it elsewhere, or add it with\n" +
			"--with-master-key and guard the file as you would guard the key.",
		Example: "  portico backup --data /var/lib/portico /backups/portico-$(date +%F).tar.zst",
		RunE: func(cmd *cobra.Command, args []string) error {
			return onFolder(cmd, func(ctx context.Context, cfg app.Config) error {
				m, err := app.Backup(ctx, cfg, args[0], o)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n%s\n", args[0], describe(m), keyNote(m))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&o.WithMasterKey, "with-master-key", false, "put the master key into the backup too: whoever has the file then has every secret")
	folderFlags(cmd)
	return cmd
}

func describe(m app.Manifest) string {
	return fmt.Sprintf("made %s: schema version %d, %d journal segments, %d body segments, %d bytes unpacked",
		m.CreatedAt.Format("2006-01-02 15:04:05 MST"), m.Schema, m.Count("journal"), m.Count("bodies"), m.Bytes())
}

func keyNote(m app.Manifest) string {
	if m.MasterKey {
		return "It holds the master key: whoever has it can open every secret. Nothing else is needed to restore it."
	}
	return "The master key is not in it. To use it, the key that the data was sealed with is needed as well:\n" +
		"as master.key (mode 0600) in the restored folder, or with PORTICO_MASTER_KEY or PORTICO_MASTER_KEY_FILE."
}

func restoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Make a data folder of a backup", Args: cobra.ExactArgs(1),
		Long: "Makes a data folder of a backup. The folder must be empty, or not be there yet. Every file is compared with\n" +
			"its checksum before anything is put in place.",
		Example: "  portico restore --data /var/lib/portico /backups/portico-2026-11-24.tar.zst",
		RunE: func(cmd *cobra.Command, args []string) error {
			return onFolder(cmd, func(ctx context.Context, cfg app.Config) error {
				m, err := app.Restore(ctx, cfg.Data, args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n%s\n", cfg.Data, describe(m), keyNote(m))
				return nil
			})
		},
	}
	folderFlags(cmd)
	return cmd
}

func migrateCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the control plane's schema up to date, or copy it to PostgreSQL", Args: cobra.NoArgs,
		Long: "Applies the migrations that the database lacks. portico serve does so by itself at its start; this is to do it\n" +
			"beforehand. A schema that is newer than this program is refused.\n\n" +
			"With --to, copies the data folder's SQLite database into an empty PostgreSQL database, in one transaction, and\n" +
			"counts every table on both sides. Stop the server first; afterwards start it with --database-url. The password\n" +
			"may be left out of the URL and be in PGPASSWORD.",
		Example: "  portico migrate --data /var/lib/portico\n  portico migrate --data /var/lib/portico --to 'postgres://portico@db:5432/portico?sslmode=verify-full'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onFolder(cmd, func(ctx context.Context, cfg app.Config) error {
				if to != "" {
					return move(ctx, cmd, cfg, ai.NewSecret(to))
				}
				from, to, err := app.Migrate(ctx, cfg)
				if err != nil {
					return err
				}
				if from == to {
					fmt.Fprintf(cmd.OutOrStdout(), "schema version %d is up to date\n", to)
					return nil
				}
				fmt.Fprintf(cmd.OutOrStdout(), "migrated from schema version %d to %d\n", from, to)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "postgres://… of an empty database to copy the data folder's database to")
	folderFlags(cmd)
	return cmd
}

func move(ctx context.Context, cmd *cobra.Command, cfg app.Config, to ai.Secret) error {
	counts, err := app.Move(ctx, cfg, to)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	for _, c := range counts {
		fmt.Fprintf(out, "%8d  %s\n", c.Rows, c.Table)
	}
	fmt.Fprintln(out, "Copied, and counted on both sides. Start the server with --database-url from now on. The database in the data\n"+
		"folder is as it was; keep it until you are content, and do not start a server without --database-url on it.")
	return nil
}

func rotateCommand() *cobra.Command {
	var file string
	var finish bool
	cmd := &cobra.Command{
		Use: "rotate-master-key", Short: "Exchange the master key of a data folder", Args: cobra.NoArgs,
		Long: "Seals the data folder under a new master key and puts the key in place of the old one, which is kept beside\n" +
			"it as master.key.old-TIME. The new key is that of " + newMasterKey + " or --new-key-file, else a random one.\n" +
			"Stop the server first. If this is interrupted, the folder works with the key that is in place: run it again.\n\n" +
			"Nodes that share a database (--database-url) go on meanwhile. Exchange the key on one of them, give the new one to\n" +
			"the others and restart them one by one; both keys open the data until --finish is run, on any of them.",
		Example: "  portico rotate-master-key --data /var/lib/portico",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onFolder(cmd, func(ctx context.Context, cfg app.Config) error {
				if finish {
					if err := app.FinishRotation(ctx, cfg); err != nil {
						return err
					}
					fmt.Fprintln(cmd.OutOrStdout(), "The data opens with the new master key alone.")
					return nil
				}
				key, err := newKey(file)
				if err != nil {
					return err
				}
				r, err := app.RotateMasterKey(ctx, cfg, key)
				if err != nil {
					return err
				}
				printRotation(cmd, r)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&finish, "finish", false, "end the time in which the old key opens the data, too: every node has the new one")
	cmd.Flags().StringVar(&file, "new-key-file", "", "file with the new master key: base64 of 32 bytes")
	folderFlags(cmd)
	return cmd
}

func newKey(file string) (ai.Secret, error) {
	value := os.Getenv(newMasterKey)
	switch {
	case value != "" && file != "":
		return ai.Secret{}, fmt.Errorf("%s and --new-key-file are both given; leave one out", newMasterKey)
	case file != "":
		return app.ReadNewKey(file)
	}
	return ai.NewSecret(value), nil
}

func printRotation(cmd *cobra.Command, r app.Rotation) {
	out := cmd.OutOrStdout()
	if r.Shared {
		defer fmt.Fprintln(out, "Until portico rotate-master-key --finish the old key opens the data as well: give the new one to every node first.")
	}
	if r.KeyFile == "" && r.Shared {
		fmt.Fprintln(out, "The data is sealed under the new master key. Start the servers with it in PORTICO_MASTER_KEY.")
		return
	}
	if r.KeyFile == "" {
		fmt.Fprintln(out, "The data is sealed under the new master key. Start the server with it in PORTICO_MASTER_KEY.\n"+
			"The old key works until then and no longer. Keep it for as long as you keep backups from before.")
		return
	}
	fmt.Fprintf(out, "The data is sealed under the new master key in %s.\nThe old one is kept in %s: backups from before need it. Move it to where they are, off this machine.\n",
		r.KeyFile, r.OldKeyFile)
}

// folderFlags adds the flags of a command that works on a data folder.
func folderFlags(cmd *cobra.Command) {
	cmd.Flags().String("data", "", "data folder (default: PORTICO_DATA, else ./portico-data)")
	cmd.Flags().String("config", "", "YAML file with the server's settings")
}

// onFolder runs do with the settings of the command. A signal ends its context,
// so that it clears away what it has begun.
func onFolder(cmd *cobra.Command, do func(context.Context, app.Config) error) error {
	cfg, err := folderSettings(cmd, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return do(ctx, cfg)
}

func folderSettings(cmd *cobra.Command, log *slog.Logger) (app.Config, error) {
	flags := map[string]string{}
	if data, _ := cmd.Flags().GetString("data"); data != "" {
		flags["data"] = data
	}
	file := ""
	if cmd.Flags().Lookup("config") != nil {
		file, _ = cmd.Flags().GetString("config")
	}
	var environ []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, newMasterKey+"=") { // no setting of the server
			environ = append(environ, pair)
		}
	}
	return loadSettings(file, environ, flags, log)
}
