package upstream

import (
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"
)

// amazonType is the content type of Amazon's binary framing of event streams.
const amazonType = "application/vnd.amazon.eventstream"

// amazonException is a message of a stream that tells what went wrong.
func amazonException(kind, payload string) string {
	return string(amazonMessage(payload, ":message-type", "exception", ":exception-type", kind, ":content-type", "application/json"))
}

// amazonMessage frames a payload; headers are pairs of name and text.
func amazonMessage(payload string, headers ...string) []byte {
	var head []byte
	for i := 0; i < len(headers); i += 2 {
		head = append(append(head, byte(len(headers[i]))), headers[i]...)
		head = binary.BigEndian.AppendUint16(append(head, 7), uint16(len(headers[i+1])))
		head = append(head, headers[i+1]...)
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(16+len(head)+len(payload)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(head)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	b = append(append(b, head...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// amazonMessages cuts a stream into its messages.
func amazonMessages(body []byte) (messages [][]byte) {
	for len(body) >= 16 {
		size := min(int(binary.BigEndian.Uint32(body)), len(body))
		messages, body = append(messages, body[:size]), body[size:]
	}
	return messages
}

// errorHeader is what a provider says of an error beside its body.
func (f family) errorHeader(status int) http.Header {
	if f != amazon {
		return http.Header{}
	}
	kind := map[int]string{400: "ValidationException", 403: "AccessDeniedException", 404: "ResourceNotFoundException", 429: "ThrottlingException",
		503: "ServiceUnavailableException"}[status]
	if kind == "" {
		kind = "InternalServerException"
	}
	return http.Header{"X-Amzn-Errortype": {kind + ":http://internal.amazon.com/coral/com.amazon.bedrock/"}}
}

// amazonModel is the model or endpoint that a path names.
func amazonModel(path string) string {
	for _, before := range []string{"/model/", "/endpoints/"} {
		if _, rest, ok := strings.Cut(path, before); ok {
			model, _, _ := strings.Cut(rest, "/")
			if plain, err := url.PathUnescape(model); err == nil {
				return plain
			}
		}
	}
	return ""
}

// amazonMayCall is mayCall for requests of Converse.
func amazonMayCall(in gjson.Result) bool {
	return len(in.Get("toolConfig.tools").Array()) > 0 && !in.Get(`messages.@reverse.0.content.#(toolResult)`).Exists()
}
