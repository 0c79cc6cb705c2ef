package predict_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/predict"
)

func TestEdits(t *testing.T) {
	const (
		image = `"images":[{"image_url":"data:image/png;base64,aGk="}]`
		raw   = `{"referenceType":"REFERENCE_TYPE_RAW","referenceId":1,"referenceImage":{"bytesBase64Encoded":"aGk="}}`
	)
	for name, test := range map[string]struct {
		hub, want string
		lost      []string
	}{
		"with a mask": {`{"model":"m","prompt":"a hat","n":2,"size":"1024x1024","mask":{"image_url":"data:image/png;base64,bWFzaw=="},"mask_dilation":0.01,"base_steps":35,"output_format":"png",` + image + `}`,
			`{"instances":[{"prompt":"a hat","referenceImages":[` + raw + `,{"referenceType":"REFERENCE_TYPE_MASK","referenceId":2,"referenceImage":{"bytesBase64Encoded":"bWFzaw=="},` +
				`"maskImageConfig":{"maskMode":"MASK_MODE_USER_PROVIDED","dilation":0.01}}]}],` +
				`"parameters":{"sampleCount":2,"editMode":"EDIT_MODE_INPAINT_INSERTION","editConfig":{"baseSteps":35},"outputOptions":{"mimeType":"image/png"}}}`, []string{"size"}},
		"with a mask that is found": {`{"prompt":"a beach","mask_mode":"MASK_MODE_BACKGROUND","edit_mode":"EDIT_MODE_BGSWAP",` + image + `}`,
			`{"instances":[{"prompt":"a beach","referenceImages":[` + raw + `,{"referenceType":"REFERENCE_TYPE_MASK","referenceId":2,"maskImageConfig":{"maskMode":"MASK_MODE_BACKGROUND"}}]}],` +
				`"parameters":{"editMode":"EDIT_MODE_BGSWAP"}}`, nil},
		"without a mask": {`{"prompt":"at night","images":[{"image_url":"data:image/png;base64,aGk="},{"image_url":"data:image/png;base64,aG8="}]}`,
			`{"instances":[{"prompt":"at night","referenceImages":[` + raw + `]}],"parameters":{}}`, []string{"image"}},
	} {
		c := &dialect.Conversion{Op: ai.ImageEdit, Model: "imagen-3.0-capability-001"}
		got, err := predict.New().RequestFromHub(c, []byte(test.hub))
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
	for _, hub := range []string{`{"prompt":"x"}`, `{"prompt":"x","image":"https://x/1"}`} {
		_, err := predict.New().RequestFromHub(&dialect.Conversion{Op: ai.ImageEdit}, []byte(hub))
		if e := ai.AsError(err); err == nil || e.Kind != ai.Invalid || e.Param != "image" {
			t.Errorf("%s: %v", hub, err)
		}
	}
}
