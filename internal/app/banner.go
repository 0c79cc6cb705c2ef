package app

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/portico-ai/portico/internal/ai"
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

// printCurl shows a first call. A key that the operator chose is not repeated: the
// shell fills it in.
func (a *App) printCurl(w io.Writer, origin string) {
	if !a.first.Fresh {
		fmt.Fprintln(w)
		return
	}
	workspace := shown(a.first.WorkspaceKey, "$PORTICO_BOOTSTRAP_WORKSPACE_KEY")
	haveWorkspaceKey := !a.first.WorkspaceKey.IsZero() || !a.cfg.BootstrapWorkspaceKey.IsZero()
	switch {
	case a.cfg.Demo:
		fmt.Fprintf(w, "\n  A first call (no provider account needed)\n    curl %s/v1/chat/completions \\\n      -H 'content-type: application/json' -H \"x-portkey-api-key: %s\" \\\n"+
			"      -d '{\"model\":\"@%s/mock-gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n\n", origin, workspace, demoProvider)
	case haveWorkspaceKey:
		fmt.Fprintf(w, "\n  A first call, with your own OpenAI key\n    curl %s/v1/chat/completions \\\n      -H 'content-type: application/json' -H \"x-portkey-api-key: %s\" \\\n"+
			"      -H 'x-portkey-provider: openai' -H \"authorization: Bearer $OPENAI_API_KEY\" \\\n"+
			"      -d '{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n\n", origin, workspace)
	default:
		fmt.Fprintf(w, "\n  Make a workspace key that may call models\n    curl %s/v1/api-keys/workspace/service \\\n      -H 'content-type: application/json' -H \"x-portkey-api-key: %s\" \\\n"+
			"      -d '{\"name\":\"first\",\"scopes\":[\"completions.write\",\"logs.view\"]}'\n\n", origin, shown(a.first.AdminKey, "$PORTICO_BOOTSTRAP_ADMIN_KEY"))
	}
}

func shown(key ai.Secret, variable string) string {
	if key.IsZero() {
		return variable
	}
	return key.Reveal()
}
