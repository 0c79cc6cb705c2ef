package route

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// TestQueries runs testdata/queries.txt: a query, what the request shows, and
// whether it matches.
func TestQueries(t *testing.T) {
	runText(t, "queries.txt", func(t *testing.T, c *textCase) string {
		p := &parser{}
		q := p.query("query", gjson.Parse(c.get("query")), 0)
		if p.problems != nil {
			return "invalid: " + strings.Join(p.problems, "\ninvalid: ") + "\n"
		}
		_, attrs, _ := playbook(t, &textCase{directives: c.directives[1:]})
		out := fmt.Sprintf("%s\n%t\n", q, q.match(&lookup{attrs: attrs}))
		for _, w := range p.warnings {
			out += "warning: " + w + "\n"
		}
		return out
	})
}

func TestAFieldIsReadOnce(t *testing.T) {
	p := &parser{}
	q := p.query("query", gjson.Parse(`{"$or":[{"params.a":1},{"params.a":2},{"params.b":3}]}`), 0)
	l := &lookup{attrs: Attrs{Params: []byte(`{"a":2,"b":3}`)}}
	if !q.match(l) || len(l.seen) != 1 {
		t.Errorf("saw %d values, want 1", len(l.seen))
	}
}

func TestQueryLimits(t *testing.T) {
	p := &parser{}
	for i := range maxPaths {
		p.query("query", gjson.Parse(fmt.Sprintf(`{"params.a%d":1,"params.a0":2}`, i)), 0)
	}
	if p.problems != nil {
		t.Fatalf("%d paths: %q", maxPaths, p.problems)
	}
	p.query("query", gjson.Parse(`{"params.b":1}`), 0)
	if len(p.problems) != 1 {
		t.Errorf("one path too many: %q", p.problems)
	}

	q := (&parser{}).query("query", gjson.Parse(`{"params.a":{"$regex":"needle"}}`), 0)
	for pad, want := range map[int]bool{maxSubject - 6: true, maxSubject - 5: false} {
		body := `{"a":"` + strings.Repeat("x", pad) + `needle"}`
		if got := q.match(&lookup{attrs: Attrs{Params: []byte(body)}}); got != want {
			t.Errorf("after %d bytes: %t", pad, got)
		}
	}

	deep := &parser{}
	deep.query("query", gjson.Parse(strings.Repeat(`{"$and":[`, 40)+`{"params.a":1}`+strings.Repeat(`]}`, 40)), 0)
	if len(deep.problems) != 1 || !strings.Contains(deep.problems[0], "deeper than 32 levels") {
		t.Errorf("40 levels: %.200q", deep.problems)
	}
	long := &parser{}
	long.query("query", gjson.Parse(`{"params.a":{"$regex":"`+strings.Repeat("a", maxPattern+1)+`"}}`), 0)
	if len(long.problems) != 1 || !strings.Contains(long.problems[0], "at most 1024 bytes") {
		t.Errorf("long pattern: %q", long.problems)
	}
}
