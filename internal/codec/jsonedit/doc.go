// Package jsonedit looks into JSON documents and changes single members of them
// without decoding the rest: unknown fields, key order, spacing and big numbers
// stay as they were. Scan is the strict check of what a client sent; the other
// functions expect documents that are valid and, given others, find less but
// never fail harder than with an error.
package jsonedit
