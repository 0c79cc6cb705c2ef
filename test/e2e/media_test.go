package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-ai/portico/test/corpus"
)

// replays answers as a recorded exchange did.
func replays(e *corpus.Exchange) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", header(e.ResponseHeaders, "content-type"))
		status := e.Status
		if status == 0 {
			status = http.StatusOK // only the body was recorded
		}
		w.WriteHeader(status)
		_, _ = w.Write(e.Body())
	}
}

// What providers answered on record to requests for pictures reaches a client of
// OpenAI's through the binary, translated and logged.
func TestRecordedPicturesAreTranslated(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	bases := map[string]string{"together-ai": "", "nebius": "/v1", "hyperbolic": "", "x-ai": "/v1", "fal-ai": "", "replicate": "/v1"}
	for id, path := range bases {
		bases[id] = m.URL + path
	}
	s := start(t, t.TempDir(), bases)
	cases := 0
	for id, endpoint := range map[string]string{"together-ai": "images", "nebius": "images", "hyperbolic": "images", "x-ai": "images", "fal-ai": "other", "replicate": "predictions"} {
		for _, e := range corpus.Exchanges(t, id, endpoint) {
			if !strings.Contains(string(e.Body()), "https://replicate.delivery") && id == "replicate" && e.Status < 400 || strings.Contains(string(e.Body()), "output.wav") || e.Method != "POST" {
				continue // sound, or a prediction that is still to come
			}
			cases++
			t.Run(e.ID, func(t *testing.T) {
				m.answers(replays(e))
				got := s.call("POST", "/v1/images/generations", workspaceKey, []byte(`{"model":"some/model","prompt":"a fox","size":"512x512"}`),
					"X-Portkey-Provider", id, "Authorization", "Bearer sk-upstream")
				var reply struct {
					Created int64
					Data    []struct {
						URL string
						B64 string `json:"b64_json"`
					}
				}
				_ = json.Unmarshal([]byte(got.Body), &reply)
				switch {
				case e.Status >= 400 && got.Status != e.Status:
					t.Errorf("status %d, want %d: %.300s", got.Status, e.Status, got.Body)
				case e.Status < 400 && (got.Status != 200 || reply.Created == 0 || len(reply.Data) == 0 || reply.Data[0].URL+reply.Data[0].B64 == ""):
					t.Errorf("%d %.300s", got.Status, got.Body)
				}
				if row := s.row(got); number(row["response_status_code"]) != float64(got.Status) {
					t.Errorf("logged with status %v", row["response_status_code"])
				}
			})
		}
	}
	if cases < 14 {
		t.Errorf("only %d cases", cases)
	}
	t.Logf("%d recorded exchanges", cases)
}

// A form that a client sends to OpenAI's endpoint reaches Deepgram as the sound
// itself, and what was heard comes back as subtitles, paid by the minute.
func TestRecordedTranscriptIsTranslated(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	s := start(t, t.TempDir(), map[string]string{"deepgram": m.URL + "/v1"})
	file := bytes.Repeat([]byte("RIFF\r\n--"), 200_000)
	body, contentType := newForm(t, file, "model", "nova-3", "response_format", "srt")
	for _, e := range corpus.Exchanges(t, "deepgram", "audio.transcriptions") {
		m.answers(replays(e))
		got := s.call("POST", "/v1/audio/transcriptions", workspaceKey, body, "Content-Type", contentType,
			"X-Portkey-Provider", "deepgram", "Authorization", "Bearer dg-key")
		if got.Status != 200 || !strings.HasPrefix(got.Body, "1\n00:00:00,") || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%d %s %.200q", got.Status, got.Header.Get("Content-Type"), got.Body)
		}
		seen, sent := m.asked()
		if !bytes.Equal(sent, file) || seen.URL.Path != "/v1/listen" || seen.URL.Query().Get("utterances") != "true" || seen.Header.Get("Authorization") != "Token dg-key" {
			t.Errorf("Deepgram saw %s, %d bytes, %v", seen.URL, len(sent), seen.Header)
		}
		row := s.row(got)
		if cost := number(row["cost"]); cost <= 0 {
			t.Errorf("logged with cost %v", row["cost"])
		}
	}
}

// A picture that comes as bytes is OpenAI's base64 to the client, and a form to
// the provider.
func TestPictureAsBytes(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	s := start(t, t.TempDir(), map[string]string{"stability-ai": m.URL})
	m.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, "\x89PNG")
	})
	got := s.call("POST", "/v1/images/generations", workspaceKey, []byte(`{"model":"core","prompt":"a fox","size":"1024x1024"}`),
		"X-Portkey-Provider", "stability-ai", "Authorization", "Bearer sk-upstream")
	if got.Status != 200 || !strings.Contains(got.Body, `"data":[{"b64_json":"iVBORw=="}]`) {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	seen, sent := m.asked()
	seen.Body = io.NopCloser(bytes.NewReader(sent))
	if err := seen.ParseMultipartForm(1 << 20); err != nil || seen.FormValue("prompt") != "a fox" || seen.FormValue("aspect_ratio") != "1:1" {
		t.Errorf("Stability AI saw %v (%v)", seen.MultipartForm, err)
	}
	row := s.row(got)
	if number(row["cost"]) != 3 { // cents
		t.Errorf("logged with cost %v", row["cost"])
	}
}
