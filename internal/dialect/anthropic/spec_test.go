package anthropic

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/test/corpus"
)

// official compiles the schema of Anthropic's own API description.
func official(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus.Specs(t), "anthropic", "openapi.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(z)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("anthropic.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("anthropic.json#/components/schemas/" + name)
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
		t.Errorf("%v\nin %s", err, doc)
	}
}

// What recorded requests for OpenAI become is what Anthropic's API takes.
func TestRequestsKeepToTheSpec(t *testing.T) {
	schema := official(t, "BetaCreateMessageParams")
	for _, e := range corpus.Exchanges(t, "openai", "chat.completions") {
		if jsonedit.Kind(e.RequestBody) != '{' || e.Status >= 400 {
			continue
		}
		t.Run(e.ID, func(t *testing.T) {
			body, err := New().RequestFromHub(conversion(), e.RequestBody)
			if err != nil {
				t.Fatal(err)
			}
			validate(t, schema, body)
		})
	}
}

// What recorded answers of OpenAI become is what Anthropic's API answers.
func TestRepliesKeepToTheSpec(t *testing.T) {
	schema := official(t, "Message")
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
				message, done := foldMessages(t, stream)
				if !done {
					t.Fatal("there is no message_stop")
				}
				complete(message)
				validate(t, schema, encode(t, message))
			case jsonedit.Get(body, "choices") != nil && !strings.Contains(string(body), `"audio":{`):
				reply, err := New().ReplyFromHub(conversion(), body)
				if err != nil {
					t.Fatal(err)
				}
				message := decode(t, reply)
				complete(message)
				validate(t, schema, encode(t, message))
			}
		})
	}
}

// complete adds the members that the description requires of answers and that
// clients do without, because they came to it with later versions.
func complete(message object) {
	usage := message["usage"].(object)
	for _, key := range []string{"cache_creation", "inference_geo", "server_tool_use", "service_tier", "output_tokens_details"} {
		if _, ok := usage[key]; !ok {
			usage[key] = nil
		}
	}
	for _, key := range []string{"container", "stop_details"} {
		if _, ok := message[key]; !ok {
			message[key] = nil
		}
	}
	for _, b := range message["content"].([]any) {
		block := b.(object)
		switch block["type"] {
		case "text":
			if _, ok := block["citations"]; !ok {
				block["citations"] = nil
			}
		case "tool_use":
			if _, ok := block["caller"]; !ok {
				block["caller"] = object{"type": "direct"}
			}
		}
	}
}
