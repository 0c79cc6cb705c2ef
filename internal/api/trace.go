package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// trace is where a request stands in its caller's trace.
type trace struct {
	id, span, parent, name string
}

// readTrace takes Portkey's own headers, else W3C traceparent, else makes an id.
func readTrace(r *http.Request) trace {
	h := r.Header
	t := trace{
		id: clean(h.Get("X-Portkey-Trace-Id")), span: clean(h.Get("X-Portkey-Span-Id")),
		parent: clean(h.Get("X-Portkey-Parent-Span-Id")), name: clean(h.Get("X-Portkey-Span-Name")),
	}
	if t.id == "" {
		if id, span, ok := parseTraceparent(h.Get("Traceparent")); ok {
			t.id, t.parent = id, firstOf(t.parent, span)
		}
	}
	if t.id == "" {
		t.id = uuid.NewString()
	}
	if t.name == "" {
		t.name = r.Method + " " + r.URL.Path
	}
	return t
}

// parseTraceparent reads version 00 of the W3C header: 00-<32 hex>-<16 hex>-<2 hex>.
func parseTraceparent(v string) (id, span string, ok bool) {
	parts := strings.Split(v, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || len(parts[2]) != 16 || !isHex(parts[1]) || !isHex(parts[2]) {
		return "", "", false
	}
	if strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return "", "", false
	}
	return parts[1], parts[2], true
}

func isHex(s string) bool {
	for i := range len(s) {
		if !strings.ContainsRune("0123456789abcdef", rune(s[i])) {
			return false
		}
	}
	return true
}

// clean bounds an id from outside and drops what could break a log line.
func clean(s string) string {
	plain := len(s) <= maxTraceText
	for i := 0; plain && i < len(s); i++ {
		plain = s[i] >= ' ' && s[i] < 0x7f
	}
	if plain {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > maxTraceText {
		s = strings.ToValidUTF8(s[:maxTraceText], "") // a character that was cut
	}
	return s
}

const maxTraceText = 256

const (
	maxMetadataKeys  = 64
	maxMetadataValue = 128 // characters, as documented
)

// readMetadata merges what a request says of itself, weakest first: baggage,
// the x-portkey-metadata header, then the key's own defaults. Values that are
// not strings of at most 128 characters are left out, as documented; a header
// that is not a JSON object is no metadata.
func readMetadata(h http.Header, defaults map[string]string) map[string]string {
	header, baggage := h.Get("X-Portkey-Metadata"), h.Get("Baggage")
	if header == "" && baggage == "" {
		return defaults
	}
	out := map[string]string{}
	put := func(k, v string) {
		if k != "" && len(out) < maxMetadataKeys && len(k) <= maxMetadataValue && len([]rune(v)) <= maxMetadataValue {
			out[k] = v
		}
	}
	for pair := range strings.SplitSeq(baggage, ",") {
		pair, _, _ = strings.Cut(pair, ";")
		if k, v, ok := strings.Cut(pair, "="); ok {
			if v, err := url.QueryUnescape(strings.TrimSpace(v)); err == nil {
				put(strings.TrimSpace(k), v)
			}
		}
	}
	var object map[string]any
	if json.Unmarshal([]byte(header), &object) == nil {
		for k, v := range object {
			if s, ok := v.(string); ok {
				put(k, s)
			}
		}
	}
	maps.Copy(out, defaults) // however much a request says of itself
	return out
}
