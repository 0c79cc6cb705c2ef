package jsonedit

import (
	"bytes"
	"strconv"

	"github.com/portico-ai/portico/internal/ai"
)

// MaxDepth is how deeply a document may be nested.
const MaxDepth = 1000

// Top is what Scan reads from the top level of a request body. A member that is
// absent or null leaves its zero value.
type Top struct {
	Model               string
	Stream              bool
	IncludeUsage        bool // stream_options.include_usage
	MaxTokens           int64
	MaxCompletionTokens int64
	N                   int64
	User                string // "" also if it is not a string
}

// guarded are the members that policy decides on. If a body could spell one of
// them twice, what was checked here and what a provider reads might differ.
var guarded = [...]string{
	"model", "stream", "max_tokens", "max_completion_tokens", "n", "user",
	"metadata", "tools", "store",
}

// Scan checks that body is one JSON object and nothing else, valid throughout
// (syntax, UTF-8, at most MaxDepth levels), with at most one spelling of each
// member that policy depends on, and reads those members. It is one pass. The
// error is an *ai.Error of kind Invalid that says what is wrong and where.
func Scan(body []byte) (Top, error) {
	s := scanner{b: body}
	s.top()
	if s.fault != nil {
		return Top{}, s.fault
	}
	return s.found, nil
}

func (s *scanner) top() {
	if bytes.HasPrefix(s.b, []byte("\xef\xbb\xbf")) {
		s.fail(0, "it begins with a byte order mark; send UTF-8 without one")
		return
	}
	s.space()
	if s.at == len(s.b) {
		s.fault = invalid("The request body is empty; send a JSON object")
		return
	}
	if s.b[s.at] != '{' {
		s.fault = invalid("The request body must be a JSON object, such as {\"model\": \"…\"}")
		return
	}
	s.object(true)
	if s.space(); s.fault == nil && s.at < len(s.b) {
		s.fail(s.at, "there is something after the end of the object")
	}
}

// member is told of each member of the top level, with its quoted key and its
// value, after both were found valid.
func (s *scanner) member(quoted, value []byte) {
	key := quoted[1 : len(quoted)-1]
	i := guardedIndex(key)
	if i < 0 {
		if spelt := nearGuarded(quoted); spelt != "" {
			s.fault = invalidParam(spelt, "The key %s is not accepted beside or instead of %q; write it as %q", quoted, spelt, spelt)
			return
		}
		if string(key) == "stream_options" {
			s.found.IncludeUsage = string(Get(value, "include_usage")) == "true"
		}
		return
	}
	if s.seen&(1<<i) != 0 {
		s.fault = invalidParam(guarded[i], "The key %q occurs twice in the request body; send it once", guarded[i])
		return
	}
	s.seen |= 1 << i
	if !IsNull(value) {
		s.read(guarded[i], value)
	}
}

// read keeps the value of a guarded member, which must be of the right type.
func (s *scanner) read(key string, value []byte) {
	switch key {
	case "model":
		if Kind(value) != '"' {
			s.fault = invalidParam(key, "model must be a string")
			return
		}
		s.found.Model = Text(value)
	case "stream":
		if k := Kind(value); k != 't' && k != 'f' {
			s.fault = invalidParam(key, "stream must be true or false")
			return
		}
		s.found.Stream = value[0] == 't'
	case "max_tokens":
		s.found.MaxTokens = s.count(key, value)
	case "max_completion_tokens":
		s.found.MaxCompletionTokens = s.count(key, value)
	case "n":
		s.found.N = s.count(key, value)
	case "user":
		s.found.User = Text(value)
	}
}

// count reads a whole number. A number written as 10.0 or 1e3 is one, too.
func (s *scanner) count(key string, value []byte) int64 {
	if n, err := strconv.ParseInt(string(value), 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || f != float64(int64(f)) || f >= 1<<53 || f <= -1<<53 {
		s.fault = invalidParam(key, "%s must be a whole number", key)
		return 0
	}
	return int64(f)
}

func guardedIndex(key []byte) int {
	for i, g := range guarded {
		if string(key) == g {
			return i
		}
	}
	return -1
}

// nearGuarded returns the guarded name that a quoted key spells in another way:
// in other letter case or with escapes. Providers differ in what they make of
// such a key.
func nearGuarded(quoted []byte) string {
	odd := false
	for _, c := range quoted {
		odd = odd || c >= 'A' && c <= 'Z' || c >= 0x80 || c == '\\'
	}
	if !odd {
		return ""
	}
	text := keyText(quoted)
	for _, g := range guarded {
		if bytes.EqualFold(text, []byte(g)) {
			return g
		}
	}
	return ""
}

func invalid(format string, args ...any) *ai.Error {
	e := ai.Errorf(ai.Invalid, format, args...)
	e.Type = "invalid_request_error"
	return e
}

func invalidParam(param, format string, args ...any) *ai.Error {
	e := invalid(format, args...)
	e.Param = param
	return e
}
