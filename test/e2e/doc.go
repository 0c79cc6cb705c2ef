// Package e2e holds tests of the whole program from outside: they start the
// real binary on a data folder of their own and speak HTTP to it.
package e2e
