package form

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/spool"
)

const body = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n" +
	"--b\r\nContent-Disposition: form-data; name=\"t[]\"\r\n\r\nword\r\n" +
	"--b\r\nContent-Disposition: form-data; name=\"t[]\"\r\n\r\nsegment\r\n" +
	"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.wav\"\r\nContent-Type: audio/wav\r\n\r\n\x00\r\n--bytes\r\n" +
	"--b--\r\n"

func read(t *testing.T, body string) (*Form, error) {
	t.Helper()
	f, err := Read(strings.NewReader(body), "b", spool.New(t.TempDir(), 1<<20))
	if err == nil {
		t.Cleanup(func() { _ = f.Close() })
	}
	return f, err
}

func TestFormWithoutEditsIsSentAsItCame(t *testing.T) {
	f, err := read(t, body)
	if err != nil {
		t.Fatal(err)
	}
	const fields = `{"model":"whisper-1","t[]":["word","segment"],"file":{"filename":"a b.wav","content_type":"audio/wav","bytes":10}}`
	if got := string(f.Fields()); got != fields {
		t.Errorf("fields: %s", got)
	}
	same, err := f.Edited(f.Fields())
	if err != nil || same != f {
		t.Error("a form that is not edited was copied")
	}
	for range 2 {
		got, err := io.ReadAll(f.Open())
		if err != nil || string(got) != body || int64(len(got)) != f.Size() {
			t.Errorf("%v, %d bytes, said to be %d: %q", err, len(got), f.Size(), got)
		}
	}
	if boundary, ok := Boundary(f.ContentType()); !ok || boundary != "b" {
		t.Errorf("content type %q", f.ContentType())
	}
}

func TestEdits(t *testing.T) {
	f, err := read(t, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ fields, want, refused string }{
		{`{"model":"other","t[]":["word","segment"],"file":{"filename":"a b.wav","content_type":"audio/wav","bytes":10}}`, "t[]=word t[]=segment model=other file", ""},
		{`{"model":"whisper-1","n":2,"yes":true,"file":{"filename":"a b.wav","content_type":"audio/wav","bytes":10}}`, "model=whisper-1 n=2 yes=true file", ""},
		{`{"model":"a\"b","l":[1,"x"]}`, "l=1 l=x model=a\"b", ""},
		{`{"model":{"a":1}}`, "", "model"},
		{`{"model":"x\r\n--b--"}`, "", "model"},
	} {
		edited, err := f.Edited([]byte(test.fields))
		if e, ok := errors.AsType[*ai.Error](err); test.refused != "" {
			if !ok || e.Param != test.refused {
				t.Errorf("%s: %v", test.fields, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		encoded, _ := io.ReadAll(edited.Open())
		if int64(len(encoded)) != edited.Size() {
			t.Errorf("%s: %d bytes, said to be %d", test.fields, len(encoded), edited.Size())
		}
		if diff := cmp.Diff(test.want, summary(t, encoded)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.fields, diff)
		}
	}
}

// summary reads an encoded form with the standard library.
func summary(t *testing.T, encoded []byte) string {
	t.Helper()
	var all []string
	for in := multipart.NewReader(bytes.NewReader(encoded), "b"); ; {
		p, err := in.NextPart()
		if err == io.EOF {
			return strings.Join(all, " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		value, _ := io.ReadAll(p)
		if p.FileName() != "" {
			all = append(all, p.FormName())
		} else {
			all = append(all, p.FormName()+"="+string(value))
		}
	}
}

func TestFormsThatAreNone(t *testing.T) {
	for name, body := range map[string]string{
		"empty":         "",
		"cut":           body[:len(body)-20],
		"other":         "{}",
		"no name":       "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
		"large field":   "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n" + strings.Repeat("x", maxField+1) + "\r\n--b--\r\n",
		"many fields":   strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n"+strings.Repeat("x", maxField)+"\r\n", maxHeld/maxField+1) + "--b--\r\n",
		"large headers": strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"x\"\r\nX-A: "+strings.Repeat("x", maxHeld/2)+"\r\n\r\n\r\n", 2) + "--b--\r\n",
		"many parts":    strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n", maxParts+1) + "--b--\r\n",
	} {
		_, err := read(t, body)
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	closing := strings.Index(body, "--b--\r\n") + len("--b--")
	for n := range closing {
		if f, err := read(t, body[:n]); err == nil {
			t.Errorf("the first %d bytes passed for a whole form, with fields %s", n, f.Fields())
		}
	}
	if _, err := read(t, body[:closing]); err != nil {
		t.Errorf("without a line feed at its end: %v", err)
	}
	large := strings.Replace(body, "bytes", strings.Repeat("x", 2<<20), 1)
	if _, err := read(t, large); !errors.Is(err, spool.ErrTooLarge) {
		t.Errorf("a file over the limit: %v", err)
	}
}

func TestLargeFileGoesToDisk(t *testing.T) {
	large := strings.Replace(body, "bytes", strings.Repeat("x", 3<<20), 1)
	f, err := Read(strings.NewReader(large), "b", spool.New(t.TempDir(), 8<<20))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f.Open()); err != nil || string(got) != large {
		t.Errorf("%v, %d bytes of %d", err, len(got), len(large))
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzForm(f *testing.F) {
	f.Add([]byte(body), []byte(`{"model":"x"}`))
	f.Fuzz(func(t *testing.T, body, fields []byte) {
		form, err := Read(bytes.NewReader(body), "b", spool.New("", 1<<20))
		if err != nil {
			return
		}
		again, err := io.ReadAll(form.Open())
		if err != nil || int64(len(again)) != form.Size() {
			t.Fatalf("%v: %d bytes, said to be %d", err, len(again), form.Size())
		}
		twice, err := Read(bytes.NewReader(again), "b", spool.New("", 1<<20))
		if err != nil {
			t.Fatalf("what was encoded cannot be read: %v", err)
		}
		if !bytes.Equal(form.Fields(), twice.Fields()) {
			t.Fatalf("%s became %s", form.Fields(), twice.Fields())
		}
		if edited, err := form.Edited(fields); err == nil {
			if got, _ := io.ReadAll(edited.Open()); int64(len(got)) != edited.Size() {
				t.Fatalf("edited: %d bytes, said to be %d", len(got), edited.Size())
			}
		}
	})
}

func TestOfFields(t *testing.T) {
	f, err := Of([]byte(`{"prompt":"two\r\nlines","n":2,"big":12345678901234567890,"on":true,"none":null,"list":["a","b"]}`))
	if err != nil {
		t.Fatal(err)
	}
	boundary, ok := Boundary(f.ContentType())
	if !ok {
		t.Fatalf("content type %s", f.ContentType())
	}
	text, _ := io.ReadAll(f.Open())
	if int64(len(text)) != f.Size() {
		t.Errorf("%d bytes, announced %d", len(text), f.Size())
	}
	back, err := Read(bytes.NewReader(text), boundary, spool.New(t.TempDir(), 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"big":"12345678901234567890","list":["a","b"],"n":"2","on":"true","prompt":"two\r\nlines"}`
	if got := string(back.Fields()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Of([]byte(`{"nested":{}}`)); err == nil {
		t.Error("an object became a field")
	}
}

// A form can be made with files that the object itself holds.
func TestOfFiles(t *testing.T) {
	f, err := Of([]byte(`{"prompt":"a fox","image":[{"filename":"a\"b.png","content_type":"image/png","base64":"iVBORw=="},{"base64":"aGk="}]}`))
	if err != nil {
		t.Fatal(err)
	}
	_, params, _ := mime.ParseMediaType(f.ContentType())
	raw, _ := io.ReadAll(f.Open())
	if int64(len(raw)) != f.Size() {
		t.Errorf("%d bytes, said to be %d", len(raw), f.Size())
	}
	got, err := multipart.NewReader(bytes.NewReader(raw), params["boundary"]).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	files := got.File["image"]
	if len(files) != 2 || files[0].Filename != `a"b.png` || files[0].Header.Get("Content-Type") != "image/png" || files[0].Size != 4 || files[1].Size != 2 || got.Value["prompt"][0] != "a fox" {
		t.Errorf("got %+v", got)
	}
	all := f.Files("image")
	if len(all) != 2 || all[0].Size() != 4 || all[0].ContentType() != "image/png" {
		t.Fatalf("%d files", len(all))
	}
	if content, _ := io.ReadAll(all[0].Open()); string(content) != "\x89PNG" {
		t.Errorf("the file holds %q", content)
	}
	for _, bad := range []string{`{"image":{}}`, `{"image":{"base64":"?"}}`, `{"image":{"filename":"a","bytes":4}}`} {
		if _, err := Of([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
