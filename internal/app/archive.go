package app

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/internal/secret"
)

// A backup is a tar file, compressed with zstd. Its last member is the manifest,
// so that an archive that was cut has none.
const (
	archiveFormat = 1
	manifestName  = "manifest.json"
	maxManifest   = 64 << 20 // bytes
	maxKeyFile    = 4 << 10  // bytes
	maxWindow     = 64 << 20 // bytes of memory that unpacking may take; ours needs 8 MiB
)

// A Manifest says what a backup holds.
type Manifest struct {
	Format    int       `json:"format"`
	Version   string    `json:"version"` // of the portico that made it
	CreatedAt time.Time `json:"created_at"`
	Schema    int       `json:"schema"`     // version of the database's schema
	MasterKey bool      `json:"master_key"` // whether the master key is in it
	Members   []Member  `json:"members"`    // all but the manifest, in order
}

// A Member is one file of a backup.
type Member struct {
	Name   string `json:"name"` // within the data folder
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Bytes is the size of all members together.
func (m Manifest) Bytes() (n int64) {
	for _, x := range m.Members {
		n += x.Size
	}
	return n
}

// Count is the number of members in a folder, such as "journal".
func (m Manifest) Count(folder string) (n int) {
	for _, x := range m.Members {
		if strings.HasPrefix(x.Name, folder+"/") {
			n++
		}
	}
	return n
}

// knownMember reports whether a backup may hold a member of this name. Nothing
// else is ever written or read back, so no name leads out of a data folder.
func knownMember(name string) bool {
	if file, ok := strings.CutPrefix(name, journalDir+"/"); ok {
		return ledger.IsJournalFile(file)
	}
	if file, ok := strings.CutPrefix(name, bodiesDir+"/"); ok {
		return ledger.IsBodyFile(file)
	}
	return name == databaseFile || name == secret.MasterFile
}

// An archiveWriter writes the members of a backup and remembers them.
type archiveWriter struct {
	zip     *zstd.Encoder
	tar     *tar.Writer
	members []Member
	now     time.Time
}

func newArchiveWriter(w io.Writer, now time.Time) (*archiveWriter, error) {
	// One core, because a server may be busy beside it.
	zip, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return &archiveWriter{zip: zip, tar: tar.NewWriter(zip), now: now}, nil
}

// file adds the first size bytes of a file.
func (w *archiveWriter) file(ctx context.Context, name, path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	return w.add(ctx, name, f, size)
}

func (w *archiveWriter) add(ctx context.Context, name string, r io.Reader, size int64) error {
	if err := w.header(name, size); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w.tar, sum), io.LimitReader(contextReader{ctx, r}, size))
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	w.members = append(w.members, Member{name, size, hexSum(sum)})
	return nil
}

func (w *archiveWriter) header(name string, size int64) error {
	return w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.now, Format: tar.FormatPAX})
}

// finish completes the manifest, adds it and ends the archive.
func (w *archiveWriter) finish(m *Manifest) error {
	m.Format, m.CreatedAt, m.Members = archiveFormat, w.now, w.members
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := w.header(manifestName, int64(len(text))); err != nil {
		return err
	}
	_, err = w.tar.Write(text)
	return errors.Join(err, w.tar.Close(), w.zip.Close())
}

func hexSum(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)) }

// A contextReader stops when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
