package sse

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/test/corpus"
)

type event struct{ Name, Data string }

// pieces is a source that returns one piece a read, then err.
type pieces struct {
	list []string
	err  error
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.list) == 0 {
		return 0, p.err
	}
	n := copy(b, p.list[0])
	if p.list[0] = p.list[0][n:]; p.list[0] == "" {
		p.list = p.list[1:]
	}
	return n, nil
}

// read collects a Reader's chunks and decodes them.
func read(t testing.TB, src io.Reader) (chunks []string, events []event, err error) {
	t.Helper()
	r := NewReader(src, 1<<20)
	var d Decoder
	for {
		chunk, err := r.Next()
		if err != nil {
			if again, err2 := r.Next(); again != nil || !errors.Is(err2, err) {
				t.Errorf("after %v Next returned %q, %v", err, again, err2)
			}
			return chunks, events, err
		}
		if len(chunk) == 0 {
			t.Fatal("an empty chunk without an error")
		}
		chunks = append(chunks, string(chunk))
		for e := range d.Events(chunk) {
			events = append(events, event{string(e.Name), string(e.Data)})
		}
	}
}

func decode(b string) (events []event) {
	var d Decoder
	for e := range d.Events([]byte(b)) {
		events = append(events, event{string(e.Name), string(e.Data)})
	}
	return events
}

func TestReaderChunks(t *testing.T) {
	boom := errors.New("boom")
	tests := []struct {
		name  string
		reads []string
		err   error // of the source
		want  []string
		fails error
	}{
		{"one event a read", []string{"data: 1\n\n", "data: 2\n\n"}, io.EOF, []string{"data: 1\n\n", "data: 2\n\n"}, io.EOF},
		{"several events in one read stay one chunk", []string{"data: 1\n\ndata: 2\n\n: c\n\n"}, io.EOF, []string{"data: 1\n\ndata: 2\n\n: c\n\n"}, io.EOF},
		{"a partial tail waits", []string{"data: 1\n\nda", "ta: 2\n", "\n"}, io.EOF, []string{"data: 1\n\n", "data: 2\n\n"}, io.EOF},
		{"CRLF", []string{"data: 1\r\n\r\ndata: 2\r\n", "\r\n"}, io.EOF, []string{"data: 1\r\n\r\n", "data: 2\r\n\r\n"}, io.EOF},
		{"CRLF cut in its middle is given out at once", []string{"data: 1\r\n\r", "\ndata: 2\r\n\r\n"}, io.EOF, []string{"data: 1\r\n\r", "\ndata: 2\r\n\r\n"}, io.EOF},
		{"CRLF cut before its line", []string{"data: 1\r", "\n\r\n"}, io.EOF, []string{"data: 1\r\n\r\n"}, io.EOF},
		{"CR", []string{"data: 1\r\rdata: 2\r", "\r"}, io.EOF, []string{"data: 1\r\r", "data: 2\r\r"}, io.EOF},
		{"mixed", []string{"data: 1\n\r\ndata: 2\r\n\ndata: 3\r\n"}, io.EOF, []string{"data: 1\n\r\ndata: 2\r\n\n", "data: 3\r\n\n"}, io.EOF},
		{"a last event without its blank line", []string{"data: 1\n\ndata: [DONE]"}, io.EOF, []string{"data: 1\n\n", "data: [DONE]\n\n"}, io.EOF},
		{"a last event with one line ending", []string{"data: [DONE]\n"}, io.EOF, []string{"data: [DONE]\n\n"}, io.EOF},
		{"a blank tail is kept", []string{"data: 1\n\n", "\n"}, io.EOF, []string{"data: 1\n\n", "\n"}, io.EOF},
		{"cut in the middle of a document", []string{"data: 1\n\ndata: {\"a\":"}, io.EOF, []string{"data: 1\n\n"}, io.ErrUnexpectedEOF},
		{"a whole document at the end", []string{"data: {\"a\":1}"}, io.EOF, []string{"data: {\"a\":1}\n\n"}, io.EOF},
		{"a broken source loses the unfinished event", []string{"data: 1\n\ndata: 2\n"}, io.ErrUnexpectedEOF, []string{"data: 1\n\n"}, io.ErrUnexpectedEOF},
		{"another error is passed on", []string{"data: 1\n\n"}, boom, []string{"data: 1\n\n"}, boom},
		{"nothing", nil, io.EOF, nil, io.EOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := read(t, &pieces{list: tt.reads, err: tt.err})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("chunks (-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.fails) {
				t.Errorf("ended with %v, want %v", err, tt.fails)
			}
		})
	}
}

func TestReaderDataAndErrorInOneRead(t *testing.T) {
	chunks, _, err := read(t, iotest.DataErrReader(strings.NewReader("data: 1\n\n")))
	if len(chunks) != 1 || err != io.EOF {
		t.Errorf("got %q, %v", chunks, err)
	}
}

func TestReaderLongLine(t *testing.T) {
	long := "data: " + strings.Repeat("x", 6<<20) + "\n\n"
	r := NewReader(strings.NewReader(long), 8<<20)
	chunk, err := r.Next()
	if err != nil || string(chunk) != long {
		t.Fatalf("got %d bytes, %v", len(chunk), err)
	}
}

func TestReaderRefusesEndlessEvent(t *testing.T) {
	r := NewReader(io.MultiReader(strings.NewReader("data: 1\n\n"), neverEnding{}), 100_000)
	if chunk, err := r.Next(); err != nil {
		t.Fatalf("%q, %v", chunk, err)
	}
	_, err := r.Next()
	var e *ai.Error
	if !errors.As(err, &e) || e.Kind != ai.BadGateway || !strings.Contains(e.Message, "100000 bytes") {
		t.Fatalf("got %v", err)
	}
	if len(r.buf) > 300_000 {
		t.Errorf("the buffer grew to %d bytes", len(r.buf))
	}
}

func TestReaderWithoutProgress(t *testing.T) {
	if _, err := NewReader(stuck{}, 100).Next(); err != io.ErrNoProgress {
		t.Errorf("got %v", err)
	}
}

type neverEnding struct{}

func (neverEnding) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestDecoderRaw(t *testing.T) {
	in := ": hello\n\nevent: a\ndata: 1\ndata: 2\n\nid: 3\n\ndata:4\n\n"
	var d Decoder
	var raw []string
	for e := range d.Events([]byte(in)) {
		raw = append(raw, string(e.Raw))
	}
	want := []string{"event: a\ndata: 1\ndata: 2\n\n", "data:4\n\n"}
	if diff := cmp.Diff(want, raw); diff != "" {
		t.Error(diff)
	}
}

func TestAppend(t *testing.T) {
	b := AppendEvent(nil, "ping", []byte("a\nb\r\nc\rd\n"))
	b = AppendData(b, []byte(`{"x":1}`))
	want := []event{{"ping", "a\nb\nc\nd\n"}, {"", `{"x":1}`}}
	if diff := cmp.Diff(want, decode(string(b))); diff != "" {
		t.Errorf("%s\nwritten: %q", diff, b)
	}
}

// The web platform's own tests. Their source drops an event that the stream's
// end cut; a Reader completes it, so the whole text is decoded first and then
// read in pieces.
func TestWebPlatformVectors(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(corpus.Dir(t), "vectors", "sse", "wpt-eventsource.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Name, Input string
			Events      []struct{ Event, Data string }
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			var want []event
			for _, e := range v.Events {
				want = append(want, event{strings.TrimSuffix(e.Event, "message"), e.Data})
			}
			if diff := cmp.Diff(want, decode(v.Input)); diff != "" {
				t.Errorf("whole (-want +got):\n%s", diff)
			}
			if v.Name == "data-before-final-empty-line" {
				want = append(want, event{"", "test2"})
			}
			everySplit(t, v.Input, want)
		})
	}
}

// everySplit reads in whole, byte by byte, and cut in two at every place.
func everySplit(t *testing.T, in string, want []event) {
	t.Helper()
	check := func(how string, src io.Reader) {
		t.Helper()
		chunks, got, err := read(t, src)
		if diff := cmp.Diff(want, got); diff != "" || err != io.EOF {
			t.Errorf("%s: %v (-want +got):\n%s", how, err, diff)
		}
		if joined := strings.Join(chunks, ""); !strings.HasPrefix(joined, in) || len(joined) > len(in)+2 {
			t.Errorf("%s: the bytes changed:\n%q\n%q", how, in, joined)
		}
	}
	check("whole", strings.NewReader(in))
	check("byte by byte", iotest.OneByteReader(strings.NewReader(in)))
	for i := 1; i < len(in); i++ {
		check("cut in two", &pieces{list: []string{in[:i], in[i:]}, err: io.EOF})
	}
}

func FuzzReader(f *testing.F) {
	f.Add("data: 1\n\ndata: 2\r\n\r\n", uint64(1))
	f.Add("\ufeffevent: x\rdata\rdata: {\r\r\n:c\n\n", uint64(2))
	f.Add("data: {\"a\":1}\n\n\r\n\r\n\ndata", uint64(3))
	f.Fuzz(func(t *testing.T, in string, seed uint64) {
		_, want, wantErr := read(t, strings.NewReader(in))
		rnd := rand.New(rand.NewPCG(seed, seed))
		var list []string
		for rest := in; rest != ""; {
			n := 1 + rnd.IntN(len(rest))
			list, rest = append(list, rest[:n]), rest[n:]
		}
		chunks, got, err := read(t, &pieces{list: list, err: io.EOF})
		if diff := cmp.Diff(want, got); diff != "" || err != wantErr {
			t.Errorf("%q: %v, %v\n%s", list, err, wantErr, diff)
		}
		joined := strings.Join(chunks, "")
		if tail, whole := strings.CutPrefix(in, joined); whole && len(dataOf([]byte(tail+"\n\n"))) == 0 {
			return // only the beginning of an event without data is left out
		}
		if wantErr == io.EOF && !strings.HasPrefix(joined, in) {
			t.Errorf("the bytes changed: %q became %q", in, joined)
		}
		if !strings.HasPrefix(in, joined) && wantErr != io.EOF {
			t.Errorf("the bytes changed: %q became %q", in, joined)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	one := []byte(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-x","choices":[{"index":0,"delta":{"content":" hello"},"finish_reason":null}]}` + "\n\n")
	stream := bytes.Repeat(one, 1000)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		r := NewReader(bytes.NewReader(stream), 1<<20)
		var d Decoder
		n := 0
		for {
			chunk, err := r.Next()
			if err != nil {
				break
			}
			for e := range d.Events(chunk) {
				n += len(e.Data)
			}
		}
	}
}
