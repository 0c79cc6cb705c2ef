package providertest

import (
	"bytes"
	"embed"
	"encoding/json"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/sse"
	"github.com/portico-ai/portico/test/corpus"
)

// The own cases, one for every kind of answer, in the form of the corpus. Each
// states what it says as the member want.
//
//go:embed testdata/*.json
var ownCases embed.FS

type ownCase struct {
	corpus.Exchange
	Want said `json:"want"`
}

// method is that of the case's request; those that have no other are POSTs, but
// for the list of models.
func (c *ownCase) method() string {
	switch {
	case c.Method != "":
		return c.Method
	case c.Endpoint == "models":
		return http.MethodGet
	}
	return http.MethodPost
}

// own loads the own cases of the subject's format and operation.
func (s *subject) own(t *testing.T) (cases []*ownCase) {
	t.Helper()
	files, err := ownCases.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := ownCases.ReadFile(path.Join("testdata", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		c := new(ownCase)
		if err := json.Unmarshal(data, c); err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		if c.Provider == string(s.endpoint.Dialect) && c.Endpoint == endpointName(s.endpoint.Dialect, s.op) && s.method() == c.method() {
			c.ID = strings.TrimSuffix(f.Name(), ".json")
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		t.Fatalf("there is no own case of %s in %s's format", s.op, s.endpoint.Dialect)
	}
	return cases
}

// checkOwn runs the own cases, and holds the reading of answers here to what
// they state.
func (s *subject) checkOwn(t *testing.T) {
	for _, c := range s.own(t) {
		t.Run(c.ID, func(t *testing.T) {
			defer s.line.Own.note(t)
			if s.op.Free() {
				c.Want.Usage = ai.Usage{} // it was charged when the response was made
			}
			if c.Status < 400 {
				if diff := cmp.Diff(c.Want, s.read(t, &c.Exchange)); diff != "" {
					t.Fatalf("the suite reads its own case wrongly (-want +got):\n%s", diff)
				}
			}
			s.checkAnswer(t, &c.Exchange)
		})
	}
}

// checkRecorded runs what the corpus has of the provider at this endpoint.
func (s *subject) checkRecorded(t *testing.T) {
	schema := s.official(t, s.endpoint.Path)
	s.checkTranslatedRequests(t, schema)
	name := s.recordedName()
	if !corpus.Has(t, s.p.ID, name) {
		t.Skipf("skipped: the corpus has no %s of %s", name, s.p.ID)
	}
	for _, e := range corpus.Exchanges(t, s.p.ID, name) {
		if e.URL != "" && !s.pathIn(e.URL) || e.URL == "" && s.op.Free() || e.Method != "" && e.Method != s.method() {
			continue // another endpoint of the provider's
		}
		t.Run(e.ID, func(t *testing.T) {
			t.Run("url", func(t *testing.T) { s.checkRecordedURL(t, e) })
			if body := sent(e); schema != nil && body != nil {
				t.Run("spec", func(t *testing.T) { s.checkAllowed(t, schema, body, notAllowed[e.ID], &s.line.Requests) })
			}
			t.Run("answer", func(t *testing.T) {
				defer s.line.answers(e).note(t)
				s.checkAnswer(t, e)
			})
		})
	}
}

// sent is the recorded body of a request that the provider did not find fault
// with, nil if there is none.
func sent(e *corpus.Exchange) []byte {
	if e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity || !bytes.HasPrefix(e.RequestBody, []byte("{")) {
		return nil
	}
	var encoded struct{ B64 []byte }
	if json.Unmarshal(e.RequestBody, &encoded) == nil && encoded.B64 != nil {
		return encoded.B64
	}
	return e.RequestBody
}

// pathIn reports whether a URL's path ends in one of the endpoint's.
func (s *subject) pathIn(rawURL string) bool {
	for _, own := range []string{s.endpoint.Path, s.endpoint.StreamPath} {
		if i := strings.Index(own, "/publishers/"); i > 0 {
			own = own[i:] // what stands before depends on the kind of key
		}
		if own != "" && pattern(own).MatchString(pathOf(rawURL)) {
			return true
		}
	}
	return false
}

// pattern matches the end of what a template makes, each placeholder a group of
// its name.
func pattern(template string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pathOf(template))
	quoted = strings.ReplaceAll(quoted, `\{model\.\.\.\}`, `(?P<model>.+)`)
	return regexp.MustCompile(regexp.MustCompile(`\\\{([a-z_]+)\\\}`).ReplaceAllString(quoted, `(?P<$1>[^/]+)`) + "$")
}

func pathOf(rawURL string) string {
	before, _, _ := strings.Cut(rawURL, "?")
	before, _, _ = strings.Cut(before, "#")
	return before
}

// chunks returns a recorded stream as it arrived, up to its first terminal event:
// some recordings hold two streams. Payloads that were stored without their
// framing get it back.
func (s *subject) chunks(t *testing.T, e *corpus.Exchange) (chunks []string) {
	t.Helper()
	left := s.end(strings.Join(framed(t, e), ""))
	for _, c := range framed(t, e) {
		c = c[:min(len(c), left)]
		left -= len(c)
		chunks = append(chunks, c)
	}
	return chunks
}

func framed(t *testing.T, e *corpus.Exchange) []string {
	t.Helper()
	if strings.HasSuffix(e.Chunking, "-base64") {
		return amazonEvents(t, e)
	}
	if list := strings.Join(e.ResponseChunks, ""); strings.HasPrefix(list, "[{") {
		return fromList(list)
	}
	if e.Chunking != "sse-data" {
		return e.ResponseChunks
	}
	framed := make([]string, len(e.ResponseChunks))
	for i, data := range e.ResponseChunks {
		var event struct{ Type string }
		_ = json.Unmarshal([]byte(data), &event) // [DONE] has no type
		if framed[i] = bedrockEvent(data); framed[i] == "" {
			framed[i] = string(sse.AppendEvent(nil, event.Type, []byte(data)))
		}
	}
	return framed
}

// fromList is a stream that its client asked for as one list of chunks, in the
// form that we ask for.
func fromList(list string) (events []string) {
	var chunks []json.RawMessage
	if json.Unmarshal([]byte(list), &chunks) != nil {
		return []string{list}
	}
	for _, chunk := range chunks {
		var plain bytes.Buffer
		_ = json.Compact(&plain, chunk) // it has just been read
		events = append(events, "data: "+plain.String()+"\r\n\r\n")
	}
	return events
}

// end is the length of a stream up to the blank line after its first terminal
// event; the whole if it has none.
func (s *subject) end(body string) int {
	for _, data := range eventData(body) {
		if seen, err := readers[s.endpoint.Dialect].stream([]string{data}); err == nil && seen.Done {
			end := strings.Index(body, data) + len(data)
			return end + len(body[end:]) - len(strings.TrimLeft(body[end:], "\r\n"))
		}
	}
	return len(body)
}

// read is what the suite reads in an answer.
func (s *subject) read(t *testing.T, e *corpus.Exchange) said {
	t.Helper()
	r := readers[s.endpoint.Dialect]
	var got said
	var err error
	if chunks := s.chunks(t, e); len(chunks) > 0 {
		got, err = r.stream(eventData(strings.Join(chunks, "")))
	} else {
		got, err = r.whole(e.Body())
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.op.Free() {
		got.Usage = ai.Usage{}
	}
	return got
}
