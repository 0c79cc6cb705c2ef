package route

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A level is one open object or array of the text being scanned.
type level struct {
	seen  map[string]bool // of an object; nil for an array
	key   string
	index int
	value bool // the next token of an object is a value
}

// scan reads valid JSON once and reports keys that occur twice in an object, of
// which parsers disagree about the one that counts, and nesting too deep to be
// meant.
func scan(raw []byte) (problems []string) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var open []level
	for len(problems) < maxProblems {
		tok, err := dec.Token()
		if err != nil {
			break // io.EOF: the text is known to be valid
		}
		delim, _ := tok.(json.Delim)
		if delim == '}' || delim == ']' {
			open = open[:len(open)-1]
			continue
		}
		if n := len(open); n > 0 {
			top := &open[n-1]
			if top.seen != nil && !top.value {
				top.key = tok.(string)
				if top.seen[top.key] {
					problems = append(problems, pathOf(open)+": the key occurs twice; keep one")
				}
				top.seen[top.key], top.value = true, true
				continue
			}
			top.value = false
			top.index++
		}
		if delim == 0 {
			continue
		}
		if len(open) == maxJSONDepth {
			return append(problems, fmt.Sprintf("config: must not nest JSON deeper than %d levels", maxJSONDepth))
		}
		next := level{index: -1}
		if delim == '{' {
			next.seen = map[string]bool{}
		}
		open = append(open, next)
	}
	return problems
}

func pathOf(open []level) string {
	path := "config"
	for _, l := range open {
		if l.seen != nil {
			path = joinPath(path, l.key)
		} else {
			path += "[" + strconv.Itoa(l.index) + "]"
		}
	}
	return path
}

// joinPath appends a key to a path: ".key", or ["key"] if it is no plain word.
func joinPath(path, key string) string {
	const room = 60
	if len(key) > room {
		key = strings.ToValidUTF8(key[:room], "") + "…"
	}
	plain := key != "" && strings.IndexFunc(key, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
	if plain {
		return path + "." + key
	}
	return path + "[" + strconv.Quote(key) + "]"
}

func syntaxFault(err error) string {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("must be JSON; at byte %d: %s", s.Offset, s)
	}
	return "must be JSON: " + err.Error()
}
