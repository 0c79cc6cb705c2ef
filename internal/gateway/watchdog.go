package gateway

import (
	"sync"
	"time"
)

// The phases of an exchange that are bounded in time.
type phase uint8

const (
	awaitingHead phase = iota
	awaitingJob
	readingBody
	awaitingToken
	readingStream
)

// A watchdog ends a phase that takes too long. It is made for streams: a phase is
// entered for every read, so entering one is cheap, and the timer behind it is
// set anew only when it goes off or would go off too late.
type watchdog struct {
	bark func(phase) // called at most once, from the timer's goroutine

	mu      sync.Mutex
	timer   *time.Timer
	due     instant // when the timer goes off
	phase   phase
	limit   time.Duration
	entered instant // idle while nothing is waited for
	stopped bool
}

// An instant is a reading of the monotonic clock alone, which is half as dear as
// one of time.Now.
type instant time.Duration

const idle instant = -1

var epoch = time.Now()

func now() instant { return instant(time.Since(epoch)) }

// enter begins a phase that may take d.
func (w *watchdog) enter(p phase, d time.Duration) {
	at := now()
	end := at + instant(d)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase, w.limit, w.entered = p, d, at
	switch {
	case w.timer == nil:
		w.due = end
		w.timer = time.AfterFunc(d, w.check)
	case w.due > end:
		w.due = end
		w.timer.Reset(d)
	}
}

// leave ends the phase in time.
func (w *watchdog) leave() {
	w.mu.Lock()
	w.entered = idle
	w.mu.Unlock()
}

// check barks if the phase is over its limit, else looks again when it would be.
func (w *watchdog) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	left, at := w.limit, now()
	if w.entered != idle {
		if left -= time.Duration(at - w.entered); left <= 0 {
			w.stopped = true
			go w.bark(w.phase)
			return
		}
	}
	w.due = at + instant(left)
	w.timer.Reset(left)
}

// stop ends the watch.
func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
}
