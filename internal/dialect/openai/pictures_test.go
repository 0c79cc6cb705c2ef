package openai_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/spool"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/openai"
)

func sent(t *testing.T, parts ...string) *form.Form {
	t.Helper()
	text := "--b\r\n" + strings.Join(parts, "--b\r\n") + "--b--\r\n"
	f, err := form.Read(strings.NewReader(text), "b", spool.New(t.TempDir(), 1<<30))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func file(name, kind, content string) string {
	return "Content-Disposition: form-data; name=\"" + name + "\"; filename=\"a\"\r\nContent-Type: " + kind + "\r\n\r\n" + content + "\r\n"
}

// The pictures of a request, whichever way its client sends them.
func TestPictures(t *testing.T) {
	ofForm := sent(t, file("image[]", "image/webp", "one"), file("mask", "image/png", "m"), file("image[]", "application/octet-stream", "\x89PNG\r\n\x1a\n"))
	for name, test := range map[string]struct {
		form       *form.Form
		hub, under string
		want       []openai.Picture
	}{
		"files of a form": {form: ofForm, under: "image", want: []openai.Picture{{Type: "image/webp", Data: "b25l"}, {Type: "image/png", Data: "iVBORw0KGgo="}}},
		"a mask":          {form: ofForm, under: "mask", want: []openai.Picture{{Type: "image/png", Data: "bQ=="}}},
		"no mask":         {form: sent(t, file("image", "image/png", "x")), under: "mask"},
		"JSON": {hub: `{"images":[{"image_url":"https://x/1"},{"image_url":"data:image/jpeg;base64,aGk="}]}`, under: "image",
			want: []openai.Picture{{URL: "https://x/1"}, {Type: "image/jpeg", Data: "aGk="}}},
		"an address alone":  {hub: `{"image":"https://x/1"}`, under: "image", want: []openai.Picture{{URL: "https://x/1"}}},
		"as a chat has it":  {hub: `{"image":{"image_url":{"url":"https://x/1"}}}`, under: "image", want: []openai.Picture{{URL: "https://x/1"}}},
		"as others have it": {hub: `{"mask":{"url":"data:image/png;base64,aGk="}}`, under: "mask", want: []openai.Picture{{Type: "image/png", Data: "aGk="}}},
		"nothing":           {hub: `{"image":null}`, under: "image"},
	} {
		c := &dialect.Conversion{}
		if test.form != nil {
			c.Files = test.form.Files
		}
		got, err := openai.Pictures(c, []byte(test.hub), test.under)
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil || !c.Inline {
			t.Errorf("%s: %v, inline %t (-want +got):\n%s", name, err, c.Inline, diff)
		}
	}
	for _, hub := range []string{`{"image":{"file_id":"file-1"}}`, `{"image":"file.png"}`, `{"image":[5]}`, `{"image":"data:image/png,raw"}`} {
		_, err := openai.Pictures(&dialect.Conversion{}, []byte(hub), "image")
		if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid || e.Param != "image" {
			t.Errorf("%s: %v", hub, err)
		}
	}
	big := sent(t, file("image", "image/png", strings.Repeat("x", 20<<20)), file("image", "image/png", strings.Repeat("x", 13<<20)))
	if _, err := openai.Pictures(&dialect.Conversion{Files: big.Files}, nil, "image"); err == nil || !strings.Contains(err.Error(), "32 MiB") {
		t.Errorf("33 MiB: %v", err)
	}
}

func drawnMask(t *testing.T, m image.Image) openai.Picture {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return openai.Picture{Type: "image/png", Data: base64.StdEncoding.EncodeToString(b.Bytes())}
}

// OpenAI's masks are transparent where the picture changes; others are white or
// black there.
func TestMasksAreRedrawn(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	for y := range 2 {
		for x := range 3 {
			m.SetNRGBA(x, y, color.NRGBA{R: 200, G: 10, B: 10, A: 255})
		}
	}
	m.SetNRGBA(1, 0, color.NRGBA{})
	m.SetNRGBA(2, 1, color.NRGBA{R: 255, A: 100})
	for changed, want := range map[uint8][]uint8{openai.White: {0, 255, 0, 0, 0, 255}, openai.Black: {255, 0, 255, 255, 255, 0}} {
		got, err := drawnMask(t, m).Redrawn(changed)
		if err != nil || got.Type != "image/png" {
			t.Fatal(got.Type, err)
		}
		content, _ := base64.StdEncoding.DecodeString(got.Data)
		out, err := png.Decode(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		gray, ok := out.(*image.Gray)
		if !ok {
			t.Fatalf("it is a %T", out)
		}
		if diff := cmp.Diff(want, gray.Pix); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	opaque := image.NewGray(image.Rect(0, 0, 2, 2))
	for name, p := range map[string]openai.Picture{
		"one that is black and white": drawnMask(t, opaque), "an address": {URL: "https://x/1"}, "no PNG": {Type: "image/jpeg", Data: "/9j/4AAQ"},
	} {
		if got, err := p.Redrawn(openai.White); err != nil || got != p {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := drawnMask(t, m)
	content, _ := base64.StdEncoding.DecodeString(whole.Data)
	content[18], content[22] = 0x7f, 0x7f // a header that promises a thousand million pixels
	binary.BigEndian.PutUint32(content[29:], crc32.ChecksumIEEE(content[12:29]))
	for name, p := range map[string]openai.Picture{
		"cut": {Data: whole.Data[:60]}, "no base64": {Data: "?"}, "huge": {Data: base64.StdEncoding.EncodeToString(content)},
	} {
		if _, err := p.Redrawn(openai.White); err == nil || ai.AsError(err).Param != "mask" {
			t.Errorf("%s: %v", name, ai.AsError(err))
		}
	}
}

func TestFormValues(t *testing.T) {
	c := &dialect.Conversion{Files: func(string) []ai.Upload { return nil }}
	for name, test := range map[string][2]string{
		"n": {`"2"`, `2`}, "strength": {`"0.35"`, `0.35`}, "watermark": {`"true"`, `true`}, "size": {`"1024x1024"`, `"1024x1024"`},
		"prompt": {`"42"`, `"42"`}, "negative_prompt": {`"true"`, `"true"`}, "model": {`"3"`, `"3"`}, "seed": {`"007"`, `"007"`}, "user": {`""`, `""`},
	} {
		if got := string(openai.FormValue(c, name, []byte(test[0]))); got != test[1] {
			t.Errorf("%s=%s: got %s", name, test[0], got)
		}
	}
	if got := string(openai.FormValue(&dialect.Conversion{}, "n", []byte(`"2"`))); got != `"2"` {
		t.Errorf("in JSON: got %s", got)
	}
}
