package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/egress"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/secret"
)

// A Status is how a check of the doctor ended.
type Status string

// The statuses. A warning is worth a look; a failure keeps something from
// working, or means that something was lost.
const (
	StatusOK   Status = "ok"
	StatusWarn Status = "warn"
	StatusFail Status = "fail"
)

// A Finding is the outcome of one check.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
}

// A Diagnosis is what the doctor found.
type Diagnosis struct {
	Healthy  bool      `json:"healthy"` // nothing failed
	Findings []Finding `json:"findings"`
}

// Doctor examines a data folder and the settings that go with it. It changes
// nothing (SQLite may leave its side files, empty; where bodies are stored, a small
// object comes and goes), connects to nothing but database_url and
// blobs_url, and may be called beside a running server.
func Doctor(ctx context.Context, cfg Config) Diagnosis {
	d := &doctor{cfg: cfg}
	checks := []func(context.Context){
		d.folder, d.lock, d.disk, d.masterKey, d.database, d.journal, d.blobs, d.bodies, d.logStore, d.egress, d.providers,
	}
	if err := requireFolder(cfg); err != nil {
		d.say("folder", StatusFail, "%v", err)
		checks = []func(context.Context){d.blobs, d.egress, d.providers}
	}
	for _, check := range checks {
		check(ctx)
	}
	if err := closeObjects(d.stored); err != nil {
		d.say("blobs", StatusWarn, "%v", err)
	}
	healthy := true
	for _, f := range d.findings {
		healthy = healthy && f.Status != StatusFail
	}
	return Diagnosis{healthy, d.findings}
}

type doctor struct {
	cfg      Config
	findings []Finding

	holder   string            // of the folder, "" if there is none
	rows     logRows           // what the log store holds
	recorded ledger.Inspection // what the journal holds
	stored   ledger.Objects    // what bodies are stored in, if it works
}

func (d *doctor) path(name string) string { return filepath.Join(d.cfg.Data, name) }

func (d *doctor) say(check string, status Status, format string, args ...any) {
	d.findings = append(d.findings, Finding{check, status, fmt.Sprintf(format, args...)})
}

// folder looks for what other users of the machine could read.
func (d *doctor) folder(context.Context) {
	open, err := openToOthers(d.cfg.Data)
	switch {
	case err != nil:
		d.say("folder", StatusFail, "%v", err)
	case len(open) > 0:
		d.say("folder", StatusWarn, "other users have access to %s (%d in all); chmod -R go= %s", open[0], len(open), d.cfg.Data)
	default:
		d.say("folder", StatusOK, "%s is for its owner alone", d.cfg.Data)
	}
}

// openToOthers lists files that their group or everybody may use, unless the
// folder itself keeps them out.
func openToOthers(dir string) (open []string, err error) {
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return nil, err
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone meanwhile
		}
		if err != nil {
			return err
		}
		if info, err := e.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
			open = append(open, path)
		}
		return nil
	})
	return open, err
}

func (d *doctor) lock(context.Context) {
	held, holder, err := folderHolder(d.cfg.Data)
	switch {
	case err != nil:
		d.say("lock", StatusFail, "%v", err)
	case held:
		d.holder = holder
		d.say("lock", StatusOK, "a server works on the folder (%s)", holder)
	default:
		d.say("lock", StatusOK, "no server works on the folder")
	}
}

const plentyFree = 1 << 30 // bytes

func (d *doctor) disk(context.Context) {
	free, total, low, err := ledger.DiskFree(d.cfg.Data)
	switch {
	case err != nil:
		d.say("disk", StatusFail, "%v", err)
	case low:
		d.say("disk", StatusFail, "%s of %s free: bodies are dropped, and soon requests are refused", size(free), size(total))
	case free < min(plentyFree, total/10):
		d.say("disk", StatusWarn, "%s of %s free", size(free), size(total))
	default:
		d.say("disk", StatusOK, "%s of %s free", size(free), size(total))
	}
}

func (d *doctor) masterKey(ctx context.Context) {
	source := masterSource(d.cfg)
	where := source.Path()
	if where == "" {
		where = "PORTICO_MASTER_KEY"
	}
	box, err := secret.Master(source)
	if err != nil {
		d.say("master key", StatusFail, "%v", err)
		return
	}
	db, err := inspectDatabase(ctx, d.cfg)
	if err == nil {
		err = errors.Join(control.CheckMaster(ctx, db, box), db.Close())
	}
	info, statErr := os.Stat(source.Path())
	switch {
	case errors.Is(err, control.ErrEmpty):
		d.say("master key", StatusWarn, "%v", err)
	case err != nil:
		d.say("master key", StatusFail, "%v", err)
	case statErr == nil && info.Mode().Perm()&0o077 != 0:
		d.say("master key", StatusWarn, "%s opens the data, and other users can read it (mode %04o); chmod 600 it", where, info.Mode().Perm())
	default:
		d.say("master key", StatusOK, "%s opens the data", where)
	}
}

func (d *doctor) egress(context.Context) {
	rules, err := egress.ParseAllow(d.cfg.EgressAllow)
	if err != nil {
		d.say("egress", StatusFail, "%v", err)
		return
	}
	d.say("egress", StatusOK, "%d rules open private addresses", len(rules))
}

func (d *doctor) providers(ctx context.Context) {
	cfg := d.cfg
	cfg.EgressAllow = "" // has a check of its own
	if err := (&App{cfg: cfg}).openEgress(ctx); err != nil {
		d.say("providers", StatusFail, "%v", err)
		return
	}
	for id, base := range d.cfg.ProviderBases {
		if u, err := url.Parse(base); err == nil && u.User != nil {
			d.say("providers", StatusWarn, "the base URL of %s holds a password, which is not used", id)
			return
		}
	}
	d.say("providers", StatusOK, "%d base URLs are the operator's own", len(d.cfg.ProviderBases))
}

// size writes bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
}
