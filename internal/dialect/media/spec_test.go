package media_test

import (
	"encoding/json"
	"testing"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/dialect"
	"github.com/portico-ai/portico/internal/dialect/media"
	"github.com/portico-ai/portico/internal/provider/providertest"
)

// everything are requests with all that OpenAI's callers send.
var everything = []string{
	`{"model":"MODEL","prompt":"a fox"}`,
	`{"model":"MODEL","prompt":"a fox","n":2,"size":"1024x1024","quality":"hd","style":"vivid","response_format":"b64_json","user":"u"}`,
	`{"model":"MODEL","prompt":"a fox","n":1,"size":"auto","quality":"auto","background":"transparent","output_format":"webp","output_compression":50,"moderation":"low","stream":false,"partial_images":0}`,
	`{"model":"MODEL","prompt":"a fox","size":"1536x1024","output_format":"png","response_format":"url","style":"natural"}`,
	`{"model":"MODEL","prompt":"a fox","n":null,"size":null,"output_format":"jpeg"}`,
}

// Whatever OpenAI's callers send, a provider is sent what its description allows.
func TestDescriptionsAllowRequests(t *testing.T) {
	for _, of := range []struct {
		dialect ai.Dialect
		model   string
		file    string
		path    []string
	}{
		{media.Recraft, "recraftv3", "recraft/openapi.yaml", []string{"components", "schemas", "GenerateImageJSONRequest"}},
		{media.Together, "black-forest-labs/FLUX.1-schnell", "together/openapi.yaml",
			[]string{"paths", "/images/generations", "post", "requestBody", "content", "application/json", "schema"}},
		{media.Replicate, "black-forest-labs/flux-schnell", "replicate/openapi.json", []string{"components", "schemas", "schemas_prediction_request"}},
		{media.Replicate, "stability-ai/sdxl:39ed52f2", "replicate/openapi.json", []string{"components", "schemas", "schemas_version_prediction_request"}},
		{media.XAI, "grok-2-image", "xai/openapi.unofficial.yaml", []string{"components", "schemas", "CreateImageRequest"}},
		{media.XAI, "grok-imagine-image", "xai/openapi.unofficial.yaml", []string{"components", "schemas", "CreateImageRequest"}},
		{media.WorkersAI, "@cf/black-forest-labs/flux-1-schnell", "workers-ai/flux-1-schnell.json", []string{"schema", "input"}},
	} {
		t.Run(of.model, func(t *testing.T) {
			schema := providertest.Schema(t, of.file, of.path...)
			for _, request := range everything {
				body, _, err := translate(t, of.dialect, ai.ImageGenerate, withModel(t, request, of.model))
				if err != nil {
					t.Fatal(err)
				}
				providertest.Allows(t, schema, []byte(body))
			}
		})
	}
}

func withModel(t *testing.T, request, model string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(request), &m); err != nil {
		t.Fatal(err)
	}
	m["model"] = model
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// What the formats make of replies is what OpenAI's description promises.
func TestOpenAIsDescriptionAllowsReplies(t *testing.T) {
	images := providertest.Schema(t, openAI, "components", "schemas", "ImagesResponse")
	for d, reply := range map[ai.Dialect]string{
		media.Stability: `{"image":"aGk="}`, media.Fal: `{"images":[{"url":"https://x/1"}]}`, media.Nebius: `{"id":"i","data":[{"url":"https://x/1"}]}`,
		media.Together: `{"id":"o","model":"m","object":"list","data":[{"index":0,"url":"https://x/1"}]}`,
	} {
		body, err := translator(t, d).ReplyToHub(&dialect.Conversion{Op: ai.ImageGenerate, Now: 1}, []byte(reply))
		if err != nil {
			t.Fatal(err)
		}
		providertest.Allows(t, images, body)
	}
	transcript := providertest.Schema(t, openAI, "components", "schemas", "CreateTranscriptionResponseJson")
	body, err := translator(t, media.Deepgram).ReplyToHub(&dialect.Conversion{Op: ai.Transcribe, Request: []byte(`{}`)}, []byte(spoken))
	if err != nil {
		t.Fatal(err)
	}
	providertest.Allows(t, transcript, body)
}

const openAI = "openai/openapi.yaml.gz"

func TestDescriptionsAllowSpeech(t *testing.T) {
	schema := providertest.Schema(t, "elevenlabs/openapi.json.gz", "components", "schemas", "Body_Text_to_speech_v1_text_to_speech__voice_id__post")
	for _, request := range []string{
		`{"model":"eleven_flash_v2_5","input":"hi","voice":"v"}`,
		`{"model":"eleven_flash_v2_5","input":"hi","voice":"v","response_format":"opus","speed":1.1,"instructions":"softly","stream_format":"audio"}`,
	} {
		body, _, err := translate(t, media.ElevenLabs, ai.Speech, request)
		if err != nil {
			t.Fatal(err)
		}
		providertest.Allows(t, schema, []byte(body))
	}
}

// Deepgram describes its query: every member that is sent must be in it.
func TestDescriptionHasDeepgramsParameters(t *testing.T) {
	for op, from := range map[ai.Op]struct{ path, but string }{ai.Transcribe: {"/v1/listen", "file"}, ai.Speech: {"/v1/speak", "text"}} {
		described := providertest.Parameters(t, "deepgram/openapi.yml", "paths", from.path, "post", "parameters")
		request := `{"model":"nova-3","file":{},"language":"de","prompt":"p","response_format":"vtt","temperature":"0.5","timestamp_granularities[]":["word"],"chunking_strategy":"auto"}`
		if op == ai.Speech {
			request = `{"model":"aura-2-thalia-en","input":"hi","voice":"alloy","response_format":"pcm","speed":1.2,"instructions":"i","stream_format":"audio"}`
		}
		for _, request := range []string{request, `{"model":"m"}`} {
			body, _, err := translate(t, media.Deepgram, op, request)
			if err != nil {
				t.Fatal(err)
			}
			var sent map[string]any
			if err := json.Unmarshal([]byte(body), &sent); err != nil {
				t.Fatal(err)
			}
			delete(sent, from.but)
			for name := range sent {
				if !described[name] {
					t.Errorf("%s has no parameter %s", from.path, name)
				}
			}
		}
	}
}
