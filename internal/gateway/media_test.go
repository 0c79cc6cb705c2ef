package gateway_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/codec/spool"
	"github.com/portico-ai/portico/internal/gateway"
	"github.com/portico-ai/portico/internal/ledger"
	"github.com/portico-ai/portico/test/corpus"
)

// media makes a call of an operation on pictures or sound.
func (r *rig) media(op ai.Op, path, body string, headers ...string) *gateway.Call {
	c := r.chat(body, headers...)
	c.Op, c.Path, c.Rest = op, "/v1"+path, path
	c.Model = jsonedit.Text(jsonedit.Get(c.Body, "model"))
	return c
}

func answers(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	}
}

const (
	drawn = `{"created":1,"data":[{"url":"https://images.example/1"},{"url":"https://images.example/2"}]}`
)

// What pictures and sound cost, computed by hand from OpenAI's price list.
func TestMediaIsCounted(t *testing.T) {
	for name, test := range map[string]struct {
		op          ai.Op
		request     string
		contentType string
		reply       string
		nano        int64
		unknown     bool
	}{
		"pictures of the default kind": { // 2 × $0.04
			op: ai.ImageGenerate, request: `{"model":"dall-e-3","prompt":"x"}`, reply: drawn, nano: 80_000_000},
		"pictures by quality and size": { // 2 × $0.12
			op: ai.ImageGenerate, request: `{"model":"dall-e-3","prompt":"x","quality":"hd","size":"1792x1024"}`, reply: drawn, nano: 240_000_000},
		"size left to the model": { // 2 × $0.02
			op: ai.ImageVary, request: `{"model":"dall-e-2","size":"auto"}`, reply: drawn, nano: 40_000_000},
		"a small size": { // 2 × $0.018
			op: ai.ImageEdit, request: `{"model":"dall-e-2","size":"512x512"}`, reply: drawn, nano: 36_000_000},
		"pictures by tokens": { // 10 × $5 + 20 × $10 + 1000 × $40 per million
			op: ai.ImageEdit, request: `{"model":"gpt-image-1","prompt":"x"}`,
			reply: `{"created":1,"data":[{"b64_json":"aGk="}],"usage":{"total_tokens":1030,"input_tokens":30,"output_tokens":1000,
				"input_tokens_details":{"text_tokens":10,"image_tokens":20}}}`, nano: 50_000 + 200_000 + 40_000_000},
		"pictures as they are made": { // 50 × $5 + 1056 × $40 per million
			op: ai.ImageGenerate, request: `{"model":"gpt-image-1","prompt":"x","stream":true}`, contentType: "text/event-stream",
			reply: "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"aGk=\"}\n\n" +
				"event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"aGk=\"," +
				`"usage":{"total_tokens":1106,"input_tokens":50,"output_tokens":1056,"input_tokens_details":{"text_tokens":50,"image_tokens":0}}}` + "\n\n",
			nano: 250_000 + 42_240_000},
		"speech": { // 9 characters × $15 per million
			op: ai.Speech, request: `{"model":"tts-1","voice":"alloy","input":"Grüezi, 你"}`, contentType: "audio/mpeg", reply: "\xff\xf3sound", nano: 9 * 15_000},
		"speech by tokens that nobody tells": {
			op: ai.Speech, request: `{"model":"gpt-4o-mini-tts","voice":"alloy","input":"hi"}`, contentType: "audio/mpeg", reply: "\xff\xf3sound", unknown: true},
		"speech as events": { // 14 × $0.6 + 101 × $12 per million
			op: ai.Speech, request: `{"model":"gpt-4o-mini-tts","voice":"alloy","input":"hi","stream_format":"sse"}`, contentType: "text/event-stream",
			reply: `data: {"type":"speech.audio.delta","audio":"aGk="}` + "\n\n" +
				`data: {"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115}}` + "\n\n", nano: 8_400 + 1_212_000},
		"a transcript as events": { // 14 × $3 + 45 × $5 per million
			op: ai.Transcribe, request: `{"model":"gpt-4o-mini-transcribe","stream":"true"}`, contentType: "text/event-stream",
			reply: `data: {"type":"transcript.text.delta","delta":"hi"}` + "\n\n" +
				`data: {"type":"transcript.text.done","text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":45,"total_tokens":59}}` + "\n\n",
			nano: 42_000 + 225_000},
		"a transcript by its seconds": { // 9 s of $0.006 a minute
			op: ai.Transcribe, request: `{"model":"whisper-1"}`, reply: `{"text":"hi","usage":{"type":"duration","seconds":9}}`, nano: 900_000},
		"a verbose transcript": { // 0.848 s
			op: ai.Translate, request: `{"model":"whisper-1"}`, reply: `{"task":"translate","duration":0.848,"text":"hi","segments":[]}`, nano: 84_800},
		"a transcript by tokens": { // 14 × $6 + 2 × $2.5 + 45 × $10 per million
			op: ai.Transcribe, request: `{"model":"gpt-4o-transcribe"}`,
			reply: `{"text":"hi","usage":{"type":"tokens","input_tokens":16,"input_token_details":{"text_tokens":2,"audio_tokens":14},"output_tokens":45,"total_tokens":61}}`,
			nano:  84_000 + 5_000 + 450_000},
		"a transcript that is only text": {
			op: ai.Transcribe, request: `{"model":"whisper-1","response_format":"text"}`, contentType: "text/plain", reply: "hi\n", unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			contentType := test.contentType
			if contentType == "" {
				contentType = "application/json"
			}
			r := newRig(t, map[string]http.HandlerFunc{"openai": answers(contentType, test.reply)})
			status, _, body := r.answer(t, r.media(test.op, "/media", test.request, "x-portkey-virtual-key", "my-openai"))
			if status != 200 || body != test.reply {
				t.Fatalf("%d %q", status, body)
			}
			wantCost(t, r.ledger.only(t), test.nano, !test.unknown)
		})
	}
}

func wantCost(t *testing.T, e ledger.Entry, nano int64, known bool) {
	t.Helper()
	if e.CostNano != nano || e.CostKnown != known {
		t.Errorf("cost %d (known: %v), want %d (known: %v); usage %+v", e.CostNano, e.CostKnown, nano, known, e.Usage)
	}
}

// recordedCosts are what recorded calls of OpenAI's cost by its price list.
var recordedCosts = map[string]int64{
	"openai/images__dd-apm-test-agent__openai-images-generations-post-736070ea":                           40_000_000,               // dall-e-3, 1024x1024
	"openai/images__openllmetry-js__should-calculate-correct-tokens-for-different-quality-lev-63e9d1__00": 20_000_000,               // dall-e-2, 1024x1024
	"openai/images__rig__additional-params-output-format-reaches-the-api":                                 14*2_000 + 272*8_000,     // gpt-image-1-mini
	"openai/images__openai-dotnet__generationwithoptionsworks__00":                                        22*5_000 + 12_480*40_000, // gpt-image-1, two pictures
	"openai/audio-speech__rig__default-body-returns-mp3":                                                  5 * 15_000,               // tts-1, "hello"
	"openai/audio-transcriptions__logfire__test-voice-pipeline__00":                                       1*6_000 + 5*10_000,       // gpt-4o-transcribe, one audio token
}

func TestRecordedMediaIsCounted(t *testing.T) {
	found := 0
	for endpoint, op := range map[string]ai.Op{"images": ai.ImageGenerate, "audio.speech": ai.Speech, "audio.transcriptions": ai.Transcribe} {
		for _, e := range corpus.Exchanges(t, "openai", endpoint) {
			nano, ok := recordedCosts[e.ID]
			if !ok {
				continue
			}
			found++
			t.Run(e.ID, func(t *testing.T) {
				request := string(e.RequestBody)
				if op == ai.Transcribe {
					request = `{"model":"gpt-4o-transcribe"}` // the fields of the recorded form
				}
				r := newRig(t, map[string]http.HandlerFunc{"openai": answers(e.ResponseHeaders["content-type"], string(e.Body()))})
				status, _, _ := r.answer(t, r.media(op, "/media", request, "x-portkey-virtual-key", "my-openai"))
				if status != 200 {
					t.Fatal(status)
				}
				wantCost(t, r.ledger.only(t), nano, true)
			})
		}
	}
	if found != len(recordedCosts) {
		t.Errorf("found %d of %d recordings", found, len(recordedCosts))
	}
}

// upload makes a call whose body is a form with a file.
func (r *rig) upload(t *testing.T, op ai.Op, path string, fields ...string) *gateway.Call {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.CreateFormFile("file", "speech.wav")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(file, "RIFF-sound")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := form.Read(&b, w.Boundary(), spool.New(t.TempDir(), 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	c := r.media(op, path, string(f.Fields()))
	c.Upload = f
	return c
}

// Pictures of other formats come back as OpenAI's, with their cost, however the
// provider sends them.
func TestPicturesAreTranslated(t *testing.T) {
	for name, test := range map[string]struct {
		provider, model string
		status          int
		contentType     string
		reply, want     string
		nano            int64
		known           bool
	}{
		"in JSON":             {"stability-ai", "core", 200, "application/json", `{"image":"aGk=","finish_reason":"SUCCESS"}`, `"data":[{"b64_json":"aGk="}]`, 30_000_000, true},
		"as a picture":        {"stability-ai", "core", 200, "image/png", "\x89PNG", `"data":[{"b64_json":"iVBORw=="}]`, 30_000_000, true},
		"without a type":      {"stability-ai", "core", 200, "application/octet-stream", "\x89PNG\r\n\x1a\n", `"data":[{"b64_json":"iVBORw0KGgo="}]`, 30_000_000, true},
		"JSON without a type": {"stability-ai", "core", 200, "text/plain", `{"image":"aGk="}`, `"data":[{"b64_json":"aGk="}]`, 30_000_000, true},
		"two of them":         {"fal-ai", "fal-ai/flux/schnell", 200, "application/json; charset=utf-8", `{"images":[{"url":"https://x/1"},{"url":"https://x/2"}]}`, `"data":[{"url":"https://x/1"},{"url":"https://x/2"}]`, 6_000_000, true},
		"created":             {"replicate", "some/model", 201, "application/json", `{"id":"p","status":"processing","output":["https://x/1"]}`, `"data":[{"url":"https://x/1"}]`, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, map[string]http.HandlerFunc{test.provider: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.contentType)
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.reply)
			}})
			c := r.media(ai.ImageGenerate, "/images/generations", `{"model":"`+test.model+`","prompt":"a fox","user":"u"}`, "x-portkey-virtual-key", "my-"+test.provider)
			status, header, body := r.answer(t, c)
			if status != 200 || !strings.HasSuffix(body, test.want+"}") || header.Get("Content-Type") != "application/json" {
				t.Errorf("%d %s %s", status, header.Get("Content-Type"), body)
			}
			e := r.ledger.only(t)
			wantCost(t, e, test.nano, test.known)
			if len(e.Receipts) != 1 || e.Receipts[0].Path != "user" {
				t.Errorf("receipts %+v", e.Receipts)
			}
		})
	}
}

// A provider's failure is an outcome that a fallback acts upon, even with 201.
func TestPicturesFallBack(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{
		"replicate":    answers("application/json", `{"id":"p","status":"failed","error":"out of memory"}`),
		"stability-ai": answers("text/html", "<html>busy</html>"),
		"openai":       answers("application/json", `{"created":1,"data":[{"url":"https://images.example/1"}]}`),
	})
	c := r.media(ai.ImageGenerate, "/images/generations", `{"model":"a/b","prompt":"x"}`, "x-portkey-config",
		`{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"my-replicate"},{"virtual_key":"my-stability-ai"},{"virtual_key":"my-openai","override_params":{"model":"dall-e-3"}}]}`)
	status, header, body := r.answer(t, c)
	if status != 200 || header.Get("X-Portkey-Last-Used-Option-Index") != "config.targets[2]" || !strings.Contains(body, "images.example") {
		t.Errorf("%d, served by %s: %s", status, header.Get("X-Portkey-Last-Used-Option-Index"), body)
	}
	wantCost(t, r.ledger.only(t), 40_000_000, true)
}

// A transcript of another format takes the shape that the form asks for.
func TestTranscriptsAreTranslated(t *testing.T) {
	const heard = `{"metadata":{"duration":30},"results":{"channels":[{"alternatives":[{"transcript":"Good day.","words":[]}]}],
		"utterances":[{"start":0.5,"end":2,"transcript":"Good day."}]}}`
	for format, want := range map[string]string{
		"json": `{"text":"Good day.","usage":{"type":"duration","seconds":30}}`,
		"text": "Good day.\n",
		"vtt":  "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nGood day.\n\n",
	} {
		r := newRig(t, map[string]http.HandlerFunc{"deepgram": answers("application/json", heard)})
		c := r.upload(t, ai.Transcribe, "/audio/transcriptions", "model", "nova-3", "response_format", format, "language", "en")
		c.Headers.Set("x-portkey-virtual-key", "my-deepgram")
		status, header, body := r.answer(t, c)
		if status != 200 || body != want || strings.HasPrefix(header.Get("Content-Type"), "text/plain") != (format != "json") {
			t.Errorf("%s: %d %s %q", format, status, header.Get("Content-Type"), body)
		}
		seen := <-r.requests
		sound, _ := io.ReadAll(seen.Body)
		if string(sound) != "RIFF-sound" || seen.Header.Get("Authorization") != "Token sk-stored-deepgram" || seen.URL.Query().Get("model") != "nova-3" {
			t.Errorf("the provider saw %s %v %q", seen.URL, seen.Header, sound)
		}
		wantCost(t, r.ledger.only(t), 2_150_000, true) // half a minute of $0.0043
	}
}

// Sound needs no translation back.
func TestSpeechOfOtherFormats(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"deepgram": answers("audio/mpeg", "\xff\xf3sound")})
	status, header, body := r.answer(t, r.media(ai.Speech, "/audio/speech", `{"model":"aura-2-thalia-en","input":"hello","voice":"aura-2-thalia-en"}`, "x-portkey-virtual-key", "my-deepgram"))
	if status != 200 || body != "\xff\xf3sound" || header.Get("Content-Type") != "audio/mpeg" {
		t.Errorf("%d %s %q", status, header.Get("Content-Type"), body)
	}
	wantCost(t, r.ledger.only(t), 5*30_000, true)
}

// A form stays one where the provider takes a form, with the provider's fields.
func TestFormsOfOtherFormats(t *testing.T) {
	r := newRig(t, map[string]http.HandlerFunc{"elevenlabs": answers("application/json", `{"language_code":"eng","text":"Good day.","words":[{"text":"Good day.","start":0,"end":2,"type":"word"}]}`)})
	c := r.upload(t, ai.Transcribe, "/audio/transcriptions", "model", "scribe_v1", "language", "en", "response_format", "text", "diarize", "true")
	c.Headers.Set("x-portkey-virtual-key", "my-elevenlabs")
	if status, _, body := r.answer(t, c); status != 200 || body != "Good day.\n" {
		t.Errorf("%d %q", status, body)
	}
	seen := <-r.requests
	if err := seen.ParseMultipartForm(1 << 20); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"model_id": {"scribe_v1"}, "language_code": {"en"}, "diarize": {"true"}}
	if diff := cmp.Diff(want, seen.MultipartForm.Value); diff != "" || len(seen.MultipartForm.File["file"]) != 1 {
		t.Errorf("%d files (-want +got):\n%s", len(seen.MultipartForm.File["file"]), diff)
	}
	if e := r.ledger.only(t); e.Usage.AudioMillis != 2000 || !e.Usage.Estimated {
		t.Errorf("usage %+v", e.Usage)
	}
}

// What cannot be translated is not sent as it is to a provider of another format.
func TestBodiesThatNobodyReads(t *testing.T) {
	for name, upload := range map[string]ai.Upload{"none": nil, "text": spool.Body{File: spool.New(t.TempDir(), 1<<20), Type: "text/plain"}} {
		for provider, op := range map[string]ai.Op{"deepgram": ai.Speech, "elevenlabs": ai.Transcribe, "recraft-ai": ai.ImageGenerate} {
			r := newRig(t, map[string]http.HandlerFunc{provider: reply(200, "{}")})
			c := r.chat("", "X-Portkey-Virtual-Key", "my-"+provider)
			c.Op, c.Body, c.Upload = op, nil, upload
			if status, _, body := r.answer(t, c); status != 400 || !strings.Contains(body, "JSON or a form") || len(r.requests) > 0 {
				t.Errorf("%s at %s: status %d, %d calls: %s", name, provider, status, len(r.requests), body)
			}
		}
	}
}

// Sound that breaks off before it has begun can come from somebody else.
func TestRawReplyThatBreaksAtOnceFallsBack(t *testing.T) {
	broken := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/mpeg")
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	sound := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/mpeg")
		_, _ = io.WriteString(w, "sound")
	}
	r := newRig(t, map[string]http.HandlerFunc{"openai": broken, "groq": sound})
	c := r.chat(`{"model":"tts-1","input":"hi"}`, "X-Portkey-Config", `{"strategy":{"mode":"fallback"},"targets":[{"virtual_key":"my-openai"},{"virtual_key":"my-groq"}]}`)
	c.Op, c.Method, c.Rest = ai.Speech, "POST", "/audio/speech"
	if status, _, body := r.answer(t, c); status != 200 || body != "sound" {
		t.Errorf("status %d: %q", status, body)
	}
	if e := r.ledger.only(t); len(e.Attempts) != 2 || e.Attempts[0].Error == nil || e.Attempts[0].Error.Type != "incomplete_reply" {
		t.Errorf("the attempts are %+v", e.Attempts)
	}
}
