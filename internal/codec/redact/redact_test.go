package redact

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRedactor(t *testing.T) {
	email := Rule{Name: "email", Pattern: `[a-z]+@[a-z]+\.example`}
	card := Rule{Name: "card", Pattern: `\b4\d{15}\b`, Replacement: "CARD"}
	for name, test := range map[string]struct {
		rules      []Rule
		body, want string
	}{
		"in JSON, escapes read":   {[]Rule{email}, `{"a":"write to ann\u0040acme.example, \"now\"","n":12345678901234567890}`, `{"a":"write to [redacted], \"now\"","n":12345678901234567890}`},
		"a number becomes text":   {[]Rule{card}, `{"pay":[4111111111111111,1]}`, `{"pay":["CARD",1]}`},
		"two rules":               {[]Rule{email, card}, `["bob@acme.example 4111111111111111"]`, `["[redacted] CARD"]`},
		"nothing found":           {[]Rule{email}, `{ "a" : [ 1 , "x" ] }`, `{"a":[1,"x"]}`},
		"plain text":              {[]Rule{email}, "mail ann@acme.example\nplease", "mail [redacted]\nplease"},
		"bytes":                   {[]Rule{email}, "\xff ann@acme.example\x00", "\xff [redacted]\x00"},
		"a path":                  {[]Rule{{Path: "user.name"}}, `{"user":{"name":{"first":"A"},"id":1},"name":"B"}`, `{"user":{"name":"[redacted]","id":1},"name":"B"}`},
		"every element":           {[]Rule{{Path: "messages[*].content", Replacement: "x"}}, `{"messages":[{"content":"a"},{"content":["b"]}]}`, `{"messages":[{"content":"x"},{"content":"x"}]}`},
		"one element":             {[]Rule{{Path: "m[1]"}}, `{"m":[1,2,3]}`, `{"m":[1,"[redacted]",3]}`},
		"at any depth":            {[]Rule{{Path: "..ssn"}}, `{"ssn":1,"a":[{"ssn":2}]}`, `{"ssn":"[redacted]","a":[{"ssn":"[redacted]"}]}`},
		"at any depth, and below": {[]Rule{{Path: "..user..name"}}, `{"user":{"a":{"name":1}},"name":2}`, `{"user":{"a":{"name":"[redacted]"}},"name":2}`},
		"a root that is an array": {[]Rule{{Path: "[*].a"}}, `[{"a":1},{"b":2}]`, `[{"a":"[redacted]"},{"b":2}]`},
		"path, then pattern":      {[]Rule{{Path: "a"}, {Pattern: "secret"}}, `{"a":"secret","b":"secret","c":[{}]}`, `{"a":"[redacted]","b":"[redacted]","c":[{}]}`},
		"a whole object":          {[]Rule{{Path: "a"}}, `{"a":{"b":[1,{"c":2}]},"d":[{"a":3}]}`, `{"a":"[redacted]","d":[{"a":3}]}`},
		"JSON lines":              {[]Rule{email, {Path: "id"}}, "{\"id\":1}\n{\"x\":\"ann@acme.example\"}\n", "{\"id\":\"[redacted]\"}\n{\"x\":\"[redacted]\"}\n"},
		"spread over events": {[]Rule{email},
			"event: a\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"to an\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"n@acme.ex\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ample now\"}}]}\n\ndata: [DONE]\n\n",
			"event: a\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"to [redacted]\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" now\"}}]}\n\ndata: [DONE]\n\n"},
		"choices are apart": {[]Rule{{Pattern: "secret"}},
			"data: {\"choices\":[{\"index\":0,\"t\":\"sec\"}]}\ndata: {\"choices\":[{\"index\":1,\"t\":\"x\"}]}\ndata: {\"choices\":[{\"index\":0,\"t\":\"ret\"}]}\n",
			"data: {\"choices\":[{\"index\":0,\"t\":\"[redacted]\"}]}\ndata: {\"choices\":[{\"index\":1,\"t\":\"x\"}]}\ndata: {\"choices\":[{\"index\":0,\"t\":\"\"}]}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := New(test.rules)
			if err != nil {
				t.Fatal(err)
			}
			body := []byte(test.body)
			if got := string(r.Body(body)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if string(body) != test.body {
				t.Error("the body itself was changed")
			}
		})
	}
	var none *Redactor
	if got := none.Body([]byte("x")); string(got) != "x" {
		t.Errorf("no rules: %s", got)
	}
}

func TestRedactionsThatAreRefused(t *testing.T) {
	many := make([]Rule, MaxRules+1)
	for i := range many {
		many[i].Pattern = "a"
	}
	for name, list := range map[string][]Rule{
		"neither": {{Name: "x"}}, "both": {{Pattern: "a", Path: "b"}}, "no expression": {{Pattern: "("}}, "matches nothing": {{Pattern: "a*"}}, "too long": {{Pattern: strings.Repeat("a", 1001)}},
		"path": {{Path: ".a"}}, "path with an open bracket": {{Path: "a[b"}}, "path without a dot": {{Path: "a[0]b"}}, "path that ends in a dot": {{Path: "a."}}, "too many": many,
	} {
		if _, err := New(list); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Whatever the body, JSON stays JSON and what was to go is gone.
func FuzzRedactor(f *testing.F) {
	r, err := New([]Rule{{Pattern: "secret"}, {Path: "..key"}, {Path: "a[*].b"}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{`{"a":[{"b":"secret"}],"key":{"x":1}}`, "data: {\"t\":\"sec\"}\n\ndata: {\"t\":\"ret\"}\n", `"se\u0063ret"`, "secret", `{"key":1,"key":"secret"}`, "1\n2\n", "data:\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := r.Body(body)
		if !json.Valid(body) {
			return
		}
		if !json.Valid(got) {
			t.Fatalf("%q became %q", body, got)
		}
		var v any
		if json.Unmarshal(got, &v) == nil {
			noSecret(t, v)
		}
	})
}

func noSecret(t *testing.T, v any) {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "secret") {
			t.Fatalf("%q is left", v)
		}
	case []any:
		for _, e := range v {
			noSecret(t, e)
		}
	case map[string]any:
		for _, e := range v {
			noSecret(t, e)
		}
	}
}

// A body that nests deeply around something large costs no more than a flat one.
func TestDeepBodiesCostNoMore(t *testing.T) {
	r, err := New([]Rule{{Pattern: "secret"}, {Path: "..key"}})
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Repeat(`{"a":`, 900) + `"` + strings.Repeat("x", 1<<20) + `secret"` + strings.Repeat("}", 900)
	allocs := testing.AllocsPerRun(1, func() {
		if got := r.Body([]byte(body)); strings.Contains(string(got), "secret") || !json.Valid(got) {
			t.Error("not redacted")
		}
	})
	if allocs > 50_000 {
		t.Errorf("%v allocations", allocs)
	}
}
