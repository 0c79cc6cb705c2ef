// Package ledger is the record of what happened: one Entry per request, in a
// local journal that is written before the last byte of a reply is released,
// and the readers that follow it. A reservation is written when a request is
// admitted and a settlement when it ends, so a crash leaves a trace of both.
// Bodies are kept beside the journal and may be lost; entries may not.
package ledger
