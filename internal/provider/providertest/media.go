package providertest

import (
	"path/filepath"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/test/corpus"
)

var mediaFormats = media.Formats()

// mediaReplies are what the official description calls OpenAI's replies of the
// operations whose recorded answers are translated to them.
var mediaReplies = map[ai.Op]string{ai.ImageGenerate: "ImagesResponse", ai.Transcribe: "CreateTranscriptionResponseJson"}

// recordedElsewhere is where the corpus has pictures that it does not call so.
var recordedElsewhere = map[ai.Dialect]string{media.Fal: "other", media.Replicate: "predictions"}

// checkRecordedMedia expects recorded answers to become what OpenAI's description
// promises, and recorded errors to be told. That they say the same is the
// format's own test.
func (s *subject) checkRecordedMedia(t *testing.T) {
	endpoint, elsewhere := recordedElsewhere[s.endpoint.Dialect]
	if !elsewhere {
		endpoint = endpointName(s.endpoint.Dialect, s.op)
	}
	if mediaReplies[s.op] == "" || !corpus.Has(t, s.p.ID, endpoint) {
		t.Skip("skipped: the corpus has no such traffic")
	}
	doc, err := readDescription(filepath.Join(corpus.Specs(t), "openai", "openapi.yaml.gz"))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := compile(doc, "components", "schemas", mediaReplies[s.op])
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range corpus.Exchanges(t, s.p.ID, endpoint) {
		t.Run(e.ID, func(t *testing.T) {
			tally := s.line.answers(e)
			defer tally.note(t)
			if e.Status >= 400 {
				if got := s.format.ParseError(e.Status, e.Body()); got.HTTPStatus() != e.Status || got.Message == "" {
					t.Errorf("got %d %q", got.HTTPStatus(), got.Message)
				}
				return
			}
			c := &dialect.Conversion{Op: s.op, Now: 1, Request: []byte(`{}`)}
			reply, err := s.format.(dialect.Translator).ReplyToHub(c, e.Body())
			if err != nil && elsewhere {
				t.Skipf("skipped: the recording is of something else: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			switch err, known := validate(schema, reply), notPromised[e.ID]; {
			case err != nil && known == "":
				t.Errorf("the official description does not promise the reply: %.1500s\nin %.500s", err, reply)
			case err != nil:
				tally.Known++
			case known != "":
				t.Errorf("the official description promises the reply after all; it is listed as: %s", known)
			}
		})
	}
}
