// Package ai is the vocabulary that every other package speaks: what a call is
// (Op, Dialect, Request), what comes back (Reply, Stream, Usage) and what can go
// wrong (Error). It does no I/O and imports nothing of ours.
package ai
