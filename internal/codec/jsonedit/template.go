package jsonedit

import (
	"bytes"
	"slices"
)

// maxHoles is how many strings of a template may vary.
const maxHoles = 4

// A Template recognises documents that are the same, byte for byte, but for the
// text of a few strings. The chunks of a stream are like that: whoever has read
// one of them in full knows what all others say that match it, and matching is
// several times cheaper than reading. The zero Template matches nothing.
type Template struct {
	doc   []byte
	holes []hole // where the varying strings are, in order; none matches nothing
}

// A hole is doc[from:to]; index is which of the strings given to Learn it is.
type hole struct{ from, to, index int }

// Learn makes t match doc, and documents that differ from it only in the given
// strings. These are slices of doc, in quotes, as Members yields them. With
// strings that are not, or too many, t matches nothing.
func (t *Template) Learn(doc []byte, varying [][]byte) {
	t.Forget()
	if len(varying) > maxHoles {
		return
	}
	for i, text := range varying {
		from := cap(doc) - cap(text)
		to := from + len(text)
		if from < 0 || to > len(doc) || len(text) < 2 || text[0] != '"' || &doc[from] != &text[0] {
			t.Forget()
			return
		}
		t.holes = append(t.holes, hole{from, to, i})
	}
	slices.SortFunc(t.holes, func(a, b hole) int { return a.from - b.from })
	t.doc = append(t.doc[:0], doc...)
}

// Forget makes t match nothing.
func (t *Template) Forget() { t.holes = t.holes[:0] }

// Match reports whether doc is like the learned document, and the strings of doc
// that may vary, in the order in which Learn was given them.
func (t *Template) Match(doc []byte) (varying [maxHoles][]byte, ok bool) {
	same, at := 0, 0 // how far the learned document and doc have been compared
	for _, h := range t.holes {
		fixed := t.doc[same:h.from]
		if !bytes.HasPrefix(doc[at:], fixed) {
			return varying, false
		}
		at += len(fixed)
		if at >= len(doc) || doc[at] != '"' {
			return varying, false
		}
		end := skipString(doc, at)
		varying[h.index] = doc[at:end]
		same, at = h.to, end
	}
	return varying, len(t.holes) > 0 && bytes.Equal(doc[at:], t.doc[same:])
}
