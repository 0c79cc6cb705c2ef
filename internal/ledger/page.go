package ledger

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// Brief is the entry as lists show it: without what takes room and only the
// single view shows, that is attempts, decisions, receipts, bodies, the client's
// address and software, the upstream time and how the cost came about.
func (e Entry) Brief() Entry {
	e.Attempts, e.Decisions, e.Receipts, e.Headers = nil, nil, nil, nil
	e.Request, e.Reply, e.Upstream, e.UpstreamRaw, e.BodiesLost = BodyRef{}, BodyRef{}, BodyRef{}, BodyRef{}, false
	e.ClientIP, e.SDK, e.Runtime, e.UpstreamMicros = "", "", "", 0
	e.PriceModel, e.PriceVersion, e.Charge, e.RepricedAt = "", "", nil, time.Time{}
	return e
}

// Rest is what Brief leaves out.
func (e Entry) Rest() Entry {
	return Entry{
		Attempts: e.Attempts, Decisions: e.Decisions, Receipts: e.Receipts, Headers: e.Headers,
		Request: e.Request, Reply: e.Reply, Upstream: e.Upstream, UpstreamRaw: e.UpstreamRaw, BodiesLost: e.BodiesLost,
		ClientIP: e.ClientIP, SDK: e.SDK, Runtime: e.Runtime, UpstreamMicros: e.UpstreamMicros,
		PriceModel: e.PriceModel, PriceVersion: e.PriceVersion, Charge: e.Charge, RepricedAt: e.RepricedAt,
	}
}

// AppendJSON appends the entry's JSON to b, which encoding/json reads back.
func (e *Entry) AppendJSON(b []byte) []byte { return appendEntry(b, e) }

// AppendJSONMap appends m as a JSON object with sorted keys and no spaces.
func AppendJSONMap(b []byte, m map[string]string) []byte { return appendPairs(b, m, "") }

// AppendJSONMapWithout is AppendJSONMap of m without one of its keys.
func AppendJSONMapWithout(b []byte, m map[string]string, key string) []byte {
	return appendPairs(b, m, key)
}

// AppendJSONString appends s as a JSON string, as AppendJSONMap writes it.
func AppendJSONString(b []byte, s string) []byte { return appendString(b, s) }

// Cursor is the Page.After that goes on after e, in the order of lists: newest
// first, by start in microseconds, then by id.
func Cursor(e *Entry) string { return CursorAt(e.StartedAt, e.ID) }

// CursorAt is the Page.After of any list in that order.
func CursorAt(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, at.UnixMicro(), 36)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(id))
}

// ParseCursor is the inverse of Cursor. The error is ai.Invalid.
func ParseCursor(s string) (startedAt time.Time, id string, err error) {
	at, rest, ok := strings.Cut(s, ".")
	micros, err1 := base64.RawURLEncoding.DecodeString(at)
	name, err2 := base64.RawURLEncoding.DecodeString(rest)
	n, err3 := strconv.ParseInt(string(micros), 36, 64)
	if !ok || err1 != nil || err2 != nil || err3 != nil {
		e := ai.Errorf(ai.Invalid, "after is not a cursor of this list; pass the next of the page before it, unchanged")
		e.Param = "after"
		return time.Time{}, "", e
	}
	return time.UnixMicro(n).UTC(), string(name), nil
}
