package gemini_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/gemini"
	"github.com/portico-ai/portico/internal/provider/providertest"
)

func TestPicturesFromHub(t *testing.T) {
	for name, test := range map[string]struct {
		op         ai.Op
		hub, want  string
		lost       []string
		kind       ai.Kind
		param, say string
	}{
		"drawn": {op: ai.ImageGenerate, hub: `{"model":"m","prompt":"a fox","n":1,"size":"1536x1024","quality":"high","response_format":"b64_json","user":"u","background":"auto"}`,
			want: `{"contents":[{"role":"user","parts":[{"text":"a fox"}]}],"generationConfig":{"responseModalities":["TEXT","IMAGE"],"imageConfig":{"aspectRatio":"3:2"}}}`,
			lost: []string{"size", "quality", "user"}},
		"edited": {op: ai.ImageEdit, hub: `{"prompt":"a hat","images":[{"image_url":"data:image/png;base64,aGk="},{"image_url":"data:image/webp;base64,aGk="}],"mask":{"image_url":"data:image/png;base64,aGk="},"seed":7,"aspect_ratio":"21:9","image_size":"2K","size":"1024x1024"}`,
			want: `{"contents":[{"role":"user","parts":[{"text":"a hat"},{"inlineData":{"mimeType":"image/png","data":"aGk="}},{"inlineData":{"mimeType":"image/webp","data":"aGk="}}]}],` +
				`"generationConfig":{"responseModalities":["TEXT","IMAGE"],"seed":7,"imageConfig":{"aspectRatio":"21:9","imageSize":"2K"}}}`,
			lost: []string{"mask"}},
		"by address":        {op: ai.ImageEdit, hub: `{"prompt":"a hat","image":"https://x/1"}`, kind: ai.Invalid, param: "image"},
		"without a picture": {op: ai.ImageEdit, hub: `{"prompt":"a hat"}`, kind: ai.Invalid, param: "image"},
		"without a prompt":  {op: ai.ImageGenerate, hub: `{"size":"1024x1024"}`, kind: ai.Invalid, param: "prompt"},
		"as events":         {op: ai.ImageGenerate, hub: `{"prompt":"x","stream":true}`, kind: ai.Unsupported, param: "stream"},
	} {
		c := &dialect.Conversion{Op: test.op, Model: "gemini-2.5-flash-image"}
		got, err := gemini.New().RequestFromHub(c, []byte(test.hub))
		if test.param != "" {
			if e := ai.AsError(err); err == nil || e.Kind != test.kind || e.Param != test.param {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, got, test.want)
		}
		providertest.Allows(t, providertest.Schema(t, "google-gemini/openapi-from-discovery.json", "components", "schemas", "GenerateContentRequest"), got)
		var lost []string
		for _, r := range c.Receipts {
			lost = append(lost, r.Path)
		}
		if diff := cmp.Diff(test.lost, lost); diff != "" {
			t.Errorf("%s: receipts (-want +got):\n%s", name, diff)
		}
	}
}

func TestPicturesToHub(t *testing.T) {
	const picture = `{"candidates":[{"content":{"parts":[{"text":"Here:"},{"thought":true,"inlineData":{"mimeType":"image/png","data":"ZHJhZnQ="}},{"inline_data":{"mime_type":"image/png","data":"aGk="}}]},"finishReason":"STOP"}]}`
	got, err := gemini.New().ReplyToHub(&dialect.Conversion{Op: ai.ImageEdit, Now: 5}, []byte(picture))
	if want := `{"created":5,"data":[{"b64_json":"aGk="}]}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	providertest.Allows(t, providertest.Schema(t, "openai/openapi.yaml.gz", "components", "schemas", "ImagesResponse"), got)
	for reply, want := range map[string]struct {
		status int
		says   string
	}{
		`{"candidates":[{"finishReason":"IMAGE_SAFETY"}]}`:                                         {400, "IMAGE_SAFETY"},
		`{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}`:                                  {400, "PROHIBITED_CONTENT"},
		`{"candidates":[{"content":{"parts":[{"text":"I cannot draw."}]},"finishReason":"STOP"}]}`: {502, "I cannot draw."},
		`{}`: {502, "it has none"},
	} {
		_, err := gemini.New().ReplyToHub(&dialect.Conversion{Op: ai.ImageGenerate}, []byte(reply))
		if e := ai.AsError(err); err == nil || e.HTTPStatus() != want.status || !strings.Contains(e.Message, want.says) {
			t.Errorf("%s: %v", reply, err)
		}
	}
}
