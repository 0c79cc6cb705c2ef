// Package eventstream reads Amazon's binary framing of event streams
// (application/vnd.amazon.eventstream) as the text of server-sent events, so
// that whatever reads those reads these as well.
//
// A message is two lengths, a checksum of them, headers, a payload and a
// checksum of it all. Source: Smithy's specification of the event stream
// encoding, and the models of Bedrock Runtime and SageMaker Runtime for what
// messages carry.
package eventstream

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/sse"
)

// ContentType is the media type of a stream in this framing.
const ContentType = "application/vnd.amazon.eventstream"

const (
	preludeSize = 12 // total length, length of the headers, checksum of both
	minSize     = preludeSize + 4
)

// A Reader gives out a stream of messages as server-sent events:
//
//   - an event is "event: <type>" with its payload as the data;
//   - a chunk of Bedrock's InvokeModel, whose payload holds the model's own event
//     in base64, is that event, named by its type if it has one;
//   - a part of SageMaker's payload is the bytes that the model's server wrote;
//   - an exception or error is "event: error" with its type and message.
//
// It is not safe for concurrent use.
type Reader struct {
	src     *bufio.Reader
	max     int
	message []byte
	out     []byte // the last message's text, of which rest is still to be read
	rest    []byte
	raw     bool // parts of a payload have been given out
	err     error
}

// NewReader returns a Reader of src. A message of more than max bytes is an
// error. A stream that ends inside a message ends with io.ErrUnexpectedEOF; one
// whose checksums do not fit, with an *ai.Error of kind BadGateway.
func NewReader(src io.Reader, max int) *Reader {
	return &Reader{src: bufio.NewReader(src), max: max}
}

// Read implements io.Reader. It waits for no more than one message.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.err = r.next(); r.err != nil {
			return 0, r.err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next reads a message and makes text of it.
func (r *Reader) next() error {
	if err := r.readMessage(); err != nil {
		return err
	}
	m, err := eventstream.NewDecoder().Decode(bytes.NewReader(r.message), nil)
	if err != nil {
		return corrupt(err)
	}
	r.out = r.out[:0]
	err = r.write(m)
	r.rest = r.out
	return err
}

// readMessage reads the bytes of one message. Its lengths are believed only when
// their checksum fits.
func (r *Reader) readMessage() error {
	r.message = append(r.message[:0], make([]byte, preludeSize)...)
	if _, err := io.ReadFull(r.src, r.message); err != nil {
		return err // io.EOF between messages
	}
	if crc32.ChecksumIEEE(r.message[:8]) != binary.BigEndian.Uint32(r.message[8:]) {
		return corrupt(errors.New("the checksum of a message's lengths does not fit"))
	}
	size, headers := binary.BigEndian.Uint32(r.message), binary.BigEndian.Uint32(r.message[4:])
	switch {
	case size < minSize || headers > size-minSize:
		return corrupt(errors.New("a message's lengths contradict each other"))
	case int64(size) > int64(r.max):
		return ai.Errorf(ai.BadGateway, "the provider sent a stream event of more than %d bytes", r.max)
	}
	r.message = append(r.message, make([]byte, size-preludeSize)...)
	_, err := io.ReadFull(r.src, r.message[preludeSize:])
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (r *Reader) write(m eventstream.Message) error {
	switch text(m, ":message-type") {
	case "event", "":
		return r.event(text(m, ":event-type"), m.Payload)
	case "exception":
		return r.failure(text(m, ":exception-type"), message(m.Payload))
	case "error":
		return r.failure(text(m, ":error-code"), text(m, ":error-message"))
	}
	return nil // kinds that are not known say nothing
}

func (r *Reader) event(kind string, payload []byte) error {
	switch kind {
	case "chunk":
		inner, err := base64.StdEncoding.DecodeString(jsonedit.Text(jsonedit.Get(payload, "bytes")))
		if err != nil {
			return corrupt(err)
		}
		if len(inner) > 0 {
			r.out = sse.AppendEvent(r.out, name(jsonedit.Text(jsonedit.Get(inner, "type"))), inner)
		}
	case "PayloadPart":
		r.raw = true
		r.out = append(r.out, payload...)
	case "initial-response":
	default:
		r.out = sse.AppendEvent(r.out, name(kind), payload)
	}
	return nil
}

// failure writes an error event. Amid a payload of unknown framing there is no
// place for one.
func (r *Reader) failure(kind, message string) error {
	if r.raw {
		return &ai.Error{Kind: ai.Upstream, Type: kind, Message: message}
	}
	var w jsonedit.Writer
	w.Object()
	w.StringMember("type", kind)
	w.StringMember("message", message)
	w.EndObject()
	r.out = sse.AppendEvent(r.out, "error", w.Bytes())
	return nil
}

// message is what an exception says: its member message, in either spelling.
func message(payload []byte) string {
	for _, key := range []string{"message", "Message"} {
		if text := jsonedit.Text(jsonedit.Get(payload, key)); text != "" {
			return text
		}
	}
	return string(payload)
}

func text(m eventstream.Message, header string) string {
	value, _ := m.Headers.Get(header).(eventstream.StringValue)
	return string(value)
}

// name is an event's name that fits on its line.
func name(s string) string {
	if strings.ContainsAny(s, "\r\n\x00") {
		return ""
	}
	return s
}

func corrupt(err error) error {
	return &ai.Error{Kind: ai.BadGateway, Type: "invalid_reply", Message: "the provider's event stream is damaged", Err: err}
}
