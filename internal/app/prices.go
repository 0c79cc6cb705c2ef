package app

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/portico-ai/portico/internal/price"
)

// pricesEvery is how often the price file is looked at.
const pricesEvery = 5 * time.Second

// A priceFile is the prices in force: the program's own with those of the
// operator's file on top, which is read again when it changes. One that cannot be
// taken leaves the last in force.
type priceFile struct {
	price.Book
	own    *price.Catalogue
	path   string // "" for none
	log    *slog.Logger
	read   fs.FileInfo // as it was when it was read last; nil if it could not be looked at
	failed atomic.Bool
}

// loadPrices reads the prices for the first time, where a fault is fatal.
func loadPrices(path string, log *slog.Logger) (*priceFile, error) {
	own, err := price.Load()
	if err != nil {
		return nil, err
	}
	p := &priceFile{own: own, path: path, log: log}
	p.Set(own)
	if path == "" {
		return p, nil
	}
	if err := p.load(); err != nil {
		return nil, fmt.Errorf("load the prices: %w", err)
	}
	return p, nil
}

func (p *priceFile) load() (err error) {
	p.read, _ = os.Stat(p.path) // before reading, so that a change meanwhile is seen
	file, err := os.Open(p.path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // only read
	next, err := p.own.WithOverrides(file)
	if err != nil {
		return err
	}
	p.Set(next)
	return nil
}

// follow reads the file again whenever it has changed, and at SIGHUP, until ctx ends.
func (p *priceFile) follow(ctx context.Context, every time.Duration) {
	if p.path == "" {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP)
	defer signal.Stop(asked)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
			p.reload()
		case <-tick.C:
			if p.changed() {
				p.reload()
			}
		}
	}
}

// changed also sees a file that was put in the other's place, as editors and
// mounted volumes do.
func (p *priceFile) changed() bool {
	now, err := os.Stat(p.path)
	if err != nil || p.read == nil {
		return (err != nil) != (p.read == nil)
	}
	return !os.SameFile(now, p.read) || !now.ModTime().Equal(p.read.ModTime()) || now.Size() != p.read.Size()
}

func (p *priceFile) reload() {
	err := p.load()
	p.failed.Store(err != nil)
	if err != nil {
		p.log.Error("price file not taken; the last good one is in force", "file", p.path, "prices", p.Catalogue().Version(), "error", err)
		return
	}
	p.log.Info("price file read", "file", p.path, "prices", p.Catalogue().Version())
}

// stale is 1 while the file cannot be taken, for metrics.
func (p *priceFile) stale() float64 {
	if p.failed.Load() {
		return 1
	}
	return 0
}
