package providertest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/codec/jsonedit"
	"github.com/portico-ai/portico/test/corpus"
)

// A description is a provider's official API description.
type description struct {
	file   string           // below the folder of descriptions
	prefix string           // of its paths, before the row's
	suffix string           // after them, where features in trial are described as well
	strip  string           // of the row's paths, which the description leaves out
	lacks  func(ai.Op) bool // offered by the provider, but described elsewhere
	model  string           // one that the description knows, where it lists them
	older  bool             // than what clients of the same format send by now
	hint   bool             // written by third parties: a difference is told, and no fault

	more        []string // other files that describe operations of the platform
	undescribed []ai.Op  // operations of the platform that no file describes

	modelInPath string           // what it calls the model in a path
	words       []string         // what it calls other parts of paths, in pairs: ours, its
	path        string           // where it has the operation, if not where the row has it
	translated  string           // path where requests of other formats go, if that is another
	shapes      map[ai.Op]string // of requests, where the file is the model of an AWS service

	correct func(doc any) // undoes a mistake of the description's
}

// descriptions are those of providers that publish one of their own, by id, or by
// id and operation where one differs. A row that speaks another's format is
// checked by its own traffic alone.
var descriptions = map[string]description{
	"openai":    {file: "openai/openapi.yaml.gz", undescribed: []ai.Op{ai.Realtime}, correct: correctOpenAI},
	"anthropic": {file: "anthropic/openapi.json.gz", prefix: "/v1", suffix: "?beta=true", modelInPath: "{model_id}"},
	"cohere": {
		file: "cohere/openapi.yaml.gz",
		// Its two response formats are told apart by their type, which both let be either.
		correct: func(doc any) {
			schemas, _ := member(doc, "components", "schemas").(map[string]any)
			format, _ := schemas["ResponseFormatV2"].(map[string]any)
			format["anyOf"] = format["oneOf"]
			delete(format, "oneOf")
		},
	},
	"ai21":      {file: "ai21/openapi.json", prefix: "/studio/v1", model: "jamba-large"},
	"azure-ai":  {file: "azure/azure-ai-model-inference.json", model: "m"},
	"deepinfra": {file: "deepinfra/openapi.json", prefix: "/v1/openai"},
	"groq": {
		file: "groq/openapi.yaml", prefix: "/openai/v1",
		// It leaves out stream_options, which the service takes (recorded).
		correct: func(doc any) {
			properties, _ := member(doc, "components", "schemas", "CreateChatCompletionRequest", "properties").(map[string]any)
			properties["stream_options"] = map[string]any{"type": []any{"object", "null"}}
		},
	},
	"huggingface": {
		file: "huggingface/text-generation-inference.openapi.json",
		// It shows a tool's parameters by their name inside the server, and grammars
		// of its own; the router in front takes OpenAI's of both (recorded).
		correct: func(doc any) {
			function, _ := member(doc, "components", "schemas", "FunctionDefinition").(map[string]any)
			function["required"] = []any{"name"}
			schemas, _ := member(doc, "components", "schemas").(map[string]any)
			body, _ := schemas["MessageBody"].(map[string]any)
			body["anyOf"] = body["oneOf"] // a message may have both content and tool calls
			delete(body, "oneOf")
			schemas["GrammarType"] = map[string]any{"type": "object", "required": []any{"type"}}
		},
	},
	"huggingface rerank": {file: "huggingface/text-embeddings-inference.openapi.json"},
	"jina":               {file: "jina/openapi.json", prefix: "/v1"},
	"jina embed":         {file: "jina/openapi.json", prefix: "/v1", model: "jina-embeddings-v3"},
	"jina rerank":        {file: "jina/openapi.json", prefix: "/v1", model: "jina-reranker-v2-base-multilingual"},
	"mistral-ai":         {file: "mistral/openapi.yaml", prefix: "/v1"},
	"moonshot":           {file: "moonshot/openapi.json", model: "kimi-k2.6"},
	"openrouter":         {file: "openrouter/openapi.yaml.gz", strip: "/v1"},
	"predibase":          {file: "predibase/lorax.openapi.json", strip: "/{predibase_tenant_id}/deployments/v2/llms/{model}"},
	"reka-ai":            {file: "reka/openapi.yaml"},
	"together-ai": {
		file: "together/openapi.yaml", strip: "/v1",
		// It describes a call as in a stream, and a tool of one's choice as a call.
		correct: func(doc any) {
			call, _ := member(doc, "components", "schemas", "ToolChoice").(map[string]any)
			function, _ := member(call, "properties", "function").(map[string]any)
			call["required"], function["required"] = []any{"type", "function"}, []any{"name"}
		},
	},
	"voyage": {
		file: "voyage/openapi.yml",
		// It calls a text or a list of texts an object.
		correct: func(doc any) {
			input, _ := member(doc, "paths", "/embeddings", "post", "requestBody", "content", "application/json", "schema", "properties", "input").(map[string]any)
			delete(input, "type")
		},
	},
	"recraft-ai": {file: "recraft/openapi.yaml", prefix: "/v1"},
	"replicate":  {file: "replicate/openapi.json", modelInPath: "{model_owner}/{model_name}"},
	"deepgram":   {file: "deepgram/openapi.yml", prefix: "/v1"},
	"elevenlabs": {file: "elevenlabs/openapi.json.gz", prefix: "/v1"},
	"google":     {file: "google-gemini/openapi-from-discovery.json", modelInPath: "{modelsId}", correct: asProtoJSON},
	"google embed": {
		file: "google-gemini/openapi-from-discovery.json", modelInPath: "{modelsId}", translated: "/models/{model}:batchEmbedContents", correct: asProtoJSON,
	},
	// It lacks predict, which the protos have.
	"google imageGenerate": {file: "google-gemini/openapi-from-discovery.json", lacks: func(ai.Op) bool { return true }},
	"bedrock":              {file: "bedrock/bedrock-runtime.service-2.json", shapes: map[ai.Op]string{ai.Chat: "ConverseStreamRequest"}},
	"vertex-ai": {
		file: "vertex-ai/aiplatform.v1.discovery.json.gz", modelInPath: "{modelsId}", correct: asProtoJSON,
		words: []string{"/batchPredictionJobs/{id}", "/batchPredictionJobs/{batchPredictionJobsId}", "/tuningJobs/{id}", "/tuningJobs/{tuningJobsId}", "{vertex_project_id}", "{projectsId}", "{vertex_region}", "{locationsId}", "/publishers/google/", "/publishers/{publishersId}/"},
		lacks: func(op ai.Op) bool {
			return op == ai.Models || op == ai.UploadFile || op == ai.GetFile || op == ai.GetFileContent
		},
	},
	"azure-openai": {
		file: "azure/azure-openai-2024-10-21.yaml", prefix: "/deployments/{deployment-id}", older: true,
		lacks:       func(op ai.Op) bool { return op != ai.Chat && op != ai.Complete && op != ai.Embed },
		more:        []string{"azure/azure-openai-foundry.json.gz", "azure/azure-openai-v1.json.gz"},
		undescribed: []ai.Op{ai.ImageEdit, ai.CreateBatch, ai.ListBatches, ai.GetBatch, ai.CancelBatch, ai.Realtime, ai.CancelResponse, ai.CountResponseTokens, ai.CompactResponse},
		// It asks for a type inside json_schema, which it does not have.
		correct: func(doc any) {
			format, _ := member(doc, "components", "schemas", "ResponseFormatJsonSchema", "properties", "json_schema").(map[string]any)
			format["required"] = []any{"name"}
		},
	},
}

// vendorPaths is where the vendors of the formats have operations.
var vendorPaths = map[ai.Dialect]map[ai.Op]string{
	ai.OpenAI:    {ai.Chat: "/chat/completions"},
	ai.Anthropic: {ai.Chat: "/messages", ai.CountTokens: "/messages/count_tokens"},
}

// describedBy is the provider whose description the operation is held to: the
// vendor of the format, for models that the row chose an endpoint for.
func (s *subject) describedBy() string {
	if s.chosen.model != "" && vendorPaths[s.endpoint.Dialect][s.op] != "" {
		return vendors[s.endpoint.Dialect]
	}
	return s.p.ID
}

// description is the provider's own; who speaks Anthropic's format without having
// one is held to Anthropic's, and models of other vendors to what these say.
func (s *subject) description() (description, bool) {
	if id := s.describedBy(); id != s.p.ID {
		d := descriptions[id]
		d.path = vendorPaths[s.endpoint.Dialect][s.op]
		return d, true
	}
	if s.endpoint.Dialect == ai.Anthropic && s.p.ID != "anthropic" {
		return description{file: "anthropic/openapi.json.gz", suffix: "?beta=true"}, true
	}
	if d, ok := descriptions[s.p.ID+" "+string(s.op)]; ok {
		return d, true
	}
	d, ok := descriptions[s.p.ID]
	return d, ok
}

// correctOpenAI undoes what OpenAI's description of the Responses API says
// otherwise than its service: alternatives of which several fit, members of
// answers that requests are said to need, and a schema that refers to itself in
// words of an older draft.
func correctOpenAI(doc any) {
	schemas := member(doc, "components", "schemas")
	for _, name := range []string{"CompoundFilter", "BetaCompoundFilter"} {
		filter, _ := member(schemas, name).(map[string]any)
		delete(filter, "$recursiveAnchor")
		kinds, _ := member(filter, "properties", "filters", "items", "oneOf").([]any)
		for i := range kinds {
			if member(kinds[i], "$recursiveRef") != nil {
				kinds[i] = map[string]any{"$ref": "#/components/schemas/" + name}
			}
		}
	}
	for name, needed := range map[string][]any{
		"FunctionTool": {"type", "name"}, "InputImageContent": {"type"}, "OutputTextContent": {"type", "text"},
		"OutputMessage": {"type", "role", "content"}, "ReasoningItem": {"type", "summary"},
	} {
		schema, _ := member(schemas, name).(map[string]any)
		schema["required"] = needed
	}
	anyOf(doc)
}

// anyOf lets several of a list of alternatives fit.
func anyOf(v any) {
	switch v := v.(type) {
	case []any:
		for i := range v {
			anyOf(v[i])
		}
	case map[string]any:
		for _, inner := range v {
			anyOf(inner)
		}
		if list, ok := v["oneOf"]; ok {
			delete(v, "oneOf")
			v["anyOf"] = list
		}
	}
}

// official compiles the schema of an operation's request body at a path of the row
// from the provider's description; it fails t if that does not have the operation.
// It is nil for one that takes no body, and where there is no description.
func (s *subject) official(t *testing.T, template string) *jsonschema.Schema {
	t.Helper()
	d, ok := s.description()
	if !ok || d.lacks != nil && d.lacks(s.op) {
		return nil
	}
	if d.shapes != nil {
		if shape := d.shapes[s.op]; shape != "" {
			return corpus.AWSShape(t, d.file, shape, false)
		}
		return nil
	}
	doc, err := readDescription(filepath.Join(corpus.Specs(t), filepath.FromSlash(d.file)))
	if err != nil {
		t.Fatal(err)
	}
	if d.correct != nil {
		d.correct(doc)
	}
	path := d.path
	if path == "" {
		path = strings.NewReplacer(d.words...).Replace(strings.TrimPrefix(pathOf(template), d.strip))
	}
	path, method := d.prefix+path+d.suffix, strings.ToLower(s.method())
	if d.modelInPath != "" {
		path = strings.Replace(path, "{model}", d.modelInPath, 1)
	}
	if member(doc, "paths", path, method) == nil {
		t.Fatalf("the official description has no %s %s", method, path)
	}
	s.line.Described = !d.hint
	if member(doc, "paths", path, method, "requestBody") == nil {
		return nil
	}
	schema, err := compile(doc, "paths", path, method, "requestBody", "content", "application/json", "schema")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// checkDescribed expects an official description to have the operation, whatever
// it calls the segments that vary.
func (s *subject) checkDescribed(t *testing.T) {
	d, ok := descriptions[s.p.ID]
	if !ok {
		t.Skip("skipped: the provider publishes no description")
	}
	if slices.Contains(d.undescribed, s.op) {
		t.Skip("skipped: the provider describes it in prose alone")
	}
	want := strings.Replace(strings.TrimPrefix(s.endpoint.Path, d.strip), "{model...}", d.modelInPath, 1)
	want = placeholder.ReplaceAllString(want, "{id}")
	for _, file := range append(d.more, d.file) {
		doc, err := readDescription(filepath.Join(corpus.Specs(t), filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		paths, _ := member(doc, "paths").(map[string]any)
		for path, methods := range paths {
			path = placeholder.ReplaceAllString(strings.TrimPrefix(path, d.prefix), "{id}")
			if path == want && member(methods, strings.ToLower(s.method())) != nil {
				s.line.Described = true
				return
			}
		}
	}
	t.Errorf("no official description has %s %s", s.method(), s.endpoint.Path)
}

// readDescription reads an OpenAPI document, YAML or JSON, compressed or not.
func readDescription(file string) (any, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(file, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(z); err != nil {
			return nil, err
		}
	}
	data = bytes.ReplaceAll(data, []byte("example: |+\n"), []byte("example: \"\"\n")) // empty, which the YAML reader does not take
	var doc any
	if strings.Contains(filepath.Base(file), ".json") {
		doc, err = jsonschema.UnmarshalJSON(bytes.NewReader(data))
	} else {
		err = yaml.Unmarshal(data, &doc)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if strings.HasSuffix(file, ".discovery.json.gz") {
		doc = fromDiscovery(doc)
	}
	return jsonSchema(doc), nil
}

// member walks down objects; nil if there is no such member.
func member(doc any, path ...string) any {
	for _, key := range path {
		object, _ := doc.(map[string]any)
		doc = object[key]
	}
	return doc
}

func compile(doc any, path ...string) (*jsonschema.Schema, error) {
	const name = "openapi.json"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	pointer := ""
	for _, key := range path {
		pointer += "/" + escape.Replace(key)
	}
	return c.Compile(name + "#" + pointer)
}

// jsonSchema rewrites what OpenAPI 3.0 says in its own words as JSON Schema: a
// nullable type also takes null, and a limit that is marked exclusive is one.
func jsonSchema(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = jsonSchema(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = jsonSchema(v[key])
		}
		for _, limit := range []string{"minimum", "maximum"} {
			if text, ok := v[limit].(string); ok {
				v[limit] = json.Number(text) // beyond 64 bits, which the YAML reader leaves as text
			}
		}
		for exclusive, limit := range map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"} {
			if is, ok := v[exclusive].(bool); ok {
				if delete(v, exclusive); is {
					v[exclusive] = v[limit]
				}
			}
		}
		if v["nullable"] == true {
			delete(v, "nullable")
			return map[string]any{"anyOf": []any{v, map[string]any{"type": "null"}}}
		}
	}
	return v
}

// validate reports how a request's body differs from what the provider's
// description allows.
func validate(schema *jsonschema.Schema, body []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}

// asVendors is a body as the vendor of its format takes it, without what the place
// has changed.
func (s *subject) asVendors(body []byte) []byte {
	if s.chosen.model == "" || s.endpoint.Dialect == ai.Gemini {
		return body
	}
	body = s.unwrapped(body)
	for _, key := range append(edits[s.p.ID+"/"+string(s.op)], s.chosen.edits...) {
		body, _ = jsonedit.Delete(body, key) // it is an object: it was just sent as one
	}
	body, _ = jsonedit.Set(body, "model", []byte(`"m"`))
	return body
}

// checkAllowed validates a request's body as it is encoded. known says why the
// description does not allow it, "" if it should.
func (s *subject) checkAllowed(t *testing.T, schema *jsonschema.Schema, body []byte, known string, tally *Tally) {
	t.Helper()
	defer tally.note(t)
	c := s.call()
	var err error
	if c.Body, err = s.p.Fit(s.conversion(s.endpoint.Dialect), body); err != nil {
		t.Fatal(err)
	}
	r, err := s.p.Encode(t.Context(), c)
	if e, ok := errors.AsType[*ai.Error](err); ok && s.op == ai.Embed && e.Kind == ai.Invalid && e.Param == "input" {
		t.Skipf("skipped: the model takes one text at a time: %s", e.Message)
	}
	if err != nil {
		t.Fatal(err)
	}
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	switch err := validate(schema, s.asVendors(sent)); {
	case err != nil && known == "":
		t.Errorf("the official description does not allow the request: %.1500s\nin %.500s", err, sent)
	case err != nil:
		tally.Known++
	case known != "" && known != ofOpenAI: // of which some descriptions have a part
		t.Errorf("the official description allows the request after all; it is listed as: %s", known)
	}
}

// Schema compiles what an official description has at a path, for tests of what
// the suite does not cover. It skips t where there are no descriptions.
func Schema(t *testing.T, file string, path ...string) *jsonschema.Schema {
	t.Helper()
	doc, err := readDescription(filepath.Join(corpus.Specs(t), filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	if member(doc, "openapi") == nil { // one model's: not a document of references
		doc, path = member(doc, path...), nil
	}
	schema, err := compile(doc, path...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// Allows expects a schema to allow a body.
func Allows(t *testing.T, schema *jsonschema.Schema, body []byte) {
	t.Helper()
	if err := validate(schema, body); err != nil {
		t.Errorf("the official description does not allow the request: %.1500s\nin %.500s", err, body)
	}
}

// Parameters are the names of what an official description lists as parameters at
// a path.
func Parameters(t *testing.T, file string, path ...string) map[string]bool {
	t.Helper()
	doc, err := readDescription(filepath.Join(corpus.Specs(t), filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	list, _ := member(doc, path...).([]any)
	for _, p := range list {
		if name, ok := member(p, "name").(string); ok {
			names[name] = true
		}
	}
	return names
}
