// Package sse reads and writes server-sent events. A Reader cuts a byte stream
// into chunks of whole events without changing a byte, so that a stream may be
// passed on as it is; a Decoder splits such chunks into events as the WHATWG
// event stream specification defines them; Append functions write events.
package sse
