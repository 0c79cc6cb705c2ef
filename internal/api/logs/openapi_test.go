package logs

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-ai/portico/internal/ai"
	"github.com/portico-ai/portico/internal/ledger"
)

// load is docs/openapi.yaml, as a document and ready to compile its schemas.
func load(t *testing.T) (map[string]any, *jsonschema.Compiler) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("file:///openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return doc.(map[string]any), compiler
}

func TestEveryRouteIsDescribedAndViceVersa(t *testing.T) {
	doc, _ := load(t)
	described, served := []string{}, []string{DownloadPattern}
	for path, operations := range doc["paths"].(map[string]any) {
		if !regexp.MustCompile(`^/v1/(logs|traces|feedback)(/|$)`).MatchString(path) || strings.HasPrefix(path, "/v1/logs/otel") {
			continue
		}
		for method := range operations.(map[string]any) {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range New(Deps{}).Routes() {
		served = append(served, r.Method+" /v1"+r.Pattern)
	}
	slices.Sort(described)
	slices.Sort(served)
	if d := cmp.Diff(described, served); d != "" {
		t.Errorf("described (-), served (+): %s", d)
	}
}

// The console's types come from docs/openapi.yaml, so it says of a log exactly
// what is answered: no property more, none less.
func TestLogsAreAsDescribed(t *testing.T) {
	_, compiler := load(t)
	read := func(ledger.BodyRef) ([]byte, error) { return []byte(`{"any":["thing"]}`), nil }
	for _, e := range []*ledger.Entry{bareEntry(), fullEntry()} {
		for name, v := range map[string]any{"Trace": Trace("t", []ledger.Entry{*e}), "Span": Trace("t", []ledger.Entry{*e}).Spans[0], "Log": Row(e, ledger.Score{Count: 1}), "TraceSummary": TraceRow(&ledger.TraceSummary{Models: []string{"m"}}, ledger.Score{Count: 1}), "LogDetail": Detail(e, []ledger.Feedback{{Metadata: json.RawMessage("{}")}}, read)} {
			schema, err := compiler.Compile("file:///openapi.json#/components/schemas/" + name)
			if err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			got, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(got); err != nil {
				t.Errorf("%s answers\n%s\nwhich is not what is described: %v", name, b, err)
			}
			if d := cmp.Diff(names(schema.Properties), names(got.(map[string]any))); d != "" {
				t.Errorf("%s: described (-) and answered (+) differ: %s", name, d)
			}
		}
	}
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func bareEntry() *ledger.Entry {
	return &ledger.Entry{ID: "i", StartedAt: time.Unix(0, 0), State: ledger.Failed}
}

func fullEntry() *ledger.Entry {
	ref := ledger.BodyRef{Segment: 1, Length: 1}
	failure := &ledger.ErrorInfo{Message: "m", Type: "t", Code: "c"}
	return &ledger.Entry{
		ID: "i", StartedAt: time.Unix(0, 0), State: ledger.OK, Status: 200, Op: ai.Chat, Error: failure, CostKnown: true, CostNano: 1,
		FirstTokenMicros: 1, Metadata: map[string]string{"_user": "ann"}, Request: ref, Reply: ref, Upstream: ref, UpstreamRaw: ref,
		Attempts:  []ledger.Attempt{{Step: "config", Error: failure, Reply: ref}},
		Decisions: []ledger.Decision{{Path: "config", Mode: "single", Reason: "only one"}},
		Receipts:  []ai.Receipt{{Path: "n", Reason: "one choice"}},
		Charge: &ledger.Charge{Model: "m", Source: []string{"override"}, AsOf: "2026-08-21", From: "2026-09-01T00:00:00Z",
			Lines: []ledger.ChargeLine{{Name: "input", Count: 1, Rate: 1_000_000, Nano: 1}}},
		RepricedAt: time.Unix(1, 0), PriceVersion: "v",
	}
}
