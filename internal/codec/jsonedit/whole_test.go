package jsonedit

import "testing"

func TestWhole(t *testing.T) {
	for doc, want := range map[string]bool{
		`{}`: true, ` {"a":[1,2,{"b":"]"}],"c":"}"} `: true, `[]`: true, `[{"a":1},2]`: true, `{"e":[0.1,-2,3e5]}`: true,
		``: false, `{`: false, `{"a":1`: false, `{"a":[1,2}`: false, `{"a":"x}`: false, `{"a":1}{`: false, `{"a":1} x`: false,
		`{"a" 1}`: false, `{"a":1 "b":2}`: false, `[1,2`: false, `"text"`: false, `<html>`: false,
	} {
		if got := Whole([]byte(doc)); got != want {
			t.Errorf("Whole(%q) is %v", doc, got)
		}
	}
}
