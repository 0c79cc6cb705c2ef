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
