package app

import (
	"archive/tar"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/secret"
)

var discard = slog.New(slog.DiscardHandler)

// testConfig is a server on free ports with a data folder of its own.
func testConfig(t *testing.T) Config {
	t.Helper()
	cfg := Default()
	cfg.Listen, cfg.MetricsListen, cfg.Data, cfg.Version = "127.0.0.1:0", "", filepath.Join(t.TempDir(), "data"), "test"
	cfg.BootstrapAdminKey = ai.NewSecret("admin-key-of-the-operator")
	return cfg
}

// newFolder makes a data folder with entries and a body in it.
func newFolder(t *testing.T, entries int) Config {
	t.Helper()
	cfg := testConfig(t)
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	settle(t, a, "e", entries)
	must(t, a.follower.CatchUp(followed(t, a)))
	must(t, a.Close())
	return cfg
}

// followed runs the follower for the test and returns its context.
func followed(t *testing.T, a *App) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.follower.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return ctx
}

func settle(t *testing.T, a *App, prefix string, entries int) {
	t.Helper()
	for i := range entries {
		id := fmt.Sprintf("%s-%d", prefix, i)
		ref, _ := a.bodies.Put(id, ledger.BodyRequest, []byte("body of "+id), nil)
		must(t, a.journal.Settle(&ledger.Entry{ID: id, WorkspaceID: "w", State: ledger.OK, Request: ref}))
	}
	must(t, a.bodies.Flush(t.Context()))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// recorded lists the ids of a folder's entries, from its log store once that has
// read the journal.
func recorded(t *testing.T, cfg Config) (ids []string) {
	t.Helper()
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	must(t, a.follower.CatchUp(followed(t, a)))
	page := ledger.Page{Size: ledger.MaxPage}
	for {
		l, err := a.logs.List(t.Context(), "w", ledger.Filter{}, page)
		must(t, err)
		for _, e := range l.Entries {
			ids = append(ids, e.ID)
		}
		if page.After = l.Next; l.Next == "" {
			must(t, a.Close())
			return ids
		}
	}
}

func TestBackupAndRestore(t *testing.T) {
	cfg := newFolder(t, 50)
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	m, err := Backup(t.Context(), cfg, file, BackupOptions{WithMasterKey: true})
	must(t, err)
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode().Perm() != 0o600 || m.Count("journal") == 0 || m.Count("bodies") == 0 || m.Schema == 0 {
		t.Errorf("mode %v, %+v", info.Mode(), m)
	}
	if left, _ := filepath.Glob(filepath.Join(cfg.Data, "backup-*")); len(left) > 0 {
		t.Errorf("left in the data folder: %v", left)
	}
	if _, err := Backup(t.Context(), cfg, file, BackupOptions{}); err == nil {
		t.Error("a backup was written over another")
	}
	restored := cfg
	restored.Data = filepath.Join(t.TempDir(), "restored")
	got, err := Restore(t.Context(), restored.Data, file)
	must(t, err)
	if got.Bytes() != m.Bytes() || !got.MasterKey {
		t.Errorf("restored %+v, backed up %+v", got, m)
	}
	wantHealthy(t, Doctor(t.Context(), restored))
	ids := recorded(t, restored)
	slices.Sort(ids)
	if len(ids) != 50 || len(slices.Compact(ids)) != 50 {
		t.Errorf("%d entries, want 50: %v", len(ids), ids)
	}
	if _, err := Restore(t.Context(), restored.Data, file); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a folder in use: %v", err)
	}
}

func TestBackupWithoutTheMasterKey(t *testing.T) {
	cfg := newFolder(t, 1)
	file, dir := filepath.Join(t.TempDir(), "b"), t.TempDir() // an empty folder will do
	_, err := Backup(t.Context(), cfg, file, BackupOptions{})
	must(t, err)
	_, err = Restore(t.Context(), dir, file)
	must(t, err)
	if _, err := os.Stat(filepath.Join(dir, secret.MasterFile)); err == nil {
		t.Error("the master key is in the backup")
	}
	wantFinding(t, Doctor(t.Context(), Config{Data: dir}), "master key", StatusFail, "missing")
	withKey := Config{Data: dir, MasterKeyFile: filepath.Join(cfg.Data, secret.MasterFile)}
	wantHealthy(t, Doctor(t.Context(), withKey))

	must(t, os.WriteFile(filepath.Join(cfg.Data, secret.MasterFile), []byte(secret.GenerateMaster().Reveal()), 0o600))
	if _, err := Backup(t.Context(), cfg, file+"2", BackupOptions{WithMasterKey: true}); !errors.Is(err, control.ErrWrongMasterKey) {
		t.Errorf("with a key that does not fit: %v", err)
	}
	if left, _ := filepath.Glob(file + "2*"); len(left) > 0 {
		t.Errorf("a failed backup left %v", left)
	}
}

// TestBackupUnderLoad backs up while requests settle. What was settled before is
// in the restored folder, once.
func TestBackupUnderLoad(t *testing.T) {
	cfg := testConfig(t)
	a, err := New(t.Context(), cfg, discard)
	must(t, err)
	defer a.Close() //nolint:errcheck // may be closed already
	var mu sync.Mutex
	var settled []string
	stop := make(chan struct{})
	var load sync.WaitGroup
	for g := range 3 {
		load.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("%d-%d", g, i)
				ref, _ := a.bodies.Put(id, ledger.BodyRequest, bytes.Repeat([]byte("x"), 500), nil)
				err := errors.Join(a.journal.Reserve(ledger.Reservation{ID: id, WorkspaceID: "w"}),
					a.journal.Settle(&ledger.Entry{ID: id, WorkspaceID: "w", State: ledger.OK, Request: ref}))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				settled = append(settled, id)
				mu.Unlock()
			}
		})
	}
	waitFor(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(settled) > 500 })
	mu.Lock()
	before := slices.Clone(settled)
	mu.Unlock()
	file := filepath.Join(t.TempDir(), "b")
	_, err = Backup(t.Context(), cfg, file, BackupOptions{WithMasterKey: true})
	close(stop)
	load.Wait()
	must(t, err)
	restored := cfg
	restored.Data = filepath.Join(t.TempDir(), "restored")
	_, err = Restore(t.Context(), restored.Data, file)
	must(t, err)
	times := map[string]int{}
	for _, id := range recorded(t, restored) {
		times[id]++
	}
	for _, id := range before {
		if times[id] != 1 {
			t.Errorf("%s is there %d times", id, times[id])
		}
	}
	d := Doctor(t.Context(), restored)
	wantHealthy(t, d)
	wantFinding(t, d, "journal", StatusOK, "0 damaged, 0 bytes torn")
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited for 10 s in vain")
		}
	}
}

func TestCancelledBackupLeavesNothing(t *testing.T) {
	cfg := newFolder(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, err := Backup(ctx, cfg, filepath.Join(dir, "b"), BackupOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	must(t, os.WriteFile(filepath.Join(dir, "c.part"), nil, 0o600))
	if _, err := Backup(t.Context(), cfg, filepath.Join(dir, "c"), BackupOptions{}); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("beside an unfinished backup: %v", err)
	}
	if _, err := Backup(t.Context(), testConfig(t), filepath.Join(dir, "d"), BackupOptions{}); err == nil || !strings.Contains(err.Error(), "not a portico data folder") {
		t.Errorf("of nothing: %v", err)
	}
}

// A file of a forged archive.
type forged struct {
	name string
	kind byte // of tar; 0 for a regular file
	text string
}

func forge(t *testing.T, files ...forged) string {
	t.Helper()
	var b bytes.Buffer
	zip, err := zstd.NewWriter(&b)
	must(t, err)
	w := tar.NewWriter(zip)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Typeflag: f.kind, Mode: 0o600, Size: int64(len(f.text))}
		switch f.kind {
		case 0:
			h.Typeflag = tar.TypeReg
		case tar.TypeSymlink:
			h.Linkname, h.Size = f.text, 0
		}
		must(t, w.WriteHeader(h))
		if h.Size > 0 {
			_, err = io.WriteString(w, f.text)
			must(t, err)
		}
	}
	must(t, errors.Join(w.Close(), zip.Close()))
	return write(t, b.Bytes())
}

func write(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "forged")
	must(t, os.WriteFile(path, b, 0o600))
	return path
}

// wantRefused restores and checks that nothing at all is left of it.
func wantRefused(t *testing.T, what, file, word string) {
	t.Helper()
	parent := t.TempDir()
	_, err := Restore(t.Context(), filepath.Join(parent, "data"), file)
	if err == nil || !strings.Contains(err.Error(), word) {
		t.Errorf("%s: %v; want an error with %q", what, err, word)
	}
	if left, _ := os.ReadDir(parent); len(left) > 0 {
		t.Errorf("%s: %s is left", what, left[0].Name())
	}
}

func TestRestoreRefusesForeignFiles(t *testing.T) {
	for _, f := range []forged{
		{name: "../evil", text: "x"}, {name: "/etc/evil", text: "x"}, {name: "journal/../../evil", text: "x"},
		{name: "journal/0000000000000001.seg/x", text: "x"}, {name: "lock", text: "x"}, {name: "logs.duckdb", text: "x"},
		{name: "journal/1.seg", text: "x"}, {name: "portico.db", kind: tar.TypeSymlink, text: "/etc/passwd"},
		{name: "journal", kind: tar.TypeDir}, {name: "bodies/00000001.seg", kind: tar.TypeLink},
	} {
		wantRefused(t, f.name, forge(t, f), "no backup does")
	}
	wantRefused(t, "twice", forge(t, forged{name: "portico.db", text: "x"}, forged{name: "portico.db", text: "y"}), "exists")
	wantRefused(t, "a large key", forge(t, forged{name: "master.key", text: strings.Repeat("x", 5000)}), "5000 bytes")
	wantRefused(t, "no manifest", forge(t, forged{name: "portico.db", text: "x"}), "no manifest")
	wantRefused(t, "a bad manifest", forge(t, forged{name: manifestName, text: "x"}), "cannot be read")
	wantRefused(t, "a later format", forge(t, forged{name: manifestName, text: `{"format":2,"version":"v9"}`}), "newer portico")
	wantRefused(t, "no database", forge(t, forged{name: manifestName, text: `{"format":1,"members":[]}`}), "whole data folder")
	wantRefused(t, "no archive", write(t, []byte("hello")), "not a portico backup")
	wantRefused(t, "no file", "/nowhere/b", "no such file")
}

// unpacked is what a backup holds, or nil if its compression is damaged.
func unpacked(t *testing.T, backup []byte) []byte {
	t.Helper()
	zip, err := zstd.NewReader(bytes.NewReader(backup))
	must(t, err)
	defer zip.Close()
	plain, err := io.ReadAll(zip)
	if err != nil {
		return nil
	}
	return plain
}

// TestRestoreNoticesEveryDamage cuts a backup short at many places, and changes
// bytes in it, outside and inside of the compression.
func TestRestoreNoticesEveryDamage(t *testing.T) {
	cfg := newFolder(t, 3)
	file := filepath.Join(t.TempDir(), "b")
	_, err := Backup(t.Context(), cfg, file, BackupOptions{WithMasterKey: true})
	must(t, err)
	whole, err := os.ReadFile(file)
	must(t, err)
	plain := unpacked(t, whole)
	for i := range 20 {
		wantRefused(t, fmt.Sprintf("cut at %d/20", i), write(t, whole[:len(whole)*i/20]), "nothing was put in place")
		bad := bytes.Clone(whole)
		bad[len(bad)*i/20] ^= 0x10
		if bytes.Equal(unpacked(t, bad), plain) {
			continue // a bit that the compression does not use
		}
		wantRefused(t, fmt.Sprintf("a bit at %d/20", i), write(t, bad), "nothing was put in place")
	}
	at := bytes.Index(plain, []byte(`"id":"e-1"`))
	plain[at+6] = 'f'
	encoder, err := zstd.NewWriter(nil)
	must(t, err)
	wantRefused(t, "a changed entry", write(t, encoder.EncodeAll(plain, nil)), "is not as the manifest says")
}

func TestRestoreRefusesANewerSchema(t *testing.T) {
	cfg := newFolder(t, 1)
	db, err := sql.Open("sqlite", filepath.Join(cfg.Data, databaseFile))
	must(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO schema_versions VALUES (999, 'later', 0)`)
	must(t, errors.Join(err, db.Close()))
	file := filepath.Join(t.TempDir(), "b")
	_, err = Backup(t.Context(), cfg, file, BackupOptions{}) // an older portico may copy it all the same
	must(t, err)
	wantRefused(t, "a newer schema", file, "newer portico")
}

// While a backup is made, segments that it has listed may be compressed or dropped.
func TestBackupOfSegmentsThatGiveWay(t *testing.T) {
	cfg := newFolder(t, 3)
	bodies := filepath.Join(cfg.Data, bodiesDir)
	must(t, os.WriteFile(filepath.Join(bodies, "00000007.seg.zst"), []byte("packed"), 0o600))
	var file bytes.Buffer
	out, err := newArchiveWriter(&file, time.Now())
	must(t, err)
	b := backup{cfg: cfg, out: out}
	for _, f := range []ledger.SegmentFile{{Name: "00000001.seg", Size: 5}, {Name: "00000007.seg", Size: 99}, {Name: "00000008.seg", Size: 9}, {Name: "00000009.seg.zst", Size: 9}} {
		must(t, b.segment(t.Context(), bodiesDir, f))
	}
	var got []string
	for _, m := range out.members {
		got = append(got, fmt.Sprint(m.Name, " ", m.Size))
		if !knownMember(m.Name) {
			t.Errorf("%s cannot be restored", m.Name)
		}
	}
	if want := []string{"bodies/00000001.seg 5", "bodies/00000007.seg.zst 6"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
