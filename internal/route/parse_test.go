package route

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
)

// TestChecks runs testdata/check_*.txt: a config and what Parse has to say about
// it. "schema: accepts" marks a fault that the schema cannot express.
func TestChecks(t *testing.T) {
	s := compileSchema(t)
	runText(t, "check_*.txt", func(t *testing.T, c *textCase) string {
		config := c.get("config")
		cfg, err := Parse([]byte(config), checkOptions(c))
		fault := schemaFault(t, s, config)
		if err == nil {
			if fault != nil {
				t.Errorf("the schema refuses what Parse accepts: %v", fault)
			}
			return "ok\n" + lines("warning: ", cfg.Warnings())
		}
		e := ai.AsError(err)
		if e.Kind != ai.Invalid || e.HTTPStatus() != 400 || !strings.HasPrefix(e.Message, "Invalid config passed") {
			t.Errorf("got %v %d %q", e.Kind, e.HTTPStatus(), e.Message)
		}
		out := lines("", e.Problems)
		if fault == nil {
			out += "schema: accepts\n"
		}
		return out
	})
}

func lines(prefix string, all []string) string {
	out := ""
	for _, s := range all {
		out += prefix + s + "\n"
	}
	return out
}

func checkOptions(c *textCase) Options {
	opt := Options{
		KnownProvider: func(slug string) (string, bool) {
			aliases := map[string]string{"acme": "acme", "acmeai": "acme"}
			id, ok := aliases[slug]
			return id, ok
		},
		CheckHost: func(url string) error {
			if strings.Contains(url, "169.254") {
				return errors.New("169.254.169.254 is not a public address")
			}
			return nil
		},
	}
	opt.ForSave = c.get("for") == "save"
	return opt
}

func TestProblemsAreComplete(t *testing.T) {
	_, err := Parse([]byte(`{"strategy":{"mode":"loadbalance"},"targets":[{},{"virtual_key":"a","weight":"0.5"},{"virtual_key":"b","retry":{"attempts":-1}}]}`), Options{})
	e := ai.AsError(err)
	if len(e.Problems) != 3 || !strings.HasSuffix(e.Message, "(and 2 more)") {
		t.Errorf("message %q, problems %q", e.Message, e.Problems)
	}
	if want := `config.targets[1].weight: must be a number ≥ 0, got "0.5"`; !slices.Contains(e.Problems, want) {
		t.Errorf("problems %q lack %q", e.Problems, want)
	}
}

func TestSecretsAreNotRepeated(t *testing.T) {
	for _, config := range []string{
		`{"provider":"a","api_key":12345}`,
		`{"provider":"a","aws_secret_access_key":12345}`,
	} {
		_, err := Parse([]byte(config), Options{})
		if err == nil || strings.Contains(fmt.Sprint(ai.AsError(err).Problems), "12345") {
			t.Errorf("%s: %v", config, err)
		}
	}
	c := mustParse(t, `{"provider":"a","api_key":"sk-12345","aws_secret_access_key":"sk-12345"}`)
	if got := fmt.Sprintf("%+v %+v", c.Root, c.Root.Fields); strings.Contains(got, "12345") {
		t.Errorf("printed: %s", got)
	}
	if got := c.Root.Fields["aws_secret_access_key"].Reveal(); got != "sk-12345" {
		t.Errorf("field = %q", got)
	}
}

// nest returns a config of n levels of targets below the root.
func nest(n int) string {
	open := `{"strategy":{"mode":"single"},"targets":[`
	return strings.Repeat(open, n) + `{"virtual_key":"a"}` + strings.Repeat("]}", n)
}

func wide(mode string, n int) string {
	leaves := strings.Repeat(`,{"name":"a","virtual_key":"a"}`, n)[1:]
	return `{"strategy":{"mode":"` + mode + `","conditions":[{"query":{},"then":"a"}],"default":"a"},"targets":[` + leaves + `]}`
}

func TestLimits(t *testing.T) {
	nested := func(n int) string {
		return `{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"a"},` + wide("loadbalance", n) + `]}`
	}
	split := func(a, b int) string {
		return `{"strategy":{"mode":"fallback"},"targets":[{"strategy":{"mode":"fallback"},"targets":[` +
			wide("loadbalance", a) + `,` + wide("loadbalance", b) + `]}]}`
	}
	conditions := func(n int) string {
		return `{"strategy":{"mode":"conditional","conditions":[` + strings.Repeat(`,{"query":{"metadata.a":"x"},"then":"a"}`, n)[1:] +
			`],"default":"a"},"targets":[{"name":"a","virtual_key":"a"}]}`
	}
	numbered := func(n int, each string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ","+each, i)
		}
		return b.String()[1:]
	}
	patterns := func(n int, each string) string {
		return `{"strategy":{"mode":"conditional","conditions":[` + numbered(n, `{"query":{"metadata.a":{"$regex":"`+each+`"}},"then":"a"}`) +
			`],"default":"a"},"targets":[{"name":"a","virtual_key":"a"}]}`
	}
	params := func(n int) string {
		return `{"virtual_key":"a","override_params":{` + numbered(n, `"k%d":1`) + `}}`
	}
	tests := []struct {
		name, config string
		want         string // "" for valid
	}{
		{"most conditions", conditions(MaxConditions), ""},
		{"too many conditions", conditions(MaxConditions + 1), "at most 1000 conditions in all"},
		{"many patterns", patterns(500, "x%d"), ""},
		{"patterns too large together", patterns(3, "(a{1,30}){1,20}%d"), "conditions[2].query[\"metadata.a\"][\"$regex\"]: the regular expressions of a config are too large together"},
		{"a pattern too large", patterns(1, strings.Repeat("((a{1,10}){1,10}){1,10}", 40)+"%d"), "too large together"},
		{"most params", params(MaxParams), ""},
		{"too many params", params(MaxParams + 1), "config.override_params: must have at most 100 keys, got 101"},
		{"deepest", nest(MaxDepth), ""},
		{"too deep", nest(MaxDepth + 1), "must not nest deeper than 16 levels"},
		{"a million levels", nest(1_000_000)[:MaxSize], "json"},
		{"as deep as JSON allows", strings.Repeat(`{"x":`, maxJSONDepth) + `{}` + strings.Repeat("}", maxJSONDepth), "must not nest JSON deeper than 100 levels"},
		{"widest", wide("fallback", MaxTargets), ""},
		{"too wide", wide("fallback", MaxTargets+1), "config.targets: must have at most 100 targets here, got 101"},
		{"widest conditional", wide("conditional", MaxConditionalTargets), ""},
		{"too wide conditional", wide("conditional", MaxConditionalTargets+1), "at most 1000 targets here, got 1001"},
		{"most below one target", nested(MaxNested), ""},
		{"too many below one target", nested(MaxNested + 1), "config.targets[1].targets: must have at most 50 targets here, got 51"},
		{"most below one target, together", split(24, 24), ""},
		{"too many below one target, together", split(24, 25), "at most 50 targets here, got 51"},
		{"largest", `{"retry":{"attempts":1}}` + strings.Repeat(" ", MaxSize-24), ""},
		{"too large", `{"retry":{"attempts":1}}` + strings.Repeat(" ", MaxSize-23), "must be at most 1048576 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.config), Options{})
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestProblemsAreBounded(t *testing.T) {
	_, err := Parse([]byte(`{"drop_params":[`+strings.Repeat(`"..",`, 10_000)+`1]}`), Options{})
	if n := len(ai.AsError(err).Problems); n != maxProblems {
		t.Errorf("%d problems, want %d", n, maxProblems)
	}
}

func TestInheritance(t *testing.T) {
	c := mustParse(t, `{
	  "strategy":{"mode":"fallback"}, "id":"outer",
	  "override_params":{"model":"m","temperature":0.1,"big":12345678901234567890},
	  "default_params":{"max_tokens":10}, "drop_params":["user"],
	  "retry":{"attempts":2,"on_status_codes":[500],"use_retry_after_headers":true},
	  "cache":{"mode":"semantic","max_age":60,"x":1},
	  "request_timeout":1000, "first_token_timeout":2000, "stream_idle_timeout":3000,
	  "custom_host":"https://a.example/v1", "forward_headers":[" X-Team "],
	  "strict_open_ai_compliance":false,
	  "before_request_hooks":[{"id":"b"}], "input_guardrails":["g"], "output_guardrails":["o"],
	  "default_input_guardrails":["d"],
	  "targets":[
	    {"virtual_key":"a"},
	    {"strategy":{"mode":"single"},"id":"inner","strict_open_ai_compliance":null,"targets":[{"provider":"@b"}]},
	    {"virtual_key":"c","id":"own",
	     "override_params":{"temperature":null,"top_p":1}, "default_params":{"max_tokens":20}, "drop_params":["user","a[*].b"],
	     "retry":{"attempts":1}, "cache":{"mode":"simple"},
	     "request_timeout":0, "first_token_timeout":1.5, "custom_host":"https://c.example", "forward_headers":[],
	     "strict_open_ai_compliance":true, "input_mutators":[{}], "resource_name":"r", "flag":true, "extra":{"a":[1]}}]}`)

	a, b, own := c.Root.Targets[0], c.Root.Targets[1].Targets[0], c.Root.Targets[2]
	if b.VirtualKey != "b" || b.Provider != "" || b.ID != "outer" {
		t.Errorf("b = %q, %q, %q", b.VirtualKey, b.Provider, b.ID)
	}
	if diff := cmp.Diff(a.Settings, b.Settings); diff != "" {
		t.Errorf("a grandchild inherits what a child does not (-child +grandchild)\n%s", diff)
	}
	no, yes := false, true
	want := Settings{
		OverrideParams:    []Param{{"model", []byte(`"m"`)}, {"temperature", []byte(`0.1`)}, {"big", []byte(`12345678901234567890`)}},
		DefaultParams:     []Param{{"max_tokens", []byte(`10`)}},
		DropParams:        []string{"user"},
		Retry:             Retry{Attempts: 2, OnStatusCodes: []int{500}, UseRetryAfter: true},
		Cache:             &Cache{Mode: "semantic", MaxAge: time.Minute, Raw: []byte(`{"mode":"semantic","max_age":60,"x":1}`)},
		RequestTimeout:    time.Second,
		FirstTokenTimeout: 2 * time.Second,
		StreamIdleTimeout: 3 * time.Second,
		CustomHost:        "https://a.example/v1",
		ForwardHeaders:    []string{"x-team"},
		Strict:            &no,
		Before:            Hooks{Hooks: []byte(`[{"id":"b"}]`), Guardrails: []byte(`["g"]`)},
		After:             Hooks{Guardrails: []byte(`["o"]`)},
	}
	if diff := cmp.Diff(want, a.Settings); diff != "" {
		t.Errorf("inherited (-want +got)\n%s", diff)
	}
	want.OverrideParams = []Param{{"model", []byte(`"m"`)}, {"temperature", []byte(`null`)}, {"big", []byte(`12345678901234567890`)}, {"top_p", []byte(`1`)}}
	want.DefaultParams = []Param{{"max_tokens", []byte(`20`)}}
	want.DropParams = []string{"user", "a[*].b"}
	want.Retry = Retry{Attempts: 1, OnStatusCodes: defaultRetryCodes}
	want.Cache = &Cache{Mode: "simple", Raw: []byte(`{"mode":"simple"}`)}
	want.FirstTokenTimeout = 1500 * time.Microsecond
	want.CustomHost, want.ForwardHeaders, want.Strict = "https://c.example", []string{}, &yes
	want.Before = Hooks{Mutators: []byte(`[{}]`)}
	if diff := cmp.Diff(want, own.Settings); diff != "" {
		t.Errorf("own (-want +got)\n%s", diff)
	}
	fields := map[string]string{}
	for name, v := range own.Fields {
		fields[name] = v.Reveal()
	}
	if diff := cmp.Diff(map[string]string{"resource_name": "r", "flag": "true", "extra": `{"a":[1]}`}, fields); diff != "" {
		t.Errorf("fields (-want +got)\n%s", diff)
	}
	if string(c.DefaultInputGuardrails) != `["d"]` {
		t.Errorf("default guardrails = %s", c.DefaultInputGuardrails)
	}
}

func TestWhoIsCalled(t *testing.T) {
	tests := []struct {
		config   string
		provider string
		virtual  string
		model    string // effective override
		needs    bool
	}{
		{`{"provider":"acmeai","api_key":"k"}`, "acme", "", "", false},
		{`{"virtual_key":"v"}`, "", "v", "", false},
		{`{"virtual_key":"@v"}`, "", "v", "", false},
		{`{"provider":"@v"}`, "", "v", "", false},
		{`{"provider":"@v","virtual_key":"w"}`, "", "v", "", false},
		{`{"override_params":{"model":"@v/org/m"}}`, "", "v", `"org/m"`, false},
		{`{"provider":"@v","override_params":{"model":"@v/m"}}`, "", "v", `"m"`, false},
		{`{"provider":"@v","override_params":{"model":"@w/m"}}`, "", "v", `"@w/m"`, false},
		{`{"provider":"acme","override_params":{"model":"@cf/meta/m"}}`, "acme", "", `"@cf/meta/m"`, false},
		{`{"prompt_id":"p"}`, "", "", "", false},
		{`{"prompt_id":"p","override_params":{"model":"@v/m"}}`, "", "v", `"m"`, false},
		{`{"retry":{"attempts":1}}`, "", "", "", true},
		{`{"override_params":{"model":"m"}}`, "", "", `"m"`, true},
		{`{"passthrough":true}`, "", "", "", true},
	}
	opt := checkOptions(&textCase{})
	for _, tt := range tests {
		c, err := Parse([]byte(tt.config), opt)
		if err != nil {
			t.Errorf("%s: %v", tt.config, err)
			continue
		}
		model := ""
		for _, p := range c.Root.OverrideParams {
			model = string(p.Value)
		}
		if r := c.Root; r.Provider != tt.provider || r.VirtualKey != tt.virtual || model != tt.model || c.NeedsProvider() != tt.needs {
			t.Errorf("%s: provider %q, virtual key %q, model %s, needs a provider %t", tt.config, r.Provider, r.VirtualKey, model, c.NeedsProvider())
		}
	}
}

func TestAModelPrefixIsInherited(t *testing.T) {
	c := mustParse(t, `{"strategy":{"mode":"fallback"},"override_params":{"model":"@v/m"},"targets":[{},{"virtual_key":"w"}]}`)
	first := c.Root.Targets[0]
	if first.VirtualKey != "v" || string(first.OverrideParams[0].Value) != `"m"` {
		t.Errorf("first = %q %s", first.VirtualKey, first.OverrideParams[0].Value)
	}
	if string(c.Root.OverrideParams[0].Value) != `"@v/m"` {
		t.Errorf("the parent's params were changed: %s", c.Root.OverrideParams[0].Value)
	}
}

func TestRawIsTheCallersNoMore(t *testing.T) {
	raw := []byte(`{"virtual_key":"abc","override_params":{"model":"m"}}`)
	c, err := Parse(raw, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] = 'x'
	}
	if c.Root.VirtualKey != "abc" || string(c.Root.OverrideParams[0].Value) != `"m"` {
		t.Errorf("the config changed with the caller's bytes: %+v", c.Root)
	}
}

func BenchmarkParse(b *testing.B) {
	raw := []byte(`{"strategy":{"mode":"loadbalance"},"targets":[{"virtual_key":"a","weight":0.5,"override_params":{"max_tokens":200}},` +
		`{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"b"},{"virtual_key":"c"}],"weight":0.5}]}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
