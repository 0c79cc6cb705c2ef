package app

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/portico-ai/portico/internal/secret"
	"github.com/portico-ai/portico/internal/store/sqldb"
)

// Restore makes a data folder of a backup. The folder must be empty, or not be
// there. Everything is unpacked beside it and checked; only then, in one step, it
// takes the folder's place. After an error the folder is as it was.
func Restore(ctx context.Context, dir, file string) (_ Manifest, err error) {
	dir, err = restorePlace(dir)
	if err != nil {
		return Manifest{}, err
	}
	in, err := os.Open(file)
	if err != nil {
		return Manifest{}, fmt.Errorf("restore: %w", err)
	}
	defer in.Close()                                                             //nolint:errcheck // only read
	tmp, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".restore-*") // mode 0700
	if err != nil {
		return Manifest{}, fmt.Errorf("restore beside %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	m, err := unpack(ctx, in, tmp)
	if err == nil {
		err = checkRestored(ctx, m, tmp)
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("restore %s: %w; nothing was put in place", file, err)
	}
	return m, putInPlace(tmp, dir)
}

// restorePlace follows links and refuses a folder that holds anything.
func restorePlace(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return dir, os.MkdirAll(filepath.Dir(dir), 0o700)
	}
	if err != nil {
		return "", err
	}
	names, err := os.ReadDir(real)
	if err != nil {
		return "", fmt.Errorf("--data: %w", err)
	}
	if len(names) > 0 {
		return "", fmt.Errorf("%s is not empty (it holds %s); restore into an empty folder, so that nothing is overwritten", dir, names[0].Name())
	}
	return real, nil
}

func putInPlace(tmp, dir string) error {
	// The kernel's rename replaces an empty folder and refuses any other.
	err := unix.Rename(tmp, dir)
	switch {
	case errors.Is(err, unix.EBUSY), errors.Is(err, unix.EXDEV):
		return fmt.Errorf("%s is a mount point, which cannot be replaced in one step: restore into a folder below it, and start with that as --data", dir)
	case err != nil:
		return fmt.Errorf("put %s in place: %w", dir, err)
	}
	return syncDir(filepath.Dir(dir))
}

// unpack writes the members of an archive into dir and compares each with the
// manifest.
func unpack(ctx context.Context, r io.Reader, dir string) (m Manifest, err error) {
	zip, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return m, err
	}
	defer zip.Close()
	for _, sub := range []string{journalDir, bodiesDir} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return m, err
		}
	}
	var members []Member
	for in := tar.NewReader(zip); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return m, errors.New("it has no manifest: it is not a portico backup")
		}
		if err != nil {
			return m, fmt.Errorf("it is damaged, cut, or not a portico backup: %w", err)
		}
		if h.Name == manifestName {
			if m, err = readManifest(in, h.Size, members); err != nil {
				return m, err
			}
			return m, nothingFollows(in)
		}
		if h.Typeflag != tar.TypeReg || !knownMember(h.Name) {
			return m, fmt.Errorf("it holds %q, which no backup does", h.Name)
		}
		got, err := unpackMember(ctx, in, dir, h)
		if err != nil {
			return m, err
		}
		members = append(members, got)
	}
}

func unpackMember(ctx context.Context, r io.Reader, dir string, h *tar.Header) (got Member, err error) {
	if h.Name == secret.MasterFile && h.Size > maxKeyFile {
		return got, fmt.Errorf("its %s has %d bytes", h.Name, h.Size)
	}
	// O_EXCL: a member that is there twice is refused.
	f, err := os.OpenFile(filepath.Join(dir, filepath.FromSlash(h.Name)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return got, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), contextReader{ctx, r})
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return got, fmt.Errorf("%s: %w", h.Name, err)
	}
	return Member{h.Name, n, hexSum(sum)}, nil
}

// readManifest compares the manifest with what was unpacked before it.
func readManifest(r io.Reader, size int64, members []Member) (m Manifest, err error) {
	if size > maxManifest {
		return m, fmt.Errorf("its manifest has %d bytes", size)
	}
	if err := json.NewDecoder(r).Decode(&m); err != nil {
		return m, fmt.Errorf("its manifest cannot be read: %w", err)
	}
	if m.Format > archiveFormat {
		return m, fmt.Errorf("it has format %d, made by portico %s, and this program knows formats up to %d: restore it with a newer portico", m.Format, m.Version, archiveFormat)
	}
	if len(m.Members) != len(members) {
		return m, fmt.Errorf("it holds %d files, and its manifest names %d", len(members), len(m.Members))
	}
	for i, want := range m.Members {
		if members[i] != want {
			return m, fmt.Errorf("it is damaged: %s is not as the manifest says", want.Name)
		}
	}
	hasKey := slices.ContainsFunc(members, func(x Member) bool { return x.Name == secret.MasterFile })
	hasDatabase := slices.ContainsFunc(members, func(x Member) bool { return x.Name == databaseFile })
	if !hasDatabase || hasKey != m.MasterKey {
		return m, errors.New("its manifest does not describe a whole data folder")
	}
	return m, nil
}

func nothingFollows(in *tar.Reader) error {
	if h, err := in.Next(); err == nil {
		return fmt.Errorf("it holds %q after its manifest, which no backup does", h.Name)
	} else if !errors.Is(err, io.EOF) {
		return fmt.Errorf("its end is damaged: %w", err)
	}
	return nil
}

// checkRestored opens what was unpacked.
func checkRestored(ctx context.Context, m Manifest, dir string) (err error) {
	db, err := sqldb.OpenReadOnly(ctx, filepath.Join(dir, databaseFile))
	if err != nil {
		return err
	}
	have, known, err := db.Schema(ctx)
	if err == nil && have > known {
		err = fmt.Errorf("its database has schema version %d, made by portico %s, and this program knows versions up to %d: restore it with a newer portico", have, m.Version, known)
	}
	var problems []string
	if err == nil {
		problems, err = db.Check(ctx)
	}
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("its database is damaged: %s", problems[0])
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	for _, sub := range []string{journalDir, bodiesDir, ""} {
		if err := syncDir(filepath.Join(dir, sub)); err != nil {
			return err
		}
	}
	return nil
}
