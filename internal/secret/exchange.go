package secret

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// GenerateMaster makes a random master key, as text.
func GenerateMaster() ai.Secret {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key)
	return ai.NewSecret(base64.StdEncoding.EncodeToString(key))
}

// ParseMaster makes a Box of a master key as text. where names, in errors, the
// place it was found in.
func ParseMaster(key ai.Secret, where string) (*Box, error) { return parseMaster(key.Reveal(), where) }

// Path is the file that the master key is read from, "" if it is not from a file.
func (from Source) Path() string {
	switch {
	case from.Value != "":
		return ""
	case from.File != "":
		return from.File
	}
	return filepath.Join(from.Dir, MasterFile)
}

// Text reads the master key as text, which Master makes a Box of.
func (from Source) Text() (ai.Secret, error) {
	if from.Value != "" {
		return ai.NewSecret(from.Value), nil
	}
	b, err := os.ReadFile(from.Path())
	if err != nil {
		return ai.Secret{}, fmt.Errorf("read the master key: %w", err)
	}
	return ai.NewSecret(string(b)), nil
}

// A StagedKey is a new master key that waits on the disk beside the file it is
// to replace. At every moment that file holds the old or the new key, whole.
type StagedKey struct {
	path string // of the file to replace, links followed
	tmp  string
}

// StageMaster writes the key beside the file at path.
func StageMaster(path string, key ai.Secret) (_ *StagedKey, err error) {
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, fmt.Errorf("find the master key: %w", err)
	}
	s := &StagedKey{path: path}
	if s.tmp, err = writeStaged(path, strings.TrimSpace(key.Reveal())); err != nil {
		return nil, fmt.Errorf("write the new master key: %w", err)
	}
	return s, nil
}

// writeStaged makes a file with the key, mode 0600, under a name beside path.
func writeStaged(path, key string) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(key + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// KeepOld gives the old key's file a second name, with mode 0600, and returns it.
func (s *StagedKey) KeepOld(now time.Time) (string, error) {
	old := s.path + ".old-" + now.UTC().Format("20060102T150405.000000Z")
	if err := os.Link(s.path, old); err != nil {
		return "", fmt.Errorf("keep the old master key: %w", err)
	}
	if err := os.Chmod(old, 0o600); err != nil {
		return "", fmt.Errorf("keep the old master key: %w", err)
	}
	return old, nil
}

// Replace puts the new key in the place of the old one, for good once it returns.
func (s *StagedKey) Replace() error {
	if err := os.Rename(s.tmp, s.path); err != nil {
		return fmt.Errorf("put the new master key in place: %w", err)
	}
	dir, err := os.Open(filepath.Dir(s.path))
	if err != nil {
		return fmt.Errorf("put the new master key in place: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Discard removes the staged key if it was not put in place.
func (s *StagedKey) Discard() error {
	if err := os.Remove(s.tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the unused master key: %w", err)
	}
	return nil
}
