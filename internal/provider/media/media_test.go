package media_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/spool"
	"github.com/portico-ai/portico/internal/provider"
	"github.com/portico-ai/portico/internal/provider/media"
)

func row(t *testing.T, id string) *provider.Provider {
	t.Helper()
	r, err := provider.NewRegistry(append(provider.Rows(), media.Rows()...)...)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := r.Get(id)
	if !ok {
		t.Fatalf("no provider %s", id)
	}
	return p
}

func encode(t *testing.T, id string, c *provider.Call) *http.Request {
	t.Helper()
	c.Key = ai.NewSecret("KEY")
	r, err := row(t, id).Encode(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func body(t *testing.T, r *http.Request) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil || int64(len(b)) != r.ContentLength {
		t.Errorf("%d bytes of %d: %v", len(b), r.ContentLength, err)
	}
	return string(b)
}

func draw(model, fields string) *provider.Call {
	return &provider.Call{Op: ai.ImageGenerate, Model: model, Body: []byte(fields), Fields: map[string]string{"workers_ai_account_id": "acc"}}
}

func TestWhereModelsAre(t *testing.T) {
	const base = "https://own.example/root"
	for _, c := range []struct{ id, base, model, body, want string }{
		{"stability-ai", "", "stable-diffusion-xl-1024-v1-0", `{"text_prompts":[]}`, "https://api.stability.ai/v1/generation/stable-diffusion-xl-1024-v1-0/text-to-image"},
		{"stability-ai", "", "core", `{"prompt":"x"}`, "https://api.stability.ai/v2beta/stable-image/generate/core"},
		{"stability-ai", "", "stable-image-ultra", `{"prompt":"x"}`, "https://api.stability.ai/v2beta/stable-image/generate/ultra"},
		{"stability-ai", base, "sd3.5-large", `{"prompt":"x","model":"sd3.5-large"}`, base + "/v2beta/stable-image/generate/sd3"},
		{"replicate", "", "black-forest-labs/flux-schnell", `{"input":{}}`, "https://api.replicate.com/v1/models/black-forest-labs/flux-schnell/predictions"},
		{"replicate", "", "a/b:123", `{"version":"123","input":{}}`, "https://api.replicate.com/v1/predictions"},
		{"workers-ai", "", "@cf/black-forest-labs/flux-1-schnell", `{}`, "https://api.cloudflare.com/client/v4/accounts/acc/ai/run/@cf/black-forest-labs/flux-1-schnell"},
		{"workers-ai", "https://own.example/ai", "@cf/x", `{}`, "https://own.example/ai/run/@cf/x"},
		{"fal-ai", "", "fal-ai/flux/schnell", `{}`, "https://fal.run/fal-ai/flux/schnell"},
		{"segmind", "", "sdxl1.0-txt2img", `{}`, "https://api.segmind.com/v1/sdxl1.0-txt2img"},
		{"segmind", base + "/", "odd model?x#y", `{}`, base + "/odd%20model%3Fx%23y"},
	} {
		call := draw(c.model, c.body)
		call.Base = c.base
		if got := encode(t, c.id, call).URL.String(); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.id, c.model, got, c.want)
		}
	}
}

func TestWhereEditsAre(t *testing.T) {
	const (
		v1 = "https://api.stability.ai/v1/generation/stable-diffusion-xl-1024-v1-0/image-to-image"
		v2 = "https://api.stability.ai/v2beta/stable-image/"
	)
	for _, c := range []struct {
		id    string
		op    ai.Op
		model string
		body  string
		want  string // "" if it is not offered
	}{
		{"stability-ai", ai.ImageEdit, "inpaint", `{"prompt":"x"}`, v2 + "edit/inpaint"},
		{"stability-ai", ai.ImageEdit, "search-and-replace", `{}`, v2 + "edit/search-and-replace"},
		{"stability-ai", ai.ImageEdit, "sketch", `{}`, v2 + "control/sketch"},
		{"stability-ai", ai.ImageEdit, "fast", `{}`, v2 + "upscale/fast"},
		{"stability-ai", ai.ImageEdit, "sd3.5-large", `{}`, v2 + "generate/sd3"},
		{"stability-ai", ai.ImageEdit, "stable-image-ultra", `{}`, v2 + "generate/ultra"},
		{"stability-ai", ai.ImageEdit, "stable-diffusion-xl-1024-v1-0", `{"init_image":{"base64":"aGk="}}`, v1},
		{"stability-ai", ai.ImageEdit, "stable-diffusion-xl-1024-v1-0", `{"init_image":{"base64":"aGk="},"mask_image":{"base64":"aGk="}}`, v1 + "/masking"},
		{"recraft-ai", ai.ImageEdit, "recraftv3", `{"image_url":"x"}`, "https://external.api.recraft.ai/v1/images/imageToImage"},
		{"recraft-ai", ai.ImageEdit, "recraftv3", `{"image_url":"x","mask_url":"y"}`, "https://external.api.recraft.ai/v1/images/inpaint"},
		{"recraft-ai", ai.ImageVary, "recraftv3", `{"image_url":"x"}`, "https://external.api.recraft.ai/v1/images/variateImage"},
		{"fal-ai", ai.ImageVary, "fal-ai/flux/dev/redux", `{}`, "https://fal.run/fal-ai/flux/dev/redux"},
		{"segmind", ai.ImageEdit, "sdxl-inpaint", `{}`, "https://api.segmind.com/v1/sdxl-inpaint"},
		{"replicate", ai.ImageEdit, "a/b", `{"input":{}}`, "https://api.replicate.com/v1/models/a/b/predictions"},
		{"black-forest-labs", ai.ImageEdit, "flux-kontext-pro", `{}`, "https://api.bfl.ai/v1/flux-kontext-pro"},
		{"together-ai", ai.ImageEdit, "m", `{}`, "https://api.together.xyz/v1/images/generations"},
		{"x-ai", ai.ImageEdit, "m", `{}`, "https://api.x.ai/v1/images/edits"},
	} {
		call := draw(c.model, c.body)
		call.Op, call.Key = c.op, ai.NewSecret("KEY")
		r, err := row(t, c.id).Encode(t.Context(), call)
		if c.want == "" {
			if ai.AsError(err).Kind != ai.Unsupported {
				t.Errorf("%s %s: %v", c.id, c.model, err)
			}
			continue
		}
		if err != nil || r.URL.String() != c.want {
			t.Errorf("%s %s: %v, want %s", c.id, c.model, err, c.want)
			continue
		}
		if isForm := strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data"); isForm != (c.id == "stability-ai") {
			t.Errorf("%s is sent %s", c.id, r.Header.Get("Content-Type"))
		}
	}
}

// A job is asked after where the provider says, if that is the provider's own.
func TestJobs(t *testing.T) {
	const (
		pending = `{"id":"4c05","status":"Pending"}`
		bfl     = "https://api.bfl.ai/v1"
	)
	for name, c := range map[string]struct {
		id, model, base, reply string
		want, cancel           string // want is "" if there is nothing to ask
		bad                    bool
	}{
		"the region":         {"black-forest-labs", "flux-2-pro", "", `{"id":"4c05","polling_url":"https://api.eu2.bfl.ai/v1/get_result?id=4c05"}`, "GET https://api.eu2.bfl.ai/v1/get_result?id=4c05", "", false},
		"no address":         {"black-forest-labs", "flux-2-pro", "", `{"id":"4c 05"}`, "GET " + bfl + "/get_result?id=4c+05", "", false},
		"its own host":       {"black-forest-labs", "flux-2-pro", "http://127.0.0.1:9/v1", `{"id":"1","polling_url":"http://127.0.0.1:9/r"}`, "GET http://127.0.0.1:9/r", "", false},
		"another's host":     {"black-forest-labs", "flux-2-pro", "", `{"id":"1","polling_url":"https://evil.example/v1/get_result?id=1"}`, "", "", true},
		"a look-alike":       {"black-forest-labs", "flux-2-pro", "", `{"id":"1","polling_url":"https://evilbfl.ai/r"}`, "", "", true},
		"a user before it":   {"black-forest-labs", "flux-2-pro", "", `{"id":"1","polling_url":"https://api.bfl.ai@evil.example/r"}`, "", "", true},
		"in the clear":       {"black-forest-labs", "flux-2-pro", "", `{"id":"1","polling_url":"http://api.bfl.ai/r"}`, "", "", true},
		"not from elsewhere": {"black-forest-labs", "flux-2-pro", "https://proxy.example", `{"id":"1","polling_url":"https://api.bfl.ai/r"}`, "", "", true},
		"a port":             {"black-forest-labs", "flux-2-pro", "", `{"id":"1","polling_url":"https://api.bfl.ai:8443/r"}`, "", "", true},
		"nothing to ask by":  {"black-forest-labs", "flux-2-pro", "", `{}`, "", "", true},
		"done":               {"black-forest-labs", "flux-2-pro", "", `{"status":"Ready"}`, "", "", false},
		"refused":            {"black-forest-labs", "flux-2-pro", "", `{"status":"Request Moderated"}`, "", "", false},
		"replicate":          {"replicate", "a/b", "", `{"id":"p/1","status":"processing","output":null}`, "GET https://api.replicate.com/v1/predictions/p%2F1", "https://api.replicate.com/v1/predictions/p%2F1/cancel", false},
		"replicate, done":    {"replicate", "a/b", "", `{"id":"p1","status":"processing","output":["https://x"]}`, "", "", false},
		"replicate, failed":  {"replicate", "a/b", "", `{"id":"p1","status":"failed"}`, "", "", false},
		"replicate, no ID":   {"replicate", "a/b", "", `{"status":"starting"}`, "", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := row(t, c.id)
			poller, ok := p.Adapter.(provider.Poller)
			if !ok {
				t.Fatal("it is not asked")
			}
			call := draw(c.model, `{}`)
			call.Base = c.base
			job, err := poller.Job(p, call, nil, []byte(c.reply))
			if c.bad {
				if e := ai.AsError(err); err == nil || e.Kind != ai.BadGateway || job != nil {
					t.Errorf("got %+v, %v", job, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, cancel := "", ""
			if job != nil {
				got, cancel = strings.TrimSpace(job.Method+" "+job.URL+" "+string(job.Body)), job.Cancel
			}
			if got != c.want || cancel != c.cancel {
				t.Errorf("got %s, cancelled at %s", got, cancel)
			}
			if c.want == "" {
				return
			}
			running := pending
			if c.id == "replicate" {
				running = `{"id":"p/1","status":"processing","output":["https://x/1"]}` // one of several
			}
			if again, err := poller.Job(p, call, job, []byte(running)); err != nil || again == nil || again.URL != job.URL {
				t.Errorf("asked again: %+v, %v", again, err)
			}
			if last, err := poller.Job(p, call, job, []byte(`{"id":"p1","status":"Ready"}`)); err != nil || last != nil {
				t.Errorf("in the end: %+v, %v", last, err)
			}
		})
	}
	chat := draw("m", `{}`)
	chat.Op = ai.Chat
	p := row(t, "replicate")
	if job, err := p.Adapter.(provider.Poller).Job(p, chat, nil, []byte(`{}`)); job != nil || err != nil {
		t.Errorf("a chat: %+v, %v", job, err)
	}
}

// A model's name is part of the URL and cannot lead elsewhere.
func TestModelsThatClimb(t *testing.T) {
	for _, id := range []string{"stability-ai", "replicate", "workers-ai", "fal-ai", "segmind"} {
		for _, model := range []string{"", "..", "a/../b", "/a", "a//b", "a/."} {
			call := draw(model, `{}`)
			call.Key = ai.NewSecret("KEY")
			_, err := row(t, id).Encode(t.Context(), call)
			if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid || e.Param != "model" {
				t.Errorf("%s %q: %v", id, model, err)
			}
		}
	}
}

func TestStabilitysForm(t *testing.T) {
	r := encode(t, "stability-ai", draw("core", `{"prompt":"a \"fox\"\nand more","seed":12345678901234567890,"output_format":"png"}`))
	if r.Header.Get("Accept") != "application/json" {
		t.Errorf("accepts %q", r.Header.Get("Accept"))
	}
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"prompt": {"a \"fox\"\nand more"}, "seed": {"12345678901234567890"}, "output_format": {"png"}}
	if diff := cmp.Diff(want, r.MultipartForm.Value); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReplicateIsWaitedFor(t *testing.T) {
	if got := encode(t, "replicate", draw("a/b", `{"input":{}}`)).Header.Get("Prefer"); got != "wait" {
		t.Errorf("prefers %q", got)
	}
	call := draw("a/b", `{"input":{}}`)
	call.Header = http.Header{"Prefer": {"wait=5"}}
	if got := encode(t, "replicate", call).Header.Get("Prefer"); got != "wait=5" {
		t.Errorf("prefers %q", got)
	}
	proxied := &provider.Call{Op: ai.Proxy, Method: "GET", Rest: "/predictions/p1"}
	if r := encode(t, "replicate", proxied); r.URL.String() != "https://api.replicate.com/v1/predictions/p1" || r.Header.Get("Prefer") != "" {
		t.Errorf("a proxied call goes to %s with %v", r.URL, r.Header)
	}
}

func upload(t *testing.T, file string) *form.Form {
	t.Helper()
	text := strings.ReplaceAll("--b\nContent-Disposition: form-data; name=\"model\"\n\nnova-3\n--b\n"+file+"--b--\n", "\n", "\r\n")
	f, err := form.Read(strings.NewReader(text), "b", spool.New(t.TempDir(), 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

const sound = "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\nContent-Type: audio/wav\n\nRIFF-sound\n"

func TestDeepgramsSound(t *testing.T) {
	call := &provider.Call{Op: ai.Transcribe, Upload: upload(t, sound),
		Body: []byte(`{"model":"nova-3","file":{"filename":"a.wav","bytes":10},"detect_language":"true","keyterm":["a b","c&d"]}`)}
	r := encode(t, "deepgram", call)
	want := url.Values{"model": {"nova-3"}, "detect_language": {"true"}, "keyterm": {"a b", "c&d"}}
	if diff := cmp.Diff(want, r.URL.Query()); diff != "" || r.URL.Path != "/v1/listen" {
		t.Errorf("%s (-want +got):\n%s", r.URL.Path, diff)
	}
	if got := body(t, r); got != "RIFF-sound" || r.Header.Get("Content-Type") != "audio/wav" || r.Header.Get("Authorization") != "Token KEY" {
		t.Errorf("sent %q with %v", got, r.Header)
	}
	again, err := r.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(again); string(b) != "RIFF-sound" {
		t.Errorf("a retry sends %q", b)
	}
	for _, without := range []ai.Upload{nil, spool.Body{File: spool.New("", 1), Type: "audio/wav"}, upload(t, "Content-Disposition: form-data; name=\"file\"\n\nno file\n")} {
		_, err := row(t, "deepgram").Encode(t.Context(), &provider.Call{Op: ai.Transcribe, Key: ai.NewSecret("KEY"), Upload: without})
		if e := ai.AsError(err); err == nil || e.Param != "file" || e.Kind != ai.Invalid {
			t.Errorf("without a file: %v", err)
		}
	}
}

func TestSpeech(t *testing.T) {
	r := encode(t, "deepgram", &provider.Call{Op: ai.Speech, Body: []byte(`{"model":"aura-2-thalia-en","text":"hi \u00e9","encoding":"mp3","speed":1.5}`)})
	if got := body(t, r); got != `{"text":"hi \u00e9"}` || r.URL.String() != "https://api.deepgram.com/v1/speak?encoding=mp3&model=aura-2-thalia-en&speed=1.5" {
		t.Errorf("%s %s", r.URL, got)
	}
	r = encode(t, "elevenlabs", &provider.Call{Op: ai.Speech, Body: []byte(`{"model_id":"m","text":"hi","voice":"a/b","output_format":"pcm_24000"}`)})
	if got := body(t, r); got != `{"model_id":"m","text":"hi"}` || r.URL.String() != "https://api.elevenlabs.io/v1/text-to-speech/a%2Fb?output_format=pcm_24000" {
		t.Errorf("%s %s", r.URL, got)
	}
	for _, voice := range []string{`{}`, `{"voice":".."}`, `{"voice":5}`} {
		_, err := row(t, "elevenlabs").Encode(t.Context(), &provider.Call{Op: ai.Speech, Key: ai.NewSecret("KEY"), Body: []byte(voice)})
		if e := ai.AsError(err); err == nil || e.Param != "voice" {
			t.Errorf("%s: %v", voice, err)
		}
	}
}

// A provider that also has chats has them where the table's adapter finds them.
func TestOtherOperationsStayWhereTheyAre(t *testing.T) {
	for _, c := range []struct{ id, base, want string }{
		{"workers-ai", "", "https://api.cloudflare.com/client/v4/accounts/acc/ai/v1/chat/completions"},
	} {
		call := draw("flux", `{}`)
		call.Op, call.Base = ai.Chat, c.base
		if got := encode(t, c.id, call).URL.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.id, got, c.want)
		}
	}
}
