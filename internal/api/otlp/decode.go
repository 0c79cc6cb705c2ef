package otlp

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/api/admin"
)

// An encoding is how a call's messages are written; the answer's are, too.
type encoding string

const (
	binary encoding = "application/x-protobuf"
	text   encoding = "application/json"
)

func encodingOf(r *http.Request) (encoding, bool) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-protobuf", "application/protobuf":
		return binary, true
	case "application/json":
		return text, true
	}
	return text, false
}

func (enc encoding) reply(code int, m proto.Message) admin.Reply {
	var body []byte
	var err error
	if enc == binary {
		body, err = proto.Marshal(m)
	} else {
		body, err = protojson.Marshal(m)
	}
	if err != nil { // only what is not UTF-8 cannot be written, and messages are made of what was read as such
		body = nil
	}
	return admin.Reply{Status: code, Header: http.Header{"Content-Type": {string(enc)}}, Body: admin.Raw(body)}
}

// rpcCodes are the codes of gRPC that OTLP's error bodies carry.
var rpcCodes = map[int]int32{
	http.StatusBadRequest: 3, http.StatusRequestEntityTooLarge: 3, http.StatusUnsupportedMediaType: 3, http.StatusNotFound: 5,
	http.StatusForbidden: 7, http.StatusTooManyRequests: 8, http.StatusServiceUnavailable: 14, http.StatusUnauthorized: 16,
}

const rpcUnknown = 2

// refusal is an error as OTLP has it: a Status in the encoding of the request.
func refusal(r *http.Request, e *ai.Error) admin.Reply {
	enc, _ := encodingOf(r)
	code, ok := rpcCodes[e.HTTPStatus()]
	if !ok {
		code = rpcUnknown
	}
	reply := enc.reply(e.HTTPStatus(), &status.Status{Code: code, Message: strings.ToValidUTF8(e.Message, "")})
	if e.HTTPStatus() == http.StatusServiceUnavailable || e.RetryAfter > 0 {
		after := max(e.RetryAfter, retryAfter)
		reply.Header.Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	}
	return reply
}

// decode reads the body into m, within bounds that hold before anything is made
// of it.
func (a *API) decode(r *http.Request, m proto.Message) (encoding, error) {
	enc, ok := encodingOf(r)
	if !ok {
		e := ai.Errorf(ai.Invalid, "The Content-Type must be application/x-protobuf or application/json")
		e.Status = http.StatusUnsupportedMediaType
		return enc, e
	}
	body, err := a.unpacked(r)
	if err != nil {
		return enc, err
	}
	if enc == binary {
		if err = measure(body, m.ProtoReflect().Descriptor()); err == nil {
			err = proto.Unmarshal(body, m)
		}
	} else if err = measureJSON(body); err == nil {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, m)
	}
	if bounded, ok := errors.AsType[*ai.Error](err); ok {
		return enc, bounded
	}
	if err != nil {
		return enc, &ai.Error{Kind: ai.Invalid, Message: "The body is no OTLP message of this path in " + string(enc), Err: err}
	}
	return enc, nil
}

func (a *API) unpacked(r *http.Request) ([]byte, error) {
	var src io.Reader = r.Body
	switch packed := strings.ToLower(r.Header.Get("Content-Encoding")); packed {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(src)
		if err != nil {
			return nil, bodyError(err)
		}
		src = z
	default:
		e := ai.Errorf(ai.Invalid, "The Content-Encoding must be gzip, or none")
		e.Status = http.StatusUnsupportedMediaType
		return nil, e
	}
	var buf bytes.Buffer
	if n, err := buf.ReadFrom(io.LimitReader(src, a.MaxBody+1)); err != nil {
		return nil, bodyError(err)
	} else if n > a.MaxBody {
		return nil, ai.Errorf(ai.TooLarge, "The body has more than %d bytes when it is unpacked; export smaller batches", a.MaxBody)
	}
	return buf.Bytes(), nil
}

func bodyError(err error) error {
	if long, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return ai.Errorf(ai.TooLarge, "The body has more than %d bytes; export smaller batches", long.Limit)
	}
	return &ai.Error{Kind: ai.Invalid, Message: "The body could not be read, or is not gzip although its Content-Encoding says so", Err: err}
}

// hexID is an id of n bytes as hexadecimal, "" if it is none. Ids are hexadecimal
// in OTLP's JSON, which protojson takes for base64; that turns back into what was
// written.
func hexID(id []byte, n int) string {
	if len(id) == n*3/2 {
		written := base64.StdEncoding.EncodeToString(id)
		decoded, err := hex.DecodeString(written)
		if err != nil {
			return ""
		}
		id = decoded
	}
	if len(id) != n || len(bytes.Trim(id, "\x00")) == 0 {
		return ""
	}
	return hex.EncodeToString(id)
}
