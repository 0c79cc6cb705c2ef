package media_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/test/corpus"
)

const made = `"created":1700000000`

func TestPictures(t *testing.T) {
	for _, test := range []struct {
		name    string
		dialect ai.Dialect
		typ     string // of the reply, "" for JSON
		reply   string
		want    string
		receipt string
	}{
		{"engine of v1", media.Stability, "", `{"artifacts":[{"base64":"aGk=","seed":1,"finishReason":"SUCCESS"},{"base64":"eW8=","seed":2,"finishReason":"CONTENT_FILTERED"}]}`,
			`{` + made + `,"data":[{"b64_json":"aGk="},{"b64_json":"eW8="}]}`, "finish_reason"},
		{"v2", media.Stability, "", `{"image":"aGk=","finish_reason":"SUCCESS","seed":343940597}`, `{` + made + `,"data":[{"b64_json":"aGk="}]}`, ""},
		{"v2 as a picture", media.Stability, "image/png", "\x89PNG", `{` + made + `,"data":[{"b64_json":"iVBORw=="}]}`, ""},
		{"segmind", media.Segmind, "", `{"image":"aGk=","status":"Success","infer_time":2.1}`, `{` + made + `,"data":[{"b64_json":"aGk="}]}`, ""},
		{"segmind as a picture", media.Segmind, "image/jpeg", "\xff\xd8", `{` + made + `,"data":[{"b64_json":"/9g="}]}`, ""},
		{"recraft", media.Recraft, "", `{"created":5,"credits":1,"data":[{"url":"https://img.recraft.ai/x","image_id":"i"}]}`,
			`{"created":5,"credits":1,"data":[{"url":"https://img.recraft.ai/x","image_id":"i"}]}`, ""},
		{"together", media.Together, "", `{"id":"o","model":"m","object":"list","data":[{"index":0,"b64_json":"aGk="}]}`,
			`{"id":"o","model":"m","object":"list","data":[{"index":0,"b64_json":"aGk="}],` + made + `}`, ""},
		{"fireworks' FLUX", media.Fireworks, "", `{"id":"1","base64":["data:image/png;base64,aGk=","eW8="],"finishReason":"SUCCESS","seed":1}`,
			`{` + made + `,"data":[{"b64_json":"aGk="},{"b64_json":"eW8="}]}`, ""},
		{"fireworks' Stable Diffusion", media.Fireworks, "", `[{"base64":"aGk=","finishReason":"SUCCESS","seed":1}]`, `{` + made + `,"data":[{"b64_json":"aGk="}]}`, ""},
		{"workers in an envelope", media.WorkersAI, "", `{"result":{"image":"aGk="},"success":true,"errors":[],"messages":[]}`, `{` + made + `,"data":[{"b64_json":"aGk="}]}`, ""},
		{"workers as a picture", media.WorkersAI, "image/jpeg", "\xff\xd8", `{` + made + `,"data":[{"b64_json":"/9g="}]}`, ""},
		{"fal's addresses", media.Fal, "", `{"images":[{"url":"https://fal.media/1.jpg","width":1},{"url":"data:image/jpeg;base64,aGk="}],"seed":1}`,
			`{` + made + `,"data":[{"url":"https://fal.media/1.jpg"},{"b64_json":"aGk="}]}`, ""},
		{"fal's only picture", media.Fal, "", `{"image":{"url":"https://fal.media/1.jpg"}}`, `{` + made + `,"data":[{"url":"https://fal.media/1.jpg"}]}`, ""},
		{"replicate's one output", media.Replicate, "", `{"id":"p","status":"succeeded","output":"https://replicate.delivery/1.webp"}`, `{` + made + `,"data":[{"url":"https://replicate.delivery/1.webp"}]}`, ""},
		{"siliconflow", media.SiliconFlow, "", `{"images":[{"url":"https://s3.example/1.png"}],"timings":{"inference":1},"seed":1}`, `{` + made + `,"data":[{"url":"https://s3.example/1.png"}]}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &dialect.Conversion{Op: ai.ImageGenerate, Now: 1_700_000_000, UpstreamType: test.typ}
			got, err := translator(t, test.dialect).ReplyToHub(c, []byte(test.reply))
			if err != nil || string(got) != test.want {
				t.Errorf("got  %s (%v)\nwant %s", got, err, test.want)
			}
			if receipts := len(c.Receipts); (test.receipt == "") != (receipts == 0) || receipts > 0 && c.Receipts[0].Path != test.receipt {
				t.Errorf("receipts %+v", c.Receipts)
			}
		})
	}
}

// A reply without pictures is an error, whatever its status was.
func TestRepliesWithoutPictures(t *testing.T) {
	for _, test := range []struct {
		dialect    ai.Dialect
		typ, reply string
		status     int
		says       string
	}{
		{media.Replicate, "", `{"id":"p1","status":"failed","error":"NSFW content detected","output":null}`, 502, "NSFW"},
		{media.Replicate, "", `{"id":"p1","status":"canceled"}`, 502, "canceled"},
		{media.Replicate, "", `{"id":"p1","status":"succeeded","output":["a ","poem"]}`, 502, "no picture"},
		{media.Stability, "text/html", `<html>`, 502, "text/html"},
		{media.Stability, "", `{"id":"x"}`, 502, "no picture"},
		{media.Fal, "", `[]`, 502, "no picture"},
		{media.Together, "", `{"data":null}`, 502, "no picture"},
		{media.Recraft, "image/png", "\x89PNG", 502, "no picture"},
	} {
		_, err := translator(t, test.dialect).ReplyToHub(&dialect.Conversion{Op: ai.ImageGenerate, UpstreamType: test.typ}, []byte(test.reply))
		if e := ai.AsError(err); err == nil || e.HTTPStatus() != test.status || !strings.Contains(e.Message, test.says) {
			t.Errorf("%s %s: got %v, want %d saying %q", test.dialect, test.reply, err, test.status, test.says)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		dialect       ai.Dialect
		status        int
		body          string
		message, code string
	}{
		{media.Stability, 403, `{"id":"4212","name":"content_moderation","errors":["Your request was flagged"]}`, "Your request was flagged", ""},
		{media.Stability, 404, `{"id":"9160","message":"The specified engine was not found","name":"not_found"}`, "The specified engine was not found", ""},
		{media.WorkersAI, 400, `{"result":null,"success":false,"errors":[{"code":5006,"message":"must have prompt"}],"messages":[]}`, "must have prompt", ""},
		{media.Replicate, 422, `{"detail":"- input: text is required\n","status":422,"title":"Input validation failed"}`, "- input: text is required\n", ""},
		{media.Fal, 422, `{"detail":[{"loc":["body","prompt"],"msg":"field required","type":"value_error.missing"}]}`, "prompt: field required", ""},
		{media.Deepgram, 401, `{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials.","request_id":"r"}`, "Invalid credentials.", "INVALID_AUTH"},
		{media.Deepgram, 400, `{"category":"INVALID_JSON","message":"Invalid JSON submitted.","details":"Json deserialize error","request_id":"r"}`, "Invalid JSON submitted.: Json deserialize error", ""},
		{media.ElevenLabs, 401, `{"detail":{"status":"invalid_api_key","message":"Invalid API key"}}`, "Invalid API key", ""},
	} {
		e := media.Formats()[test.dialect].ParseError(test.status, []byte(test.body))
		if e.Message != test.message || e.Code != test.code || e.HTTPStatus() != test.status {
			t.Errorf("%s: got %d %q %q", test.body, e.HTTPStatus(), e.Message, e.Code)
		}
	}
}

const spoken = `{"metadata":{"duration":3.5,"channels":1},"results":{"channels":[{"detected_language":"en","alternatives":[{"transcript":"Good day. How are you?",
	"words":[{"word":"good","punctuated_word":"Good","start":0.25,"end":0.5},{"word":"day","punctuated_word":"day.","start":0.5,"end":1},
	{"word":"how","punctuated_word":"How","start":2,"end":2.25},{"word":"are","start":2.25,"end":2.5},{"word":"you","punctuated_word":"you?","start":2.5,"end":3.0625}]}]}]}}`

func TestTranscripts(t *testing.T) {
	for request, want := range map[string]string{
		`{}`:                                 `{"text":"Good day. How are you?","usage":{"type":"duration","seconds":3.5}}`,
		`{"response_format":"text"}`:         "Good day. How are you?\n",
		`{"response_format":"srt"}`:          "1\n00:00:00,250 --> 00:00:01,000\nGood day.\n\n2\n00:00:02,000 --> 00:00:03,063\nHow are you?\n\n",
		`{"response_format":"vtt"}`:          "WEBVTT\n\n00:00:00.250 --> 00:00:01.000\nGood day.\n\n00:00:02.000 --> 00:00:03.063\nHow are you?\n\n",
		`{"response_format":"verbose_json"}`: `{"task":"transcribe","language":"en","duration":3.5,"text":"Good day. How are you?","segments":[{"id":0,"start":0.25,"end":1,"text":"Good day."},{"id":1,"start":2,"end":3.0625,"text":"How are you?"}],"usage":{"type":"duration","seconds":3.5}}`,
		`{"response_format":"verbose_json","timestamp_granularities[]":"word"}`: `{"task":"transcribe","language":"en","duration":3.5,"text":"Good day. How are you?","words":[{"start":0.25,"end":0.5,"word":"Good"},{"start":0.5,"end":1,"word":"day."},{"start":2,"end":2.25,"word":"How"},{"start":2.25,"end":2.5,"word":"are"},{"start":2.5,"end":3.0625,"word":"you?"}],"usage":{"type":"duration","seconds":3.5}}`,
	} {
		c := &dialect.Conversion{Op: ai.Transcribe, Request: []byte(request)}
		got, err := translator(t, media.Deepgram).ReplyToHub(c, []byte(spoken))
		if err != nil || string(got) != want {
			t.Errorf("%s (%v):\n got %q\nwant %q", request, err, got, want)
		}
		if isText := c.ReplyType == "text/plain; charset=utf-8"; isText == json.Valid(got) {
			t.Errorf("%s: sent as %q", request, c.ReplyType)
		}
	}
	if u := media.Formats()[media.Deepgram].Usage(ai.Transcribe, []byte(spoken)); u.AudioMillis != 3500 || !u.Known || u.Estimated {
		t.Errorf("usage %+v", u)
	}
	if _, err := translator(t, media.Deepgram).ReplyToHub(&dialect.Conversion{Op: ai.Transcribe}, []byte(`{"request_id":"of a callback"}`)); err == nil {
		t.Error("a reply without a transcript passed")
	}
}

// A hub is OpenAI's reply, as a client reads it.
type hub struct {
	Created int64
	Data    []struct {
		URL string
		B64 string `json:"b64_json"`
	}
	Text     string
	Duration float64
	Usage    struct{ Seconds float64 }
	Segments []struct{ Text string }
	Words    []struct{ Word string }
}

func toHub(t *testing.T, d ai.Dialect, op ai.Op, request string, e *corpus.Exchange) hub {
	t.Helper()
	got, err := translator(t, d).ReplyToHub(&dialect.Conversion{Op: op, Now: 1, Request: []byte(request)}, e.Body())
	if err != nil {
		t.Fatal(err)
	}
	var h hub
	if err := json.Unmarshal(got, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// What providers answered on record becomes OpenAI's reply with the same pictures.
func TestRecordedPictures(t *testing.T) {
	cases := 0
	for _, from := range []struct {
		provider, endpoint string
		dialect            ai.Dialect
		path               string // of requests for pictures
	}{
		{"together-ai", "images", media.Together, ""}, {"nebius", "images", media.Nebius, ""}, {"hyperbolic", "images", media.Hyperbolic, ""},
		{"x-ai", "images", media.XAI, ""}, {"fal-ai", "other", media.Fal, ""}, {"replicate", "predictions", media.Replicate, "predictions"},
	} {
		for _, e := range corpus.Exchanges(t, from.provider, from.endpoint) {
			want, whole := readPictures(t, e)
			if !whole {
				continue
			}
			cases++
			t.Run(e.ID, func(t *testing.T) {
				if e.Status >= 400 {
					checkError(t, from.dialect, e)
					return
				}
				h := toHub(t, from.dialect, ai.ImageGenerate, `{}`, e)
				var got []string
				for _, d := range h.Data {
					got = append(got, d.URL+d.B64)
				}
				if diff := cmp.Diff(want, got); diff != "" || h.Created == 0 {
					t.Errorf("created %d (-want +got):\n%s", h.Created, diff)
				}
			})
		}
	}
	if cases < 18 {
		t.Errorf("only %d cases", cases)
	}
	t.Logf("%d recorded exchanges", cases)
}

// readPictures finds the pictures of any recorded reply; it is not whole if the
// recording is of something else, such as a prediction that is still to come.
func readPictures(t *testing.T, e *corpus.Exchange) (all []string, whole bool) {
	t.Helper()
	var r struct {
		Data, Images []map[string]any
		Output       any
	}
	if err := json.Unmarshal(e.Body(), &r); err != nil {
		return nil, false
	}
	for _, p := range append(r.Data, r.Images...) {
		for _, name := range []string{"url", "b64_json", "image"} {
			if s, ok := p[name].(string); ok {
				all = append(all, s)
			}
		}
	}
	outputs, _ := r.Output.([]any)
	for _, o := range outputs {
		if s, _ := o.(string); strings.HasPrefix(s, "https://") {
			all = append(all, s)
		}
	}
	return all, len(all) > 0 || e.Status >= 400
}

func checkError(t *testing.T, d ai.Dialect, e *corpus.Exchange) {
	t.Helper()
	got := media.Formats()[d].ParseError(e.Status, e.Body())
	var said struct {
		Error  struct{ Message string }
		Detail string
	}
	_ = json.Unmarshal(e.Body(), &said)
	want := said.Error.Message + said.Detail
	if got.HTTPStatus() != e.Status || want == "" || got.Message[:min(len(got.Message), 100)] != want[:min(len(want), 100)] {
		t.Errorf("got %d %.100q, want %d %.100q", got.HTTPStatus(), got.Message, e.Status, want)
	}
}

func TestRecordedTranscripts(t *testing.T) {
	cases := 0
	for provider, d := range map[string]ai.Dialect{"deepgram": media.Deepgram, "elevenlabs": media.ElevenLabs} {
		for _, e := range corpus.Exchanges(t, provider, "audio.transcriptions") {
			cases++
			t.Run(e.ID, func(t *testing.T) {
				text, words, seconds := readTranscript(t, e)
				h := toHub(t, d, ai.Transcribe, `{"response_format":"verbose_json","timestamp_granularities[]":["word","segment"]}`, e)
				if h.Text != text || len(h.Words) != words || h.Duration != seconds || (h.Usage.Seconds == seconds) != (d == media.Deepgram) {
					t.Errorf("got %q, %d words, %v s; want %q, %d words, %v s", h.Text, len(h.Words), h.Duration, text, words, seconds)
				}
				said := ""
				for _, s := range h.Segments {
					said = strings.TrimSpace(said + " " + s.Text)
				}
				if said != text {
					t.Errorf("segments say %q", said)
				}
				u := media.Formats()[d].Usage(ai.Transcribe, e.Body())
				if u.AudioMillis != int64(seconds*1000+0.5) || u.Estimated != (d == media.ElevenLabs) {
					t.Errorf("usage %+v", u)
				}
			})
		}
	}
	t.Logf("%d recorded exchanges", cases)
}

func readTranscript(t *testing.T, e *corpus.Exchange) (text string, words int, seconds float64) {
	t.Helper()
	type word struct {
		End  float64
		Type string
	}
	var r struct {
		Text     string
		Words    []word
		Metadata struct{ Duration float64 }
		Results  struct {
			Channels []struct {
				Alternatives []struct {
					Transcript string
					Words      []word
				}
			}
		}
	}
	if err := json.Unmarshal(e.Body(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Results.Channels) > 0 {
		best := r.Results.Channels[0].Alternatives[0]
		return best.Transcript, len(best.Words), r.Metadata.Duration
	}
	for _, w := range r.Words {
		if w.Type == "word" {
			words++
		}
		seconds = w.End
	}
	return r.Text, words, seconds
}

// Replies that are cut or of another shape are errors or readable replies, never
// a panic or something that is not JSON.
func TestCutReplies(t *testing.T) {
	whole := []string{spoken, `{"artifacts":[{"base64":"aGk=","finishReason":"SUCCESS"}],"image":"aGk=","images":[{"url":"https://x/1","image":"aGk="}],
		"data":[{"url":"https://x"}],"base64":["aGk="],"result":{"image":"aGk="},"status":"succeeded","output":["https://x/1"],"text":"a","words":[{"text":"a","end":1}]}`}
	for d, f := range media.Formats() {
		for _, body := range whole {
			for i := range len(body) + 1 {
				for _, op := range []ai.Op{ai.ImageGenerate, ai.Transcribe} {
					got, err := f.(dialect.Translator).ReplyToHub(&dialect.Conversion{Op: op, Request: []byte(`{"response_format":"verbose_json"}`)}, []byte(body[:i]))
					f.Usage(op, []byte(body[:i]))
					if err == nil && i == len(body) && !json.Valid(got) {
						t.Errorf("%s: %s", d, got)
					}
				}
			}
		}
	}
}
