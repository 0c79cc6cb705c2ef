package control

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/portico-ai/portico/internal/ledger"
)

const (
	maxName = 255
	maxText = 1024
	maxSlug = 100
)

var slugFormat = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// randomHex returns n random bytes as 2n hexadecimal digits.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// shortSlug is prefix-<first 6 letters and digits of name>-<6 hex digits>.
func shortSlug(prefix, name string) string {
	var stem strings.Builder
	for _, r := range strings.ToLower(name) {
		if stem.Len() < 6 && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9') {
			stem.WriteRune(r)
		}
	}
	if stem.Len() == 0 {
		stem.WriteString("new")
	}
	return prefix + "-" + stem.String() + "-" + randomHex(3)
}

// nameSlug is the name in lower case with dashes, and 6 hex digits.
func nameSlug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	stem := strings.Join(words, "-")
	if stem == "" {
		stem = "key"
	}
	return stem[:min(len(stem), 40)] + "-" + randomHex(3)
}

func (p *problems) checkSlug(slug string) {
	if len(slug) > maxSlug || !slugFormat.MatchString(slug) {
		p.add("slug", "a slug is letters, digits, - and _, starts with a letter or digit, and has at most %d of them", maxSlug)
	}
}

// checkName trims the name in place.
func (p *problems) checkName(name *string) {
	*name = strings.TrimSpace(*name)
	switch {
	case *name == "":
		p.add("name", "name is required")
	case len(*name) > maxName:
		p.add("name", "name has at most %d bytes", maxName)
	}
}

func (p *problems) checkText(path, text string) {
	if len(text) > maxText {
		p.add(path, "%s has at most %d bytes", path, maxText)
	}
}

// checkMetadata enforces the documented limits of metadata.
func (p *problems) checkMetadata(path string, metadata map[string]string) {
	if err := ledger.CheckPairs(metadata); err != nil {
		p.add(path, "%s", err)
	}
}

// SnakeCase turns apiKey, api-key and Api-Key into the one spelling api_key, so
// that every spelling of a field that clients use is known.
func SnakeCase(name string) string {
	out := make([]byte, 0, len(name)+4)
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			if i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z' {
				out = append(out, '_')
			}
			out = append(out, c+'a'-'A')
		case c == '-':
			out = append(out, '_')
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
