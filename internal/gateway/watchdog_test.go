package gateway

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestWatchdog(t *testing.T) {
	for name, test := range map[string]struct {
		run  func(w *watchdog)
		want time.Duration // after which it barks; 0: never
		in   phase
	}{
		"a phase that takes too long": {func(w *watchdog) { w.enter(awaitingHead, time.Second) }, time.Second, awaitingHead},
		"a phase left in time":        {func(w *watchdog) { w.enter(awaitingHead, time.Second); w.leave() }, 0, 0},
		"a shorter phase after a longer one": {func(w *watchdog) {
			w.enter(awaitingHead, time.Hour)
			time.Sleep(time.Minute)
			w.enter(readingStream, time.Second)
		}, time.Minute + time.Second, readingStream},
		"reads that are each in time, then a stall": {func(w *watchdog) {
			for range 10 {
				w.enter(readingStream, time.Second)
				time.Sleep(900 * time.Millisecond)
				w.leave()
			}
			w.enter(readingStream, time.Second)
		}, 10 * time.Second, readingStream},
		"time spent outside a phase does not count": {func(w *watchdog) {
			w.enter(readingStream, time.Second)
			w.leave()
			time.Sleep(time.Hour)
			w.enter(readingStream, time.Second)
			time.Sleep(500 * time.Millisecond)
			w.leave()
		}, 0, 0},
		"stopped": {func(w *watchdog) { w.enter(awaitingHead, time.Second); w.stop() }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var after time.Duration
				var in phase
				start := time.Now()
				w := &watchdog{bark: func(p phase) { after, in = time.Since(start), p }}
				test.run(w)
				time.Sleep(2 * time.Hour)
				w.stop()
				synctest.Wait()
				if after != test.want || in != test.in {
					t.Errorf("barked after %s in phase %d, want %s in %d", after, in, test.want, test.in)
				}
			})
		})
	}
}
