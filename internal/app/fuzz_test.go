package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzConfigFile expects of every configuration file a configuration, or an error
// that names the file.
func FuzzConfigFile(f *testing.F) {
	f.Add("listen: 127.0.0.1:8787\nproviders:\n  openai:\n    base_url: http://127.0.0.1:1\n")
	f.Add("listen: [1, {a: b}]\nunknown: 1")
	f.Add("providers: {openai: 7}")
	f.Add("&a [*a]")
	path := filepath.Join(f.TempDir(), "portico.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := Default()
		if err := c.File(path, []string{"openai"}); err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
