package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ledger"
)

func TestCutoffs(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ logs, bodies, wantLogs, wantBodies time.Duration }{
		{0, 0, 0, 0},
		{0, 30 * day, 0, 30 * day},
		{90 * day, 30 * day, 90 * day, 30 * day},
		{90 * day, 0, 90 * day, 90 * day}, // bodies go with their requests
		{10 * day, 30 * day, 10 * day, 10 * day},
	} {
		logs, bodies := Config{LogRetention: c.logs, BodyRetention: c.bodies}.cutoffs(now)
		for _, got := range []struct {
			at   time.Time
			want time.Duration
		}{{logs, c.wantLogs}, {bodies, c.wantBodies}} {
			if got.want == 0 && !got.at.IsZero() || got.want > 0 && !got.at.Equal(now.Add(-got.want)) {
				t.Errorf("%+v: %v and %v", c, logs, bodies)
			}
		}
	}
}

func TestRetentionSettings(t *testing.T) {
	for text, want := range map[string]time.Duration{"0": 0, "30d": 30 * day, "36h": 36 * time.Hour} {
		c := Default()
		if err := settingNamed(t, "log_retention").Set(&c, text); err != nil || c.LogRetention != want {
			t.Errorf("%s: %v, %v", text, c.LogRetention, err)
		}
	}
	for name, texts := range map[string][]string{
		"log_retention": {"-3d", "30", "1m", "d", "99999d", "soon"}, "journal_max": {"1KiB", "-1", "many"}, "durability": {"", "fsync"},
	} {
		for _, text := range texts {
			c := Default()
			if err := settingNamed(t, name).Set(&c, text); err == nil {
				t.Errorf("%s %q is taken", name, text)
			}
		}
	}
}

func settingNamed(t *testing.T, name string) Setting {
	t.Helper()
	for _, s := range Settings() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no setting %s", name)
	return Setting{}
}

// All that is recorded of old requests goes, in each of the places; what is young
// stays, and the doctor finds nothing wrong with the rest.
func TestRetention(t *testing.T) {
	cfg := newFolder(t, 0)
	cfg.LogRetention, cfg.BodyRetention = 90*day, 30*day
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	for i := range 12 {
		id := fmt.Sprint(i)
		ref, _ := a.bodies.Put(id, ledger.BodyRequest, []byte("body of "+id), nil)
		must(t, a.journal.Settle(&ledger.Entry{ID: id, WorkspaceID: "w", StartedAt: time.Now().UTC(), State: ledger.OK, Request: ref}))
	}
	must(t, a.bodies.Flush(t.Context()))
	must(t, a.follower.CatchUp(followed(t, a)))
	must(t, a.retainOnce(t.Context(), time.Now()))
	if b := a.bodies.Bytes(); b == 0 {
		t.Error("young bodies were dropped")
	}
	must(t, a.Close())
	a, err = New(t.Context(), cfg, discard) // the segment that was written to is finished
	must(t, err)
	must(t, a.retainOnce(t.Context(), time.Now().Add(31*day)))
	if b := a.bodies.Bytes(); b != 0 {
		t.Errorf("%d bytes of bodies after 31 days", b)
	}
	a.bodies.Put("young", ledger.BodyRequest, []byte("body"), nil)
	must(t, a.Close())
	d := Doctor(t.Context(), cfg)
	wantHealthy(t, d)
	wantFinding(t, d, "log store", StatusOK, "12 rows")
	wantFinding(t, d, "bodies", StatusOK, "12 were too old")

	a, err = New(t.Context(), cfg, discard)
	must(t, err)
	must(t, a.retainOnce(t.Context(), time.Now().Add(91*day)))
	must(t, a.Close())
	d = Doctor(t.Context(), cfg)
	wantFinding(t, d, "log store", StatusOK, "0 rows")
}

// The journal of a folder with a bound stays below it, once the log store has it.
func TestJournalKeepsToItsBound(t *testing.T) {
	cfg := newFolder(t, 0)
	cfg.JournalMax = 16 << 20
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	defer a.Close() //nolint:errcheck // closed below
	for i := range 60_000 {
		must(t, a.journal.Settle(&ledger.Entry{ID: fmt.Sprint(i), StartedAt: time.Now().UTC(), State: ledger.OK, Path: strings.Repeat("x", 200)}))
	}
	before := a.journal.Stats().Bytes
	must(t, a.retainOnce(t.Context(), time.Now()))
	if now := a.journal.Stats().Bytes; now != before {
		t.Errorf("%d of %d bytes left, although no reader has applied any", now, before)
	}
	files, err := filepath.Glob(filepath.Join(cfg.Data, journalDir, "*.seg"))
	must(t, err)
	if len(files) < 5 || before < cfg.JournalMax {
		t.Fatalf("%d segments of %d bytes", len(files), before)
	}
	must(t, a.follower.CatchUp(followed(t, a)))
	must(t, a.retainOnce(t.Context(), time.Now()))
	var left int64
	files, err = filepath.Glob(filepath.Join(cfg.Data, journalDir, "*.seg"))
	must(t, err)
	for _, f := range files {
		st, err := os.Stat(f)
		must(t, err)
		left += st.Size()
	}
	if left > cfg.JournalMax {
		t.Errorf("%d bytes left", left)
	}
}
