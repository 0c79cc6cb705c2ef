package bedrock_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/bedrock"
)

func TestPicturesFromHub(t *testing.T) {
	const (
		canvas = "us.amazon.nova-canvas-v1:0"
		image  = `"images":[{"image_url":"data:image/png;base64,aGk="}]`
		mask   = `"mask":{"image_url":"data:image/png;base64,bWFzaw=="}`
	)
	for name, test := range map[string]struct {
		op               ai.Op
		model, hub, want string
		lost             []string
	}{
		"drawn": {ai.ImageGenerate, canvas, `{"prompt":"a fox","n":2,"size":"1280x720","quality":"hd","negative_prompt":"cats","seed":7,"cfg_scale":6.5,"response_format":"b64_json","user":"u"}`,
			`{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"a fox","negativeText":"cats"},"imageGenerationConfig":{"numberOfImages":2,"width":1280,"height":720,"quality":"premium","seed":7,"cfgScale":6.5}}`, []string{"user"}},
		"painted over": {ai.ImageEdit, canvas, `{"prompt":"a hat",` + image + `,` + mask + `}`,
			`{"taskType":"INPAINTING","inPaintingParams":{"image":"aGk=","maskImage":"bWFzaw==","text":"a hat"},"imageGenerationConfig":{}}`, nil},
		"by words": {ai.ImageEdit, "amazon.titan-image-generator-v2:0", `{"prompt":"a hat","mask_prompt":"the head",` + image + `}`,
			`{"taskType":"INPAINTING","inPaintingParams":{"image":"aGk=","maskPrompt":"the head","text":"a hat"},"imageGenerationConfig":{}}`, nil},
		"in the manner of": {ai.ImageEdit, canvas, `{"prompt":"a hat","similarity_strength":0.8,` + image + `}`,
			`{"taskType":"IMAGE_VARIATION","imageVariationParams":{"images":["aGk="],"similarityStrength":0.8,"text":"a hat"},"imageGenerationConfig":{}}`, nil},
		"varied": {ai.ImageVary, canvas, `{"n":3,"size":"auto","image":"data:image/png;base64,aGk="}`,
			`{"taskType":"IMAGE_VARIATION","imageVariationParams":{"images":["aGk="]},"imageGenerationConfig":{"numberOfImages":3}}`, nil},
		"stability draws": {ai.ImageGenerate, "stability.stable-image-core-v1:1", `{"prompt":"a fox","size":"1792x1024","output_format":"jpeg","n":2}`,
			`{"prompt":"a fox","aspect_ratio":"16:9","output_format":"jpeg"}`, []string{"size", "n"}},
		"stability draws on": {ai.ImageEdit, "stability.sd3-5-large-v1:0", `{"prompt":"a hat",` + image + `}`,
			`{"prompt":"a hat","image":"aGk=","mode":"image-to-image","strength":0.5}`, nil},
		"a service": {ai.ImageEdit, "us.stability.stable-image-inpaint-v1:0", `{"prompt":"a hat","grow_mask":5,"size":"1024x1024",` + image + `,` + mask + `}`,
			`{"prompt":"a hat","image":"aGk=","mask":"bWFzaw==","grow_mask":5}`, []string{"size"}},
		"one that takes away": {ai.ImageEdit, "stability.stable-image-erase-object-v1:0", `{"prompt":"a hat",` + image + `}`, `{"image":"aGk="}`, []string{"prompt"}},
	} {
		c := &dialect.Conversion{Op: test.op, Model: test.model}
		got, err := bedrock.New().RequestFromHub(c, []byte(test.hub))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, got, test.want)
		}
		var lost []string
		for _, r := range c.Receipts {
			lost = append(lost, r.Path)
		}
		if diff := cmp.Diff(test.lost, lost); diff != "" {
			t.Errorf("%s: receipts (-want +got):\n%s", name, diff)
		}
	}
	for name, test := range map[string]struct {
		op         ai.Op
		model, hub string
		kind       ai.Kind
		param      string
	}{
		"a chat model":      {ai.ImageGenerate, "anthropic.claude-3-haiku", `{"prompt":"x"}`, ai.Invalid, "model"},
		"without a picture": {ai.ImageEdit, canvas, `{"prompt":"x"}`, ai.Invalid, "image"},
		"an address":        {ai.ImageEdit, canvas, `{"prompt":"x","image":"https://x/1"}`, ai.Invalid, "image"},
		"varied elsewhere":  {ai.ImageVary, "stability.sd3-5-large-v1:0", `{` + image + `}`, ai.Unsupported, ""},
		"as events":         {ai.ImageGenerate, canvas, `{"prompt":"x","stream":true}`, ai.Unsupported, "stream"},
	} {
		_, err := bedrock.New().RequestFromHub(&dialect.Conversion{Op: test.op, Model: test.model}, []byte(test.hub))
		if e := ai.AsError(err); err == nil || e.Kind != test.kind || e.Param != test.param {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPicturesToHub(t *testing.T) {
	for reply, want := range map[string]string{
		`{"images":["aGk=","aG8="],"error":null}`:                            `{"created":5,"data":[{"b64_json":"aGk="},{"b64_json":"aG8="}]}`,
		`{"seeds":[1],"finish_reasons":[null],"images":["aGk="]}`:            `{"created":5,"data":[{"b64_json":"aGk="}]}`,
		`{"images":["aGk="],"error":"Some were filtered"}`:                   `{"created":5,"data":[{"b64_json":"aGk="}]}`,
		`{"images":[],"error":"All were filtered"}`:                          "400 All were filtered",
		`{"finish_reasons":["Filter reason: output image"],"images":[null]}`: "400 Filter reason",
		`{}`: "502 it has none",
	} {
		c := &dialect.Conversion{Op: ai.ImageGenerate, Now: 5}
		got, err := bedrock.New().ReplyToHub(c, []byte(reply))
		status, says, failed := strings.Cut(want, " ")
		if !failed {
			if err != nil || string(got) != want || (len(c.Receipts) > 0) != strings.Contains(reply, "Some") {
				t.Errorf("%s: %s, %v, %v", reply, got, err, c.Receipts)
			}
			continue
		}
		if e := ai.AsError(err); err == nil || e.HTTPStatus() != map[string]int{"400": 400, "502": 502}[status] || !strings.Contains(e.Message, says) {
			t.Errorf("%s: %v", reply, err)
		}
	}
}
