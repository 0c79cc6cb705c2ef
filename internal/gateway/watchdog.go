package gateway

import (
	"sync"
	"time"
)

// The phases of an exchange that are bounded in time.
type phase uint8

const (
	awaitingHead phase = iota
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
	due     time.Time // when the timer goes off
	phase   phase
	limit   time.Duration
	entered time.Time // zero while nothing is waited for
	stopped bool
}

// enter begins a phase that may take d.
func (w *watchdog) enter(p phase, d time.Duration) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase, w.limit, w.entered = p, d, now
	switch {
	case w.timer == nil:
		w.due = now.Add(d)
		w.timer = time.AfterFunc(d, w.check)
	case w.due.Sub(now) > d:
		w.due = now.Add(d)
		w.timer.Reset(d)
	}
}

// leave ends the phase in time.
func (w *watchdog) leave() {
	w.mu.Lock()
	w.entered = time.Time{}
	w.mu.Unlock()
}

// check barks if the phase is over its limit, else looks again when it would be.
func (w *watchdog) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	left := w.limit
	if !w.entered.IsZero() {
		if left -= time.Since(w.entered); left <= 0 {
			w.stopped = true
			go w.bark(w.phase)
			return
		}
	}
	w.due = time.Now().Add(left)
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
