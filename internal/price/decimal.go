package price

import (
	"fmt"
	"strconv"
	"strings"
)

// maxNano bounds every rate and unit price: a million dollars. It keeps all
// sums far from 128 bits.
const maxNano = 1_000_000 * 1_000_000_000

// parseDollars reads a decimal number of dollars, exactly, as nano-dollars.
func parseDollars(s string) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" || !digits(whole) || !digits(frac) || strings.HasSuffix(s, ".") {
		return 0, fmt.Errorf("%q is not a decimal number of dollars such as \"2.50\"", s)
	}
	if len(frac) > 9 {
		return 0, fmt.Errorf("%q has more than nine decimal places", s)
	}
	n, err := strconv.ParseInt(whole+frac+strings.Repeat("0", 9-len(frac)), 10, 64)
	if err != nil || n > maxNano {
		return 0, fmt.Errorf("%q is over a million dollars", s)
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
