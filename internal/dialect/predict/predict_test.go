package predict_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/predict"
)

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name    string
		op      ai.Op
		model   string
		in      string
		want    string
		dropped []string
	}{
		{"one text", ai.Embed, "text-embedding-005", `{"model":"m","input":"Hi"}`, `{"instances":[{"content":"Hi"}]}`, nil},
		{"texts", ai.Embed, "m", `{"input":["a","b\n"],"dimensions":256,"task_type":"RETRIEVAL_QUERY","title":"T","auto_truncate":false,"encoding_format":"float"}`,
			`{"instances":[{"content":"a","task_type":"RETRIEVAL_QUERY","title":"T"},{"content":"b\n","task_type":"RETRIEVAL_QUERY","title":"T"}],` +
				`"parameters":{"outputDimensionality":256,"autoTruncate":false}}`, nil},
		{"what Vertex AI does not have", ai.Embed, "m", `{"input":"a","user":"u","dimensions":null}`, `{"instances":[{"content":"a"}]}`, []string{"user"}},
		{"text for a model of pictures", ai.Embed, "google.multimodalembedding@001", `{"input":["a"],"dimensions":128}`,
			`{"instances":[{"text":"a"}],"parameters":{"dimension":128}}`, nil},
		{"pictures and films", ai.Embed, "multimodalembedding", `{"input":[{"text":"a","image":{"base64":"AA==","mime_type":"image/png"},"audio":1},` +
			`{"video":{"url":"gs://b/v.mp4","start_offset":0,"end_offset":5,"interval":1}},"c"]}`,
			`{"instances":[{"text":"a","image":{"bytesBase64Encoded":"AA==","mimeType":"image/png"}},` +
				`{"video":{"gcsUri":"gs://b/v.mp4","videoSegmentConfig":{"startOffsetSec":0,"endOffsetSec":5,"intervalSec":1}}},{"text":"c"}]}`, []string{"input[0].audio"}},
		{"an image", ai.ImageGenerate, "imagen", `{"model":"m","prompt":"A fox","size":"1024x1024","n":2}`,
			`{"instances":[{"prompt":"A fox"}],"parameters":{"sampleCount":2,"aspectRatio":"1:1"}}`, nil},
		{"an image as OpenAI words it", ai.ImageGenerate, "imagen",
			`{"prompt":"A fox","size":"1536x1024","quality":"hd","output_format":"jpeg","response_format":"url","user":"u","background":"transparent","stream":true}`,
			`{"instances":[{"prompt":"A fox"}],"parameters":{"aspectRatio":"4:3","outputOptions":{"mimeType":"image/jpeg","compressionQuality":100}}}`,
			[]string{"background", "response_format", "size", "stream", "user"}},
		{"an image as Imagen words it", ai.ImageGenerate, "imagen",
			`{"prompt":"A fox","aspect_ratio":"16:9","size":"1024x1024","negativePrompt":"dogs","seed":5,"add_watermark":false,"personGeneration":"dont_allow","output_compression":50}`,
			`{"instances":[{"prompt":"A fox"}],"parameters":{"aspectRatio":"16:9","negativePrompt":"dogs","seed":5,"addWatermark":false,"personGeneration":"dont_allow",` +
				`"outputOptions":{"compressionQuality":50}}}`, nil},
		{"tall", ai.ImageGenerate, "imagen", `{"prompt":"A","size":"1024x1792"}`, `{"instances":[{"prompt":"A"}],"parameters":{"aspectRatio":"9:16"}}`, []string{"size"}},
		{"no size", ai.ImageGenerate, "imagen", `{"prompt":"A","size":"big","output_format":"webp"}`, `{"instances":[{"prompt":"A"}],"parameters":{}}`, []string{"output_format", "size"}},
	} {
		cv := &dialect.Conversion{Op: c.op, Model: c.model}
		got, err := predict.New().RequestFromHub(cv, []byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, got, err, c.want)
		}
		var dropped []string
		for _, r := range cv.Receipts {
			dropped = append(dropped, r.Path)
		}
		slices.Sort(dropped)
		if diff := cmp.Diff(c.dropped, dropped); diff != "" {
			t.Errorf("%s: receipts (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestRequestMistakes(t *testing.T) {
	for _, c := range []struct {
		op        ai.Op
		in, param string
		kind      ai.Kind
	}{
		{ai.Embed, `{}`, "input", ai.Invalid}, {ai.Embed, `{"input":[]}`, "input", ai.Invalid}, {ai.Embed, `{"input":5}`, "input", ai.Invalid},
		{ai.Embed, `{"input":["a",[1,2]]}`, "input[1]", ai.Invalid},
		{ai.ImageGenerate, `{"n":1}`, "prompt", ai.Invalid}, {ai.ImageGenerate, `{"prompt":["a"]}`, "prompt", ai.Invalid},
		{ai.Chat, `{}`, "", ai.Unsupported},
	} {
		_, err := predict.New().RequestFromHub(&dialect.Conversion{Op: c.op}, []byte(c.in))
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.Kind != c.kind || e.Param != c.param || e.Message == "" {
			t.Errorf("%s: got %+v", c.in, err)
		}
	}
}

func TestReplies(t *testing.T) {
	for _, c := range []struct {
		name   string
		op     ai.Op
		base64 bool
		in     string
		want   string
	}{
		{"vectors", ai.Embed, false, `{"predictions":[{"embeddings":{"values":[0.12345678901,-2],"statistics":{"token_count":3,"truncated":false}}},{"embeddings":{"values":[1],"statistics":{"tokenCount":4}}}]}`,
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.12345678901,-2]},{"object":"embedding","index":1,"embedding":[1]}],"model":"m","usage":{"prompt_tokens":7,"total_tokens":7}}`},
		{"vectors in base64", ai.Embed, true, `{"predictions":[{"embeddings":{"values":[1,-2]}}]}`,
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAMA="}],"model":"m","usage":{"prompt_tokens":0,"total_tokens":0}}`},
		{"of a picture", ai.Embed, false, `{"predictions":[{"imageEmbedding":[1]}]}`,
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1],"image_embedding":[1]}],"model":"m","usage":{"prompt_tokens":0,"total_tokens":0}}`},
		{"of a text and a film", ai.Embed, false, `{"predictions":[{"textEmbedding":[1],"videoEmbeddings":[{"startOffsetSec":0,"endOffsetSec":5,"embedding":[2]}]}]}`,
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1],"video_embeddings":[{"object":"embedding","index":0,"embedding":[2],"start_offset":0,"end_offset":5}]}],` +
				`"model":"m","usage":{"prompt_tokens":0,"total_tokens":0}}`},
		{"images", ai.ImageGenerate, false, `{"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"AA==","prompt":"A red fox"},{"raiFilteredReason":"no"},{"gcsUri":"gs://b/1.png"}]}`,
			`{"created":5,"data":[{"b64_json":"AA==","revised_prompt":"A red fox"},{"url":"gs://b/1.png"}]}`},
	} {
		got, err := predict.New().ReplyToHub(&dialect.Conversion{Op: c.op, Model: "m", Now: 5, Base64: c.base64}, []byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, got, err, c.want)
		}
	}
}

func TestBadReplies(t *testing.T) {
	for _, c := range []struct {
		op          ai.Op
		in, message string
		status      int
	}{
		{ai.Embed, `{}`, "no predictions", 502}, {ai.Embed, `{"predictions":[{"embeddings":{}}]}`, "no vector", 502},
		{ai.ImageGenerate, `{"predictions":[{"raiFilteredReason":"The prompt is not fit."}]}`, "The prompt is not fit.", 400},
		{ai.ImageGenerate, `{}`, "filters", 400}, {ai.Chat, `{}`, "cannot be translated", 501},
	} {
		_, err := predict.New().ReplyToHub(&dialect.Conversion{Op: c.op}, []byte(c.in))
		if e, ok := errors.AsType[*ai.Error](err); !ok || e.HTTPStatus() != c.status || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: got %+v", c.in, err)
		}
	}
}

// What a client asked for in base64 is remembered for the reply.
func TestBase64IsRemembered(t *testing.T) {
	c := &dialect.Conversion{Op: ai.Embed}
	if _, err := predict.New().RequestFromHub(c, []byte(`{"input":"a","encoding_format":"base64"}`)); err != nil || !c.Base64 {
		t.Errorf("base64 %t, %v", c.Base64, err)
	}
}

// Whatever JSON comes, what goes out is JSON or an error that may be shown.
func FuzzTranslation(f *testing.F) {
	for _, s := range []string{
		`{"input":["a",{"image":{"url":"u"}}],"dimensions":1}`, `{"prompt":"p","size":"1x2","n":1,"output_format":"png"}`,
		`{"predictions":[{"embeddings":{"values":[1]}},{"imageEmbedding":[1]},{"bytesBase64Encoded":"AA=="}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if !json.Valid(in) || len(in) == 0 || in[0] != '{' {
			t.Skip("the gateway checks that a body is a JSON object")
		}
		for _, op := range []ai.Op{ai.Embed, ai.ImageGenerate} {
			c := &dialect.Conversion{Op: op, Model: "m"}
			for _, translate := range []func(*dialect.Conversion, []byte) ([]byte, error){predict.New().RequestFromHub, predict.New().ReplyToHub} {
				out, err := translate(c, in)
				if _, told := errors.AsType[*ai.Error](err); err != nil && !told {
					t.Errorf("%s: %v", op, err)
				}
				if err == nil && !json.Valid(out) {
					t.Errorf("%s: %s became %s", op, in, out)
				}
			}
		}
	})
}
