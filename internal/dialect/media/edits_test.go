package media_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/form"
	"github.com/portico-ai/portico/internal/codec/spool"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/internal/provider/providertest"
)

// edit is a form as OpenAI's SDKs send it: fields in pairs, then files by their
// names, each holding "hi".
func edit(t *testing.T, fields []string, files ...string) *form.Form {
	t.Helper()
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		b.WriteString("--b\r\nContent-Disposition: form-data; name=\"" + fields[i] + "\"\r\n\r\n" + fields[i+1] + "\r\n")
	}
	for _, name := range files {
		b.WriteString("--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\nhi\r\n")
	}
	b.WriteString("--b--\r\n")
	f, err := form.Read(strings.NewReader(b.String()), "b", spool.New(t.TempDir(), 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func translateEdit(t *testing.T, d ai.Dialect, op ai.Op, model string, f *form.Form) (string, []string, error) {
	t.Helper()
	c := &dialect.Conversion{Op: op, Model: model, Files: f.Files}
	body, err := translator(t, d).RequestFromHub(c, f.Fields())
	var receipts []string
	for _, r := range c.Receipts {
		receipts = append(receipts, r.Path+": "+r.Reason)
	}
	if err == nil && !c.Inline {
		t.Error("the form would be sent, too")
	}
	return string(body), receipts, err
}

const (
	uri   = `"data:image/png;base64,aGk="`
	asked = `"prompt":"a hat"`
)

func TestEdits(t *testing.T) {
	hat := []string{"prompt", "a hat"}
	for _, test := range []struct {
		name     string
		dialect  ai.Dialect
		op       ai.Op
		model    string
		fields   []string
		files    []string
		want     string
		receipts []string
	}{
		{"stability", media.Stability, ai.ImageEdit, "inpaint", append([]string{"n", "1", "size", "1024x1024", "seed", "7", "grow_mask", "5"}, hat...), []string{"image", "mask"},
			`{"seed":7,"grow_mask":5,` + asked + `,"image":{"filename":"image.png","content_type":"image/png","base64":"aGk="},"mask":{"filename":"mask.png","content_type":"image/png","base64":"aGk="}}`,
			[]string{"size: the provider gives the picture the size of the one it is made from"}},
		{"stability takes away", media.Stability, ai.ImageEdit, "erase", hat, []string{"image"},
			`{"image":{"filename":"image.png","content_type":"image/png","base64":"aGk="}}`, []string{"prompt: the model takes no prompt"}},
		{"stability draws on", media.Stability, ai.ImageEdit, "sd3.5-large", append([]string{"model", "sd3.5-large"}, hat...), []string{"image"},
			`{"model":"sd3.5-large",` + asked + `,"image":{"filename":"image.png","content_type":"image/png","base64":"aGk="},"mode":"image-to-image","strength":0.5}`, nil},
		{"stability's strength", media.Stability, ai.ImageEdit, "stable-image-ultra", append([]string{"strength", "0.9"}, hat...), []string{"image"},
			`{"strength":0.9,` + asked + `,"image":{"filename":"image.png","content_type":"image/png","base64":"aGk="},"mode":"image-to-image"}`, nil},
		{"stability v1", media.Stability, ai.ImageEdit, "stable-diffusion-xl-1024-v1-0", append([]string{"n", "2", "negative_prompt", "cats"}, hat...), []string{"image", "mask"},
			`{"samples":2,"text_prompts[1][text]":"cats","text_prompts[1][weight]":-1,"text_prompts[0][text]":"a hat","init_image":{"filename":"image.png","content_type":"image/png","base64":"aGk="},` +
				`"mask_image":{"filename":"mask.png","content_type":"image/png","base64":"aGk="},"mask_source":"MASK_IMAGE_WHITE"}`, nil},
		{"recraft", media.Recraft, ai.ImageEdit, "recraftv3", append([]string{"model", "recraftv3", "n", "2"}, hat...), []string{"image"},
			`{"model":"recraftv3","n":2,` + asked + `,"image_url":` + uri + `,"strength":0.5}`, nil},
		{"recraft with a mask", media.Recraft, ai.ImageEdit, "recraftv3", hat, []string{"image[]", "image[]", "mask"}, `{` + asked + `,"image_url":` + uri + `,"mask_url":` + uri + `}`,
			[]string{"image: the provider takes one picture: the first was sent"}},
		{"recraft varies", media.Recraft, ai.ImageVary, "recraftv3", []string{"model", "recraftv3", "n", "2"}, []string{"image"}, `{"model":"recraftv3","n":2,"image_url":` + uri + `,"size":"1024x1024"}`, nil},
		{"recraft varies in size", media.Recraft, ai.ImageVary, "recraftv3", []string{"size", "2048x1024"}, []string{"image"}, `{"size":"2048x1024","image_url":` + uri + `}`, nil},
		{"fal", media.Fal, ai.ImageEdit, "fal-ai/flux-pro/kontext", append([]string{"guidance_scale", "3.5"}, hat...), []string{"image"}, `{"guidance_scale":3.5,` + asked + `,"image_url":` + uri + `}`, nil},
		{"fal, several", media.Fal, ai.ImageEdit, "fal-ai/x", hat, []string{"image[]", "image[]"}, `{` + asked + `,"image_urls":[` + uri + `,` + uri + `]}`, nil},
		{"fal's lists", media.Fal, ai.ImageEdit, "fal-ai/nano-banana/edit", hat, []string{"image"}, `{` + asked + `,"image_urls":[` + uri + `]}`, nil},
		{"fal varies", media.Fal, ai.ImageVary, "fal-ai/flux/dev/redux", nil, []string{"image"}, `{"image_url":` + uri + `}`, nil},
		{"segmind", media.Segmind, ai.ImageEdit, "sdxl-inpaint", append([]string{"strength", "0.8"}, hat...), []string{"image", "mask"}, `{"strength":0.8,` + asked + `,"image":"aGk=","mask":"aGk=","base64":true}`, nil},
		{"together", media.Together, ai.ImageEdit, "black-forest-labs/FLUX.1-kontext-pro", append([]string{"model", "m", "steps", "28"}, hat...), []string{"image", "mask"},
			`{"model":"m","steps":28,` + asked + `,"image_url":` + uri + `}`, []string{"mask: the provider has nothing like it"}},
		{"together, several", media.Together, ai.ImageEdit, "m", hat, []string{"image[]", "image[]"}, `{` + asked + `,"reference_images":[` + uri + `,` + uri + `]}`, nil},
		{"xai", media.XAI, ai.ImageEdit, "grok-imagine-image", hat, []string{"image"}, `{` + asked + `,"image":{"type":"image_url","url":` + uri + `}}`, nil},
		{"siliconflow", media.SiliconFlow, ai.ImageEdit, "Qwen/Qwen-Image-Edit", hat, []string{"image"}, `{` + asked + `,"image":` + uri + `}`, nil},
		{"replicate", media.Replicate, ai.ImageEdit, "black-forest-labs/flux-kontext-pro", hat, []string{"image"}, `{"input":{` + asked + `,"input_image":` + uri + `}}`, nil},
		{"replicate's lists", media.Replicate, ai.ImageEdit, "google/nano-banana", hat, []string{"image"}, `{"input":{` + asked + `,"image_input":[` + uri + `]}}`, nil},
		{"replicate fills", media.Replicate, ai.ImageEdit, "a/fill:1", hat, []string{"image", "mask"}, `{"version":"1","input":{` + asked + `,"image":` + uri + `,"mask":` + uri + `}}`, nil},
		{"fireworks", media.Fireworks, ai.ImageEdit, "flux-kontext-pro", append([]string{"output_format", "jpeg"}, hat...), []string{"image"}, `{"output_format":"jpeg",` + asked + `,"input_image":` + uri + `}`, nil},
		{"workers", media.WorkersAI, ai.ImageEdit, "@cf/runwayml/stable-diffusion-v1-5-inpainting", append([]string{"size", "512x512", "num_steps", "8"}, hat...), []string{"image", "mask"},
			`{"width":512,"height":512,"num_steps":8,` + asked + `,"image_b64":"aGk=","mask":[104,105]}`, nil},
		{"flux kontext", media.Flux, ai.ImageEdit, "flux-kontext-max", append([]string{"size", "1792x1024"}, hat...), []string{"image[]", "image[]"},
			`{"aspect_ratio":"16:9",` + asked + `,"input_image":"aGk=","input_image_2":"aGk="}`, []string{"size: the provider takes an aspect ratio instead of a size: 16:9 was asked for"}},
		{"flux fills", media.Flux, ai.ImageEdit, "flux-pro-1.0-fill", hat, []string{"image", "mask"}, `{` + asked + `,"image":"aGk=","mask":"aGk="}`, nil},
		{"flux is given a hint", media.Flux, ai.ImageEdit, "flux-pro-1.1", append([]string{"size", "1024x768"}, hat...), []string{"image"}, `{"width":1024,"height":768,` + asked + `,"image_prompt":"aGk="}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, receipts, err := translateEdit(t, test.dialect, test.op, test.model, edit(t, test.fields, test.files...))
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

// A request in JSON names its pictures by their addresses.
func TestEditsInJSON(t *testing.T) {
	const hub = `{"model":"m","prompt":"a hat","images":[{"image_url":"https://x/1.png"}]}`
	got, _, err := translate(t, media.Fal, ai.ImageEdit, hub)
	if err != nil || got != `{"prompt":"a hat","image_url":"https://x/1.png"}` {
		t.Errorf("got %s, %v", got, err)
	}
	for _, d := range []ai.Dialect{media.Stability, media.Segmind, media.WorkersAI} {
		if _, _, err := translate(t, d, ai.ImageEdit, hub); err == nil || ai.AsError(err).Kind != ai.Invalid || !strings.Contains(err.Error(), "fetches no addresses") {
			t.Errorf("%s: %v", d, err)
		}
	}
}

func TestEditsWithoutPictures(t *testing.T) {
	for _, d := range []ai.Dialect{media.Stability, media.Recraft, media.Fal, media.Replicate, media.Flux, media.Together} {
		f := edit(t, []string{"prompt", "x", "image", "not a file"})
		_, _, err := translateEdit(t, d, ai.ImageEdit, "m", f)
		if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid || e.Param != "image" {
			t.Errorf("%s: %v", d, err)
		}
		if _, _, err = translateEdit(t, d, ai.ImageEdit, "m", edit(t, []string{"prompt", "x", "stream", "true"}, "image")); ai.AsError(err).Kind != ai.Unsupported {
			t.Errorf("%s streamed: %v", d, err)
		}
	}
	for _, d := range []ai.Dialect{media.Stability, media.Together, media.Hyperbolic} {
		_, err := translator(t, d).RequestFromHub(&dialect.Conversion{Op: ai.ImageVary}, []byte(`{}`))
		if ai.AsError(err).Kind != ai.Unsupported {
			t.Errorf("%s varies: %v", d, err)
		}
	}
}

// Tasks end in a picture, in a refusal or in a failure.
func TestTasks(t *testing.T) {
	for reply, want := range map[string]struct {
		status int
		says   string
	}{
		`{"id":"1","status":"Ready","result":{"sample":"https://x/1.png","prompt":"p"}}`: {200, `"url":"https://x/1.png"`},
		`{"id":"1","status":"Ready","result":{}}`:                                        {502, "no picture"},
		`{"id":"1","status":"Content Moderated"}`:                                        {400, "Content Moderated"},
		`{"id":"1","status":"Request Moderated","result":null}`:                          {400, "Request Moderated"},
		`{"id":"1","status":"Error","details":{"error":"out of memory"}}`:                {502, "out of memory"},
		`{"id":"1","status":"Task not found"}`:                                           {502, "Task not found"},
	} {
		for _, d := range []ai.Dialect{media.Flux, media.Fireworks} {
			got, err := translator(t, d).ReplyToHub(&dialect.Conversion{Op: ai.ImageEdit}, []byte(reply))
			if want.status == 200 && (err != nil || !strings.Contains(string(got), want.says)) {
				t.Errorf("%s %s: %s, %v", d, reply, got, err)
			}
			if e := ai.AsError(err); want.status != 200 && (err == nil || e.HTTPStatus() != want.status || !strings.Contains(e.Message, want.says)) {
				t.Errorf("%s %s: %v", d, reply, err)
			}
		}
	}
}

// What a provider is sent is what its description allows.
func TestDescriptionsAllowEdits(t *testing.T) {
	all := []string{"prompt", "a hat", "n", "2", "size", "1024x1024", "quality", "high", "response_format", "b64_json", "user", "u", "background", "transparent",
		"output_format", "png", "input_fidelity", "high"}
	for _, of := range []struct {
		dialect ai.Dialect
		op      ai.Op
		file    string
		path    []string
		files   []string
	}{
		{media.Recraft, ai.ImageEdit, "recraft/openapi.yaml", []string{"components", "schemas", "ImageToImageJSONRequest"}, []string{"image"}},
		{media.Recraft, ai.ImageEdit, "recraft/openapi.yaml", []string{"components", "schemas", "TransformImageWithMaskJSONRequest"}, []string{"image", "mask"}},
		{media.Recraft, ai.ImageVary, "recraft/openapi.yaml", []string{"components", "schemas", "VariateImageJSONRequest"}, []string{"image"}},
		{media.Together, ai.ImageEdit, "together/openapi.yaml", []string{"paths", "/images/generations", "post", "requestBody", "content", "application/json", "schema"}, []string{"image"}},
		{media.XAI, ai.ImageEdit, "xai/openapi.unofficial.yaml", []string{"components", "schemas", "CreateImageEditRequest"}, []string{"image[]", "image[]"}},
		{media.Replicate, ai.ImageEdit, "replicate/openapi.json", []string{"components", "schemas", "schemas_prediction_request"}, []string{"image"}},
	} {
		schema := providertest.Schema(t, of.file, of.path...)
		fields := append([]string{"model", "recraftv3"}, all...)
		if of.op == ai.ImageVary {
			fields = []string{"model", "recraftv3", "n", "2", "response_format", "url", "user", "u"}
		}
		body, _, err := translateEdit(t, of.dialect, of.op, "recraftv3", edit(t, fields, of.files...))
		if err != nil {
			t.Fatal(err)
		}
		providertest.Allows(t, schema, []byte(body))
	}
}
