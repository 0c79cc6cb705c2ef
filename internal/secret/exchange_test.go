package secret

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

func TestStagedKeyTakesTheOldOnesPlace(t *testing.T) {
	dir := t.TempDir()
	old, err := Master(Source{Dir: dir, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, MasterFile), link); err != nil {
		t.Fatal(err)
	}
	text := GenerateMaster()
	staged, err := StageMaster(link, ai.NewSecret(text.Reveal()+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := ParseMaster(text, "test")
	if err != nil {
		t.Fatal(err)
	}
	holds := func(when string, file string, key *Box) {
		t.Helper()
		got, err := Master(Source{File: file})
		if err != nil || !got.Same(key) {
			t.Errorf("%s: %s holds another key: %v", when, file, err)
		}
	}
	holds("staged", link, old)
	kept, err := staged.KeepOld(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	holds("kept", link, old)
	holds("kept", kept, old)
	if err := staged.Replace(); err != nil {
		t.Fatal(err)
	}
	holds("replaced", link, want)
	holds("replaced", kept, old)
	if err := staged.Discard(); err != nil {
		t.Error(err)
	}
	wantFiles(t, dir, MasterFile, filepath.Base(kept))
	if !strings.HasPrefix(filepath.Base(kept), "master.key.old-") {
		t.Errorf("the old key is kept as %s", kept)
	}
}

func TestDiscardedKeyLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := Master(Source{Dir: dir, Create: true}); err != nil {
		t.Fatal(err)
	}
	staged, err := StageMaster(filepath.Join(dir, MasterFile), GenerateMaster())
	if err != nil {
		t.Fatal(err)
	}
	if err := staged.Discard(); err != nil {
		t.Error(err)
	}
	wantFiles(t, dir, MasterFile)
	if _, err := StageMaster(filepath.Join(dir, "none"), GenerateMaster()); err == nil {
		t.Error("a key was staged for a file that is not there")
	}
}

// wantFiles checks what is in dir, and that only the owner may read it.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("files %v, want %v", got, want)
	}
}
