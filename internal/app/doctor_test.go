package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/secret"
)

func wantHealthy(t *testing.T, d Diagnosis) {
	t.Helper()
	for _, f := range d.Findings {
		if f.Status == StatusFail {
			t.Errorf("%s: %s", f.Check, f.Detail)
		}
	}
	if !d.Healthy {
		t.Error("not healthy")
	}
}

func wantFinding(t *testing.T, d Diagnosis, check string, status Status, word string) {
	t.Helper()
	for _, f := range d.Findings {
		if f.Check != check {
			continue
		}
		if f.Status != status || !strings.Contains(f.Detail, word) {
			t.Errorf("%s is %s: %s; want %s with %q", check, f.Status, f.Detail, status, word)
		}
		return
	}
	t.Errorf("nothing was said about the %s", check)
}

func TestDoctorOnASoundFolder(t *testing.T) {
	cfg := newFolder(t, 12)
	d := Doctor(t.Context(), cfg)
	wantHealthy(t, d)
	for _, f := range d.Findings {
		if f.Status != StatusOK && f.Check != "disk" {
			t.Errorf("%s is %s: %s", f.Check, f.Status, f.Detail)
		}
	}
	wantFinding(t, d, "journal", StatusOK, "12 entries, 0 reservations (0 open), 0 damaged")
	wantFinding(t, d, "bodies", StatusOK, "12 of 12")
	wantFinding(t, d, "log store", StatusOK, "12 rows for 12 entries; 0 more")
}

func TestDoctorBesideAServer(t *testing.T) {
	cfg := newFolder(t, 2)
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	d := Doctor(t.Context(), cfg)
	wantHealthy(t, d)
	wantFinding(t, d, "lock", StatusOK, "process")
	wantFinding(t, d, "log store", StatusOK, "not looked at while the server")
	must(t, a.Close())
	wantFinding(t, Doctor(t.Context(), cfg), "lock", StatusOK, "no server")
}

// TestDoctorFindings spoils one thing of a sound folder at a time.
func TestDoctorFindings(t *testing.T) {
	for _, c := range []struct {
		name, check string
		status      Status
		word        string
		spoil       func(t *testing.T, cfg *Config)
	}{
		{"no folder", "folder", StatusFail, "not a portico data folder", func(_ *testing.T, cfg *Config) { cfg.Data += "-none" }},
		{"open folder", "folder", StatusWarn, "chmod -R go=", func(t *testing.T, cfg *Config) { must(t, os.Chmod(cfg.Data, 0o755)) }},
		{"open key", "master key", StatusWarn, "chmod 600", func(t *testing.T, cfg *Config) { must(t, os.Chmod(in(cfg, secret.MasterFile), 0o644)) }},
		{"another key", "master key", StatusFail, "not the one", func(_ *testing.T, cfg *Config) { cfg.MasterKey = secret.GenerateMaster() }},
		{"no database", "database", StatusFail, "not a database", func(t *testing.T, cfg *Config) {
			must(t, os.WriteFile(in(cfg, databaseFile), []byte(strings.Repeat("no database ", 1000)), 0o600))
		}},
		{"damaged journal", "journal", StatusFail, "1 damaged", func(t *testing.T, cfg *Config) { flip(t, in(cfg, journalDir, "0000000000000001.seg"), 20) }},
		{"torn journal", "journal", StatusWarn, "3 bytes torn", func(t *testing.T, cfg *Config) { add(t, in(cfg, journalDir, "0000000000000001.seg"), "abc") }},
		{"damaged body", "bodies", StatusWarn, "1 of 5", func(t *testing.T, cfg *Config) { flip(t, in(cfg, bodiesDir, "00000001.seg"), 12) }},
		{"no bodies", "bodies", StatusWarn, "5 of 5", func(t *testing.T, cfg *Config) { must(t, os.RemoveAll(in(cfg, bodiesDir))) }},
		{"no log store", "log store", StatusOK, "builds it", func(t *testing.T, cfg *Config) { must(t, os.Remove(in(cfg, logsFile))) }},
		{"ruined log store", "log store", StatusWarn, "builds it again", func(t *testing.T, cfg *Config) {
			must(t, os.WriteFile(in(cfg, logsFile), []byte("no database"), 0o600))
		}},
		{"journal of another folder", "log store", StatusWarn, "5 rows for 4 entries", func(t *testing.T, cfg *Config) { flip(t, in(cfg, journalDir, "0000000000000001.seg"), 20) }},
		{"egress", "egress", StatusFail, "not a rule", func(_ *testing.T, cfg *Config) { cfg.EgressAllow = "not a rule" }},
		{"provider", "providers", StatusFail, "ftp://", func(_ *testing.T, cfg *Config) { cfg.ProviderBases = map[string]string{"openai": "ftp://x"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := newFolder(t, 5)
			c.spoil(t, &cfg)
			d := Doctor(t.Context(), cfg)
			wantFinding(t, d, c.check, c.status, c.word)
			if d.Healthy && c.status == StatusFail {
				t.Error("a check failed, and all is said to be well")
			}
		})
	}
}

func in(cfg *Config, names ...string) string {
	return filepath.Join(append([]string{cfg.Data}, names...)...)
}

// flip changes a bit of a file.
func flip(t *testing.T, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	b[at] ^= 1
	must(t, os.WriteFile(path, b, 0o600))
}

func add(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, err)
	must(t, f.Close())
}
