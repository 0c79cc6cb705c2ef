package providertest

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/test/corpus"
)

// eventLimit is far above the largest recorded event.
const eventLimit = 1 << 20

// work bounds how many bytes of a stream are read for its splits, and again for
// its cuts: short streams are cut at every byte, long ones at every few. For each
// client that is translated to it is less, but for streams that are short.
const (
	work       = 1 << 20
	clientWork = 1 << 17
	short      = 1200
)

// tried are the streams that have been cut and split, by format and operation:
// of the rows that share a case the first proves it for all.
var tried sync.Map

// watched is what a watcher tells of a stream.
type watched struct {
	Model                      string
	Usage                      ai.Usage
	Done, Finished, Meaningful bool
	Error                      string
}

// watch reads a stream to its end, as the gateway does, and returns what was
// seen and the bytes that were passed on.
func (s *subject) watch(src io.Reader) (watched, []byte) {
	w := s.format.Watch(s.op)
	r := sse.NewReader(src, eventLimit)
	var passed []byte
	for {
		chunk, err := r.Next()
		if err != nil {
			break
		}
		passed = append(passed, chunk...)
		w.Observe(chunk)
	}
	seen := watched{Model: w.Model(), Usage: w.Usage(), Done: w.Done(), Finished: w.Finished(), Meaningful: w.Meaningful()}
	if e := w.Err(); e != nil {
		seen.Error = e.Message
	}
	return seen, passed
}

// checkStream expects a stream to be seen as what it says, however it arrives,
// and never to look done when it was cut.
func (s *subject) checkStream(t *testing.T, e *corpus.Exchange) {
	t.Helper()
	told := s.read(t, e)
	chunks := s.chunks(t, e)
	body := strings.Join(chunks, "")
	got, passed := s.watch(&pieces{chunks})
	want := watched{Model: told.Model, Usage: told.Usage, Done: told.Done, Finished: told.finished(), Error: told.Error}
	want.Meaningful = told.Text != "" || len(told.Tools) > 0 || want.Finished || got.Meaningful // reasoning is not read here
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.TrimRight(string(passed), "\r\n") != strings.TrimRight(body, "\r\n") {
		t.Error("the bytes that are passed on are not those of the provider")
	}
	if _, again := tried.LoadOrStore(fmt.Sprint(s.endpoint.Dialect, s.op, body), true); !again {
		s.checkSplits(t, body, got)
		s.checkCuts(t, body, told.Done)
		s.checkTranslatedCuts(t, body, told)
	}
	if s.ended(told) && told.Error == "" {
		s.checkTranslatedStream(t, body, told)
	}
}

// finished reports whether every choice has its finish reason.
func (s *said) finished() bool {
	for _, f := range s.Finish {
		if f == "" {
			return false
		}
	}
	return len(s.Finish) > 0
}

// checkSplits reads a stream in two parts, split anywhere, and byte by byte.
func (s *subject) checkSplits(t *testing.T, body string, want watched) {
	t.Helper()
	for i := range positions(len(body), work) {
		if got, _ := s.watch(&pieces{[]string{body[:i], body[i:]}}); got != want {
			t.Fatalf("split at %d (-want +got):\n%s", i, cmp.Diff(want, got))
		}
	}
	if got, _ := s.watch(iotest.OneByteReader(strings.NewReader(body))); got != want {
		t.Fatalf("byte by byte (-want +got):\n%s", cmp.Diff(want, got))
	}
}

// checkCuts ends a stream anywhere before the end of its terminal event.
func (s *subject) checkCuts(t *testing.T, body string, done bool) {
	t.Helper()
	end := len(body)
	if done {
		end = len(strings.TrimRight(body, " \r\n"))
	}
	for i := range positions(end, work) {
		if got, _ := s.watch(strings.NewReader(body[:i])); got.Done {
			t.Fatalf("cut at %d of %d it looks done: %q", i, end, body[max(0, i-100):i])
		}
	}
}

// positions yields the places to cut n bytes at: all of them, or as many as the
// bound on work allows, and then each of the last ones, where the end is told.
func positions(n, work int) func(func(int) bool) {
	return func(yield func(int) bool) {
		step, last := 1+n*n/work, work/n/4
		for i := 1; i < n; i++ {
			if (i%step == 0 || i > n-last) && !yield(i) {
				return
			}
		}
	}
}

// checkTranslatedStream expects a client of any other format to be told what
// the provider said, and its stream to end.
func (s *subject) checkTranslatedStream(t *testing.T, body string, want said) {
	t.Helper()
	s.eachClient(want, func(client ai.Dialect, pair dialect.Pair) {
		want.Done = client != ai.Gemini
		out, err := s.translated(client, pair, strings.NewReader(body))
		if err != io.EOF {
			t.Errorf("for a client of %s: %v", client, err)
			return
		}
		got, err := readers[client].stream(eventData(out))
		if err != nil {
			t.Fatal(err)
		}
		s.sameForClient(t, client, want, got)
	})
}

// translated is what a client gets of a stream, and how that ended.
func (s *subject) translated(client ai.Dialect, pair dialect.Pair, src io.Reader) (string, error) {
	c := s.conversion(client)
	c.Stream = true
	return drain(pair.Stream(c, &stream{sse.NewReader(src, eventLimit)}))
}

// checkTranslatedCuts splits and ends a stream anywhere: a client gets the same bytes
// however the provider's arrive, and what it gets looks done only if the provider
// had finished.
func (s *subject) checkTranslatedCuts(t *testing.T, body string, told said) {
	t.Helper()
	bound := clientWork
	if len(body) <= short {
		bound = short * short
	}
	s.eachClient(told, func(client ai.Dialect, pair dialect.Pair) {
		if client == ai.Bedrock || client == ai.Cohere {
			return // they have no door
		}
		want, _ := s.translated(client, pair, strings.NewReader(body))
		same := func(how string, src io.Reader) {
			if got, _ := s.translated(client, pair, src); got != want {
				t.Fatalf("for a client of %s, %s (-want +got):\n%s", client, how, cmp.Diff(want, got))
			}
		}
		same("byte by byte", iotest.OneByteReader(strings.NewReader(body)))
		for i := range positions(len(body), bound) {
			same(fmt.Sprint("split at ", i), &pieces{[]string{body[:i], body[i:]}})
		}
		for i := range positions(len(strings.TrimRight(body, " \r\n")), bound) {
			out, _ := s.translated(client, pair, strings.NewReader(body[:i]))
			if s.looksDone(t, client, out) && !s.isDone(body[:i]) {
				t.Fatalf("for a client of %s, cut at %d of %d it looks done: %q", client, i, len(body), out[max(0, len(out)-300):])
			}
		}
	})
}

// looksDone reports whether a client takes what it got for a whole answer.
func (s *subject) looksDone(t *testing.T, client ai.Dialect, stream string) bool {
	t.Helper()
	got, err := readers[client].stream(eventData(stream))
	if err != nil {
		t.Fatalf("for a client of %s: %v", client, err)
	}
	return got.Done || client == ai.Gemini && got.finished()
}

// isDone reports whether a provider's stream says that it is whole.
func (s *subject) isDone(stream string) bool {
	seen, _ := s.watch(strings.NewReader(stream))
	return seen.Done || seen.Finished && s.endpoint.Dialect == ai.Gemini
}

func drain(s ai.Stream) (string, error) {
	var out bytes.Buffer
	for {
		chunk, err := s.Next()
		if err != nil {
			return out.String(), err
		}
		out.Write(chunk)
	}
}

// stream makes a reader of events an ai.Stream.
type stream struct{ *sse.Reader }

// Close implements ai.Stream.
func (stream) Close() error { return nil }

// pieces is a source that returns one piece a read.
type pieces struct{ left []string }

// Read implements io.Reader.
func (p *pieces) Read(b []byte) (int, error) {
	for len(p.left) > 0 && p.left[0] == "" {
		p.left = p.left[1:]
	}
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.left[0])
	p.left[0] = p.left[0][n:]
	return n, nil
}
