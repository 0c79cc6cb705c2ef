package secret

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// MasterFile is the name of the master key in the data folder.
const MasterFile = "master.key"

// A Source says where the master key comes from: the first of its places that
// is set.
type Source struct {
	Value string // the key itself: base64 of 32 bytes (PORTICO_MASTER_KEY)
	File  string // a file that holds it (PORTICO_MASTER_KEY_FILE)
	Dir   string // the data folder, where it is MasterFile
	// Create lets MasterFile be made when it is missing. Leave it unset where
	// the folder already has a database: its key is lost, not new.
	Create bool
}

// Master finds the master key.
func Master(from Source) (*Box, error) {
	switch {
	case from.Value != "":
		return parseMaster(from.Value, "PORTICO_MASTER_KEY")
	case from.File != "":
		return readMaster(from.File)
	}
	path := from.Path()
	box, err := readMaster(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return box, err
	}
	if !from.Create {
		return nil, fmt.Errorf("the master key %s is missing, and without it the secrets in this data folder cannot be opened; put it back, or set PORTICO_MASTER_KEY", path)
	}
	return createMaster(path)
}

func readMaster(path string) (*Box, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	return parseMaster(string(b), path)
}

func parseMaster(text, where string) (*Box, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != KeySize {
		return nil, fmt.Errorf("%s: a master key is %d bytes in base64; make one with: head -c 32 /dev/urandom | base64", where, KeySize)
	}
	return NewBox(key)
}

// createMaster writes the new key under another name first, so that a crash
// leaves no half a key, and links it so that it never replaces one.
func createMaster(path string) (*Box, error) {
	key := GenerateMaster()
	tmp, err := writeStaged(path, key.Reveal())
	if err != nil {
		return nil, fmt.Errorf("create the master key: %w", err)
	}
	defer func() { _ = os.Remove(tmp) }()
	if err := os.Link(tmp, path); err != nil {
		return nil, fmt.Errorf("create the master key: %w", err)
	}
	return ParseMaster(key, path)
}
