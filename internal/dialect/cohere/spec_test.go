package cohere

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/internal/dialect/anthropic"
	"github.com/portico-ai/portico/test/corpus"
)

// official compiles schemas of Cohere's own API description, by their pointer.
func official(t *testing.T) func(pointer string) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus.Specs(t), "cohere", "openapi.yaml.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.NewDecoder(z).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	// Its two response formats are told apart by their type, which both let be either.
	encoded = bytes.Replace(encoded, []byte(`"oneOf":[{"$ref":"#/components/schemas/ChatTextResponseFormatV2"}`),
		[]byte(`"anyOf":[{"$ref":"#/components/schemas/ChatTextResponseFormatV2"}`), 1)
	// Beyond 64 bits, which the YAML reader leaves as text.
	encoded = bytes.Replace(encoded, []byte(`"maximum":"18446744073709552000"`), []byte(`"maximum":18446744073709552000`), -1)
	if doc, err = jsonschema.UnmarshalJSON(bytes.NewReader(encoded)); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("cohere.json", doc); err != nil {
		t.Fatal(err)
	}
	return func(pointer string) *jsonschema.Schema {
		schema, err := c.Compile("cohere.json#" + pointer)
		if err != nil {
			t.Fatal(err)
		}
		return schema
	}
}

func validate(t *testing.T, schema *jsonschema.Schema, doc []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%v\nin %s", err, doc)
	}
}

const (
	chatRequest   = "/paths/~1v2~1chat/post/requestBody/content/application~1json/schema"
	embedRequest  = "/paths/~1v2~1embed/post/requestBody/content/application~1json/schema"
	rerankRequest = "/paths/~1v2~1rerank/post/requestBody/content/application~1json/schema"
)

// What the requests of another project's translation vectors become, written for
// OpenAI or for Anthropic, is what Cohere's API takes.
func TestPairsKeepToTheSpec(t *testing.T) {
	schema := official(t)(chatRequest)
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "translations", "pairs", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	n := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var pair struct {
			Formats map[string]map[string]json.RawMessage
		}
		if err := json.Unmarshal(b, &pair); err != nil {
			t.Fatal(err)
		}
		for _, format := range []string{"chat-completions", "anthropic"} {
			for _, which := range []string{"request", "followup_request"} {
				request := pair.Formats[format][which]
				if jsonedit.Kind(request) != '{' || pair.Formats[format]["error"] != nil {
					continue
				}
				n++
				t.Run(strings.Join([]string{filepath.Base(file), format, which}, "/"), func(t *testing.T) {
					cv := conversion(ai.Chat)
					body := []byte(request)
					if format == "anthropic" {
						if body, err = anthropic.New().RequestToHub(cv, body); err != nil {
							t.Fatal(err)
						}
					}
					out, err := Format{}.RequestFromHub(cv, body)
					if err != nil {
						t.Fatal(err)
					}
					validate(t, schema, out)
					paths(cv)
				})
			}
		}
	}
	if n < 80 {
		t.Errorf("%d requests, want at least 80", n)
	}
}

// What recorded answers of OpenAI become is what Cohere's API answers.
func TestRepliesKeepToTheSpec(t *testing.T) {
	schema := official(t)("/components/schemas/ChatResponseV2")
	for _, e := range corpus.Exchanges(t, "openai", "chat.completions") {
		t.Run(e.ID, func(t *testing.T) {
			body := e.Body()
			switch {
			case e.Status >= 400 || e.Is("stream-error"):
			case len(e.ResponseChunks) > 0:
				stream, err := streamFromHubText(string(body))
				if err != nil {
					t.Fatal(err)
				}
				reply, done := fold(t, stream)
				if done != strings.Contains(string(body), "[DONE]") {
					t.Fatalf("done %v", done)
				}
				encoded, err := json.Marshal(reply)
				if err != nil {
					t.Fatal(err)
				}
				if done {
					validate(t, schema, encoded)
				}
			case jsonedit.Get(body, "choices") != nil:
				reply, err := Format{}.ReplyFromHub(conversion(ai.Chat), body)
				if err != nil {
					t.Fatal(err)
				}
				// The description's log probabilities do not agree with themselves.
				reply, err = jsonedit.Delete(reply, "logprobs")
				if err != nil {
					t.Fatal(err)
				}
				validate(t, schema, reply)
			}
		})
	}
}

// What recorded requests for OpenAI's embeddings become is what Cohere takes.
func TestEmbeddingsKeepToTheSpec(t *testing.T) {
	schema := official(t)(embedRequest)
	for _, e := range corpus.Exchanges(t, "openai", "embeddings") {
		if jsonedit.Kind(e.RequestBody) != '{' || e.Status >= 400 {
			continue
		}
		t.Run(e.ID, func(t *testing.T) {
			body, err := Format{}.RequestFromHub(conversion(ai.Embed), e.RequestBody)
			if err != nil {
				if ai.AsError(err).Kind != ai.Invalid || !strings.Contains(err.Error(), "token ids") {
					t.Fatal(err)
				}
				return
			}
			validate(t, schema, body)
		})
	}
}

func TestRankingsKeepToTheSpec(t *testing.T) {
	schema := official(t)(rerankRequest)
	for _, provider := range []string{"cohere", "llamacpp"} {
		for _, e := range corpus.Exchanges(t, provider, "rerank") {
			t.Run(e.ID, func(t *testing.T) {
				body, err := Format{}.RequestFromHub(conversion(ai.Rerank), e.RequestBody)
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(e.ID, "top-n-zero") {
					return // which Cohere refuses and says so itself
				}
				validate(t, schema, body)
			})
		}
	}
}
