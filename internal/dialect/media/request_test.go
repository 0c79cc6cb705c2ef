package media_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/media"
)

// translate turns OpenAI's request into a format's and returns the receipts as
// "path: reason".
func translate(t *testing.T, d ai.Dialect, op ai.Op, hub string) (string, []string, error) {
	t.Helper()
	c := conversion(t, op, hub)
	body, err := translator(t, d).RequestFromHub(c, []byte(hub))
	if err == nil && !json.Valid(body) {
		t.Fatalf("not JSON: %s", body)
	}
	var receipts []string
	for _, r := range c.Receipts {
		receipts = append(receipts, r.Path+": "+r.Reason)
	}
	return string(body), receipts, err
}

func conversion(t *testing.T, op ai.Op, hub string) *dialect.Conversion {
	t.Helper()
	var named struct{ Model string }
	if err := json.Unmarshal([]byte(hub), &named); err != nil {
		t.Fatal(err)
	}
	return &dialect.Conversion{Op: op, Model: named.Model, Now: 1_700_000_000, Request: []byte(hub)}
}

func translator(t *testing.T, d ai.Dialect) dialect.Translator {
	t.Helper()
	tr, ok := media.Formats()[d].(dialect.Translator)
	if !ok {
		t.Fatalf("no format %s", d)
	}
	return tr
}

func TestRequests(t *testing.T) {
	for _, test := range []struct {
		name     string
		dialect  ai.Dialect
		op       ai.Op
		hub      string
		want     string
		receipts []string
	}{
		{"engine of v1", media.Stability, ai.ImageGenerate,
			`{"model":"stable-diffusion-xl-1024-v1-0","prompt":"a fox","n":2,"size":"1152x896","style":"photographic","negative_prompt":"cats","seed":12345678901234567890,"cfg_scale":7.5}`,
			`{"text_prompts":[{"text":"a fox"},{"text":"cats","weight":-1}],"samples":2,"width":1152,"height":896,"style_preset":"photographic","seed":12345678901234567890,"cfg_scale":7.5}`, nil},
		{"what OpenAI alone has", media.Stability, ai.ImageGenerate,
			`{"model":"core","prompt":"a fox","n":4,"size":"1792x1024","style":"vivid","quality":"hd","response_format":"url","user":"u","output_format":"webp","background":"auto","stream":false}`,
			`{"prompt":"a fox","aspect_ratio":"16:9","output_format":"webp"}`,
			[]string{"n: the provider has nothing like it", "size: the provider takes an aspect ratio instead of a size: 16:9 was asked for",
				"style: Stability AI has other styles, such as photographic", "quality: the provider has nothing like it",
				"response_format: the provider always answers in b64_json", "user: the provider has nothing like it"}},
		{"a model of the SD3 endpoint", media.Stability, ai.ImageGenerate, `{"model":"sd3.5-large","prompt":"a fox","n":1,"size":null}`,
			`{"model":"sd3.5-large","prompt":"a fox"}`, nil},
		{"the provider's own member wins", media.Stability, ai.ImageGenerate, `{"model":"ultra","prompt":"a fox","size":"1024x1024","aspect_ratio":"21:9"}`,
			`{"prompt":"a fox","aspect_ratio":"21:9"}`, []string{"size: aspect_ratio, the provider's own, was used instead"}},
		{"segmind", media.Segmind, ai.ImageGenerate, `{"model":"sdxl1.0-txt2img","prompt":"a fox","n":2,"size":"512x768","num_inference_steps":20}`,
			`{"prompt":"a fox","samples":2,"img_width":512,"img_height":768,"num_inference_steps":20,"base64":true}`, nil},
		{"segmind's own base64", media.Segmind, ai.ImageGenerate, `{"model":"m","prompt":"a fox","base64":false}`, `{"prompt":"a fox","base64":false}`, nil},
		{"recraft", media.Recraft, ai.ImageGenerate, `{"model":"recraftv3","prompt":"a fox","n":2,"size":"auto","style":"realistic_image","quality":"high","output_format":"jpeg","substyle":"hdr"}`,
			`{"model":"recraftv3","prompt":"a fox","n":2,"style":"realistic_image","substyle":"hdr"}`,
			[]string{"quality: the provider has nothing like it", `output_format: the provider does not offer "jpeg"`}},
		{"together", media.Together, ai.ImageGenerate, `{"model":"black-forest-labs/FLUX.1-schnell","prompt":"a fox","n":2,"size":"1024x768","response_format":"b64_json","output_format":"png","steps":4}`,
			`{"model":"black-forest-labs/FLUX.1-schnell","prompt":"a fox","n":2,"width":1024,"height":768,"response_format":"base64","output_format":"png","steps":4}`, nil},
		{"nebius", media.Nebius, ai.ImageGenerate, `{"model":"m","prompt":"a fox","size":"512x512","response_format":"b64_json","output_format":"jpeg"}`,
			`{"model":"m","prompt":"a fox","width":512,"height":512,"response_format":"b64_json","response_extension":"jpg"}`, nil},
		{"hyperbolic", media.Hyperbolic, ai.ImageGenerate, `{"model":"SD2","prompt":"a fox","size":"128x128","steps":30}`,
			`{"model_name":"SD2","prompt":"a fox","width":128,"height":128,"steps":30}`, nil},
		{"xai", media.XAI, ai.ImageGenerate, `{"model":"grok-imagine-image","prompt":"a fox","n":2,"size":"1536x1024","response_format":"b64_json"}`,
			`{"model":"grok-imagine-image","prompt":"a fox","n":2,"aspect_ratio":"3:2","response_format":"b64_json"}`,
			[]string{"size: the provider takes an aspect ratio instead of a size: 3:2 was asked for"}},
		{"xai's older model", media.XAI, ai.ImageGenerate, `{"model":"grok-2-image","prompt":"a fox","size":"1024x1024"}`,
			`{"model":"grok-2-image","prompt":"a fox"}`, []string{"size: the model has one size"}},
		{"fireworks' FLUX", media.Fireworks, ai.ImageGenerate, `{"model":"flux-1-schnell-fp8","prompt":"a fox","size":"1024x1024","guidance_scale":3.5}`,
			`{"prompt":"a fox","aspect_ratio":"1:1","guidance_scale":3.5}`, []string{"size: the provider takes an aspect ratio instead of a size: 1:1 was asked for"}},
		{"fireworks' Stable Diffusion", media.Fireworks, ai.ImageGenerate, `{"model":"stable-diffusion-xl-1024-v1-0","prompt":"a fox","size":"1024x1024","n":3}`,
			`{"prompt":"a fox","width":1024,"height":1024,"samples":3}`, nil},
		{"workers' FLUX", media.WorkersAI, ai.ImageGenerate, `{"model":"@cf/black-forest-labs/flux-1-schnell","prompt":"a fox","size":"1024x1024","steps":8}`,
			`{"prompt":"a fox","steps":8}`, []string{"size: the model has one size"}},
		{"workers' Stable Diffusion", media.WorkersAI, ai.ImageGenerate, `{"model":"@cf/lykon/dreamshaper-8-lcm","prompt":"a fox","size":"512x512"}`,
			`{"prompt":"a fox","width":512,"height":512}`, nil},
		{"fal", media.Fal, ai.ImageGenerate, `{"model":"fal-ai/flux/schnell","prompt":"a fox","n":2,"size":"1024x768","response_format":"b64_json","output_format":"png"}`,
			`{"prompt":"a fox","num_images":2,"image_size":{"width":1024,"height":768},"sync_mode":true,"output_format":"png"}`, nil},
		{"fal's own size", media.Fal, ai.ImageGenerate, `{"model":"fal-ai/flux/schnell","prompt":"a fox","image_size":"square_hd","response_format":"url"}`,
			`{"prompt":"a fox","image_size":"square_hd"}`, nil},
		{"an official model of replicate", media.Replicate, ai.ImageGenerate, `{"model":"black-forest-labs/flux-schnell","prompt":"a fox","n":2,"size":"1024x1792","output_format":"jpeg","go_fast":true}`,
			`{"input":{"prompt":"a fox","num_outputs":2,"aspect_ratio":"9:16","output_format":"jpg","go_fast":true}}`,
			[]string{"size: the provider takes an aspect ratio instead of a size: 9:16 was asked for"}},
		{"a version of replicate", media.Replicate, ai.ImageGenerate, `{"model":"stability-ai/sdxl:39ed52f2","prompt":"a fox","size":"768x512","response_format":"b64_json"}`,
			`{"version":"39ed52f2","input":{"prompt":"a fox","width":768,"height":512}}`, []string{"response_format: the provider always answers in url"}},
		{"siliconflow", media.SiliconFlow, ai.ImageGenerate, `{"model":"Kwai-Kolors/Kolors","prompt":"a fox","n":2,"size":"1024x1024"}`,
			`{"model":"Kwai-Kolors/Kolors","prompt":"a fox","batch_size":2,"image_size":"1024x1024"}`, nil},

		{"deepgram hears", media.Deepgram, ai.Transcribe,
			`{"model":"nova-3","file":{"filename":"a.wav","bytes":4},"response_format":"srt","temperature":"0","prompt":"names","diarize":"true","keyterm":["a","b"]}`,
			`{"model":"nova-3","file":{"filename":"a.wav","bytes":4},"diarize":"true","keyterm":["a","b"],"detect_language":"true","smart_format":"true","utterances":"true"}`,
			[]string{"prompt: the provider has nothing like it"}},
		{"deepgram is told the language", media.Deepgram, ai.Transcribe, `{"model":"nova-3","language":"de","punctuate":"true"}`,
			`{"model":"nova-3","language":"de","punctuate":"true"}`, nil},
		{"deepgram speaks", media.Deepgram, ai.Speech, `{"model":"aura-2-thalia-en","input":"hi","voice":"alloy","response_format":"wav","speed":1.0,"instructions":"softly"}`,
			`{"model":"aura-2-thalia-en","text":"hi","encoding":"linear16","container":"wav","sample_rate":"24000","speed":1.0}`,
			[]string{"voice: a voice is a model at Deepgram, such as aura-2-thalia-en", "instructions: the provider has nothing like it"}},
		{"deepgram's voice as a voice", media.Deepgram, ai.Speech, `{"model":"tts-1","input":"hi","voice":"aura-2-apollo-en","response_format":"mp3"}`,
			`{"text":"hi","model":"aura-2-apollo-en","encoding":"mp3"}`, nil},
		{"elevenlabs hears", media.ElevenLabs, ai.Transcribe, `{"model":"scribe_v1","file":{"filename":"a.wav","bytes":4},"language":"de","response_format":"text","diarize":"true"}`,
			`{"model_id":"scribe_v1","file":{"filename":"a.wav","bytes":4},"language_code":"de","diarize":"true"}`, nil},
		{"elevenlabs speaks", media.ElevenLabs, ai.Speech, `{"model":"eleven_flash_v2_5","input":"hi","voice":"21m00Tcm4TlvDq8ikWAM","response_format":"mp3","speed":1.1}`,
			`{"model_id":"eleven_flash_v2_5","text":"hi","voice":"21m00Tcm4TlvDq8ikWAM","output_format":"mp3_44100_128","voice_settings":{"speed":1.1}}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, receipts, err := translate(t, test.dialect, test.op, test.hub)
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if diff := cmp.Diff(test.receipts, receipts); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot be had at all is an outcome that a fallback may act upon.
func TestRequestsThatNoProviderHas(t *testing.T) {
	for hub, param := range map[string]string{
		`{"model":"m","prompt":"x","stream":true}`:        "stream",
		`{"model":"m","response_format":"diarized_json"}`: "response_format",
		`{"model":"m","input":"x","stream_format":"sse"}`: "stream_format",
		`{"model":"m","stream":"true"}`:                   "stream",
	} {
		op, d := ai.ImageGenerate, media.Together
		if !strings.Contains(hub, "prompt") {
			op, d = ai.Transcribe, media.Deepgram
		}
		if strings.Contains(hub, "input") {
			op = ai.Speech
		}
		_, _, err := translate(t, d, op, hub)
		if e := ai.AsError(err); err == nil || e.Kind != ai.Unsupported || e.Param != param {
			t.Errorf("%s: got %v, want it to be unsupported for %s", hub, err, param)
		}
	}
}

func TestRequestsThatAreNoObject(t *testing.T) {
	for _, hub := range []string{`[1]`, `"x"`, ` [`} {
		_, err := translator(t, media.Together).RequestFromHub(&dialect.Conversion{Op: ai.ImageGenerate}, []byte(hub))
		if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid {
			t.Errorf("%s: %v", hub, err)
		}
	}
}
