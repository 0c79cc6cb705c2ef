package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

const metadataHeader = "x-portkey-metadata"

// readMetadata merges what is known of a request, strongest first: the defaults
// of the workspace and the key, the x-portkey-metadata header, baggage. Metadata
// that breaks a rule is left out rather than the call refused, as Portkey does;
// of what the header said, the receipts tell what was left out, and why.
func readMetadata(h http.Header, defaults map[string]string) (map[string]string, []ai.Receipt) {
	header, baggage := h.Get("X-Portkey-Metadata"), h.Get("Baggage")
	if header == "" && baggage == "" {
		return defaults, nil
	}
	m := metadata{pairs: maps.Clone(defaults)}
	if m.pairs == nil {
		m.pairs = map[string]string{}
	}
	m.header(header)
	for pair := range strings.SplitSeq(baggage, ",") {
		pair, _, _ = strings.Cut(pair, ";") // its properties
		k, v, _ := strings.Cut(pair, "=")
		if v, err := url.PathUnescape(strings.TrimSpace(v)); err == nil {
			_ = m.put(strings.TrimSpace(k), v)
		}
	}
	return m.pairs, m.receipts
}

type metadata struct {
	pairs    map[string]string
	receipts []ai.Receipt
}

func (m *metadata) header(text string) {
	if text == "" {
		return
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		m.leave("", `it is not a JSON object of strings, such as {"_user":"ann"}`)
		return
	}
	for _, k := range slices.Sorted(maps.Keys(object)) { // which ones are too many must not be left to chance
		var v string
		if string(object[k]) == "null" || json.Unmarshal(object[k], &v) != nil {
			m.leave(k, "its value is not a string; put quotes around it")
			continue
		}
		if err := m.put(k, v); err != nil {
			m.leave(k, err.Error())
		}
	}
}

// put adds a pair unless a stronger one is there.
func (m *metadata) put(k, v string) error {
	if _, stronger := m.pairs[k]; stronger {
		return nil
	}
	if err := ledger.CheckPair(k, v); err != nil {
		return err
	}
	if len(m.pairs) >= ledger.MaxPairs {
		return fmt.Errorf("there are more than %d keys", ledger.MaxPairs)
	}
	m.pairs[k] = v
	return nil
}

// leave notes what the header said in vain.
func (m *metadata) leave(key, why string) {
	const most = 16 // a header of thousands of faulty keys has made its point
	if len(m.receipts) == most {
		return
	}
	path := metadataHeader
	if key != "" {
		if len(key) > 64 {
			key = strings.ToValidUTF8(key[:64], "") + "…"
		}
		path += "." + key
	}
	if !utf8.ValidString(path) {
		path = metadataHeader
	}
	m.receipts = append(m.receipts, ai.Receipt{Path: path, Reason: "left out: " + why})
}
