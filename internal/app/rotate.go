package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/control"
	"github.com/portico-ai/portico/internal/secret"
	"github.com/portico-ai/portico/internal/store/sqldb"
)

// A Rotation says where the keys are after the master key was exchanged. Both
// are empty when the key is not kept in a file but in PORTICO_MASTER_KEY.
type Rotation struct {
	KeyFile    string // holds the new key
	OldKeyFile string // holds the old one, which opens older backups
	Shared     bool   // both open the data until FinishRotation
}

// A rotationStep is a point between two changes of RotateMasterKey. After each of
// them the process may die, and the folder starts with the key that is in place.
type rotationStep string

const (
	stepStaged   rotationStep = "staged"   // the new key is on the disk, under another name
	stepSealed   rotationStep = "sealed"   // the database opens with either key
	stepKept     rotationStep = "kept"     // the old key has a second name
	stepReplaced rotationStep = "replaced" // the new key is in place
	stepDone     rotationStep = "done"     // the database opens with the new key alone
)

// RotateMasterKey exchanges the master key: for the given one, or for a random
// one if that is zero. The server must be stopped. What a crash on the way leaves
// is in order: start the server, or run this again.
func RotateMasterKey(ctx context.Context, cfg Config, key ai.Secret) (Rotation, error) {
	return rotate(ctx, cfg, key, func(rotationStep) {})
}

// rotate is RotateMasterKey with somebody told of every step.
func rotate(ctx context.Context, cfg Config, key ai.Secret, reached func(rotationStep)) (_ Rotation, err error) {
	if err := requireFolder(cfg); err != nil {
		return Rotation{}, err
	}
	lock, err := lockFolder(cfg.Data)
	if err != nil {
		return Rotation{}, err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	source := masterSource(cfg)
	from, err := secret.Master(source)
	if err != nil {
		return Rotation{}, err
	}
	if key.IsZero() {
		if source.Path() == "" {
			return Rotation{}, errors.New("the master key is in PORTICO_MASTER_KEY, which no command can change: give the new key too, with PORTICO_NEW_MASTER_KEY or --new-key-file")
		}
		key = secret.GenerateMaster()
	}
	to, err := secret.ParseMaster(key, "the new master key")
	if err != nil {
		return Rotation{}, err
	}
	db, err := openDatabase(ctx, cfg, nil)
	if err != nil {
		return Rotation{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if source.Path() == "" {
		return Rotation{Shared: cfg.shared()}, control.ExchangeMaster(ctx, db, from, to)
	}
	return exchangeFile(ctx, db, from, to, source.Path(), key, cfg.shared(), reached)
}

// FinishRotation ends the time in which the data opens with the master key before
// the exchange, too. The key in place must be the new one.
func FinishRotation(ctx context.Context, cfg Config) (err error) {
	if err := requireFolder(cfg); err != nil {
		return err
	}
	master, err := secret.Master(masterSource(cfg))
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, cfg, nil)
	if err != nil {
		return err
	}
	return errors.Join(control.FinishExchange(ctx, db, master), db.Close())
}

// exchangeFile seals the database for both keys, puts the new one in place, and
// seals it for that one alone, unless other nodes have the old one still.
func exchangeFile(ctx context.Context, db *sqldb.Store, from, to *secret.Box, path string, key ai.Secret, shared bool, reached func(rotationStep)) (r Rotation, err error) {
	staged, err := secret.StageMaster(path, key)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, staged.Discard()) }()
	reached(stepStaged)
	if err := control.ExchangeMaster(ctx, db, from, to); err != nil {
		return r, err
	}
	reached(stepSealed)
	if r, err = replaceKey(staged, to, path, reached); err != nil {
		return r, fmt.Errorf("%w; the data opens with the key that is in place now, so the server can start: run this again later", err)
	}
	if r.Shared = shared; shared {
		return r, nil
	}
	if err := control.ForgetOldMaster(ctx, db); err != nil {
		return r, err
	}
	reached(stepDone)
	return r, nil
}

func replaceKey(staged *secret.StagedKey, to *secret.Box, path string, reached func(rotationStep)) (r Rotation, err error) {
	r.KeyFile = path
	if r.OldKeyFile, err = staged.KeepOld(time.Now()); err != nil {
		return r, err
	}
	reached(stepKept)
	if err := staged.Replace(); err != nil {
		return r, err
	}
	reached(stepReplaced)
	// What is read back decides, not what was meant to be written.
	found, err := secret.Master(secret.Source{File: path})
	if err == nil && !found.Same(to) {
		err = fmt.Errorf("%s does not hold the new key", path)
	}
	return r, err
}

// ReadNewKey reads a master key from a file.
func ReadNewKey(path string) (ai.Secret, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return ai.Secret{}, fmt.Errorf("--new-key-file: %w", err)
	}
	return ai.NewSecret(string(b)), nil
}
