package ai

import "net/http"

// A Request is one call as it entered the building. Body stays exactly as the
// client sent it until something has a reason to change it.
type Request struct {
	ID      string // the request's id and the id of its log; a UUID
	Op      Op
	Dialect Dialect // the wire format Body is written in
	Model   string  // body's top-level "model", "" if absent
	Stream  bool    // body's top-level "stream" is true
	Body    []byte
	Header  http.Header // client headers, only what may be forwarded

	// PathParams are the parts of the path that name something, such as the id
	// of a stored response; Query is the query string as it came.
	PathParams map[string]string
	Query      string

	// WantsUsage says that the client itself asked for usage in the stream
	// (OpenAI's stream_options.include_usage).
	WantsUsage bool
}

// A Receipt records something that a translation could not carry. Receipts are
// shown in the log; nothing is dropped in silence.
type Receipt struct {
	Path   string `json:"path"`   // where in the source body: "messages[2].audio"
	Reason string `json:"reason"` // one sentence for a person
}
