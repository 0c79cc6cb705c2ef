package gemini

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/test/corpus"
)

// official compiles a message of Google's own API description. What it does not
// describe is not allowed: Google refuses unknown names.
func official(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(corpus.Specs(t), "google-gemini", "openapi-from-discovery.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.(object)["components"].(object)["schemas"].(object) {
		if message, ok := s.(object); ok && message["properties"] != nil {
			message["additionalProperties"] = false
		}
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("google.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("google.json#/components/schemas/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, doc []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%v\nin %.1000s", err, doc)
	}
}

// What recorded requests for OpenAI become is what Gemini's API takes, from the
// oldest models to the newest.
func TestRequestsKeepToTheSpec(t *testing.T) {
	schema := official(t, "GenerateContentRequest")
	n := 0
	for _, e := range corpus.Exchanges(t, "openai", "chat.completions") {
		if jsonedit.Kind(e.RequestBody) != '{' || e.Status >= 400 {
			continue
		}
		n++
		t.Run(e.ID, func(t *testing.T) {
			for _, model := range []string{"gemini-1.5-pro", "gemini-2.5-flash", "gemini-3-pro"} {
				request, err := jsonedit.Set(e.RequestBody, "model", jsonedit.AppendString(nil, model))
				if err != nil {
					t.Fatal(err)
				}
				body, err := New().RequestFromHub(conversion(), request)
				if err != nil {
					t.Fatal(err)
				}
				validate(t, schema, body)
			}
		})
	}
	t.Logf("%d requests", n)
}

// What recorded answers of OpenAI become is what Gemini's API answers.
func TestRepliesKeepToTheSpec(t *testing.T) {
	schema := official(t, "GenerateContentResponse")
	n := 0
	for _, e := range corpus.Exchanges(t, "openai", "chat.completions") {
		body := e.Body()
		t.Run(e.ID, func(t *testing.T) {
			switch {
			case e.Status >= 400:
				return
			case len(e.ResponseChunks) > 0:
				stream, err := drain(New().StreamFromHub(conversion(), streamOf(bytes.NewReader(body))))
				if err != nil {
					if !e.Is("stream-error") {
						t.Fatal(err)
					}
					return
				}
				n++
				for _, reply := range events(t, stream) {
					validate(t, schema, encode(t, reply))
				}
				validate(t, schema, encode(t, foldReplies(t, stream)))
			case jsonedit.Get(body, "choices") != nil:
				reply, err := New().ReplyFromHub(conversion(), body)
				if err != nil {
					t.Fatal(err)
				}
				n++
				validate(t, schema, reply)
			}
		})
	}
	t.Logf("%d replies", n)
}

func TestEmbeddingsKeepToTheSpec(t *testing.T) {
	requests, replies := official(t, "BatchEmbedContentsRequest"), official(t, "BatchEmbedContentsResponse")
	n := 0
	for _, e := range corpus.Exchanges(t, "openai", "embeddings") {
		if jsonedit.Kind(e.RequestBody) != '{' || e.Status >= 400 {
			continue
		}
		t.Run(e.ID, func(t *testing.T) {
			c := embedding()
			body, err := New().RequestFromHub(c, e.RequestBody)
			if err != nil {
				if ai.AsError(err).Kind == ai.Invalid {
					t.Skipf("skipped: %v", err)
				}
				t.Fatal(err)
			}
			n++
			validate(t, requests, body)
			if jsonedit.Get(e.Body(), "data") == nil {
				return
			}
			reply, err := New().ReplyFromHub(c, e.Body())
			if err != nil {
				t.Fatal(err)
			}
			validate(t, replies, reply)
		})
	}
	t.Logf("%d embeddings", n)
}
