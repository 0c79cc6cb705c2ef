package route

import (
	"regexp"
	"regexp/syntax"

	"github.com/tidwall/gjson"
)

// Limits of a $regex. RE2 takes time in proportion to the size of the program
// times the length of the subject, both of which a caller chooses.
const (
	maxPattern = 1 << 10 // bytes
	maxProgram = 4000    // instructions, all patterns of a config together
	maxSubject = 8 << 10 // bytes of a value that are looked at
)

// pattern compiles a $regex, or reports what is wrong with it and returns nil.
func (p *parser) pattern(path string, v gjson.Result) *regexp.Regexp {
	if v.Type != gjson.String {
		p.problem(path, "must be a regular expression, got %s", describe(v))
		return nil
	}
	if known := p.patterns[v.Str]; known != nil {
		return known
	}
	if len(v.Str) > maxPattern {
		p.problem(path, "must be a regular expression of at most %d bytes, got %d", maxPattern, len(v.Str))
		return nil
	}
	tree, err := syntax.Parse(v.Str, syntax.Perl)
	if err != nil {
		p.problem(path, "must be a regular expression (RE2 syntax: no look-around, no back-references): %v", err)
		return nil
	}
	if p.program += programSize(tree); p.program > maxProgram {
		p.problem(path, "the regular expressions of a config are too large together; repeat less or smaller parts with {n,m}")
		return nil
	}
	if p.patterns == nil {
		p.patterns = map[string]*regexp.Regexp{}
	}
	re := regexp.MustCompile(v.Str) // it has been parsed
	p.patterns[v.Str] = re
	return re
}

// programSize estimates the instructions that re compiles to, before they are
// made. Repetitions are copies.
func programSize(re *syntax.Regexp) int {
	size := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		size += programSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		size *= max(re.Max, re.Min, 1)
	}
	return size
}
