package jsonedit

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/test/corpus"
)

func TestScanReads(t *testing.T) {
	body := ` {"messages":[{"role":"user","content":"model \" {\\"}], "stream" : true,
		"stream_options":{"include_usage":true},"max_tokens":1e3,"max_completion_tokens":20,"n":2,
		"user":"u\u00e9","temperature":0.1,"metadata":null,"model":"gpt-\"x\""} `
	got, err := Scan([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	want := Top{Model: `gpt-"x"`, Stream: true, IncludeUsage: true, MaxTokens: 1000, MaxCompletionTokens: 20, N: 2, User: "ué"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestScanNulls(t *testing.T) {
	got, err := Scan([]byte(`{"model":null,"stream":null,"max_tokens":null,"n":null,"user":7}`))
	if err != nil || got != (Top{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestScanRefuses(t *testing.T) {
	tests := []struct{ name, body, message, param string }{
		{"nothing", ``, "body is empty", ""},
		{"white space", " \n", "body is empty", ""},
		{"an array", `[]`, "must be a JSON object", ""},
		{"a string", `"x"`, "must be a JSON object", ""},
		{"a byte order mark", "\ufeff{}", "byte order mark", ""},
		{"trailing data", `{} x`, "at byte 3 there is something after the end", ""},
		{"two objects", `{}{}`, "at byte 2 there is something", ""},
		{"an unquoted key", `{a:1}`, `at byte 1 a key in double quotes was expected, not "a"`, ""},
		{"a trailing comma", `{"a":1,}`, "at byte 7 a key in double quotes", ""},
		{"no colon", `{"a" 1}`, "at byte 5 a colon was expected", ""},
		{"no comma", `{"a":1 "b":2}`, "at byte 7 a comma or \"}\" was expected", ""},
		{"cut", `{"a":`, "at byte 5 it ends where a value was expected", ""},
		{"cut in a string", `{"a":"xyz`, "it ends inside the string that began at byte 5", ""},
		{"a bad literal", `{"a":[nul]}`, "at byte 6 a value was expected", ""},
		{"a bad number", `{"a":[01]}`, "at byte 7 a comma", ""},
		{"a bare line feed", "{\"a\":\"12345678\n\"}", "at byte 14 there is a bare control character", ""},
		{"a bad escape", `{"a":"\x"}`, "at byte 6 there is an invalid escape", ""},
		{"bad UTF-8", "{\"a\":\"12345678\xff\"}", "at byte 14 a string is not valid UTF-8", ""},
		{"depth", `{"a":` + strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth) + `}`, "more than 1000 levels", ""},
		{"model twice", `{"model":"a","x":1,"model":"b"}`, `key "model" occurs twice`, "model"},
		{"store twice", `{"store":true,"store":false}`, `key "store" occurs twice`, "store"},
		{"another case", `{"model":"a","Model":"b"}`, `The key "Model" is not accepted`, "model"},
		{"another case alone", `{"MAX_TOKENS":1}`, `"max_tokens"`, "max_tokens"},
		{"a letter that folds", "{\"max_to\u212aens\":1}", `"max_tokens"`, "max_tokens"},
		{"an escaped key", `{"mod\u0065l":"b"}`, `write it as "model"`, "model"},
		{"a model that is a number", `{"model":1}`, "model must be a string", "model"},
		{"a stream that is a string", `{"stream":"true"}`, "stream must be true or false", "stream"},
		{"max_tokens as a string", `{"max_tokens":"5"}`, "max_tokens must be a whole number", "max_tokens"},
		{"a broken n", `{"n":1.5}`, "n must be a whole number", "n"},
		{"a huge n", `{"n":1e300}`, "n must be a whole number", "n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Scan([]byte(tt.body))
			var e *ai.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Kind != ai.Invalid || e.Param != tt.param || !strings.Contains(e.Message, tt.message) {
				t.Errorf("got kind %d, param %q, %s", e.Kind, e.Param, e.Message)
			}
		})
	}
}

func TestScanAccepts(t *testing.T) {
	for _, body := range []string{
		`{}`, "\t{ }\r\n", `{"a":1,"a":2}`, `{"Temperature":1}`, `{"é":"é"}`,
		`{"a":` + strings.Repeat("[", MaxDepth-1) + strings.Repeat("]", MaxDepth-1) + `}`,
		`{"x":{"model":1,"model":2}}`, `{"a":-0.5e+10,"b":[true,false,null,"\u00e9\ud800"]}`,
	} {
		if _, err := Scan([]byte(body)); err != nil {
			t.Errorf("%.60s: %v", body, err)
		}
	}
}

// Every 8-byte alignment of every kind of byte in a string.
func TestScanStringsAtEveryOffset(t *testing.T) {
	for pad := range 17 {
		for c := range 256 {
			doc := []byte(`{"a":"` + strings.Repeat("x", pad) + string([]byte{byte(c)}) + `yyyyyyyyyyyyyyyyy"}`)
			_, err := Scan(doc)
			if want := json.Valid(doc) && utf8.Valid(doc); want != (err == nil) {
				t.Errorf("pad %d byte %#x: %v, want valid %v", pad, c, err, want)
			}
		}
	}
}

func TestParsingVectors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "vectors", "json-parsing", "*.json"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// As a document only objects are accepted; as a member anything is.
		wrapped := append(append([]byte(`{"x":`), b...), '}')
		_, err = Scan(wrapped)
		switch name := filepath.Base(file); {
		case strings.HasPrefix(name, "y_") && err != nil:
			t.Errorf("%s: %v", name, err)
		case strings.HasPrefix(name, "n_") && err == nil:
			t.Errorf("%s was accepted", name)
		}
		_, err = Scan(b)
		switch name := filepath.Base(file); {
		case strings.HasPrefix(name, "n_") && err == nil:
			t.Errorf("%s was accepted as a document", name)
		case strings.HasPrefix(name, "y_") && bytes.HasPrefix(b, []byte("{")) && err != nil:
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEdit(t *testing.T) {
	set := func(k, v string) func([]byte) ([]byte, error) {
		return func(b []byte) ([]byte, error) { return Set(b, k, []byte(v)) }
	}
	del := func(k string) func([]byte) ([]byte, error) {
		return func(b []byte) ([]byte, error) { return Delete(b, k) }
	}
	merge := func(b []byte) ([]byte, error) {
		return Merge(b, map[string]json.RawMessage{"z": []byte("1"), "b": []byte("[2]"), "y": []byte("3")})
	}
	tests := []struct {
		name, doc string
		edit      func([]byte) ([]byte, error)
		want      string
	}{
		{"set in place", ` { "a" : 1 , "m":"x", "b":1e99 } `, set("m", `"y"`), ` { "a" : 1 , "m":"y", "b":1e99 } `},
		{"set at the end", `{ "a": 1 }`, set("m", `"y"`), `{ "a": 1,"m":"y" }`},
		{"set in an empty object", `{ }`, set("m", `"y"`), `{ "m":"y"}`},
		{"set all of a doubled key", `{"a":1,"b":2,"a":3}`, set("a", `9`), `{"a":9,"b":2,"a":9}`},
		{"set an escaped key", `{"\u0061":1}`, set("a", `9`), `{"\u0061":9}`},
		{"set a key that needs escapes", `{}`, set("a\"\n", `9`), `{"a\"\n":9}`},
		{"set looks only at the top", `{"x":{"a":1}}`, set("a", `9`), `{"x":{"a":1},"a":9}`},
		{"set among strings with quotes", `{"x":"\\\"a\":1","a":"\\"}`, set("a", `9`), `{"x":"\\\"a\":1","a":9}`},
		{"merge", `{"a":1, "b" :{"c":[]}}`, merge, `{"a":1, "b" :[2],"y":3,"z":1}`},
		{"delete the first", `{ "a":1, "b":2 }`, del("a"), `{ "b":2 }`},
		{"delete the middle", `{"a":1, "b":2,	"c":3}`, del("b"), `{"a":1,	"c":3}`},
		{"delete the last", `{"a":1, "b":2 }`, del("b"), `{"a":1 }`},
		{"delete the only", `{ "a":1 }`, del("a"), `{  }`},
		{"delete what is not there", `{ "a":1 }`, del("b"), `{ "a":1 }`},
		{"delete all of a doubled key", `{"a":1,"b":2,"a":3}`, del("a"), `{"b":2}`},
		{"delete from an empty object", `{}`, del("b"), `{}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := []byte(tt.doc)
			got, err := tt.edit(doc)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
			}
			if string(doc) != tt.doc {
				t.Error("the document given was changed")
			}
			if !json.Valid(got) {
				t.Error("the result is not JSON")
			}
		})
	}
}

func TestEditRefuses(t *testing.T) {
	for _, doc := range []string{``, `[]`, `"a"`, `{"a":1`, `{"a"`, `{"a":[}`} {
		if got, err := Set([]byte(doc), "a", []byte("1")); !errors.Is(err, ErrNotObject) {
			t.Errorf("Set on %s: %s, %v", doc, got, err)
		}
	}
	if _, err := Delete([]byte(`[]`), "a"); !errors.Is(err, ErrNotObject) {
		t.Errorf("Delete on an array: %v", err)
	}
}

func TestGet(t *testing.T) {
	doc := []byte(`{"error":{"message":"x","code":12345678901234567890},"a":[1,2]}`)
	for path, want := range map[string]string{
		"error.message": `"x"`, "error.code": "12345678901234567890", "a": "[1,2]",
		"none": "", "error.none.deeper": "", "a.b": "",
	} {
		if got := string(Get(doc, strings.Split(path, ".")...)); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	var elements []string
	for e := range Elements([]byte(` [ 1, "a,]" ,{"b":[2]}, []] `)) {
		elements = append(elements, string(e))
	}
	if diff := cmp.Diff([]string{"1", `"a,]"`, `{"b":[2]}`, "[]"}, elements); diff != "" {
		t.Error(diff)
	}
}

func TestText(t *testing.T) {
	for _, s := range []string{"", "plain", "q\"b\\s/\n\r\t\x00\x1f\u2028<é𝄞>", "\ufffd"} {
		raw := AppendString(nil, s)
		if !json.Valid(raw) {
			t.Errorf("%q became %s", s, raw)
		}
		if got := Text(raw); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	}
	if got := string(AppendString(nil, "a\xffb")); got != "\"a\ufffdb\"" {
		t.Errorf("got %s", got)
	}
}

func TestTextLen(t *testing.T) {
	for _, raw := range []string{`""`, `"abc"`, `"é𝄞"`, `"a\n\"b\\\\"`, `"\u0041\u00e9\u4e2d\ud834\udd1e!"`} {
		if got, want := TextLen([]byte(raw)), len(Text([]byte(raw))); got != want {
			t.Errorf("%s: got %d, want %d", raw, got, want)
		}
	}
	for _, raw := range []string{``, `12`, `"`, `null`} {
		if got := TextLen([]byte(raw)); got != 0 {
			t.Errorf("%s: got %d", raw, got)
		}
	}
}

func TestInt(t *testing.T) {
	for raw, want := range map[string]int64{"12": 12, "-3": -3, "12.0": 12, "1e2": 100, "x": 0, "": 0, "null": 0, "1e400": 0, "9007199254740993": 9007199254740993} {
		if got := Int([]byte(raw)); got != want {
			t.Errorf("%s: got %d, want %d", raw, got, want)
		}
	}
}

func TestWriter(t *testing.T) {
	var w Writer
	w.Object()
	w.StringMember("a", "x\"")
	w.Key("b")
	w.Array()
	w.Int(-1)
	w.Bool(true)
	w.Raw(nil)
	w.Object()
	w.EndObject()
	w.EndArray()
	w.Key("c")
	w.Quoted([]byte(`{"k":"v"}`))
	w.RawMember("d", []byte("1.0"))
	w.IntMember("e", 7)
	w.EndObject()
	want := `{"a":"x\"","b":[-1,true,null,{}],"c":"{\"k\":\"v\"}","d":1.0,"e":7}`
	if got := string(w.Bytes()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{`{}`, `{"model":"a","x":[1,-2.5e3,{"y":null}],"s":"\u00e9é\n"}`, `{"a":"12345678`, "{\"a\":\"\xff\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := Scan(b)
		valid := json.Valid(b) && utf8.Valid(b) && bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{"))
		if err == nil && !valid {
			t.Fatalf("%q was accepted", b)
		}
		if err != nil && valid && ai.AsError(err).Param == "" && !strings.Contains(err.Error(), "levels") {
			t.Fatalf("%q: %v", b, err)
		}
		if err != nil {
			return
		}
		set, err := Set(b, "key", []byte(`{"v":1}`))
		if err != nil || !json.Valid(set) || string(Get(set, "key")) != `{"v":1}` {
			t.Fatalf("Set made %q of %q: %v", set, b, err)
		}
		del, err := Delete(set, "key")
		if err != nil || !json.Valid(del) || Get(del, "key") != nil {
			t.Fatalf("Delete made %q of %q: %v", del, set, err)
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(b, &want) != nil {
			return
		}
		for k, v := range want {
			if utf8.ValidString(k) && !strings.Contains(k, "\ufffd") && string(Get(b, k)) != string(v) {
				t.Fatalf("Get %q of %q: %q, want %q", k, b, Get(b, k), v)
			}
		}
	})
}

func FuzzWalk(f *testing.F) {
	f.Add([]byte(`{"a":[1,"\""],"b":`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for range Members(b) {
		}
		for range Elements(b) {
		}
		_, _ = Set(b, "a", []byte("1"))
		_, _ = Delete(b, "a")
	})
}

// benchmarkBodies are chat requests of about 300 B, 9 KB and 1 MB whose model
// stands last, so that everything has to be crossed.
func benchmarkBodies() map[string][]byte {
	turn := strings.Repeat("The quick brown fox jumps over the lazy dog, and then it rests.\\n", 15)
	body := func(turns int) []byte {
		var b strings.Builder
		b.WriteString(`{"messages":[`)
		for i := range turns {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`{"role":"user","content":"` + turn + `"}`)
		}
		b.WriteString(`],"temperature":0.7,"stream":true,"model":"gpt-4o-mini"}`)
		return []byte(b.String())
	}
	long := []byte(`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,` +
		strings.Repeat("iVBORw0KGgoAAAANSUhEUgAA", 43690) + `"}}]}],"model":"gpt-4o-mini"}`)
	small := []byte(`{"messages":[{"role":"system","content":"You are brief and kind."},{"role":"user","content":"` + turn[:150] +
		`"}],"temperature":0.7,"stream":true,"model":"gpt-4o-mini"}`)
	return map[string][]byte{"300B": small, "9KB": body(9), "1MB": body(1000), "1MB-image": long}
}

func Benchmark(b *testing.B) {
	for _, size := range []string{"300B", "9KB", "1MB", "1MB-image"} {
		body := benchmarkBodies()[size]
		run := func(name string, f func()) {
			b.Run(name+"/"+size, func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					f()
				}
			})
		}
		run("Scan", func() {
			if top, err := Scan(body); err != nil || top.Model == "" {
				b.Fatal(err)
			}
		})
		run("Get", func() { Get(body, "model") })
		run("Set", func() { _, _ = Set(body, "model", []byte(`"other"`)) })
		run("gjson.Valid", func() { gjson.ValidBytes(body) })
		run("json.Valid", func() { json.Valid(body) })
	}
}
