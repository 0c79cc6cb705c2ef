package route

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portico-ai/portico/internal/ai"
)

// TestWalks plays testdata/walk_*.txt: what is called, after which wait, with
// which status, and what the response headers and the log say about it.
func TestWalks(t *testing.T) {
	runText(t, "walk_*.txt", func(t *testing.T, c *textCase) string {
		cfg, err := Parse([]byte(c.get("config")), Options{})
		if err != nil {
			return "invalid: " + strings.Join(ai.AsError(err).Problems, "\ninvalid: ") + "\n"
		}
		script, attrs, seed := playbook(t, c)
		if unknown := script.Unknown(cfg); unknown != nil {
			t.Fatalf("answers of %q, which are no leaves", unknown)
		}
		r, err := script.Rehearse(cfg, attrs, rand.New(rand.NewPCG(seed, 0)))
		return printWalk(r, err)
	})
}

func playbook(t *testing.T, c *textCase) (script Script, attrs Attrs, seed uint64) {
	t.Helper()
	script, attrs = Script{}, Attrs{Metadata: map[string]string{}}
	for _, d := range c.directives {
		var err error
		switch d.word {
		case "config":
		case "answer":
			err = script.Add(d.rest)
		case "metadata":
			err = json.Unmarshal([]byte(d.rest), &attrs.Metadata)
		case "params":
			attrs.Params = []byte(d.rest)
		case "path":
			attrs.Path = d.rest
		case "seed":
			seed, err = strconv.ParseUint(d.rest, 10, 64)
		default:
			err = fmt.Errorf("unknown directive")
		}
		if err != nil {
			t.Fatalf("%s %s: %v", d.word, d.rest, err)
		}
	}
	return script, attrs, seed
}

func printWalk(r Rehearsal, err error) string {
	var b strings.Builder
	for _, call := range r.Calls {
		b.WriteString(call.Step.Path)
		if call.Step.Attempt > 0 {
			fmt.Fprintf(&b, " retry %d after %s", call.Step.Attempt, call.Step.Wait)
		}
		fmt.Fprintf(&b, " %d\n", call.Outcome.Status)
	}
	if r.Plan != nil {
		for _, d := range r.Plan.Decisions() {
			fmt.Fprintf(&b, "%s %s -> %d: %s\n", d.Path, d.Mode, d.Chosen, d.Reason)
		}
		fmt.Fprintf(&b, "retries %d, mode %s, fell back %t\n", r.Plan.Retries(), r.Plan.Mode(), r.Plan.FellBack())
	}
	if err != nil {
		fmt.Fprintf(&b, "error %d: %v\n", ai.AsError(err).HTTPStatus(), err)
	}
	return b.String()
}

// TestSplit draws 10,000 times and allows four standard deviations.
func TestSplit(t *testing.T) {
	tests := []struct {
		name    string
		weights []string // "" for none
		want    []float64
	}{
		{"even", []string{"0.5", "0.5"}, []float64{0.5, 0.5}},
		{"canary", []string{"0.9", "0.1"}, []float64{0.9, 0.1}},
		{"percent", []string{"70", "20", "10"}, []float64{0.7, 0.2, 0.1}},
		{"a missing weight is 1", []string{"", "3"}, []float64{0.25, 0.75}},
		{"0 takes a target out", []string{"0", "1", "0", "1", "0"}, []float64{0, 0.5, 0, 0.5, 0}},
		{"tiny and huge", []string{"5e-324", "1e12"}, []float64{0, 1}},
	}
	const n = 10_000
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var targets []string
			for _, w := range tt.weights {
				if w != "" {
					w = `,"weight":` + w
				}
				targets = append(targets, `{"virtual_key":"x"`+w+`}`)
			}
			c := mustParse(t, `{"strategy":{"mode":"loadbalance"},"targets":[`+strings.Join(targets, ",")+`]}`)
			rnd := rand.New(rand.NewPCG(1, 2))
			got := make([]int, len(tt.want))
			for range n {
				p, err := c.Plan(Attrs{}, rnd)
				if err != nil {
					t.Fatal(err)
				}
				step, _ := p.Next(Outcome{})
				got[step.Target.index]++
			}
			for i, share := range tt.want {
				sigma := math.Sqrt(n * share * (1 - share))
				if math.Abs(float64(got[i])-n*share) > 4*sigma {
					t.Errorf("target %d was drawn %d times of %d, want %.0f ± %.0f", i, got[i], n, n*share, 4*sigma)
				}
			}
		})
	}
}

func TestDrawAtTheEdges(t *testing.T) {
	s := Strategy{mode: modeLoadbalance, sums: []float64{0, 0.1, 0.30000000000000004, 0.30000000000000004}}
	for _, tt := range []struct {
		r    float64
		want int
	}{{0, 1}, {0.3, 1}, {0.34, 2}, {math.Nextafter(1, 0), 2}, {1, 2}} {
		if got := s.draw(tt.r); got != tt.want {
			t.Errorf("draw(%v) = %d, want %d", tt.r, got, tt.want)
		}
	}
}

func TestNextAfterTheEnd(t *testing.T) {
	p, err := Direct().Plan(Attrs{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if step, ok := p.Next(Outcome{}); !ok || step.Path != "config" || step.Target.NamesProvider() {
		t.Errorf("first step = %+v, %t", step, ok)
	}
	for range 2 {
		if step, ok := p.Next(Outcome{Status: 503}); ok {
			t.Errorf("got another step: %+v", step)
		}
	}
}

func TestBackoffIsWholeSeconds(t *testing.T) {
	c := mustParse(t, `{"virtual_key":"x","retry":{"attempts":5}}`)
	r, err := Script{"config": {{Status: 500}}}.Rehearse(c, Attrs{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var total time.Duration
	for _, call := range r.Calls {
		total += call.Step.Wait
	}
	if total != 31*time.Second {
		t.Errorf("five retries wait %s in all, want 31s", total)
	}
}

func BenchmarkPlan(b *testing.B) {
	configs := map[string]string{
		"single":      `{"virtual_key":"x","retry":{"attempts":3},"override_params":{"model":"m"}}`,
		"loadbalance": `{"strategy":{"mode":"loadbalance"},"targets":[{"virtual_key":"x","weight":0.9},{"virtual_key":"y","weight":0.1}]}`,
		"conditional": `{"strategy":{"mode":"conditional","conditions":[{"query":{"params.model":{"$regex":"^a"}},"then":"a"}],"default":"a"},"targets":[{"name":"a","virtual_key":"x"}]}`,
	}
	attrs := Attrs{Params: []byte(`{"messages":[{"role":"user","content":"hello"}],"model":"abc"}`)}
	for name, text := range configs {
		c := mustParse(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p, err := c.Plan(attrs, nil)
				if err != nil {
					b.Fatal(err)
				}
				p.Next(Outcome{})
				p.Next(Outcome{Status: 200})
			}
		})
	}
}

func mustParse(t testing.TB, text string) *Config {
	t.Helper()
	c, err := Parse([]byte(text), Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(ai.AsError(err).Problems, "\n"))
	}
	return c
}
