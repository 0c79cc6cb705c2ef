package route

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected halves of testdata/*.txt")

// A textCase is one case of a testdata file: a name, directives ("config {…}"; a
// line that starts with a space continues the one above), "----", what is
// expected, and an empty line.
type textCase struct {
	name       string
	comment    string
	directives []directive
	want       string
}

type directive struct{ word, rest string }

func (c *textCase) get(word string) string {
	for _, d := range c.directives {
		if d.word == word {
			return d.rest
		}
	}
	return ""
}

// runText runs every case of the files that match pattern and compares what run
// prints with what is expected.
func runText(t *testing.T, pattern string, run func(t *testing.T, c *textCase) string) {
	t.Helper()
	total := 0
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata/%s: %v", pattern, err)
	}
	for _, file := range files {
		cases := readCases(t, file)
		total += len(cases)
		for i := range cases {
			c := &cases[i]
			t.Run(filepath.Base(file)+"/"+c.name, func(t *testing.T) {
				got := run(t, c)
				if *update {
					c.want = got
				} else if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
		if *update {
			writeCases(t, file, cases)
		}
	}
	t.Logf("%d cases", total)
}

func readCases(t *testing.T, file string) []textCase {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []textCase
	comment, wanting := "", false
	for n, line := range strings.Split(string(text), "\n") {
		word, rest, _ := strings.Cut(line, " ")
		var c *textCase
		if len(cases) > 0 {
			c = &cases[len(cases)-1]
		}
		switch {
		case line == "":
			wanting = false
		case wanting:
			c.want += line + "\n"
		case word == "#":
			comment += line + "\n"
		case word == "case":
			cases = append(cases, textCase{name: rest, comment: comment})
			comment = ""
		case c == nil:
			t.Fatalf("%s:%d: a case must start with \"case NAME\"", file, n+1)
		case line == "----":
			wanting = true
		case word == "":
			c.directives[len(c.directives)-1].rest += "\n" + line
		default:
			c.directives = append(c.directives, directive{word, rest})
		}
	}
	return cases
}

func writeCases(t *testing.T, file string, cases []textCase) {
	t.Helper()
	var b strings.Builder
	for i, c := range cases {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%scase %s\n", c.comment, c.name)
		for _, d := range c.directives {
			fmt.Fprintf(&b, "%s %s\n", d.word, d.rest)
		}
		b.WriteString("----\n" + c.want)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
