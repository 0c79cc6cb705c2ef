package app

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/secret"
)

const (
	rotateDirVar  = "PORTICO_TEST_ROTATE_DIR"
	rotateStepVar = "PORTICO_TEST_ROTATE_STEP"
)

// TestRotateAndDie is not a test but a process that rotates the key of a folder
// and kills itself at a step. TestKilledRotationLeavesAWorkingFolder runs it.
func TestRotateAndDie(t *testing.T) {
	dir := os.Getenv(rotateDirVar)
	if dir == "" {
		t.Skip("run by TestKilledRotationLeavesAWorkingFolder")
	}
	_, err := rotate(t.Context(), Config{Data: dir}, ai.Secret{}, func(step rotationStep) {
		if string(step) == os.Getenv(rotateStepVar) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	})
	t.Fatalf("still alive: %v", err)
}

func TestKilledRotationLeavesAWorkingFolder(t *testing.T) {
	for _, step := range []rotationStep{stepStaged, stepSealed, stepKept, stepReplaced, stepDone} {
		t.Run(string(step), func(t *testing.T) {
			cfg := newFolder(t, 1)
			old := keyIn(t, cfg)
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRotateAndDie$")
			cmd.Env = append(os.Environ(), rotateDirVar+"="+cfg.Data, rotateStepVar+"="+string(step))
			out, err := cmd.CombinedOutput()
			if status, ok := errors.AsType[*exec.ExitError](err); !ok || status.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the process was not killed: %v\n%s", err, out)
			}
			replaced := step == stepReplaced || step == stepDone
			if keyIn(t, cfg).Same(old) == replaced {
				t.Errorf("the key in place: the old one is %v", !replaced)
			}
			wantStarts(t, cfg)
			r, err := RotateMasterKey(t.Context(), cfg, ai.Secret{})
			must(t, err)
			wantStarts(t, cfg)
			wantKeyOpens(t, cfg, r.OldKeyFile, false)
			wantKeyOpens(t, cfg, r.KeyFile, true)
		})
	}
}

func keyIn(t *testing.T, cfg Config) *secret.Box {
	t.Helper()
	box, err := secret.Master(masterSource(cfg))
	must(t, err)
	return box
}

// wantStarts starts the server, which must find the admin key as it was.
func wantStarts(t *testing.T, cfg Config) {
	t.Helper()
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	defer a.Close() //nolint:errcheck // nothing was written
	if _, ok := a.directory.Key(a.service.Digest(cfg.BootstrapAdminKey.Reveal())); !ok {
		t.Error("the admin key does not work any more")
	}
}

func wantKeyOpens(t *testing.T, cfg Config, file string, want bool) {
	t.Helper()
	cfg.MasterKeyFile = file
	_, db, err := OpenControl(t.Context(), cfg, discard)
	if err == nil {
		must(t, db.Close())
	}
	if want && err != nil || !want && !errors.Is(err, control.ErrWrongMasterKey) {
		t.Errorf("%s opens the data: %v; want %v", filepath.Base(file), err, want)
	}
}

func TestRotateToAGivenKey(t *testing.T) {
	cfg := newFolder(t, 1)
	given := secret.GenerateMaster()
	r, err := RotateMasterKey(t.Context(), cfg, ai.NewSecret(given.Reveal()+"\n"))
	must(t, err)
	b, err := os.ReadFile(filepath.Join(cfg.Data, secret.MasterFile))
	must(t, err)
	if strings.TrimSpace(string(b)) != given.Reveal() {
		t.Error("another key is in place")
	}
	for _, file := range []string{r.KeyFile, r.OldKeyFile} {
		info, err := os.Stat(file)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", file, info.Mode())
		}
	}
	wantStarts(t, cfg)
	if _, err := RotateMasterKey(t.Context(), cfg, given); !errors.Is(err, control.ErrSameMasterKey) {
		t.Errorf("to the same key: %v", err)
	}
	if _, err := RotateMasterKey(t.Context(), cfg, ai.NewSecret("short")); err == nil || !strings.Contains(err.Error(), "32 bytes") {
		t.Errorf("to no key: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(cfg.Data, "master.key*")); len(left) != 2 {
		t.Errorf("key files: %v, want the two of the rotation", left)
	}
}

// A key in the environment is the operator's to change: until the first start
// with the new one, both work.
func TestRotateAKeyOfTheEnvironment(t *testing.T) {
	cfg := testConfig(t)
	cfg.MasterKey = secret.GenerateMaster()
	wantStarts(t, cfg)
	if _, err := RotateMasterKey(t.Context(), cfg, ai.Secret{}); err == nil || !strings.Contains(err.Error(), "PORTICO_NEW_MASTER_KEY") {
		t.Errorf("without a new key: %v", err)
	}
	next := cfg
	next.MasterKey = secret.GenerateMaster()
	r, err := RotateMasterKey(t.Context(), cfg, next.MasterKey)
	if err != nil || r != (Rotation{}) {
		t.Errorf("%+v, %v", r, err)
	}
	wantStarts(t, cfg)
	wantStarts(t, next)
	if _, err := New(t.Context(), cfg, discard); !errors.Is(err, control.ErrWrongMasterKey) {
		t.Errorf("the old key after the new one: %v", err)
	}
}

func TestRotateNeedsTheFolder(t *testing.T) {
	cfg := newFolder(t, 1)
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	if _, err := RotateMasterKey(t.Context(), cfg, ai.Secret{}); err == nil || !strings.Contains(err.Error(), "in use by another portico (process") {
		t.Errorf("beside a server: %v", err)
	}
	must(t, a.Close())
	if _, err := RotateMasterKey(t.Context(), testConfig(t), ai.Secret{}); err == nil || !strings.Contains(err.Error(), "not a portico data folder") {
		t.Errorf("of nothing: %v", err)
	}
}
