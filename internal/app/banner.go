package app

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// demoProvider is the provider of the demo's virtual key, and that key's slug.
const demoProvider = "mock"

// banner prints what a person needs to begin. Secrets are shown once, at the
// start that made them, and nowhere else.
func (a *App) banner() {
	a.log.Info("ready", "listen", a.listener.Addr().String(), "data", a.cfg.Data, "version", a.cfg.Version)
	origin := "http://" + strings.Replace(a.listener.Addr().String(), "[::]", "127.0.0.1", 1)
	w := os.Stdout
	if a.first.SetupToken.IsZero() {
		fmt.Fprintf(w, "\n  Console      %s/console/\n\n", origin)
		return
	}
	fmt.Fprintf(w, "\n  Set up the console (one-time link)\n    %s/console/setup?token=%s\n", origin, a.first.SetupToken.Reveal())
	if !a.first.AdminKey.IsZero() {
		fmt.Fprintf(w, "\n  Admin API key (manages; shown once)\n    %s\n", a.first.AdminKey.Reveal())
	}
	if !a.first.WorkspaceKey.IsZero() {
		fmt.Fprintf(w, "\n  Workspace API key (calls models; shown once)\n    %s\n", a.first.WorkspaceKey.Reveal())
	}
	a.printCurl(w, origin)
}

func (a *App) printCurl(w io.Writer, origin string) {
	if !a.first.Fresh {
		fmt.Fprintln(w)
		return
	}
	if a.cfg.Demo {
		fmt.Fprintf(w, "\n  A first call (no provider account needed)\n    curl %s/v1/chat/completions \\\n      -H 'content-type: application/json' -H 'x-portkey-api-key: %s' \\\n"+
			"      -d '{\"model\":\"@%s/mock-gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n\n",
			origin, a.workspaceKey(), demoProvider)
		return
	}
	fmt.Fprintf(w, "\n  Make a workspace key that may call models\n    curl %s/v1/api-keys/workspace/service \\\n      -H 'content-type: application/json' -H 'x-portkey-api-key: %s' \\\n"+
		"      -d '{\"name\":\"first\",\"scopes\":[\"completions.write\",\"logs.view\"]}'\n\n", origin, a.adminKey())
}

// A key that the operator chose is not repeated.
func (a *App) workspaceKey() string {
	if a.first.WorkspaceKey.IsZero() {
		return "$PORTICO_BOOTSTRAP_WORKSPACE_KEY"
	}
	return a.first.WorkspaceKey.Reveal()
}

func (a *App) adminKey() string {
	if a.first.AdminKey.IsZero() {
		return "$PORTICO_BOOTSTRAP_ADMIN_KEY"
	}
	return a.first.AdminKey.Reveal()
}
