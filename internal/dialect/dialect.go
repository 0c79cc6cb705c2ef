// Package dialect turns calls and replies of one public wire format into
// another. Each format has a folder and translates to and from one hub, OpenAI's
// chat completions schema plus documented extension fields, so that N + M
// translators serve every pair. Everything here is bytes in, bytes out: no
// network, no clock, no state beyond one stream.
package dialect

import "github.com/portico-ai/portico/internal/ai"

// A Conversion carries what a translation needs to know about its call and
// collects what it could not carry.
type Conversion struct {
	Op       ai.Op
	Model    string // the model asked for; used where a reply names none
	Stream   bool
	Strict   bool   // strict OpenAI compliance: no extension fields in hub output
	Onward   bool   // the hub is a step on the way to another format: its own words, and only extensions that others read
	Thoughts bool   // the provider speaks the hub and takes its model's thoughts back, as reasoning_content
	Object   string // id of the batch or file that the address names
	ID       string // fallback id for replies whose format has none
	Now      int64  // unix seconds for formats without a timestamp

	// Request is the client's request as routing left it, before it was
	// translated, for formats whose replies repeat it, leave out what it asked
	// to be told again, or take the shape that it
	// asks for; nil if it is not at hand.
	Request []byte
	// Files are those of a form's field, nil if the request is no form. A
	// translation that writes them into its body says so with Inline; else the
	// form is sent, with the members of the body as its fields.
	Files  func(field string) []ai.Upload
	Inline bool
	// UpstreamType is the media type of a provider's whole reply, and ReplyType
	// that of what ReplyToHub made of it; "" means JSON.
	UpstreamType, ReplyType string

	Receipts []ai.Receipt

	// What the translation of a request leaves for that of its reply.
	Single    bool  // embeddings: one vector was asked for, not a list
	Base64    bool  // embeddings: vectors are wanted in base64
	MaxTokens int64 // chats: tokens that the answer may have, where the reply does not tell why it ended
}

// Drop records that something at path could not be carried.
func (c *Conversion) Drop(path, reason string) {
	c.Receipts = append(c.Receipts, ai.Receipt{Path: path, Reason: reason})
}

// A Translator converts between one format and the hub. Errors it returns are
// *ai.Error: Invalid for a request that cannot be expressed (naming the field),
// BadGateway for a reply that is not of the format.
type Translator interface {
	RequestToHub(c *Conversion, body []byte) ([]byte, error)
	RequestFromHub(c *Conversion, body []byte) ([]byte, error)
	ReplyToHub(c *Conversion, body []byte) ([]byte, error)
	ReplyFromHub(c *Conversion, body []byte) ([]byte, error)
	// The stream translators own src: closing the result closes it. They end
	// with io.EOF only if src did.
	StreamToHub(c *Conversion, src ai.Stream) ai.Stream
	StreamFromHub(c *Conversion, src ai.Stream) ai.Stream
}

// An Addressed format names the model, and whether to stream, in the address of a
// request instead of its body.
type Addressed interface {
	// WithModel returns a request's body with whatever names a model in it
	// changed to model; a body that names none is returned as it is.
	WithModel(op ai.Op, body []byte, model string) ([]byte, error)
}

// A Format is everything Portico knows about a wire format.
type Format interface {
	Dialect() ai.Dialect

	// Usage reads the usage of a whole reply; Known is false if it has none.
	Usage(op ai.Op, reply []byte) ai.Usage
	// Model reads the model that a whole reply says it was made by.
	Model(op ai.Op, reply []byte) string
	// Watch returns a fresh observer for one stream of this format.
	Watch(op ai.Op) Watcher

	// ParseError reads a provider's error reply (status is not 2xx, or body is
	// an error object). It never fails: a body that is not the format's error
	// becomes a message of its first 500 characters.
	ParseError(status int, body []byte) *ai.Error
	// ErrorBody and ErrorEvent write an error for a client of this format: as a
	// whole JSON body, and as the event that ends a broken stream.
	ErrorBody(e *ai.Error) []byte
	ErrorEvent(e *ai.Error) []byte
}

// A Watcher looks at a stream as it passes, without changing it.
type Watcher interface {
	// Observe is given each chunk of whole events in order. It must be cheap:
	// it is called for every chunk of every stream.
	Observe(chunk []byte)
	// Meaningful reports whether something a client would act on has been seen
	// (text, a tool call, reasoning, a finish reason), as against comments,
	// pings and empty role deltas.
	Meaningful() bool
	// Done reports whether the format's own terminal event has been seen.
	Done() bool
	// Finished reports whether the answer is complete in substance (every
	// choice has its finish reason) though the terminal event may be missing.
	Finished() bool
	// Err is the error that an error event carried, nil if there was none.
	Err() *ai.Error
	// Usage is what has been reported so far.
	Usage() ai.Usage
	// Model is the model the stream says it is made by, "" until it does.
	Model() string
	// OutputBytes is the size of the generated text so far, from which an
	// estimate is made when a stream ends without usage.
	OutputBytes() int64
}

// A Passer looks at a request that goes to a provider of the same format, for
// what only another provider would take: what it returns is body itself, or body
// without that.
type Passer interface {
	PassRequest(c *Conversion, body []byte) ([]byte, error)
}

// A Mender mends what providers of the format are known to get wrong in streams,
// before anybody reads them; events that need no mending keep their bytes.
// Closing the result closes src.
type Mender interface {
	MendStream(op ai.Op, src ai.Stream) ai.Stream
}

// A Failer knows how the stream it belongs to ends when it is broken, where that
// depends on what the stream has said. Both translated streams and watchers may
// be ones; for the others [Format.ErrorEvent] will do.
type Failer interface {
	Fail(e *ai.Error) []byte
}
