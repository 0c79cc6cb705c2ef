package api

import (
	"net/http"
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

// parseTraceparent reads the W3C header: 00-<32 hex>-<16 hex>-<2 hex>. A later
// version may have more parts; ff is none.
func parseTraceparent(v string) (id, span string, ok bool) {
	parts := strings.Split(strings.TrimSpace(v), "-")
	if len(parts) < 4 || parts[0] == "00" && len(parts) > 4 || parts[0] == "ff" {
		return "", "", false
	}
	for i, n := range [...]int{2, 32, 16, 2} {
		if len(parts[i]) != n || !isHex(parts[i]) {
			return "", "", false
		}
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
