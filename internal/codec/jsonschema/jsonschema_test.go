package jsonschema_test

import (
	"strings"
	"testing"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/jsonschema"
)

func TestClose(t *testing.T) {
	for in, want := range map[string]string{
		`{"type":"object","properties":{"a":{"type":["object","null"],"additionalProperties":true}}}`: `{"type":"object","properties":{"a":{"type":["object","null"],"additionalProperties":false}},"additionalProperties":false}`,
		`{"anyOf":[{"type":"object"},{"type":"string"}],"enum":[{"type":"object"}]}`:                  `{"anyOf":[{"type":"object","additionalProperties":false},{"type":"string"}],"enum":[{"type":"object"}]}`,
	} {
		var w jsonedit.Writer
		if ok := jsonschema.Close(&w, []byte(in)); !ok || string(w.Bytes()) != want {
			t.Errorf("%s: got %s", in, w.Bytes())
		}
	}
	var w jsonedit.Writer
	if jsonschema.Close(&w, []byte(strings.Repeat(`{"items":`, 70)+"{}"+strings.Repeat("}", 70))) {
		t.Error("a schema of 70 levels is closed")
	}
}

func TestInline(t *testing.T) {
	for in, want := range map[string]string{
		`{"type":"object"}`: `{"type":"object"}`,
		`{"$defs":{"p":{"type":"string"}},"properties":{"a":{"$ref":"#/$defs/p"},"b":[{"$ref":"#/$defs/p"}]}}`:      `{"properties":{"a":{"type":"string"},"b":[{"type":"string"}]}}`,
		`{"definitions":{"a/b":{"$ref":"#/definitions/c"},"c":{"const":{"$ref":"x"}}},"$ref":"#/definitions/a~1b"}`: `{"const":{"$ref":"x"}}`,
	} {
		if got, ok := jsonschema.Inline([]byte(in)); !ok || string(got) != want {
			t.Errorf("%s: got %s %v", in, got, ok)
		}
	}
	bomb := `{"$defs":{"a0":{"type":"string"}`
	for i := 1; i < 40; i++ {
		n, before := string(rune('0'+i/10))+string(rune('0'+i%10)), "a0"
		if i > 1 {
			before = "a" + string(rune('0'+(i-1)/10)) + string(rune('0'+(i-1)%10))
		}
		bomb += `,"a` + n + `":{"anyOf":[{"$ref":"#/$defs/` + before + `"},{"$ref":"#/$defs/` + before + `"}]}`
	}
	for name, in := range map[string]string{
		"a circle": `{"$defs":{"n":{"properties":{"next":{"$ref":"#/$defs/n"}}}},"$ref":"#/$defs/n"}`,
		"nowhere":  `{"$ref":"#/$defs/none"}`, "elsewhere": `{"$ref":"https://example.com/x"}`,
		"a bomb": bomb + `},"$ref":"#/$defs/a39"}`,
	} {
		if _, ok := jsonschema.Inline([]byte(in)); ok {
			t.Errorf("%s is inlined", name)
		}
	}
}
