package gemini

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSchemas(t *testing.T) {
	for name, test := range map[string]struct {
		schema    string
		json, own string // in the two forms
		lostJSON  []string
		lostOwn   []string
	}{
		"references": {
			schema:   `{"type":"object","properties":{"a":{"$ref":"#/$defs/A","description":"An A."},"b":{"allOf":[{"$ref":"#/$defs/A"}],"title":"B"}},"$defs":{"A":{"type":"string","minLength":1}}}`,
			json:     `{"type":"object","properties":{"a":{"$ref":"#/$defs/A"},"b":{"type":"string","title":"B"}},"$defs":{"A":{"type":"string"}}}`,
			own:      `{"type":"OBJECT","properties":{"a":{"description":"An A.","type":"STRING","minLength":1},"b":{"type":"STRING","minLength":1,"title":"B"}}}`,
			lostJSON: []string{"s.properties.a.description", "s.properties.b.allOf[0].minLength", "s.$defs.A.minLength"},
		},
		"older definitions": {
			schema: `{"definitions":{"A":{"type":"integer"}},"type":"array","items":{"$ref":"#/definitions/A"}}`,
			json:   `{"type":"array","$defs":{"A":{"type":"integer"}},"items":{"$ref":"#/$defs/A"}}`,
			own:    `{"type":"ARRAY","items":{"type":"INTEGER"}}`,
		},
		"recursion": {
			schema:  `{"type":"object","properties":{"next":{"$ref":"#"}}}`,
			json:    `{"type":"object","properties":{"next":{"$ref":"#"}}}`,
			own:     `{"type":"OBJECT","properties":{"next":{"type":"OBJECT","properties":{"next":{"type":"OBJECT"}}}}}`,
			lostOwn: []string{"s.properties.next.properties.next.$ref"},
		},
		"null": {
			schema: `{"type":"object","properties":{"a":{"type":["string","null"]},"b":{"anyOf":[{"type":"integer","minimum":1},{"type":"null"}],"description":"B","default":null},"c":{"enum":["x",null]}}}`,
			json:   `{"type":"object","properties":{"a":{"type":["string","null"]},"b":{"anyOf":[{"type":"integer","minimum":1},{"type":"null"}],"description":"B"},"c":{"enum":["x",null]}}}`,
			own:    `{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true},"b":{"nullable":true,"type":"INTEGER","minimum":1,"description":"B"},"c":{"nullable":true,"type":"STRING","enum":["x"]}}}`,
		},
		"alternatives": {
			schema: `{"oneOf":[{"type":"string"},{"type":"object","properties":{"k":{"const":"v"}},"required":["k"],"additionalProperties":false}]}`,
			json:   `{"anyOf":[{"type":"string"},{"type":"object","properties":{"k":{"type":"string","enum":["v"]}},"required":["k"],"additionalProperties":false}]}`,
			own:    `{"anyOf":[{"type":"STRING"},{"type":"OBJECT","properties":{"k":{"type":"STRING","enum":["v"]}},"required":["k"]}]}`,
		},
		"several types": {
			schema: `{"type":["string","integer"]}`, json: `{"type":["string","integer"]}`, own: `{"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]}`,
			lostOwn: []string{"s.type"},
		},
		"limits": {
			schema:   `{"type":"object","properties":{"i":{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":10},"n":{"type":"number","exclusiveMinimum":0,"multipleOf":2},"s":{"type":"string","pattern":"^a","format":"email"}}}`,
			json:     `{"type":"object","properties":{"i":{"type":"integer","minimum":1,"maximum":9},"n":{"type":"number"},"s":{"type":"string","format":"email"}}}`,
			own:      `{"type":"OBJECT","properties":{"i":{"type":"INTEGER","minimum":1,"maximum":9},"n":{"type":"NUMBER"},"s":{"type":"STRING","pattern":"^a"}}}`,
			lostJSON: []string{"s.properties.n.exclusiveMinimum", "s.properties.n.multipleOf", "s.properties.s.pattern"},
			lostOwn:  []string{"s.properties.n.exclusiveMinimum", "s.properties.n.multipleOf", "s.properties.s.format"},
		},
		"the rest": {
			schema:   `{"$schema":"x","type":"object","properties":{"t":{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"uniqueItems":true},"m":{"type":"object","additionalProperties":{"type":"string"}},"e":{"type":"integer","enum":[1,2]},"any":true},"examples":[{}],"if":{}}`,
			json:     `{"type":"object","properties":{"t":{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}]},"m":{"type":"object","additionalProperties":{"type":"string"}},"e":{"type":"integer","enum":[1,2]},"any":{}}}`,
			own:      `{"type":"OBJECT","properties":{"t":{"type":"ARRAY","items":{"anyOf":[{"type":"STRING"},{"type":"INTEGER"}]}},"m":{"type":"OBJECT"},"e":{"type":"INTEGER"},"any":{}}}`,
			lostJSON: []string{"s.properties.t.uniqueItems", "s.if"},
			lostOwn:  []string{"s.properties.t.prefixItems", "s.properties.t.uniqueItems", "s.properties.m.additionalProperties", "s.properties.e.enum", "s.if"},
		},
		"all of": {
			schema:   `{"allOf":[{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{"type":"string"}},"required":["b"]}]}`,
			json:     `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["a","b"]}`,
			own:      `{"type":"OBJECT","properties":{"a":{"type":"STRING"},"b":{"type":"STRING"}},"required":["a","b"]}`,
			lostJSON: []string{"s.allOf"}, lostOwn: []string{"s.allOf"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, form := range []struct {
				own  bool
				want string
				lost []string
			}{{false, test.json, test.lostJSON}, {true, test.own, test.lostOwn}} {
				f := fromHub{c: conversion()}
				got := f.level([]byte(test.schema), "s", form.own)
				if f.err != nil {
					t.Fatal(f.err)
				}
				equalJSON(t, "schema", []byte(form.want), got)
				if diff := cmp.Diff(form.lost, paths(f.c)); diff != "" {
					t.Errorf("own form %v: receipts (-want +got):\n%s", form.own, diff)
				}
			}
		})
	}
}

// A schema must not take more work than its size is worth.
func TestSchemasAreBounded(t *testing.T) {
	deep := strings.Repeat(`{"type":"array","items":`, 500) + `{}` + strings.Repeat(`}`, 500)
	wide := `{"$defs":{"a0":{"type":"object","properties":{"x":{"type":"string"}}}`
	for i := 1; i < 40; i++ {
		n, before := encodeInt(i), encodeInt(i-1)
		wide += `,"a` + n + `":{"type":"object","properties":{"x":{"$ref":"#/$defs/a` + before + `"},"y":{"$ref":"#/$defs/a` + before + `"}}}`
	}
	wide += `},"$ref":"#/$defs/a39"}`
	for _, schema := range []string{deep, wide} {
		for _, own := range []bool{true, false} {
			f := fromHub{c: conversion()}
			f.level([]byte(schema), "s", own)
			if f.err == nil && (own || schema == deep) {
				t.Errorf("own form %v: a schema of %d bytes was taken", own, len(schema))
			}
		}
	}
}
