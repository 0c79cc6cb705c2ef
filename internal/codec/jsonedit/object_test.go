package jsonedit

import "testing"

func TestObject(t *testing.T) {
	o := Split([]byte(`{"a":1,"b":null,"c":"x","a":2,"d":[],"e":{"f":1}}`))
	if string(o.Look("a")) != "2" || o.Look("none") != nil {
		t.Error("a look at a doubled key and at none")
	}
	if got := string(o.Take("a")); got != "2" {
		t.Errorf("of a doubled key the last counts, got %s", got)
	}
	if o.Look("a") != nil || o.Take("a") != nil || o.Take("b") != nil || o.Take("none") != nil {
		t.Error("taken, null and missing members are nil")
	}
	if got := o.Text("c"); got != "x" {
		t.Errorf("text %q", got)
	}
	var left string
	for key, value := range o.Left {
		left += key + string(value)
	}
	if left != `e{"f":1}` {
		t.Errorf("left: %s", left)
	}
	var w Writer
	w.Object()
	o.Move(&w, "none")
	o.MoveAs(&w, "e", "g")
	w.EndObject()
	if got := string(w.Bytes()); got != `{"g":{"f":1}}` {
		t.Errorf("moved: %s", got)
	}
	if Length([]byte(`[1,[2,3],"a"]`)) != 3 || Length(nil) != 0 {
		t.Error("length")
	}
}

func TestAsObject(t *testing.T) {
	for text, want := range map[string]string{"": "{}", " null ": "{}", ` {"a":1} `: `{"a":1}`, "[1]": "", `{"a"`: "", `"x"`: ""} {
		if doc, ok := AsObject(text); ok != (want != "") || ok && string(doc) != want {
			t.Errorf("%q: %s, %v", text, doc, ok)
		}
	}
}

func TestJoinTexts(t *testing.T) {
	text := func(s ...string) (list [][]byte) {
		for _, one := range s {
			list = append(list, []byte(one))
		}
		return list
	}
	for want, texts := range map[string][][]byte{`""`: nil, `"a\n"`: text(`"a\n"`), `"a\n-b"`: text(`"a\n"`, `"b"`), `"-"`: text(`""`, `""`)} {
		if got := JoinTexts(texts, "-"); string(got) != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
