// Package route is the routing Config: how it is parsed and validated, what its
// targets inherit, and the state machine that walks it. It has no clock, no
// network and no dice of its own: it is told how the last attempt ended and says
// what to do next.
package route
