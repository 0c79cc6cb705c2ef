package ledger

import (
	"errors"
	"time"
)

// Durability says which accident a record survives once the journal has
// acknowledged it.
type Durability string

// The durabilities.
const (
	Process Durability = "process" // the death of the process
	Power   Durability = "power"   // that of the machine too: records are synced, many at a time
)

// A promise is kept once everything before a position is on the disk. Whoever
// waits for it does so without j.mu.
type promise struct {
	to   Position
	undo func() // takes the record back when it cannot be kept; may be nil; j.mu is held
	done chan error
}

func (p *promise) wait() error {
	if p == nil {
		return nil
	}
	return <-p.done
}

// promise is what the writer of the last record waits for, if records must
// survive the machine. j.mu is held.
func (j *Journal) promise(undo func()) *promise {
	p := &promise{to: j.end, undo: undo, done: make(chan error, 1)}
	j.promises = append(j.promises, p)
	j.wakeSyncer()
	return p
}

func (j *Journal) power() bool { return j.opt.Durability == Power }

// keep returns once everything before pos is on the disk. Readers call it before
// they apply what they have read, so that none is ever ahead of what a power cut
// leaves of the journal. Without Durability Power a disk that cannot sync is
// reported and does not hold readers up.
func (j *Journal) keep(pos Position) error {
	j.mu.Lock()
	if !j.synced.Before(pos) {
		j.mu.Unlock()
		return nil
	}
	if j.closed {
		j.mu.Unlock()
		return errClosed
	}
	p := &promise{to: pos, done: make(chan error, 1)}
	j.promises = append(j.promises, p)
	j.wakeSyncer()
	j.mu.Unlock()
	return p.wait()
}

var errClosed = errors.New("the journal is closed")

func (j *Journal) wakeSyncer() {
	if j.closed {
		return
	}
	select {
	case j.syncWake <- struct{}{}:
	default: // it will see this one too
	}
}

// syncer syncs whenever somebody waits. All who began to wait during one sync
// share the next.
func (j *Journal) syncer() {
	defer close(j.syncerDone)
	for range j.syncWake {
		j.mu.Lock()
		w := j.syncWork()
		j.mu.Unlock()
		err := j.syncFiles(w)
		j.mu.Lock()
		_ = j.finishSync(w, err) // who waits is told
		j.mu.Unlock()
	}
}

// syncNow is one round of the syncer with j.mu held, for when nothing may be
// written meanwhile.
func (j *Journal) syncNow() error {
	w := j.syncWork()
	return j.finishSync(w, j.syncFiles(w))
}

// A syncRound is what there is to sync at one moment.
type syncRound struct {
	upTo  Position
	cuts  int
	older []olderSegment
	f     file
	names bool
}

// An olderSegment is one before the journal's end that has not been synced. Its
// file stays open until then: the disk's error about it is told to those who had
// it open. Segments of an earlier run have none and are opened by name.
type olderSegment struct {
	number uint64
	f      file
}

func (j *Journal) syncWork() syncRound {
	w := syncRound{upTo: j.end, cuts: j.cuts, older: j.older, f: j.f, names: j.newNames}
	j.older, j.newNames = nil, false
	return w
}

// syncFiles does it. An error of the disk is told only once, to whoever syncs
// first, so syncs go one at a time and all fail until one failure is dealt with.
func (j *Journal) syncFiles(w syncRound) error {
	j.syncMu.Lock()
	defer j.syncMu.Unlock()
	if j.syncErr == nil {
		j.syncErr = j.syncAll(w)
	}
	return j.syncErr
}

func (j *Journal) syncAll(w syncRound) error {
	for _, o := range w.older {
		if o.f == nil {
			f, err := j.dir.Open(segmentName(o.number))
			if isMissing(err) {
				continue
			}
			if err != nil {
				return err
			}
			if err := errors.Join(f.Sync(), f.Close()); err != nil {
				return err
			}
		} else if err := o.f.Sync(); err != nil {
			return err
		}
	}
	if err := w.f.Sync(); err != nil {
		return err
	}
	if w.names {
		return j.dir.Sync()
	}
	return nil
}

// finishSync tells those who wait. j.mu is held.
func (j *Journal) finishSync(w syncRound, err error) error {
	if w.cuts != j.cuts { // records were taken back meanwhile: it says nothing of those in their place
		j.unfinished(w)
		j.wakeSyncer()
		return err
	}
	if err != nil {
		j.unfinished(w)
		j.syncMu.Lock()
		j.syncErr = nil
		j.syncMu.Unlock()
		j.syncFailed(err)
		return err
	}
	for _, o := range w.older {
		if o.f != nil {
			_ = o.f.Close() // synced
		}
	}
	j.stats.Syncs++
	j.syncFaulty = false
	if j.synced.Before(w.upTo) {
		j.synced = w.upTo
	}
	j.tellPromises(nil)
	return nil
}

func (j *Journal) unfinished(w syncRound) {
	j.older = append(w.older, j.older...)
	j.newNames = j.newNames || w.names
}

// tellPromises ends those that are kept, and with an error all.
func (j *Journal) tellPromises(err error) {
	left := j.promises[:0]
	for _, p := range j.promises {
		switch {
		case !j.synced.Before(p.to):
			p.done <- nil
		case err != nil:
			if p.undo != nil {
				p.undo()
			}
			p.done <- err
		default:
			left = append(left, p)
		}
	}
	clear(j.promises[len(left):])
	j.promises = left
	if len(left) > 0 {
		j.wakeSyncer()
	}
}

// syncFailed: what the disk did with the records since the last sync is not
// known, and asking again proves nothing. With Durability Power they are taken
// back and the journal refuses until new ones can be synced in their place.
// Otherwise nobody was promised more than that the kernel has them.
func (j *Journal) syncFailed(err error) {
	if j.power() {
		j.withdraw(err)
		return
	}
	if !j.syncFaulty {
		j.log.Error("journal not synced: a power cut would take recent records", "error", err)
	}
	j.syncFaulty = true
	for _, p := range j.promises {
		p.done <- nil
	}
	clear(j.promises)
	j.promises = j.promises[:0]
}

// withdraw takes back every record that is not known to be on the disk: their
// writers get an error, settlements are owed. With Durability Power these are all
// in the last segment, for none is begun before the last one is synced.
func (j *Journal) withdraw(err error) {
	if j.failed == nil {
		j.log.Error("journal refuses: records not synced", "error", err)
	}
	j.failed, j.retryAt = err, time.Now().Add(retryEvery)
	j.cuts++
	j.end = j.synced
	j.tail.cut(j.end)
	j.allocated = min(j.allocated, 0)
	if terr := j.f.Truncate(j.end.Offset); terr != nil {
		j.failed = errors.Join(err, terr)
	}
	j.tellPromises(refusal(err))
}
