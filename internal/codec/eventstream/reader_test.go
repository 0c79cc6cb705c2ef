package eventstream_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	aws "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/eventstream"
	"github.com/portico-ai/portico/test/corpus"
)

const limit = 1 << 20

// frame encodes a message; headers are pairs of name and text.
func frame(t testing.TB, payload string, headers ...string) []byte {
	t.Helper()
	m := aws.Message{Payload: []byte(payload)}
	for i := 0; i < len(headers); i += 2 {
		m.Headers.Set(headers[i], aws.StringValue(headers[i+1]))
	}
	var b bytes.Buffer
	if err := aws.NewEncoder().Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func event(t testing.TB, kind, payload string) []byte {
	return frame(t, payload, ":message-type", "event", ":event-type", kind, ":content-type", "application/json")
}

func chunk(t testing.TB, inner string) []byte {
	return event(t, "chunk", `{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(inner))+`","p":"abc"}`)
}

func read(b []byte) (string, error) {
	out, err := io.ReadAll(eventstream.NewReader(bytes.NewReader(b), limit))
	return string(out), err
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want string
	}{
		{"nothing", nil, ""},
		{"event", event(t, "messageStart", `{"role":"assistant"}`), "event: messageStart\ndata: {\"role\":\"assistant\"}\n\n"},
		{"two", append(event(t, "a", `{"x":1}`), event(t, "b", "{\n}")...), "event: a\ndata: {\"x\":1}\n\nevent: b\ndata: {\ndata: }\n\n"},
		{"chunk", chunk(t, `{"type":"message_stop"}`), "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
		{"chunk without a type", chunk(t, `{"generation":"a"}`), "data: {\"generation\":\"a\"}\n\n"},
		{"chunk with a type that is no name", chunk(t, `{"type":"a\nb"}`), "data: {\"type\":\"a\\nb\"}\n\n"},
		{"parts", append(event(t, "PayloadPart", "data: {\"a"), event(t, "PayloadPart", "\":1}\n\n")...), "data: {\"a\":1}\n\n"},
		{"exception", frame(t, `{"message":"Too many","x":1}`, ":message-type", "exception", ":exception-type", "throttlingException"),
			"event: error\ndata: {\"type\":\"throttlingException\",\"message\":\"Too many\"}\n\n"},
		{"exception with a capital", frame(t, `{"Message":"No"}`, ":message-type", "exception", ":exception-type", "ModelStreamError"),
			"event: error\ndata: {\"type\":\"ModelStreamError\",\"message\":\"No\"}\n\n"},
		{"error", frame(t, "", ":message-type", "error", ":error-code", "InternalError", ":error-message", "It broke"),
			"event: error\ndata: {\"type\":\"InternalError\",\"message\":\"It broke\"}\n\n"},
		{"initial response", event(t, "initial-response", "{}"), ""},
		{"unknown kind", frame(t, "{}", ":message-type", "rumour"), ""},
		{"no headers", frame(t, `{"a":1}`), "data: {\"a\":1}\n\n"},
	} {
		if got, err := read(c.in); err != nil || got != c.want {
			t.Errorf("%s: got %q (%v), want %q", c.name, got, err, c.want)
		}
	}
}

// An exception amid a payload whose framing is the model server's is an error,
// because an event could not be told from it.
func TestExceptionAmidAPayload(t *testing.T) {
	got, err := read(append(event(t, "PayloadPart", "data: {\"a"), frame(t, `{"Message":"gone"}`, ":message-type", "exception", ":exception-type", "ModelStreamError")...))
	e, ok := errors.AsType[*ai.Error](err)
	if got != "data: {\"a" || !ok || e.Kind != ai.Upstream || e.Message != "gone" || e.Type != "ModelStreamError" {
		t.Errorf("got %q and %v", got, err)
	}
}

func session(t testing.TB) []byte {
	b := event(t, "messageStart", `{"role":"assistant"}`)
	b = append(b, event(t, "contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"Grüße"}}`)...)
	b = append(b, chunk(t, `{"type":"ping"}`)...)
	return append(b, event(t, "metadata", `{"usage":{}}`)...)
}

// However the bytes arrive, the text is the same; cut anywhere but between
// messages, the end is no end.
func TestSplitsAndCuts(t *testing.T) {
	b := session(t)
	want, err := read(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		got, err := io.ReadAll(eventstream.NewReader(io.MultiReader(bytes.NewReader(b[:i]), bytes.NewReader(b[i:])), limit))
		if err != nil || string(got) != want {
			t.Fatalf("split at %d: %q (%v)", i, got, err)
		}
	}
	got, err := io.ReadAll(iotest.OneByteReader(eventstream.NewReader(iotest.OneByteReader(bytes.NewReader(b)), limit)))
	if err != nil || string(got) != want {
		t.Fatalf("byte by byte: %q (%v)", got, err)
	}
	ends := map[int]bool{0: true}
	for at := 0; at < len(b); at += int(binary.BigEndian.Uint32(b[at:])) {
		ends[at] = true
	}
	for i := range b {
		got, err := read(b[:i])
		if !strings.HasPrefix(want, got) || ends[i] != (err == nil) || !ends[i] && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %q (%v)", i, got, err)
		}
	}
}

// Every single bit counts: a damaged message is never passed on.
func TestDamage(t *testing.T) {
	b := event(t, "contentBlockDelta", `{"delta":{"text":"a"}}`)
	for i := range len(b) * 8 {
		bad := bytes.Clone(b)
		bad[i/8] ^= 1 << (i % 8)
		got, err := read(bad)
		if got != "" || err == nil {
			t.Fatalf("bit %d: %q (%v)", i, got, err)
		}
	}
}

// A message's length is not believed before its checksum, nor beyond the limit.
func TestLengths(t *testing.T) {
	prelude := func(size, headers uint32) []byte {
		b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, size), headers)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	}
	for _, b := range [][]byte{prelude(15, 0), prelude(100, 90), prelude(0, 0), prelude(100, 1<<31), prelude(limit+1, 0), prelude(1<<32-1, 0)} {
		_, err := read(b)
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != ai.BadGateway {
			t.Errorf("%x: got %v", b, err)
		}
	}
	whole := event(t, "a", strings.Repeat("x", 1000))
	if _, err := io.ReadAll(eventstream.NewReader(bytes.NewReader(whole), len(whole))); err != nil {
		t.Errorf("a message of just the limit: %v", err)
	}
}

// One read waits for one message, not for the next.
func TestMessagesComeOneByOne(t *testing.T) {
	src, w := io.Pipe()
	first := event(t, "a", "{}")
	go func() { _, _ = w.Write(first) }()
	buf := make([]byte, 4096)
	n, err := eventstream.NewReader(src, limit).Read(buf)
	if err != nil || string(buf[:n]) != "event: a\ndata: {}\n\n" {
		t.Errorf("%q %v", buf[:n], err)
	}
}

func TestSourceErrors(t *testing.T) {
	gone := errors.New("gone")
	b := session(t)
	_, err := io.ReadAll(eventstream.NewReader(io.MultiReader(bytes.NewReader(b[:len(b)-3]), iotest.ErrReader(gone)), limit))
	if !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

// Amazon's own vectors: what is whole is read with its payload, what is damaged
// is refused.
func TestVectors(t *testing.T) {
	dir := filepath.Join(corpus.Dir(t), "vectors", "aws-eventstream")
	n := 0
	for kind, good := range map[string]bool{"positive": true, "negative": false} {
		files, err := filepath.Glob(filepath.Join(dir, "encoded", kind, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			n++
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := read(b)
			if good != (err == nil) {
				t.Errorf("%s: %v", filepath.Base(file), err)
			}
			if !good {
				continue
			}
			var decoded struct{ Payload []byte }
			plain, err := os.ReadFile(filepath.Join(dir, "decoded", kind, filepath.Base(file)))
			if err == nil {
				err = json.Unmarshal(plain, &decoded)
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := "data: " + string(decoded.Payload) + "\n\n"; got != want {
				t.Errorf("%s: got %q, want %q", filepath.Base(file), got, want)
			}
		}
	}
	if n != 9 {
		t.Errorf("%d vectors, want 9", n)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(session(f), 3)
	f.Add(frame(f, `{"message":"m"}`, ":message-type", "exception", ":exception-type", "x"), 1)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		whole, errWhole := read(b)
		at = max(0, min(at, len(b)))
		parts, errParts := io.ReadAll(eventstream.NewReader(io.MultiReader(bytes.NewReader(b[:at]), iotest.HalfReader(bytes.NewReader(b[at:]))), limit))
		if whole != string(parts) || (errWhole == nil) != (errParts == nil) {
			t.Errorf("whole %q (%v), in parts %q (%v)", whole, errWhole, parts, errParts)
		}
		if _, ours := errors.AsType[*ai.Error](errWhole); errWhole != nil && !ours && !errors.Is(errWhole, io.ErrUnexpectedEOF) {
			t.Errorf("an error of neither kind: %v", errWhole)
		}
	})
}
