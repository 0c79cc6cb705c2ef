package gateway

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/provider"
)

// A reply without secrets passes as it is, and one with them keeps its length,
// however it is cut into blocks.
func TestMaskedReader(t *testing.T) {
	d := &destination{key: ai.NewSecret("Bearer sk-aa-sk-aa-key1"), provider: &provider.Provider{
		Fields: []provider.Field{{Name: "token", Secret: true}, {Name: "place"}}},
		fields: map[string]string{"token": "tok-0123456789", "place": "everyone-may-know"}}
	for in, want := range map[string]string{
		"":                         "",
		"\x00\xff binary s":        "\x00\xff binary s",
		"sk-aa-sk-aa-key1":         "sk***********ey1",
		"a sk-aa-sk-aa-key1":       "a sk***********ey1",
		"sk-aa-sk-aa-sk-aa-key1 b": "sk-aa-sk***********ey1 b",
		"sk-aa-sk-aa-ksk-aa-sk-aa-key1sk-aa-sk-aa-key1": "sk-aa-sk-aa-ksk***********ey1sk***********ey1",
		"tok-0123456789sk-aa-sk-aa-key":                 "to*********789sk-aa-sk-aa-key",
		"everyone-may-know":                             "everyone-may-know",
	} {
		for name, cut := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "with its end": iotest.DataErrReader, "halves": iotest.HalfReader,
		} {
			got, err := io.ReadAll(d.masked(cut(strings.NewReader(in))))
			if string(got) != want || err != nil {
				t.Errorf("%q, %s: got %q, %v", in, name, got, err)
			}
			if got, _ = io.ReadAll(iotest.OneByteReader(d.masked(cut(strings.NewReader(in))))); string(got) != want {
				t.Errorf("%q, %s, read byte by byte: got %q", in, name, got)
			}
		}
	}
	_, err := io.ReadAll(d.masked(io.MultiReader(strings.NewReader("sk-aa-"), iotest.ErrReader(io.ErrUnexpectedEOF))))
	if err != io.ErrUnexpectedEOF {
		t.Errorf("a reply that is cut ends with %v", err)
	}
	if r := strings.NewReader("x"); (&destination{provider: d.provider}).masked(r) != io.Reader(r) {
		t.Error("a call without secrets is read through a mask")
	}
}
