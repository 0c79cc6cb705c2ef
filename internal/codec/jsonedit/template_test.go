package jsonedit

import "testing"

func TestTemplate(t *testing.T) {
	learn := func(doc string, path ...string) *Template {
		var tpl Template
		tpl.Learn([]byte(doc), nil)
		raw := []byte(doc)
		tpl.Learn(raw, [][]byte{Get(raw, path...)})
		return &tpl
	}
	for _, test := range []struct {
		learned string
		path    string
		doc     string
		text    string
		ok      bool
	}{
		{`{"a":1,"t":"x"}`, "t", `{"a":1,"t":"other \" text"}`, `"other \" text"`, true},
		{`{"a":1,"t":"x"}`, "t", `{"a":1,"t":""}`, `""`, true},
		{`{"a":1,"t":"x"}`, "t", `{"a":2,"t":"x"}`, "", false},
		{`{"a":1,"t":"x"}`, "t", `{"a":1,"t":"x","b":2}`, "", false},
		{`{"a":1,"t":"x"}`, "t", `{"a":1,"t":null}`, "", false},
		{`{"a":1,"t":"x"}`, "t", `{"a":1,"t":"x`, "", false},
		{`{"a":1,"t":"x"}`, "t", `{"a":1,"t":`, "", false},
		{`{"a":1,"t":"x"}`, "t", ``, "", false},
		{`{"a":1,"t":7}`, "t", `{"a":1,"t":7}`, "", false},        // no string varies
		{`{"a":1,"t":"x"}`, "none", `{"a":1,"t":"x"}`, "", false}, // nothing to vary
	} {
		got, ok := learn(test.learned, test.path).Match([]byte(test.doc))
		if ok != test.ok || ok && string(got[0]) != test.text {
			t.Errorf("%s is like %s: %v, %s; want %v, %s", test.doc, test.learned, ok, got[0], test.ok, test.text)
		}
	}
}

func TestTemplateOfSeveralStrings(t *testing.T) {
	doc := []byte(`{"b":"1","a":"2"}`)
	var tpl Template
	tpl.Learn(doc, [][]byte{Get(doc, "a"), Get(doc, "b")})
	got, ok := tpl.Match([]byte(`{"b":"x","a":"yy"}`))
	if !ok || string(got[0]) != `"yy"` || string(got[1]) != `"x"` {
		t.Errorf("%v %s", ok, got)
	}
	other := []byte(`"2"`)
	tpl.Learn(doc, [][]byte{other})
	if _, ok := tpl.Match(doc); ok {
		t.Error("a string of another document was taken")
	}
	tpl.Learn(doc, make([][]byte, maxHoles+1))
	if _, ok := tpl.Match(doc); ok {
		t.Error("more strings vary than there is room for")
	}
}
