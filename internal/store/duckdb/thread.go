package duckdb

import "runtime"

// A thread is one thread of the operating system that runs functions one after
// the other. DuckDB's allocator keeps freed memory for each thread that it is
// called on; goroutines move among many.
type thread struct{ work chan func() }

func startThread() thread {
	t := thread{make(chan func())}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with it
		for f := range t.work {
			f()
		}
	}()
	return t
}

// do runs f and waits for its end.
func (t thread) do(f func()) {
	done := make(chan struct{})
	t.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

func (t thread) stop() { close(t.work) }
