package price

import (
	"fmt"
	"strconv"
	"strings"
)

// The bounds of amounts, in dollars. They keep every product with a count of
// tokens, and a unit price times a million, inside the integers used.
const (
	maxRate = 1_000_000 // per million tokens
	maxUnit = 6_000     // per unit
)

// parseDollars reads a decimal number of dollars up to limit, exactly, as
// nano-dollars.
func parseDollars(s string, limit int64) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" || !digits(whole) || !digits(frac) || strings.HasSuffix(s, ".") {
		return 0, fmt.Errorf("%q is not a decimal number of dollars such as \"2.50\"", s)
	}
	if len(frac) > 9 {
		return 0, fmt.Errorf("%q has more than nine decimal places", s)
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 9-len(frac)), 10, 64)
	if err != nil || n > limit*1_000_000_000 {
		return 0, fmt.Errorf("%q is over %d dollars", s, limit)
	}
	return n, nil
}

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// FormatDollars writes nano-dollars as an exact decimal number of dollars.
func FormatDollars(nano int64) string { return shift(nano, 9) }

// shift writes n × 10^-places exactly, without trailing zeros; n is not negative.
func shift(n int64, places int) string {
	s := strconv.FormatInt(n, 10)
	if len(s) <= places {
		s = strings.Repeat("0", places-len(s)+1) + s
	}
	whole, frac := s[:len(s)-places], strings.TrimRight(s[len(s)-places:], "0")
	if frac == "" {
		return whole
	}
	return whole + "." + frac
}
