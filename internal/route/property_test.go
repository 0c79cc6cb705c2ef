package route

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portico-ai/portico/internal/ai"
)

// FuzzParse: whatever the text, Parse does not panic, its errors are complete,
// and a config it accepts ends its walk within the bound of its size.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if config, ok := strings.CutPrefix(line, "config "); ok {
				f.Add([]byte(config), uint64(503))
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, dice uint64) {
		c, err := Parse(raw, Options{})
		if err != nil {
			if e := ai.AsError(err); e.Kind != ai.Invalid || len(e.Problems) == 0 {
				t.Fatalf("incomplete error %+v", e)
			}
			return
		}
		rnd := rand.New(rand.NewPCG(dice, 0))
		attrs := Attrs{Metadata: map[string]string{"t": "x"}, Params: raw, Path: "/v1"}
		p, err := c.Plan(attrs, rnd)
		if err != nil {
			return
		}
		bound := leaves(c) * (MaxAttempts + 1)
		last := Outcome{}
		for n := 0; ; n++ {
			step, ok := p.Next(last)
			if !ok {
				break
			}
			if n >= bound || step.Wait < 0 || step.Wait > retryAfterBudget {
				t.Fatalf("step %d of at most %d: %+v", n, bound, step)
			}
			last = anyOutcome(rnd)
		}
		_ = p.Decisions()
	})
}

func leaves(c *Config) (n int) {
	for range c.Leaves() {
		n++
	}
	return n
}

func anyOutcome(rnd *rand.Rand) Outcome {
	return Outcome{
		Status:        100 + rnd.IntN(500),
		RetryAfter:    time.Duration(rnd.Int64()),
		HasRetryAfter: rnd.IntN(2) == 0,
		NoResponse:    rnd.IntN(8) == 0,
	}
}

// drawConfig makes a valid config of a few levels.
func drawConfig(t *rapid.T, depth int) string {
	common := fmt.Sprintf(`"name":"n%d"`, rapid.IntRange(0, 2).Draw(t, "name"))
	if rapid.Bool().Draw(t, "retries") {
		common += fmt.Sprintf(`,"retry":{"attempts":%d,"use_retry_after_headers":%t}`,
			rapid.IntRange(0, 7).Draw(t, "attempts"), rapid.Bool().Draw(t, "retry after"))
	}
	if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
		return `{"virtual_key":"k",` + common + `}`
	}
	var targets []string
	for range rapid.IntRange(1, 3).Draw(t, "targets") {
		targets = append(targets, drawConfig(t, depth-1))
	}
	strategy := rapid.SampledFrom([]string{
		`"mode":"fallback"`, `"mode":"fallback","on_status_codes":[429,503]`, `"mode":"loadbalance"`, `"mode":"single"`,
	}).Draw(t, "strategy")
	return `{"strategy":{` + strategy + `},"targets":[` + strings.Join(targets, ",") + `],` + common + `}`
}

// TestWalkProperties: steps go through the tree in order, attempts count up from
// 0 and stay within the target's, a success ends the walk, and the same dice
// give the same walk.
func TestWalkProperties(t *testing.T) {
	statuses := []int{200, 246, 400, 429, 446, 503}
	rapid.Check(t, func(t *rapid.T) {
		text := drawConfig(t, 3)
		c, err := Parse([]byte(text), Options{})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		order := map[string]int{}
		for leaf := range c.Leaves() {
			order[leaf.Path] = len(order)
		}
		script := Script{}
		for path := range order {
			for range rapid.IntRange(1, 4).Draw(t, "calls") {
				script[path] = append(script[path], Outcome{
					Status:        rapid.SampledFrom(statuses).Draw(t, "status"),
					RetryAfter:    time.Duration(rapid.IntRange(0, 90).Draw(t, "wait")) * time.Second,
					HasRetryAfter: rapid.Bool().Draw(t, "has wait"),
				})
			}
		}
		seed := rapid.Uint64().Draw(t, "seed")
		walk, err := script.Rehearse(c, Attrs{}, rand.New(rand.NewPCG(seed, 0)))
		if err != nil {
			t.Fatal(err)
		}
		checkWalk(t, walk, order)
		again, _ := script.Rehearse(c, Attrs{}, rand.New(rand.NewPCG(seed, 0)))
		if printWalk(walk, nil) != printWalk(again, nil) {
			t.Fatalf("the same dice gave another walk:\n%s\n%s", printWalk(walk, nil), printWalk(again, nil))
		}
	})
}

func checkWalk(t *rapid.T, walk Rehearsal, order map[string]int) {
	waited := map[string]time.Duration{}
	for i, call := range walk.Calls {
		step := call.Step
		if step.Attempt > step.Target.Retry.Attempts || step.Attempt == 0 && step.Wait != 0 {
			t.Fatalf("step %+v", step)
		}
		if i == 0 {
			continue
		}
		before := walk.Calls[i-1]
		if before.Outcome.OK() {
			t.Fatalf("went on after success: %+v", before)
		}
		switch {
		case step.Path == before.Step.Path && step.Attempt != before.Step.Attempt+1:
			t.Fatalf("attempt %d follows %d", step.Attempt, before.Step.Attempt)
		case step.Path != before.Step.Path && (step.Attempt != 0 || order[step.Path] <= order[before.Step.Path]):
			t.Fatalf("%s (attempt %d) follows %s", step.Path, step.Attempt, before.Step.Path)
		}
		if before.Outcome.Status == http.StatusTooManyRequests && before.Outcome.HasRetryAfter && step.Target.Retry.UseRetryAfter {
			waited[step.Path] += step.Wait
		}
		if waited[step.Path] > retryAfterBudget {
			t.Fatalf("%s waited %s", step.Path, waited[step.Path])
		}
	}
	if n := walk.Plan.Retries(); n != -1 && n != walk.Last().Step.Attempt {
		t.Fatalf("retries %d after attempt %d", n, walk.Last().Step.Attempt)
	}
}

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		header http.Header
		want   time.Duration
		ok     bool
	}{
		{"none", http.Header{}, 0, false},
		{"seconds", http.Header{"Retry-After": {"7"}}, 7 * time.Second, true},
		{"fraction", http.Header{"Retry-After": {" 0.25 "}}, 250 * time.Millisecond, true},
		{"milliseconds win", http.Header{"Retry-After": {"7"}, "Retry-After-Ms": {"120"}}, 120 * time.Millisecond, true},
		{"the other milliseconds", http.Header{"Retry-After": {"7"}, "X-Ms-Retry-After-Ms": {"80"}}, 80 * time.Millisecond, true},
		{"illegible milliseconds are passed over", http.Header{"Retry-After": {"7"}, "Retry-After-Ms": {"soon"}}, 7 * time.Second, true},
		{"date", http.Header{"Retry-After": {"Sun, 01 Mar 2026 12:00:30 GMT"}}, 30 * time.Second, true},
		{"date in the past", http.Header{"Retry-After": {"Sun, 01 Mar 2026 11:00:00 GMT"}}, 0, true},
		{"negative", http.Header{"Retry-After": {"-1"}}, 0, false},
		{"not a number", http.Header{"Retry-After": {"NaN"}}, 0, false},
		{"without end", http.Header{"Retry-After": {"1e300"}}, 1<<63 - 1, true},
		{"words", http.Header{"Retry-After": {"later"}}, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := ParseRetryAfter(tt.header, now)
			if got != tt.want || ok != tt.ok {
				t.Errorf("got %s, %t, want %s, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestParseScript(t *testing.T) {
	got, err := ParseScript("# a comment\n\nconfig.targets[0]: 503, 429;2s;no-response , 500;1.5\nconfig.targets[1]=400;fatal\n")
	if err != nil {
		t.Fatal(err)
	}
	want := Script{
		"config.targets[0]": {
			{Status: 503},
			{Status: 429, RetryAfter: 2 * time.Second, HasRetryAfter: true, NoResponse: true},
			{Status: 500, RetryAfter: 1500 * time.Millisecond, HasRetryAfter: true},
		},
		"config.targets[1]": {{Status: 400, Fatal: true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for text, fault := range map[string]string{
		"config 503":         "must be a target's path",
		"config: ok":         `"ok" must start with an HTTP status code`,
		"config: 503,":       `"" must start with an HTTP status code`,
		"\nconfig: 700":      "line 2:",
		"config: 429;soon":   `"soon" must be a Retry-After`,
		"config: 429;-2s":    `"-2s" must be a Retry-After`,
		"config: 503;2s;bad": `"bad" must be`,
	} {
		if _, err := ParseScript(text); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%q: got %v, want %q", text, err, fault)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"strategy", "targets", "virtual_key", "on_status_codes", "name", "id"}
	for word, want := range map[string]string{
		"stratergy": "strategy", "target": "targets", "virtualKey": "virtual_key", "VIRTUAL-KEY": "virtual_key",
		"on_status_code": "on_status_codes", "nmae": "name", "region": "", "ids": "id", "resource_name": "", "": "",
	} {
		if got, _ := nearest(word, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
