// Package redact takes out of bodies what must not be kept of them.
package redact

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
)

// A Rule says what must not be kept in bodies: what a regular expression matches
// in their text, or what is at a path of their JSON. One of the two is set.
type Rule struct {
	Name        string `json:"name"`
	Pattern     string `json:"pattern,omitempty"`
	Path        string `json:"path,omitempty"`        // a.b, a[0].b, a[*].b; ..b is b at any depth
	Replacement string `json:"replacement,omitempty"` // "[redacted]" unless set
}

// The bounds of redactions, which cost every body they are applied to.
const (
	MaxRules       = 50
	maxPattern     = 1000 // bytes
	maxReplacement = 128
)

// A Redactor applies rules to bodies before they are kept. It may be used by many
// goroutines. A nil Redactor changes nothing.
type Redactor struct {
	patterns []compiled
	paths    []compiled
}

type compiled struct {
	pattern     *regexp.Regexp
	path        []step
	replacement string
}

// A step of a path is a key, or an index; anywhere means at any depth from there on.
type step struct {
	key      string
	index    int // -1 is every element, -2 that it is a key
	anywhere bool
}

// New compiles rules; nil for none. The error names the rule.
func New(list []Rule) (*Redactor, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > MaxRules {
		return nil, fmt.Errorf("there are %d rules; %d are allowed", len(list), MaxRules)
	}
	r := &Redactor{}
	for i, one := range list {
		c, err := one.compile()
		if err != nil {
			return nil, fmt.Errorf("redactions[%d]: %w", i, err)
		}
		if c.pattern != nil {
			r.patterns = append(r.patterns, c)
		} else {
			r.paths = append(r.paths, c)
		}
	}
	return r, nil
}

func (d Rule) compile() (r compiled, err error) {
	r.replacement = cmp.Or(d.Replacement, "[redacted]")
	switch {
	case (d.Pattern == "") == (d.Path == ""):
		return r, errors.New("give either a pattern or a path")
	case len(d.Pattern) > maxPattern || len(d.Path) > maxPattern || len(d.Replacement) > maxReplacement:
		return r, fmt.Errorf("a pattern and a path have at most %d bytes, a replacement %d", maxPattern, maxReplacement)
	case d.Path != "":
		r.path, err = parsePath(d.Path)
		return r, err
	}
	if r.pattern, err = regexp.Compile(d.Pattern); err != nil {
		return r, fmt.Errorf("the pattern is not a regular expression: %w", err)
	}
	if r.pattern.MatchString("") {
		return r, errors.New("the pattern matches nothing at all, and so everywhere")
	}
	return r, nil
}

var pathStep = regexp.MustCompile(`^(\.\.|\.)?([^.\[\]]+)|^\[(\d{1,6}|\*)\]`)

func parsePath(text string) (path []step, err error) {
	deep := 0
	for rest := text; rest != ""; {
		m := pathStep.FindStringSubmatch(rest)
		if m == nil || len(path) == 0 && m[1] == "." || len(path) > 0 && m[1] == "" && m[2] != "" {
			return nil, fmt.Errorf("the path %q is not like a.b, a[0].b, a[*].b or ..b", text)
		}
		if rest = rest[len(m[0]):]; m[1] == ".." {
			deep++
		}
		switch {
		case m[2] != "":
			path = append(path, step{key: m[2], index: -2, anywhere: m[1] == ".."})
		case m[3] == "*":
			path = append(path, step{index: -1})
		default:
			n, err := strconv.Atoi(m[3])
			if err != nil {
				return nil, err
			}
			path = append(path, step{index: n})
		}
	}
	if deep > 2 { // each one multiplies what looking costs
		return nil, fmt.Errorf("the path %q has .. more than twice", text)
	}
	return path, nil
}

// Body returns body without what the rules are about. It does not change it. Of
// event streams and JSON lines, what is spread over several events is found, too.
func (r *Redactor) Body(body []byte) []byte {
	if r == nil || len(body) == 0 {
		return body
	}
	if json.Valid(body) {
		return r.documents([][]byte{body}, []int{0})[0]
	}
	parts := bytes.SplitAfter(body, []byte("\n"))
	var docs []int
	for i, line := range parts {
		if json.Valid(payload(line)) {
			docs = append(docs, i)
		}
	}
	if len(docs) == 0 {
		return []byte(r.text(string(body)))
	}
	inner := make([][]byte, len(parts))
	for i, line := range parts {
		inner[i] = payload(line)
	}
	done := r.documents(inner, docs)
	out := make([]byte, 0, len(body))
	for i, line := range parts {
		at := bytes.Index(line, inner[i])
		out = append(append(append(out, line[:at]...), done[i]...), line[at+len(inner[i]):]...)
	}
	return out
}

// payload is a line's JSON, where it has some.
func payload(line []byte) []byte {
	line, _ = bytes.CutPrefix(line, []byte("data:"))
	return bytes.TrimSpace(line)
}

func (r *Redactor) text(s string) string {
	for _, p := range r.patterns {
		s = p.pattern.ReplaceAllLiteralString(s, p.replacement)
	}
	return s
}

// documents redacts those of parts that are documents, and the others as text.
func (r *Redactor) documents(parts [][]byte, docs []int) [][]byte {
	out := make([][]byte, len(parts))
	isDoc := make([]bool, len(parts))
	for _, i := range docs {
		isDoc[i] = true
	}
	// First what is at a path goes, and the rest of the text is collected by where
	// it is: the pieces of a stream are all at one place.
	var g gathered
	for i, part := range parts {
		if isDoc[i] {
			w := walker{rules: r.paths, leaf: g.collect}
			if len(docs) > 1 {
				w.group = group(part)
			}
			out[i] = w.document(bytes.ToValidUTF8(part, []byte("\ufffd"))) // a stray byte must not hide the rest
		} else {
			out[i] = []byte(r.text(string(part)))
		}
	}
	if len(r.patterns) == 0 || !g.redact(r.patterns) {
		return out
	}
	next := 0
	for i := range parts {
		if isDoc[i] {
			w := walker{leaf: func(_ string, raw []byte) []byte {
				next++
				return g.leaves[next-1].written(raw)
			}}
			out[i] = w.document(out[i])
		}
	}
	return out
}

// A walker writes a JSON document anew, in one pass.
type walker struct {
	rules []compiled
	group string // what tells this document's texts from others', "" if there are no others
	leaf  func(place string, raw []byte) []byte
	open  []container
	at    []step // of the value that is next, one for each open container
}

// A container is an object or an array that has begun.
type container struct {
	array, wantsKey bool
	n               int // members so far
}

// document writes a valid document.
func (w *walker) document(doc []byte) []byte {
	dst := make([]byte, 0, len(doc))
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	for replaced := 0; ; { // how deep the walk is in a value that was replaced
		from := d.InputOffset()
		token, err := d.Token()
		if err != nil {
			return dst
		}
		raw := bytes.TrimLeft(doc[from:d.InputOffset()], " \t\r\n,:")
		delim, isDelim := token.(json.Delim)
		opens := delim == '{' || delim == '['
		switch {
		case replaced > 0:
			if opens {
				replaced++
			} else if isDelim {
				replaced--
			}
		case isDelim && !opens:
			w.open, w.at = w.open[:len(w.open)-1], w.at[:len(w.at)-1]
			dst = append(dst, raw...)
			w.ended()
		case w.isKey():
			dst = append(append(w.comma(dst), raw...), ':')
			w.at[len(w.at)-1], w.open[len(w.open)-1].wantsKey = step{key: token.(string), index: -2}, false
		default:
			dst = w.element(dst)
			switch r := w.rule(); {
			case r != nil:
				dst = append(dst, w.leaf("", jsonedit.AppendString(nil, r.replacement))...)
				if opens {
					replaced++
				}
				w.ended()
			case opens:
				dst = append(dst, raw...)
				w.open, w.at = append(w.open, container{array: delim == '[', wantsKey: delim == '{'}), append(w.at, step{})
			default:
				dst = append(dst, w.leaf(w.place(), raw)...)
				w.ended()
			}
		}
	}
}

func (w *walker) isKey() bool { return len(w.open) > 0 && w.open[len(w.open)-1].wantsKey }

func (w *walker) comma(dst []byte) []byte {
	c := &w.open[len(w.open)-1]
	if c.n++; c.n > 1 {
		dst = append(dst, ',')
	}
	return dst
}

// element begins an element, if an array is open.
func (w *walker) element(dst []byte) []byte {
	if n := len(w.open); n > 0 && w.open[n-1].array {
		w.at[n-1] = step{index: w.open[n-1].n}
		return w.comma(dst)
	}
	return dst
}

// ended is when a value is complete.
func (w *walker) ended() {
	if n := len(w.open); n > 0 {
		w.open[n-1].wantsKey = !w.open[n-1].array
	}
}

func (w *walker) rule() *compiled {
	for i := range w.rules {
		if matches(w.rules[i].path, w.at) {
			return &w.rules[i]
		}
	}
	return nil
}

// place names where a text is, "" where no other document has a part of it.
func (w *walker) place() string {
	if w.group == "" {
		return ""
	}
	b := []byte(w.group)
	for _, s := range w.at {
		b = strconv.AppendInt(append(append(b, '.'), s.key...), int64(s.index), 10)
	}
	return string(b)
}

// group tells apart what events of one stream belong to: of its choices, blocks
// and outputs, which one.
func group(doc []byte) string {
	b := []byte("#")
	for key, v := range jsonedit.Members(doc) {
		switch jsonedit.Kind(v) {
		case '[':
			for e := range jsonedit.Elements(v) {
				b = append(append(b, jsonedit.Get(e, "index")...), '#')
				break
			}
		default:
			if bytes.HasSuffix(key, []byte("index")) && len(v) < 8 {
				b = append(append(b, v...), '#')
			}
		}
	}
	return string(b)
}

// matches reports whether a rule's path leads to exactly there.
func matches(path, at []step) bool {
	if len(path) == 0 {
		return len(at) == 0
	}
	if len(at) == 0 || !same(path[len(path)-1], at[len(at)-1]) { // the last decides mostly, and at once
		return false
	}
	if path[0].anywhere && matches(path, at[1:]) {
		return true
	}
	return same(path[0], at[0]) && matches(path[1:], at[1:])
}

func same(rule, at step) bool {
	return rule.index == at.index && rule.key == at.key || rule.index == -1 && at.index >= 0
}

// gathered is the text of documents, in order.
type gathered struct {
	leaves []leaf
	places map[string][]int // leaves of a place
}

type leaf struct {
	text    string
	changed bool
}

func (g *gathered) collect(place string, raw []byte) []byte {
	l := leaf{text: string(raw)}
	if jsonedit.Kind(raw) == '"' {
		l.text = jsonedit.Text(raw)
	}
	if place != "" {
		if g.places == nil {
			g.places = map[string][]int{}
		}
		g.places[place] = append(g.places[place], len(g.leaves))
	}
	g.leaves = append(g.leaves, l)
	return raw
}

// redact applies patterns to the text of each place as a whole and then to what
// is left of each leaf, and reports whether anything changed. A replacement stands
// where its match begins.
func (g *gathered) redact(patterns []compiled) (changed bool) {
	for _, at := range g.places {
		if len(at) == 1 {
			continue
		}
		for _, p := range patterns {
			var whole strings.Builder
			for _, i := range at {
				whole.WriteString(g.leaves[i].text)
			}
			if found := p.pattern.FindAllStringIndex(whole.String(), -1); found != nil {
				g.cut(at, found, p.replacement)
				changed = true
			}
		}
	}
	for i := range g.leaves {
		l := &g.leaves[i]
		for _, p := range patterns {
			if p.pattern.MatchString(l.text) {
				l.text, l.changed, changed = p.pattern.ReplaceAllLiteralString(l.text, p.replacement), true, true
			}
		}
	}
	return changed
}

// cut takes ranges of the joined text out of the leaves that hold them.
func (g *gathered) cut(at []int, ranges [][]int, replacement string) {
	begin := 0
	for _, i := range at {
		l := &g.leaves[i]
		var b strings.Builder
		end, from := begin+len(l.text), begin
		for _, r := range ranges {
			if r[1] <= from || r[0] >= end {
				continue
			}
			if r[0] >= from {
				b.WriteString(l.text[from-begin : r[0]-begin])
				b.WriteString(replacement)
			}
			from = min(r[1], end)
			l.changed = true
		}
		b.WriteString(l.text[from-begin:])
		begin = end
		l.text = b.String()
	}
}

func (l *leaf) written(raw []byte) []byte {
	if !l.changed {
		return raw
	}
	return jsonedit.AppendString(nil, l.text)
}
