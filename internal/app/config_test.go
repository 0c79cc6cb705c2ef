package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var testIDs = []string{"big-llm", "small-llm"}

func TestConfigLayers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portico.yaml")
	text := "listen: 127.0.0.1:1\ndata: /from/file\nmax_body: 1MiB\negress_allow: [a:1, b:2]\nproviders:\n  big-llm: {base_url: http://file/v1}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := Default()
	if err := c.File(path, testIDs); err != nil {
		t.Fatal(err)
	}
	warnings, err := c.Environment([]string{"PORTICO_DATA=/from/env", "PORTICO_DRAIN_DELAY=250ms", "PORTICO_DEMO=1",
		"PORTICO_PROVIDER_SMALL_LLM_BASE_URL=http://env/v1", "PORTICO_MASTER_KEY=c2VjcmV0", "PORTICO_LISTN=x", "HOME=/"}, testIDs)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:1" || c.Data != "/from/env" || c.MaxBody != 1<<20 || c.EgressAllow != "a:1,b:2" || c.DrainDelay != 250*time.Millisecond || !c.Demo {
		t.Errorf("the configuration is %+v", c)
	}
	if c.ProviderBases["big-llm"] != "http://file/v1" || c.ProviderBases["small-llm"] != "http://env/v1" {
		t.Errorf("base URLs are %v", c.ProviderBases)
	}
	if c.MasterKey.Reveal() != "c2VjcmV0" {
		t.Error("the master key was not taken")
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "did you mean PORTICO_LISTEN?") {
		t.Errorf("warnings are %q", warnings)
	}
}

func TestConfigMistakesNameTheWayOut(t *testing.T) {
	for text, want := range map[string]string{
		"listn: x":                             "did you mean listen?",
		"zzzzzzzz: 1":                          "known keys: ",
		"demo: perhaps":                        "must be true or false",
		"max_body: 5":                          "must be a size from 1KiB",
		"max_body: 9XB":                        "must be a size",
		"drain_delay: -1s":                     "must be a duration",
		"providers: 1":                         "must be a map of provider ids",
		"providers: {big-lm: {base_url: x}}":   "known ids: big-llm, small-llm",
		"providers: {big-llm: {base_urll: x}}": "providers.big-llm.base_urll is not a setting",
		"listen: [":                            "portico.yaml",
	} {
		path := filepath.Join(t.TempDir(), "portico.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := Default()
		if err := c.File(path, testIDs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	c := Default()
	if _, err := c.Environment([]string{"PORTICO_PROVIDER_NOPE_BASE_URL=http://x"}, testIDs); err == nil || !strings.Contains(err.Error(), "big-llm, small-llm") {
		t.Errorf("an unknown provider: %v", err)
	}
	if _, err := c.Environment([]string{"PORTICO_DRAIN_TIMEOUT=soon"}, testIDs); err == nil || !strings.Contains(err.Error(), "PORTICO_DRAIN_TIMEOUT must be a duration") {
		t.Errorf("a bad duration: %v", err)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"1024": 1024, "512KiB": 512 << 10, "32MiB": 32 << 20, "32MB": 32 << 20, "1G": 1 << 30} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%s is %d (%v), want %d", text, got, err, want)
		}
	}
}

func TestSecondProcessIsToldWhoHoldsTheFolder(t *testing.T) {
	dir := t.TempDir()
	lock, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFolder(dir); err == nil || !strings.Contains(err.Error(), "process ") {
		t.Errorf("the folder is held, but: %v", err)
	}
	if err := lock.release(); err != nil {
		t.Fatal(err)
	}
	if lock, err = lockFolder(dir); err != nil {
		t.Fatalf("the folder is free, but: %v", err)
	}
	_ = lock.release()
}
